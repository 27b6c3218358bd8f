"""By which steps a disk becomes an image, door by door, and which of them may stand elsewhere or be left out.

Pure rules over names. A door is a way that images are imported by; each has its shipped steps, and
an administrator may write them in another order, leave some out, and put steps of their own between
them, as far as every image is still a judged disk whose promised digests hold.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from imageferry.domain.errors import BadInput


class Door(StrEnum):
    """A way that images are imported by, as configurations call it."""

    K5 = "k5"  # an object, by the K5 import service
    TASKS = "tasks"  # an object or a URL, by a task of Glance's tasks API
    GLANCE_DIRECT = "glance-direct"  # what was staged
    WEB_DOWNLOAD = "web-download"  # a URL, into an image that is there
    UPLOAD = "upload"  # what is sent straight into an image
    PLANKTON = "plankton"  # an object that becomes an image as it is, within the request; and what overwrites it


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipped:
    """A step that comes with the service. ``after``: what must stand somewhere before it, where that is there."""

    after: frozenset[str] = frozenset()
    needed: bool = True


FIRST = frozenset({"locate", "fetch"})
"""The first step brings the bytes: of an object, of what was staged or uploaded, or from a URL."""

LAST = "publish"

SHIPPED: Mapping[str, Shipped] = {
    "locate": Shipped(),
    "fetch": Shipped(),
    "verify": Shipped(),
    "unpack": Shipped(after=frozenset({"verify"}), needed=False),
    "inspect": Shipped(after=frozenset({"verify", "unpack"})),
    "scan": Shipped(after=frozenset({"inspect"}), needed=False),
    "convert": Shipped(after=frozenset({"inspect"})),
    "check": Shipped(after=frozenset({"convert"})),
    "publish": Shipped(),
}
"""``scan`` is there where a scanner is configured. Without ``unpack``, what is packed is refused by ``inspect``."""

_OBJECT = ("locate", "verify", "unpack", "inspect", "scan", "convert", "check", "publish")

DEFAULT: Mapping[Door, tuple[str, ...]] = {
    Door.K5: _OBJECT,
    Door.TASKS: _OBJECT,
    Door.GLANCE_DIRECT: ("locate", "unpack", "inspect", "scan", "publish"),
    Door.WEB_DOWNLOAD: ("fetch", "unpack", "inspect", "scan", "publish"),
    Door.UPLOAD: ("locate", "inspect", "scan", "publish"),
    Door.PLANKTON: ("locate", "inspect", "scan", "publish"),
}

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def check_own_name(name: str) -> None:
    """Raises BadInput: no name for a step of one's own."""
    if name in SHIPPED:
        raise BadInput(f"steps.{name}", name, "another name: that is a step that the service has already")
    if not _NAME.fullmatch(name):
        raise BadInput("steps", name, "names of 1 to 40 lower-case letters, digits, '-' and '_', a letter first")


def order_of(door: Door, written: Sequence[str] | None, *, own: Collection[str] = (), scans: bool = False) -> list[str]:
    """The steps of a door in their order.

    Args:
        written: as the administrator wrote them; None: as they are by default.
        own: the names of the administrator's own steps.
        scans: whether a scanner is configured.

    Raises:
        BadInput: with the place, and what would do.
    """
    if written is None:
        return [name for name in DEFAULT[door] if name != "scan" or scans]
    order, place = list(written), f"imports.{door}.steps"
    _check_names(door, order, own, place)
    if "scan" in order and not scans:
        raise BadInput(place, "scan", "a scanner beside it: set scan_clamav or scan_yara, or leave the step out")
    for name in order:
        if name in own:
            _check_after(order, name, ("inspect",), place)
        else:
            _check_after(order, name, SHIPPED[name].after, place)
    return order


def _check_names(door: Door, order: Sequence[str], own: Collection[str], place: str) -> None:
    shipped = DEFAULT[door]
    known = [*shipped, *sorted(own)]
    firsts = sorted(FIRST) if door is Door.TASKS else [shipped[0]]
    for name in order:
        if name not in known and name not in firsts:
            raise BadInput(place, name, f"steps of {', '.join(known)}; an own one needs a table [steps.NAME]")
        if order.count(name) > 1:
            raise BadInput(place, name, f"every step once, found {name} {order.count(name)} times")
    if not order or order[0] not in firsts or FIRST.intersection(order[1:]):
        raise BadInput(place, order, f"{' or '.join(firsts)} as the first step, and only there")
    if order[-1] != LAST:
        raise BadInput(place, order, f"{LAST} as the last step: what stands behind it could refuse nothing any more")
    for name in shipped:
        if SHIPPED[name].needed and name not in FIRST and name not in order:
            raise BadInput(place, order, f"{name} among the steps: it cannot be left out")


def _check_after(order: Sequence[str], name: str, before: Collection[str], place: str) -> None:
    for other in before:
        if other in order and order.index(other) > order.index(name):
            raise BadInput(place, order, f"{name} behind {other}")
