"""ClamAV, as a program and as a service, and YARA, by the contract of scanners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from imageferry.domain.errors import BadInput, TimedOut, Unavailable
from imageferry.ports.disk_tools import ToolLimits
from imageferry.ports.scanner import Scanner
from imageferry.tools.scanners import yara
from imageferry.tools.scanners.clamd import Clamd
from imageferry.tools.scanners.clamscan import Clamscan
from imageferry.tools.scanners.yara import Yara
from tests.contracts.scanner import MakeScanner, ScannerContract, scan
from tests.file_systems import EICAR, needs
from tests.scanners import program, signatures, small_clamd, yara_rules

SHORT = ToolLimits(memory_bytes=8 << 30, cpu_s=60, wall_s=1.0)


class TestClamscan(ScannerContract):
    @pytest.fixture
    def scanner(self, tmp_path: Path) -> Scanner:
        needs("clamscan")
        return Clamscan(database=signatures(tmp_path / "signatures"))

    @pytest.fixture
    def make_scanner(self, tmp_path: Path) -> MakeScanner:
        database = tmp_path / "signatures"

        def make(state: str) -> Scanner:
            match state:
                case "missing":
                    return Clamscan(program="no-such-program")
                case "crashing":
                    return Clamscan(program=program(tmp_path, "crash", "kill -SEGV $$"))
                case "hanging":
                    return Clamscan(program=program(tmp_path, "hang", "sleep 60"), limits=SHORT)
                case "silent":
                    return Clamscan(program=program(tmp_path, "silent", "exit 0"))
            needs("clamscan")
            database.mkdir()
            if state == "broken rules":
                (database / "x.ndb").write_text("Broken:0:*:nothex\n")
            return Clamscan(database=database)

        return make

    @pytest.mark.parametrize(
        "said",
        ["echo 0: OK; exit 2", "echo 0: X FOUND; exit 0", "exit 1", "echo 7: OK", "echo 0: what", "printf '0: OK'"],
    )
    def test_what_it_should_not_say_is_not_taken_for_clean(self, tmp_path: Path, said: str) -> None:
        with pytest.raises(Unavailable):
            scan(Clamscan(program=program(tmp_path, "odd", said)), tmp_path, b"clean")


class TestClamd(ScannerContract):
    @pytest.fixture
    def running(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    @pytest.fixture
    def scanner(self, running: ExitStack, tmp_path: Path) -> Scanner:
        return Clamd(running.enter_context(small_clamd(tmp_path)))

    @pytest.fixture
    def make_scanner(self, running: ExitStack, tmp_path: Path) -> MakeScanner:
        def make(state: str) -> Scanner:
            if state == "missing":
                return Clamd(str(tmp_path / "nobody"))
            return Clamd(running.enter_context(small_clamd(tmp_path, state)), seconds=1.0)

        return make

    def test_a_clamd_that_takes_less_is_an_error_that_says_so(self, running: ExitStack, tmp_path: Path) -> None:
        address = running.enter_context(small_clamd(tmp_path, most_bytes=1 << 20))
        with pytest.raises(Unavailable, match="INSTREAM size limit exceeded"):
            scan(Clamd(address), tmp_path, b"x" * (8 << 20))

    def test_silence_is_timed_out(self, running: ExitStack, tmp_path: Path) -> None:
        with pytest.raises(TimedOut, match="clamd did not end within 1 s"):
            scan(Clamd(running.enter_context(small_clamd(tmp_path, "hanging")), seconds=1.0), tmp_path, b"x")

    @pytest.mark.parametrize("address", ["", "clamd", "localhost:", ":3310", "localhost:99999", "localhost:x"])
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(BadInput, match="address of clamd"):
            Clamd(address)


class TestYara(ScannerContract):
    @pytest.fixture
    def scanner(self, tmp_path: Path) -> Scanner:
        return Yara(yara_rules(tmp_path / "rules"))

    @pytest.fixture
    def make_scanner(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeScanner:
        rules = yara_rules(tmp_path / "rules")

        def make(state: str) -> Scanner:
            match state:
                case "missing":
                    monkeypatch.setattr(yara.importlib.util, "find_spec", lambda name: None)
                case "crashing":
                    return Yara(rules, program="no_such_module")
                case "hanging":
                    monkeypatch.setattr(yara.sys, "executable", program(tmp_path, "hang", "sleep 60"))
                    return Yara(rules, limits=SHORT)
                case "silent":
                    monkeypatch.setattr(yara.sys, "executable", program(tmp_path, "silent", "exit 0"))
                case "without rules":
                    (rules / "ferry.yar").unlink()
                case "broken rules":
                    (rules / "more.yara").write_text("rule {")
            return Yara(rules)

        return make

    def test_rules_of_one_name_in_two_files_are_two_rules(self, tmp_path: Path) -> None:
        rules = yara_rules(tmp_path / "rules")
        (rules / "other.yara").write_text('rule FerryTest { strings: $a = "other" condition: $a }')
        assert list(scan(Yara(rules), tmp_path, b"clean", b"the other", EICAR)) == [1, 2]

    def test_a_rule_reads_no_other_file(self, tmp_path: Path) -> None:
        rules = yara_rules(tmp_path / "rules")
        (tmp_path / "secret").write_text("root:x:0:0")
        (rules / "more.yar").write_text('include "../secret"')
        with pytest.raises(Unavailable) as refused:
            scan(Yara(rules), tmp_path, b"clean")
        assert "root:x" not in str(refused.value)

    def test_rules_over_too_little_memory_are_not_taken_for_clean(self, tmp_path: Path) -> None:
        limits = ToolLimits(memory_bytes=200 << 20, cpu_s=60, wall_s=60)
        with pytest.raises(Unavailable):
            scan(Yara(yara_rules(tmp_path / "rules"), limits=limits), tmp_path, b"x" * (150 << 20))
