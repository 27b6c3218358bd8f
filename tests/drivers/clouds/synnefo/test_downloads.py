"""Hash maps, ranges and listings of clouds that say odd or untrue things."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.domain.errors import (
    BadInput,
    Conflict,
    DigestMismatch,
    Incomplete,
    TooLarge,
    Unavailable,
)
from imageferry.ports.cloud import Cloud
from tests.fake_cloud import Answer
from tests.fake_synnefo import FakeSynnefo

BLOCK = 4096


@pytest.mark.parametrize(
    "document",
    [
        {"bytes": 5, "hashes": []},
        {"bytes": -1, "hashes": []},
        {"bytes": 1 << 70, "hashes": ["0" * 64]},
        {"bytes": "5", "hashes": ["0" * 64]},
        {"bytes": True, "hashes": ["0" * 64]},
        {"bytes": 5, "hashes": ["x" * 64]},
        {"bytes": 5, "hashes": "0" * 64},
        {"bytes": 5, "hashes": [["0" * 64]]},
        {"bytes": 5, "hashes": ["0" * 64], "block_size": 0},
        {"bytes": 5, "hashes": ["0" * 64], "block_hash": "rot13"},
        [],
        b"<html>",
    ],
)
def test_a_hash_map_that_cannot_be_is_an_error(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, document: object
) -> None:
    fake.keep("c/o", b"hello")
    if isinstance(document, dict):
        document = {"block_size": BLOCK, "block_hash": "sha256", **document}
    fake.before = lambda asked: Answer(200, document) if "hashmap" in asked.query else None
    with pytest.raises((BadInput, Unavailable)):
        cloud.objects.blocks("c", "o")


def test_an_answer_without_end_is_not_read_to_its_end(
    fake: FakeSynnefo, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imageferry.clouds.http.MAX_DOCUMENT", 100_000)
    fake.keep("c/o", b"hello")
    fake.before = lambda asked: (
        Answer(200, b" " * 200_000) if "hashmap" in asked.query or asked.path.endswith("/c") else None
    )
    for ask in (lambda: cloud.objects.blocks("c", "o"), lambda: list(cloud.objects.search("c"))):
        with pytest.raises(TooLarge):
            ask()


def test_a_hash_map_of_another_object_is_noticed(fake: FakeSynnefo, cloud: Cloud) -> None:
    fake.keep("c/o", b"hello")
    fake.instead = lambda asked, answer: Answer(200, answer.body, {"X-Object-Hash": "0" * 64})
    with pytest.raises(DigestMismatch, match="hash map"):
        cloud.objects.blocks("c", "o")


@pytest.mark.parametrize(
    "lie",
    [
        lambda answer: Answer(200, answer.body, answer.headers),
        lambda answer: Answer(206, answer.body + b"more", answer.headers),
        lambda answer: Answer(206, answer.body[:-1], answer.headers),
        lambda answer: Answer(206, answer.body, {"Content-Range": "bytes 0-4095/9"}),
        lambda answer: Answer(206, answer.body, answer.headers, cut_at=100),
    ],
    ids=["no range", "more", "less", "another range", "cut"],
)
def test_a_range_that_is_another_one_is_an_error(
    fake: FakeSynnefo, cloud: Cloud, slept: list[float], lie: Callable[[Answer], Answer]
) -> None:
    fake.keep("c/o", os.urandom(3 * BLOCK))
    blocks = cloud.objects.blocks("c", "o")
    assert blocks is not None
    assert blocks.read(BLOCK, BLOCK) == fake.bytes_of("c/o")[BLOCK : 2 * BLOCK]
    fake.instead = lambda asked, answer: lie(answer) if "range" in asked.headers else answer
    with pytest.raises((Incomplete, Unavailable)):
        blocks.read(BLOCK, BLOCK)
    assert slept


def test_an_object_that_goes_while_it_is_read_is_told(fake: FakeSynnefo, cloud: Cloud) -> None:
    fake.keep("c/o", b"hello")
    blocks = cloud.objects.blocks("c", "o")
    assert blocks is not None
    del fake.maps["c/o"]
    with pytest.raises(Conflict, match="begin again"):
        blocks.read(0, 5)


def test_a_listing_that_never_ends_is_given_up(fake: FakeSynnefo, cloud: Cloud) -> None:
    page = [{"name": "b", "bytes": 1}, {"name": "a", "bytes": 1}]
    fake.before = lambda asked: Answer(200, page) if asked.path.endswith("/c") else None
    with pytest.raises(Unavailable, match="again"):
        list(cloud.objects.search("c"))


@pytest.mark.parametrize(
    "row", [{"name": 5}, {"subdir": "x/"}, "text", None, {"name": "o", "bytes": "many", "hash": None}]
)
def test_rows_of_another_form_harm_nobody(fake: FakeSynnefo, cloud: Cloud, row: object) -> None:
    fake.before = lambda asked: Answer(200, [row] if asked.number == 1 else []) if asked.path.endswith("/c") else None
    assert [found.size for found in cloud.objects.search("c")] in ([], [0])
