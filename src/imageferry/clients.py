"""The client's bootstrap: a cloud's name in, an open cloud out; the one room that knows every cloud driver.

``bootstrap`` wires the service and loads databases and web servers; a command that asks a cloud for
its images must not wait for those, so the client has a room of its own on the same floor. Nothing
heavy is loaded before a cloud is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from imageferry.clouds import clouds_file, config, local, old_kamaki, old_settings
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
) -> list[CloudEntry]:
    """Take over old settings into clouds.yaml (mode 0600): all clouds of the file, or none.

    Args:
        file: a ~/.kamakirc, a k5contractsettings.py or a script of OS_* exports; read as text, never run.
        name: of the new entry; by default the one in the file, or "k5-" and the region.
        region: of a K5 cloud; by default the one in the file.
        target: the clouds.yaml; by default the one that ``open_cloud`` reads, or the user's.

    Raises:
        BadInput: names the line that means nothing, or is more than a plain value.
        AlreadyExists: there is a cloud of that name.
    """
    text = _text_of(file)
    target = target or config.read_file() or clouds_file.users_file(env)
    read = _old_kamaki if old_kamaki.is_kamakirc(text) else _old_k5
    found = read(text, file, name, region)
    clouds_file.add(target, {entry.name: settings for entry, settings in found})
    return [replace(entry, source=str(target)) for entry, _ in found]


_Found = list[tuple[CloudEntry, dict[str, object]]]


def _old_k5(text: str, file: Path, name: str, region: str) -> _Found:
    old = old_settings.read_old_settings(text, python=file.suffix == ".py")
    region = region or old.region
    if not region:
        raise BadInput("region", "", "a K5 region such as uk-1; the file names none")
    entry = CloudEntry(
        name=name or f"k5-{region}",
        kind=config.K5,
        auth_url=old.auth_url,
        region=region,
        project=old.project_id or old.project or old.default_project_id or old.default_project,
        user=old.username,
    )
    return [(entry, old_settings.entry_for(old, region))]


def _old_kamaki(text: str, file: Path, name: str, region: str) -> _Found:  # noqa: ARG001
    found = old_kamaki.read_kamakirc(text)
    if region:
        raise BadInput("region", region, "none: the clouds of kamaki have no regions")
    if name and len(found) > 1:
        raise BadInput("name", name, f"none for a file of {len(found)} clouds, which keep their names")
    return [
        (
            CloudEntry(
                name=name or old.name, kind=config.SYNNEFO, auth_url=old.url, project=old.more.get("account", "")
            ),
            old.entry,
        )
        for old in found
    ]


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
