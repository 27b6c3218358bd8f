"""The shell at a terminal: a line editor, completion, and the history of what was typed.

The one module that loads prompt_toolkit. The history is kept in the user's state folder, for their eyes
only, without commands of the system and without lines that hold what looks like a secret.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from imageferry.cli.clouds import cloud_names
from imageferry.cli.names import container_names
from imageferry.cli.text import escaped
from imageferry.domain.errors import FerryError
from imageferry.logs import redacted

if TYPE_CHECKING:
    from imageferry.cli.shell import Session

_OWN = ("exit", "help")


def prompted(session: Session) -> Iterator[str]:
    """Lines that a person types, until the session ends. Ctrl-D leaves a context, Ctrl-C the line."""
    history = history_at(history_file(os.environ), session)
    typing: PromptSession[str] = PromptSession(
        history=history, completer=Words(session), complete_in_thread=True, complete_while_typing=False
    )
    while not session.ended:
        try:
            yield typing.prompt(session.prompt)
        except KeyboardInterrupt:
            continue
        except EOFError:
            session.leave()


def history_file(env: Mapping[str, str]) -> Path:
    """Where the XDG rules have it: ``$XDG_STATE_HOME``, by default ``~/.local/state``."""
    folder = Path(env.get("XDG_STATE_HOME") or "")
    return (folder if folder.is_absolute() else Path.home() / ".local" / "state") / "imageferry" / "history"


def history_at(file: Path, session: Session) -> History:
    """The history in a file that only its owner can read; where that cannot be, one for this time only."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        try:
            os.fchmod(fd, 0o600)
        finally:
            os.close(fd)
    except OSError as error:
        session.run.say(f"what you type is not kept: {file}: {error.strerror}")
        return InMemoryHistory()
    return _Kept(file)


class _Kept(FileHistory):
    def store_string(self, string: str) -> None:
        if is_kept(string):
            super().store_string(string)


def is_kept(line: str) -> bool:
    """Whether a line may stand in the history: no system's command, nothing after a blank, no secret."""
    return not line.startswith((" ", "!")) and redacted(line) == line


class Words(Completer):
    """What may come next: commands, options, their values, and names of clouds, containers, objects and images."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        line = document.text_before_cursor.lstrip()
        if line.startswith(("!", "#")):
            return
        before, begun = _split(line.removeprefix("/").removeprefix("?"))
        path = [] if line.startswith("/") else list(self._session.path)
        before = before[1:] if before[:1] in (["?"], ["help"]) else before
        for item in self._items([*path, *before], begun):
            if item.type in ("file", "dir"):
                yield from self._paths.get_completions(Document(begun), complete_event)
            else:
                value = str(item.value)
                yield Completion(
                    shlex.quote(value), -len(begun), display=escaped(value), display_meta=escaped(item.help or "")
                )

    def _items(self, words: list[str], begun: str) -> Iterator[CompletionItem]:
        session = self._session
        completing = ShellComplete(session.commands, {"obj": session.run}, "imageferry", "")
        try:
            yield from completing.get_completions(list(words), begun)
        except (click.ClickException, FerryError):
            return  # what stands there already makes no sense; the command will say so
        ask = _AFTER_GROUPS.get(tuple(words))
        if ask is not None:
            context = click.Context(session.commands, obj=session.run)
            yield from ask(context, click.Option(["--name"]), begun)
        if words == list(session.path):
            yield from (CompletionItem(word) for word in _OWN if word.startswith(begun))


_AFTER_GROUPS: Mapping[tuple[str, ...], Callable[..., list[CompletionItem]]] = {
    ("cloud",): cloud_names,
    ("container",): container_names,
}
"""Names that the shell takes after the name of a group."""


def _split(line: str) -> tuple[list[str], str]:
    """The whole words of a line, and what there is of the next one; a quote may still be open."""
    words = split_arg_string(line)
    begun = words.pop() if words and not line[-1:].isspace() else ""
    return words, begun
