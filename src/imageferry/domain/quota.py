"""How much may be kept in an account or a container. Pure rules.

Quotas are metadata of what they bound: ``quota-bytes`` and ``quota-count``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imageferry.domain.errors import BadInput, OverQuota

BYTES, COUNT = "quota-bytes", "quota-count"

_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Usage:
    """What is kept somewhere."""

    bytes: int
    objects: int


def sets_quota(changes: Mapping[str, str]) -> bool:
    return BYTES in changes or COUNT in changes


def checked_quotas(changes: Mapping[str, str]) -> None:
    """Raises BadInput unless quotas are whole numbers; "" takes one away."""
    for name in (BYTES, COUNT):
        value = changes.get(name, "")
        if value and not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
            raise BadInput(f"metadata {name}", value, "a whole number")


def check_quotas(what: str, metadata: Mapping[str, str], *, before: Usage, after: Usage) -> None:
    """What shrinks or stays as it is is never over.

    Raises:
        OverQuota: it grew beyond its quota.
    """
    if BYTES in metadata and before.bytes < after.bytes > int(metadata[BYTES]):
        raise OverQuota(what, int(metadata[BYTES]), after.bytes)
    if COUNT in metadata and before.objects < after.objects > int(metadata[COUNT]):
        raise OverQuota(what, int(metadata[COUNT]), after.objects, "objects")
