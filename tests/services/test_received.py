"""The note of what a fetch has stored: read back as it was written, and trusted with nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.domain.block import EMPTY, BlockName
from imageferry.ports.fetcher import Mark
from imageferry.service.importing.received import Received

MARK = Mark(etag='"a\\b"', last_modified="Fri, 20 Nov 2026 07:28:02 GMT", size=40 << 20)
NAMES = [BlockName(f"{number:064x}") for number in range(5)] + [EMPTY]


def noted(folder: Path) -> Path:
    received = Received(folder)
    received.begin(MARK, NAMES[:2])
    received.add(NAMES[2:5])
    received.add(NAMES[5:])
    assert received.count == len(NAMES)
    return folder / "received"


def test_it_comes_back_as_it_was_noted(tmp_path: Path) -> None:
    assert Received(tmp_path).read() == (None, [])
    noted(tmp_path)
    assert Received(tmp_path).read() == (MARK, NAMES)


def test_a_file_that_nothing_can_be_gone_on_with_is_not_noted(tmp_path: Path) -> None:
    noted(tmp_path)
    received = Received(tmp_path)
    received.begin(None)
    received.add(NAMES)
    assert received.count is None
    assert Received(tmp_path).read() == (None, [])


@pytest.mark.parametrize("lost", range(1, 140, 7))
def test_a_note_that_is_cut_short_counts_as_far_as_it_goes(tmp_path: Path, lost: int) -> None:
    path = noted(tmp_path)
    path.write_bytes(path.read_bytes()[:-lost])
    mark, names = Received(tmp_path).read()
    assert mark == MARK
    assert names == NAMES[: len(names)]
    assert len(names) >= len(NAMES) - 1 - lost // 67


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        (b"\n2 ", b"\n3 ", 2),
        (b"\n2 ", b"\n\0 ", 2),
        (b"\n2 0", b"\n2 X", 2),
        (b"\n2 ", b"\n\n2 ", 2),
        (b"\n0 ", b"\n99999999999 ", 0),
        (b"\n0 ", b"\n\xff\xfe ", 0),
    ],
)
def test_what_makes_no_sense_ends_it(tmp_path: Path, old: bytes, new: bytes, left: int) -> None:
    path = noted(tmp_path)
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert Received(tmp_path).read() == (MARK, NAMES[:left])


@pytest.mark.parametrize("text", [b"", b"\n", b"null\n", b"[]\n", b'{"etag": 5}\n', b"\0" * 4096, b"{" * 5000])
def test_without_a_mark_there_is_nothing(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "received").write_bytes(text + b"0 " + NAMES[0].encode() + b"\n")
    assert Received(tmp_path).read() == (None, [])
