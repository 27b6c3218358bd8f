"""Files that go up by their blocks into clouds that break and lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.domain.errors import (
    AlreadyExists,
    BadInput,
    Conflict,
    DigestMismatch,
    Refused,
    Rejected,
    Unavailable,
)
from imageferry.ports.cloud import Cloud, Dress, Moved
from tests.fake_cloud import Answer, Asked, CutBody
from tests.fake_synnefo import FakeSynnefo

BLOCK = 4096


def quiet(_: Moved) -> None: ...


def a_file(folder: Path, blocks: int = 10) -> Path:
    """Blocks of noise, and one piece of one behind."""
    path = folder / "file"
    path.write_bytes(os.urandom(blocks * BLOCK) + b"end")
    return path


def is_block(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path.endswith("/c")


def is_map(asked: Asked) -> bool:
    return asked.method == "PUT" and "hashmap" in asked.query


@pytest.mark.parametrize(("size", "algorithm"), [(4096, "sha256"), (65536, "sha1"), (10_000, "sha512"), (8192, "md5")])
def test_blocks_are_cut_and_named_as_the_container_says(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, size: int, algorithm: str
) -> None:
    fake.block_size, fake.block_hash = size, algorithm
    path = a_file(tmp_path, 40)
    stored = cloud.objects.put(path, "c", "o", watch=quiet)
    assert fake.bytes_of("c/o") == path.read_bytes()
    assert (stored.sent, stored.already_there) == (fake.received, 0) == (path.stat().st_size, 0)
    assert cloud.objects.put(path, "c", "o2", watch=quiet).sent == 0


def test_equal_blocks_travel_once_and_zeros_never(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "file"
    noise = os.urandom(BLOCK)
    path.write_bytes(noise + bytes(3 * BLOCK) + noise + noise)
    steps: list[Moved] = []
    stored = cloud.objects.put(path, "c", "o", watch=steps.append)
    assert (stored.sent, stored.skipped, stored.already_there) == (BLOCK, 3 * BLOCK, 2 * BLOCK)
    assert fake.received == BLOCK
    uploads = [step for step in steps if step.stage == "upload"]
    assert uploads[-1].done == uploads[-1].total == 6 * BLOCK


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: Answer(503, b"busy"),
        lambda _: Answer(500, b"oops"),
        lambda _: CutBody(1000),
        lambda _: Answer(cut_at=0),
        lambda _: Answer(202, ["0" * 64]),
        lambda _: Answer(202, {"no": "list"}),
        lambda _: Answer(202, b"<html>"),
    ],
    ids=["503", "500", "cut in the body", "cut", "another name", "no list", "no JSON"],
)
def test_a_block_that_fails_once_is_sent_again(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, fault: Callable[[Asked], Answer]
) -> None:
    fake.before = lambda asked: fault(asked) if is_block(asked) and asked.number == 1 else None
    path = a_file(tmp_path)
    assert cloud.objects.put(path, "c", "o", watch=quiet).sent == path.stat().st_size
    assert fake.bytes_of("c/o") == path.read_bytes()


def test_a_cloud_that_hears_every_block_wrong_is_given_up(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.before = lambda asked: Answer(202, ["0" * 64]) if is_block(asked) else None
    with pytest.raises(Refused, match="arrives as 0000"):
        cloud.objects.put(a_file(tmp_path, 1), "c", "o", watch=quiet)
    assert len(fake.made("POST", "/c")) <= 8
    assert fake.maps == {}


@pytest.mark.parametrize(
    "list_of",
    [
        lambda _: ["f" * 64],
        lambda _: [],
        lambda names: [*names, "f" * 64],
        lambda _: ["../../etc"],
        lambda _: [1, None],
        lambda _: ["F" * 64 + "\n"],
    ],
    ids=["another's", "nothing", "one too many", "no name", "no text", "control characters"],
)
def test_a_cloud_that_asks_for_what_the_file_does_not_have_gets_nothing(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, list_of: Callable[[list[str]], list[object]]
) -> None:
    def lie(asked: Asked, answer: Answer) -> Answer:
        return Answer(409, list_of(list(answer.body))) if is_map(asked) and answer.status == 409 else answer  # type: ignore[call-overload]

    fake.instead = lie
    with pytest.raises(Unavailable, match="asks for"):
        cloud.objects.put(a_file(tmp_path), "c", "o", watch=quiet)
    assert fake.received == 0


def test_a_cloud_that_asks_for_the_same_blocks_for_ever_is_given_up(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path
) -> None:
    path = a_file(tmp_path, 2)
    first = hashlib.sha256(path.read_bytes()[:BLOCK]).hexdigest()
    fake.before = lambda asked: Answer(409, [first]) if is_map(asked) else None
    with pytest.raises(Unavailable, match="again"):
        cloud.objects.put(path, "c", "o", watch=quiet)
    assert len([asked for asked in fake.asked if is_map(asked)]) < 10


def test_blocks_that_were_collected_meanwhile_go_again(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    path = a_file(tmp_path)

    def collect(asked: Asked) -> None:
        if is_map(asked) and asked.number == 2:
            fake.blocks.pop(next(iter(fake.blocks)))

    fake.before = collect
    steps: list[Moved] = []
    stored = cloud.objects.put(path, "c", "o", watch=steps.append)
    assert fake.bytes_of("c/o") == path.read_bytes()
    assert stored.sent == path.stat().st_size == steps[-1].done
    assert fake.received == stored.sent + BLOCK


def test_a_file_that_changes_after_it_was_hashed_sends_none_of_the_new(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path
) -> None:
    path = a_file(tmp_path, 3)

    def change(asked: Asked) -> None:
        if is_map(asked):
            path.write_bytes(os.urandom(path.stat().st_size))

    fake.before = change
    with pytest.raises(Rejected, match="changed while"):
        cloud.objects.put(path, "c", "o", watch=quiet)
    assert (fake.received, fake.maps) == (0, {})


def test_a_conflict_without_a_list_is_told_in_the_clouds_words(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    words = {"conflict": {"code": 409, "message": "the image is protected", "details": ""}}
    fake.before = lambda asked: Answer(409, words) if is_map(asked) else None
    with pytest.raises(Conflict, match="the image is protected"):
        cloud.objects.put(a_file(tmp_path), "c", "o", watch=quiet)


@pytest.mark.parametrize("header", ["Etag", "X-Object-Hash"])
def test_an_object_that_became_another_one_does_not_stay(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, header: str
) -> None:
    fake.instead = lambda asked, answer: (
        Answer(201, b"", {header: "0" * 64}) if asked.method == "PUT" and answer.status == 201 else answer
    )
    for put in (
        lambda: cloud.objects.put(a_file(tmp_path), "c", "o", watch=quiet),
        lambda: cloud.objects.put_bytes(b"hello", "c", "o"),
    ):
        with pytest.raises(DigestMismatch):
            put()
        assert fake.maps == {}


def test_a_tag_that_is_an_md5_is_no_lie(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    path = a_file(tmp_path)
    tag = hashlib.md5(path.read_bytes()).hexdigest()
    fake.instead = lambda asked, answer: Answer(201, b"", {"ETag": tag}) if answer.status == 201 else answer
    cloud.objects.put(path, "c", "o", watch=quiet)
    with pytest.raises(DigestMismatch):
        cloud.objects.put_bytes(b"hello", "c", "o2")


@pytest.mark.parametrize(
    ("size", "algorithm"), [("0", "sha256"), ("-1", "sha256"), ("9" * 30, "sha256"), ("x", "sha256"), ("4096", "rot13")]
)
def test_blocks_that_nobody_can_cut_are_refused(
    fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, size: str, algorithm: str
) -> None:
    headers = {"X-Container-Block-Size": size, "X-Container-Block-Hash": algorithm}
    fake.before = lambda asked: Answer(204, b"", headers) if asked.method == "HEAD" else None
    with pytest.raises(BadInput, match="of the cloud"):
        cloud.objects.put(a_file(tmp_path), "c", "o", watch=quiet)


def test_what_is_to_be_new_takes_nobodys_place(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", b"old")
    for put in (
        lambda: cloud.objects.put(a_file(tmp_path), "c", "o", watch=quiet, only_new=True),
        lambda: cloud.objects.put_bytes(b"hello", "c", "o", only_new=True),
    ):
        with pytest.raises(AlreadyExists, match="c/o"):
            put()
    assert fake.bytes_of("c/o") == b"old"


@pytest.mark.parametrize(
    "dress", [Dress(content_type="a\r\nX-Evil: 1"), Dress(metadata={"a b": "1"}), Dress(metadata={"a": "\0"})]
)
def test_what_no_header_carries_is_never_sent(fake: FakeSynnefo, cloud: Cloud, dress: Dress) -> None:
    with pytest.raises(BadInput):
        cloud.objects.put_bytes(b"x", "c", "o", dress=dress)
    assert fake.asked == []


def test_metadata_come_back_as_they_were(cloud: Cloud) -> None:
    wanted = {"colour": " deep blue é%41 ☃ ", "a%41": "+"}
    cloud.objects.put_bytes(b"x", "c", "o", dress=Dress(content_type="text/plain; a=☃+", metadata=wanted))
    found = cloud.objects.show("c", "o")
    assert (found.content_type, found.metadata) == ("text/plain; a=☃+", wanted)
