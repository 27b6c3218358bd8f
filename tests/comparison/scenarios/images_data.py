"""Images: their bytes, members, imports and tasks."""

from __future__ import annotations

from tests.comparison.script import At, Scenario, Step

_IMAGES = "/v2/images"
_RAW = {"disk_format": "raw", "container_format": "bare"}
_BYTES = {"Content-Type": "application/octet-stream"}
_DATA = b"\x00\x01\xfe\xff imageferry" * 50  # 750 bytes that are no text, nor the head of any format
_V21 = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
_SOME = "7f3dcd1c-5d5c-4a2e-9d8b-3a1c2b4d5e6f"


def _range(text: str) -> dict[str, str]:
    return {"Range": f"bytes={text}"}


DATA = Scenario(
    "bytes of images",
    At.IMAGES,
    [
        Step("an image", "POST", _IMAGES, {"name": "d", **_RAW}, keep={"image": "body.id"}),
        Step("an image without formats", "POST", _IMAGES, {}, keep={"bare": "body.id"}),
        Step("an image for qcow2", "POST", _IMAGES, {**_RAW, "disk_format": "qcow2"}, keep={"qcow2": "body.id"}),
        Step("none yet", "GET", f"{_IMAGES}/$image/file"),
        Step("of a wrong kind", "PUT", f"{_IMAGES}/$image/file", _DATA, headers={"Content-Type": "text/plain"}),
        Step("of no kind", "PUT", f"{_IMAGES}/$image/file", _DATA),
        Step("without formats", "PUT", f"{_IMAGES}/$bare/file", _DATA, headers=_BYTES),
        Step("by a reader", "PUT", f"{_IMAGES}/$image/file", _DATA, headers=_BYTES, as_="reader"),
        Step("by a stranger", "PUT", f"{_IMAGES}/$image/file", _DATA, headers=_BYTES, as_="foreign"),
        Step("into none", "PUT", f"{_IMAGES}/{_SOME}/file", _DATA, headers=_BYTES),
        Step(
            "of another size", "PUT", f"{_IMAGES}/$image/file", _DATA, headers={**_BYTES, "X-OpenStack-Image-Size": "5"}
        ),
        Step(
            "of a size in words",
            "PUT",
            f"{_IMAGES}/$image/file",
            _DATA,
            headers={**_BYTES, "X-OpenStack-Image-Size": "big"},
        ),
        Step(
            "to an unknown store",
            "PUT",
            f"{_IMAGES}/$image/file",
            _DATA,
            headers={**_BYTES, "X-Image-Meta-Store": "attic"},
        ),
        Step("a fresh image", "POST", _IMAGES, {"name": "d", **_RAW}, keep={"image": "body.id"}),
        Step("stored", "PUT", f"{_IMAGES}/$image/file", _DATA, headers={**_BYTES, "X-OpenStack-Image-Size": "750"}),
        Step("stored again", "PUT", f"{_IMAGES}/$image/file", _DATA, headers=_BYTES),
        Step("the image now", "GET", f"{_IMAGES}/$image"),
        Step("got", "GET", f"{_IMAGES}/$image/file"),
        Step("got by a reader", "GET", f"{_IMAGES}/$image/file", as_="reader"),
        Step("got by a stranger", "GET", f"{_IMAGES}/$image/file", as_="foreign"),
        Step("got by nobody", "GET", f"{_IMAGES}/$image/file", as_=""),
        Step("looked at", "HEAD", f"{_IMAGES}/$image/file"),
        Step("a part", "GET", f"{_IMAGES}/$image/file", headers=_range("11-20")),
        Step("from a byte on", "GET", f"{_IMAGES}/$image/file", headers=_range("740-")),
        Step("the last bytes", "GET", f"{_IMAGES}/$image/file", headers=_range("-5")),
        Step("beyond the end", "GET", f"{_IMAGES}/$image/file", headers=_range("740-5000")),
        Step("outside", "GET", f"{_IMAGES}/$image/file", headers=_range("5000-6000")),
        Step("two parts", "GET", f"{_IMAGES}/$image/file", headers=_range("0-1,3-4")),
        Step("nonsense", "GET", f"{_IMAGES}/$image/file", headers=_range("a-b")),
        Step("as older clients ask", "GET", f"{_IMAGES}/$image/file", headers={"Content-Range": "bytes 0-4/*"}),
        Step("of stores one prefers", "GET", f"{_IMAGES}/$image/file?prefer=attic"),
        Step("of a wrong format", "PUT", f"{_IMAGES}/$qcow2/file", _DATA, headers=_BYTES),
        Step(
            "a format changed too late",
            "PATCH",
            f"{_IMAGES}/$image",
            [{"op": "replace", "path": "/disk_format", "value": "iso"}],
            headers=_V21,
        ),
        Step("deactivated", "POST", f"{_IMAGES}/$image/actions/deactivate"),
        Step("deactivated again", "POST", f"{_IMAGES}/$image/actions/deactivate"),
        Step("got while deactivated", "GET", f"{_IMAGES}/$image/file"),
        Step("got while deactivated, by an administrator", "GET", f"{_IMAGES}/$image/file", as_="boss"),
        Step("the image while deactivated", "GET", f"{_IMAGES}/$image"),
        Step("reactivated", "POST", f"{_IMAGES}/$image/actions/reactivate"),
        Step("reactivated again", "POST", f"{_IMAGES}/$image/actions/reactivate"),
        Step("an unknown action", "POST", f"{_IMAGES}/$image/actions/dance"),
        Step("a queued one deactivated", "POST", f"{_IMAGES}/$bare/actions/deactivate"),
        Step("deactivated by a stranger", "POST", f"{_IMAGES}/$image/actions/deactivate", as_="foreign"),
        Step("an empty image", "POST", _IMAGES, {"name": "e", **_RAW}, keep={"nothing": "body.id"}),
        Step("nothing stored", "PUT", f"{_IMAGES}/$nothing/file", b"", headers=_BYTES),
        Step("the empty image", "GET", f"{_IMAGES}/$nothing"),
        Step("nothing got", "GET", f"{_IMAGES}/$nothing/file"),
    ],
)

_MEMBERS = f"{_IMAGES}/$image/members"

MEMBERS = Scenario(
    "members of images",
    At.IMAGES,
    [
        Step("an image", "POST", _IMAGES, {"name": "m", **_RAW, "visibility": "shared"}, keep={"image": "body.id"}),
        Step("a private image", "POST", _IMAGES, {"name": "p", "visibility": "private"}, keep={"private": "body.id"}),
        Step("none yet", "GET", _MEMBERS),
        Step("not seen by the other", "GET", f"{_IMAGES}/$image", as_="foreign"),
        Step("one", "POST", _MEMBERS, {"member": "$other"}),
        Step("one again", "POST", _MEMBERS, {"member": "$other"}),
        Step("none named", "POST", _MEMBERS, {}),
        Step("an empty one", "POST", _MEMBERS, {"member": ""}),
        Step("no object", "POST", _MEMBERS, []),
        Step("broken JSON", "POST", _MEMBERS, "{"),
        Step("one of a private image", "POST", f"{_IMAGES}/$private/members", {"member": "$other"}),
        Step("one by a reader", "POST", _MEMBERS, {"member": "$staff"}, as_="reader"),
        Step("one by the member", "POST", _MEMBERS, {"member": "$staff"}, as_="foreign"),
        Step("seen by the other", "GET", f"{_IMAGES}/$image", as_="foreign"),
        Step("not yet in its list", "GET", f"{_IMAGES}?owner=$project", as_="foreign"),
        Step(
            "in its list of offers",
            "GET",
            f"{_IMAGES}?owner=$project&visibility=shared&member_status=pending",
            as_="foreign",
        ),
        Step("all", "GET", _MEMBERS),
        Step("all, to the member", "GET", _MEMBERS, as_="foreign"),
        Step("shown", "GET", f"{_MEMBERS}/$other"),
        Step("one that is not", "GET", f"{_MEMBERS}/$staff"),
        Step("accepted by the owner", "PUT", f"{_MEMBERS}/$other", {"status": "accepted"}),
        Step("an answer that is none", "PUT", f"{_MEMBERS}/$other", {"status": "perhaps"}, as_="foreign"),
        Step("no answer", "PUT", f"{_MEMBERS}/$other", {}, as_="foreign"),
        Step("accepted", "PUT", f"{_MEMBERS}/$other", {"status": "accepted"}, as_="foreign"),
        Step("in its list", "GET", f"{_IMAGES}?owner=$project", as_="foreign"),
        Step("rejected", "PUT", f"{_MEMBERS}/$other", {"status": "rejected"}, as_="foreign"),
        Step("seen after that", "GET", f"{_IMAGES}/$image", as_="foreign"),
        Step(
            "changed by the member",
            "PATCH",
            f"{_IMAGES}/$image",
            [{"op": "replace", "path": "/name", "value": "x"}],
            headers=_V21,
            as_="foreign",
        ),
        Step("deleted by the member", "DELETE", f"{_IMAGES}/$image", as_="foreign"),
        Step("left by the member", "DELETE", f"{_MEMBERS}/$other", as_="foreign"),
        Step("taken away", "DELETE", f"{_MEMBERS}/$other"),
        Step("taken away again", "DELETE", f"{_MEMBERS}/$other"),
        Step("a wrong method", "PATCH", f"{_MEMBERS}/$other", {}),
        Step("a number", "POST", _MEMBERS, {"member": 5}),
    ],
)

_IMPORT = f"{_IMAGES}/$image/import"
_DIRECT = {"method": {"name": "glance-direct"}}

IMPORTS = Scenario(
    "imports and tasks",
    At.IMAGES,
    [
        Step("an image", "POST", _IMAGES, {"name": "i", **_RAW}, keep={"image": "body.id"}),
        Step("an image without formats", "POST", _IMAGES, {}, keep={"bare": "body.id"}),
        Step("nothing staged", "POST", _IMPORT, _DIRECT),
        Step("staged as a wrong kind", "PUT", f"{_IMAGES}/$image/stage", _DATA, headers={"Content-Type": "text/plain"}),
        Step("staged by a reader", "PUT", f"{_IMAGES}/$image/stage", _DATA, headers=_BYTES, as_="reader"),
        Step("staged by a stranger", "PUT", f"{_IMAGES}/$image/stage", _DATA, headers=_BYTES, as_="foreign"),
        Step("staged", "PUT", f"{_IMAGES}/$image/stage", _DATA, headers=_BYTES),
        Step("the image while staged", "GET", f"{_IMAGES}/$image"),
        Step("staged again", "PUT", f"{_IMAGES}/$image/stage", _DATA, headers=_BYTES),
        Step("stored while staged", "PUT", f"{_IMAGES}/$image/file", _DATA, headers=_BYTES),
        Step("by an unknown method", "POST", _IMPORT, {"method": {"name": "carrier-pigeon"}}),
        Step("by no method", "POST", _IMPORT, {}),
        Step("by a method without a name", "POST", _IMPORT, {"method": {}}),
        Step("of broken JSON", "POST", _IMPORT, "{"),
        Step("of a list", "POST", _IMPORT, []),
        Step("to an unknown store", "POST", _IMPORT, {**_DIRECT, "stores": ["attic"]}),
        Step("to all stores and one", "POST", _IMPORT, {**_DIRECT, "stores": ["fast"], "all_stores": True}),
        Step("by a reader", "POST", _IMPORT, _DIRECT, as_="reader"),
        Step("by a stranger", "POST", _IMPORT, _DIRECT, as_="foreign"),
        Step("without formats", "POST", f"{_IMAGES}/$bare/import", _DIRECT),
        Step("no tasks yet", "GET", f"{_IMAGES}/$image/tasks"),
        Step("started", "POST", _IMPORT, _DIRECT),
        Step(
            "ended",
            "GET",
            f"{_IMAGES}/$image",
            until={"body.status": "active", "body.os_glance_import_task": "None"},
        ),
        Step("its tasks", "GET", f"{_IMAGES}/$image/tasks", until={"body.tasks.0.status": "success"}),
        Step("its tasks, to a stranger", "GET", f"{_IMAGES}/$image/tasks", as_="foreign"),
        Step("started again", "POST", _IMPORT, _DIRECT),
        Step("got", "GET", f"{_IMAGES}/$image/file"),
        Step("copied by a member", "POST", _IMPORT, {"method": {"name": "copy-image"}, "stores": ["attic"]}),
        Step("a task made by a member", "POST", "/v2/tasks", {"type": "import", "input": {}}),
        Step("a task of an unknown type", "POST", "/v2/tasks", {"type": "nap", "input": {}}, as_="boss"),
        Step("a task without input", "POST", "/v2/tasks", {"type": "import"}, as_="boss"),
        Step("a task of nothing", "POST", "/v2/tasks", {}, as_="boss"),
        Step("a task that is not", "GET", f"/v2/tasks/{_SOME}", as_="boss"),
        Step("a task deleted", "DELETE", f"/v2/tasks/{_SOME}", as_="boss"),
        Step("tasks, to a member", "GET", "/v2/tasks"),
        Step("tasks of a status that is none", "GET", "/v2/tasks?status=asleep", as_="boss"),
        Step("tasks after none", "GET", f"/v2/tasks?marker={_SOME}", as_="boss"),
        Step("tasks by an unknown key", "GET", "/v2/tasks?sort_key=colour", as_="boss"),
        Step("a negative page of tasks", "GET", "/v2/tasks?limit=-1", as_="boss"),
    ],
)

SCENARIOS = (DATA, MEMBERS, IMPORTS)
