"""A step of the provider's own: what it is shown, and what becomes of its answer.

It gets a raw copy of the disk that is thrown away afterwards, so nothing that it does to it can
reach the image. Where such a step has no answer there is no image: that is never taken for a yes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from imageferry.domain.errors import NotFound, StepRefused
from imageferry.domain.image import DiskFormat, Image, ImageId, checked_image
from imageferry.domain.pipeline import Door
from imageferry.domain.task import State
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.own_step import OwnStep
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs, Section
from imageferry.service.importing.inspection import KEPT_AS_THEY_ARE
from imageferry.service.importing.material import section_bytes, sections_of_state
from imageferry.service.plans import Course, Step, StepContext
from imageferry.service.scratch import working_files
from imageferry.wire.own_steps import shown_url

_ASKED = ("container", "object", "account", "source_format", "convert_to", "digest")
_IMAGE = ("name", "visibility", "min_disk", "min_ram", "protected", "hidden")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What shall be an image, as far as it is known before. Its bytes were judged."""

    door: Door
    image: Mapping[str, Any]  # see ``known_of``
    name: str  # of the disk, for people
    format: DiskFormat | None  # None: bytes that nobody looks into
    sub_format: str = ""
    virtual_size: int | None = None  # bytes
    sections: tuple[Section, ...]
    source: Mapping[str, str]  # what was asked for
    begun: Mapping[str, str] = field(default_factory=dict)  # the task, and who began it, where there is one

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return sum(section.size for section in self.sections)

    def told(self, step: str) -> dict[str, Any]:
        """The description that a step gets, as docs/pipeline.md has it."""
        return {
            "step": step,
            "door": self.door.value,
            **self.begun,
            "image": self.image,
            "disk": {
                "name": self.name,
                "format": self.format,
                "sub_format": self.sub_format,
                "virtual_size": self.virtual_size,
                "size": self.size,
            },
            "source": self.source,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnSteps:
    """Asks a provider's own steps, and makes steps of imports out of them."""

    records: Records
    blobs: Blobs
    tools: DiskTools

    def ask(self, own: OwnStep, course: Course, candidate: Candidate, *, most_bytes: int) -> Mapping[str, str]:
        """Whether a step takes what shall be an image.

        Args:
            most_bytes: of a disk as a guest sees it.

        Returns:
            The properties that it adds to the image.

        Raises:
            StepRefused: it does not, in its own words.
            Unavailable, TimedOut: it has no answer.
        """
        place = course.work / "own"
        try:
            with working_files():
                shutil.rmtree(place, ignore_errors=True)
                (place / "work").mkdir(parents=True)
            disk = self._view(course, candidate, place / "disk.raw", most_bytes) if own.wants_disk else None
            course.begin(None)
            verdict = own.run(
                candidate.told(own.name), disk=disk, folder=place / "work", watch=lambda: course.progress(0, None)
            )
        finally:
            shutil.rmtree(place, ignore_errors=True)
        if not verdict.ok:
            raise StepRefused(candidate.name, own.name, verdict.expected, verdict.found, verdict.hint)
        return verdict.properties

    def _view(self, course: Course, candidate: Candidate, path: Path, most_bytes: int) -> Path:
        if candidate.format is None or candidate.format in KEPT_AS_THEY_ARE:
            course.begin(candidate.size)
            self.blobs.to_file(candidate.sections, path, course.advance)
        else:
            disk = section_bytes(self.blobs, candidate.sections)
            self.tools.convert(
                disk, candidate.format, path, DiskFormat.RAW, max_bytes=most_bytes, progress=course.progress
            )
        return path

    def step(self, own: OwnStep, door: Door, *, most_bytes: int) -> Step:
        """Asking it as a step of an import. ``most_bytes``: as for ``ask``."""
        return Step(name=own.name, run=lambda context: self._run(context, own, door, most_bytes))

    def _run(self, context: StepContext, own: OwnStep, door: Door, most_bytes: int) -> State:
        state = context.state
        added = self.ask(own, context, self._candidate(context, door), most_bytes=most_bytes)
        return {**state, "properties": {**state.get("properties", {}), **added}}

    def _candidate(self, context: StepContext, door: Door) -> Candidate:
        task, state = context.task, context.state
        asked = task.input
        url = asked.get("url") or ""
        source = {name: asked[name] for name in _ASKED if asked.get(name)}
        with self.records.reading() as session:
            sections = sections_of_state(session, state["source"])
        return Candidate(
            door=door,
            image=self._image(asked, ImageId(state["image_id"]), task.project_id),
            name=str(state.get("name") or _last_part(shown_url(url) or asked.get("object", ""))),
            format=None if state["format"] is None else DiskFormat(state["format"]),
            sub_format=state.get("sub_format", ""),
            virtual_size=state.get("virtual_size"),
            sections=sections,
            source=source | ({"url": shown_url(url)} if url else {}),
            begun={"task": task.id, "user": task.user_id},
        )

    def _image(self, asked: Mapping[str, Any], image_id: ImageId, project_id: str) -> dict[str, Any]:
        """Of the record that waits for its bytes; where there is none yet, of what was asked for."""
        if "properties" in asked:
            told = {name: asked[name] for name in _IMAGE}
            return {"id": image_id, "owner": project_id, **told, **_more(asked["properties"], asked["tags"])}
        with self.records.reading() as session:
            image = session.images.get(image_id)
        if image is None:
            raise NotFound("image", image_id)
        return known_of(image)


def known_of(image: Image) -> dict[str, Any]:
    """What is told of an image that there is a record of."""
    told = {name: getattr(image, name) for name in _IMAGE}
    return {"id": image.id, "owner": image.owner, **told, **_more(image.properties, image.tags)}


def with_own_properties(image: Image, state: State) -> Image:
    """The image with what the provider's own steps have said of it; they have the last word."""
    added = state.get("properties", {})
    return checked_image(replace(image, properties={**image.properties, **added})) if added else image


def _more(properties: Mapping[str, str], tags: Any) -> dict[str, Any]:
    return {"properties": dict(properties), "tags": sorted(tags)}


def _last_part(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1] or "the disk"
