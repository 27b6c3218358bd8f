"""What can be configured, from a TOML file and from the environment. Units stand in the names.

The environment wins over the file: ``IMAGEFERRY_`` and the name in capitals, for example
``IMAGEFERRY_TOKEN_S=3600``; ``docs/settings.md`` lists them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from imageferry.domain.addresses import WEB_PORTS, NetworkRules, read_networks
from imageferry.domain.errors import BadInput
from imageferry.domain.image_quota import Resource
from imageferry.domain.pipeline import Door, check_own_name
from imageferry.domain.region import Region

_PREFIX = "IMAGEFERRY_"
_AS_JSON: Mapping[str, str] = {
    "regions": '[{"name": "uk-1"}]',
    "imports": '{"k5": {"step_s": 3600}}',
    "steps": '{"owner": {"entry_point": "owner"}}',
}
"""Settings that are tables, and what they look like in a variable."""


class Secret(str):
    """Text that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are imported by one door. A limit of 0: as for all doors."""

    steps: tuple[str, ...] | None = None  # in their order; None: as they are by default
    max_bytes: int = 0  # of a file, packed or not; beside max_image_bytes
    max_virtual_bytes: int = 0  # of a disk as a guest sees it; beside the service's own
    step_s: float = 0.0  # that each of the steps may take

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_virtual_bytes", "step_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"Expected 0 or more as {name}, got {getattr(self, name)}")


class ImportSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """By doors; see ``domain.pipeline.Door``."""

    k5: DoorSettings = DoorSettings()
    tasks: DoorSettings = DoorSettings()
    glance_direct: DoorSettings = DoorSettings()
    web_download: DoorSettings = DoorSettings()
    upload: DoorSettings = DoorSettings()
    plankton: DoorSettings = DoorSettings()

    def of(self, door: Door) -> DoorSettings:
        found: DoorSettings = getattr(self, door.name.lower())
        return found


class StepSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of the provider's own: a program, or a Python function."""

    command: tuple[str, ...] = ()  # its whole path and first arguments
    entry_point: str = ""  # its name in the group "imageferry.steps"
    disk: bool = True  # whether it looks at the disk, or only at what is known of it
    limit_s: float = 300.0
    memory_bytes: int = 1 << 30
    scratch_bytes: int = 0  # the largest file that it may write
    reads: tuple[str, ...] = ()  # whole paths of files and folders that it may read besides

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.entry_point):
            raise ValueError("Expected either command or entry_point, got both or neither")
        if not self.limit_s > 0 or self.memory_bytes <= 0 or self.scratch_bytes < 0:
            raise ValueError("Expected positive limits")
        if not all(path.startswith("/") for path in self.reads):
            raise ValueError("Expected whole paths in reads")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one service."""

    data: str  # folder of everything the service keeps
    listen: str = "127.0.0.1:8765"  # host:port; port 0 picks a free one
    public_url: str = ""  # how clients reach the service; by default as they called it
    regions: tuple[Region, ...] = (Region(name="RegionOne"),)
    database_url: Secret = Secret("")  # by default SQLite in the data folder
    tasks_url: Secret = Secret("")  # database of the durable tasks; likewise
    store: str = "files"  # a key of bootstrap.STORES
    project_images: int = 0  # that a project may keep, unless an administrator says otherwise for it; 0: no limit
    project_image_bytes: int = 0
    project_staged_bytes: int = 0
    project_image_uploads: int = 0  # that may be on their way in at once
    project_tasks: int = 0  # that have not ended
    tasks_for: Literal["members", "admins"] = "members"  # who may use the tasks API of images
    token_s: float = 3 * 3600.0  # how long a token is good for
    task_concurrency: int = 2  # tasks at work at once
    task_concurrency_per_project: int = 0  # of these, and of the files fetched at once, by one project; 0: no limit
    task_stall_s: float = 60.0  # a step without progress for so long is said to stand still
    max_object_bytes: int = 5 * (1 << 30) + 2
    max_image_bytes: int = 1 << 40
    unpack_imports: bool = True  # what is packed is imported as the disk inside
    export_part_bytes: int = 1 << 30  # of an exported disk, which is a large object
    max_virtual_bytes: int = 16 << 40  # of a disk as a guest sees it
    head_s: float = 30.0  # a request's head must be complete, an idle connection used again, within this time
    body_idle_s: float = 60.0  # a body that stalls so long, or brings fewer than 16 KiB in it, is given up
    fetch_networks: tuple[str, ...] = ()  # may be fetched from although they are not public
    fetch_denied_networks: tuple[str, ...] = ()
    fetch_ports: tuple[int, ...] = tuple(sorted(WEB_PORTS))  # none: every port
    fetch_concurrency: int = 8  # files fetched by URL at once
    fetch_connect_s: float = 10.0
    fetch_stall_s: float = 60.0  # within it an answer must begin, and then bring ``fetch_least_bytes`` each time
    fetch_least_bytes: int = 64 << 10
    fetch_total_s: float = 24 * 3600.0
    fetch_ca_file: str = ""  # certificates to trust beside the system's
    scan_clamav: str = ""  # what scans imports: "clamscan", or where clamd listens; empty: nothing
    scan_clamav_database: str = ""  # folder of signatures for clamscan; by default its own
    scan_yara: str = ""  # folder of YARA rules that imports are scanned by
    scan_keep_s: float = 7 * 24 * 3600.0  # what a scanner objected to is kept for the administrator; 0: not at all
    imports: ImportSettings = ImportSettings()  # by which steps, and within which limits
    steps: dict[str, StepSettings] = msgspec.field(default_factory=dict)  # of one's own, by name
    stop_grace_s: float = 10.0  # requests under way may take so long to end when the service stops
    sweep_every_s: float = 3600.0  # what is out of use for a day goes; 0: only by 'imageferry gc'
    log_level: str = "INFO"

    @property
    def folder(self) -> Path:
        return Path(self.data)

    @property
    def records_url(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'records.sqlite'}"

    @property
    def walker_url(self) -> str:
        return self.tasks_url or f"sqlite:///{self.folder / 'tasks.sqlite'}"

    @property
    def image_limits(self) -> dict[Resource, int]:
        return {
            Resource.IMAGES: self.project_images,
            Resource.BYTES: self.project_image_bytes,
            Resource.STAGED: self.project_staged_bytes,
            Resource.UPLOADS: self.project_image_uploads,
            Resource.TASKS: self.project_tasks,
        }

    @property
    def network_rules(self) -> NetworkRules:
        """Raises BadInput: what is no network, or no port."""
        for port in self.fetch_ports:
            if not 0 < port < 65_536:
                raise BadInput("fetch_ports", port, "ports from 1 to 65535")
        return NetworkRules(
            allowed=read_networks(self.fetch_networks, field="fetch_networks"),
            denied=read_networks(self.fetch_denied_networks, field="fetch_denied_networks"),
            ports=frozenset(self.fetch_ports),
        )

    @property
    def address(self) -> tuple[str, int]:
        """Raises BadInput unless ``listen`` is host:port."""
        host, colon, port = self.listen.rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65_535:
            raise BadInput("listen", self.listen, "HOST:PORT, as in 127.0.0.1:8765")
        return host.strip("[]") or "127.0.0.1", int(port)


def read_settings(
    env: Mapping[str, str], *, config: Path | None = None, overrides: Mapping[str, object] | None = None
) -> Settings:
    """The settings for a service.

    Args:
        env: handed in (os.environ by main, a dict by tests); nothing else reads it.
        config: a TOML file; every key is a field of ``Settings``.
        overrides: what the command line says; None values are left out. Wins over all.

    Raises:
        BadInput: an unknown key or a value of the wrong type, named.
    """
    values: dict[str, object] = {"data": str(default_folder(env))}
    if config is not None:
        values |= _read_file(config)
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    for name in fields:
        text = env.get(_PREFIX + name.upper())
        if text is not None:
            values[name] = _from_text(fields[name], text)
    values |= {name: value for name, value in (overrides or {}).items() if value is not None}
    _check_steps(values.get("steps"))
    try:
        return msgspec.convert(values, Settings, strict=False, str_keys=True, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise BadInput("settings", str(error), "the keys and types of docs/settings.md") from error


def default_folder(env: Mapping[str, str]) -> Path:
    """Where the service keeps its data when nobody says otherwise."""
    base = env.get("XDG_DATA_HOME") or str(Path(env.get("HOME", ".")) / ".local" / "share")
    return Path(base) / "imageferry"


def _read_file(config: Path) -> dict[str, object]:
    try:
        return msgspec.toml.decode(config.read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput("configuration file", str(config), f"a readable TOML file ({error})") from error


def _from_text(field: msgspec.structs.FieldInfo, text: str) -> object:
    if field.type in (tuple[str, ...], tuple[int, ...]):
        return text.replace(",", " ").split()
    if field.name not in _AS_JSON:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput(_PREFIX + field.name.upper(), text, f"JSON such as {_AS_JSON[field.name]}") from error


def _check_steps(told: object) -> None:
    """Each alone, so that the error can name it. Raises BadInput."""
    for name, table in told.items() if isinstance(told, dict) else ():
        check_own_name(name)
        try:
            msgspec.convert(table, StepSettings, strict=False)
        except msgspec.ValidationError as error:
            raise BadInput(f"steps.{name}", str(error), "the keys and types of docs/settings.md") from error


def _decode(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(kind)
