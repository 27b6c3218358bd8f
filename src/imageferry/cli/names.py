"""Completion of names that only a cloud knows. In the shell alone: elsewhere a Tab would have to log in first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from imageferry.cli.run import Run

if TYPE_CHECKING:
    from imageferry.ports.cloud import Cloud

_MOST = 500  # names offered at once


def container_names(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Completes CONTAINER."""
    return _offered(ctx, begun, lambda cloud: (each.name for each in cloud.objects.containers()))


def object_names(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Completes the NAME of an object in the container that stands before, or is chosen."""
    run = ctx.ensure_object(Run)
    container = str(ctx.params.get("container") or run.container)
    if not container:
        return []
    return _offered(ctx, begun, lambda cloud: (each.name for each in cloud.objects.search(container, begun)))


def image_names(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Completes the name of an image."""
    return _offered(ctx, begun, lambda cloud: (each.name for each in cloud.images.search()))


def _offered(ctx: click.Context, begun: str, ask: Callable[[Cloud], Iterable[str]]) -> list[CompletionItem]:
    from imageferry.domain.errors import FerryError

    run = ctx.ensure_object(Run)
    if run.clouds is None:
        return []
    with suppress(FerryError):  # while completing, nobody wants to hear of it
        cloud = run.clouds.get(str(ctx.params.get("cloud") or run.cloud or ""))
        return [CompletionItem(name) for name in islice(_unique(ask(cloud), begun), _MOST)]
    return []


def _unique(names: Iterable[str], begun: str) -> Iterator[str]:
    seen = {""}
    for name in names:
        if name not in seen and name.startswith(begun):
            seen.add(name)
            yield name
