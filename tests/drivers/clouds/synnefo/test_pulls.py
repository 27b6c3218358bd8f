"""Files that come here by their blocks: what travels, what is left, and what is never written."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from imageferry import client
from imageferry.client import Pulled
from imageferry.domain.errors import BadInput, DigestMismatch, Unavailable
from imageferry.ports.cloud import Cloud, Moved
from tests.fake_cloud import Answer
from tests.fake_synnefo import FakeSynnefo

BLOCK = 4096


def noise(blocks: int) -> bytes:
    return os.urandom(blocks * BLOCK)


def fetched(fake: FakeSynnefo) -> list[str]:
    """The ranges that were asked for."""
    return [asked.headers["range"] for asked in fake.made("GET", "/c/o") if "range" in asked.headers]


def pull(cloud: Cloud, target: Path) -> Pulled:
    return client.pull_object(cloud, "c", "o", target)


def part_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.imageferry.part")


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 17])
def test_an_object_of_any_size_comes_whole(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, size: int) -> None:
    fake.keep("c/o", os.urandom(size))
    pulled = pull(cloud, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")
    assert (pulled.size, pulled.sent) == (size, size)
    assert list(tmp_path.glob(".*")) == []


def test_only_blocks_that_differ_from_the_file_here_travel(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    old = noise(10)
    (tmp_path / "back").write_bytes(old)
    fake.keep("c/o", old[: 3 * BLOCK] + noise(1) + old[4 * BLOCK :] + b"more")
    pulled = pull(cloud, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")
    wanted = {f"bytes={3 * BLOCK}-{4 * BLOCK - 1}", f"bytes={10 * BLOCK}-{10 * BLOCK + 3}"}
    assert (len(fetched(fake)), set(fetched(fake))) == (2, wanted)
    assert (pulled.sent, pulled.already_there) == (BLOCK + 4, 9 * BLOCK)


def test_blocks_that_lie_elsewhere_here_are_taken_from_there(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    old = noise(6)
    (tmp_path / "back").write_bytes(old)
    fake.keep("c/o", old[4 * BLOCK :] + old[: 4 * BLOCK] + old[:BLOCK])
    assert pull(cloud, tmp_path / "back").sent == 0
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")
    assert fetched(fake) == []


def test_equal_blocks_travel_once_and_stand_everywhere(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    block, end = noise(1), b"abc"
    fake.keep("c/o", block + end.ljust(BLOCK, b"\0") + block + bytes(BLOCK) + block + end)
    pulled = pull(cloud, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")
    assert (len(fetched(fake)), pulled.sent) == (2, 2 * BLOCK)


def test_holes_stay_holes(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(1) + bytes(500 * BLOCK) + noise(1) + bytes(100 * BLOCK))
    pulled = pull(cloud, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")
    assert pulled.skipped == 600 * BLOCK
    assert (tmp_path / "back").stat().st_blocks * 512 <= 10 * BLOCK


def test_old_data_where_a_hole_belongs_does_not_shine_through(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(1) + bytes(2 * BLOCK) + noise(1) + bytes(100))
    for left in (tmp_path / "back", part_of(tmp_path / "back")):
        left.write_bytes(noise(9))
        pull(cloud, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")


def test_a_download_that_was_cut_goes_on_with_the_rest(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(40))
    target = tmp_path / "back"
    target.write_bytes(b"old")
    fake.instead = lambda asked, answer: Answer(503) if "range" in asked.headers and len(fetched(fake)) > 12 else answer
    with pytest.raises(Unavailable):
        pull(cloud, target)
    assert target.read_bytes() == b"old"
    assert part_of(target).exists()
    fake.instead = lambda _, answer: answer
    pulled = pull(cloud, target)
    assert target.read_bytes() == fake.bytes_of("c/o")
    assert pulled.already_there >= 8 * BLOCK
    assert pulled.sent + pulled.already_there == 40 * BLOCK
    assert not part_of(target).exists()


@pytest.mark.parametrize("lie", [bytes(BLOCK), os.urandom(BLOCK)], ids=["zeros", "noise"])
def test_a_block_that_is_another_one_is_never_kept(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path, lie: bytes) -> None:
    fake.keep("c/o", noise(3))
    (tmp_path / "back").write_bytes(b"old")
    fake.instead = lambda asked, answer: Answer(206, lie, answer.headers) if "range" in asked.headers else answer
    with pytest.raises(DigestMismatch, match=r"c/o, block \d"):
        pull(cloud, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"old"
    assert not part_of(tmp_path / "back").exists()


def test_a_block_that_was_damaged_once_is_asked_for_again(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(3))
    fake.instead = lambda asked, answer: (
        Answer(206, noise(1), answer.headers) if "range" in asked.headers and len(fetched(fake)) == 1 else answer
    )
    pull(cloud, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")


def test_a_last_block_that_is_longer_than_the_size_is_an_error(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    block = noise(1)
    fake.keep("c/o", block)
    fake.maps["c/o"] = BLOCK + 5, [*fake.maps["c/o"][1], *fake.maps["c/o"][1]]
    with pytest.raises(DigestMismatch):
        pull(cloud, tmp_path / "back")
    assert list(tmp_path.iterdir()) == [tmp_path / "clouds.yaml"]


def test_a_link_is_replaced_and_never_written_through(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(2))
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / "back").symlink_to(secret)
    pull(cloud, tmp_path / "back")
    assert secret.read_bytes() == b"secret"
    assert (tmp_path / "back").read_bytes() == fake.bytes_of("c/o")
    part_of(tmp_path / "back").symlink_to(secret)
    with pytest.raises(Unavailable):
        pull(cloud, tmp_path / "back")
    assert secret.read_bytes() == b"secret"


def test_what_is_no_file_is_left_alone(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(2))
    os.mkfifo(part_of(tmp_path / "back"))
    with pytest.raises((BadInput, Unavailable)):
        pull(cloud, tmp_path / "back")
    with pytest.raises(BadInput):
        pull(cloud, tmp_path)


def test_two_downloads_of_one_file_do_not_meet(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(2))
    with part_of(tmp_path / "back").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="another download"):
            pull(cloud, tmp_path / "back")
    pull(cloud, tmp_path / "back")


def test_progress_comes_to_its_end(fake: FakeSynnefo, cloud: Cloud, tmp_path: Path) -> None:
    fake.keep("c/o", noise(5) + bytes(3 * BLOCK) + b"x")
    steps: list[Moved] = []
    client.pull_object(cloud, "c", "o", tmp_path / "back", watch=steps.append)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    last = steps[-1]
    assert last.done == last.total == last.sent + last.skipped + last.already_there == 8 * BLOCK + 1
