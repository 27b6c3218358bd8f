"""What somebody might try with whom an object is shared, or who has none of his own there at all."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from imageferry.domain.block import BLOCK_SIZE, EMPTY
from imageferry.service.objects import transfers
from imageferry.service.turnstile import Turnstile
from tests.dialects.openstack_service import Cloud, Reply
from tests.dialects.pithos_caller import OCTETS, Pithos, fresh_account

DIRECTORY = {"Content-Type": "application/directory"}
_numbers = itertools.count(1)

Way = Callable[[Pithos, str], Reply]


@pytest.fixture
def bob(pithos_server: Cloud) -> Pithos:
    """Somebody of another project, with a directory of his own."""
    bob = fresh_account(pithos_server, f"hostile{next(_numbers)}")
    bob.put("/pithos/d", b"", content_type="application/directory")
    return bob


def visiting(guest: Pithos, host: Pithos) -> Pithos:
    return Pithos(guest.cloud, host.account)


def shared(pithos: Pithos, path: str, sharing: str) -> None:
    assert pithos.call("POST", f"{path}?update", {"X-Object-Sharing": sharing}).status == 202


# -- what a share is for -----------------------------------------------------

DIRECTORIES: dict[str, Way] = {
    "PUT": lambda guest, _: guest.call("PUT", "/pithos/photos", DIRECTORY, b""),
    "a hash map": lambda guest, _: guest.put_map("/pithos/photos", 0, content_type="application/directory"),
    "a copy": lambda guest, own: guest.call(
        "PUT", "/pithos/photos", {"X-Copy-From": "/pithos/d", "X-Source-Account": own}
    ),
    "Swift's PUT": lambda guest, _: guest.swift("PUT", "/pithos/photos", DIRECTORY, b""),
    "Swift's POST": lambda guest, _: guest.swift("POST", "/pithos/photos", DIRECTORY),
    "Swift's COPY": lambda guest, own: guest.swift(
        "PUT", "/pithos/photos", {"X-Copy-From": "/pithos/d", "X-Copy-From-Account": f"AUTH_{own}"}
    ),
}


@pytest.mark.parametrize("way", DIRECTORIES)
def test_who_may_write_a_file_does_not_make_it_a_directory_to_reach_what_is_below(
    pithos: Pithos, bob: Pithos, way: str
) -> None:
    pithos.put("/pithos/photos")
    pithos.put("/pithos/photos/secret", b"secret")
    shared(pithos, "/pithos/photos", f"write={bob.account}")
    guest = visiting(bob, pithos)
    assert DIRECTORIES[way](guest, bob.account).status == 403
    assert guest.get("/pithos/photos/secret").status == 403
    assert guest.call("PUT", "/pithos/photos", OCTETS, b"theirs").status == 201


def test_who_may_write_a_shared_directory_goes_on_making_directories_there(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/photos", b"", content_type="application/directory")
    shared(pithos, "/pithos/photos", f"write={bob.account}")
    guest = visiting(bob, pithos)
    for path in ("/pithos/photos", "/pithos/photos/new", "/pithos/photos/new"):
        assert guest.call("PUT", path, DIRECTORY, b"").status == 201


def test_its_owner_makes_a_directory_of_a_shared_object(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/photos")
    pithos.put("/pithos/photos/a")
    shared(pithos, "/pithos/photos", f"read={bob.account}")
    assert pithos.call("PUT", "/pithos/photos", DIRECTORY, b"").status == 201
    assert visiting(bob, pithos).get("/pithos/photos/a").status == 200


def test_who_may_write_an_object_does_not_delete_it_as_a_list_of_itself(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/a")
    shared(pithos, "/pithos/a", f"write={bob.account}")
    bob.put("/pithos/a", b"segment")
    listed = json.dumps([{"path": "/pithos/a"}]).encode()
    assert bob.swift("PUT", "/pithos/list?multipart-manifest=put", body=listed).status == 201
    guest = visiting(bob, pithos)
    source = {"X-Copy-From": "/pithos/list", "X-Source-Account": bob.account}
    assert guest.call("PUT", "/pithos/a", source).status == 201
    assert guest.swift("DELETE", "/pithos/a?multipart-manifest=delete").status == 403
    assert pithos.head("/pithos/a").headers["x-object-sharing"] == f"write={bob.account}"


# -- what is said in headers and rows ----------------------------------------


@pytest.mark.parametrize("encoded", ["a%0D%0AX-Evil: 1", "text/html%01", "a%00b"])
def test_a_copy_gets_no_type_that_no_header_and_no_listing_can_say(pithos: Pithos, encoded: str) -> None:
    pithos.put("/pithos/a")
    for verb in ("X-Copy-From", "X-Move-From"):
        assert pithos.call("PUT", "/pithos/b", {verb: "/pithos/a", "Content-Type": encoded}).status == 400
    assert pithos.names("/pithos") == ["a"]


def test_a_page_that_is_opened_with_a_token_in_its_address_runs_nothing_that_could_read_it(pithos: Pithos) -> None:
    pithos.put("/pithos/page.html", b"<script>steal(location)</script>", content_type="text/html")
    path = f"/object-store/v1/{pithos.account}/pithos/page.html?X-Auth-Token={pithos.cloud.token}"
    reply = pithos.cloud.call("GET", path, headers={"X-Auth-Token": ""})
    names = ("content-security-policy", "x-content-type-options", "referrer-policy")
    assert [reply.headers.get(name) for name in names] == ["sandbox", "nosniff", "no-referrer"]


# -- much work for one request -----------------------------------------------


def test_requests_about_directories_of_many_objects_leave_threads_for_others(
    pithos: Pithos, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Turnstile("a directory", at_once=1, waiting=0, wait_s=0.01)
    monkeypatch.setattr(transfers, "_MANY", full)
    monkeypatch.setattr(transfers, "_AT_ONCE", 2)
    for number in range(3):
        pithos.put(f"/pithos/many/{number}")
    for number in range(2):
        pithos.put(f"/pithos/few/{number}")
    with full.turn():
        for name, statuses in (("many", (503, 503, 503)), ("few", (201, 201, 204))):
            copied = pithos.call("PUT", f"/pithos/{name}2?delimiter=/", {"X-Copy-From": f"/pithos/{name}"})
            moved = pithos.call("PUT", f"/pithos/{name}3?delimiter=/", {"X-Move-From": f"/pithos/{name}"})
            gone = pithos.call("DELETE", f"/pithos/{name if name == 'many' else 'few2'}?delimiter=/")
            assert (copied.status, moved.status, gone.status) == statuses
    assert pithos.call("DELETE", "/pithos/many?delimiter=/").status == 204
    assert pithos.names("/pithos") == ["few3/0", "few3/1"]


def test_bytes_of_another_object_that_fit_no_block_are_no_more_than_an_upload_brings(
    pithos: Pithos, monkeypatch: pytest.MonkeyPatch
) -> None:
    holes = 8
    for name in ("a", "b"):
        assert pithos.put_map(f"/pithos/{name}", holes * BLOCK_SIZE, *[EMPTY] * holes).status == 201
    monkeypatch.setattr(pithos.cloud.services.objects, "max_object_size", BLOCK_SIZE)

    def from_b(first: int, length: str = "") -> int:
        said = {"X-Source-Object": "/pithos/b", "Content-Range": f"bytes {first}-{length}/*"}
        return pithos.call("POST", "/pithos/a?update", said).status

    assert (from_b(1), from_b(1, "9"), from_b(0), from_b(BLOCK_SIZE)) == (413, 204, 204, 204)
