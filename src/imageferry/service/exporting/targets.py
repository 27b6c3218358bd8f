"""Where an export goes: the names of its objects, made of the image's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imageferry.domain.access import ProjectId
from imageferry.domain.image import ImageId
from imageferry.domain.object import ListingQuery, checked_container_name
from imageferry.domain.task import State, TaskId
from imageferry.ports.records import Session
from imageferry.service.objects.containers import container_of

SEGMENTS = "_segments"

_LONGEST = 900  # bytes: leaves room for what stands before and behind it in the name of a part
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff\ufffe\uffff]")


def stem_of(name: str | None, image_id: ImageId) -> str:
    """The image's name as a file may bear it anywhere: no path, no control characters, not endless.

    An image without a name, or with one of which nothing is left, lends its id.
    """
    stem = _UNSAFE.sub("_", name or "").encode()[:_LONGEST].decode("utf-8", "ignore").strip()
    return stem if stem.strip("._") else image_id


@dataclass(frozen=True, slots=True)
class Targets:
    """The objects of one export. The disk is a large object, its parts lie in another container."""

    container: str
    stem: str

    @classmethod
    def of_state(cls, state: State) -> Targets:
        return cls(state["container"], state["stem"])

    @property
    def parts_container(self) -> str:
        """Raises BadInput: the container's name is too long for that."""
        return checked_container_name(self.container + SEGMENTS)

    @property
    def disk(self) -> str:
        return f"{self.stem}.vmdk"

    @property
    def description(self) -> str:
        return f"{self.stem}.ovf"

    @property
    def digests(self) -> str:
        return f"{self.stem}.mf"

    def prefix(self, task_id: TaskId) -> str:
        """What the names of the parts begin with: no other export shares it."""
        return f"{self.disk}/{task_id}/"

    def part(self, task_id: TaskId, number: int) -> str:
        return f"{self.prefix(task_id)}{number:08d}"

    def manifest(self, task_id: TaskId) -> str:
        return f"{self.parts_container}/{self.prefix(task_id)}"

    def occupied(self, session: Session, project: ProjectId) -> str | None:
        """The path of something that is in the way, None if there is nothing.

        Raises:
            NotFound: there is no such container.
        """
        container = container_of(session, project, self.container)
        for name in (self.disk, self.description, self.digests):
            if session.objects.object(container.id, name) is not None:
                return f"{self.container}/{name}"
        parts = session.objects.container(project, self.parts_container)
        if parts is not None:
            query = ListingQuery(prefix=f"{self.disk}/", limit=1)
            for row in session.objects.objects(parts.id, query):
                return f"{parts.name}/{row.name}"
        return None
