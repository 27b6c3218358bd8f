"""How a download is told."""

from __future__ import annotations

from imageferry.cli.output import Row
from imageferry.cli.shapes import Bytes
from imageferry.client import Pulled

COLUMNS = ("file", "size", "sent", "already_there", "skipped", "digests")


def pulled_row(pulled: Pulled) -> Row:
    return {
        "file": str(pulled.path),
        "size": Bytes(pulled.size),
        "sent": Bytes(pulled.sent),
        "already_there": Bytes(pulled.already_there),
        "skipped": Bytes(pulled.skipped),
        "digests": {algorithm.value: value for algorithm, value in pulled.digests.items()},
    }
