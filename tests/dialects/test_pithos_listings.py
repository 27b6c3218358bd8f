"""Pithos: what is in a container, by name, prefix, path and metadata, in three forms."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.dialects.pithos_caller import H0, HELLO, OCTETS, Pithos, fault

NAMES = ["a b.txt", "b", "images", "images/debian", "images/old/one", "images/old/two", "images/win", "z"]


@pytest.fixture
def full(pithos: Pithos) -> Pithos:
    for name in NAMES:
        directory = name == "images"
        pithos.put(
            "/pithos/" + name.replace(" ", "%20"),
            b"" if directory else b"hello",
            content_type="application/directory" if directory else "text/plain",
        )
    return pithos


def test_rows_tell_all_that_kamaki_looks_for(full: Pithos) -> None:
    head = full.head("/pithos/b").headers
    row = next(row for row in full.rows("/pithos") if row["name"] == "b")
    seconds = row["x_object_version_timestamp"]
    assert row == {
        "name": "b",
        "bytes": 5,
        "content_type": "text/plain",
        "hash": "",
        "x_object_hash": HELLO,
        "last_modified": row["last_modified"],
        "x_object_uuid": head["x-object-uuid"],
        "x_object_version": int(head["x-object-version"]),
        "x_object_version_timestamp": seconds,
        "x_object_modified_by": full.account,
    }
    assert row["last_modified"].startswith("2026-11-20T")
    assert abs(float(seconds) - row["x_object_version"] / 1e6) < 1
    whole, _, micros = seconds.partition(".")
    assert (len(whole), len(micros)) == (10, 6)
    directory = next(row for row in full.rows("/pithos") if row["name"] == "images")
    assert (directory["content_type"], directory["bytes"], directory["x_object_hash"]) == (
        "application/directory",
        0,
        H0,
    )


def test_a_listing_brings_the_headers_of_its_container(full: Pithos) -> None:
    said, head = full.get("/pithos?format=json").headers, full.head("/pithos").headers
    names = [name for name in head if name.startswith("x-container-")]
    assert len(names) >= 8
    assert {name: said[name] for name in names} == {name: head[name] for name in names}


def test_an_empty_listing_is_a_200_in_every_form(pithos: Pithos) -> None:
    assert pithos.get("/pithos?format=json").body == b"[]"
    for form, body in (("json", b"[]"), ("text", b""), ("xml", b'<container name="pithos"></container>')):
        reply = pithos.get(f"/pithos?format={form}")
        assert (reply.status, reply.body.endswith(body)) == (200, True)


def test_other_forms(full: Pithos) -> None:
    text = full.call("GET", "/pithos", {"Accept": "*/*"})
    assert text.headers["content-type"].startswith("text/plain")
    assert text.body.decode().split("\n") == [*NAMES, ""]
    reply = full.call("GET", "/pithos?delimiter=/", {"Accept": "application/xml"})
    root = ET.fromstring(reply.body)  # noqa: S314 - our own
    assert [row.tag for row in root] == ["object", "object", "object", "subdir", "object"]
    facts = {fact.tag: fact.text for fact in root[1]}
    assert (facts["name"], facts["bytes"], facts["x_object_hash"]) == ("b", "5", HELLO)
    assert [fact.text for fact in root[3]] == ["images/"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", NAMES),
        ("&prefix=images", NAMES[2:7]),
        ("&prefix=images/", NAMES[3:7]),
        ("&delimiter=/", ["a b.txt", "b", "images", "images/", "z"]),
        ("&prefix=images/&delimiter=/", ["images/debian", "images/old/", "images/win"]),
        ("&prefix=images&delimiter=/", ["images/debian", "images/old/", "images/win"]),
        ("&delimiter=%2F", ["a b.txt", "b", "images", "images/", "z"]),
        ("&delimiter=%252F", ["a b.txt", "b", "images", "images/", "z"]),
        ("&path=images", ["images/debian", "images/win"]),
        ("&path=images/", ["images/debian", "images/win"]),
        ("&path=images/old", ["images/old/one", "images/old/two"]),
        ("&path=images&prefix=b&delimiter=x", ["images/debian", "images/win"]),
        ("&path=none", []),
        ("&marker=images/old/one", NAMES[5:]),
        ("&marker=zz", []),
        ("&limit=3", NAMES[:3]),
        ("&limit=3&marker=images", NAMES[3:6]),
        ("&limit=0", NAMES),
        ("&limit=99999999999999999999999", NAMES),
        ("&limit=2&delimiter=/&marker=images", ["images/", "z"]),
        ("&limit=2&delimiter=/&marker=images/", ["z"]),
        ("&path=images&limit=1&marker=images/debian", ["images/win"]),
        ("&prefix=&delimiter=&marker=", NAMES),
    ],
)
def test_what_part_is_listed(full: Pithos, query: str, names: list[str]) -> None:
    assert full.names("/pithos", query) == names


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=1.5", "prefix=%00", "marker=a%00", "meta==", "meta=!a=b"]
)
def test_what_means_nothing_is_refused(full: Pithos, query: str) -> None:
    fault(full.get(f"/pithos?format=json&{query}"), 400)


def test_what_a_person_typed_comes_encoded_twice(full: Pithos) -> None:
    """kamaki encodes what is typed before the library does so once more."""
    for once, twice in (("a%20b", "a%2520b"), ("a b.txt", "a%2520b.txt")):
        assert full.names("/pithos", f"&prefix={twice}") == ["a b.txt"], once
    assert full.names("/pithos", "&marker=a%2520b.txt&limit=1") == ["b"]
    full.put("/pithos/%C3%BC/x")
    assert full.names("/pithos", "&path=%25C3%25BC") == ["ü/x"]


def test_a_name_with_a_percent_sign_is_taken_by_its_letters(full: Pithos) -> None:
    full.put("/pithos/a%2520b.txt")  # is called a%20b.txt
    assert full.names("/pithos", "&prefix=a%2520b") == ["a%20b.txt"]
    assert full.names("/pithos", "&marker=a%2520b.txt&limit=1") == ["b"]
    assert full.names("/pithos", "&marker=a%20b.txt&limit=1") == ["a%20b.txt"]
    full.put("/pithos/50%25")
    assert full.names("/pithos", "&prefix=50%25") == ["50%"]
    assert full.names("/pithos", "&prefix=50%2525") == ["50%"]


def test_metadata_pick_objects_out(pithos: Pithos) -> None:
    things = {"a": {"colour": "red", "size": "9"}, "d/b": {"colour": "blue"}, "d/c": {"size": "10"}, "e": {}}
    for name, items in things.items():
        pithos.put(f"/pithos/{name}", **{f"x_object_meta_{key}": value for key, value in items.items()})
    for query, names in {
        "meta=colour": ["a", "d/b"],
        "meta=Colour": ["a", "d/b"],
        "meta=!colour": ["d/c", "e"],
        "meta=colour%3Dred": ["a"],
        "meta=colour=red": ["a"],
        "meta=size%3E9": ["d/c"],
        "meta=size%3E%3D9,colour": ["a"],
        "meta=colour&delimiter=/": ["a", "d/"],
        "meta=!none&delimiter=/": ["a", "d/", "e"],
        "meta=colour&delimiter=/&marker=d/": [],
        "meta=!none&delimiter=/&marker=d/b&limit=1": ["e"],
        "meta=!none&delimiter=/&limit=2": ["a", "d/"],
        "meta=colour&path=d": ["d/b"],
        "meta=colour&prefix=d/&limit=1": ["d/b"],
        "meta=none": [],
        "meta=": ["a", "d/b", "d/c", "e"],
    }.items():
        assert pithos.names("/pithos", f"&{query}") == names, query
    assert not any("colour" in row or "x_object_meta_colour" in row for row in pithos.rows("/pithos"))


def test_pages_of_what_is_picked_out_come_together(pithos: Pithos) -> None:
    for number in range(20):
        pithos.put(f"/pithos/{number:02d}", x_object_meta_even=str(1 - number % 2))
    found, marker = [], ""
    while page := pithos.names("/pithos", f"&meta=even%3D1&limit=3&marker={marker}"):
        assert len(page) <= 3
        found += page
        marker = page[-1]
    assert found == [f"{number:02d}" for number in range(0, 20, 2)]


def test_what_cannot_be_said_in_xml_is_refused_there(pithos: Pithos) -> None:
    pithos.put("/pithos/a%01b")
    fault(pithos.get("/pithos?format=xml"), 400)
    assert pithos.names("/pithos") == ["a\x01b"]


def test_what_swift_has_is_listed_too(pithos: Pithos) -> None:
    pithos.swift("PUT", "/c")
    pithos.swift("PUT", "/c/plain", OCTETS, b"hello")
    pithos.swift("PUT", "/c/seg/1", OCTETS, b"hello")
    pithos.swift("PUT", "/c/whole?multipart-manifest=put", body=b'[{"path": "c/seg/1"}, {"path": "c/plain"}]')
    pithos.swift("PUT", "/c/joined", {"X-Object-Manifest": "c/seg/"})
    pithos.swift("PUT", "/c/link", {"X-Symlink-Target": "c/plain"})
    rows = {row["name"]: row for row in pithos.rows("/c")}
    assert (rows["plain"]["bytes"], rows["plain"]["x_object_hash"]) == (5, HELLO)
    assert rows["plain"]["hash"] == "5d41402abc4b2a76b9719d911017c592"
    assert (rows["whole"]["bytes"], rows["whole"]["x_object_hash"]) == (10, "")
    assert (rows["joined"]["bytes"], rows["joined"]["x_object_hash"]) == (0, "")
    assert rows["link"]["bytes"] == 0
    assert all(row["x_object_version"] > 1_700_000_000_000_000 for row in rows.values())
