"""How much a project may keep as images, and do with them at once. Pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import OverLimit


class Resource(StrEnum):
    """What is counted. The values are the words of sentences about it."""

    BYTES = "bytes of images"
    STAGED = "staged bytes"  # that wait for their import, or are in it
    IMAGES = "images"
    UPLOADS = "images on their way in"  # being sent, staged or imported
    TASKS = "tasks that have not ended"


Amounts = Mapping[Resource, int]
"""Of limits: what is not named is not limited."""


def check_limits(project: ProjectId, limits: Amounts, used: Amounts, more: Amounts) -> None:
    """Whether so much more may be kept beside what is there.

    Raises:
        OverLimit: no; with the first of ``more`` that is too much.
    """
    for resource, amount in more.items():
        there = used.get(resource, 0)
        if amount > 0 and resource in limits and there + amount > limits[resource]:
            raise OverLimit(f"project {project}", limits[resource], there + amount, resource.value, used=there)
