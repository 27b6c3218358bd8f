"""What is remembered of how much a project may keep, and counted of what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.access import ProjectId
from imageferry.domain.image_quota import Amounts, Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftBehind:
    """What is kept for a project; sizes in bytes."""

    images: int = 0
    image_bytes: int = 0
    containers: int = 0
    objects: int = 0
    object_bytes: int = 0


class UsageRecords(Protocol):
    def hold(self, project_id: ProjectId) -> None:
        """Let nobody else hold the project until this transaction ends: for who counts before adding."""

    def of_images(self, project_id: ProjectId) -> Amounts:
        """What is kept now, as far as records know: of uploads only those that were staged, or are being imported.

        The bytes of an image that is an object are the object's, and count in its container.
        """

    def limits(self, project_id: ProjectId) -> dict[Resource, int]:
        """Those that were set for this project."""

    def left_behind(self) -> dict[ProjectId, LeftBehind]:
        """By projects that are gone: what is still kept for them."""

    def set_limit(self, project_id: ProjectId, resource: Resource, limit: int | None) -> None:
        """``limit`` None: as it is for all. Raises NotFound (project)."""
