"""``imageferry image``: look at images, register, change, share, withdraw and download them."""

from __future__ import annotations

import click

from imageferry.cli.image import changing, looking, registering, sharing


@click.group()
def image() -> None:
    """Images of a cloud."""


for _part in (looking, registering, changing, sharing):
    for _command in _part.COMMANDS:
        image.add_command(_command)
