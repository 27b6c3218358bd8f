"""The records contract: what is shared with whom, public links, and groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import AlreadyExists, NotFound
from imageferry.domain.object import Container, ListingQuery, StoredObject, Subdir
from imageferry.domain.sharing import NOBODY, Grantee, NameRange, Only, Sharing, either, just, open_ranges, sharing_of
from imageferry.ports.records import Records, Session
from tests.contracts.records_things import (
    OURS,
    START,
    THEIRS,
    UGLY_NAMES,
    a_blob,
    a_container,
    a_domain,
    a_project,
    an_object,
    at,
    run_at_once,
)

TEAM = Grantee("ours:team")
DIRECTORY = "application/directory"


def put(session: Session, container: Container, *names: str, kind: str = "text/plain") -> None:
    for name in names:
        session.objects.put_object(an_object(container, name, a_blob(session, 1), content_type=kind))


def shared(session: Session, container: Container, name: str, *readers: str, writers: tuple[str, ...] = ()) -> Sharing:
    """The object, made if it is not there, with this sharing."""
    if session.objects.object(container.id, name) is None:
        put(session, container, name, kind=DIRECTORY)
    sharing = sharing_of(readers, writers)
    session.shares.set(container, name, sharing)
    return sharing


def sharing_over(session: Session, container: Container, name: str) -> Sharing:
    share = session.shares.over(container.id, name, START)
    return NOBODY if share is None else share.sharing


def behind(session: Session, token: str) -> tuple[str, str] | None:
    found = session.links.behind(token)
    return None if found is None else (found[0].id, found[1])


class SharesContract:
    def test_a_sharing_is_found_as_it_was_set_last(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            shared(session, container, "a", THEIRS)
            sharing = shared(session, container, "a", "*", TEAM, writers=(THEIRS, "é"))
            assert sharing_over(session, container, "a") == sharing
            shared(session, container, "a")
            assert session.shares.over(container.id, "a", START) is None

    def test_only_what_is_there_can_be_shared(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            with pytest.raises(NotFound, match="none"):
                session.shares.set(container, "none", sharing_of([THEIRS], []))
            shared(session, container, "a", THEIRS)

    def test_of_many_who_set_a_sharing_at_once_one_is_the_last(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            shared(session, container, "a", THEIRS)

        def work(worker: int) -> None:
            for turn in range(10):
                with records.writing() as session:
                    session.shares.set(container, "a", sharing_of([THEIRS, f"{worker}"], [f"w{turn}"]))

        run_at_once(work, 4)
        with records.reading() as session:
            assert len(sharing_over(session, container, "a").grantees) == 3

    @pytest.mark.parametrize("name", UGLY_NAMES)
    def test_names_are_taken_as_they_are(self, records: Records, name: str) -> None:
        with records.writing() as session:
            container = a_container(session)
            sharing = shared(session, container, name, THEIRS)
            assert sharing_over(session, container, f"{name}/b") == sharing
            assert set(session.shares.over_all(container.id, [name, f"{name}/b"], START)) == {name, f"{name}/b"}
            assert session.shares.over(container.id, f"{name}b", START) is None

    def test_what_is_below_a_directory_is_shared_with_it_unless_it_says_otherwise(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            above = shared(session, container, "images", THEIRS)
            below = shared(session, container, "images/b", "*")
            put(session, container, "images/file")
            file = shared(session, container, "images/file", TEAM)
            for name, wanted in {
                "images": above,
                "images/a": above,
                "images/not/there/yet": above,
                "images/b/c": below,
                "images/file": file,
                "images/file/x": above,
                "images2/a": NOBODY,
                "image": NOBODY,
            }.items():
                assert sharing_over(session, container, name) == wanted, name

    def test_a_page_finds_what_holds_for_its_names_from_before_the_page_too(self, records: Records) -> None:
        with records.writing() as session:
            container, other = a_container(session), a_container(session, "other")
            shared(session, container, "images", THEIRS)
            shared(session, container, "images/b", "*")
            shared(session, container, "z", "*")
            shared(session, other, "images!", "*")
            page = ["images!", "images/a", "images/b", "images/b/c", "images0", "x"]
            found = session.shares.over_all(container.id, page, START)
            assert {name: share.name for name, share in found.items()} == {
                "images/a": "images",
                "images/b": "images/b",
                "images/b/c": "images/b",
            }
            assert session.shares.over_all(container.id, [], START) == {}

    @pytest.mark.parametrize("leave", ["delete", "expire"])
    def test_a_sharing_ends_with_its_object_and_so_does_all_below(self, records: Records, leave: str) -> None:
        with records.writing() as session:
            container = a_container(session)
            item = an_object(container, "d", a_blob(session, 1), content_type=DIRECTORY, delete_at=at(10))
            session.objects.put_object(item)
            shared(session, container, "d", THEIRS)
            put(session, container, "d/a")
            session.links.add(container.id, "d", "token")
            now = at(9) if leave == "delete" else at(10)
            assert (session.shares.over(container.id, "d/a", at(9)) is None) is False
            if leave == "delete":
                session.objects.delete_object(container.id, "d", now)
                put(session, container, "d", kind=DIRECTORY)
                assert session.links.behind("token") is None
            assert session.shares.over(container.id, "d/a", now) is None
            assert session.shares.over_all(container.id, ["d", "d/a"], now) == {}
            assert session.shares.marks(container.id, THEIRS, now) == []

    def test_overwriting_leaves_sharing_and_link_as_they_are(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            put(session, container, "a")
            sharing = shared(session, container, "a", THEIRS)
            session.links.add(container.id, "a", "token")
            put(session, container, "a")
            assert sharing_over(session, container, "a") == sharing
            assert session.links.of(container.id, "a") == "token"

    def test_a_directory_that_becomes_a_file_is_above_nothing(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            shared(session, container, "d", THEIRS)
            put(session, container, "d/a")
            put(session, container, "d", kind="text/plain")
            assert sharing_over(session, container, "d/a") == NOBODY
            assert sharing_over(session, container, "d") != NOBODY

    def test_a_container_is_deleted_with_nothing_left_of_what_was_shared_in_it(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            shared(session, container, "a", THEIRS)
            session.objects.delete_object(container.id, "a", START)
            session.objects.delete_container(container)
            assert not session.shares.any_with(OURS, THEIRS)

    def test_marks_say_what_is_opened_to_whom(self, records: Records) -> None:
        with records.writing() as session:
            session.groups.set(OURS, {"team": [THEIRS]})
            container = a_container(session)
            for name, grantee in {"a": THEIRS, "b": "*", "c": TEAM, "d": "ours:other", "e": "x", "f": OURS}.items():
                shared(session, container, name, grantee, "somebody")
            put(session, container, "g")
            marks = session.shares.marks(container.id, THEIRS, START)
            assert [mark.name for mark in marks if mark.opens] == ["a", "b", "c"]
            assert [mark.name for mark in marks] == ["a", "b", "c", "d", "e", "f"]
            assert all(mark.is_directory for mark in marks)
            assert all(mark.opens for mark in session.shares.marks(container.id, None, START))

    @pytest.mark.parametrize(("grantee", "opened"), [(THEIRS, True), ("*", True), (TEAM, True), ("else", False)])
    def test_whether_anything_is_shared_with_somebody(self, records: Records, grantee: str, opened: bool) -> None:
        with records.writing() as session:
            session.groups.set(OURS, {"team": [THEIRS], "other": [OURS]})
            container, empty = a_container(session), a_container(session, "empty")
            shared(session, container, "a", grantee)
            assert session.shares.any_with(OURS, THEIRS) is opened
            assert session.shares.any_with(OURS, THEIRS, container.id) is opened
            assert not session.shares.any_with(OURS, THEIRS, empty.id)
            assert not session.shares.any_with(ProjectId("third"), THEIRS)
            found = session.objects.containers(OURS, ListingQuery(), Only(opened_to=THEIRS))
            assert [row.name for row in found] == (["container"] if opened else [])


class SharersContract:
    def test_who_shares_with_a_project_is_found_page_by_page_within_its_domain(self, records: Records) -> None:
        with records.writing() as session:
            home, abroad = a_domain(session), a_domain(session, "abroad")
            me = a_project(session, home, "me").id
            owners = [a_project(session, home, f"p{number}").id for number in range(5)]
            stranger = a_project(session, abroad, "stranger").id
            for number, owner in enumerate((*owners, stranger, me)):
                container = a_container(session, project_id=owner)
                session.groups.set(owner, {"team": [me]})
                grantee = [me, "*", f"{owner}:team", "somebody", me, "*", me][number]
                shared(session, container, "a", grantee)
                shared(session, container, "b", grantee)
            wanted = sorted([*owners[:3], owners[4]])
            assert [row[0] for row in session.shares.sharers(me, limit=10)] == wanted
            assert {row[1] for row in session.shares.sharers(me, limit=10)} == {START}
            assert [row[0] for row in session.shares.sharers(me, limit=2)] == wanted[:2]
            assert [row[0] for row in session.shares.sharers(me, after=wanted[1], limit=9)] == wanted[2:]
            assert session.shares.sharers(ProjectId("unknown"), limit=10) == []


class SharedListingContract:
    def test_a_listing_within_ranges_has_their_names_and_rolls_up_nothing_else(self, records: Records) -> None:
        names = ["a", "d", "d!", "d/a", "d/b/c", "d/b/x", "d0", "e/f", "e/g", "x"]
        with records.writing() as session:
            container = a_container(session)
            put(session, container, *names)
            within = [just("a"), just("d"), NameRange("d/", "d/b/x"), just("e/g"), just("none")]

            def listed(**more: object) -> list[str]:
                query = ListingQuery(**more)  # type: ignore[arg-type]
                rows = session.objects.objects(container.id, query, within=within)
                return [row.name for row in rows]

            open_names = ["a", "d", "d/a", "d/b/c", "e/g"]
            assert listed() == open_names
            assert listed(reverse=True) == open_names[::-1]
            assert listed(limit=2) == open_names[:2]
            assert listed(marker="d") == open_names[2:]
            assert listed(marker="d", reverse=True) == ["a"]
            assert listed(marker="a", end_marker="e/g") == open_names[1:4]
            assert listed(prefix="d") == ["d", "d/a", "d/b/c"]
            assert listed(prefix="d/") == ["d/a", "d/b/c"]
            assert listed(delimiter="/") == ["a", "d", "d/", "e/"]
            assert listed(prefix="d/", delimiter="/") == ["d/a", "d/b/"]
            assert [name for start in ["", *open_names] for name in listed(marker=start, limit=1)] == open_names
            within = []
            assert listed() == []

    def test_many_single_names_are_found_in_pages(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            names = [f"{number:05}" for number in range(2500)]
            blob_id = a_blob(session, 1)
            for name in names:
                session.objects.put_object(an_object(container, name, blob_id))
            within = [just(name) for name in names[::2]]
            for query in (ListingQuery(), ListingQuery(limit=1100), ListingQuery(marker="01000", reverse=True)):
                found = [row.name for row in session.objects.objects(container.id, query, within=within)]
                wanted = names[::2] if not query.reverse else names[998::-2]
                assert found == wanted[: query.limit]

    def test_what_is_shared_and_what_is_public_can_be_listed(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            put(session, container, "a", "d/x", "e", "f")
            shared(session, container, "d", THEIRS)
            session.links.add(container.id, "e", "token")
            ranges = open_ranges(session.shares.marks(container.id, None, START))
            public = [just(name) for name in session.links.names(container.id)]

            def listed(within: list[NameRange]) -> list[str]:
                rows: list[StoredObject | Subdir] = session.objects.objects(
                    container.id, ListingQuery(), START, within=within
                )
                return [row.name for row in rows]

            assert listed(ranges) == ["d", "d/x"]
            assert listed(public) == ["e"]
            assert listed(either(ranges, public)) == ["d", "d/x", "e"]

    def test_containers_are_listed_by_what_is_in_them(self, records: Records) -> None:
        with records.writing() as session:
            kept: dict[str, Container] = {name: a_container(session, name) for name in ("plain", "public", "shared")}
            put(session, kept["plain"], "a")
            put(session, kept["public"], "a")
            session.links.add(kept["public"].id, "a", "token")
            shared(session, kept["shared"], "a", "somebody")

            def listed(part: Only | None) -> list[str]:
                return [row.name for row in session.objects.containers(OURS, ListingQuery(), part)]

            assert listed(None) == ["plain", "public", "shared"]
            assert listed(Only(shared=True)) == ["shared"]
            assert listed(Only(public=True)) == ["public"]
            assert listed(Only(shared=True, public=True)) == ["public", "shared"]
            assert listed(Only(opened_to=THEIRS)) == []


class LinksContract:
    def test_an_object_is_found_behind_its_token_until_that_is_taken_away(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            put(session, container, "a/b", "c")
            session.links.add(container.id, "a/b", "token")
            assert behind(session, "token") == (container.id, "a/b")
            assert (session.links.of(container.id, "a/b"), session.links.of(container.id, "c")) == ("token", None)
            assert session.links.of_all(container.id, ["a", "a/b", "c"]) == {"a/b": "token"}
            assert session.links.of_all(container.id, []) == {}
            assert session.links.names(container.id) == ["a/b"]
            session.links.remove(container.id, "a/b")
            session.links.remove(container.id, "a/b")
            assert (session.links.behind("token"), session.links.of(container.id, "a/b")) == (None, None)

    def test_an_object_has_one_token_and_a_token_one_object(self, records: Records) -> None:
        with records.writing() as session:
            container = a_container(session)
            put(session, container, "a", "b")
            session.links.add(container.id, "a", "token")
            refused: list[tuple[Callable[[], None], type[Exception]]] = [
                (lambda: session.links.add(container.id, "a", "other"), AlreadyExists),
                (lambda: session.links.add(container.id, "b", "token"), AlreadyExists),
                (lambda: session.links.add(container.id, "none", "third"), NotFound),
            ]
            for call, error in refused:
                with pytest.raises(error):
                    call()
            assert behind(session, "token") == (container.id, "a")


class GroupsContract:
    def test_groups_are_found_as_they_were_set_last(self, records: Records) -> None:
        third = ProjectId("third")
        with records.writing() as session:
            session.groups.set(OURS, {"team": [THEIRS]})
            session.groups.set(OURS, {"team": [third, THEIRS, third], "é": [OURS], "none": []})
            session.groups.set(THEIRS, {"team": [OURS]})
            assert session.groups.of(OURS) == {"team": (THEIRS, third), "é": (OURS,)}
            asked = [Grantee("ours:team"), Grantee("theirs:team"), Grantee("ours:é"), Grantee("nobody:x")]
            assert session.groups.joined(OURS, asked) == {"theirs:team", "ours:é"}
            assert session.groups.joined(third, asked) == {"ours:team"}
            assert session.groups.joined(third, asked[1:]) == set()
            assert session.groups.joined(third, []) == set()
            session.groups.set(OURS, {})
            assert session.groups.of(OURS) == {}


class SharingContract(SharesContract, SharersContract, SharedListingContract, LinksContract, GroupsContract):
    """All of it."""
