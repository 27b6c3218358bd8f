"""Commands as they are in the shell while a container is chosen: nobody has to name it again."""

from __future__ import annotations

import copy
from functools import partial

import click


class Bound(click.Group):
    """A group whose commands, and those of the groups below, have their CONTAINER already.

    A command that takes it as an argument loses that argument; one that takes it as an option gets
    another default.
    """

    def __init__(self, inner: click.Group, container: str) -> None:
        super().__init__(
            name=inner.name,
            help=inner.help,
            params=inner.params,
            callback=inner.callback,
            context_settings=inner.context_settings,
        )
        self._inner = inner
        self._container = container

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._inner.list_commands(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self._inner.format_commands(ctx, formatter)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = self._inner.get_command(ctx, cmd_name)
        if isinstance(found, click.Group):
            return Bound(found, self._container)
        return None if found is None else _bound(found, self._container)


def _bound(command: click.Command, container: str) -> click.Command:
    param = next((param for param in command.params if param.name == "container"), None)
    if param is None or param.nargs != 1 or command.callback is None:
        return command
    bound = copy.copy(command)
    if isinstance(param, click.Argument):
        bound.params = [each for each in command.params if each is not param]
        bound.callback = partial(command.callback, container=container)
    else:
        other = copy.copy(param)
        other.default = container
        bound.params = [other if each is param else each for each in command.params]
    return bound
