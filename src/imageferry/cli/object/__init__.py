"""``imageferry object`` and ``imageferry container``: named bytes, and what keeps them."""

from __future__ import annotations

import click

from imageferry.cli.object import access, containers, looking, travelling


@click.group("object")
def object_group() -> None:
    """Objects in the containers of a cloud."""


@click.group("container")
def container_group() -> None:
    """Containers of a cloud."""


for _part in (looking, travelling, access):
    for _command in _part.COMMANDS:
        object_group.add_command(_command)
for _command in containers.COMMANDS:
    container_group.add_command(_command)
