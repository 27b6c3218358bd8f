"""Imports that cannot succeed: each ends failed, with its code and a sentence that a person can act on."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from imageferry.domain.task import TaskId
from imageferry.formats.reasons import Reason
from tests import disks
from tests.dialects.k5_service import K5, converted, small_raw, small_vmdk


@pytest.fixture(scope="module")
def k5(k5_server: K5) -> K5:
    caller = k5_server.fresh()
    caller.put("web.vmdk", small_vmdk())
    return caller


def failed(k5: K5, name: str, data: bytes, **changes: Any) -> dict[str, Any]:
    k5.put(name, data)
    return judged(k5, k5.imported(location=k5.place(name), **changes))


def judged(k5: K5, status: dict[str, Any]) -> dict[str, Any]:
    """What every failure has: a code, a sentence, the common keys, and no image."""
    assert status["import_status"] == "failed", status
    assert status["error_message"] == status["message"]
    assert status["error_message"].endswith(".")
    assert {"progress", "id", "name", "location", "min_ram", "min_disk"} <= set(status)
    assert "size" not in status
    assert k5.cloud.get(f"/image/v2/images/{status['id']}").status == 404
    return status


DISKS: list[tuple[str, bytes, str, str]] = [
    ("photo.vmdk", disks.jpeg(), "40051", "JPEG"),
    ("empty.vmdk", b"", "40051", "empty.vmdk: expected a disk image in the format vmdk, found an empty file"),
    ("page.vmdk", b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n", "40051", "HTML"),
    ("raw.vmdk", small_raw(), "40051", "raw"),
    ("backing.vmdk", disks.qcow2_with_backing("/etc/passwd"), "40051", "qcow2"),
    ("passwd.vmdk", disks.vmdk_pointing_to("/etc/passwd"), "40052", "/etc/passwd"),
    ("sparse-passwd.vmdk", disks.vmdk(disks.vmdk_text(extents='RW 8 FLAT "/etc/passwd" 0')), "40052", ""),
    ("delta.vmdk", disks.vmdk(disks.vmdk_text(parent="base.vmdk", parent_cid="12345678")), "40052", ""),
    ("petabyte.vmdk", disks.vmdk(capacity=disks.PIB // 512), "40055", "1 PiB"),
    ("cut.vmdk", small_vmdk()[:200_000], "40053", ""),
    ("packed.vmdk", disks.gzip_archive(), "40051", "gzip"),
]


@pytest.mark.parametrize(("name", "data", "code", "said"), DISKS, ids=[row[0] for row in DISKS])
def test_what_is_no_safe_vmdk_is_refused_by_the_job(k5: K5, name: str, data: bytes, code: str, said: str) -> None:
    status = failed(k5, name, data)
    assert (status["error_code"], said in status["error_message"]) == (code, True), status["error_message"]
    assert "root:" not in status["error_message"]
    assert k5.house.settings.data not in status["error_message"]


def test_a_qcow2_by_a_vmdks_name_says_what_it_is(k5: K5) -> None:
    status = failed(k5, "really-qcow2.vmdk", converted(small_raw(), "qcow2"))
    assert status["error_code"] == "40051"
    assert "qcow2" in status["error_message"]


def test_a_packed_qcow2_with_a_backing_file_is_refused_where_qcow2_is_taken(k5: K5) -> None:
    caller = k5.at("jp-east-3")
    caller.put("leans.qcow2.gz", gzip.compress(disks.qcow2_with_backing("/etc/passwd")))
    status = judged(caller, caller.imported(location=caller.place("leans.qcow2.gz")))
    assert status["error_code"] == "40052"
    assert "backing file" in status["error_message"]


def test_a_packed_disk_that_is_cut_off_is_refused(k5: K5) -> None:
    caller = k5.at("jp-east-3")
    caller.put("cut.img.gz", gzip.compress(small_raw())[:-100])
    status = judged(caller, caller.imported(location=caller.place("cut.img.gz")))
    assert status["error_code"] == "40053"


def test_a_wrong_checksum_names_both(k5: K5) -> None:
    promised, found = hashlib.sha1(b"another file").hexdigest(), hashlib.sha1(small_vmdk()).hexdigest()
    status = judged(k5, k5.imported(checksum=promised))
    assert status["error_code"] == "40050"
    assert promised in status["error_message"]
    assert found in status["error_message"]


def test_a_wrong_checksum_of_a_large_object_is_found_over_the_whole(k5: K5) -> None:
    data = small_vmdk()
    k5.put("p/1", data[:400_000], container="images_segments")
    k5.put("p/2", data[400_000:], container="images_segments")
    k5.put("large.vmdk", b"", manifest="images_segments/p/")
    right = hashlib.sha1(data).hexdigest()
    assert k5.imported(location=k5.place("large.vmdk"), checksum=right)["import_status"] == "succeeded"
    k5.put("p/3", b"more", container="images_segments")
    status = judged(k5, k5.imported(location=k5.place("large.vmdk"), checksum=right))
    assert status["error_code"] == "40050"


def test_an_object_deleted_before_its_turn(k5: K5) -> None:
    k5.put("gone.vmdk", small_vmdk())
    import_id = k5.start(location=k5.place("gone.vmdk")).json["import_id"]
    k5.house.services.objects.delete(k5.caller, k5.caller.project, "images", "gone.vmdk")
    k5.walker.walk()
    status = judged(k5, k5.status(import_id))
    assert status["error_code"] == "40054"
    assert "gone.vmdk" in status["error_message"]


def test_an_object_changed_before_its_turn(k5: K5) -> None:
    k5.put("changed.vmdk", small_vmdk())
    import_id = k5.start(location=k5.place("changed.vmdk")).json["import_id"]
    k5.put("changed.vmdk", small_vmdk() + bytes(512))
    k5.walker.walk()
    assert judged(k5, k5.status(import_id))["error_code"] == "40054"


@pytest.mark.parametrize("step", ["verify", "inspect", "convert", "check", "publish"])
def test_an_object_deleted_while_it_is_imported_is_imported_to_its_end(k5: K5, step: str) -> None:
    """The job holds on to the bytes that it found."""
    k5.put("running.vmdk", small_vmdk())
    import_id = k5.start(location=k5.place("running.vmdk")).json["import_id"]

    def delete(name: str) -> None:
        if name == step:
            k5.house.services.objects.delete(k5.caller, k5.caller.project, "images", "running.vmdk")

    k5.walker.before = delete
    try:
        k5.walker.walk()
    finally:
        k5.walker.before = lambda _: None
    assert k5.status(import_id)["import_status"] == "succeeded"


def test_an_import_cancelled_by_another_door_has_failed_here(k5: K5) -> None:
    import_id = k5.start().json["import_id"]
    assert k5.house.services.tasks.cancel(k5.caller, TaskId(import_id))
    k5.walker.walk()
    status = judged(k5, k5.status(import_id))
    assert status["error_code"] == "40058"
    assert "cancelled" in status["error_message"]


def test_an_accident_tells_no_secrets(k5: K5, monkeypatch: pytest.MonkeyPatch) -> None:
    def accident(*_: object, **__: object) -> None:
        raise RuntimeError("/srv/secret/path")

    monkeypatch.setattr("imageferry.tools.qemu_img.QemuImg.to_raw", accident)
    status = judged(k5, k5.imported())
    assert status["error_code"] == "50001"
    assert "secret" not in status["error_message"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_becomes_a_code_of_the_table(k5: K5, reason: Reason, monkeypatch: pytest.MonkeyPatch) -> None:
    from imageferry.domain.errors import BadDisk

    def refuse(*_: object, **__: object) -> None:
        raise BadDisk("web.vmdk", reason, "a VMDK", "another thing", "Do this.")

    monkeypatch.setattr("imageferry.tools.qemu_img.QemuImg.info", refuse)
    status = judged(k5, k5.imported())
    assert status["error_code"] in {"40051", "40052", "40053", "40055"}
    assert status["error_message"].endswith("Do this.")


def test_nothing_of_a_failed_job_stays_in_its_folder(k5: K5) -> None:
    failed(k5, "photo2.vmdk", disks.jpeg())
    work = Path(k5.house.settings.data) / "work"
    assert not work.exists() or not list(work.iterdir())
