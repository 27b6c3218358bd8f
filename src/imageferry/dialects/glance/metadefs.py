"""Metadata definitions: namespaces, what is in them, and the schemas of both.

Source: Glance 2026.1 itself, asked the same questions; docs/metadefs.md says where we answer otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import attrgetter

from imageferry.dialects.edge.http import Answer, Handler, Path, Query, Request
from imageferry.domain.access import Act, allow
from imageferry.domain.errors import BadInput, NotAuthenticated, NotFound
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import Kind, Namespace, Part
from imageferry.ports.records import NAMESPACE_SORT_KEYS, NamespaceQuery
from imageferry.service.services import Services
from imageferry.wire import glance_metadefs as wire
from imageferry.wire.glance import LARGEST_PAGE, PAGE
from imageferry.wire.glance_metadef_bodies import read_namespace, read_part, read_tags
from imageferry.wire.glance_metadef_schemas import SCHEMAS

_SORT_KEYS = {"namespace" if name == "name" else name: name for name in NAMESPACE_SORT_KEYS}
_PART_SORT_KEYS = ("name", "created_at", "updated_at")
_YES = ("true", "t", "yes", "y", "on", "1")


def paths(root: Callable[[Request], str]) -> list[Path]:
    """``root``: where ``/v2`` hangs, as the client reaches it."""
    space = "/v2/metadefs/namespaces/{namespace}"
    rows: Mapping[str, Mapping[str, Handler]] = {
        "/v2/metadefs/namespaces": {"GET": _page, "POST": _create(root)},
        space: {"GET": _show, "PUT": _update, "DELETE": _delete},
        f"{space}/objects": {"GET": _objects, "POST": _add(Kind.OBJECT), "DELETE": _drop_all(Kind.OBJECT)},
        f"{space}/objects/{{part:rest}}": _of_one(Kind.OBJECT),
        f"{space}/properties": {"GET": _properties, "POST": _add(Kind.PROPERTY), "DELETE": _drop_all(Kind.PROPERTY)},
        f"{space}/properties/{{part:rest}}": {**_of_one(Kind.PROPERTY), "GET": _property},
        f"{space}/tags": {"GET": _tags, "POST": _add_tags, "DELETE": _drop_all(Kind.TAG)},
        f"{space}/tags/{{part:rest}}": {**_of_one(Kind.TAG), "POST": _add_tag},
        f"{space}/resource_types": {"GET": _associations, "POST": _add(Kind.RESOURCE_TYPE)},
        f"{space}/resource_types/{{part:rest}}": {"DELETE": _drop(Kind.RESOURCE_TYPE)},
        "/v2/metadefs/resource_types": {"GET": _resource_types},
        "/v2/schemas/metadefs/{name}": {"GET": _schema},
    }
    return [Path(path, methods) for path, methods in rows.items()]


def _of_one(kind: Kind) -> Mapping[str, Handler]:
    """What can be done to one part. Its name may have slashes in it: nothing comes behind."""
    return {"GET": _show_part(kind), "PUT": _change(kind), "DELETE": _drop(kind)}


# -- namespaces ----------------------------------------------------------------


def _create(root: Callable[[Request], str]) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        allow(request.caller, Act.WRITE_METADEFS)  # who may not write learns nothing of the form
        made = services.metadefs.create(request.caller, read_namespace(request.json()))
        return Answer.of_json(201, wire.namespace(made), [("location", root(request) + wire.namespace_path(made.name))])

    return handler


def _page(request: Request, services: Services) -> Answer:
    allow(request.caller, Act.READ_METADEFS)
    query = request.query
    limit = _limit(query, PAGE)
    visibility, types = query.get("visibility"), query.get("resource_types")
    if visibility not in (None, Visibility.PUBLIC, Visibility.PRIVATE):
        raise BadInput("visibility", visibility, "public or private")
    wanted = NamespaceQuery(
        visibility=None if visibility is None else Visibility(visibility),
        resource_types=None if types is None else types.split(","),
        sort=(_choice(query, "sort_key", _SORT_KEYS, "created_at"), _direction(query)),
        marker=query.get("marker"),
        limit=limit,
    )
    return Answer.of_json(200, wire.namespaces(services.metadefs.page(request.caller, wanted), query.pairs, limit))


def _show(request: Request, services: Services) -> Answer:
    return Answer.of_json(200, wire.namespace(_space(request, services), request.query.get("resource_type")))


def _update(request: Request, services: Services) -> Answer:
    allow(request.caller, Act.READ_METADEFS)
    outline = read_namespace(request.json())
    return Answer.of_json(
        200, wire.head(services.metadefs.update(request.caller, request.params["namespace"], outline))
    )


def _delete(request: Request, services: Services) -> Answer:
    services.metadefs.delete(request.caller, request.params["namespace"])
    return Answer(status=204)


# -- parts ---------------------------------------------------------------------


def _show_part(kind: Kind) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        return _shown(200, _space(request, services), kind, request.params["part"])

    return handler


def _add(kind: Kind) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        allow(request.caller, Act.READ_METADEFS)
        name, body = read_part(kind, request.json())
        changed = services.metadefs.change(
            request.caller, request.params["namespace"], lambda space, now: space.with_part(kind, name, body, now)
        )
        return _shown(201, changed, kind, name)

    return handler


def _change(kind: Kind) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        allow(request.caller, Act.READ_METADEFS)
        old = request.params["part"]
        name, body = read_part(kind, request.json())
        changed = services.metadefs.change(
            request.caller,
            request.params["namespace"],
            lambda space, now: space.with_changed(kind, old, name, body, now),
        )
        return _shown(200, changed, kind, name)

    return handler


def _drop(kind: Kind) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        name = request.params["part"]
        space = request.params["namespace"]
        services.metadefs.change(request.caller, space, lambda space, _: space.without(kind, name))
        return Answer(status=204)

    return handler


def _drop_all(kind: Kind) -> Handler:
    def handler(request: Request, services: Services) -> Answer:
        space = request.params["namespace"]
        services.metadefs.change(request.caller, space, lambda space, _: space.without_any(kind))
        return Answer(status=204)

    return handler


def _objects(request: Request, services: Services) -> Answer:
    space = _space(request, services)
    page = _part_page(request.query, space.of(Kind.OBJECT), wire.by_name)
    return Answer.of_json(200, wire.objects(space, page))


def _properties(request: Request, services: Services) -> Answer:
    return Answer.of_json(200, wire.properties(_space(request, services)))


def _property(request: Request, services: Services) -> Answer:
    """With ``resource_type`` the name is asked for with the prefix that it has there."""
    space = _space(request, services)
    name, resource_type = request.params["part"], request.query.get("resource_type")
    if resource_type:
        space.part(Kind.RESOURCE_TYPE, resource_type)
        prefix = wire.prefix_for(space, resource_type)
        if not prefix or not name.startswith(prefix):
            raise NotFound(f"property of {resource_type}", name)
        name = name.removeprefix(prefix)
    return _shown(200, space, Kind.PROPERTY, name)


def _tags(request: Request, services: Services) -> Answer:
    space = _space(request, services)
    return Answer.of_json(200, wire.tags(_part_page(request.query, space.of(Kind.TAG), wire.newest_first)))


def _add_tag(request: Request, services: Services) -> Answer:
    name = request.params["part"]
    changed = services.metadefs.change(
        request.caller, request.params["namespace"], lambda space, now: space.with_part(Kind.TAG, name, {}, now)
    )
    return _shown(201, changed, Kind.TAG, name)


def _add_tags(request: Request, services: Services) -> Answer:
    allow(request.caller, Act.READ_METADEFS)
    names = read_tags(request.json())
    append = request.headers.get("x-openstack-append", "").strip().lower() in _YES
    changed = services.metadefs.change(
        request.caller, request.params["namespace"], lambda space, now: space.with_tags(names, now, append=append)
    )
    return Answer.of_json(201, wire.tags(changed.part(Kind.TAG, name) for name in names))


def _associations(request: Request, services: Services) -> Answer:
    return Answer.of_json(200, wire.associations(_space(request, services)))


def _resource_types(request: Request, services: Services) -> Answer:
    return Answer.of_json(200, wire.resource_types(services.metadefs.resource_types(request.caller)))


def _schema(request: Request, _: Services) -> Answer:
    if request.caller is None:
        raise NotAuthenticated("no token")
    name = request.params["name"]
    if name not in SCHEMAS:
        raise NotFound("schema", name)
    return Answer.of_json(200, SCHEMAS[name])


# -- what handlers share -------------------------------------------------------


def _space(request: Request, services: Services) -> Namespace:
    return services.metadefs.show(request.caller, request.params["namespace"])


def _shown(status: int, space: Namespace, kind: Kind, name: str) -> Answer:
    return Answer.of_json(status, wire.part(space, space.part(kind, name)))


def _part_page(query: Query, parts: list[Part], usual: Callable[[list[Part]], list[Part]]) -> list[Part]:
    """A page of parts, which come in the order that is usual for them unless another is asked for."""
    limit = _limit(query, len(parts))
    upwards = _direction(query) == "asc"
    if "sort_key" in query or "sort_dir" in query:
        key = _choice(query, "sort_key", {name: name for name in _PART_SORT_KEYS}, "created_at")
        parts = sorted(parts, key=attrgetter(key))
        parts = parts if upwards else parts[::-1]
    else:
        parts = usual(parts)
    marker = query.get("marker")
    if marker is not None:
        names = [part.name for part in parts]
        if marker not in names:
            raise NotFound("marker", marker)
        parts = parts[names.index(marker) + 1 :]
    return parts[:limit]


def _choice(query: Query, name: str, meanings: Mapping[str, str], otherwise: str) -> str:
    text = query.get(name)
    if text is None:
        return otherwise
    if text not in meanings:
        raise BadInput(name, text, f"one of {', '.join(meanings)}")
    return meanings[text]


def _direction(query: Query) -> str:
    return _choice(query, "sort_dir", {"asc": "asc", "desc": "desc"}, "desc")


def _limit(query: Query, otherwise: int) -> int:
    text = query.get("limit")
    if text is None:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,30}", text):
        raise BadInput("limit", text, "a whole number, 0 or more")
    return min(int(text), LARGEST_PAGE)
