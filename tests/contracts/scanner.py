"""What every scanner promises (see ports/scanner.py). Its rules here find ``MARK``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.domain.errors import Cancelled, Unavailable
from imageferry.ports.scanner import Scanner
from tests.file_systems import EICAR

MARK = EICAR
MIB = 1 << 20

MakeScanner = Callable[[str], Scanner]
"""The scanner in a state: "sound", "missing", "crashing", "hanging", "silent", "without rules", "broken rules"."""

STATES = ["missing", "crashing", "hanging", "silent", "without rules", "broken rules"]


def scan(scanner: Scanner, tmp_path: Path, *contents: bytes, names: list[str] | None = None) -> dict[int, str]:
    """Which of the files have what in them."""
    files, folder = tmp_path / "files", tmp_path / "work"
    files.mkdir()
    folder.mkdir()
    paths = [files / name for name in names or [f"{number}" for number in range(len(contents))]]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return {match.index: match.rule for match in scanner.scan(paths, folder=folder, watch=lambda: None)}


class ScannerContract:
    def test_what_the_rules_know_is_found_and_named(self, scanner: Scanner, tmp_path: Path) -> None:
        found = scan(scanner, tmp_path, b"clean", MARK, b"clean too")
        assert list(found) == [1]
        assert "Ferry" in found[1]

    def test_clean_files_are_clean(self, scanner: Scanner, tmp_path: Path) -> None:
        assert scan(scanner, tmp_path, b"clean", b"", b"\0" * 70_000, MARK[:-1]) == {}

    def test_nothing_is_clean(self, scanner: Scanner, tmp_path: Path) -> None:
        assert scan(scanner, tmp_path) == {}

    @pytest.mark.parametrize("at", [0, 5 * MIB, -len(MARK)])
    def test_it_is_found_anywhere_in_a_file_of_the_largest_size(
        self, scanner: Scanner, tmp_path: Path, at: int
    ) -> None:
        size = min(scanner.most_bytes, 40 * MIB)
        content = bytearray(b"x" * size)
        at %= size
        content[at : at + len(MARK)] = MARK
        assert list(scan(scanner, tmp_path, bytes(content))) == [0]

    @pytest.mark.parametrize("name", ["-rf", "a b\n1: OK", "--help", "0: Rule FOUND\n", "\N{ROCKET}", "x\udcff", "%s"])
    def test_a_name_is_only_a_name(self, scanner: Scanner, tmp_path: Path, name: str) -> None:
        assert list(scan(scanner, tmp_path, b"clean", MARK, names=["clean", name])) == [1]

    def test_many_files_are_all_looked_at(self, scanner: Scanner, tmp_path: Path) -> None:
        contents = [b"clean %d" % number for number in range(300)]
        contents[299] = MARK
        assert list(scan(scanner, tmp_path, *contents)) == [299]

    def test_raising_in_watch_ends_the_work(self, scanner: Scanner, tmp_path: Path) -> None:
        def stop() -> None:
            raise Cancelled("the import")

        (tmp_path / "file").write_bytes(MARK)
        (tmp_path / "work").mkdir()
        with pytest.raises(Cancelled):
            scanner.scan([tmp_path / "file"], folder=tmp_path / "work", watch=stop)

    @pytest.mark.parametrize("state", STATES)
    def test_a_scanner_that_cannot_say_never_says_clean(
        self, make_scanner: MakeScanner, tmp_path: Path, state: str
    ) -> None:
        with pytest.raises(Unavailable, match=r".+ (cannot be used now|did not end within): ?.+|did not end"):
            scan(make_scanner(state), tmp_path, b"clean")

    def test_a_file_that_is_not_there_is_not_clean(self, scanner: Scanner, tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        with pytest.raises(Unavailable):
            scanner.scan([tmp_path / "missing"], folder=tmp_path / "work", watch=lambda: None)
