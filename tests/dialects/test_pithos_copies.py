"""Pithos: objects copied and moved, by PUT and by the verbs, alone and with all that is below them; and deleted so."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.dialects.openstack_service import Reply
from tests.dialects.pithos_caller import HELLO, Pithos, fault
from tests.disks import mbr_disk


def transfer(
    pithos: Pithos, verb: str, source: str, target: str, headers: Mapping[str, str] | None = None, query: str = ""
) -> Reply:
    """A copy or a move, said in one of the two ways."""
    if verb in ("COPY", "MOVE"):
        return pithos.call(verb, f"{source}{query}", {"Destination": target, **(headers or {})})
    sent = {f"X-{verb}-From": source, "Content-Length": "0", **(headers or {})}
    return pithos.call("PUT", f"{target}{query}", sent)


BOTH = pytest.mark.parametrize("verb", ["Copy", "COPY"])
MOVES = pytest.mark.parametrize("verb", ["Move", "MOVE"])
ALL = pytest.mark.parametrize("verb", ["Copy", "COPY", "Move", "MOVE"])


@BOTH
def test_a_copy_has_an_id_of_its_own_and_what_is_said_of_its_source(pithos: Pithos, verb: str) -> None:
    pithos.put("/pithos/a", b"hello", content_type="x/y", x_object_meta_colour="blue", content_encoding="gzip")
    source = pithos.head("/pithos/a").headers
    made = transfer(pithos, verb, "/pithos/a", "/pithos/b")
    assert made.status == 201
    assert made.headers["etag"] == HELLO
    copy = pithos.head("/pithos/b").headers
    assert copy["x-object-version"] == made.headers["x-object-version"]
    assert copy["x-object-uuid"] == made.headers["x-object-uuid"] != source["x-object-uuid"]
    assert (copy["content-type"], copy["content-encoding"]) == ("x/y", "gzip")
    assert copy["x-object-meta-colour"] == "blue"
    assert pithos.get("/pithos/a").body == pithos.get("/pithos/b").body == b"hello"


@MOVES
def test_what_is_moved_keeps_its_id_and_leaves_its_history(pithos: Pithos, verb: str) -> None:
    pithos.call("PUT", "/other")
    first = pithos.put("/pithos/a", b"hello", x_object_meta_colour="blue").headers["x-object-version"]
    before = pithos.head("/pithos/a").headers
    made = transfer(pithos, verb, "/pithos/a", "/other/dir/b")
    assert (made.status, made.headers["x-object-uuid"]) == (201, before["x-object-uuid"])
    moved = pithos.head("/other/dir/b").headers
    assert (moved["x-object-uuid"], moved["x-object-meta-colour"]) == (before["x-object-uuid"], "blue")
    assert int(moved["x-object-version"]) >= int(first)
    fault(pithos.get("/pithos/a"), 404)
    assert pithos.get("/other/dir/b").body == b"hello"
    assert pithos.get(f"/pithos/a?version={first}").body == b"hello"
    assert [row[0] for row in pithos.get("/pithos/a?version=list").json["versions"]] == [int(first)]


@ALL
def test_what_is_sent_along_is_said_of_it_and_the_rest_stays(pithos: Pithos, verb: str) -> None:
    pithos.put("/pithos/a", b"hello", content_type="x/y", x_object_meta_a="1", x_object_meta_b="2")
    sent = {"X-Object-Meta-A": "changed", "X-Object-Meta-B": "", "X-Object-Meta-C": "deep%20blue"}
    assert transfer(pithos, verb, "/pithos/a", "/pithos/b", {**sent, "Content-Type": "a/b"}).status == 201
    told = pithos.head("/pithos/b").headers
    found = {name: value for name, value in told.items() if name.startswith("x-object-meta-")}
    assert found == {"x-object-meta-a": "changed", "x-object-meta-c": "deep blue"}
    assert told["content-type"] == "a/b"
    query = "?ignore_content_type"
    assert transfer(pithos, verb, "/pithos/b", "/pithos/c", {"Content-Type": "c/d"}, query).status == 201
    assert pithos.head("/pithos/c").headers["content-type"] == "a/b"


@BOTH
def test_a_copy_of_a_version_of_a_deleted_object_brings_it_back(pithos: Pithos, verb: str) -> None:
    old = pithos.put("/pithos/a", b"hello").headers["x-object-version"]
    pithos.put("/pithos/a", b"now")
    pithos.call("DELETE", "/pithos/a")
    assert transfer(pithos, verb, "/pithos/a", "/pithos/a", {"X-Source-Version": old}).status == 201
    assert pithos.get("/pithos/a").body == b"hello"
    assert transfer(pithos, verb, "/pithos/a", "/pithos/b", {"X-Source-Version": "1"}).status == 404
    fault(transfer(pithos, verb, "/pithos/a", "/pithos/b", {"X-Source-Version": "x"}), 400)


@ALL
def test_onto_itself_it_gets_a_new_state(pithos: Pithos, verb: str) -> None:
    pithos.put("/pithos/a", b"hello")
    before = pithos.head("/pithos/a").headers
    made = transfer(pithos, verb, "/pithos/a", "/pithos/a", {"X-Object-Meta-A": "1"})
    assert (made.status, made.headers["x-object-uuid"]) == (201, before["x-object-uuid"])
    assert int(made.headers["x-object-version"]) > int(before["x-object-version"])
    assert pithos.head("/pithos/a").headers["x-object-meta-a"] == "1"
    assert pithos.get("/pithos/a").body == b"hello"
    assert pithos.names("/pithos") == ["a"]


@ALL
def test_names_that_need_encoding_are_found(pithos: Pithos, verb: str) -> None:
    pithos.put("/pithos/d%C3%A9%20r/100%25")
    made = transfer(pithos, verb, "/pithos/d%C3%A9%20r/100%25", "/pithos/n%C3%A9w%20%2541")
    assert made.status == 201
    if verb in ("COPY", "MOVE"):
        assert pithos.get("/pithos/n%C3%A9w%20%2541").body == b"hello"


@ALL
def test_what_cannot_be_is_refused(pithos: Pithos, verb: str) -> None:
    pithos.put("/pithos/a")
    pithos.put("/pithos/there")
    for source, target, status in [
        ("/pithos/none", "/pithos/b", 404),
        ("/none/a", "/pithos/b", 404),
        ("/pithos/a", "/none/b", 404),
        ("/pithos/a", "/pithos/" + "x" * 1025, 400),
    ]:
        fault(transfer(pithos, verb, source, target), status)
    named = "X-Copy-From" if verb == "Copy" else "X-Move-From" if verb == "Move" else "Destination"
    for text in ("", "/", "pithos", "/pithos", "/pithos/", "//a", "/pithos/%00"):
        if verb in ("COPY", "MOVE"):
            fault(pithos.call(verb, "/pithos/a", {"Destination": text}), 400)
        else:
            fault(pithos.call("PUT", "/pithos/b", {named: text}), 400)
    fault(transfer(pithos, verb, "/pithos/a", "/pithos/there", {"If-None-Match": "*"}), 412)
    fault(transfer(pithos, verb, "/pithos/a", "/pithos/b", {"If-Match": "*"}), 412)
    fault(transfer(pithos, verb, "/pithos/a", "/pithos/b", query="?delimiter=x"), 400)
    fault(transfer(pithos, verb, "/pithos/a", "/pithos/b", {"X-Object-Meta-A": "x" * 300}), 400)
    assert pithos.names("/pithos") == ["a", "there"]


def test_bytes_that_come_along_or_two_sources_are_refused(pithos: Pithos) -> None:
    pithos.put("/pithos/a")
    fault(pithos.call("PUT", "/pithos/b", {"X-Copy-From": "/pithos/a"}, b"hello"), 400)
    fault(pithos.call("PUT", "/pithos/b", {"X-Copy-From": "/pithos/a", "X-Move-From": "/pithos/a"}), 400)
    fault(transfer(pithos, "Move", "/pithos/a", "/pithos/b", {"X-Source-Version": "5"}), 400)
    fault(pithos.call("COPY", "/pithos/a"), 400)
    assert pithos.names("/pithos") == ["a"]


@ALL
def test_who_may_not_write_there_transfers_nothing(pithos: Pithos, verb: str) -> None:
    pithos.put("/pithos/a")
    fault(transfer(pithos.as_("rita", "own"), verb, "/pithos/a", "/pithos/b"), 403)
    fault(transfer(pithos.as_("alex", "alt"), verb, "/pithos/a", "/pithos/b"), 403)
    theirs = pithos.as_("alex", "alt")
    theirs.account = pithos.cloud.projects["alt"].id
    theirs.call("PUT", "/c")
    theirs.put("/c/secret", b"secret")
    account = {"X-Source-Account": theirs.account, "Destination-Account": theirs.account}
    fault(transfer(pithos, verb, "/c/secret" if verb in ("Copy", "Move") else "/pithos/a", "/pithos/b", account), 403)
    assert pithos.names("/pithos") == ["a"]
    assert theirs.names("/c") == ["secret"]


def test_what_another_account_opens_is_copied_from_it_and_moved_into_it(pithos: Pithos) -> None:
    theirs = pithos.as_("alex", "alt")
    theirs.account = pithos.cloud.projects["alt"].id
    theirs.call("PUT", "/c")
    theirs.put("/c/open", b"hello")
    theirs.swift("POST", "/c", {"X-Container-Read": "*:*", "X-Container-Write": f"{pithos.account}:*"})
    assert transfer(pithos, "Copy", "/c/open", "/pithos/mine", {"X-Source-Account": theirs.account}).status == 201
    key = pithos.head("/pithos/mine").headers["x-object-uuid"]
    moved = transfer(pithos, "MOVE", "/pithos/mine", "/c/yours", {"Destination-Account": theirs.account})
    assert (moved.status, moved.headers["x-object-uuid"]) == (201, key)
    assert theirs.get("/c/yours").body == b"hello"
    assert pithos.names("/pithos") == []


@pytest.fixture
def tree(pithos: Pithos) -> Pithos:
    """A directory with things below it, and names that only begin as its name does."""
    pithos.put("/pithos/dir", b"", content_type="application/directory")
    for name in ("dir/a", "dir/sub/b", "dir2", "dirt/x"):
        pithos.put(f"/pithos/{name}", name.encode(), x_object_meta_name=name.replace("/", "."))
    return pithos


@BOTH
@pytest.mark.parametrize("delimiter", ["/", "%2F", "%252F"])
def test_a_directory_is_copied_with_all_below_it(tree: Pithos, verb: str, delimiter: str) -> None:
    sent = {"X-Object-Meta-Top": "1"}
    assert transfer(tree, verb, "/pithos/dir", "/pithos/new", sent, f"?delimiter={delimiter}").status == 201
    assert tree.names("/pithos", "&prefix=new") == ["new", "new/a", "new/sub/b"]
    assert tree.get("/pithos/new/sub/b").body == b"dir/sub/b"
    assert tree.head("/pithos/new").headers["content-type"] == "application/directory"
    below = tree.head("/pithos/new/a").headers
    assert below["x-object-meta-name"] == "dir.a"
    assert "x-object-meta-top" not in below
    assert len(tree.names("/pithos")) == 8


@MOVES
def test_a_directory_is_moved_into_itself_with_all_below_it(tree: Pithos, verb: str) -> None:
    key = tree.head("/pithos/dir/a").headers["x-object-uuid"]
    assert transfer(tree, verb, "/pithos/dir", "/pithos/dir/in", query="?delimiter=/").status == 201
    assert tree.names("/pithos") == ["dir/in", "dir/in/a", "dir/in/sub/b", "dir2", "dirt/x"]
    assert tree.head("/pithos/dir/in/a").headers["x-object-uuid"] == key


@ALL
def test_a_directory_that_is_no_object_goes_too(tree: Pithos, verb: str) -> None:
    tree.call("DELETE", "/pithos/dir")
    assert transfer(tree, verb, "/pithos/dir", "/pithos/new", query="?delimiter=/").status == 201
    assert tree.names("/pithos", "&prefix=new") == ["new/a", "new/sub/b"]
    fault(transfer(tree, verb, "/pithos/none", "/pithos/x", query="?delimiter=/"), 404)


def test_without_a_delimiter_only_the_object_goes(tree: Pithos) -> None:
    assert transfer(tree, "Move", "/pithos/dir", "/pithos/new").status == 201
    assert tree.names("/pithos") == ["dir/a", "dir/sub/b", "dir2", "dirt/x", "new"]


def test_what_does_not_fit_half_way_leaves_what_was_copied_by_then(tree: Pithos) -> None:
    tree.call("PUT", "/small", {"X-Container-Policy-Quota": "6"})
    fault(transfer(tree, "Copy", "/pithos/dir", "/small/dir", query="?delimiter=/"), 413)
    assert tree.names("/small") == ["dir", "dir/a"]


# -- deletion --------------------------------------------------------------------


def test_a_directory_is_deleted_with_all_below_it_and_old_states_stay(tree: Pithos) -> None:
    version = tree.head("/pithos/dir/a").headers["x-object-version"]
    assert tree.call("DELETE", "/pithos/dir?delimiter=/").status == 204
    assert tree.names("/pithos") == ["dir2", "dirt/x"]
    assert tree.get(f"/pithos/dir/a?version={version}").body == b"dir/a"
    fault(tree.call("DELETE", "/pithos/dir?delimiter=/"), 404)
    assert tree.call("DELETE", "/pithos/dirt?delimiter=%252F").status == 204
    assert tree.names("/pithos") == ["dir2"]
    fault(tree.call("DELETE", "/pithos/dir2?delimiter=2"), 400)
    assert tree.call("DELETE", "/pithos/dir2?delimiter=").status == 204


def test_what_is_deleted_twice_is_not_there(pithos: Pithos) -> None:
    pithos.put("/pithos/a")
    assert pithos.call("DELETE", "/pithos/a").status == 204
    fault(pithos.call("DELETE", "/pithos/a"), 404)
    assert len(pithos.get("/pithos/a?version=list").json["versions"]) == 1


def test_only_who_may_write_deletes_a_directory(tree: Pithos) -> None:
    for caller in (tree.as_("rita", "own"), tree.as_("alex", "alt")):
        for query in ("", "?delimiter=/", "?until=5"):
            fault(caller.call("DELETE", f"/pithos/dir{query}"), 403)
    assert len(tree.names("/pithos")) == 5


# -- images ----------------------------------------------------------------------


@pytest.fixture
def image(pithos: Pithos) -> str:
    """The id of an image that is the object /pithos/disk."""
    pithos.put("/pithos/disk", mbr_disk(1 << 20))
    wish = {"x-image-meta-name": "web", "x-image-meta-location": f"pithos://{pithos.account}/pithos/disk"}
    made = pithos.cloud.call("POST", "/image/v1.0/images/", headers=wish, body=b"")
    assert made.status == 200, made.body
    return str(made.headers["x-image-meta-id"])


def location(pithos: Pithos, image: str) -> str:
    told = pithos.cloud.call("HEAD", f"/image/v1.0/images/{image}")
    assert told.status == 200
    return str(told.headers["x-image-meta-location"])


@MOVES
def test_an_image_goes_where_its_object_goes(pithos: Pithos, image: str, verb: str) -> None:
    pithos.call("PUT", "/other")
    moved = transfer(pithos, verb, "/pithos/disk", "/other/moved")
    assert moved.headers["x-object-uuid"] == image
    assert location(pithos, image) == f"pithos://{pithos.account}/other/moved"
    assert pithos.cloud.get(f"/v2/images/{image}").json["status"] == "active"


@BOTH
def test_a_copy_of_an_image_is_an_object_and_no_image(pithos: Pithos, image: str, verb: str) -> None:
    key = transfer(pithos, verb, "/pithos/disk", "/pithos/copy").headers["x-object-uuid"]
    assert pithos.cloud.call("HEAD", f"/image/v1.0/images/{key}").status == 404
    assert location(pithos, image) == f"pithos://{pithos.account}/pithos/disk"


def test_a_protected_image_does_not_end_because_another_object_takes_its_name(pithos: Pithos, image: str) -> None:
    patch = [{"op": "replace", "path": "/protected", "value": True}]
    media = {"content-type": "application/openstack-images-v2.1-json-patch"}
    assert pithos.cloud.call("PATCH", f"/v2/images/{image}", patch, media).status == 200
    pithos.put("/pithos/a")
    fault(transfer(pithos, "Move", "/pithos/a", "/pithos/disk"), 409)
    fault(pithos.call("DELETE", "/pithos?delimiter=/"), 409)
    assert "disk" in pithos.names("/pithos")
    assert transfer(pithos, "Move", "/pithos/disk", "/pithos/elsewhere").status == 201
    assert location(pithos, image).endswith("/pithos/elsewhere")
