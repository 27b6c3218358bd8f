"""Whose the token is, where the services are, and that no answer repeats the token."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imageferry.domain.errors import (
    BadInput,
    FerryError,
    NotAuthenticated,
    Refused,
    Unavailable,
)
from imageferry.ports.cloud import Cloud
from tests.fake_cloud import Answer
from tests.fake_synnefo import ACCOUNT, TOKEN, FakeSynnefo

Open = Callable[..., Cloud]


def test_a_token_in_an_answer_is_never_repeated(fake: FakeSynnefo, cloud: Cloud) -> None:
    fake.before = lambda asked: (
        Answer(400, {"badRequest": {"message": f"odd token {TOKEN}"}})
        if "store" in asked.path and asked.number == 1
        else Answer(302, b"", {"Location": f"http://evil.example/?t={TOKEN}"})
        if "store" in asked.path
        else None
    )
    for words in ("odd token", "evil.example"):
        with pytest.raises(FerryError, match=words) as caught:
            list(cloud.objects.containers())
        assert TOKEN not in str(caught.value)


def test_a_wrong_token_is_told_without_it(fake: FakeSynnefo, opened: Open) -> None:
    cloud = opened(token="wr0ng-token")
    with pytest.raises(NotAuthenticated, match="token") as caught:
        list(cloud.objects.containers())
    assert "wr0ng-token" not in str(caught.value)
    assert len(fake.asked) == 1


def test_a_token_that_ends_is_not_tried_for_ever(fake: FakeSynnefo, cloud: Cloud) -> None:
    fake.before = lambda asked: Answer(401) if "store" in asked.path else None
    with pytest.raises(NotAuthenticated):
        list(cloud.objects.containers())
    assert len(fake.asked) == 2


def test_nothing_is_asked_before_it_is_needed_and_identity_once(fake: FakeSynnefo, cloud: Cloud) -> None:
    assert fake.asked == []
    list(cloud.objects.containers())
    list(cloud.images.search())
    assert cloud.project_id == ACCOUNT
    assert len(fake.made("POST", "/tokens")) == 1


def test_addresses_of_the_configuration_win_over_the_catalog(fake: FakeSynnefo, opened: Open) -> None:
    cloud = opened(pithos_url=f"{fake.url}/store/", plankton_url=f"{fake.url}/image/v1.0", account=ACCOUNT)
    fake.containers.add("c")
    assert [row.name for row in cloud.objects.containers()] == ["c"]
    assert list(cloud.images.search()) == []
    assert fake.made("POST", "/tokens") == []


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[" * 100_000,
        {"access": []},
        {"access": {"user": {"id": "../x"}, "serviceCatalog": []}},
        {"access": {"user": {"id": ACCOUNT}, "serviceCatalog": [1, {"type": "object-store", "endpoints": [None, {}]}]}},
        {
            "access": {
                "user": {"id": ACCOUNT},
                "serviceCatalog": [{"type": "object-store", "endpoints": [{"publicURL": "file:///etc"}]}],
            }
        },
    ],
)
def test_an_identity_that_says_odd_things_leads_nowhere(fake: FakeSynnefo, cloud: Cloud, document: object) -> None:
    fake.before = lambda asked: Answer(200, document) if asked.path.endswith("/tokens") else None
    with pytest.raises((Unavailable, Refused)):
        list(cloud.objects.containers())


@pytest.mark.parametrize(
    "entry",
    [
        {"token": ""},
        {"url": ""},
        {"url": "accounts.example"},
        {"token": "a\nb"},
        {"account": "a/b"},
        {"pithos_url": "x"},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(opened: Open, entry: dict[str, str]) -> None:
    with pytest.raises(BadInput) as caught:
        opened(**entry)
    assert TOKEN not in str(caught.value)
