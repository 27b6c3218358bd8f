"""Images: discovery, records and their errors, patches, lists."""

from __future__ import annotations

from tests.comparison.script import At, Scenario, Step

_IMAGES = "/v2/images"
_NIL = "00000000-0000-0000-0000-000000000000"
_SOME = "7f3dcd1c-5d5c-4a2e-9d8b-3a1c2b4d5e6f"
_V21 = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
_V20 = {"Content-Type": "application/openstack-images-v2.0-json-patch"}
_ACCEPT = {"Accept": "application/json"}

DISCOVERY = Scenario(
    "discovery of images",
    At.IMAGES,
    [
        Step("the root", "GET", "/", as_=""),
        Step("versions", "GET", "/versions", as_=""),
        Step("a version that is not", "GET", "/v1/images", as_=""),
        Step("import methods", "GET", "/v2/info/import"),
        Step("stores", "GET", "/v2/info/stores"),
        Step("stores in detail, to a member", "GET", "/v2/info/stores/detail"),
        Step("schema of an image", "GET", "/v2/schemas/image"),
        Step("schema of images", "GET", "/v2/schemas/images"),
        Step("schema of a member", "GET", "/v2/schemas/member"),
        Step("schema of members", "GET", "/v2/schemas/members"),
        Step("schema of a task", "GET", "/v2/schemas/task"),
        Step("schema of tasks", "GET", "/v2/schemas/tasks"),
        Step("schema of nothing", "GET", "/v2/schemas/nothing"),
        Step("an unknown path", "GET", "/v2/nothing"),
        Step("without a token", "GET", _IMAGES, as_=""),
        Step("without a token, in JSON", "GET", _IMAGES, as_="", headers=_ACCEPT),
        Step("with a bad token", "GET", _IMAGES, as_="", headers={"X-Auth-Token": "nonsense"}),
        Step("a wrong method on images", "PUT", _IMAGES),
        Step("a wrong method on an image", "PUT", f"{_IMAGES}/{_SOME}"),
        Step("a look at an image", "HEAD", f"{_IMAGES}/{_SOME}"),
        Step("a slash at the end", "GET", f"{_IMAGES}/"),
    ],
)

_FULL = {
    "name": "full",
    "disk_format": "raw",
    "container_format": "bare",
    "visibility": "private",
    "tags": ["b", "a", "a"],
    "min_disk": 1,
    "min_ram": 2,
    "protected": False,
    "os_distro": "debian",
}


def _make(name: str, body: object, **more: object) -> Step:
    return Step(name, "POST", _IMAGES, body, **more)  # type: ignore[arg-type]


RECORDS = Scenario(
    "image records",
    At.IMAGES,
    [
        _make("made of nothing", {}, keep={"empty": "body.id"}),
        _make("made of much", _FULL, keep={"full": "body.id"}),
        _make("made with an id", {"id": "$full", "name": "twice"}),
        _make("with an id that is none", {"id": "mine"}),
        _make("with an unknown format", {"disk_format": "clay"}),
        _make("with an unknown container", {"container_format": "box"}),
        _make("public, by a member", {"visibility": "public"}),
        _make("with a visibility that is none", {"visibility": "dim"}),
        _make("with a status", {"status": "active"}),
        _make("with a size", {"size": 5}),
        _make("with a checksum", {"checksum": "x"}),
        _make("with another owner", {"owner": "$other"}),
        _make("with a number for a property", {"os_version": 12}),
        _make("with less than no disk", {"min_disk": -1}),
        _make("with a name too long", {"name": "n" * 256}),
        _make("with a number for a name", {"name": 5}),
        _make("with a reserved property", {"os_glance_x": "y"}),
        _make("with locations", {"locations": []}),
        _make("with a word for protected", {"protected": "yes"}),
        _make("with a tag too long", {"tags": ["t" * 256]}),
        _make("with a word for tags", {"tags": "t"}),
        _make("of a list", []),
        _make("of broken JSON", "{"),
        _make("of nothing at all", b""),
        _make("by a reader", {"name": "r"}, as_="reader"),
        _make("broken, with an answer in JSON", "{", headers=_ACCEPT),
        Step("shown", "GET", f"{_IMAGES}/$full"),
        Step("shown to a reader", "GET", f"{_IMAGES}/$full", as_="reader"),
        Step("shown to a stranger", "GET", f"{_IMAGES}/$full", as_="foreign"),
        Step("shown to an administrator", "GET", f"{_IMAGES}/$full", as_="boss"),
        Step("one that is not", "GET", f"{_IMAGES}/{_SOME}"),
        Step("a name for an id", "GET", f"{_IMAGES}/full"),
        Step("a name for an id, in JSON", "GET", f"{_IMAGES}/full", headers=_ACCEPT),
        Step("a name for an id, in text", "GET", f"{_IMAGES}/full", headers={"Accept": "text/plain"}),
        Step("a huge id", "GET", f"{_IMAGES}/{'x' * 3000}"),
        Step("an odd id", "GET", f"{_IMAGES}/%2e%2e%2fetc"),
        Step("a slash behind the id", "GET", f"{_IMAGES}/$full/"),
        Step("deleted by a stranger", "DELETE", f"{_IMAGES}/$full", as_="foreign"),
        Step("deleted by a reader", "DELETE", f"{_IMAGES}/$full", as_="reader"),
        Step("a tag added", "PUT", f"{_IMAGES}/$full/tags/c"),
        Step("a tag added again", "PUT", f"{_IMAGES}/$full/tags/c"),
        Step("a tag taken away", "DELETE", f"{_IMAGES}/$full/tags/b"),
        Step("a tag taken away again", "DELETE", f"{_IMAGES}/$full/tags/b"),
        Step("a tag too long added", "PUT", f"{_IMAGES}/$full/tags/{'t' * 256}"),
        Step("a tag added to none", "PUT", f"{_IMAGES}/{_SOME}/tags/t"),
        Step("a tag added by a stranger", "PUT", f"{_IMAGES}/$full/tags/t", as_="foreign"),
        Step("a tag looked at", "GET", f"{_IMAGES}/$full/tags/c"),
        Step("shown with its tags", "GET", f"{_IMAGES}/$full"),
        Step("deleted", "DELETE", f"{_IMAGES}/$empty"),
        Step("deleted again", "DELETE", f"{_IMAGES}/$empty"),
        Step("shown after its end", "GET", f"{_IMAGES}/$empty"),
        Step("no id deleted", "DELETE", f"{_IMAGES}/{_NIL}"),
    ],
)


def _patch(name: str, changes: object, headers: dict[str, str] = _V21, **more: object) -> Step:
    return Step(name, "PATCH", f"{_IMAGES}/$image", changes, headers=headers, **more)  # type: ignore[arg-type]


def _one(op: str, path: str, value: object = "x") -> list[object]:
    return [{"op": op, "path": path} if op == "remove" else {"op": op, "path": path, "value": value}]


PATCHES = Scenario(
    "patches",
    At.IMAGES,
    [
        _make("an image", {**_FULL, "custom": "1"}, keep={"image": "body.id"}),
        _patch(
            "three at once", [*_one("replace", "/name", "new"), *_one("add", "/hw", "1"), *_one("remove", "/custom")]
        ),
        _patch(
            "by the older draft",
            [{"replace": "/name", "value": "older"}, {"add": "/p", "value": "q"}, {"remove": "/hw"}],
            _V20,
        ),
        _patch("by the name of neither", _one("replace", "/name"), {"Content-Type": "application/json"}),
        _patch("by json-patch's own name", _one("replace", "/name"), {"Content-Type": "application/json-patch+json"}),
        _patch("nothing", []),
        _patch("no list", {"op": "replace"}),
        _patch("a list of words", ["x"]),
        _patch("broken JSON", "[{"),
        _patch("an unknown operation", _one("test", "/name")),
        _patch("a move", [{"op": "move", "from": "/name", "path": "/x"}]),
        _patch("no operation", [{"path": "/name", "value": "x"}]),
        _patch("no path", [{"op": "replace", "value": "x"}]),
        _patch("no value", [{"op": "replace", "path": "/name"}]),
        _patch("a path without a slash", _one("replace", "name")),
        _patch("a path of two levels", _one("add", "/a/b")),
        _patch("a path with escapes", _one("add", "/a~1b~0c")),
        _patch("a path with a wrong escape", _one("add", "/a~2b")),
        _patch("replace what is not", _one("replace", "/none")),
        _patch("remove what is not", _one("remove", "/none")),
        _patch("add what is", _one("add", "/p", "r")),
        _patch("remove a name", _one("remove", "/name")),
        _patch("change an id", _one("replace", "/id")),
        _patch("change a status", _one("replace", "/status", "active")),
        _patch("change a size", _one("replace", "/size", 5)),
        _patch("change what is reserved", _one("add", "/os_glance_x")),
        _patch("change an owner", _one("replace", "/owner", "$other")),
        _patch("make it public", _one("replace", "/visibility", "public")),
        _patch("make it a community's", _one("replace", "/visibility", "community")),
        _patch("make it dim", _one("replace", "/visibility", "dim")),
        _patch("a number for a property", _one("add", "/p", 7)),
        _patch("a word for a number", _one("replace", "/min_disk", "much")),
        _patch("less than nothing", _one("replace", "/min_ram", -1)),
        _patch("an unknown format", _one("replace", "/disk_format", "clay")),
        _patch("a known format", _one("replace", "/disk_format", "qcow2")),
        _patch("all tags", _one("replace", "/tags", ["x", "y"])),
        _patch("a word for tags", _one("replace", "/tags", "x")),
        _patch("locations", _one("add", "/locations/-", {"url": "http://x/", "metadata": {}})),
        _patch("deleted", _one("add", "/deleted", "x")),
        _patch("one good, one bad", [*_one("replace", "/name", "half"), *_one("replace", "/none")]),
        _patch("by a reader", _one("replace", "/name"), as_="reader"),
        _patch("by a stranger", _one("replace", "/name"), as_="foreign"),
        _patch("protect it", _one("replace", "/protected", True)),
        Step("delete what is protected", "DELETE", f"{_IMAGES}/$image"),
        _patch("protect it no longer", _one("replace", "/protected", False)),
        Step("what is left", "GET", f"{_IMAGES}/$image"),
        _patch("a path of nothing", _one("add", "/")),
        Step("one that is not", "PATCH", f"{_IMAGES}/{_SOME}", _one("replace", "/name"), headers=_V21),
    ],
)

_MINE = "owner=$project"

LISTS = Scenario(
    "lists of images",
    At.IMAGES,
    [
        _make(
            "first",
            {"name": "l1", "disk_format": "raw", "container_format": "bare", "visibility": "private", "tags": ["x"]},
            keep={"one": "body.id"},
        ),
        _make(
            "second",
            {"name": "l2", "disk_format": "qcow2", "container_format": "bare", "tags": ["x", "y"], "p": "q"},
            keep={"two": "body.id"},
        ),
        _make("third, hidden", {"name": "l3", "os_hidden": True}, keep={"three": "body.id"}),
        *(
            Step(name, "GET", f"{_IMAGES}?{_MINE}&name=in:l1,l2,l3&{query}")
            for name, query in [
                ("all", "sort=name"),
                ("backwards", "sort=name:desc"),
                ("by two keys", "sort=status:asc,name:desc"),
                ("by the older words", "sort_key=name&sort_dir=desc"),
                ("by both words", "sort_key=name&sort=name"),
                ("by an unknown key", "sort=colour"),
                ("in an unknown direction", "sort=name:up"),
                ("a page", "limit=1&sort=name"),
                ("an empty page", "limit=0"),
                ("a negative page", "limit=-1"),
                ("a page of words", "limit=few"),
                ("after a marker", "marker=$one&sort=name"),
                ("after no image", f"marker={_SOME}"),
                ("hidden ones", "os_hidden=true"),
                ("hidden by a word", "os_hidden=maybe"),
                ("private ones", "visibility=private"),
                ("of all visibilities", "visibility=all&sort=name"),
                ("of no visibility", "visibility=dim"),
                ("by a tag", "tag=y"),
                ("by two tags", "tag=x&tag=y"),
                ("by a property", "p=q"),
                ("by a format", "disk_format=in:raw,iso"),
                ("by a status", "status=queued&sort=name"),
                ("by a status that is none", "status=asleep"),
                ("by an id", "id=$two"),
                ("by a size", "size_min=1"),
                ("by a size of words", "size_max=big"),
                ("by a time", "created_at=gt:2020-01-01T00:00:00Z&sort=name"),
                ("by a time that is none", "created_at=gt:yesterday"),
                ("by an unknown comparison", "created_at=near:2020-01-01T00:00:00Z"),
                ("by changes", "changes-since=2020-01-01T00:00:00Z"),
                ("by protection", "protected=false&sort=name"),
                ("by protection in words", "protected=maybe"),
                ("by a member's answer", "member_status=pending"),
                ("by no member's answer", "member_status=sleepy"),
            ]
        ),
        Step("of another's", "GET", f"{_IMAGES}?{_MINE}", as_="foreign"),
        Step("by names with a broken quote", "GET", f"{_IMAGES}?name=in:%22a"),
    ],
)

SCENARIOS = (DISCOVERY, RECORDS, PATCHES, LISTS)
