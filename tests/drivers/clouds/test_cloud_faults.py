"""Clouds that break and lie while a disk is pushed: what comes of it, and what stays behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.domain.errors import (
    DigestMismatch,
    Incomplete,
    NotAuthenticated,
    Refused,
    Unavailable,
)
from imageferry.ports.cloud import Cloud
from tests.drivers.clouds.pushing import is_part, push
from tests.fake_cloud import Answer, Asked, CutBody, FakeCloud

MIB = 1 << 20

# --- the line and the token -------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        lambda asked: Answer(503, b"busy", {"Retry-After": "7"}),
        lambda asked: Answer(500, b"<html>oops</html>"),
        lambda asked: CutBody(100_000),
        lambda asked: Answer(cut_at=0),
    ],
    ids=["503", "500", "cut in the body", "cut before the answer"],
)
def test_a_part_that_fails_once_is_sent_again(
    fake: FakeCloud, k5: Cloud, vmdk: Path, slept: list[float], fault: Callable[[Asked], Answer]
) -> None:
    fake.before = lambda asked: fault(asked) if is_part(asked) and asked.number == 1 else None
    result = push(k5, vmdk)
    assert b"".join(data for key, data in sorted(fake.objects.items()) if "_segments/" in key) == vmdk.read_bytes()
    assert result.sent == vmdk.stat().st_size
    assert slept


def test_a_token_that_ends_in_the_middle_is_renewed(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    def revoke_the_first(asked: Asked) -> None:
        if is_part(asked) and fake.tokens == 1:
            fake.revoked.add(fake.token)

    fake.before = revoke_the_first
    push(k5, vmdk)
    assert fake.tokens >= 2
    assert len(fake.jobs) == 1


def test_the_import_gets_a_token_newer_than_the_upload(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    push(k5, vmdk)
    (register,) = fake.made("POST", "/v1/imageimport")
    assert register.headers["x-auth-token"] not in {put.headers["x-auth-token"] for put in fake.made("PUT", "/v1/")}


def test_a_token_that_is_refused_twice_is_no_endless_loop(fake: FakeCloud, k5: Cloud) -> None:
    fake.before = lambda asked: Answer(401) if "/images" in asked.path else None
    with pytest.raises(NotAuthenticated):
        list(k5.images.search())
    assert len(fake.made("GET", "/images")) == 2


def test_a_cloud_that_stays_down_is_unavailable_and_nothing_is_registered(
    fake: FakeCloud, k5: Cloud, vmdk: Path, slept: list[float]
) -> None:
    fake.before = lambda asked: Answer(503) if is_part(asked) else None
    with pytest.raises(Unavailable, match="503"):
        push(k5, vmdk)
    assert fake.jobs == {}
    assert fake.objects == {}
    assert slept == sorted(slept)


def test_parts_are_kept_for_the_next_run_when_that_is_wanted(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    fake.before = lambda asked: Answer(503) if is_part(asked, 3) else None
    with pytest.raises(Unavailable):
        push(k5, vmdk, keep_parts=True)
    assert fake.objects
    fake.before = lambda _: None
    result = push(k5, vmdk)
    assert result.already_there > 0
    assert result.sent + result.already_there == vmdk.stat().st_size


def test_a_redirect_to_another_host_is_not_followed(
    fake: FakeCloud, other_host: FakeCloud, k5: Cloud, vmdk: Path
) -> None:
    for status in (301, 302, 303, 307, 308):
        fake.before = lambda asked, status=status: (
            None if "auth" in asked.path else Answer(status, b"", {"Location": f"{other_host.url}{asked.path}"})
        )
        with pytest.raises(Refused, match="not followed"):
            list(k5.images.search())
        with pytest.raises(Refused, match="not followed"):
            push(k5, vmdk)
    assert other_host.asked == []


def test_a_log_in_that_is_sent_to_another_host_tells_it_nothing(
    fake: FakeCloud, other_host: FakeCloud, k5: Cloud
) -> None:
    fake.before = lambda asked: Answer(307, b"", {"Location": f"{other_host.url}{asked.path}"})
    with pytest.raises((Unavailable, Refused)):
        list(k5.images.search())
    assert other_host.asked == []


# --- lies about bytes -------------------------------------------------------------------------


def test_a_wrong_etag_is_tried_again_and_then_an_error_that_leaves_nothing(
    fake: FakeCloud, k5: Cloud, vmdk: Path
) -> None:
    def lie(asked: Asked, answer: Answer) -> Answer:
        return Answer(201, b"", {"Etag": "0" * 32}) if is_part(asked) else answer

    fake.instead = lie
    with pytest.raises(DigestMismatch, match="00000002"):
        push(k5, vmdk)
    assert len([asked for asked in fake.asked if is_part(asked)]) == 3
    assert fake.objects == {}
    assert fake.jobs == {}


def test_no_etag_at_all_is_no_proof(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    fake.instead = lambda asked, answer: Answer(201) if asked.method == "PUT" else answer
    with pytest.raises(DigestMismatch):
        push(k5, vmdk, segment_size=100 * MIB)
    assert fake.objects == {}
    assert fake.jobs == {}


def test_a_large_object_of_the_wrong_size_is_never_registered(fake: FakeCloud, k5: Cloud, vmdk: Path) -> None:
    def lose_a_part(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "HEAD" and fake.manifests:
            fake.objects.pop(next((key for key in fake.objects if key.endswith("/00000001")), ""), None)
            return fake.answer(asked)
        return answer

    fake.instead = lose_a_part
    with pytest.raises(Incomplete):
        push(k5, vmdk)
    assert fake.jobs == {}
    assert fake.objects == {}


def test_a_listing_that_lags_behind_is_waited_for(fake: FakeCloud, k5: Cloud, vmdk: Path, slept: list[float]) -> None:
    def late(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "HEAD" and fake.manifests and not slept:
            return Answer(200, b"", {**answer.headers, "Content-Length": "5"})
        return answer

    fake.instead = late
    push(k5, vmdk)
    assert len(fake.jobs) == 1


@pytest.mark.parametrize("claim", [{"checksum": "0" * 32}, {"os_hash_value": "0" * 128}, {"size": 5}])
def test_an_image_that_is_not_what_was_sent_is_deleted(
    fake: FakeCloud, openstack: Cloud, vmdk: Path, claim: dict[str, object]
) -> None:
    def lie(asked: Asked, answer: Answer) -> Answer:
        is_image = isinstance(answer.body, dict) and answer.body.get("status") == "active"
        return Answer(200, {**answer.body, **claim}) if is_image else answer  # type: ignore[dict-item]

    fake.instead = lie
    with pytest.raises((DigestMismatch, Incomplete)):
        push(openstack, vmdk)
    assert fake.images == {}


def test_an_image_whose_upload_breaks_is_sent_again(fake: FakeCloud, openstack: Cloud, vmdk: Path) -> None:
    fake.before = lambda asked: CutBody(1000) if asked.path.endswith("/file") and asked.number == 1 else None
    result = push(openstack, vmdk)
    assert fake.data[result.image_id] == vmdk.read_bytes()
    assert result.sent == vmdk.stat().st_size


def test_a_refused_image_leaves_no_record(fake: FakeCloud, openstack: Cloud, vmdk: Path) -> None:
    fake.before = lambda asked: Answer(415, {"message": "unsafe"}) if asked.path.endswith("/file") else None
    with pytest.raises(Refused, match="unsafe"):
        push(openstack, vmdk)
    assert fake.images == {}


def test_a_repeated_run_takes_up_the_record_of_one_that_was_killed(
    fake: FakeCloud, openstack: Cloud, vmdk: Path
) -> None:
    image_id = "9d0c7f7e-1d2b-4c3a-8b5e-0a4f3d2c1b60"
    fake.images[image_id] = {"id": image_id, "status": "queued"}
    fake.before = lambda asked: Answer(409) if asked.method == "POST" and "/images" in asked.path else None
    assert push(openstack, vmdk, image_id=image_id).image_id == image_id
    assert fake.images[image_id]["status"] == "active"
