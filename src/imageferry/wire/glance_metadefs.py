"""The documents of metadata definitions in Glance v2.

Objects and properties come in the order of their names, tags with the newest first, resource types
in the order they were added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from imageferry.domain.metadef import Body, Kind, Namespace, Part
from imageferry.domain.moment import Moment
from imageferry.wire.dates import iso_seconds
from imageferry.wire.glance import Document, link

NAMESPACES = "/v2/metadefs/namespaces"
_SCHEMAS = "/v2/schemas/metadefs"


def namespace_path(name: str) -> str:
    return f"{NAMESPACES}/{quote(name, safe=':')}"


def head(namespace: Namespace) -> Document:
    """A namespace without its parts."""
    return {
        "namespace": namespace.name,
        **_said({"display_name": namespace.display_name, "description": namespace.description}),
        "visibility": namespace.visibility.value,
        "protected": namespace.protected,
        "owner": namespace.owner,
        "created_at": iso_seconds(namespace.created_at),
        "updated_at": iso_seconds(namespace.updated_at),
        "self": namespace_path(namespace.name),
        "schema": f"{_SCHEMAS}/namespace",
    }


def namespace(whole: Namespace, resource_type: str | None = None) -> Document:
    """A namespace with all its parts; kinds of which there is none are left out.

    Args:
        resource_type: names of properties are shown with the prefix that they have there.
    """
    prefix = prefix_for(whole, resource_type)
    parts = {
        "properties": properties(whole, prefix)["properties"],
        "objects": [part(whole, item, prefix) for item in by_name(whole.of(Kind.OBJECT))],
        "resource_type_associations": associations(whole)["resource_type_associations"],
        "tags": tags(newest_first(whole.of(Kind.TAG)))["tags"],
    }
    return {**head(whole), **{name: value for name, value in parts.items() if value}}


def prefix_for(namespace: Namespace, resource_type: str | None) -> str:
    found = [item for item in namespace.of(Kind.RESOURCE_TYPE) if item.name == resource_type]
    return str(found[0].body.get("prefix", "")) if found else ""


def namespaces(page: Sequence[Namespace], query: Sequence[tuple[str, str]], limit: int) -> Document:
    """A page of namespaces with their resource types. ``query`` and ``limit`` as in ``glance.images``."""
    wanted = [(name, value) for name, value in query if name != "marker"]
    document: Document = {
        "namespaces": [namespace(item) for item in page],
        "first": link(NAMESPACES, wanted),
        "schema": f"{_SCHEMAS}/namespaces",
    }
    if page and len(page) == limit:
        document["next"] = link(NAMESPACES, [*wanted, ("marker", page[-1].name)])
    return document


def part(namespace: Namespace, item: Part, prefix: str = "") -> Document:
    """One part by itself."""
    times = {"created_at": iso_seconds(item.created_at), "updated_at": iso_seconds(item.updated_at)}
    if item.kind is Kind.PROPERTY:
        return {"name": item.name, **item.body}
    if item.kind is Kind.OBJECT:
        path = f"{namespace_path(namespace.name)}/objects/{quote(item.name, safe=':')}"
        said = {"name": item.name, **_object(item.body, prefix)}
        return {**said, **times, "self": path, "schema": f"{_SCHEMAS}/object"}
    return {"name": item.name, **item.body, **times}


def _object(body: Body, prefix: str) -> Document:
    return {
        **body,
        "required": [prefix + name for name in body.get("required", ())],
        "properties": {prefix + name: value for name, value in body.get("properties", {}).items()},
    }


def properties(namespace: Namespace, prefix: str = "") -> Document:
    return {"properties": {prefix + item.name: item.body for item in by_name(namespace.of(Kind.PROPERTY))}}


def objects(namespace: Namespace, page: Iterable[Part]) -> Document:
    return {"objects": [part(namespace, item) for item in page], "schema": f"{_SCHEMAS}/objects"}


def tags(page: Iterable[Part]) -> Document:
    return {"tags": [{"name": item.name} for item in page]}


def associations(namespace: Namespace) -> Document:
    """The resource types of one namespace."""
    return {"resource_type_associations": [part(namespace, item) for item in namespace.of(Kind.RESOURCE_TYPE)]}


def resource_types(known: Mapping[str, Moment | None]) -> Document:
    """All that can be chosen from, and since when they are in use."""
    return {
        "resource_types": [
            {"name": name, **_said({"created_at": None if since is None else iso_seconds(since)})}
            for name, since in known.items()
        ]
    }


def by_name(parts: list[Part]) -> list[Part]:
    return sorted(parts, key=lambda item: item.name)


def newest_first(parts: list[Part]) -> list[Part]:
    return parts[::-1]


def _said(members: Mapping[str, Any]) -> Document:
    return {name: value for name, value in members.items() if value is not None}
