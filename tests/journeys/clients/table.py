"""What a row of the matrix is, and how rows of one group are walked.

A row is a command as a person would type it, or the reason why it cannot work here. ``docs/clients.md`` is made of the
same rows (``page.py``), so that what stands there has been run.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

PATIENCE_S = 30.0
_SHOWN = 1500  # characters of what a command said, where it is wrong


@dataclass(frozen=True, slots=True)
class Row:
    """One command of a client and what comes of it.

    ``$name`` in ``words`` and ``says`` stands for what an earlier row kept, or for a name of the group (people.py).
    """

    words: str  # without the client's own name
    says: str = ""  # a regular expression: what the command must print, on stdout or stderr
    why: str = ""  # it does not work, for this reason; then it must end with an error
    keep: str = ""  # what it prints, or the first group of ``says``, is known to later rows by this name
    who: str = "member"  # member, friend or admin
    same: str = ""  # two files, "back.raw disk.raw", that hold the same bytes afterwards
    until: bool = False  # asked again until it says so: something else has to end first
    client: str = ""  # another client than the group's
    family: str = ""  # all commands that begin with these words share the outcome


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one client, walked in their order by a person with a fresh project."""

    client: str
    title: str
    rows: Sequence[Row]
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


# How a command of a client is run: (client, words, who asks) to what is said.
Runs = Callable[[str, list[str], str], Said]


@dataclass(slots=True)
class Trip:
    """A walk over the rows of a group."""

    folder: Path
    runs: Runs
    known: dict[str, str] = field(default_factory=dict)

    def troubles(self, group: Group) -> Iterator[str]:
        """Rows that did not turn out as the table says, each with what happened instead."""
        for row in group.rows:
            if trouble := self._trouble(row.client or group.client, row):
                yield f"{row.client or group.client} {self._fill(row.words)}\n    {trouble}"

    def _trouble(self, client: str, row: Row) -> str:
        text = self._fill(row.words)
        words = [text] if client == "python" else shlex.split(text, comments=True)
        ends = time.monotonic() + PATIENCE_S
        while True:
            said = self.runs(client, words, row.who)
            wrong = self._wrong(client, row, said)
            if not wrong or not row.until or time.monotonic() > ends:
                return wrong
            time.sleep(0.2)

    def _wrong(self, client: str, row: Row, said: Said) -> str:
        told = f"code {said.code}\n{said.out[-_SHOWN:]}\n{said.err[-_SHOWN:]}"
        if bool(said.code) != bool(row.why):
            return ("works, though the table has a reason why not" if row.why else "does not work") + f": {told}"
        if row.why and client != "python" and "Traceback" in said.err:
            return f"ends with a traceback: {told}"
        found = re.search(self._fill(row.says, re.escape), said.out + said.err, re.MULTILINE | re.DOTALL)
        if found is None:
            return f"does not say {row.says!r}: {told}"
        if row.keep:
            self.known[row.keep] = found[1] if found.re.groups else said.out.strip()
        if row.same:
            one, other = (self.folder / name for name in row.same.split())
            if one.read_bytes() != other.read_bytes():
                return f"{row.same} differ"
        return ""

    def _fill(self, text: str, form: Callable[[str], str] = str) -> str:
        known: Mapping[str, str] = {name: form(value) for name, value in self.known.items()}
        return Template(text).safe_substitute(known)
