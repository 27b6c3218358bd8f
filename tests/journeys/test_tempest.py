"""OpenStack's own conformance suite against our service: identity, image, object storage.

Tempest makes the users and projects of each of its classes itself, through our Keystone.
Two tables say what does not pass: what we do not offer, and what tempest leaves out. Both are
exact, so that they never say less or more than is true: a test in a table that passes, and
one outside that does not, fail alike.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.hostile_server import file_of, hostile_server
from tests.peers import program
from tests.running import RunningService

EXPRESSION = r"^tempest\.(api\.(identity\.v3|image|object_storage)\.|scenario\.test_object_storage)"

NOT_OFFERED: Mapping[str, str] = {
    "test_ec2_credentials": "log-ins for Amazon's APIs, which this service does not speak",
}
"""A part of a test's name: why there is no such thing here."""

LEFT_OUT: Mapping[str, str] = {
    "ContainerSyncTest": "left out by tempest itself (bug 1317133)",
    "ContainerSyncMiddlewareTest": "containers that follow those of another cluster are not offered",
    "HashCalculationRemoteDeletionTest": "locations are not offered: they swap an image's bytes",
    "IdentityV3UsersTest": "passwords have no history and do not age",
    "ImageCachingTest": "there is no cache beside the store",
    "ImageDependencyTests": "needs Nova",
    "ImageLocations": "locations are not offered: they swap an image's bytes",
    "ImagesFormatTest": "needs Nova",
    "ListUserImagesTest": "uploads bytes that are no disk, which are refused here",
    "LocationImportTest": "locations are not offered: they swap an image's bytes",
    "MultiStores": "there is one store",
    "MultistoreLocationImportTest": "there is one store",
    "StoreWeightTest": "there is one store",
    "test_image_glance_download_import": "images are not fetched from other Glances",
    "test_image_tasks_create": "left out by tempest itself (bug 2030527)",
    "test_remote_": "needs a second Glance on the same database",
    "test_storage_policy_quota_limit": "there is one storage policy",
}
"""A part of a test's name: why tempest does not run it."""

_OBJECT_APIS = (
    *("account_quotas", "bulk_delete", "bulk_upload", "container_quotas", "crossdomain", "dlo", "formpost"),
    *("object_versioning", "slo", "staticweb", "symlink", "tempurl", "versioned_writes"),
)
_LINE = re.compile(r"^\{\d+\} (?:setUpClass \()?([\w.]+)\)? (?:\[[\d.]+s\] )?\.\.\. (ok|FAILED|SKIPPED)", re.MULTILINE)


@pytest.mark.slow
def test_tempest_passes_all_but_what_is_listed(new_service: Callable[..., RunningService], tmp_path: Path) -> None:
    tempest = program("tempest")
    with hostile_server() as web:
        disk = tmp_path / "tiny.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True)
        image = web.serves("/tiny.qcow2", file_of(disk.read_bytes()))
        service = new_service(env={"IMAGEFERRY_FETCH_NETWORKS": "127.0.0.1", "IMAGEFERRY_FETCH_PORTS": ""}).start()
        _run(tempest, _workspace(service, tempest, tmp_path, image), tmp_path)


def _run(tempest: Path, workspace: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [tempest, "run", "--concurrency", "2", "--regex", EXPRESSION],
        cwd=workspace,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=600,
    )
    results = _LINE.findall(done.stdout)
    passed, failed, skipped = (
        [name for name, outcome in results if outcome == wanted] for wanted in ("ok", "FAILED", "SKIPPED")
    )
    assert len(passed) > 200, done.stdout[-3000:] + done.stderr[-3000:]
    assert _unlisted(failed, NOT_OFFERED) == ([], []), _told_of(failed, done.stdout)
    assert _unlisted(skipped, LEFT_OUT) == ([], [])
    assert len(passed) >= 0.95 * (len(passed) + len(failed))


def _unlisted(names: list[str], table: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The names that no row of a table explains, and the rows that explain none."""
    return (
        [name for name in names if not any(part in name for part in table)],
        [part for part in table if not any(part in name for name in names)],
    )


def _told_of(names: list[str], output: str) -> str:
    """What tempest printed about tests that nobody expected to fail."""
    unexpected = _unlisted(names, NOT_OFFERED)[0]
    return "\n".join(output[at : at + 6000] for name in unexpected if (at := output.find(f"\n{name}[")) >= 0)


def _environment(folder: Path) -> dict[str, str]:
    """Ours, but for the home, where tempest keeps a list of its workspaces."""
    return {**os.environ, "HOME": str(folder)}


def _workspace(service: RunningService, tempest: Path, folder: Path, image: str) -> Path:
    command: list[str | Path] = [tempest, "init", "workspace"]
    subprocess.run(command, cwd=folder, env=_environment(folder), check=True, capture_output=True)
    workspace = folder / "workspace"
    (workspace / "etc" / "tempest.conf").write_text(_configuration(service, workspace, image))
    return workspace


def _configuration(service: RunningService, workspace: Path, image: str) -> str:
    admin = service.cloud["auth"]
    return f"""
[DEFAULT]
log_file = tempest.log
[oslo_concurrency]
lock_path = {workspace / "lock"}
[auth]
use_dynamic_credentials = true
admin_username = {admin["username"]}
admin_password = {admin["password"]}
admin_project_name = {admin["project_name"]}
admin_domain_name = Default
[identity]
uri_v3 = {service.url}/v3
auth_version = v3
region = RegionOne
default_domain_id = default
[image]
region = RegionOne
http_qcow2_image = {image}
[image-feature-enabled]
import_image = true
image_conversion = false
image_format_enforcement = true
os_glance_reserved = true
manage_locations = false
http_store_enabled = false
[object-storage]
region = RegionOne
operator_role = member
reseller_admin_role = admin
[object-storage-feature-enabled]
discoverable_apis = {",".join(_OBJECT_APIS)}
[service_available]
glance = true
swift = true
nova = false
cinder = false
neutron = false
"""
