"""The plans of imports, wired door by door: the shipped steps, the provider's own ones, and the limits of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from imageferry.domain.pipeline import Door, order_of
from imageferry.domain.task import FETCHED_IMPORT, STAGED_IMPORT, UPLOADED_IMPORT, URL_IMPORT, TaskKind
from imageferry.formats.judge import Limits
from imageferry.ports.clock import Clock
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.file_systems import FileSystems
from imageferry.ports.own_step import OwnStep
from imageferry.ports.records import Records
from imageferry.ports.scanner import Scanner
from imageferry.service.blobs import Blobs
from imageferry.service.image_data import Bounds
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.importing.doors import Arrangement
from imageferry.service.importing.downloads import DownloadSteps
from imageferry.service.importing.fetching import Fetching
from imageferry.service.importing.own import OwnSteps
from imageferry.service.importing.scan import Scanning
from imageferry.service.importing.staged import StagedSteps
from imageferry.service.importing.steps import ImportSteps
from imageferry.service.importing.unpack import Unpacker, UnpackLimits
from imageferry.service.objects import Objects
from imageferry.service.plans import Plan
from imageferry.service.registrations.examining import LIMIT_S, Examination, Look, scan
from imageferry.settings import Settings, StepSettings
from imageferry.tools.own_steps.command import CommandStep, checked_command, entry_point_command


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipelines:
    """What all doors work with."""

    settings: Settings
    records: Records
    blobs: Blobs
    tools: DiskTools
    file_systems: FileSystems
    scanners: Sequence[Scanner]
    clock: Clock
    quotas: ImageQuotas
    fetching: Fetching

    def plans(self, objects: Objects) -> dict[str, Plan]:
        """By the names that ``TaskService`` looks for. Raises BadInput: what is set makes no sense."""
        own = self._own()
        plans: dict[str, Plan] = {}
        for door in Door:
            plans |= self._of(door, own, objects)
        return plans

    def examination(self) -> Examination | None:
        """What objects pass to be images as they are; None: what judges them asks nobody else.

        Raises:
            BadInput: what is set makes no sense.
        """
        told = self.settings.imports.of(Door.PLANKTON)
        most = self.bounds(Door.PLANKTON).limits.virtual_size_bytes
        own_steps = OwnSteps(records=self.records, blobs=self.blobs, tools=self.tools)
        looks: dict[str, Look] = {"scan": partial(scan, self._scanning(most))}
        looks |= {step.name: partial(own_steps.ask, step, most_bytes=most) for step in self._own()}
        order = order_of(Door.PLANKTON, told.steps, own=self.settings.steps, scans=bool(self.scanners))
        wanted = {name: looks[name] for name in order if name in looks}
        if not wanted:
            return None
        return Examination(looks=wanted, folder=self.settings.folder / "work", limit_s=told.step_s or LIMIT_S)

    def _own(self) -> list[OwnStep]:
        return [_own_step(name, told) for name, told in self.settings.steps.items()]

    def _scanning(self, most_bytes: int) -> Scanning:
        return Scanning(
            records=self.records,
            blobs=self.blobs,
            tools=self.tools,
            file_systems=self.file_systems,
            scanners=self.scanners,
            clock=self.clock,
            most_bytes=most_bytes,
            keep_s=self.settings.scan_keep_s,
        )

    def bounds(self, door: Door) -> Bounds:
        """What is taken by that door at all."""
        told = self.settings.imports.of(door)
        most_virtual = _least(self.settings.max_virtual_bytes, told.max_virtual_bytes)
        limits = Limits(virtual_size_bytes=most_virtual)
        return Bounds(max_bytes=_least(self.settings.max_image_bytes, told.max_bytes), limits=limits)

    def _of(self, door: Door, own: Sequence[OwnStep], objects: Objects) -> dict[str, Plan]:
        told = self.settings.imports.of(door)
        bounds = self.bounds(door)
        most, limits, most_virtual = bounds.max_bytes, bounds.limits, bounds.limits.virtual_size_bytes
        order = order_of(door, told.steps, own=self.settings.steps, scans=bool(self.scanners))
        unpacker = Unpacker(
            records=self.records,
            blobs=self.blobs,
            judging=limits,
            limits=UnpackLimits(decoded=most),
            always=self.settings.unpack_imports and "unpack" in order,
        )
        fetching = replace(self.fetching, limits=limits, max_bytes=most)
        scanning = self._scanning(most_virtual)
        makers = OwnSteps(records=self.records, blobs=self.blobs, tools=self.tools)
        own_steps = [makers.step(step, door, most_bytes=most_virtual) for step in own]
        arrangement = Arrangement(order=order, max_bytes=most, step_s=told.step_s)
        return {
            name: arrangement.of(scanning.into(plan), own_steps)
            for name, plan in self._shipped(door, limits, fetching, unpacker, objects).items()
        }

    def _shipped(
        self, door: Door, limits: Limits, fetching: Fetching, unpacker: Unpacker, objects: Objects
    ) -> Mapping[str, Plan]:
        importing = ImportSteps(
            records=self.records,
            blobs=self.blobs,
            objects=objects,
            tools=self.tools,
            clock=self.clock,
            limits=limits,
            quotas=self.quotas,
            fetching=fetching,
            unpacker=unpacker,
        )
        staged = StagedSteps(
            records=self.records,
            blobs=self.blobs,
            tools=self.tools,
            clock=self.clock,
            limits=limits,
            quotas=self.quotas,
            unpacker=unpacker,
        )
        downloads = DownloadSteps(fetching=fetching, staged=staged, records=self.records, quotas=self.quotas)
        match door:
            case Door.K5:
                return {f"k5/{TaskKind.IMPORT}": importing.plan()}
            case Door.TASKS:
                return {TaskKind.IMPORT.value: importing.plan(), URL_IMPORT: importing.plan_of_url()}
            case Door.GLANCE_DIRECT:
                return {STAGED_IMPORT: staged.plan()}
            case Door.WEB_DOWNLOAD:
                return {FETCHED_IMPORT: downloads.plan()}
            case Door.UPLOAD:
                return {UPLOADED_IMPORT: staged.plan()}
            case Door.PLANKTON:
                return {}  # within the request: see ``examination``


def _own_step(name: str, told: StepSettings) -> OwnStep:
    command = checked_command(name, told.command) if told.command else entry_point_command(name, told.entry_point)
    return CommandStep(
        name=name,
        command=command,
        wants_disk=told.disk,
        limit_s=told.limit_s,
        memory_bytes=told.memory_bytes,
        scratch_bytes=told.scratch_bytes,
        reads=tuple(map(Path, told.reads)),
    )


def _least(of_all: int, of_door: int) -> int:
    return min(of_all, of_door or of_all)
