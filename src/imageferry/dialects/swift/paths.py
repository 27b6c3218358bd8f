"""What a path names: whose storage, which container, which object."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from imageferry.dialects.edge.http import Request
from imageferry.dialects.swift.errors import Refusal
from imageferry.domain.access import ProjectId
from imageferry.wire import swift

ACCOUNT_PREFIX = swift.ACCOUNT_PREFIX

_QUERIES_ELSEWHERE = ("part-number", "extract-archive", "bulk-delete")


def account_of(request: Request) -> ProjectId:
    """The project whose storage is meant."""
    return ProjectId(_checked(request, "project"))


def container_of(request: Request) -> tuple[ProjectId, str]:
    return account_of(request), _checked(request, "container")


def object_of(request: Request) -> tuple[ProjectId, str, str]:
    return *container_of(request), _checked(request, "object")


def object_named(text: str, account: str | None, request: Request, *, header: str) -> tuple[ProjectId, str, str]:
    """What a header such as ``Destination: /container/object`` names; percent-encoded.

    Raises:
        Refusal: 412, it names no object.
    """
    project = account_of(request)
    if account is not None:
        if not account.startswith(ACCOUNT_PREFIX) or "/" in account:
            raise Refusal(412, f"{header}-Account: expected {ACCOUNT_PREFIX}<project id>.")
        project = ProjectId(account.removeprefix(ACCOUNT_PREFIX))
    try:
        path = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise Refusal(412, f"{header}: invalid UTF8.") from error
    container, _, name = path.removeprefix("/").partition("/")
    if not container or not name or "\0" in path:
        raise Refusal(412, f"{header} header must be of the form <container name>/<object name>")
    return project, container, name


def refuse_what_is_not_offered(request: Request, *, but: str = "") -> None:
    """Refuse a query where it means nothing, so that nobody takes for done what is not; all ``but`` the one being done.

    Raises:
        Refusal: 400.
    """
    for name in _QUERIES_ELSEWHERE:
        if name != but and name in request.query:
            raise Refusal(400, f"?{name} has no meaning here.")


def _checked(request: Request, name: str) -> str:
    value = request.params[name]
    if "\0" in value:
        raise Refusal(412, "Invalid UTF8 or contains NULL")
    return value
