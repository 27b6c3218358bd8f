"""A step of the provider's own within an import: what it is shown, and what becomes of its answer.

It gets a raw copy of the disk that is thrown away afterwards, so nothing that it does to it can
reach the image. An import ends where such a step has no answer: that is never taken for a yes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from imageferry.service.plans import Step, StepContext
from imageferry.service.scratch import working_files
from imageferry.wire.own_steps import shown_url

_ASKED = ("container", "object", "account", "source_format", "convert_to", "digest")
_IMAGE = ("name", "visibility", "min_disk", "min_ram", "protected", "hidden")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnSteps:
    """Makes steps of imports out of a provider's own ones."""

    records: Records
    blobs: Blobs
    tools: DiskTools

    def step(self, own: OwnStep, door: Door, *, most_bytes: int) -> Step:
        """``most_bytes``: of a disk as a guest sees it."""
        return Step(name=own.name, run=lambda context: self._run(context, own, door, most_bytes))

    def _run(self, context: StepContext, own: OwnStep, door: Door, most_bytes: int) -> State:
        state = context.state
        with self.records.reading() as session:
            sections = sections_of_state(session, state["source"])
        description = self._description(context, own, door, sections)
        place = context.work / "own"
        try:
            with working_files():
                shutil.rmtree(place, ignore_errors=True)
                (place / "work").mkdir(parents=True)
            disk = self._view(context, sections, place / "disk.raw", most_bytes) if own.wants_disk else None
            context.begin(None)
            verdict = own.run(description, disk=disk, folder=place / "work", watch=lambda: context.progress(0, None))
        finally:
            shutil.rmtree(place, ignore_errors=True)
        if not verdict.ok:
            what = description["disk"]["name"]
            raise StepRefused(what, own.name, verdict.expected, verdict.found, verdict.hint)
        return {**state, "properties": {**state.get("properties", {}), **verdict.properties}}

    def _view(self, context: StepContext, sections: tuple[Section, ...], path: Path, most_bytes: int) -> Path:
        told = context.state["format"]
        if told is None or DiskFormat(told) in KEPT_AS_THEY_ARE:
            context.begin(sum(section.size for section in sections))
            self.blobs.to_file(sections, path, context.advance)
        else:
            disk = section_bytes(self.blobs, sections)
            self.tools.convert(
                disk, DiskFormat(told), path, DiskFormat.RAW, max_bytes=most_bytes, progress=context.progress
            )
        return path

    def _description(
        self, context: StepContext, own: OwnStep, door: Door, sections: tuple[Section, ...]
    ) -> dict[str, Any]:
        task, state = context.task, context.state
        asked = task.input
        image = self._image(asked, ImageId(state["image_id"]), task.project_id)
        url = asked.get("url") or ""
        source = {name: asked[name] for name in _ASKED if asked.get(name)}
        return {
            "step": own.name,
            "door": door.value,
            "task": task.id,
            "user": task.user_id,
            "image": image,
            "disk": {
                "name": str(state.get("name") or _last_part(shown_url(url) or asked.get("object", ""))),
                "format": state["format"],
                "sub_format": state.get("sub_format", ""),
                "virtual_size": state.get("virtual_size"),
                "size": sum(section.size for section in sections),
            },
            "source": source | ({"url": shown_url(url)} if url else {}),
        }

    def _image(self, asked: Mapping[str, Any], image_id: ImageId, project_id: str) -> dict[str, Any]:
        """Of the record that waits for its bytes; where there is none yet, of what was asked for."""
        if "properties" in asked:
            told = {name: asked[name] for name in _IMAGE}
            return {"id": image_id, "owner": project_id, **told, **_more(asked["properties"], asked["tags"])}
        with self.records.reading() as session:
            image = session.images.get(image_id)
        if image is None:
            raise NotFound("image", image_id)
        told = {name: getattr(image, name) for name in _IMAGE}
        return {"id": image_id, "owner": image.owner, **told, **_more(image.properties, image.tags)}


def with_own_properties(image: Image, state: State) -> Image:
    """The image with what the provider's own steps have said of it; they have the last word."""
    added = state.get("properties", {})
    return checked_image(replace(image, properties={**image.properties, **added})) if added else image


def _more(properties: Mapping[str, str], tags: Any) -> dict[str, Any]:
    return {"properties": dict(properties), "tags": sorted(tags)}


def _last_part(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1] or "the disk"
