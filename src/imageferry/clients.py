"""The client's bootstrap: a cloud's name in, an open cloud out; the one room that knows every cloud driver.

``bootstrap`` wires the service and loads databases and web servers; a command that asks a cloud for
its images must not wait for those, so the client has a room of its own on the same floor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imageferry.ports.cloud import Cloud
from imageferry.ports.disk_tools import DiskTools


@dataclass(frozen=True, kw_only=True, slots=True)
class CloudEntry:
    """A cloud that is configured; nothing secret."""

    name: str
    kind: str
    auth_url: str = ""
    region: str = ""
    project: str = ""
    user: str = ""
    source: str = ""  # the file, "environment", or the data folder of the local service


@contextmanager
def open_cloud(name: str = "", *, env: Mapping[str, str], region: str = "") -> Iterator[Cloud]:
    """A cloud by its name in clouds.yaml; by OS_CLOUD or OS_* without a name; else the local service.

    The local service is started for the time of the ``with`` block if none is running.

    Raises:
        NotFound: no such cloud is configured.
        BadInput: its configuration does not make sense; says where.
        Unavailable: the local service does not start.
    """
    raise NotImplementedError
    yield


def clouds(env: Mapping[str, str]) -> Sequence[CloudEntry]:
    """All clouds that ``open_cloud`` can open by name, and the local service."""
    raise NotImplementedError


def import_cloud(
    file: Path, *, name: str = "", region: str = "", target: Path | None = None, env: Mapping[str, str]
) -> CloudEntry:
    """Read an old k5contractsettings.py or a script of OS_* exports and add it to clouds.yaml (mode 0600).

    Args:
        file: read as text and parsed; never run.
        name: of the new entry; by default "k5-" and the region.
        target: the clouds.yaml; by default the one that ``open_cloud`` reads, or the user's.

    Raises:
        BadInput: names the line that is more than a plain value.
        AlreadyExists: there is a cloud of that name.
    """
    raise NotImplementedError


def disk_tools() -> DiskTools:
    """What converts disks on this machine."""
    from imageferry.tools.qemu_img import QemuImg

    return QemuImg()
