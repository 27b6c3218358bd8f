"""A download that is taken up again where the connection broke."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from imageferry.clouds.http import TRIES, Answer, Http
from imageferry.clouds.trouble import Call
from imageferry.domain.errors import Incomplete, Unavailable

_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


@contextmanager
def resumed(http: Http, url: str, call: Call) -> Iterator[tuple[Mapping[str, str], int | None, Iterator[bytes]]]:
    """Headers, size (None: not told) and bytes of what is at ``url``.

    After a break the rest is asked for by range, on condition that it is still the same thing
    (If-Match where there was an Etag); a cloud that cannot is not asked again.
    """
    with http.open(url, call) as first:
        headers = first.headers
        told = headers.get("Content-Length", "")
        size = int(told) if told.isdigit() else None

        def chunks() -> Iterator[bytes]:
            done, breaks = 0, 0
            context: AbstractContextManager[Answer] = nullcontext(first)
            while True:
                try:
                    with context as answer:
                        if breaks:
                            _check_goes_on(answer, done, call, size)
                        for data in http.chunks(answer, call):
                            done, breaks = done + len(data), 0
                            yield data
                    return
                except Unavailable:
                    breaks += 1
                    if size is None or breaks >= TRIES:
                        raise
                http.pause(breaks)
                condition = {"If-Match": headers["Etag"]} if "Etag" in headers else {}
                context = http.open(url, call, headers={**condition, "Range": f"bytes={done}-"})

        yield headers, size, chunks()


def _check_goes_on(answer: Answer, done: int, call: Call, size: int | None) -> None:
    begins = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if answer.status_code != 206 or begins is None or int(begins[1]) != done:
        raise Incomplete(call.act, size, done)
