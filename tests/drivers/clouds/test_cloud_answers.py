"""Clouds that say odd or untrue things: downloads, listings, imports, messages."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry import client
from imageferry.domain.errors import (
    Cancelled,
    DigestMismatch,
    FerryError,
    Forbidden,
    Incomplete,
    Refused,
    TaskFailed,
    TimedOut,
    Unavailable,
)
from imageferry.ports.cloud import Cloud
from tests.drivers.clouds.pushing import Open, push
from tests.fake_cloud import PASSWORD, PROJECT, Answer, Asked, FakeCloud

MIB = 1 << 20

# --- downloads --------------------------------------------------------------------------------


def an_object(fake: FakeCloud, size: int = 3 * MIB) -> bytes:
    fake.containers.add("c")
    fake.objects["c/o"] = os.urandom(size)
    return fake.objects["c/o"]


def test_a_download_goes_on_where_the_line_was_cut(fake: FakeCloud, k5: Cloud, tmp_path: Path) -> None:
    data = an_object(fake)

    def cut(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "GET" and asked.path.endswith("/o") and asked.number < 3:
            answer.cut_at = MIB + 17
        return answer

    fake.instead = cut
    client.pull_object(k5, "c", "o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    assert all("if-match" in asked.headers for asked in fake.made("GET", "/c/o")[1:])


@pytest.mark.parametrize(
    "lie",
    [
        lambda answer: Answer(200, b"x" * len(answer.body), answer.headers),
        lambda answer: Answer(200, answer.body, {**answer.headers, "Content-Length": "99999999"}, cut_at=1000),
        lambda answer: Answer(200, answer.body, answer.headers, cut_at=5),
    ],
    ids=["other bytes", "a length that is not true", "cut each time"],
)
def test_a_download_that_is_not_what_was_promised_leaves_no_file(
    fake: FakeCloud, k5: Cloud, tmp_path: Path, lie: Callable[[Answer], Answer]
) -> None:
    an_object(fake, 1000)
    fake.instead = lambda asked, answer: lie(answer) if asked.method == "GET" and "/c/o" in asked.path else answer
    (tmp_path / "out").mkdir()
    with pytest.raises((DigestMismatch, Incomplete, Unavailable)):
        client.pull_object(k5, "c", "o", tmp_path / "out" / "back")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_was_there_stays_when_a_download_fails(fake: FakeCloud, k5: Cloud, tmp_path: Path) -> None:
    an_object(fake, 1000)
    fake.instead = lambda asked, answer: Answer(200, b"y" * 1000, answer.headers) if asked.method == "GET" else answer
    (tmp_path / "back").write_bytes(b"old")
    with pytest.raises(DigestMismatch):
        client.pull_object(k5, "c", "o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"old"


# --- listings ---------------------------------------------------------------------------------


def test_a_listing_that_never_ends_is_given_up(fake: FakeCloud, k5: Cloud) -> None:
    fake.containers.add("c")
    page = [{"name": "b", "bytes": 1}, {"name": "a", "bytes": 1}]
    fake.before = lambda asked: Answer(200, page) if asked.path.endswith("/c") else None
    with pytest.raises(Unavailable, match="again"):
        list(k5.objects.search("c"))
    assert len(fake.made("GET", "/c")) == 2


def test_pages_of_images_that_come_again_are_given_up(fake: FakeCloud, k5: Cloud) -> None:
    page = {"images": [{"id": "1", "name": "x"}], "next": "/v2/images?marker=1"}
    fake.before = lambda asked: Answer(200, page) if asked.path.endswith("/images") else None
    with pytest.raises(Unavailable, match="again"):
        list(k5.images.search())
    assert len(fake.made("GET", "/images")) == 2


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"[" * 100_000, b'{"images": [1, null, {}]}'])
def test_an_answer_that_is_no_document_is_an_error_or_nothing(fake: FakeCloud, k5: Cloud, body: bytes) -> None:
    fake.before = lambda asked: Answer(200, body) if "/v3/" not in asked.path else None
    for ask in (k5.images.search, k5.tasks.search if k5.tasks else list):
        with contextlib.suppress(Unavailable):
            assert list(ask()) == []


# --- imports ----------------------------------------------------------------------------------


def test_a_refused_import_says_why_and_leaves_no_object(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    words = {"error_code": "40012", "message": "'os_type' is not specified."}
    fake.before = lambda asked: Answer(400, words) if asked.method == "POST" and "import" in asked.path else None
    with pytest.raises(Refused, match=r"40012.*os_type"):
        push(k5, vmdk)
    assert fake.objects == {}


@pytest.mark.parametrize("status", [200, 202])
def test_any_good_status_will_do_for_an_import(fake: FakeCloud, k5: Cloud, vmdk: Path, status: int) -> None:
    def other_status(asked: Asked, answer: Answer) -> Answer:
        return Answer(status, answer.body) if asked.method == "POST" and "import" in asked.path else answer

    fake.instead = other_status
    assert push(k5, vmdk).task_id == "job-1"


def test_an_import_without_an_id_was_none(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    fake.before = lambda asked: Answer(200, {"message": "no"}) if asked.path.endswith("/imageimport") else None
    with pytest.raises(Refused, match="no"):
        push(k5, vmdk)


def test_an_import_that_was_accepted_when_the_line_broke_is_found(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    def cut(asked: Asked, answer: Answer) -> Answer:
        return Answer(cut_at=0) if asked.method == "POST" and "import" in asked.path else answer

    fake.instead = cut
    result = push(k5, vmdk)
    assert result.task_id == "job-1"
    assert len(fake.jobs) == 1


@pytest.mark.parametrize("profile", ["A", "B", "C"])
def test_a_request_has_the_fields_of_its_profile(fake: FakeCloud, open_cloud: Open, vmdk: Path, profile: str) -> None:
    cloud = open_cloud(type="k5", k5_profile=profile, contract="Ab3dEfgh")
    result = push(cloud, vmdk, name="web base", min_ram=512)
    (body,) = fake.jobs.values()
    version = "v2" if profile == "C" else "v1"
    assert body["location"] == f"/{version}/AUTH_{PROJECT}/images/web base.vmdk"
    assert (body["id"], body["min_ram"], body["min_disk"]) == (result.image_id, 512, 1)
    assert len(body["checksum"]) == 40
    own = {"user_name", "password", "domain_name", "conversion", "disk_format"}
    assert own & set(body) == (own if profile == "A" else set())
    assert len([key for key in fake.objects if "_segments" in key]) == (0 if profile == "C" else 5)


def waiting(cloud: Cloud, **more: object) -> object:
    return client.wait_import(cloud, "job-1", sleep=lambda _: None, **more)  # type: ignore[arg-type]


def test_odd_answers_are_waited_through(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    push(k5, vmdk)
    fake.statuses = [
        {"import_status": "queued", "progress": "0", "min_ram": "0"},
        {"import_status": "processing", "progress": 40},
        {"import_status": "queued", "progress": "0"},
        {"import_status": "who knows"},
        {},
        {"import_status": "succeeded"},
    ]
    seen = []
    task = client.wait_import(k5, "job-1", sleep=lambda _: None, watch=lambda moved: seen.append(moved.done))
    assert task.percent == 100
    assert seen == [0, 40, 0, 100]


@pytest.mark.parametrize("key", ["error_message", "message"])
def test_a_failed_import_says_why(fake: FakeCloud, k5: Cloud, vmdk: Path, key: str) -> None:
    push(k5, vmdk)
    fake.statuses = [{"import_status": "failed", "error_code": "40051", key: "Not a VMDK."}]
    with pytest.raises(TaskFailed, match=r"40051.*Not a VMDK") as caught:
        waiting(k5)
    assert (caught.value.task, caught.value.code) == ("job-1", "40051")


def test_waiting_survives_a_cloud_that_is_away_and_asks_ever_less(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    push(k5, vmdk)
    fake.before = lambda asked: Answer(502) if "status" in asked.path and asked.number < 60 else None
    pauses: list[float] = []
    client.wait_import(k5, "job-1", sleep=pauses.append)
    assert pauses[0] == 2
    assert pauses == sorted(pauses)
    assert max(pauses) == 60


def test_a_wait_has_an_end(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    push(k5, vmdk)
    fake.statuses = [{"import_status": "processing", "progress": 10}]
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    with pytest.raises(TimedOut, match="10 %"):
        client.wait_import(k5, "job-1", timeout_s=100, sleep=sleep, now=lambda: clock[0])
    assert clock[0] == pytest.approx(100)


def test_a_cancelled_wait_says_so(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    push(k5, vmdk)
    fake.statuses = [{"import_status": "canceled"}]
    with pytest.raises(Cancelled):
        waiting(k5)


# --- words ------------------------------------------------------------------------------------


def test_a_cloud_that_repeats_our_secrets_is_not_quoted(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    def tell(asked: Asked) -> Answer | None:
        if asked.path.endswith("/imageimport"):
            text = json.dumps({"password": PASSWORD, "X-Auth-Token": asked.headers["x-auth-token"]})
            return Answer(403, {"message": f"bad request: {text}\x1b[31m\n{'x' * 5000}"})
        return None

    fake.before = tell
    with pytest.raises(Forbidden) as caught:
        push(k5, vmdk)
    said = str(caught.value)
    assert PASSWORD not in said
    assert "token-" not in said
    assert "\x1b" not in said
    assert len(said) < 600


@pytest.mark.parametrize(
    ("address", "told"), [("https://127.0.0.1:9", 1), ("http://nowhere.invalid:9", 1), ("http://127.0.0.1:9", 0)]
)
def test_a_certificate_that_is_not_checked_is_told_once(
    open_cloud: Open, caplog: pytest.LogCaptureFixture, address: str, told: int
) -> None:
    auth = {"username": "mira", "user_domain_name": "Ab3dEfgh", "password": PASSWORD, "project_id": PROJECT}
    cloud = open_cloud(verify=False, auth=auth | {"auth_url": f"{address}/v3"})
    for _ in range(2):
        with pytest.raises(FerryError):
            list(cloud.images.search())
    assert len([record for record in caplog.records if "certificates are not checked" in record.message]) == told
