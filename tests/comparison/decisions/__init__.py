"""All that was decided. docs/openstack-differences.md is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.comparison.decisions import identity, images, objects
from tests.comparison.decisions.decision import Decision

DECISIONS: Mapping[str, Sequence[Decision]] = {
    "Identity": identity.DECISIONS,
    "Object storage": objects.DECISIONS,
    "Images": images.DECISIONS,
}
