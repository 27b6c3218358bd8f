"""Add clouds to a clouds.yaml that a person may have written: comments and order stay."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from imageferry.domain.errors import AlreadyExists, BadInput, Unavailable

_HEAD = re.compile(r"^clouds:[ \t]*(?:#.*)?$", re.MULTILINE)
_INDENT = re.compile(r"^([ ]+)\S", re.MULTILINE)


def users_file(env: Mapping[str, str]) -> Path:
    """The clouds.yaml of the user, where none is there yet."""
    if named := env.get("OS_CLIENT_CONFIG_FILE"):
        return Path(named)
    base = env.get("XDG_CONFIG_HOME") or str(Path(env.get("HOME", ".")) / ".config")
    return Path(base) / "openstack" / "clouds.yaml"


def add(path: Path, entries: Mapping[str, Mapping[str, object]]) -> None:
    """Add entries, all or none; afterwards only the owner may read the file, which holds a password now.

    Raises:
        AlreadyExists: there is a cloud of one of the names.
        BadInput: the file is not what a clouds.yaml is.
        Unavailable: it cannot be written.
    """
    path = path.resolve()  # a link stays a link
    try:
        text = path.read_text() if path.exists() else ""
        document = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(str(path), reason=str(error)) from error
    except yaml.YAMLError:
        raise BadInput("clouds.yaml", str(path), "a YAML file") from None
    known = {} if document is None else document
    clouds = known.get("clouds") if isinstance(known, dict) else None
    if not isinstance(known, dict) or not isinstance(clouds, dict | None):
        raise BadInput("clouds.yaml", str(path), "a mapping with the key 'clouds'")
    wanted = {**known, "clouds": dict(clouds or {})}
    for name, entry in entries.items():
        if name in wanted["clouds"]:
            raise AlreadyExists("cloud", name)
        wanted["clouds"][name] = dict(entry)
        text = _with_entry(text, name, entry, wanted)
    _write(path, text)


def _with_entry(before: str, name: str, entry: Mapping[str, object], wanted: Mapping[str, Any]) -> str:
    """The text with the entry put in as the first cloud; written anew only where that does not work out."""
    if head := _HEAD.search(before):
        after = before[head.end() :]
        indent = found[1] if (found := _INDENT.search(after)) else "  "
        block = yaml.safe_dump({name: dict(entry)}, sort_keys=False)
        text = before[: head.end()] + "\n" + "".join(f"{indent}{line}\n" for line in block.splitlines()) + after[1:]
    else:
        block = yaml.safe_dump({"clouds": {name: dict(entry)}}, sort_keys=False)
        text = f"{before.rstrip()}\n{block}" if before.strip() else block
    try:
        if yaml.safe_load(text) == wanted:
            return text
    except yaml.YAMLError:
        pass
    return yaml.safe_dump(wanted, sort_keys=False)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others in between."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd, fresh = tempfile.mkstemp(prefix=".clouds.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(fd, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(fresh).replace(path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Unavailable(str(path), reason=error.strerror or str(error)) from error
