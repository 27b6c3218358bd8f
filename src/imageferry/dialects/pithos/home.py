"""The container ``pithos``, which every account has from its first use on, and has again when it was deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.pithos.asked import account_of
from imageferry.dialects.pithos.policies import KEEPING_VERSIONS
from imageferry.domain.access import Act, owns
from imageferry.domain.errors import NotFound
from imageferry.service.services import Services

HOME = "pithos"

_Result = TypeVar("_Result", bound=Answer | Receiving)


def at_home(handler: Callable[[Request, Any], _Result]) -> Callable[[Request, Any], _Result]:
    """The handler, which is asked once more if it was only that container that was missing."""

    def asking(request: Request, services: Services) -> _Result:
        try:
            return handler(request, services)
        except NotFound as error:
            if (error.kind, error.key) != ("container", HOME) or not make_home(request, services):
                raise
            return handler(request, services)

    return asking


def make_home(request: Request, services: Services) -> bool:
    """Whether the container is there now: only those make it who use an account of their own and may write in it."""
    caller, account = request.caller, account_of(request)
    if caller is None or caller.project_id != account or not owns(caller, Act.WRITE_OBJECTS, account):
        return False
    services.objects.create_container(caller, account, HOME, {}, at_first=KEEPING_VERSIONS)
    return True
