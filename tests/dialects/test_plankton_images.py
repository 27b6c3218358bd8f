"""Plankton: images registered, shown, changed and listed as the examples of its guide have it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.plankton_service import IMAGES, META, Plankton, fault, headers_of, meta_of

H1 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
NOBODY = "80d9e9ab-59f5-4eaa-8be6-ba97a7b20226"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("plankton")) as running:
        yield running


@pytest.fixture
def mira(cloud: Cloud) -> Plankton:
    return Plankton.of(cloud, "mira", "demo")


@pytest.fixture
def alex(cloud: Cloud) -> Plankton:
    return Plankton.of(cloud, "alex", "alt")


# -- registering -----------------------------------------------------------------


def test_an_object_is_registered_and_all_is_said_in_headers(mira: Plankton) -> None:
    location = mira.put(name="debian_base3.diskdump")
    headers = {
        "X-Image-Meta-Name": "Debian%20Base%20Gama",
        "X-Image-Meta-Location": location,
        "X-Image-Meta-Owner": f"{mira.project} (alice@example.org)",
        "x-image-meta-property-OS": "Linux",
        "x-image-meta-property-ROOT_PARTITION": "1",
    }
    reply = mira.cloud.call("POST", f"{IMAGES}/", body=b"", headers=headers)
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "0")
    said = meta_of(reply)
    assert {name: said.pop(name) for name in ("id", "created-at", "updated-at")}
    assert said == {
        "name": "Debian%20Base%20Gama",
        "status": "available",
        "disk-format": "diskdump",
        "container-format": "bare",
        "size": "5",
        "checksum": H1,
        "location": location,
        "deleted-at": "",
        "is-public": "False",
        "owner": mira.project,
        "description": "",
        "is-snapshot": "False",
        "property-os": "Linux",
        "property-root-partition": "1",
    }


def test_names_and_locations_of_any_kind_come_back_as_they_were(mira: Plankton) -> None:
    name, key = "Bäse 😀%20;x", "a b/é%25"
    location = mira.put(name=quote(key))
    reply = mira.post(location, quote(name), property_k=quote("1%\r\nx-evil: é"), status=quote("früh"))
    assert reply.status == 200
    said = meta_of(reply)
    assert said["location"] == location == f"pithos://{mira.project}/pithos/a%20b/%C3%A9%2525"
    (row,) = [row for row in mira.listed(detail=True) if row["id"] == said["id"]]
    assert (row["name"], row["status"]) == (name, "früh")
    assert row["properties"] == {"k": "1%\r\nx-evil: é"}
    assert "x-evil" not in reply.headers


def test_registering_again_sets_everything_anew(mira: Plankton) -> None:
    location = mira.put()
    first = mira.post(location, property_a="1", status="mine", is_public="True", container_format="ovf")
    again = mira.post(location, "other", property_b="2")
    said = meta_of(again)
    assert said["id"] == meta_of(first)["id"]
    assert (said["name"], said["status"], said["is-public"], said["container-format"]) == (
        "other",
        "available",
        "False",
        "bare",
    )
    assert ("property-a" in said, said["property-b"]) == (False, "2")
    assert meta_of(again)["created-at"] == meta_of(first)["created-at"]


@pytest.mark.parametrize(
    ("meta", "status", "name", "word"),
    [
        ({"name": ""}, 400, "badRequest", "name"),
        ({"location": ""}, 400, "badRequest", "location"),
        ({"location": "http://x/y/z"}, 400, "badRequest", "pithos://"),
        ({"location": "pithos://{project}/pithos/none"}, 404, "itemNotFound", "none"),
        ({"location": "pithos://{project}/none/x"}, 404, "itemNotFound", "none"),
        ({"location": "pithos://{project}/pithos/%00"}, 400, "badRequest", "location"),
        ({"location": "pithos://nobody/pithos/x"}, 403, "forbidden", "another project"),
        ({"disk_format": "floppy"}, 400, "badRequest", "diskdump"),
        ({"disk_format": "qcow2"}, 400, "badRequest", "text file"),
        ({"container_format": "zip"}, 400, "badRequest", "bare"),
        ({"id": NOBODY}, 400, "badRequest", "id"),
        ({"size": "6"}, 400, "badRequest", "5"),
        ({"checksum": "0" * 64}, 400, "badRequest", H1),
        ({"store": "s3"}, 400, "badRequest", "pithos"),
        ({"status": "x" * 300}, 400, "badRequest", "status"),
        ({"name": "x" * 300}, 400, "badRequest", "255"),
        ({"name": "a%0Ab"}, 200, "", ""),
        ({"name": "a%00b"}, 400, "badRequest", "control"),
        ({"property_": "x"}, 400, "badRequest", "name"),
        ({"property_" + "k" * 300: "x"}, 400, "badRequest", "255"),
        ({"property_k": "x%00"}, 400, "badRequest", "control"),
        ({"size": "5", "checksum": H1.upper(), "store": "pithos", "colour": "blue"}, 200, "", ""),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    mira: Plankton, meta: dict[str, str], status: int, name: str, word: str
) -> None:
    location = mira.put()
    headers = headers_of({"name": "x", "location": location, **meta})
    headers = {key: value.replace("{project}", mira.project) for key, value in headers.items()}
    before = mira.listed()
    reply = mira.cloud.call("POST", IMAGES, body=b"", headers=headers)
    if status == 200:
        assert reply.status == 200
    else:
        assert word in fault(reply, status, name)
        assert mira.listed() == before


# -- one image ---------------------------------------------------------------------


def test_an_image_is_shown_by_head_with_a_slash_or_without(mira: Plankton) -> None:
    image = mira.registered()
    assert mira.head(image)["id"] == image
    assert mira.head(f"{image}/") == mira.head(image)
    assert fault(mira.cloud.get(f"{IMAGES}/{image}"), 501, "notImplemented")


def test_who_may_not_see_it_is_told_so_and_what_is_not_there_is_not(mira: Plankton, alex: Plankton) -> None:
    image = mira.registered()
    for method, status in (("HEAD", 403), ("PUT", 403), ("DELETE", 403)):
        assert alex.cloud.call(method, f"{IMAGES}/{image}", body=b"").status == status
        assert alex.cloud.call(method, f"{IMAGES}/{NOBODY}", body=b"").status == 404
        assert alex.cloud.call(method, f"{IMAGES}/no-uuid", body=b"").status == 400
    assert "another account" in fault(alex.cloud.call("DELETE", f"{IMAGES}/{image}"), 403, "forbidden")
    fault(mira.cloud.call("PUT", f"{IMAGES}/{NOBODY}", body=b""), 404, "itemNotFound")


def test_what_is_not_said_stays_in_a_change(mira: Plankton) -> None:
    image = mira.registered(property_os="Linux", property_user="root")
    before = mira.head(image)
    reply = mira.change(image, name="Changed%20Name", is_public="True", property_GREET="Hi%20there", property_user="")
    assert reply.status == 200
    said = meta_of(reply)
    assert said == mira.head(image)
    changed = {"name": "Changed%20Name", "is-public": "True", "property-greet": "Hi%20there"}
    expected = {**before, **changed, "updated-at": said["updated-at"]}
    del expected["property-user"]
    assert said == expected


def test_an_empty_status_takes_it_away_and_any_text_is_one(mira: Plankton) -> None:
    image = mira.registered()
    assert meta_of(mira.change(image, status=""))["status"] == ""
    assert meta_of(mira.change(image, status="In%20Arbeit"))["status"] == "In%20Arbeit"
    assert meta_of(mira.change(image))["status"] == "In%20Arbeit"


def test_id_owner_location_and_checksum_do_not_change(mira: Plankton, alex: Plankton) -> None:
    image = mira.registered()
    before = mira.head(image)
    meta = {"owner": alex.project, "location": alex.put(), "checksum": "0" * 64, "created_at": "2001-01-01 00:00:00"}
    after = meta_of(mira.change(image, **meta))
    assert {**after, "updated-at": ""} == {**before, "updated-at": ""}


@pytest.mark.parametrize("meta", [{"name": ""}, {"disk_format": "x"}, {"disk_format": "vmdk"}, {"property_": "x"}])
def test_a_change_that_does_not_fit_changes_nothing(mira: Plankton, meta: dict[str, str]) -> None:
    image = mira.registered()
    before = mira.head(image)
    fault(mira.change(image, **{"status": "other", **meta}), 400, "badRequest")
    assert mira.head(image) == before


def test_unregistering_leaves_the_object(mira: Plankton) -> None:
    location = mira.put(name="stays")
    image = meta_of(mira.post(location))["id"]
    assert mira.cloud.call("DELETE", f"{IMAGES}/{image}").status == 204
    fault(mira.cloud.call("DELETE", f"{IMAGES}/{image}"), 404, "itemNotFound")
    assert mira.cloud.get(f"/v1/AUTH_{mira.project}/pithos/stays").body == b"hello"
    assert meta_of(mira.post(location))["id"] == image


# -- the same property twice -----------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([("user", "root"), ("USER", "admin")], "admin"),
        ([("USER", "admin"), ("user", "root")], "admin"),
        ([("user", "admin"), ("USER", "root")], "root"),
        ([("user", "root"), ("user", "admin")], "admin"),  # as a server says it that writes names small
        ([("user", "admin"), ("user", "root")], "admin"),
        ([("user", "root"), ("user", "root")], "root"),
        ([("user", "root"), ("user", "")], None),
        ([("USER", ""), ("user", "root")], None),
    ],
)
def test_of_two_values_for_a_property_the_change_counts(
    mira: Plankton, lines: list[tuple[str, str]], value: str | None
) -> None:
    image = mira.registered(property_user="root", property_os="Linux")
    sent = [("X-Image-Meta-Property-os", "Linux"), *((f"X-Image-Meta-Property-{name}", text) for name, text in lines)]
    said = meta_of(mira.change(image, lines=sent))
    assert (said.get("property-user"), said["property-os"]) == (value, "Linux")


# -- lists -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plankton]:
    """Three images of an account that has no others, the eldest first."""
    with running_cloud(tmp_path_factory.mktemp("shelf")) as running:
        mira = Plankton.of(running, "mira", "demo")
        mira.registered(b"hello", name="Debian%20Base", property_os="Linux")
        mira.registered(bytes(4096), name="debian%20base", disk_format="extdump", status="Ready")
        mira.registered(bytes(100), name="Fedora", container_format="ovf")
        yield mira


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Fedora", "debian base", "Debian Base"]),
        ("?sort_dir=asc", ["Debian Base", "debian base", "Fedora"]),
        ("?sort_dir=ASC&sort_key=name", ["Debian Base", "Fedora", "debian base"]),
        ("?sort_key=size", ["debian base", "Fedora", "Debian Base"]),
        ("?sort_key=status&sort_dir=asc", None),
        ("?sort_key=disk_format", None),
        ("?sort_key=container_format", ["Fedora"]),
        ("?sort_key=id", None),
        ("?sort_key=updated_at&sort_dir=desc", ["Fedora", "debian base", "Debian Base"]),
        ("?name=DEBIAN%20base", ["debian base", "Debian Base"]),
        ("?name=Debian%2520Base&sort_dir=asc", ["Debian Base", "debian base"]),
        ("?name=none", []),
        ("?name=", ["Fedora", "debian base", "Debian Base"]),
        ("?status=ready", ["debian base"]),
        ("?status=available&disk_format=DiskDump", ["Fedora", "Debian Base"]),
        ("?container_format=ovf", ["Fedora"]),
        ("?size_min=100&size_max=100", ["Fedora"]),
        ("?size_min=101", ["debian base"]),
        ("?size_max=99&colour=blue", ["Debian Base"]),
    ],
)
def test_lists_are_filtered_and_sorted(shelf: Plankton, query: str, names: list[str] | None) -> None:
    found = shelf.names(query)
    if names is None:
        assert len(found) == 3
    else:
        assert found[: len(names) or None] == names
        assert shelf.listed(query, detail=True)[0]["name"] == names[0] if names else not found


@pytest.mark.parametrize("query", ["sort_key=colour", "sort_dir=up", "size_min=x", "size_max=1e3", "size_min=-1"])
def test_a_bad_order_or_size_is_a_bad_request(shelf: Plankton, query: str) -> None:
    for path in (IMAGES, f"{IMAGES}/detail"):
        fault(shelf.cloud.get(f"{path}?{query}"), 400, "badRequest")


def test_a_list_is_bare_and_a_row_has_what_kamaki_prints(shelf: Plankton) -> None:
    row = shelf.listed("?name=fedora")[0]
    assert set(row) == {"id", "name", "status", "disk_format", "container_format", "size"}
    detail = shelf.listed("?sort_dir=asc", detail=True)[0]
    assert {name: detail.pop(name) for name in ("id", "location", "created_at", "updated_at")}
    assert detail == {
        "name": "Debian Base",
        "status": "available",
        "disk_format": "diskdump",
        "container_format": "bare",
        "size": 5,
        "checksum": H1,
        "deleted_at": "",
        "is_public": False,
        "owner": shelf.project,
        "properties": {"os": "Linux"},
        "description": "",
        "is_snapshot": False,
    }
    reply = shelf.cloud.get(IMAGES)
    assert reply.headers["content-length"] == str(len(reply.body))


def test_an_account_without_images_has_an_empty_list(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_cloud(tmp_path_factory.mktemp("empty")) as running:
        reply = running.as_("alex", "alt").get(f"{IMAGES}/")
        assert (reply.status, reply.json) == (200, [])


# -- members ---------------------------------------------------------------------------


def test_members_are_added_removed_and_replaced_as_often_as_one_likes(mira: Plankton, alex: Plankton) -> None:
    image = mira.registered()
    one = f"{IMAGES}/{image}/members/{alex.project}"
    for method, expected in (("PUT", [alex.project]), ("PUT", [alex.project]), ("DELETE", []), ("DELETE", [])):
        assert mira.cloud.call(method, one, body=b"").status == 204
        assert mira.members(image) == expected
    wish = {"memberships": [{"member_id": alex.project, "can_share": False}, {"member_id": "admin"}]}
    assert mira.cloud.call("PUT", f"{IMAGES}/{image}/members", wish).status == 204
    assert len(mira.members(image)) == 2
    assert alex.members(image) == [alex.project]
    assert mira.cloud.call("PUT", f"{IMAGES}/{image}/members/", {"memberships": []}).status == 204
    assert mira.members(image) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"members": []}', b'{"memberships": {}}', b'{"memberships": [{}]}', b'{"memberships": ["x"]}'],
)
def test_members_of_another_form_are_a_bad_request(mira: Plankton, body: bytes) -> None:
    image = mira.registered()
    reply = mira.cloud.call("PUT", f"{IMAGES}/{image}/members", body=body)
    fault(reply, 400, "badRequest")


def test_an_account_that_is_not_there_is_no_member(mira: Plankton) -> None:
    image = mira.registered()
    fault(mira.cloud.call("PUT", f"{IMAGES}/{image}/members/none", body=b""), 404, "itemNotFound")


def test_what_is_shared_with_me_is_listed_by_whose_it_is(mira: Plankton, alex: Plankton) -> None:
    shared, public, own = mira.registered(), mira.registered(is_public="true"), mira.registered()
    mira.cloud.call("PUT", f"{IMAGES}/{shared}/members/{alex.project}", body=b"")
    reply = alex.cloud.get(f"/image/v1.0/shared-images/{mira.project}")
    assert reply.json == {"shared_images": [{"image_id": shared, "can_share": False}]}
    assert alex.cloud.get("/image/v1.0/shared-images/nobody").json == {"shared_images": []}
    ids = {row["id"] for row in alex.listed()}
    assert {shared, public} <= ids
    assert own not in ids


# -- paths -----------------------------------------------------------------------------


def test_other_methods_and_paths_are_faults_and_glance_answers_beside(mira: Plankton) -> None:
    reply = mira.cloud.call("DELETE", IMAGES)
    fault(reply, 405, "notAllowed")
    assert reply.headers["allow"] == "GET, POST"
    fault(mira.cloud.get("/image/v1.0/nothing"), 400, "badRequest")
    fault(mira.cloud.call("POST", f"{IMAGES}/detail", body=b""), 405, "notAllowed")
    assert fault(mira.cloud.as_(None).get(IMAGES), 401, "unauthorized")
    assert mira.cloud.as_(None).get(f"{IMAGES}?X-Auth-Token={mira.cloud.token}").status == 200
    assert mira.cloud.get("/image/v1").status == 300
    assert mira.cloud.get("/image/v1/images").status == 300
    assert mira.cloud.get("/image/v2/images").status == 200


def test_no_header_grows_out_of_ten_thousand_properties(mira: Plankton) -> None:
    lines = [(f"{META}property-p{number}", "v") for number in range(10_000)]
    location = mira.put()
    headers = headers_of({"name": "x", "location": location})
    fault(mira.cloud.call("POST", IMAGES, body=b"", headers=headers, lines=lines), 413, "requestEntityTooLarge")
    image = mira.registered()
    fault(mira.change(image, lines=lines), 413, "requestEntityTooLarge")
    assert meta_of(mira.change(image, lines=lines[:128])).get("property-p127") == "v"
    fault(mira.change(image, property_one_more="x"), 413, "requestEntityTooLarge")
