"""What the K5 calls refuse: every code, hostile bodies, callers who may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imageferry.dialects.k5.codes import IMPORT
from imageferry.domain.image_quota import Resource
from tests.dialects.k5_service import K5, code_of, small_vmdk

UUID = "9d0c7f7e-1d2b-4c3a-8b5e-0a4f3d2c1b60"
LENIENT = ["uk-1", "fi-1", "jp-east-3"]
STRICT = ["uk-9", "fi-9", "jp-west-3"]
NO_TEXT: list[Any] = [5, 1.5, True, [], {}, ["x"], {"x": 1}, ""]


@pytest.fixture(scope="module")
def home(k5_server: K5) -> K5:
    """The same in a project that tests share, for those that leave nothing which others mind."""
    caller = k5_server.fresh()
    caller.put("web.vmdk", small_vmdk())
    return caller


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
    elsewhere = {"40009", "40030", "40035", "40036", "40301", "40302", "40401", "50001", "50301"}
    assert {code for code, _, _ in REFUSED} | elsewhere == set(IMPORT)


def test_what_only_strict_a_looks_at_is_not_refused_elsewhere(k5: K5) -> None:
    odd = {"conversion": "no", "disk_format": 5, "user_name": [], "password": {}, "domain_name": ""}
    for region in ("uk-1", "fi-1", "jp-east-3", "uk-9", "jp-west-3"):
        assert k5.at(region).start(**odd).status == 201, region


def test_what_a_strict_profile_does_not_know_is_not_looked_at(k5: K5) -> None:
    assert k5.at("uk-9").start(container_format="ova", details=5, s3_location=5).status == 201
    assert k5.at("jp-west-3").start(container_format=5, ovf_location=5).status == 201


def test_a_project_with_as_many_jobs_as_it_may_have_is_told_so_and_gets_no_more(k5: K5) -> None:
    quotas = k5.house.services.image_quotas
    quotas.set_limit(k5.caller.project, Resource.TASKS, 2)
    assert [k5.start().status for _ in range(2)] == [201, 201]
    assert code_of(k5.start()) == "40302"
    assert len(k5.call("GET", "/v1/imageimport").json["imports"]) == 2
    k5.walker.walk()
    assert k5.start().status == 201


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


def test_the_object_and_the_jobs_of_another_project_are_out_of_reach(k5: K5, k5_server: K5) -> None:
    stranger = k5_server.as_("alex", "alt")
    assert code_of(stranger.start(location=k5.place("web.vmdk"))) == "40005"
    import_id = k5.start().json["import_id"]
    assert code_of(stranger.call("GET", f"/v1/imageimport/{import_id}/status")) == "40401"
    assert import_id not in json.dumps(stranger.call("GET", "/v1/imageimport").json)


WRONG_NUMBERS = ["-1", "x", "1.0", "", "+1", "%D9%A3", "1e3", "9" * 10, "9" * 5000, "%00", " 1", "null"]


@pytest.mark.parametrize("value", WRONG_NUMBERS)
def test_a_wrong_start_or_limit(home: K5, value: str) -> None:
    assert code_of(home.call("GET", f"/v1/imageimport?start={value}")) == "40035"
    assert code_of(home.call("GET", f"/v1/imageimport?limit={value}")) == "40036"
    assert code_of(home.call("GET", f"/v1/imageexport?start={value}")) == "40013"
    assert code_of(home.call("GET", f"/v1/imageexport?limit={value}")) == "40014"


@pytest.mark.parametrize("job", ["x", UUID, "..", "%00", "%ff", "%F0%9F%A6%86", "a" * 5000, UUID + "%0a"])
def test_an_id_that_is_none(home: K5, job: str) -> None:
    assert code_of(home.call("GET", f"/v1/imageimport/{job}/status")) == "40401"
