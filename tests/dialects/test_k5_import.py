"""Image import by the K5 calls: what is taken, what is refused, what a job says."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from tests.dialects.k5_service import K5, code_of, converted, small_raw, small_vmdk

UUID = "9d0c7f7e-1d2b-4c3a-8b5e-0a4f3d2c1b60"
LENIENT = ["uk-1", "fi-1", "jp-east-3"]
STRICT = ["uk-9", "fi-9", "jp-west-3"]


# -- what is taken -----------------------------------------------------------


@pytest.mark.parametrize("region", [*LENIENT, *STRICT])
@pytest.mark.parametrize("host", ["vmimport", "import-export"])
def test_every_region_takes_the_body_of_its_profile_on_both_hosts(k5: K5, region: str, host: str) -> None:
    reply = k5.at(region, host).start()
    assert reply.status == 201
    assert list(reply.json) == ["import_id"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-fcx-endpoint-request"].endswith("_201")


@pytest.mark.parametrize("region", LENIENT)
def test_a_lenient_region_takes_fields_of_other_profiles_and_unknown_ones(k5: K5, region: str) -> None:
    foreign = {"user_name": "mira", "password": "cHc=", "domain_name": "D", "disk_format": "raw", "conversion": "true"}
    reply = k5.at(region).start(**foreign, kms=True, server_info={"a": [1]}, activate=False, colour="blue")
    assert reply.status == 201


def test_numbers_may_be_strings_and_ids_and_checksums_in_any_case(k5: K5) -> None:
    digest = hashlib.sha1(small_vmdk()).hexdigest().upper()
    done = k5.imported(min_ram="512", min_disk="0", id=UUID.upper(), checksum=digest, ovf_location="")
    assert (done["import_status"], done["min_ram"], done["min_disk"], done["id"]) == ("succeeded", 512, 0, UUID)


@pytest.mark.parametrize("os_type", ["CentOS", "RHEL", "Rhel", "rhel6", "ubuntu", "win2016SE_ja", "WIN2012SE"])
def test_the_guest_is_named_in_any_case_and_repeated_as_sent(k5: K5, os_type: str) -> None:
    done = k5.imported(os_type=os_type)
    assert (done["import_status"], done["os_type"]) == ("succeeded", os_type)
    image = k5.cloud.get(f"/image/v2/images/{done['id']}").json
    assert image["os_type"] == ("windows" if os_type.lower().startswith("win") else "linux")
    assert done.get("fcx.win") == ("true" if image["os_type"] == "windows" else None)
    assert done.get("fcx.centos") == ("true" if os_type.lower() == "centos" else None)


def test_null_is_as_good_as_nothing(k5: K5) -> None:
    body = k5.body() | dict.fromkeys(["id", "checksum", "min_ram", "min_disk", "ovf_location", "container_format"])
    assert k5.call("POST", "/v1/imageimport", body).status == 201


# -- where the object is -----------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["a b.vmdk", "x#y?.vmdk", "größe.VMDK", "100%.vmdk", "a%2Fb.vmdk", "dir/../web.Vmdk", "🦆\n.vmdk", "/x.vmdk"],
)
def test_the_location_is_taken_literally(k5: K5, name: str) -> None:
    location = k5.put(name, small_vmdk())
    done = k5.imported(location=location)
    assert (done["import_status"], done["location"]) == ("succeeded", location)


def test_it_is_decoded_only_where_nothing_bears_the_literal_name(k5: K5) -> None:
    k5.put("my disk.vmdk", small_vmdk())
    encoded = k5.place("my%20disk.vmdk")
    assert k5.imported(location=encoded)["import_status"] == "succeeded"
    k5.put("my%20disk.vmdk", b"not a disk")
    assert k5.imported(location=encoded)["error_code"] == "40051"


def test_a_large_object_is_imported_as_a_whole(k5: K5) -> None:
    data = small_vmdk()
    for number, start in enumerate(range(0, len(data), 300_000), start=1):
        k5.put(f"centos/{number:08d}", data[start : start + 300_000], container="images_segments")
    k5.put("large.vmdk", b"", manifest="images_segments/centos/")
    done = k5.imported(location=k5.place("large.vmdk"))
    assert (done["import_status"], done["size"]) == ("succeeded", len(small_raw()))


def test_profile_c_takes_packed_disks_and_buckets(k5: K5) -> None:
    packed = gzip.compress(small_raw(), 1)
    k5.put("disk.IMG.gz", packed)
    for region, location in (
        ("jp-east-3", k5.place("disk.IMG.gz")),
        ("jp-east-3", k5.place("disk.IMG.gz", version="v2")),
        ("jp-west-3", k5.place("disk.IMG.gz", version="v2")),
    ):
        done = k5.at(region).imported(location=location, details={"image_from": "img.gz"})
        assert (done["import_status"], done["size"]) == ("succeeded", len(small_raw()))
    done = k5.at("jp-east-3").imported(location=None, s3_location="/images/disk.IMG.gz")
    assert (done["import_status"], done["s3_location"]) == ("succeeded", "/images/disk.IMG.gz")


def test_a_packed_qcow2_is_imported_by_profile_c(k5: K5) -> None:
    k5.put("disk.qcow2.gz", gzip.compress(converted(small_raw(), "qcow2"), 1))
    done = k5.at("jp-east-3").imported(location=k5.place("disk.qcow2.gz"))
    assert (done["import_status"], done["size"]) == ("succeeded", len(small_raw()))


# -- what a job says ---------------------------------------------------------


def test_the_states_of_a_job(k5: K5) -> None:
    seen = []
    import_id = k5.start(min_ram=512, min_disk=12).json["import_id"]
    k5.walker.before = lambda step: seen.append((step, k5.status(import_id)))
    before = k5.status(import_id)
    try:
        k5.walker.walk()
    finally:
        k5.walker.before = lambda _: None
    assert (before["import_status"], before["progress"]) == ("queued", 0)
    assert before == {
        "import_status": "queued",
        "progress": 0,
        "id": before["id"],
        "name": "web base 3",
        "location": k5.place("web.vmdk"),
        "os_type": "centos",
        "min_ram": 512,
        "min_disk": 12,
        "ovf_location": "",
        "conversion": True,
        "disk_format": "raw",
        "container_format": "bare",
    }
    assert {status["import_status"] for _, status in seen[1:]} == {"processing"}
    progress = [status["progress"] for _, status in seen]
    assert progress == sorted(progress)
    assert all(type(value) is int for value in progress)
    done = k5.status(import_id)
    assert (done["import_status"], done["progress"], done["id"]) == ("succeeded", 100, before["id"])
    assert (done["size"], done["status"], done["visibility"]) == (len(small_raw()), "active", "private")


def test_the_image_that_came_of_it_is_the_disk(k5: K5) -> None:
    done = k5.imported()
    assert k5.cloud.get(f"/image{done['file']}").body == small_raw()
    assert done["owner"] == k5.project


def test_a_job_whose_image_was_deleted_since_still_has_succeeded(k5: K5) -> None:
    import_id = k5.start().json["import_id"]
    k5.walker.walk()
    image_id = k5.status(import_id)["id"]
    assert k5.cloud.call("DELETE", f"/image/v2/images/{image_id}").status == 204
    done = k5.status(import_id)
    assert (done["import_status"], done["progress"], done["id"]) == ("succeeded", 100, image_id)
    assert "size" not in done


def test_profile_a_shows_a_star_and_nobody_ever_the_password(k5: K5, caplog: pytest.LogCaptureFixture) -> None:
    secret = "c2VjcmV0IG9mIG1pcmE="
    with caplog.at_level("DEBUG"):
        for region in ("fi-1", "fi-9"):
            caller = k5.at(region)
            reply = caller.start(user_name="mira", password=secret, domain_name="Ab3dEfgh")
            k5.walker.walk()
            done = caller.status(reply.json["import_id"])
            assert (done["user_name"], done["password"], done["domain_name"]) == ("mira", "*", "Ab3dEfgh")
            assert code_of(caller.start(password=secret, name="", user_name="mira")) == "40002"
    bare = k5.at("fi-1").imported()
    assert (bare["user_name"], bare["password"], bare["domain_name"]) == ("mira", "*", "Default")
    assert "password" not in k5.imported(password=secret)
    texts = [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert not any(secret in text or "secret of mira" in text for text in texts)
    for path in Path(k5.house.settings.data).rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path.name


def test_a_region_may_spell_numbers_as_the_original_did(k5: K5) -> None:
    old = k5.at("old-1")
    import_id = old.start(min_ram=512, min_disk=12).json["import_id"]
    queued = old.status(import_id)
    assert (queued["progress"], queued["min_ram"], queued["min_disk"]) == ("0", "512", "12")
    k5.walker.walk()
    done = old.status(import_id)
    assert (done["progress"], done["min_ram"], done["min_disk"]) == (100, 512, 12)


def test_the_job_of_another_door_is_not_shown(k5: K5) -> None:
    image_id = k5.image()
    k5.container("out")
    export_id = k5.export(image_id, "out").json["export_id"]
    assert code_of(k5.call("GET", f"/v1/imageimport/{export_id}/status")) == "40401"
    k5.walker.walk()


def test_imports_can_be_neither_deleted_nor_cancelled(k5: K5) -> None:
    import_id = k5.start().json["import_id"]
    for method in ("DELETE", "PUT", "GET", "PATCH"):
        reply = k5.call(method, f"/v1/imageimport/{import_id}")
        assert reply.status == 405
        assert reply.json["error_code"] == "40500"
    assert k5.call("DELETE", f"/v1/imageimport/{import_id}/status").status == 405
    assert k5.call("POST", f"/v1/imageimport/{import_id}/cancel").status == 404
    assert k5.status(import_id)["import_status"] == "queued"


# -- lists -------------------------------------------------------------------


def test_the_list_is_newest_first_and_cut_by_start_and_limit(k5: K5) -> None:
    ids = [k5.start(name=f"n{i}").json["import_id"] for i in range(4)][::-1]

    def listed(query: str = "") -> list[str]:
        return [row["import_id"] for row in k5.call("GET", f"/v1/imageimport{query}").json["imports"]]

    assert listed() == ids
    assert listed("?start=1") == ids[1:]
    assert listed("?limit=2") == ids[:2]
    assert listed("?start=1&limit=2") == ids[1:3]
    assert listed("?start=0&limit=999999999") == ids
    assert listed("?start=999999999") == []
    row = k5.call("GET", "/v1/imageimport?limit=1").json["imports"][0]
    assert row == {
        "import_id": ids[0],
        "import_status": "queued",
        "status": f"/v1/imageimport/{ids[0]}/status",
    }


def test_at_most_a_hundred_are_listed(k5: K5) -> None:
    for _ in range(101):
        k5.start()
    assert len(k5.call("GET", "/v1/imageimport").json["imports"]) == 100
    assert len(k5.call("GET", "/v1/imageimport?limit=101").json["imports"]) == 100
    assert len(k5.call("GET", "/v1/imageimport?start=100").json["imports"]) == 1
