"""What an object storage tells of doors beside it, and clouds that tell untrue things of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imageferry import client
from imageferry.domain.errors import NotFound, Unsupported
from imageferry.ports.cloud import Cloud
from tests.fake_cloud import Answer, Asked, FakeCloud

MIB = 1 << 20
TOLD = {"object-store": "/object-store/v1", "image": "/image/v1.0", "block_size": 4 * MIB, "block_hash": "sha256"}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(401),
        Answer(200, b"<html>"),
        Answer(200, []),
        Answer(200, {"swift": {}}),
        Answer(200, {"synnefo": "yes"}),
        Answer(200, {"synnefo": {**TOLD, "object-store": "http://evil.example/"}}),
        Answer(200, {"synnefo": {**TOLD, "image": None}}),
        Answer(200, {"synnefo": {**TOLD, "block_size": 5}}),
        Answer(200, {"synnefo": {**TOLD, "block_hash": "md5"}}),
    ],
)
def test_a_storage_that_has_no_such_door_gets_files_as_ever(
    fake: FakeCloud, openstack: Cloud, tmp_path: Path, answer: Answer
) -> None:
    fake.before = lambda asked: answer if asked.path == "/info" else None
    (tmp_path / "file").write_bytes(os.urandom(5 * MIB))
    for name in ("one", "two"):
        openstack.objects.put(tmp_path / "file", "c", name, watch=lambda _: None)
        assert fake.objects[f"c/{name}"] == (tmp_path / "file").read_bytes()
    with pytest.raises(Unsupported, match="share single objects"):
        openstack.objects.sharing  # noqa: B018
    with pytest.raises(Unsupported, match="make images"):
        openstack.images.registry  # noqa: B018
    assert len({asked.headers.get("x-auth-token") for asked in fake.made("GET", "/info")}) <= 2
    assert len(fake.made("GET", "/info")) <= 2


def test_a_door_leads_to_the_same_host_whatever_its_path(fake: FakeCloud, openstack: Cloud) -> None:
    told = {**TOLD, "object-store": "//evil.example/v1"}
    fake.before = lambda asked: Answer(200, {"synnefo": told}) if asked.path == "/info" else None
    with pytest.raises(NotFound):
        openstack.objects.sharing.show("c", "o")
    hosts = {asked.headers["host"] for asked in fake.asked}
    assert hosts == {fake.url.removeprefix("http://")}


def test_small_files_ask_nothing_more(fake: FakeCloud, openstack: Cloud, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"hello")
    openstack.objects.put(tmp_path / "file", "c", "o", watch=lambda _: None)
    assert fake.made("GET", "/info") == []


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_by_that_door_goes_by_the_other(
    fake: FakeCloud, openstack: Cloud, tmp_path: Path, status: int
) -> None:
    def told(asked: Asked) -> Answer | None:
        if asked.path.startswith("/object-store"):
            return Answer(status)
        return Answer(200, {"synnefo": TOLD}) if asked.path == "/info" else None

    fake.before = told
    (tmp_path / "file").write_bytes(os.urandom(5 * MIB))
    openstack.objects.put(tmp_path / "file", "c", "o", watch=lambda _: None)
    assert fake.objects["c/o"] == (tmp_path / "file").read_bytes()
    client.pull_object(openstack, "c", "o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == fake.objects["c/o"]
