"""Image import by the K5 calls: what is taken, what is refused, what a job says."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imageferry.dialects.k5.codes import IMPORT
from tests.dialects.k5_service import K5, code_of, converted, running_k5, small_raw, small_vmdk

UUID = "9d0c7f7e-1d2b-4c3a-8b5e-0a4f3d2c1b60"
LENIENT = ["uk-1", "fi-1", "jp-east-3"]
STRICT = ["uk-9", "fi-9", "jp-west-3"]
NO_TEXT: list[Any] = [5, 1.5, True, [], {}, ["x"], {"x": 1}, ""]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K5]:
    with running_k5(tmp_path_factory.mktemp("k5") / "data") as running:
        yield running


@pytest.fixture
def k5(service: K5) -> K5:
    """Mira, in a project of her own, with a disk in the container ``images``."""
    service.walker.waiting.clear()  # what other tests left
    caller = service.fresh()
    caller.put("web.vmdk", small_vmdk())
    return caller


@pytest.fixture(scope="module")
def home(service: K5) -> K5:
    """The same in a project that tests share, for those that leave nothing which others mind."""
    caller = service.fresh()
    caller.put("web.vmdk", small_vmdk())
    return caller


# -- what is taken -----------------------------------------------------------


@pytest.mark.parametrize("region", [*LENIENT, *STRICT])
@pytest.mark.parametrize("host", ["vmimport", "import-export"])
def test_every_region_takes_the_body_of_its_profile_on_both_hosts(home: K5, region: str, host: str) -> None:
    reply = home.at(region, host).start()
    assert reply.status == 201
    assert list(reply.json) == ["import_id"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-fcx-endpoint-request"].endswith("_201")


@pytest.mark.parametrize("region", LENIENT)
def test_a_lenient_region_takes_fields_of_other_profiles_and_unknown_ones(home: K5, region: str) -> None:
    foreign = {"user_name": "mira", "password": "cHc=", "domain_name": "D", "disk_format": "raw", "conversion": "true"}
    reply = home.at(region).start(**foreign, kms=True, server_info={"a": [1]}, activate=False, colour="blue")
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


# -- what is refused ---------------------------------------------------------

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("40001", "uk-1", {"name": None}),
    ("40002", "uk-1", {"name": "x" * 256}),
    ("40002", "uk-1", {"name": "a\0b"}),
    ("40003", "uk-1", {"location": None}),
    ("40003", "jp-east-3", {"location": None}),
    ("40004", "uk-1", {"location": "https://objectstorage.example/v1/AUTH_p/c/o.vmdk"}),
    ("40004", "uk-1", {"location": "{v2}web.vmdk"}),
    ("40004", "uk-1", {"location": "{v1}disk.img.gz"}),
    ("40004", "uk-1", {"location": "{v1}web.ova"}),
    ("40004", "uk-1", {"location": "{v1}a\0.vmdk"}),
    ("40004", "uk-1", {"location": "{v1}%00.vmdk%00"}),
    ("40004", "uk-1", {"location": "{v1}" + "x" * 1025 + ".vmdk"}),
    ("40004", "uk-1", {"location": "/v1/AUTH_/images/web.vmdk"}),
    ("40004", "uk-1", {"location": "//etc/passwd"}),
    ("40004", "uk-1", {"location": "file:///etc/passwd"}),
    ("40004", "jp-west-3", {"location": "{v1}web.vmdk"}),
    ("40004", "jp-west-3", {"location": "{v2}disk.img.gz"}),
    ("40004", "jp-east-3", {"location": "{v2}web.vmdk", "details": {"image_from": "img.gz"}}),
    ("40004", "jp-east-3", {"location": None, "s3_location": "images"}),
    ("40004", "jp-east-3", {"location": None, "s3_location": 5}),
    ("40005", "uk-1", {"location": "/v1/AUTH_another/images/web.vmdk"}),
    ("40006", "uk-1", {"location": "{v1}none.vmdk"}),
    ("40006", "uk-1", {"location": "{v1}../images/web.vmdk"}),
    ("40006", "uk-1", {"location": "{v1}%c3%28.vmdk"}),
    ("40006", "jp-east-3", {"location": None, "s3_location": "/other/web.vmdk"}),
    ("40007", "uk-1", {"checksum": "0" * 39}),
    ("40007", "uk-1", {"checksum": "g" * 40}),
    ("40008", "uk-1", {"id": "not-a-uuid"}),
    ("40008", "fi-9", {"id": None}),
    ("40010", "uk-1", {"min_ram": "-1"}),
    ("40010", "uk-1", {"min_ram": 2**31}),
    ("40010", "uk-1", {"min_ram": 10**30}),
    ("40010", "uk-1", {"min_ram": "٣"}),
    ("40010", "uk-1", {"min_ram": True}),
    ("40011", "uk-1", {"min_disk": 1.5}),
    ("40011", "uk-1", {"min_disk": ""}),
    ("40012", "uk-1", {"os_type": None}),
    ("40013", "uk-1", {"os_type": "beos"}),
    ("40013", "fi-9", {"os_type": "win2012SE"}),
    ("40014", "fi-9", {"conversion": None}),
    ("40015", "fi-9", {"conversion": False}),
    ("40015", "fi-9", {"conversion": "yes"}),
    ("40016", "fi-9", {"disk_format": None}),
    ("40017", "fi-9", {"disk_format": "qcow2"}),
    ("40018", "fi-9", {"container_format": "ova"}),
    ("40018", "uk-1", {"container_format": "ova"}),
    ("40019", "uk-9", {"ovf_location": "/etc/passwd"}),
    ("40020", "fi-9", {"user_name": None}),
    ("40021", "fi-9", {"user_name": ""}),
    ("40022", "fi-9", {"password": None}),
    ("40023", "fi-9", {"password": "not base64!"}),
    ("40024", "fi-9", {"domain_name": None}),
    ("40025", "fi-9", {"domain_name": "x" * 256}),
    ("40026", "jp-east-3", {"details": "vmdk"}),
    ("40026", "jp-east-3", {"details": {"image_from": 5}}),
    ("40026", "jp-west-3", {"details": {"image_from": "elsewhere"}}),
]


def _filled(k5: K5, changes: dict[str, Any]) -> dict[str, Any]:
    places = {"{v1}": k5.place("", version="v1") + "/", "{v2}": k5.place("", version="v2") + "/"}
    filled = dict(changes)
    for mark, place in places.items():
        if isinstance(filled.get("location"), str):
            filled["location"] = filled["location"].replace(mark, place)
    return filled


@pytest.mark.parametrize(("code", "region", "changes"), REFUSED)
def test_what_is_refused_and_by_which_code(home: K5, code: str, region: str, changes: dict[str, Any]) -> None:
    caller = home.at(region)
    before = caller.call("GET", "/v1/imageimport").json
    reply = caller.start(**_filled(caller, changes))
    assert code_of(reply) == code
    assert reply.json["message"] == IMPORT[code]
    assert caller.call("GET", "/v1/imageimport").json == before


def test_every_code_of_the_table_is_tested() -> None:
    elsewhere = {"40009", "40030", "40035", "40036", "40301", "40401", "50001", "50301"}
    assert {code for code, _, _ in REFUSED} | elsewhere == set(IMPORT)


def test_what_only_strict_a_looks_at_is_not_refused_elsewhere(k5: K5) -> None:
    odd = {"conversion": "no", "disk_format": 5, "user_name": [], "password": {}, "domain_name": ""}
    for region in ("uk-1", "fi-1", "jp-east-3", "uk-9", "jp-west-3"):
        assert k5.at(region).start(**odd).status == 201, region


def test_what_a_strict_profile_does_not_know_is_not_looked_at(k5: K5) -> None:
    assert k5.at("uk-9").start(container_format="ova", details=5, s3_location=5).status == 201
    assert k5.at("jp-west-3").start(container_format=5, ovf_location=5).status == 201


def test_an_id_can_be_used_once(k5: K5) -> None:
    assert k5.start(id=UUID.replace("9d", "01")).status == 201
    assert code_of(k5.start(id=UUID.replace("9d", "01"))) == "40009"
    k5.walker.walk()
    assert code_of(k5.start(id=UUID.replace("9d", "01"))) == "40009"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"name"',
        b"null",
        b"12",
        b"\xff\xfe",
        b'{"name": "\xc3"}',
        b'{"name": "\\ud800"}',
        b'{"name": 1e999}',
        b'{"min_ram": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"x" * (2 << 20),
    ],
)
def test_a_body_that_is_no_json_object(home: K5, body: bytes) -> None:
    assert code_of(home.call("POST", "/v1/imageimport", body=body)) == "40030"
    assert code_of(home.call("POST", "/v1/imageexport", body=body)) == "40030"


FIELDS = [
    *("name", "location", "s3_location", "os_type", "id", "checksum", "min_ram", "min_disk", "conversion"),
    *("disk_format", "container_format", "ovf_location", "user_name", "password", "domain_name"),
    *("kms", "server_info", "details"),
]


@pytest.mark.parametrize("region", [*LENIENT, *STRICT])
@pytest.mark.parametrize("field", FIELDS)
def test_a_wrong_type_anywhere_is_taken_or_refused_and_never_an_accident(k5: K5, region: str, field: str) -> None:
    for value in [*NO_TEXT, "a\0b", "../🦆\n", "x" * 100_000, -1, 10**40, -0.0]:
        reply = k5.at(region).start(**{field: value})
        assert reply.status in (201, 400), (value, reply.body)
        if reply.status == 400:
            assert code_of(reply) in IMPORT


# -- who may -----------------------------------------------------------------

CALLS = [
    ("POST", "/v1/imageimport"),
    ("GET", "/v1/imageimport"),
    ("GET", f"/v1/imageimport/{UUID}/status"),
    ("POST", "/v1/imageexport"),
    ("GET", "/v1/imageexport"),
    ("GET", f"/v1/imageexport/{UUID}/status"),
    ("POST", f"/v1/imageexport/{UUID}/cancel"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_nobody_is_told_to_log_in_in_keystones_words(home: K5, method: str, path: str) -> None:
    for headers in ({}, {"X-Auth-Token": "expired"}):
        reply = home.as_(None).call(method, path, headers=headers)
        assert reply.status == 401
        assert reply.json["error"]["code"] == 401
        assert reply.json["error"]["title"] == "Unauthorized"


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_token_without_a_project_is_refused(home: K5, method: str, path: str) -> None:
    assert code_of(home.as_("nobody").call(method, path, {})) == "40005"


def test_who_may_only_look_may_not_import(k5: K5) -> None:
    reader = k5.reader()
    assert code_of(reader.start()) == "40301"
    assert reader.call("GET", "/v1/imageimport").status == 200


def test_the_object_and_the_jobs_of_another_project_are_out_of_reach(k5: K5, service: K5) -> None:
    stranger = service.as_("alex", "alt")
    assert code_of(stranger.start(location=k5.place("web.vmdk"))) == "40005"
    import_id = k5.start().json["import_id"]
    assert code_of(stranger.call("GET", f"/v1/imageimport/{import_id}/status")) == "40401"
    assert import_id not in json.dumps(stranger.call("GET", "/v1/imageimport").json)


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


@pytest.mark.parametrize("job", ["x", UUID, "..", "%00", "%ff", "%F0%9F%A6%86", "a" * 5000, UUID + "%0a"])
def test_an_id_that_is_none(home: K5, job: str) -> None:
    assert code_of(home.call("GET", f"/v1/imageimport/{job}/status")) == "40401"


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


WRONG_NUMBERS = ["-1", "x", "1.0", "", "+1", "%D9%A3", "1e3", "9" * 10, "9" * 5000, "%00", " 1", "null"]


@pytest.mark.parametrize("value", WRONG_NUMBERS)
def test_a_wrong_start_or_limit(home: K5, value: str) -> None:
    assert code_of(home.call("GET", f"/v1/imageimport?start={value}")) == "40035"
    assert code_of(home.call("GET", f"/v1/imageimport?limit={value}")) == "40036"
    assert code_of(home.call("GET", f"/v1/imageexport?start={value}")) == "40013"
    assert code_of(home.call("GET", f"/v1/imageexport?limit={value}")) == "40014"
