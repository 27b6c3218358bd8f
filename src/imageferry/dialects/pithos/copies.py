"""Objects copied and moved, alone or with all that is below them; and deleted so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.pithos import updates, versions
from imageferry.dialects.pithos.asked import has_body, object_of
from imageferry.dialects.pithos.named import object_named
from imageferry.dialects.pithos.put_reply import created, only_if
from imageferry.domain.access import Act
from imageferry.domain.errors import BadInput, NotFound
from imageferry.domain.object import StoredObject
from imageferry.domain.precondition import NO_CONDITION, Precondition
from imageferry.service.objects import Traits
from imageferry.service.objects.transfers import Place
from imageferry.service.services import Services
from imageferry.wire import pithos
from imageferry.wire.pithos_changes import read_version_number

COPY, MOVE = "x-copy-from", "x-move-from"

_Step = Callable[[Place, Place, Callable[[StoredObject], Traits], Precondition], StoredObject]


def is_one(request: Request) -> bool:
    """Whether a PUT says where its object comes from instead of bringing it."""
    return COPY in request.headers or MOVE in request.headers


def put(request: Request, services: Services) -> Answer:
    """Raises BadInput: both a copy and a move, or bytes as well."""
    if COPY in request.headers and MOVE in request.headers:
        raise BadInput("X-Move-From", request.headers[MOVE], "one of X-Copy-From and X-Move-From")
    verb = COPY if COPY in request.headers else MOVE
    account = request.headers.get("x-source-account")
    source = object_named(request.headers[verb], account, request, header=verb)
    return _transferred(request, services, source, verb)


def copy(request: Request, services: Services) -> Answer:
    return _sent_away(request, services, COPY)


def move(request: Request, services: Services) -> Answer:
    return _sent_away(request, services, MOVE)


def delete(request: Request, services: Services) -> Answer:
    """An object, what is below it as well, or its history up to a time."""
    path = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *path)
    until = versions.until(request)
    if until is not None:
        services.objects.purge(request.caller, *path[:2], until, name=path[2])
    elif with_all_below(request):
        gone = services.objects.delete_below(request.caller, *path)
        _unless_missing(bool(gone), partial(services.objects.delete_there, request.caller, *path))
    else:
        services.objects.delete_there(request.caller, *path)
    return Answer(status=204)


def with_all_below(request: Request) -> bool:
    """Whether what is below an object is meant too.

    Raises:
        BadInput: another delimiter than that of directories.
    """
    delimiter = pithos.decoded(request.query.get("delimiter") or "")
    if delimiter not in ("", "/"):
        raise BadInput("delimiter", delimiter, "a slash")
    return bool(delimiter)


def _sent_away(request: Request, services: Services, verb: str) -> Answer:
    """The verbs COPY and MOVE: the same, said of the source."""
    source = object_of(request)
    account = request.headers.get("destination-account")
    target = object_named(request.headers.get("destination", ""), account, request, header="Destination")
    params = dict(zip(("project", "container", "object"), target, strict=True))
    return _transferred(replace(request, params=params), services, source, verb)


def _transferred(request: Request, services: Services, source: Place, verb: str) -> Answer:
    """An object, and where it is asked for all that is below it, each in turn.

    What is refused half-way ends it: what was transferred by then stays where it is.
    """
    target = object_of(request)
    services.objects.may(request.caller, Act.WRITE_OBJECTS, *target)
    if has_body(request):
        raise BadInput("request body", "some bytes", "none: they come from elsewhere")
    step = _steps(request, services)[verb]
    pairs = services.objects.pairs_below(request.caller, source, target) if with_all_below(request) else []
    changed = updates.with_changes(request, services, copied=True)
    with services.objects.turn_for(len(pairs)):
        made = _unless_missing(bool(pairs), partial(step, source, target, changed, only_if(request)))
        for one, its_target in pairs:
            _unless_missing(True, partial(step, one, its_target, updates.as_it_is, NO_CONDITION))
    return Answer(status=201) if made is None else created(services, made)


def _steps(request: Request, services: Services) -> dict[str, _Step]:
    objects, caller = services.objects, request.caller
    text = request.headers.get("x-source-version")
    version = read_version_number(text) if text else None
    wanted = object_of(request)

    def copied(
        source: Place, target: Place, change: Callable[[StoredObject], Traits], condition: Precondition
    ) -> StoredObject:
        its = version if target == wanted else None  # a version is one object's
        return objects.copy(
            caller, source, target, change, version=its, as_stored=True, as_link=True, with_md5=False, only_if=condition
        )[1]

    def moved(
        source: Place, target: Place, change: Callable[[StoredObject], Traits], condition: Precondition
    ) -> StoredObject:
        if version is not None:
            raise BadInput("X-Source-Version", version, "nothing: what was once stays where it is; copy it instead")
        return objects.move(caller, source, target, change, only_if=condition)

    return {COPY: copied, MOVE: moved}


def _unless_missing(others: bool, step: Callable[[], StoredObject | None]) -> StoredObject | None:
    """Do it to an object that may be missing where there are others: a directory need not be one."""
    try:
        return step()
    except NotFound as error:
        if not others or error.kind != "object":
            raise
        return None
