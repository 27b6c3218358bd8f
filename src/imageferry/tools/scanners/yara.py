"""YARA rules, by yara-x, in a program of its own in the cage: rules meet bytes that strangers wrote."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from imageferry.domain.errors import Unavailable
from imageferry.ports.disk_tools import ToolLimits
from imageferry.ports.scanner import Match
from imageferry.tools.cage import Ended, run_caged
from imageferry.tools.cage_walls import hand_over
from imageferry.tools.scanners.words import short

# yara-x holds a file as a whole, twice at times, and reserves address space that it does not use.
_LIMITS = ToolLimits(memory_bytes=4 << 30, cpu_s=3600, wall_s=3600.0)
_PROGRAM = "imageferry.tools.scanners.yara_reader"


class Yara:
    most_bytes = 256 << 20

    def __init__(self, rules: Path, *, limits: ToolLimits = _LIMITS, program: str = _PROGRAM) -> None:
        """``rules``: a folder; every ``*.yar`` and ``*.yara`` in it counts."""
        self._rules = rules
        self._limits = limits
        self._program = program

    def scan(self, files: Sequence[Path], *, folder: Path, watch: Callable[[], None]) -> list[Match]:
        if not files:
            return []
        if importlib.util.find_spec("yara_x") is None:
            raise Unavailable("YARA", reason="the Python package yara-x is not installed")
        names = folder / "files"
        for file in files:
            hand_over(file)
        names.write_text(json.dumps([str(file.absolute()) for file in files]), encoding="utf-8")
        said = _Said(watch)
        ended = run_caged(
            [sys.executable, "-I", "-m", self._program, str(self._rules.absolute()), names.name],
            limits=self._limits,
            folder=folder,
            reads=[self._rules, *files],
            watch=said,
        )
        return said.matches(ended, len(files))


class _Said:
    """Lines of JSON: ``{"index", "rule"}`` for each match, at the end ``{"done": number of files}``."""

    def __init__(self, watch: Callable[[], None]) -> None:
        self._watch = watch
        self._rest = b""
        self._matches: list[Match] = []
        self._done: int | None = None
        self._error = ""

    def __call__(self, data: bytes) -> None:
        self._watch()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                told = json.loads(line)
                if "rule" in told:
                    self._matches.append(Match(index=int(told["index"]), rule=short(told["rule"])))
                self._done = told.get("done", self._done)
                self._error = short(told.get("error", self._error))
            except (ValueError, TypeError, KeyError, AttributeError):
                self._error = "it said what makes no sense"

    def matches(self, ended: Ended, count: int) -> list[Match]:
        """Raises Unavailable: not every file was looked at."""
        if ended.code or self._error or self._done != count:
            raise Unavailable(
                "YARA", reason=self._error or f"the program that applies the rules ended with {ended.code}"
            )
        if any(not 0 <= match.index < count for match in self._matches):
            raise Unavailable("YARA", reason="it said what makes no sense")
        return self._matches
