"""docs/from-kamaki.md: every command that it names is there, and its walk through the guide does what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from imageferry.cli.main import cli
from tests.journeys.person import NewPerson, Person
from tests.journeys.quick import quick

PAGE = Path(__file__).parents[2] / "docs" / "from-kamaki.md"
ENDS_WITH = re.compile(r"\s+# ends with (\d+)$")


def _named() -> Iterator[str]:
    """Commands in the tables, each with the options that are named beside it ("or ...") as one more."""
    for row in re.findall(r"^\|.*\|$", PAGE.read_text(), re.MULTILINE):
        cell = row.rsplit("|", 2)[1]
        words = re.findall(r"`([^`]+)`", cell)
        if words and words[0].startswith("imageferry "):
            yield words[0]
            yield from (f"{words[0]} {more}" for more in words[1:] if more.startswith("-"))


@pytest.mark.parametrize("line", sorted(set(_named())))
def test_every_command_and_option_that_the_page_names_is_there(line: str) -> None:
    _, *words = shlex.split(line)
    command: click.Command | None = cli
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.fixture
def person(new_person: NewPerson) -> Person:
    """Somebody with the page's files, who knows the service as a Synnefo cloud."""
    person = quick(new_person())
    clouds = person.folder / "clouds.yaml"
    document = yaml.safe_load(clouds.read_text())
    token = person.service.admin("token", document["clouds"]["here"]["auth"]["username"])
    document["clouds"]["snf"] = {"type": "synnefo", "url": f"{person.service.url}/identity/v2.0", "token": token}
    clouds.write_text(yaml.safe_dump(document))
    person.env["OS_CLOUD"] = "snf"
    (person.folder / "images").mkdir()
    for name in ("debian.diskdump", "images/one.diskdump", "images/two.diskdump"):
        (person.folder / name).write_bytes(b"\0" * 510 + b"\x55\xaa" + os.urandom(1 << 20))
    wishes = {"disk-format": "diskdump", "properties": {"OSFAMILY": "linux", "ROOT_PARTITION": 1}}
    (person.folder / "template.json").write_text(json.dumps(wishes))
    return person


def test_the_guide_goes_once_through(person: Person, new_person: NewPerson) -> None:
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    names = {"$PROJECT": person.project_id, "$FRIEND": new_person().project_id}
    assert len(lines) > 20
    for line in lines:
        found = ENDS_WITH.search(line)
        _, *words = shlex.split(line, comments=True)
        person(*(names.get(word, word) for word in words), ends_with=int(found[1]) if found else 0)
    again = person.folder / "images-again"
    assert (again / "one.diskdump").read_bytes() == (person.folder / "images" / "one.diskdump").read_bytes()
