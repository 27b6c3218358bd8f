"""All scripts."""

from __future__ import annotations

from collections.abc import Sequence

from tests.comparison.scenarios import (
    identity,
    identity_changes,
    identity_scopes,
    images,
    images_data,
    images_features,
    objects,
    objects_data,
    objects_features,
    objects_large,
)
from tests.comparison.script import Scenario

SCENARIOS: Sequence[Scenario] = (
    *identity.SCENARIOS,
    *identity_changes.SCENARIOS,
    *identity_scopes.SCENARIOS,
    *objects.SCENARIOS,
    *objects_data.SCENARIOS,
    *objects_large.SCENARIOS,
    *objects_features.SCENARIOS,
    *images.SCENARIOS,
    *images_data.SCENARIOS,
    *images_features.SCENARIOS,
)
