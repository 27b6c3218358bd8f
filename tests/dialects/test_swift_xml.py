"""Listings in XML: request in, answer out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from urllib.parse import quote

import pytest

from imageferry.wire.swift_reports import Form, best_form
from tests.dialects.swift_service import Swift

ODD = ["<a>&\"'", "]]>", "line\nfeed", "car\rriage", "tab\t", "ü\U0001f427", " blank ", "\x7f\x85"]


def listed(swift: Swift, path: str) -> ET.Element:
    reply = swift.call("GET", path)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/xml; charset=utf-8")
    assert reply.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')
    return ET.fromstring(reply.body)  # noqa: S314 - our own


def test_an_account_lists_its_containers(swift: Swift) -> None:
    swift.put("/a-1")
    swift.put("/b")
    swift.put("/b/o", b"123")
    root = listed(swift, "?format=xml")
    assert (root.tag, root.attrib) == ("account", {"name": f"AUTH_{swift.project}"})
    assert [row.tag for row in root] == ["container", "container"]
    facts = {field.tag: field.text for field in root[1]}
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$", facts.pop("last_modified") or "")
    assert facts == {"name": "b", "count": "1", "bytes": "3", "storage_policy": "Policy-0"}
    assert listed(swift, "?format=xml&delimiter=-").find("subdir[@name='a-']") is not None


def test_a_container_lists_its_objects_and_what_is_rolled_up(swift: Swift) -> None:
    swift.put("/c")
    swift.put("/c/o", b"hello", {"Content-Type": 'text/x; a="<b>"'})
    swift.put("/c/deep/er")
    root = listed(swift, "/c?format=XML&delimiter=/")
    assert (root.tag, root.attrib) == ("container", {"name": "c"})
    subdir, item = root
    assert (subdir.tag, subdir.attrib, subdir.findtext("name")) == ("subdir", {"name": "deep/"}, "deep/")
    facts = {field.tag: field.text for field in item}
    assert facts.pop("last_modified")
    assert facts == {
        "name": "o",
        "hash": "5d41402abc4b2a76b9719d911017c592",
        "bytes": "5",
        "content_type": 'text/x; a="<b>"',
    }


def test_what_is_empty_is_an_empty_document(swift: Swift) -> None:
    assert len(listed(swift, "?format=xml")) == 0
    swift.put("/c")
    assert len(listed(swift, "/c?format=xml")) == 0
    assert len(listed(swift, "/c?format=xml&path=x")) == 0


@pytest.mark.parametrize("name", ODD)
def test_odd_names_come_back_as_they_are(swift: Swift, name: str) -> None:
    swift.put(f"/{quote(name)}")
    swift.put(f"/{quote(name)}/{quote(name)}")
    assert listed(swift, "?format=xml").findtext("container/name") == name
    root = listed(swift, f"/{quote(name)}?format=xml")
    assert (root.attrib["name"], root.findtext("object/name")) == (name, name)
    rolled = listed(swift, f"/{quote(name)}?format=xml&delimiter={quote(name[-1])}")
    assert rolled[0].attrib["name"] == rolled[0].findtext("name")


@pytest.mark.parametrize("character", ["\x01", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_said_and_never_another_name(swift: Swift, character: str) -> None:
    swift.put("/c")
    swift.put("/c/a")
    swift.put(f"/c/b{quote(character)}")
    reply = swift.call("GET", "/c?format=xml")
    assert (reply.status, "format=json" in reply.text) == (406, True)
    assert swift.names("/c") == ["a", f"b{character}"]
    assert len(listed(swift, "/c?format=xml&limit=1")) == 1


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.TEXT),
        ("*/*", Form.TEXT),
        ("image/png", None),
        ("application/json", Form.JSON),
        ("application/*", Form.JSON),
        ("application/xml", Form.XML),
        ("text/xml", Form.TEXT_XML),
        ("text/*", Form.TEXT),
        ("text/*, text/plain;q=0", Form.TEXT_XML),
        ("text/xml;q=0.3, application/json;q=0.7, */*;q=0.1", Form.JSON),
        ("application/json;q=0, */*", Form.TEXT),
        ("application/json;q=x", None),
        ("Application/XML ; Q=1", Form.XML),
        (",;,;q", Form.TEXT),
    ],
)
def test_accept_decides_by_weight_then_by_exactness(accept: str, form: Form | None) -> None:
    assert best_form(accept) is form


@pytest.mark.parametrize("kind", ["application/xml", "text/xml"])
def test_accept_asks_for_xml_where_the_query_is_silent(swift: Swift, kind: str) -> None:
    reply = swift.call("GET", "", {"Accept": kind})
    assert (reply.status, reply.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
