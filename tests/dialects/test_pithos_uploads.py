"""Pithos: objects by hash maps and by their bytes, as kamaki 0.16 goes about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imageferry.domain.block import BLOCK_SIZE
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.pithos_caller import H0, HELLO, OCTETS, Pithos, fault, hash_of, top_of


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("pithos")) as running:
        yield running


@pytest.fixture
def mira(cloud: Cloud) -> Pithos:
    return Pithos(cloud.as_("mira", "demo"), cloud.projects["demo"].id)


def test_kamaki_asks_for_the_container_sends_what_is_missing_and_puts_the_map_again(mira: Pithos) -> None:
    container = mira.head("/pithos")
    assert container.status == 204
    assert container.headers["x-container-block-size"] == str(BLOCK_SIZE)
    assert container.headers["x-container-block-hash"] == "sha256"
    assert mira.rows("/pithos") == []
    first, last = b"1" * BLOCK_SIZE, b"the rest"
    hashes = [hash_of(first), H0, hash_of(first), hash_of(last)]
    size = 3 * BLOCK_SIZE + len(last)
    asked = mira.put_map("/pithos/disk", size, *hashes)
    assert (asked.status, asked.json) == (409, [hash_of(first), hash_of(last)])
    for block in (first, last):
        sent = mira.send_block("/pithos", block)
        assert (sent.status, sent.json) == (202, [hash_of(block)])
    made = mira.put_map("/pithos/disk", size, *hashes)
    assert made.status == 201
    assert made.headers["etag"] == top_of(first, b"", first, last)
    seen = mira.head("/pithos/disk")
    assert seen.status == 200
    assert seen.headers["x-object-hash"] == seen.headers["etag"] == made.headers["etag"]
    assert seen.headers["x-object-version"] == made.headers["x-object-version"]
    assert seen.headers["content-length"] == str(size)
    told = mira.get("/pithos/disk?hashmap=True&format=json")
    assert told.json == {"block_hash": "sha256", "block_size": BLOCK_SIZE, "bytes": size, "hashes": hashes}
    assert mira.get("/pithos/disk").body == first + bytes(BLOCK_SIZE) + first + last
    (row,) = mira.rows("/pithos", "&prefix=disk")
    assert (row["bytes"], row["x_object_hash"], row["hash"]) == (size, made.headers["etag"], "")
    assert row["x_object_uuid"] == seen.headers["x-object-uuid"]
    assert str(row["x_object_version"]) == seen.headers["x-object-version"]
    assert mira.call("DELETE", "/pithos/disk").status == 204
    fault(mira.get("/pithos/disk"), 404)


def test_a_plain_upload_has_the_hash_of_its_tree_for_a_tag(mira: Pithos) -> None:
    made = mira.put("/pithos/note.txt", b"hello", content_type="text/plain")
    assert made.headers["etag"] == HELLO
    got = mira.get("/pithos/note.txt")
    assert (got.body, got.headers["content-type"], got.headers["etag"]) == (b"hello", "text/plain", HELLO)
    chunked = mira.call("PUT", "/pithos/note.txt", OCTETS, [b"he", b"llo"])
    assert (chunked.status, chunked.headers["etag"]) == (201, HELLO)


def test_an_object_needs_a_type(mira: Pithos) -> None:
    assert "Content-Type" in fault(mira.call("PUT", "/pithos/untyped", body=b"hello"), 411)
    fault(mira.call("PUT", "/pithos/untyped?hashmap", body=b"{}"), 411)
