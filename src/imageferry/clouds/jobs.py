"""Import and export jobs of K5's service, which our own service answers as well.

Source: specs/k5.md, sections 5 to 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from imageferry.clouds.http import Http
from imageferry.clouds.k5_words import export_task, import_task
from imageferry.clouds.trouble import Call, Reply
from imageferry.domain.errors import NotFound, Refused, Unavailable
from imageferry.ports.cloud import TaskInfo

PAGE = 100
_NEWEST = 10  # jobs looked through for one that may have been accepted

Read = Callable[[Mapping[str, Any], str], TaskInfo]


class _Jobs:
    """Jobs of one kind.

    Args:
        url: the host of the service; asked for at the first call.
        word: "import" or "export", from which all names in paths and documents are made.
    """

    def __init__(self, http: Http, url: Callable[[], str], word: str, read: Read) -> None:
        self._http = http
        self._url = url
        self._word = word
        self._read = read

    def search(self) -> Iterator[TaskInfo]:
        call = Call(self._http.cloud, f"list {self._word}s")
        seen: set[str] = set()  # new jobs push older ones on to the next page
        start = 0
        while True:
            params = {"start": str(start), "limit": str(PAGE)}
            document = self._document(self._http.call("GET", self._at(), call, params=params), call)
            rows = [row for row in document.get(f"{self._word}s") or () if isinstance(row, dict)]
            fresh = [task for task in (self._read(row, "") for row in rows) if task.id and task.id not in seen]
            yield from fresh
            seen |= {task.id for task in fresh}
            if not fresh or len(rows) < PAGE:
                return
            start += len(rows)

    def show(self, task_id: str) -> TaskInfo:
        if not task_id or "/" in task_id:
            raise NotFound(self._word, task_id)
        call = Call(self._http.cloud, f"show {self._word} {task_id}", self._word, task_id)
        reply = self._http.call("GET", self._at(task_id, "status"), call)
        return self._read(self._document(reply, call), task_id)

    def _post(self, body: Mapping[str, object], call: Call) -> str:
        """Start a job; returns its id."""
        reply = self._http.call("POST", self._at(), call, json=dict(body))
        document = reply.document()
        found = document.get(f"{self._word}_id") if isinstance(document, dict) else None
        if not isinstance(found, str | int) or found == "":
            raise Refused(f"cloud {call.cloud}, {call.act}", reply.code, reply.message)
        return str(found)

    def _at(self, *parts: str) -> str:
        path = "/".join([f"image{self._word}", *(quote(part, safe="") for part in parts)])
        return f"{self._url().rstrip('/')}/v1/{path}"

    def _document(self, reply: Reply, call: Call) -> dict[str, Any]:
        document = reply.document()
        if not isinstance(document, dict):
            raise Unavailable(f"cloud {call.cloud}", reason=f"{call.act}: the answer is no JSON object")
        return document


class ImportJobs(_Jobs):
    def __init__(self, http: Http, url: Callable[[], str]) -> None:
        super().__init__(http, url, "import", import_task)

    def start(self, body: Mapping[str, object]) -> str:
        """Register an image; returns the import's id.

        When the connection breaks nobody knows whether the job was accepted, and asking again
        with the same id would be refused: so the newest jobs are looked through for that id.
        """
        call = Call(self._http.cloud, "start an import")
        try:
            return self._post(body, call)
        except Unavailable:
            accepted = self._job_for(str(body["id"]))
            if accepted is None:
                raise
            return accepted

    def _job_for(self, image_id: str) -> str | None:
        for number, row in enumerate(self.search()):
            if number >= _NEWEST:
                return None
            if self.show(row.id).image_id.lower() == image_id.lower():
                return row.id
        return None


class ExportJobs(_Jobs):
    """Args: account: ``AUTH_<project>``; asked for when an export starts."""

    def __init__(self, http: Http, url: Callable[[], str], account: Callable[[], str]) -> None:
        super().__init__(http, url, "export", export_task)
        self._account = account

    def start(self, image_id: str, container: str) -> TaskInfo:
        body = {"image_id": image_id, "storage_container": f"/v1/{self._account()}/{container}"}
        task_id = self._post(body, Call(self._http.cloud, f"export image {image_id}", "image", image_id))
        return export_task({"image_id": image_id, **body, "export_status": "queued"}, task_id)

    def cancel(self, task_id: str) -> None:
        call = Call(self._http.cloud, f"cancel export {task_id}", "export", task_id)
        self._http.call("POST", self._at(task_id, "cancel"), call)
