"""Settings in, wired objects out: the one room that knows every driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from imageferry.db.engine import open_engine
from imageferry.db.migrate import upgrade
from imageferry.db.passwords import Argon2
from imageferry.db.records import SqlRecords
from imageferry.db.tasks import DurableTasks
from imageferry.dialects import astakos, glance, health, k5, keystone, pithos, plankton, swift
from imageferry.dialects.edge.asgi import Edge
from imageferry.domain.pipeline import Door
from imageferry.domain.task import TaskKind
from imageferry.fetchers.http import HttpFetcher
from imageferry.fetchers.line import Patience
from imageferry.formats.judge import Limits
from imageferry.pipelines import Pipelines
from imageferry.ports.block_store import BlockStore
from imageferry.ports.clock import Clock, system_clock
from imageferry.ports.records import Records
from imageferry.ports.scanner import Scanner
from imageferry.service.administration import Administration
from imageferry.service.blobs import Blobs
from imageferry.service.converting.request import Conversions
from imageferry.service.converting.steps import DiskSteps
from imageferry.service.credentials import Credentials
from imageferry.service.exporting.exports import Exports
from imageferry.service.exporting.steps import ExportSteps
from imageferry.service.identity import Identity
from imageferry.service.identity_admin import IdentityAdmin
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.image_stores import ImageStores
from imageferry.service.images import Images
from imageferry.service.importing.downloads import Downloads
from imageferry.service.importing.fetching import Fetching
from imageferry.service.importing.imports import Imports
from imageferry.service.importing.staged import StagedImports
from imageferry.service.importing.uploaded import UploadedImports
from imageferry.service.metadefs import Metadefs
from imageferry.service.objects import Objects
from imageferry.service.objects.shares import Shares
from imageferry.service.passwords import FewAtOnce
from imageferry.service.registrations.judging import Judging
from imageferry.service.registrations.registering import Registrations
from imageferry.service.registrations.settling import SettlingRecords, SettlingSoon
from imageferry.service.services import Services
from imageferry.service.tasks import TaskService
from imageferry.settings import Settings
from imageferry.stores.files import FileBlocks
from imageferry.stores.memory import MemoryBlocks
from imageferry.tools.file_systems import SleuthKit
from imageferry.tools.qemu_img import QemuImg
from imageferry.tools.scanners.clamd import Clamd
from imageferry.tools.scanners.clamscan import Clamscan
from imageferry.tools.scanners.yara import Yara

STORES: Mapping[str, Callable[[Settings], BlockStore]] = {
    "memory": lambda _: MemoryBlocks(),
    "files": lambda settings: FileBlocks(settings.folder / "blocks"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """One service, wired: what it stands on, and its use-cases."""

    settings: Settings
    records: Records
    store: BlockStore
    blobs: Blobs
    services: Services
    clock: Clock

    def close(self) -> None:
        self.blobs.close()
        self.records.close()


def open_records(settings: Settings) -> SqlRecords:
    """The records, their tables made or brought up to date."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.records_url)
    upgrade(engine)
    return SqlRecords(engine)


def build(settings: Settings, *, clock: Clock = system_clock) -> House:
    """Everything but the web server and the walker of tasks."""
    records = open_records(settings)
    store = STORES[settings.store](settings)
    blobs = Blobs(store, records, clock)
    hasher = FewAtOnce(Argon2())
    identity = Identity(records, hasher, clock, token_s=settings.token_s)
    limits = Limits(virtual_size_bytes=settings.max_virtual_bytes)
    quotas = ImageQuotas(records, settings.image_limits)
    fetching = Fetching(
        fetcher=_fetcher(settings), records=records, blobs=blobs, limits=limits, max_bytes=settings.max_image_bytes
    )
    exporting = ExportSteps(
        records=records, blobs=blobs, tools=QemuImg(), clock=clock, part_bytes=settings.export_part_bytes
    )
    disks = DiskSteps(records=records, blobs=blobs, tools=QemuImg(), clock=clock, limits=limits, quotas=quotas)
    pipelines = Pipelines(
        settings=settings,
        records=records,
        blobs=blobs,
        tools=QemuImg(),
        file_systems=SleuthKit(),
        scanners=_scanners(settings),
        clock=clock,
        quotas=quotas,
        fetching=fetching,
    )
    registering = pipelines.bounds(Door.PLANKTON)
    judging = Judging(
        records=records,
        blobs=blobs,
        clock=clock,
        limits=registering.limits,
        max_size=registering.max_bytes,
        examine=pipelines.examination(),
    )
    settle = judging.settle if judging.examine is None else SettlingSoon(judging.settle)
    objects = Objects(SettlingRecords(records, settle), blobs, clock, max_object_size=settings.max_object_bytes)
    plans = {
        **pipelines.plans(objects),
        TaskKind.EXPORT.value: exporting.plan(),
        TaskKind.CONVERT.value: disks.convert_plan(),
        TaskKind.CHECK.value: disks.check_plan(),
    }
    tasks = TaskService(
        records,
        clock,
        settings.folder / "work",
        plans,
        check_room=lambda session, project: quotas.check(session, project, tasks=1),
        stall_s=settings.task_stall_s,
    )
    images = Images(
        records,
        blobs,
        clock,
        identity,
        quotas,
        uploads=pipelines.bounds(Door.UPLOAD),
        staging=pipelines.bounds(Door.GLANCE_DIRECT),
        imports=UploadedImports(records, clock, tasks, quotas),
    )
    services = Services(
        identity=identity,
        credentials=Credentials(records, hasher, clock),
        administration=Administration(records, hasher),
        admin=IdentityAdmin(records, hasher),
        objects=objects,
        shares=Shares(records, clock),
        images=images,
        judging=judging,
        registrations=Registrations(records, judging, clock, identity, quotas),
        image_stores=ImageStores(records, clock),
        image_quotas=quotas,
        metadefs=Metadefs(records, clock),
        tasks=tasks,
        imports=Imports(records, objects, tasks, quotas, fetching),
        staged=StagedImports(records, clock, tasks, quotas),
        downloads=Downloads(records, clock, tasks, quotas, fetching),
        exports=Exports(records, images, tasks),
        conversions=Conversions(records, tasks, quotas),
    )
    return House(settings=settings, records=records, store=store, blobs=blobs, services=services, clock=clock)


def walker(house: House) -> DurableTasks:
    """Begin to walk the tasks, those that were cut off first."""
    service = house.services.tasks
    settings = house.settings
    tasks = DurableTasks(
        settings.walker_url,
        service,
        concurrency=settings.task_concurrency,
        fetches=settings.fetch_concurrency,
        most_of_one=settings.task_concurrency_per_project,
    )
    service.attach(tasks)
    return tasks


def edge(house: House) -> Edge:
    """The ASGI application: every dialect on one port."""
    return Edge(
        [
            keystone.dialect(house.settings.regions, house.settings.public_url),
            plankton.dialect(),  # before Glance, which has more below /image
            glance.dialect(house.settings.public_url, tasks_for=house.settings.tasks_for),
            k5.dialect(house.settings.regions),
            swift.dialect(house.clock),
            astakos.dialect(house.settings.public_url),
            pithos.dialect(house.settings.public_url),
            health.dialect(),
        ],
        house.services,
        house.services.identity.validate,
        body_idle_s=house.settings.body_idle_s,
    )


def _fetcher(settings: Settings) -> HttpFetcher:
    patience = Patience(
        connect_s=settings.fetch_connect_s,
        stall_s=settings.fetch_stall_s,
        least_bytes=settings.fetch_least_bytes,
        total_s=settings.fetch_total_s,
    )
    return HttpFetcher(settings.network_rules, patience, ca_file=settings.fetch_ca_file)


def _scanners(settings: Settings) -> list[Scanner]:
    """Those that are configured. Raises BadInput: no address of a clamd."""
    scanners: list[Scanner] = []
    if settings.scan_clamav == "clamscan":
        scanners.append(Clamscan(database=_folder(settings.scan_clamav_database)))
    elif settings.scan_clamav:
        scanners.append(Clamd(settings.scan_clamav))
    if settings.scan_yara:
        scanners.append(Yara(Path(settings.scan_yara)))
    return scanners


def _folder(text: str) -> Path | None:
    return Path(text) if text else None
