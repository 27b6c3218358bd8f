"""How far a long act has come, and who wants to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """How far a long act has come.

    ``done`` counts up to ``total`` (None: unknown) in ``unit``. Of the bytes done, ``sent``
    travelled, ``skipped`` were holes and ``already_there`` were at the other side before.
    """

    stage: str  # "check", "convert", "upload", "register", "import", "export", "download", "share"
    done: int = 0
    total: int | None = None
    unit: str = "bytes"  # or "percent"
    sent: int = 0
    skipped: int = 0
    already_there: int = 0
    task_id: str = ""  # known from the moment a job was accepted, so that the wait can be taken up again
    image_id: str = ""
    message: str = ""


Watch = Callable[[Moved], None]
"""Called often, from any thread, one call at a time. May raise Cancelled to stop the work."""
