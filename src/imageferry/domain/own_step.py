"""What a step of the provider's own decides about a disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """``properties`` are added to the image; the other texts say why it is refused."""

    ok: bool
    expected: str = ""
    found: str = ""
    hint: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
