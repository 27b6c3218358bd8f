"""What becomes of things when their project is deleted: docs/identity.md says what is tried here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imageferry.domain.access import Role
from tests.dialects.openstack_service import Cloud, running_cloud

_PATCH = {"content-type": "application/openstack-images-v2.1-json-patch"}
_OCTETS = {"content-type": "application/octet-stream"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Cloud:
    return cloud.as_("admin", "admin")


@pytest.fixture(scope="module")
def account(cloud: Cloud, admin: Cloud) -> str:
    """The account of a deleted project, with the object c/o, an image of its own and one for everybody."""
    house = cloud.services.admin
    project = house.add_project("doomed")
    house.grant(house.user("mira"), project, Role.MEMBER)
    cloud.projects["doomed"] = project  # type: ignore[index]
    mira = cloud.as_("mira", "doomed")
    account = f"/v1/AUTH_{project.id}"
    assert mira.call("PUT", f"{account}/c").status == 201
    assert mira.call("PUT", f"{account}/c/o", body=b"kept").status == 201
    for name in ("own", "public"):
        wish = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "private"}
        key = mira.call("POST", "/v2/images", wish).json["id"]
        assert mira.call("PUT", f"/v2/images/{key}/file", body=b"\1" * 512, headers=_OCTETS).status == 204
    change = b'[{"op": "replace", "path": "/visibility", "value": "public"}]'
    assert admin.call("PATCH", f"/v2/images/{key}", body=change, headers=_PATCH).status == 200
    assert admin.call("DELETE", f"/v3/projects/{project.id}").status == 204
    assert mira.call("GET", account).status == 401
    return account


def test_its_objects_are_left_to_the_administrator(cloud: Cloud, admin: Cloud, account: str) -> None:
    assert admin.get(f"{account}/c/o").body == b"kept"
    assert cloud.as_("mira", "demo").get(f"{account}/c/o").status == 403
    assert admin.call("DELETE", f"{account}/c/o").status == 204
    assert admin.call("DELETE", f"{account}/c").status == 204


def test_its_images_are_left_to_the_administrator_and_public_ones_to_all(
    cloud: Cloud, admin: Cloud, account: str
) -> None:
    owner = account.removeprefix("/v1/AUTH_")
    images = {image["name"]: image for image in admin.get(f"/v2/images?owner={owner}").json["images"]}
    assert set(images) == {"own", "public"}
    mira = cloud.as_("mira", "demo")
    assert mira.get(f"/v2/images/{images['own']['id']}").status == 404
    assert mira.get(f"/v2/images/{images['public']['id']}/file").body == b"\1" * 512
    for image in images.values():
        assert admin.call("DELETE", f"/v2/images/{image['id']}").status == 204


def test_a_project_of_the_same_name_begins_with_nothing(cloud: Cloud, admin: Cloud, account: str) -> None:
    house = cloud.services.admin
    project = house.add_project("doomed")
    house.grant(house.user("mira"), project, Role.MEMBER)
    cloud.projects["doomed"] = project  # type: ignore[index]
    mira = cloud.as_("mira", "doomed")
    assert mira.get(f"/v1/AUTH_{project.id}?format=json").json == []
    assert account != f"/v1/AUTH_{project.id}"
    assert mira.get(account).status == 403
