"""Objects that headers name."""

from __future__ import annotations

from imageferry.dialects.edge.http import Request
from imageferry.dialects.pithos.asked import account_of
from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput


def object_named(text: str, account: str | None, request: Request, *, header: str) -> tuple[ProjectId, str, str]:
    """What ``/container/object`` means in an account, or where none is named in that of the request.

    Raises:
        BadInput: it names no object.
    """
    container, _, name = text.removeprefix("/").partition("/")
    if not container or not name or "\0" in text or (account is not None and "\0" in account):
        raise BadInput(header, text, "/<container>/<object>")
    return ProjectId(account) if account else account_of(request), container, name
