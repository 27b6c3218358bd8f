"""Runs inside the peers' environment: the unchanged clients' own entry points, called many times in one process.

Starting Python and importing a client takes a second or two; a matrix of hundreds of commands would wait for
nothing else. A line of JSON on stdin is one command, a line on stdout what came of it:

    {"client": "openstack", "words": ["image", "list"], "env": {...}, "folder": "/tmp/x"}
    {"code": 0, "out": "...", "err": "..."}

``client`` may also be ``python``: statements, in a namespace kept per folder; the value of the last is shown.
``commands`` lists all the commands that a client has.
"""

# Running and printing what it is told is all that this program does.
# ruff: noqa: S102, S307, T201

from __future__ import annotations

import ast
import importlib.metadata
import io
import json
import logging
import os
import pty
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

_spaces: dict[str, dict[str, Any]] = {}


def _openstack(words: list[str]) -> object:
    from openstackclient import shell
    from osc_lib.clientmanager import ClientCache, ClientManager

    for kept in vars(ClientManager).values():
        if isinstance(kept, ClientCache):
            kept._handle = None  # made for one user, and kept as long as the process
    return shell.main(words)


def _glance(words: list[str]) -> object:
    from glanceclient import shell

    sys.argv = ["glance", *words]
    return shell.main()


def _swift(words: list[str]) -> object:
    from swiftclient import shell

    return shell.main(["swift", *words])


def _python(words: list[str]) -> object:
    space = _spaces.setdefault(str(Path.cwd()), {})
    for text in words:
        tree = ast.parse(text)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<the matrix>", "exec"), space)
        if last is not None:
            print(repr(eval(compile(ast.Expression(last.value), "<the matrix>", "eval"), space)))
    return 0


def _commands(words: list[str]) -> object:
    (client,) = words
    if client == "openstack":
        for group in ("openstack.identity.v3", "openstack.image.v2", "openstack.object_store.v1"):
            for entry in importlib.metadata.entry_points(group=group):
                print(entry.name.replace("_", " "))
    elif client == "glance":
        told = io.StringIO()
        with redirect_stdout(told):
            _glance(["help"])
        print("\n".join(re.findall(r"^    ([a-z][a-z-]+)\b", told.getvalue(), re.MULTILINE)))
    else:
        from swiftclient import shell

        print("\n".join(shell.commands))
    return 0


_CLIENTS: dict[str, Callable[[list[str]], object]] = {
    "openstack": _openstack,
    "glance": _glance,
    "swift": _swift,
    "python": _python,
    "commands": _commands,
}


def _run(client: str, words: list[str]) -> int:
    try:
        code = _CLIENTS[client](words)
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
            return 1
        code = error.code
    except BaseException:
        traceback.print_exc()
        return 1
    return int(code or 0)  # type: ignore[call-overload,no-any-return]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    questions = os.fdopen(os.dup(0))
    os.dup2(pty.openpty()[1], 0)  # a terminal: what is piped in would be taken for the data of an image
    before = dict(os.environ)
    for line in questions:
        asked = json.loads(line)
        os.environ.clear()
        os.environ.update(before | asked["env"])
        os.chdir(asked["folder"])
        logging.getLogger().handlers.clear()  # every run of openstack adds its own
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            code = _run(asked["client"], asked["words"])
            sys.stdout.flush()
            sys.stderr.flush()
            said = {}
            for name, file in (("out", out), ("err", err)):
                file.seek(0)
                said[name] = file.read().decode("utf-8", "replace")
        print(json.dumps({"code": code, **said}), file=answers, flush=True)


if __name__ == "__main__":
    main()
