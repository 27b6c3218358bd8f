"""Makes docs/clients.md of the rows of the matrix.

python -m tests.journeys.clients.page
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.journeys.clients import (
    debian,
    glance,
    metadefs,
    openstack_identity,
    openstack_images,
    openstack_objects,
    sdk,
    swift,
)
from tests.journeys.clients.table import Group, Row

PAGE = Path(__file__).parents[3] / "docs" / "clients.md"

_NAMES = {
    "openstack": "python-openstackclient",
    "glance": "python-glanceclient",
    "swift": "python-swiftclient",
    "python": "openstacksdk",
    "rclone": "rclone",
    "restic": "restic",
    "curl": "curl",
}

GROUPS: list[Group] = [
    group
    for module in (openstack_identity, openstack_images, openstack_objects, metadefs, glance, swift, sdk, debian)
    for group in module.GROUPS
]
GROUPS.sort(key=lambda group: list(_NAMES).index(group.client))  # stable: within a client as above


_HEAD = """\
# What real clients can do here

Each row is run by `make test` against `imageferry serve`, with the client as PyPI or Debian has it; this page is made
of the same table (`tests/journeys/clients`). The tests also ask python-openstackclient (identity, image, object-store),
python-glanceclient and python-swiftclient for all their commands: none is without a row. Where something does not work,
the reason stands in its place, and the client ends with an error.

`$words` stand for names and ids. A table is one walk: what one row makes, the next ones find. Marks: † as an
administrator, ‡ as a user of another project.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_body()])


def _body() -> Iterator[str]:
    for client, groups in groupby(GROUPS, key=lambda group: group.client):
        yield f"## {_NAMES[client]}\n"
        for group in groups:
            yield f"### {group.title}\n"
            yield f"| {'line of Python' if client == 'python' else client} | outcome |"
            yield "| --- | --- |"
            for row in group.rows:
                yield f"| {_words(row)} | {row.why or 'works'} |"
            yield ""


def _words(row: Row) -> str:
    text = row.words.replace("|", "\\|")
    mark = {"admin": " †", "friend": " ‡"}.get(row.who, "")
    other = f"{_NAMES[row.client]}: " if row.client else ""
    return f"{other}`{text}`{mark}" + (f" and all of `{row.family}`" if row.family else "")


if __name__ == "__main__":
    PAGE.write_text(page())
