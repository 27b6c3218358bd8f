"""Image export by the K5 calls: what is taken and refused, what a job says and what it leaves."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]

from imageferry.dialects.k5.codes import EXPORT
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ImageId
from imageferry.service.exporting.steps import ExportSteps
from imageferry.tools.qemu_img import QemuImg
from imageferry.wire import ovf
from tests.dialects.k5_service import K5, PART, as_raw, cancel, code_of, exported, small_raw, started

UUID = "9d0c7f7e-1d2b-4c3a-8b5e-0a4f3d2c1b60"


# -- the whole way -----------------------------------------------------------


def test_an_export_is_a_large_object_with_its_description_and_digests(k5: K5, tmp_path: Path) -> None:
    done = exported(k5, k5.image())
    assert (done["export_status"], done["progress"], done["image_name"]) == ("succeeded", 100, "web base 3")
    assert "error_code" not in done
    assert k5.names("out") == ["web base 3.mf", "web base 3.ovf", "web base 3.vmdk"]
    parts = k5.names("out_segments")
    assert len(parts) > 2
    assert all(name.startswith("web base 3.vmdk/") for name in parts)
    sizes = [len(k5.read(name, container="out_segments")) for name in parts]
    assert set(sizes[:-1]) == {PART}
    vmdk = k5.read("web base 3.vmdk", container="out")
    assert len(vmdk) == sum(sizes)
    assert b'createType="streamOptimized"' in vmdk
    assert as_raw(vmdk, tmp_path) == small_raw()
    description = k5.read("web base 3.ovf", container="out")
    digests = ovf.read_digest_lines(k5.read("web base 3.mf", container="out"))
    assert {name: digest.value for name, digest in digests.items()} == {
        "web base 3.vmdk": hashlib.sha256(vmdk).hexdigest(),
        "web base 3.ovf": hashlib.sha256(description).hexdigest(),
    }
    file = etree.fromstring(description).find(".//{*}File")
    assert file.get("{http://schemas.dmtf.org/ovf/envelope/1}size") == str(len(vmdk))


def test_what_is_downloaded_by_swift_is_the_disk(k5: K5, tmp_path: Path) -> None:
    exported(k5, k5.image())
    reply = k5.cloud.get(f"/v1/AUTH_{k5.project}/out/web%20base%203.vmdk")
    assert reply.status == 200
    assert "x-object-manifest" in reply.headers
    assert as_raw(reply.body, tmp_path) == small_raw()


def test_an_export_can_be_imported_again(k5: K5) -> None:
    exported(k5, k5.image())
    again = k5.imported(location=k5.place("web base 3.vmdk", container="out"), name="again")
    assert again["import_status"] == "succeeded", again
    assert k5.cloud.get(f"/image{again['file']}").body == small_raw()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("/", None),
        ("..", None),
        ("a\r\nX-Evil: 1", "a__X-Evil: 1"),
        ("größe 🦆", "größe 🦆"),
        ("<&\"'>", "<&\"'>"),
        ("🦆" * 255, "🦆" * 225),
        ("", None),
        (None, None),
        ("a\ufffeb", "a_b"),
    ],
)
def test_names_of_images_become_safe_names_of_objects(k5: K5, name: str | None, stem: str | None) -> None:
    image_id = k5.image()
    images = k5.house.services.images
    images.change(k5.caller, ImageId(image_id), lambda image: replace(image, name=name))
    done = exported(k5, image_id)
    assert done["export_status"] == "succeeded", done
    assert done["image_name"] == (name or "")
    expected = image_id if stem is None else stem
    assert k5.names("out") == [f"{expected}.mf", f"{expected}.ovf", f"{expected}.vmdk"]
    assert set(ovf.read_digest_lines(k5.read(f"{expected}.mf", container="out"))) == {
        f"{expected}.ovf",
        f"{expected}.vmdk",
    }
    etree.fromstring(k5.read(f"{expected}.ovf", container="out"))
    assert len(k5.read(f"{expected}.vmdk", container="out")) > PART


# -- what is refused ---------------------------------------------------------


def test_every_code_of_the_order(k5: K5) -> None:
    image_id = k5.image()
    right = {"image_id": image_id, "storage_container": k5.place(container="out")}

    def code(**changes: Any) -> str:
        body = {name: value for name, value in (right | changes).items() if value is not None}
        reply = k5.call("POST", "/v1/imageexport", body)
        assert reply.json["message"] == EXPORT[code_of(reply)]
        return code_of(reply)

    assert code(image_id=None) == "40001"
    no_ids: list[Any] = ["x", "", 5, [], {}, True, "../" + image_id, image_id + "\0"]
    for wrong in no_ids:
        assert code(image_id=wrong) == "40002", wrong
    assert code(storage_container=None) == "40003"
    for place in (
        *("", 5, [], {}, "out", "/out", "/v1/AUTH_x", "https://h/v1/AUTH_x/out"),
        *(k5.place(container=name) for name in ("none", "a/b", "../out", "o\0ut", "x" * 257, "%ff")),
    ):
        assert code(storage_container=place) == "40004", place
    k5.container("x" * 250)
    assert code(storage_container=k5.place(container="x" * 250)) == "40004"
    assert code(storage_container="/v1/AUTH_another/out") == "40005"
    assert code(image_id=UUID) == "40008"
    export_id = started(k5, image_id)
    assert code() == "40006"
    started(k5, image_id, k5.container("other"))
    k5.walker.walk()
    assert k5.status(export_id, kind="imageexport")["export_status"] == "succeeded"
    assert code() == "40007"
    assert {"40001", "40002", "40003", "40004", "40005", "40006", "40007", "40008"} <= set(EXPORT)


@pytest.mark.parametrize("name", ["web base 3.vmdk", "web base 3.ovf", "web base 3.mf"])
def test_anything_of_the_target_in_the_way_is_a_refusal(k5: K5, name: str) -> None:
    image_id = k5.image()
    k5.put(name, b"mine", container="out")
    assert code_of(k5.export(image_id, "out")) == "40007"


def test_parts_in_the_way_are_a_refusal(k5: K5) -> None:
    image_id = k5.image()
    k5.put("web base 3.vmdk/1", b"mine", container="out_segments")
    assert code_of(k5.export(image_id, "out")) == "40007"


def test_an_image_that_is_seen_but_not_owned_is_refused(k5: K5, k5_server: K5) -> None:
    image_id = k5.image()
    stranger = k5_server.fresh()
    stranger.container("out")
    body = {"member": stranger.project}
    assert code_of(stranger.export(image_id, "out")) == "40008"
    assert k5.cloud.call("POST", f"/image/v2/images/{image_id}/members", body).status == 200
    assert stranger.cloud.get(f"/image/v2/images/{image_id}").status == 200
    assert code_of(stranger.export(image_id, "out")) == "40008"


def test_an_image_without_bytes_is_refused(k5: K5) -> None:
    made = k5.cloud.call("POST", "/image/v2/images", {"name": "n", "disk_format": "raw", "container_format": "bare"})
    assert code_of(k5.export(made.json["id"], "out")) == "40009"


def test_who_may_only_look_may_not_export_or_cancel(k5: K5) -> None:
    export_id = started(k5, k5.image())
    reader = k5.reader()
    assert code_of(reader.call("POST", f"/v1/imageexport/{export_id}/cancel")) == "40301"
    assert code_of(reader.export(UUID, "out")) == "40301"
    assert reader.status(export_id, kind="imageexport")["export_status"] == "queued"


def test_wrong_types_are_refused_and_never_an_accident(k5: K5) -> None:
    for field in ("image_id", "storage_container", "export_id"):
        for value in (5, 1.5, True, None, [], {}, ["x"], {"x": 1}, "", "\0", "../🦆\n", "x" * 100_000, -1, 10**40):
            body = {"image_id": UUID, "storage_container": k5.place(container="out"), field: value}
            assert code_of(k5.call("POST", "/v1/imageexport", body)) in EXPORT


# -- what a job says ---------------------------------------------------------


def test_the_states_of_an_export(k5: K5) -> None:
    image_id = k5.image()
    export_id = started(k5, image_id)
    before = k5.status(export_id, kind="imageexport")
    assert before == {
        "export_status": "queued",
        "progress": 0,
        "image_id": image_id,
        "image_name": "web base 3",
        "storage_container": k5.place(container="out"),
        "request_time": before["request_time"],
    }
    seen: list[dict[str, Any]] = []
    k5.walker.after = lambda _: seen.append(k5.status(export_id, kind="imageexport"))
    k5.walker.walk()
    assert {status["export_status"] for status in seen} == {"processing"}
    progress = [status["progress"] for status in seen]
    assert progress == sorted(progress)
    done = k5.status(export_id, kind="imageexport")
    told = done.pop("task")
    assert done == {**before, "export_status": "succeeded", "progress": 100}
    assert [step["outcome"] for step in told["steps"]] == ["done"] * told["progress"]["steps"]


@pytest.mark.parametrize("job", ["x", UUID, "%00", "%ff", "..", UUID + "%0a"])
def test_an_id_that_is_none(k5: K5, job: str) -> None:
    assert code_of(k5.call("GET", f"/v1/imageexport/{job}/status")) == "40401"
    assert code_of(cancel(k5, job)) == "40401"


def test_exports_of_another_project_do_not_exist(k5: K5, k5_server: K5) -> None:
    export_id = started(k5, k5.image())
    stranger = k5_server.as_("alex", "alt")
    assert code_of(stranger.call("GET", f"/v1/imageexport/{export_id}/status")) == "40401"
    assert code_of(cancel(stranger, export_id)) == "40401"
    assert stranger.call("GET", "/v1/imageexport").json == {"exports": []}


# -- lists -------------------------------------------------------------------


def test_the_list_is_newest_first_and_cut_by_start_and_limit(k5: K5) -> None:
    image_id = k5.image()
    ids = [started(k5, image_id, k5.container(f"out{i}")) for i in range(4)][::-1]

    def listed(query: str = "") -> list[str]:
        return [row["export_id"] for row in k5.call("GET", f"/v1/imageexport{query}").json["exports"]]

    assert listed() == ids
    assert listed("?start=1&limit=2") == ids[1:3]
    assert listed("?limit=500") == ids
    row = k5.call("GET", "/v1/imageexport?limit=1").json["exports"][0]
    assert row == {
        "export_id": ids[0],
        "export_status": "queued",
        "status": f"/v1/imageexport/{ids[0]}/status",
        "image_id": image_id,
        "request_time": row["request_time"],
    }


@pytest.mark.parametrize("size", [0, -1, 1000, 6 << 30])
def test_parts_of_a_size_that_cannot_be_are_refused_at_the_start(k5_server: K5, size: int) -> None:
    house = k5_server.house
    with pytest.raises(BadInput, match="export_part_bytes"):
        ExportSteps(records=house.records, blobs=house.blobs, tools=QemuImg(), clock=house.clock, part_bytes=size)
