"""OpenStack's own conformance suite against our service: identity, image, object storage.

Tempest makes the users and projects of each of its classes itself, through our Keystone.
Three tables say what does not pass: what we do not offer, what tempest leaves out by itself, and what
cannot pass yet. All are exact, so that they never say less or more than is true: a test in
a table that passes, and one outside that does not, fail alike.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.peers import program
from tests.running import RunningService

EXPRESSION = r"^tempest\.(api\.(identity\.v3|image|object_storage)\.|scenario\.test_object_storage)"

NOT_OFFERED: Mapping[str, str] = {}
"""A part of a test's name: why there is no such thing here."""

LEFT_OUT: Mapping[str, str] = {}
"""A part of a test's name: why tempest does not run it."""

NOT_YET: Mapping[str, str] = {}
"""A part of a test's name: why it cannot pass yet."""

_LINE = re.compile(r"^\{\d+\} (?:setUpClass \()?([\w.]+)\)? (?:\[[\d.]+s\] )?\.\.\. (ok|FAILED|SKIPPED)", re.MULTILINE)


@pytest.mark.slow
def test_tempest_passes_all_but_what_is_listed(new_service: Callable[..., RunningService], tmp_path: Path) -> None:
    tempest = program("tempest")
    service = new_service().start()
    workspace = _workspace(service, tempest, tmp_path)
    done = subprocess.run(
        [tempest, "run", "--concurrency", "2", "--regex", EXPRESSION],
        cwd=workspace,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=600,
    )
    results = _LINE.findall(done.stdout)
    outcomes = {wanted: [name for name, outcome in results if outcome == wanted] for wanted in ("ok", "FAILED", "SKIPPED")}
    assert len(outcomes["ok"]) > 150, done.stdout[-3000:] + done.stderr[-3000:]
    assert _unlisted(outcomes["FAILED"], {**NOT_OFFERED, **NOT_YET}) == ([], []), done.stdout[-30_000:]
    assert _unlisted(outcomes["SKIPPED"], LEFT_OUT) == ([], [])


def _unlisted(names: list[str], table: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The names that no row of a table explains, and the rows that explain none."""
    return (
        [name for name in names if not any(part in name for part in table)],
        [part for part in table if not any(part in name for name in names)],
    )


def _environment(folder: Path) -> dict[str, str]:
    """Ours, but for the home, where tempest keeps a list of its workspaces."""
    return {**os.environ, "HOME": str(folder)}


def _workspace(service: RunningService, tempest: Path, folder: Path) -> Path:
    command: list[str | Path] = [tempest, "init", "workspace"]
    subprocess.run(command, cwd=folder, env=_environment(folder), check=True, capture_output=True)
    workspace = folder / "workspace"
    (workspace / "etc" / "tempest.conf").write_text(_configuration(service, workspace))
    return workspace


def _configuration(service: RunningService, workspace: Path) -> str:
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
discoverable_apis = tempurl,slo,bulk_upload,bulk_delete,account_quotas,container_quotas
[service_available]
glance = true
swift = true
nova = false
cinder = false
neutron = false
"""
