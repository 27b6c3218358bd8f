"""Earlier states of objects, and what accounts and containers held at a time."""

from __future__ import annotations

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.pithos.asked import object_of
from imageferry.domain.moment import Moment
from imageferry.domain.versioning import VersionId
from imageferry.service.services import Services
from imageferry.wire.pithos_changes import is_whole_time, read_time, read_version_number, versions_document

ALL = "list"
"""Instead of a number: which states there are."""


def asked(request: Request) -> VersionId | None:
    """The state that ``?version=N`` asks for; None for the current one.

    Raises:
        BadInput: no number of a version.
    """
    text = request.query.get("version")
    return None if text is None else read_version_number(text)


def listed(request: Request, services: Services) -> Answer:
    """The states of an object, those of a deleted one too."""
    return synnefo.answer(200, versions_document(services.objects.numbers(request.caller, *object_of(request))))


def until(request: Request) -> Moment | None:
    """The time at which something is to be looked at, or up to which history is to be forgotten; None: not asked for.

    Raises:
        BadInput: no time.
    """
    text = request.query.get("until")
    return None if text is None else read_time(text)


def whole_until(request: Request) -> Moment | None:
    """The same where only whole seconds count: kamaki deletes a container with a fraction of now."""
    text = request.query.get("until") or ""
    return read_time(text) if is_whole_time(text) else None
