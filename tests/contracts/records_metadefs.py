"""The records contract: metadata definitions."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import AlreadyExists, BadInput, NotFound
from imageferry.domain.image import Visibility
from imageferry.domain.metadef import Body, Kind, Namespace, NamespaceId, Part
from imageferry.domain.moment import Moment
from imageferry.ports.records import NAMESPACE_SORT_KEYS, NamespaceQuery, Records, Session
from tests.contracts.records_things import OURS, START, THEIRS, UGLY_NAMES, at, meanwhile


def a_part(kind: Kind, name: str, body: Body | None = None, now: Moment = START) -> Part:
    return Part(kind=kind, name=name, body=body or {}, created_at=now, updated_at=now)


def a_namespace(name: str, *parts: Part, **more: Any) -> Namespace:
    fields = {"owner": OURS, "created_at": START, "updated_at": START, **more}
    return Namespace(id=NamespaceId(str(uuid.uuid4())), name=name, parts=parts, **fields)


def kept(session: Session, name: str, *parts: Part, **more: Any) -> Namespace:
    namespace = a_namespace(name, *parts, **more)
    session.metadefs.add(namespace)
    return namespace


def names(session: Session, **query: Any) -> list[str]:
    return [namespace.name for namespace in session.metadefs.page(NamespaceQuery(**query))]


BODY = {"title": 'é \\ "', "enum": ["a", "b"], "minimum": -(2**63), "items": {"type": "string"}, "default": None}


class MetadefsContract:
    def test_a_namespace_is_kept_as_it_was_given(self, records: Records) -> None:
        parts = [a_part(kind, name, BODY, at(number)) for number, kind in enumerate(Kind) for name in UGLY_NAMES]
        with records.writing() as session:
            full = kept(
                session,
                "A::é",
                *parts,
                display_name="",
                description="what for\n",
                visibility=Visibility.PUBLIC,
                protected=True,
                owner=THEIRS,
                updated_at=at(1),
            )
            bare = kept(session, "a::é")
            assert session.metadefs.held(bare.name) == bare
            assert session.metadefs.held("none") is None
        with records.reading() as session:
            assert session.metadefs.get(full.name) == full
            assert session.metadefs.get("none") is None

    def test_a_name_is_used_once(self, records: Records) -> None:
        with records.writing() as session:
            first = kept(session, "first", a_part(Kind.TAG, "a"))
            second = kept(session, "second", a_part(Kind.TAG, "b"))
            with pytest.raises(AlreadyExists, match="first"):
                kept(session, "first", a_part(Kind.TAG, "c"))
            with pytest.raises(AlreadyExists, match="first"):
                session.metadefs.update(replace(second, name="first", parts=()))
            assert session.metadefs.get("first") == first
            assert session.metadefs.get("second") == second

    def test_a_changed_namespace_is_kept_with_these_parts_and_no_others(self, records: Records) -> None:
        with records.writing() as session:
            old = kept(session, "old", a_part(Kind.TAG, "a"), a_part(Kind.TAG, "b"), a_part(Kind.OBJECT, "a"))
            other = kept(session, "other", a_part(Kind.TAG, "a"))
            parts = (a_part(Kind.OBJECT, "a", BODY), a_part(Kind.TAG, "c"), a_part(Kind.TAG, "a", now=at(1)))
            new = replace(old, name="new", owner=THEIRS, description="x", protected=True, parts=parts, updated_at=at(2))
            session.metadefs.update(new)
            assert session.metadefs.get("old") is None
            assert session.metadefs.get("new") == new
            assert session.metadefs.get("other") == other

    def test_a_deleted_namespace_is_gone_with_its_parts(self, records: Records) -> None:
        with records.writing() as session:
            gone = kept(session, "gone", a_part(Kind.RESOURCE_TYPE, "OS::A"))
            session.metadefs.delete(gone.id)
            assert session.metadefs.get("gone") is None
            assert session.metadefs.resource_types() == {}
            with pytest.raises(NotFound):
                session.metadefs.delete(gone.id)
            with pytest.raises(NotFound):
                session.metadefs.update(gone)
            kept(session, "gone")

    def test_of_two_that_change_a_held_namespace_at_once_none_is_lost(self, records: Records) -> None:
        with records.writing() as session:
            kept(session, "one")

        def tag(session: Session, name: str) -> None:
            held = session.metadefs.held("one")
            assert held is not None
            session.metadefs.update(held.with_part(Kind.TAG, name, {}, START))

        def theirs() -> None:
            with records.writing() as session:
                tag(session, "theirs")

        meanwhile(records, lambda session: tag(session, "ours"), theirs)
        with records.reading() as session:
            one = session.metadefs.get("one")
            assert one is not None
            assert [part.name for part in one.parts] == ["ours", "theirs"]

    def test_resource_types_are_those_of_all_namespaces_since_the_first_use(self, records: Records) -> None:
        with records.writing() as session:
            kept(session, "a", a_part(Kind.RESOURCE_TYPE, "Z", now=at(2)), a_part(Kind.TAG, "tag"))
            kept(session, "b", a_part(Kind.RESOURCE_TYPE, "é"), a_part(Kind.RESOURCE_TYPE, "Z", now=at(1)))
            assert list(session.metadefs.resource_types().items()) == [("Z", at(1)), ("é", START)]

    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize("key", NAMESPACE_SORT_KEYS)
    def test_namespaces_are_sorted_by_every_key_and_paged_without_gap_or_repeat(
        self, records: Records, key: str, direction: str
    ) -> None:
        with records.writing() as session:
            namespaces = [
                kept(
                    session,
                    name,
                    display_name=None if number % 3 else name[::-1],
                    description=None if number % 2 else "same",
                    visibility=Visibility.PUBLIC if number % 2 else Visibility.PRIVATE,
                    owner=OURS if number % 3 else THEIRS,
                    created_at=at(number % 3),
                    updated_at=at(-number % 4),
                )
                for number, name in enumerate(UGLY_NAMES)
            ]
            namespaces.sort(key=lambda item: sort_key(item, key), reverse=direction == "desc")
            query = NamespaceQuery(sort=(key, direction), limit=3)
            found: list[Namespace] = []
            while page := session.metadefs.page(query):
                found += page
                query = replace(query, marker=page[-1].name)
            assert found == namespaces

    def test_a_page_shows_what_is_asked_for_and_the_viewer_may_see(self, records: Records) -> None:
        public = Visibility.PUBLIC
        image, volume = a_part(Kind.RESOURCE_TYPE, "image"), a_part(Kind.RESOURCE_TYPE, "volume", {"prefix": "x:"})
        with records.writing() as session:
            kept(session, "a", a_part(Kind.TAG, "image"), image)
            b = kept(session, "b", a_part(Kind.OBJECT, "o"), volume, image, owner=THEIRS, visibility=public)
            kept(session, "c", owner=THEIRS)
            kept(session, "d", volume, visibility=public)
            order = {"sort": ("name", "asc")}
            assert names(session, **order) == ["a", "b", "c", "d"]
            assert names(session, **order, viewer=OURS) == ["a", "b", "d"]
            assert names(session, **order, viewer=ProjectId("nobody")) == ["b", "d"]
            assert names(session, **order, visibility=Visibility.PRIVATE) == ["a", "c"]
            assert names(session, **order, viewer=THEIRS, visibility=Visibility.PRIVATE) == ["c"]
            assert names(session, **order, resource_types=["image"]) == ["a", "b"]
            assert names(session, **order, resource_types=["image", "volume"]) == ["a", "b", "d"]
            assert names(session, **order, resource_types=[]) == []
            assert names(session, **order, limit=2, marker="b") == ["c", "d"]
            assert names(session, limit=0) == []
            shown = session.metadefs.page(NamespaceQuery(marker="c", limit=1))
            assert shown == [replace(b, parts=(volume, image))]

    @pytest.mark.parametrize(
        "query",
        [NamespaceQuery(marker="none"), NamespaceQuery(sort=("id", "asc")), NamespaceQuery(sort=("name", "up"))],
    )
    def test_a_page_that_makes_no_sense_is_refused(self, records: Records, query: NamespaceQuery) -> None:
        with records.reading() as session, pytest.raises(BadInput):
            session.metadefs.page(query)


def sort_key(namespace: Namespace, key: str) -> tuple[bool, Any, str]:
    """NULL is lower than everything; the name decides between equals."""
    value = getattr(namespace, key)
    return (value is not None, "" if value is None else value, namespace.name)
