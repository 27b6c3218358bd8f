"""How much a project may keep as images: specs/openstack.md 4.12, sentences as the real Glance says them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from imageferry.domain.access import ProjectId, Role
from imageferry.domain.image_quota import Resource
from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.dialects.test_glance_data import BLOCK, put
from tests.dialects.test_glance_images import made
from tests.dialects.test_glance_import import begin, shown, stage
from tests.disks import mbr_disk
from tests.walking import Walker

_RAW = {"disk_format": "raw", "container_format": "bare"}
_MIB = 1 << 20
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def walker(cloud: Cloud) -> Walker:
    walker = Walker(cloud.services.tasks)
    cloud.services.tasks.attach(walker)
    return walker


@pytest.fixture
def project(cloud: Cloud) -> ProjectId:
    """A project of the test's own, in which mira is a member."""
    admin = cloud.services.admin
    project = admin.add_project(f"project{next(_numbers)}")
    admin.grant(admin.user("mira"), project, Role.MEMBER)
    cloud.projects[project.name] = project  # type: ignore[index]
    return project.id


@pytest.fixture
def mine(cloud: Cloud, project: ProjectId) -> Cloud:
    name = next(name for name, item in cloud.projects.items() if item.id == project)
    return cloud.as_("mira", name)


@pytest.fixture
def limit(cloud: Cloud, project: ProjectId) -> Callable[..., None]:
    def set_limits(**limits: int | None) -> None:
        for name, value in limits.items():
            cloud.services.image_quotas.set_limit(project, Resource[name.upper()], value)

    return set_limits


def refused(reply: Reply) -> str:
    assert reply.status == 413, reply
    return reply.message


def test_nothing_is_said_where_nothing_is_limited(mine: Cloud, cloud: Cloud) -> None:
    assert mine.get("/v2/info/usage").json == {"usage": {}}
    assert cloud.as_(None).get("/v2/info/usage").status == 401


def test_the_number_of_images(mine: Cloud, project: ProjectId, limit: Callable[..., None]) -> None:
    limit(images=1)
    key = made(mine)["id"]
    sentence = refused(mine.call("POST", "/v2/images", {}))
    assert sentence == (
        f"Project {project} is over a limit for "
        "[Resource image_count_total is over limit of 1 due to current usage 1 and delta 1]"
    )
    assert mine.get("/v2/info/usage").json == {
        "usage": {
            "image_size_total": {"usage": 0, "limit": -1},
            "image_stage_total": {"usage": 0, "limit": -1},
            "image_count_total": {"usage": 1, "limit": 1},
            "image_count_uploading": {"usage": 0, "limit": -1},
        }
    }
    mine.call("DELETE", f"/v2/images/{key}")
    made(mine)


def test_bytes_are_refused_before_they_are_sent(mine: Cloud, limit: Callable[..., None]) -> None:
    limit(bytes=4 * _MIB)
    first, second = made(mine, **_RAW)["id"], made(mine, **_RAW)["id"]
    assert put(mine, first, b"\0" * (3 * _MIB)).status == 204
    announced = {"X-OpenStack-Image-Size": str(2 * _MIB)}
    sentence = refused(put(mine, second, [b"x"], announced, cut=True))
    assert "image_size_total is over limit of 4 due to current usage 3 and delta 2" in sentence
    assert shown(mine, second)["status"] == "queued"
    assert put(mine, second, b"\0" * _MIB).status == 204
    assert mine.get("/v2/info/usage").json["usage"]["image_size_total"] == {"usage": 4, "limit": 4}
    assert refused(put(mine, made(mine, **_RAW)["id"], [b"x"], cut=True))


def test_bytes_of_which_nobody_said_how_many_are_refused_as_they_come(mine: Cloud, limit: Callable[..., None]) -> None:
    limit(bytes=BLOCK + 10)
    key = made(mine, **_RAW)["id"]
    sentence = refused(put(mine, key, [b"\0" * BLOCK, b"\0" * BLOCK, b"\0" * BLOCK]))
    assert "image_size_total is over limit of 4 due to current usage 0 and delta 8" in sentence
    assert shown(mine, key)["status"] == "queued"
    assert put(mine, key, [b"\0" * BLOCK, b"\0" * 10]).status == 204


def test_two_uploads_at_once_do_not_pass_together(
    cloud: Cloud, mine: Cloud, project: ProjectId, limit: Callable[..., None]
) -> None:
    limit(bytes=3 * _MIB)
    first, second = made(mine, **_RAW)["id"], made(mine, **_RAW)["id"]
    caller = cloud.services.identity.validate(mine.token or "").caller
    with cloud.services.images.upload(caller, first) as upload:
        upload.write(b"\0" * (2 * _MIB))
        assert put(mine, second, b"\0" * (2 * _MIB)).status == 204
        with pytest.raises(Exception, match="this would make 4194304"):
            upload.commit()
    assert shown(mine, first)["status"] == "queued"


def test_staged_bytes(mine: Cloud, limit: Callable[..., None], walker: Walker) -> None:
    limit(staged=_MIB)
    first, second = made(mine, **_RAW)["id"], made(mine, **_RAW)["id"]
    assert "image_stage_total" in refused(stage(mine, first, b"\0" * (_MIB + 1)))
    assert stage(mine, first, mbr_disk(_MIB)).status == 204
    assert "image_stage_total" in refused(stage(mine, second, [b"x"]))
    assert begin(mine, first).status == 202
    walker.walk()
    assert shown(mine, first)["status"] == "active"
    assert stage(mine, second, mbr_disk(_MIB)).status == 204
    assert mine.get("/v2/info/usage").json["usage"]["image_stage_total"] == {"usage": 1, "limit": 1}


def test_an_import_is_judged_when_it_is_asked_for_and_at_its_end(
    mine: Cloud, limit: Callable[..., None], walker: Walker
) -> None:
    key = made(mine, **_RAW)["id"]
    assert stage(mine, key, mbr_disk(2 * _MIB)).status == 204
    limit(bytes=_MIB)
    assert "image_size_total is over limit of 1 due to current usage 0 and delta 2" in refused(begin(mine, key))
    assert shown(mine, key)["status"] == "uploading"
    limit(bytes=2 * _MIB)
    assert begin(mine, key).status == 202
    limit(bytes=_MIB)
    walker.walk()
    (task,) = mine.get(f"/v2/images/{key}/tasks").json["tasks"]
    assert (shown(mine, key)["status"], task["status"]) == ("queued", "failure")
    assert "at most 1048576 bytes of images" in task["message"]


def test_uploads_at_once(cloud: Cloud, mine: Cloud, limit: Callable[..., None]) -> None:
    limit(uploads=1)
    first, second = made(mine, **_RAW)["id"], made(mine, **_RAW)["id"]
    caller = cloud.services.identity.validate(mine.token or "").caller
    with cloud.services.images.upload(caller, first):
        assert "image_count_uploading is over limit of 1 due to current usage 1" in refused(put(mine, second, b"\0"))
        assert mine.get("/v2/info/usage").json["usage"]["image_count_uploading"] == {"usage": 1, "limit": 1}
    assert put(mine, first, [b"\0"], cut=True).status == 400
    assert stage(mine, second, b"\0").status == 204
    assert put(mine, first, b"\0").status == 413


def test_an_import_of_an_object_counts_too(
    cloud: Cloud, mine: Cloud, project: ProjectId, limit: Callable[..., None], walker: Walker
) -> None:
    for path, body in (("c", b""), ("c/disk", mbr_disk(_MIB))):
        assert mine.call("PUT", f"/v1/AUTH_{project}/{path}", body=body).status == 201
    wish = {"type": "import", "input": {"import_from": "c/disk", "image_properties": {"name": "x"}}}
    limit(images=1)
    assert mine.call("POST", "/v2/tasks", wish).status == 201
    key = made(mine)["id"]
    assert "image_count_total" in refused(mine.call("POST", "/v2/tasks", wish))
    walker.walk()
    (task,) = mine.get("/v2/tasks?status=failure").json["tasks"]
    assert "at most 1 images" in mine.get(task["self"]).json["message"]
    mine.call("DELETE", f"/v2/images/{key}")
    assert mine.call("POST", "/v2/tasks", wish).status == 201
    walker.walk()
    assert [image["name"] for image in mine.get("/v2/images").json["images"]] == ["x"]


def test_limits_of_all_projects_and_of_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("limited")
    with running_cloud(folder, project_images=1, project_image_bytes=_MIB, project_image_uploads=3) as cloud:
        mine, theirs = cloud.as_("mira", "demo"), cloud.as_("alex", "alt")
        cloud.services.image_quotas.set_limit(cloud.projects["alt"].id, Resource.IMAGES, 2)
        for who, count in ((mine, 1), (theirs, 2)):
            assert [who.call("POST", "/v2/images", {}).status for _ in range(3)] == [201] * count + [413] * (3 - count)
        assert theirs.get("/v2/info/usage").json["usage"]["image_size_total"] == {"usage": 0, "limit": 1}
        cloud.services.image_quotas.set_limit(cloud.projects["alt"].id, Resource.IMAGES, None)
        assert theirs.get("/v2/info/usage").json["usage"]["image_count_total"] == {"usage": 2, "limit": 1}


def test_the_number_of_tasks(mine: Cloud, limit: Callable[..., None]) -> None:
    limit(tasks=1)
    wish = {"type": "import", "input": {"import_from": "https://example.org/a.qcow2", "image_properties": {}}}
    assert mine.call("POST", "/v2/tasks", wish).status == 201
    sentence = refused(mine.call("POST", "/v2/tasks", wish))
    assert "at most 1 tasks that have not ended are allowed, this would make 2" in sentence
    assert len(mine.get("/v2/tasks").json["tasks"]) == 1
    assert not any("task" in name for name in mine.get("/v2/info/usage").json["usage"])
