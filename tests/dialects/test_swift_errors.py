"""Every error has Swift's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from imageferry.dialects.edge.http import Query, Request, status_for
from imageferry.dialects.swift import errors
from imageferry.domain import errors as domain
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import FerryError
from imageferry.domain.object import checked_container_name, checked_metadata

_MD5 = Digest(Algorithm.MD5, "0" * 32)
EXAMPLES = [
    (domain.BadInput("name", "x", "y"), 400, b"name: expected y"),
    (domain.BadInput("path", "x", "y"), 412, b"Invalid UTF8 or contains NULL"),
    (domain.DigestMismatch("o", _MD5, _MD5), 422, b"<h1>Unprocessable Entity</h1>"),
    (domain.Incomplete("o", 2, 1), 499, b"expected 2 bytes"),
    (domain.TooLarge("o", 1), 413, b"at most 1 bytes"),
    (domain.OverQuota("container c", 3, 6), 413, b"Upload exceeds quota. container c: at most 3 bytes"),
    (domain.LengthRequired("o"), 411, b"send a Content-Length"),
    (domain.BadDisk("o", "r", "e", "f"), 400, b"expected e"),
    (domain.NotFound("object", "o"), 404, b"<h1>Not Found</h1>"),
    (domain.NotEmpty("container", "c"), 409, b"There was a conflict when trying to complete your request. container"),
    (domain.AlreadyExists("container", "c"), 409, b"exists already"),
    (domain.StatusConflict("object", "o", "broken", "reading"), 409, b"is broken"),
    (domain.PreconditionFailed("o", "If-None-Match: *"), 412, b"does not hold"),
    (domain.RangeNotSatisfiable(5), 416, b"<h1>Requested Range Not Satisfiable</h1>"),
    (domain.NotAuthenticated("secret reason"), 401, b"<h1>Unauthorized</h1>"),
    (domain.Forbidden("fly"), 403, b"not allowed to fly"),
    (domain.Damaged("block", "b"), 500, b"is damaged"),
    (domain.Unavailable("it", "r"), 503, b"cannot be used now"),
    (domain.NoRoom("it", "r"), 507, b"no room left"),
    (domain.TimedOut("it", "r"), 408, b"did not end within"),
    (FerryError("oops"), 500, b"oops"),
]


def _all_below(kind: type[FerryError]) -> Iterator[type[FerryError]]:
    """With what is below it, but for what another dialect alone says."""
    yield kind
    for below in kind.__subclasses__():
        if not below.__module__.startswith("imageferry.dialects.") or below.__module__ == errors.__name__:
            yield from _all_below(below)


def _request(path: str) -> Request:
    return Request(
        id="0" * 32,
        method="GET",
        path=path,
        raw_path=path,
        params={},
        query=Query([]),
        headers={},
        scheme="http",
        host="h",
    )


@pytest.mark.parametrize("kind", sorted(set(_all_below(FerryError)), key=str))
def test_every_error_has_a_row(kind: type[FerryError]) -> None:
    status, reason = status_for(kind.__new__(kind), errors.ROWS)
    assert reason
    ours = kind is FerryError or issubclass(
        kind, domain.Damaged | domain.TaskFailed | domain.Cancelled | errors.Refusal | errors.Reported
    )
    assert (status == 500) == ours


@pytest.mark.parametrize(("error", "status", "words"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_an_error_is_said_with_its_status_and_words(error: FerryError, status: int, words: bytes) -> None:
    answer = errors.answer(error, _request("/v1/AUTH_p/c"))
    assert answer.status == status
    assert words in answer.body
    assert b"secret reason" not in answer.body


@pytest.mark.parametrize(
    ("path", "realm"),
    [("/v1/AUTH_p1-x_y/c", "AUTH_p1-x_y"), ('/v1/AUTH_"><script>/c', "unknown"), ("/v1/AUTH_é", "unknown")],
)
def test_the_realm_cannot_break_out_of_its_quotes(path: str, realm: str) -> None:
    answer = errors.answer(domain.NotAuthenticated(), _request(path))
    assert dict(answer.headers)["www-authenticate"] == f'Swift realm="{realm}"'


def test_what_a_stranger_wrote_never_stands_in_html() -> None:
    for error, _, _ in EXAMPLES:
        answer = errors.answer(error, _request("/v1/AUTH_p/<script>"))
        if dict(answer.headers)["content-type"].startswith("text/html"):
            assert b"script" not in answer.body


def _refused(check: Callable[[], object]) -> FerryError:
    with pytest.raises(domain.BadInput) as caught:
        check()
    return caught.value


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda: checked_metadata({str(n): "v" for n in range(91)}), b"Too many metadata items; max 90"),
        (lambda: checked_metadata({"k" * 129: "v"}), b"Metadata name too long"),
        (lambda: checked_metadata({"k": "v" * 257}), b"Metadata value longer than 256"),
        (lambda: checked_container_name("c" * 257), b"Container name length of 257 longer than 256"),
    ],
)
def test_limits_are_told_in_swifts_words_first(check: Callable[[], object], words: bytes) -> None:
    assert errors.answer(_refused(check), _request("/v1/AUTH_p/c")).body.startswith(words)
