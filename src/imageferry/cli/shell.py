"""``imageferry shell``: the same commands, one after the other, in the context of a cloud and a container.

A line is a command without the word ``imageferry``. What is special:

    image                a group's name alone enters its context: ``list`` is then ``image list``
    /task list           from the top, whatever the context
    cloud NAME           the cloud that commands work with from now on
    container NAME       the container, which need not be named any more; ``container -`` lets go of it
    ? or ? image list    helps
    !ls -l               a command of the system
    exit, end of input   leaves a context, at the top the shell; /exit leaves the shell
    # ...                nothing

Without a terminal (a script, a pipe) lines are read as they come and nothing is asked; a command that
fails does not end the script, and the shell ends with the code of the first that failed.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import click

from imageferry.cli.bound import Bound
from imageferry.cli.clouds import OpenClouds, end_tidily
from imageferry.cli.run import Run, debug_option
from imageferry.cli.text import escaped

_USAGE = 2  # the exit code of a wrong command line


@click.command(help=__doc__.replace("\n    ", "\n\b\n    ", 1))
@click.option("--cloud", help="That commands work with at first.")
@debug_option
@click.pass_obj
def shell(run: Run, cloud: str | None) -> int:
    from imageferry.cli.main import cli

    end_tidily()
    clouds = OpenClouds()
    try:
        session = Session(cli, replace(run, cloud=cloud or run.cloud or os.environ.get("OS_CLOUD"), clouds=clouds))
        if sys.stdin.isatty() and sys.stdout.isatty():
            from imageferry.cli.shell_prompt import prompted

            _obey_all(session, prompted(session))
            return 0
        return _obey_all(session, _read())
    finally:
        clouds.close()


class Session:
    """Where a person is in the shell, and what a line does there."""

    def __init__(self, top: click.Group, run: Run) -> None:
        self._top = top
        self.run = run
        self.path: tuple[str, ...] = ()  # of the group whose context we are in
        self.ended = False

    @property
    def commands(self) -> click.Group:
        """All commands, as they are in the chosen container."""
        return Bound(self._top, self.run.container) if self.run.container else self._top

    @property
    def prompt(self) -> str:
        place = ":".join(part for part in (self.run.cloud or "imageferry", self.run.container) if part)
        return escaped(f"{' '.join([place, *self.path])}> ")

    def leave(self) -> None:
        """One context up; from the top, out."""
        self.ended = not self.path
        self.path = self.path[:-1]

    def obey(self, line: str) -> int:
        """Do what a line says; returns the exit code."""
        line = line.strip()
        if line.startswith("!"):
            return self.run.code_of(lambda: _system(line[1:]))
        from_top, path = line.startswith("/"), () if line.startswith("/") else self.path
        words = words_of(line)
        if words is None:
            self.run.say(f"this line has a quote that does not end: {line[:100]}")
            return _USAGE
        if words in (["exit"], ["quit"]):
            self.leave()
            self.ended |= from_top
        elif words and words[0] in ("?", "help"):
            return self._run([*path, *words[1:], "--help"])
        elif words:
            return self._obey([*path, *words])
        elif from_top:
            self.path = ()
        return 0

    def _obey(self, words: list[str]) -> int:
        """Do what words say that are read from the top."""
        match words:
            case ["cloud", name] if self._is_name("cloud", name):
                return self.run.code_of(lambda: self._choose_cloud(name))
            case ["container", name] if self._is_name("container", name):
                self.run.container = "" if name == "-" else name
            case ["shell", *_]:
                self.run.say("this is the shell already")
                return _USAGE
            case _ if isinstance(self.found(words), click.Group):
                self.path = tuple(words)
            case _:
                return self._run(words)
        return 0

    def _run(self, words: list[str]) -> int:
        def act() -> object:
            run = replace(self.run)
            code: object = self.commands.main(words, prog_name="imageferry", standalone_mode=False, obj=run)
            sys.stdout.flush()
            return code

        return self.run.code_of(act)

    def _is_name(self, group: str, word: str) -> bool:
        """Whether a word after a group's name is a thing's name: neither an option nor a command."""
        return (word == "-" or not word.startswith("-")) and self.found([group, word]) is None

    def found(self, words: Sequence[str]) -> click.Command | None:
        """The command or group of exactly these words."""
        found: click.Command | None = self._top
        for word in words:
            found = found.get_command(click.Context(found), word) if isinstance(found, click.Group) else None
        return found

    def _choose_cloud(self, name: str) -> None:
        from imageferry.clients import clouds
        from imageferry.domain.errors import NotFound

        if all(entry.name != name for entry in clouds(os.environ)):
            raise NotFound("cloud", name)
        if name != self.run.cloud:
            self.run.cloud, self.run.container = name, ""


def words_of(line: str) -> list[str] | None:
    """The words of a line, without the slash that leads to the top; None: a quote does not end."""
    if line.startswith("#"):
        return []
    line = line.removeprefix("/")
    try:
        return ["?", *shlex.split(line[1:])] if line.startswith("?") else shlex.split(line)
    except ValueError:
        return None


def _obey_all(session: Session, lines: Iterable[str]) -> int:
    """Obey lines until they end, or one of them ends the shell; the code of the first that failed."""
    first = 0
    for line in lines:
        code = session.obey(line)
        first = first or code
        if session.ended:
            break
    return first


def _read() -> Iterator[str]:
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # names of files may be any bytes
    yield from sys.stdin


def _system(command: str) -> int:
    """Run a command of the system's shell; in a script it must not eat the lines that follow."""
    if "\0" in command:
        raise click.UsageError("a command of the system holds no NUL.")
    sys.stdout.flush()
    stdin = None if sys.stdin.isatty() else subprocess.DEVNULL
    return subprocess.run(command, shell=True, stdin=stdin, check=False).returncode  # noqa: S602 -- asked for by name
