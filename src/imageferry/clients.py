"""The client's bootstrap: a cloud's name in, an open cloud out; the one room that knows every cloud driver.

``bootstrap`` wires the service and loads databases and web servers; a command that asks a cloud for
its images must not wait for those, so the client has a room of its own on the same floor. Nothing
heavy is loaded before a cloud is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from imageferry.clouds import clouds_file, config, local, old_settings
from imageferry.clouds.config import CloudEntry
from imageferry.domain.errors import BadInput, NotFound, TooLarge, Unavailable
from imageferry.ports.cloud import Cloud
from imageferry.ports.disk_tools import DiskTools

__all__ = ["CloudEntry", "clouds", "disk_tools", "import_cloud", "open_cloud"]


@contextmanager
def open_cloud(name: str = "", *, env: Mapping[str, str], region: str = "") -> Iterator[Cloud]:
    """A cloud by its name in clouds.yaml; by OS_CLOUD or OS_* without a name; else the local service.

    The local service is started for the time of the ``with`` block if none is running. It goes by
    the name "imageferry" too, unless clouds.yaml has a cloud of that name.

    Raises:
        NotFound: no such cloud is configured.
        BadInput: its configuration does not make sense; says where.
        Unavailable: the local service does not start.
    """
    if _is_local(name, env):
        with local.running(local.data_folder(env), env) as file:
            cloud = config.open_configured(local.NAME, region=region, file=file)
            with _closing(cloud):
                yield cloud
        return
    with _closing(config.open_configured(name, region=region)) as cloud:
        yield cloud


def clouds(env: Mapping[str, str]) -> Sequence[CloudEntry]:
    """All clouds that ``open_cloud`` can open by name, and the local service."""
    found = config.entries()
    if all(entry.name != local.NAME for entry in found):
        folder = local.data_folder(env)
        found.append(CloudEntry(name=local.NAME, kind=config.OPENSTACK, source=f"local service in {folder}"))
    return found


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
    old = old_settings.read_old_settings(_text_of(file), python=file.suffix == ".py")
    region = region or old.region
    if not region:
        raise BadInput("region", "", "a K5 region such as uk-1; the file names none")
    name = name or f"k5-{region}"
    target = target or config.read_file() or clouds_file.users_file(env)
    clouds_file.add(target, name, old_settings.entry_for(old, region))
    return CloudEntry(
        name=name,
        kind=config.K5,
        auth_url=old.auth_url,
        region=region,
        project=old.project_id or old.project or old.default_project_id or old.default_project,
        user=old.username,
        source=str(target),
    )


def disk_tools() -> DiskTools:
    """What converts disks on this machine."""
    from imageferry.tools.qemu_img import QemuImg

    return QemuImg()


def _is_local(name: str, env: Mapping[str, str]) -> bool:
    if name == local.NAME:
        return all(entry.name != name for entry in config.entries())
    return not config.chosen(name, env)


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(old_settings.MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound("file", str(file)) from error
    except OSError as error:
        raise Unavailable(str(file), reason=error.strerror or str(error)) from error
    if len(data) > old_settings.MAX_BYTES:
        raise TooLarge(str(file), old_settings.MAX_BYTES)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("file", str(file), "a text in UTF-8") from error


@contextmanager
def _closing(cloud: Cloud) -> Iterator[Cloud]:
    try:
        yield cloud
    finally:
        cloud.close()
