"""An object of Pithos by its blocks: their names, and any stretch of its bytes.

Source: specs/synnefo.md, 4.8 and 4.9.
"""

from __future__ import annotations

import re
from typing import Any, Self
from urllib.parse import quote

from imageferry.clouds.http import Http
from imageferry.clouds.pithos_words import TOP, VERSION
from imageferry.clouds.trouble import Call
from imageferry.domain.block_names import BlockNames, BlockRule
from imageferry.domain.errors import Conflict, DigestMismatch, Incomplete, NotFound, Unavailable

_TRIES = 3
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class PithosBlocks:
    """``ports.cloud.BlockSource`` over Pithos."""

    def __init__(self, http: Http, url: str, call: Call, names: BlockNames, version: str, tag: str) -> None:
        self._http = http
        self._url = f"{url}?version={quote(version, safe='')}" if version else url
        self._tag = "" if version else tag
        self._call = call
        self.names = names

    @classmethod
    def asked(cls, http: Http, url: str, call: Call, version: str) -> Self | None:
        """The blocks of an object, or of an old state of it. None: it has none of its own.

        Raises:
            NotFound: no such object or version.
            Unavailable: the answer is no hash map.
            DigestMismatch: the names do not make up what the cloud says the object is.
        """
        params = {"hashmap": "True", "format": "json"} | ({"version": version} if version else {})
        reply = http.call("GET", url, call, params=params, expect=frozenset({409, 501}))
        if not reply.good:
            return None
        document = reply.document()
        if not isinstance(document, dict):
            raise Unavailable(f"cloud {http.cloud}", reason=f"{call.act}: the answer is no hash map")
        rule = BlockRule.told(_text(document.get("block_size")), _text(document.get("block_hash")))
        names = BlockNames.checked(rule, document.get("bytes"), document.get("hashes"))
        top = reply.headers.get(TOP, "").lower()
        if top and top != names.top:
            raise DigestMismatch(f"the hash map of {call.key}", top, names.top)
        there = version or reply.headers.get(VERSION, "")
        return cls(http, url, call, names, there, reply.headers.get("Etag", ""))

    @property
    def size(self) -> int:
        return self.names.size

    def read(self, start: int, length: int) -> bytes:
        for attempt in range(1, _TRIES + 1):
            try:
                return self._read(start, length)
            except (Unavailable, Incomplete):
                if attempt == _TRIES:
                    raise
                self._http.pause(attempt)
        raise AssertionError("unreachable")

    def _read(self, start: int, length: int) -> bytes:
        """Exact ranges: some clouds refuse those that reach beyond the end."""
        headers = {"Range": f"bytes={start}-{start + length - 1}", **({"If-Match": self._tag} if self._tag else {})}
        try:
            with self._http.open(self._url, self._call, headers=headers) as answer:
                told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
                whole = answer.status_code == 200 and start == 0 and length == self.size
                if not whole and (answer.status_code != 206 or told is None or int(told[1]) != start):
                    raise Incomplete(f"{self._call.key}, from byte {start} on", length, 0)
                data = bytearray()
                for piece in self._http.chunks(answer, self._call):
                    data += piece
                    if len(data) > length:
                        break
        except NotFound as error:
            raise Conflict(f"{self._call.key} was changed or deleted while it was read; begin again.") from error
        if len(data) != length:
            raise Incomplete(f"{self._call.key}, from byte {start} on", length, len(data))
        return bytes(data)


def _text(value: Any) -> str:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
