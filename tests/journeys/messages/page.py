"""Makes docs/messages.md of what a running service says.

python -m tests.journeys.messages.page
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.journeys.clients.people import Programs
from tests.journeys.messages.asking import Line, lines

PAGE = Path(__file__).parents[3] / "docs" / "messages.md"

_HEAD = """\
# What users read when something goes wrong

Each row is brought to a running service by each door, and what its users read is written down as it is; `make test`
does it again and compares (`tests/journeys/messages`). `ID`, `PROJECT` and `N` stand for what is another one each time,
`images.example.com` for the hosts of the test.

- **openstack**: what `openstack image task show ID -c message -f value` prints of a task of the images API; where the
  service refuses at once, the words of the answer to `POST /v2/tasks`, or what `openstack image create` prints.
- **K5**: the error in `GET /v1/imageimport/ID/status`, or in that of an export, or at once in the answer to `POST`.
  Its codes: 40050 another digest, 40051 no disk of that format, 40052 a kind of disk that is not taken, 40053 it cannot
  be converted, 40054 the object is gone or another one, 40055 too large or no room, 40056 a scanner objects, 40057 the
  provider's own step refuses, 40058 called off, 50001 an error inside, 50301 not now: try again.
- **imageferry**: the last line of `imageferry task wait ID`, which asks K5; of `imageferry object get` where there is
  no object, and of `imageferry push` where nothing may be made or an upload is refused.

Where a cell is empty, the door has no such thing.

| what goes wrong | openstack | K5 | imageferry |
| --- | --- | --- | --- |
"""


def page(said: Iterable[Line]) -> str:
    return _HEAD + "".join(
        f"| {line.what} | {_cell(line.openstack)} | {_cell(line.k5)} | {_cell(line.ours)} |\n" for line in said
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def asked() -> list[Line]:
    """Of a service of its own."""
    programs = Programs()
    with tempfile.TemporaryDirectory(prefix="messages-") as folder:
        try:
            return list(lines(Path(folder), programs))
        finally:
            programs.close()


if __name__ == "__main__":
    PAGE.write_text(page(asked()))
