"""Jobs that some clouds have: imports and exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from imageferry.domain.task import TaskKind, TaskStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInfo:
    """A job in the cloud, import or export. ``percent`` is 0 to 100."""

    id: str
    kind: TaskKind
    status: TaskStatus
    percent: int = 0
    name: str = ""
    image_id: str = ""
    location: str = ""  # where the object is, or shall be
    error_code: str = ""
    message: str = ""
    created_at: str = ""
    progress: Mapping[str, Any] = field(default_factory=dict)  # of the step at work, as wire.standing has it
    steps: Sequence[Mapping[str, Any]] = ()  # so far, likewise; both only where the cloud tells


class TaskList(Protocol):
    """Jobs of one kind."""

    def search(self) -> Iterator[TaskInfo]:
        """Newest first; not every cloud tells more than id and status here."""

    def show(self, task_id: str) -> TaskInfo: ...


class Exports(TaskList, Protocol):
    def start(self, image_id: str, container: str) -> TaskInfo:
        """Write the image as an object into a container; returns at once."""

    def cancel(self, task_id: str) -> None: ...
