"""``python -m tests.comparison.page`` writes docs/openstack-differences.md from what was decided."""

from __future__ import annotations

from pathlib import Path

from tests.comparison.decisions import DECISIONS
from tests.comparison.scenarios import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "openstack-differences.md"

_HEAD = """# Where it differs from OpenStack

The same {requests:,} requests go to a real Keystone 30, Glance 33 and Swift 2.38 and to this service, good ones and bad
ones (`tests/comparison`). Status, headers and bodies are compared: JSON member by member, values too, bytes as they
are. What differs is on this page, and each row is a decision. The comparison fails when anything else differs, and
when a row is no longer true; this page is made from its table.

Where a status differs, the rest of that answer is not looked at. What the scripts do not ask is not on this page: see
those on [identity](identity.md) and [object storage](object-storage.md).

## Compared by their form only

- Ids, tokens, times and addresses: each has to look like the original's.
- Sentences for people, in errors and descriptions: that there is one. Those here name what is wrong.
- `X-Account-*` counters: real Swift adds them up some time later, here they are exact at once.
- Lists without an order: the catalog, roles, methods of a log-in, tags, choices in a schema.
- Names that an operator chooses: of the storage policy, of the store.

Not compared: `Date`, `Server`, `Connection`; the length of an answer without a body; the type of an empty answer of
the image service.
"""


def text() -> str:
    parts = [_HEAD.format(requests=sum(len(scenario.steps) for scenario in SCENARIOS))]
    for service, rows in DECISIONS.items():
        parts.append(f"\n## {service}\n\n| what | OpenStack | here | why |\n| --- | --- | --- | --- |\n")
        parts += [f"| {row.what} | {row.there} | {row.here} | {row.why} |\n" for row in rows]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(text())
