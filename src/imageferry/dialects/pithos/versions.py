"""Earlier states of objects."""

from __future__ import annotations

from imageferry.dialects.edge.http import Request
from imageferry.domain.errors import BadInput
from imageferry.domain.versioning import VersionId


def asked(request: Request) -> VersionId | None:
    """The state that ``?version=N`` asks for; None for the current one.

    Raises:
        BadInput: no number of a version.
    """
    text = request.query.get("version")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 18 and int(text)):
        raise BadInput("version", text, "a version's number")
    return VersionId(int(text))
