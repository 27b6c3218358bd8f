"""What is remembered of images that are objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from imageferry.domain.image import ImageId
from imageferry.domain.object import ContainerId, StoredObject
from imageferry.domain.registration import Place, Registered, Registration


class RegistrationRecords(Protocol):
    """Beside each image that is the object of the same id. A registration goes with its image."""

    @property
    def left_unjudged(self) -> Collection[ImageId]:
        """Those that this transaction has put so (``Standing.UNJUDGED``): to be judged once it is kept."""

    def put(self, registration: Registration) -> None:
        """Keep it, instead of the one there. Raises NotFound (image)."""

    def get(self, image_id: ImageId) -> Registration | None: ...
    def registered(self, image_ids: Collection[ImageId]) -> Mapping[ImageId, Registered]:
        """Those of the images that are objects, with where these are now: one query for all of them."""

    def object(self, image_id: ImageId) -> tuple[Place, StoredObject] | None:
        """The object of that id, whether it is an image or not, and where it is now."""

    def unjudged(self, *, limit: int) -> list[ImageId]:
        """Images whose bytes wait to be judged (``Standing.UNJUDGED``)."""

    def below(self, container_id: ContainerId, prefix: str) -> list[ImageId]:
        """The images among the objects of a container whose names begin so."""
