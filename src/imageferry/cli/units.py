"""Values as people write them: sizes (1GiB, 500MB), durations (10m), checksums, KEY=VALUE, words of an enum.

In: text. Out: bytes, seconds, digests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from imageferry.domain.digest import Algorithm, Digest
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


def parse_checksum(text: str, *, field: str = "checksum") -> Digest:
    """A digest.

    Raises:
        BadInput: an unknown algorithm, or not as many hex digits as one has.
    """
    name, colon, value = text.strip().rpartition(":")
    by_length = {algorithm.hex_length: algorithm for algorithm in Algorithm}
    by_name = {algorithm.value: algorithm for algorithm in Algorithm}
    algorithm = by_name.get(name.lower().replace("-", "")) if colon else by_length.get(len(value))
    if algorithm is None:
        raise BadInput(field, text, f"HEX or ALGO:HEX, ALGO one of {', '.join(by_name)}")
    return Digest.parse(algorithm, value, field=field)


E = TypeVar("E", bound=StrEnum)


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


class Checksum(click.ParamType[Digest]):
    """What a file must hash to: ``sha256:HEX``, or HEX alone, whose length tells the algorithm."""

    name = "[algo:]hex"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Digest:
        return value if isinstance(value, Digest) else parse_checksum(str(value), field=_field(param, self.name))


class Pair(click.ParamType[tuple[str, str]]):
    """``KEY=VALUE``."""

    name = "key=value"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, equals, text = str(value).partition("=")
        if not key or not equals:
            raise BadInput(_field(param, self.name), value, "KEY=VALUE")
        return key, text


class SortBy(click.ParamType[tuple[str, bool]]):
    """``KEY``, ``KEY:asc`` or ``KEY:desc``: what to sort by, and whether the largest comes first."""

    name = "key"

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, bool]:
        if isinstance(value, tuple):
            return value
        key, colon, way = str(value).lower().partition(":")
        key = key.replace("-", "_")
        if key not in self._keys or (colon and way not in ("asc", "desc")):
            raise BadInput(_field(param, self.name), value, f"KEY or KEY:desc, KEY one of {', '.join(self._keys)}")
        return key, way == "desc"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        words = [word for key in self._keys for word in (key, f"{key}:desc")]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


class Word(click.Choice[E]):
    """A member of an enum, written as its value."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        return str(choice.value if isinstance(choice, StrEnum) else choice).lower()


def _field(param: click.Parameter | None, otherwise: str) -> str:
    return param.opts[0] if param is not None and param.opts else otherwise
