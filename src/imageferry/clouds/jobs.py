"""Import and export jobs of K5's service, which our own service answers as well.

Source: specs/k5.md, sections 5 to 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from imageferry.clouds.http import Http
from imageferry.clouds.k5_words import task_info
from imageferry.clouds.trouble import Call
from imageferry.domain.errors import NotFound, Refused, Unavailable
from imageferry.domain.task import TaskKind, TaskStatus
from imageferry.ports.cloud import TaskInfo
from imageferry.wire import k5, k5_calls

PAGE = 100
_NEWEST = 10  # jobs looked through for one that may have been accepted


class _Jobs:
    """Jobs of one kind.

    Args:
        url: the host of the service; asked for at the first call.
        path: of all calls.
    """

    def __init__(self, http: Http, url: Callable[[], str], kind: TaskKind, path: str) -> None:
        self._http = http
        self._url = url
        self._kind = kind
        self._path = path

    def search(self) -> Iterator[TaskInfo]:
        call = Call(self._http.cloud, f"list {self._kind}s")
        seen: set[str] = set()  # new jobs push older ones on to the next page
        start = 0
        while True:
            reply = self._http.call("GET", self._at(), call, params={"start": str(start), "limit": str(PAGE)})
            document = reply.document()
            found = document.get(f"{self._kind}s") if isinstance(document, dict) else None
            rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            tasks = [task for row in rows if (task := task_info(row, self._kind)) and task.id and task.id not in seen]
            yield from tasks
            seen |= {task.id for task in tasks}
            if not tasks or len(rows) < PAGE:
                return
            start += len(rows)

    def show(self, task_id: str) -> TaskInfo:
        if not task_id or "/" in task_id:
            raise NotFound(self._kind, task_id)
        call = Call(self._http.cloud, f"show {self._kind} {task_id}", self._kind, task_id)
        document = self._http.call("GET", self._host + k5_calls.status_path(self._path, task_id), call).document()
        found = task_info(document, self._kind, task_id) if isinstance(document, dict) else None
        if found is None:
            raise Unavailable(f"cloud {call.cloud}", reason=f"{call.act}: the answer says no status that is known")
        return found

    def _post(self, body: Mapping[str, object], call: Call) -> str:
        """Start a job; returns its id."""
        reply = self._http.call("POST", self._at(), call, json=dict(body))
        found = k5_calls.read_id(reply.document(), f"{self._kind}_id")
        if found is None:
            raise Refused(f"cloud {call.cloud}, {call.act}", reply.code, reply.message)
        return found

    @property
    def _host(self) -> str:
        return self._url().rstrip("/")

    def _at(self, rest: str = "") -> str:
        return f"{self._host}{self._path}{rest}"


class ImportJobs(_Jobs):
    def __init__(self, http: Http, url: Callable[[], str]) -> None:
        super().__init__(http, url, TaskKind.IMPORT, k5.IMPORTS)

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
    def __init__(self, http: Http, url: Callable[[], str]) -> None:
        super().__init__(http, url, TaskKind.EXPORT, k5.EXPORTS)

    def start(self, image_id: str, container: str) -> TaskInfo:
        body = k5_calls.export_body(image_id, self._http.project_id, container)
        task_id = self._post(body, Call(self._http.cloud, f"export image {image_id}", "image", image_id))
        return TaskInfo(
            id=task_id,
            kind=TaskKind.EXPORT,
            status=TaskStatus.QUEUED,
            image_id=image_id,
            location=str(body["storage_container"]),
        )

    def cancel(self, task_id: str) -> None:
        call = Call(self._http.cloud, f"cancel export {task_id}", "export", task_id)
        self._http.call("POST", self._at(f"/{task_id}/cancel"), call)
