"""Metadata definitions: a catalogue of the properties that a cloud understands, for people and panels to choose from.

A namespace is one document. Its parts are properties, objects (named groups of properties), tags,
and resource types (what the properties can be set on). What a part says is for its readers: here
only names, sizes and numbers are judged. Nothing is enforced on images.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NewType, Self

from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.errors import AlreadyExists, BadInput, Forbidden, NotFound, TooLarge
from imageferry.domain.image import Visibility
from imageferry.domain.moment import Moment

NamespaceId = NewType("NamespaceId", str)

Body = Mapping[str, Any]  # JSON

MAX_NAME = 80  # characters, as in Glance
MAX_DESCRIPTION = 500  # characters of a namespace's
MAX_OWNER = 255
MAX_BYTES = 1 << 20  # of a namespace with all its parts, as JSON


class Kind(StrEnum):
    """What a part of a namespace is."""

    PROPERTY = "property"
    OBJECT = "object"
    TAG = "tag"
    RESOURCE_TYPE = "resource type"


MAX_PARTS: Mapping[Kind, int] = {Kind.PROPERTY: 500, Kind.OBJECT: 500, Kind.TAG: 500, Kind.RESOURCE_TYPE: 100}

RESOURCE_TYPES = (
    "OS::Glance::Image",
    "OS::Cinder::Volume",
    "OS::Nova::Flavor",
    "OS::Nova::Aggregate",
    "OS::Nova::Server",
)
"""What clients offer to choose from before any namespace names another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One definition. Its name is used once among those of its kind in the namespace."""

    kind: Kind
    name: str
    body: Body  # what is said of it, beside the name
    created_at: Moment
    updated_at: Moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What is asked for of a namespace: new, or from now on."""

    name: str
    owner: ProjectId | None = None  # None: the caller's project
    display_name: str | None = None
    description: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    protected: bool = False
    parts: Sequence[tuple[Kind, str, Body]] = ()  # for a new one only


@dataclass(frozen=True, kw_only=True, slots=True)
class Namespace:
    """A document of definitions, with its parts in the order they were made."""

    id: NamespaceId
    name: str
    owner: ProjectId
    display_name: str | None = None
    description: str | None = None
    visibility: Visibility = Visibility.PRIVATE  # or PUBLIC
    protected: bool = False
    parts: tuple[Part, ...] = ()
    created_at: Moment
    updated_at: Moment  # of what stands here; parts have times of their own

    def of(self, kind: Kind) -> list[Part]:
        return [part for part in self.parts if part.kind is kind]

    def part(self, kind: Kind, name: str) -> Part:
        """Raises NotFound."""
        found = self._find(kind, name)
        if found is None:
            raise NotFound(kind, name)
        return found

    def with_part(self, kind: Kind, name: str, body: Body, now: Moment) -> Self:
        """Raises AlreadyExists, TooLarge (as many as there may be are there)."""
        if self._find(kind, name) is not None:
            raise AlreadyExists(kind, name)
        if len(self.of(kind)) >= MAX_PARTS[kind]:
            raise TooLarge(f"namespace {self.name}", MAX_PARTS[kind], unit=f"parts of the kind {kind}")
        part = Part(kind=kind, name=name, body=body, created_at=now, updated_at=now)
        return replace(self, parts=(*self.parts, part))

    def with_changed(self, kind: Kind, old: str, name: str, body: Body, now: Moment) -> Self:
        """The part called ``old`` says something else, perhaps under another name. Raises NotFound, AlreadyExists."""
        known = self.part(kind, old)
        if name != old and self._find(kind, name) is not None:
            raise AlreadyExists(kind, name)
        changed = replace(known, name=name, body=body, updated_at=now)
        return replace(self, parts=tuple(changed if part is known else part for part in self.parts))

    def without(self, kind: Kind, name: str) -> Self:
        """Raises NotFound, Forbidden (the namespace is protected)."""
        gone = self.part(kind, name)
        self.check_removal(f"the {kind} {name}")
        return replace(self, parts=tuple(part for part in self.parts if part is not gone))

    def without_any(self, kind: Kind) -> Self:
        """Raises Forbidden."""
        self.check_removal(f"any {kind}")
        return replace(self, parts=tuple(part for part in self.parts if part.kind is not kind))

    def with_tags(self, names: Sequence[str], now: Moment, *, append: bool) -> Self:
        """These tags instead of, or after, those that are there. No names: nothing changes, as in Glance.

        Raises:
            AlreadyExists: a name comes twice.
        """
        kept = self.parts if append or not names else tuple(part for part in self.parts if part.kind is not Kind.TAG)
        namespace = replace(self, parts=kept)
        for name in names:
            namespace = namespace.with_part(Kind.TAG, name, {}, now)
        return namespace

    def check_removal(self, what: str) -> None:
        """Raises Forbidden where nothing may be taken away."""
        if self.protected:
            raise Forbidden(f"delete {what}", f"The namespace {self.name} is protected.")

    def _find(self, kind: Kind, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name and part.kind is kind), None)


def can_see(namespace: Namespace, caller: Caller) -> bool:
    """Whether the namespace exists as far as the caller is concerned."""
    return caller.is_admin or namespace.owner == caller.project_id or namespace.visibility is Visibility.PUBLIC


_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def checked_namespace(namespace: Namespace) -> Namespace:
    """The namespace, if it is within bounds.

    Raises:
        BadInput: naming the field.
        TooLarge: as a whole.
    """
    _check_name("namespace", namespace.name)
    if "/" in namespace.name:
        raise BadInput("namespace", namespace.name, "a name without slashes")
    _check_length("display_name", namespace.display_name or "", MAX_NAME)
    _check_length("description", namespace.description or "", MAX_DESCRIPTION)
    _check_length("owner", namespace.owner, MAX_OWNER)
    for part in namespace.parts:
        _check_name(f"name of the {part.kind}", part.name)
    size = sum(len(json.dumps(part.body)) + len(part.name) for part in namespace.parts)
    if size > MAX_BYTES:
        raise TooLarge(f"namespace {namespace.name}", MAX_BYTES, size)
    return namespace


def _check_name(field: str, name: str) -> None:
    if not 0 < len(name) <= MAX_NAME or _CONTROL.search(name) or name in (".", ".."):
        raise BadInput(field, name, f"1 to {MAX_NAME} characters, no control characters, not . or ..")


def _check_length(field: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise BadInput(field, text, f"at most {limit} characters")
