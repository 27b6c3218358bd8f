"""Sizes and durations as people write them: 1GiB, 500MB, 10m. In: text; out: bytes and seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

import click

from imageferry.domain.errors import BadInput

_SIZES: Mapping[str, int] = {
    "": 1,
    "b": 1,
    **{unit: 1 << 10 * power for power, letter in enumerate("kmgtp", 1) for unit in (letter, letter + "ib")},
    **{letter + "b": 1000**power for power, letter in enumerate("kmgtp", 1)},
}
"""Bytes by unit. A letter alone counts in 1024s, as in qemu-img and dd."""

_SECONDS: Mapping[str, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?) ?([a-z]*)")
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,6})?(?:ms|[smhd]))+")
_PIECE = re.compile(r"([0-9.]+)(ms|[smhd])")
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")

_MOST = (1 << 63) - 1  # bytes; what files and databases count to


def parse_size(text: str, *, field: str = "size") -> int:
    """Bytes.

    Raises:
        BadInput: no number with one of our units, or a fraction of a byte.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    factor = _SIZES.get(found[2]) if found else None
    if found is None or factor is None:
        raise BadInput(field, text, "a size such as 1GiB, 500MB or 4096 (bytes)")
    size = Decimal(found[1]) * factor
    if size != int(size) or size > _MOST:
        raise BadInput(field, text, "a whole number of bytes, below 8 EiB")
    return int(size)


def parse_duration(text: str, *, field: str = "duration") -> float:
    """Seconds; a number alone is seconds.

    Raises:
        BadInput: no number, or none of our units.
    """
    tidy = text.strip().lower()
    if _PLAIN.fullmatch(tidy):
        return float(tidy)
    if not _DURATION.fullmatch(tidy):
        raise BadInput(field, text, "a duration such as 90s, 10m, 2h or 1h30m")
    return math.fsum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(tidy))


class Size(click.ParamType[int]):
    """A click type for ``parse_size``."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return value if isinstance(value, int) else parse_size(str(value), field=_field(param, self.name))


class Duration(click.ParamType[float]):
    """A click type for ``parse_duration``."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        return parse_duration(str(value), field=_field(param, self.name))


def _field(param: click.Parameter | None, otherwise: str) -> str:
    return param.opts[0] if param is not None and param.opts else otherwise
