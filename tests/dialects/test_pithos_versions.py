"""Pithos: earlier states of objects, what accounts and containers held at a time, and forgetting it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from imageferry.domain.block import BLOCK_SIZE
from tests.dialects.pithos_caller import H0, HELLO, Pithos, fault

LATER = "9" * 400


def version_of(pithos: Pithos, path: str) -> str:
    return pithos.head(path).headers["x-object-version"]


def states(pithos: Pithos, path: str) -> list[int]:
    reply = pithos.get(f"{path}?version=list&format=json")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json; charset=UTF-8")
    return [number for number, _ in reply.json["versions"]]


class Past:
    """Moments between one deed and the next, in the whole seconds that people ask with; few of them pass."""

    def __init__(self, pithos: Pithos) -> None:
        self._pithos = pithos

    def now(self) -> int:
        """A whole second behind all that has been done, and before all that will be."""
        self._pithos.put("/pithos/clock", b"")
        seconds = int(self._pithos.rows("/pithos", "&prefix=clock")[0]["x_object_version_timestamp"].split(".")[0]) + 1
        self._pithos.call("DELETE", "/pithos/clock")
        self._pithos.cloud.clock.pass_time(2)
        return seconds


@pytest.fixture
def past(pithos: Pithos) -> Past:
    return Past(pithos)


# -- versions --------------------------------------------------------------------


def test_each_write_makes_a_version_that_can_be_read(pithos: Pithos) -> None:
    first = pithos.put("/pithos/o", b"hello", content_type="a/b", x_object_meta_a="1").headers
    second = pithos.put("/pithos/o", b"").headers
    assert second["x-object-uuid"] == first["x-object-uuid"]
    old, now = int(first["x-object-version"]), int(second["x-object-version"])
    assert old < now
    assert states(pithos, "/pithos/o") == [old, now]
    seen = pithos.head(f"/pithos/o?version={old}")
    assert (seen.status, seen.headers["etag"], seen.headers["x-object-hash"]) == (200, HELLO, HELLO)
    assert (seen.headers["x-object-version"], seen.headers["content-length"]) == (str(old), "5")
    assert (seen.headers["content-type"], seen.headers["x-object-meta-a"]) == ("a/b", "1")
    assert pithos.get(f"/pithos/o?version={old}&format=json").body == b"hello"
    part = pithos.call("GET", f"/pithos/o?version={old}", {"Range": "bytes=1-3"})
    assert (part.status, part.body) == (206, b"ell")
    assert pithos.get(f"/pithos/o?version={old}&hashmap").json["hashes"] == [HELLO]
    assert pithos.get(f"/pithos/o?version={now}&hashmap").json["hashes"] == [H0]
    assert pithos.get(f"/pithos/o?version={now}").body == b""


def test_the_list_says_when_each_state_came_to_be(pithos: Pithos) -> None:
    pithos.put("/pithos/o")
    (row,) = pithos.rows("/pithos")
    listed = pithos.get("/pithos/o?version=list&format=json").json
    assert listed == {"versions": [[row["x_object_version"], row["x_object_version_timestamp"]]]}


def test_states_of_a_deleted_object_are_still_there_without_the_mark(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"1")
    pithos.put("/pithos/o", b"22")
    found = states(pithos, "/pithos/o")
    pithos.call("DELETE", "/pithos/o")
    assert states(pithos, "/pithos/o") == found
    assert pithos.get(f"/pithos/o?version={found[1]}").body == b"22"
    fault(pithos.get("/pithos/o"), 404)
    again = int(pithos.put("/pithos/o", b"333").headers["x-object-version"])
    assert states(pithos, "/pithos/o") == [*found, again]


def test_an_object_created_after_a_deletion_is_another_one(pithos: Pithos) -> None:
    first = pithos.put("/pithos/o").headers["x-object-uuid"]
    pithos.call("DELETE", "/pithos/o")
    assert pithos.put("/pithos/o").headers["x-object-uuid"] != first


def test_without_versioning_the_last_state_alone_is_there_under_its_number(pithos: Pithos) -> None:
    pithos.call("PUT", "/none", {"X-Container-Policy-Versioning": "none"})
    old = pithos.put("/none/o", b"1").headers["x-object-version"]
    pithos.cloud.clock.pass_time(1)
    now = pithos.put("/none/o", b"22").headers["x-object-version"]
    assert states(pithos, "/none/o") == [int(now)]
    assert pithos.get(f"/none/o?version={now}").body == b"22"
    fault(pithos.get(f"/none/o?version={old}"), 404)
    pithos.call("DELETE", "/none/o")
    fault(pithos.get("/none/o?version=list"), 404)
    fault(pithos.get(f"/none/o?version={now}"), 404)


def test_what_swift_has_put_has_a_number_too(pithos: Pithos) -> None:
    pithos.swift("PUT", "/swift")
    pithos.swift("PUT", "/swift/o", body=b"hello")
    number = version_of(pithos, "/swift/o")
    assert states(pithos, "/swift/o") == [int(number)]
    assert pithos.get(f"/swift/o?version={number}").body == b"hello"
    assert pithos.swift("GET", "/swift/o?version-id=1795175206.05649").status == 400


def test_versions_that_pithos_made_are_swifts_too(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"1")
    pithos.put("/pithos/o", b"22")
    rows = pithos.swift("GET", "/pithos?versions&format=json").json
    assert [round(Fraction(row["version_id"]) * 1_000_000) for row in rows] == states(pithos, "/pithos/o")[::-1]


@pytest.mark.parametrize(
    ("version", "status"),
    [("1", 404), ("9" * 18, 404), ("9" * 400, 404), ("x", 400), ("-1", 400), ("0", 400), ("1.5", 400), ("", 400)],
)
@pytest.mark.parametrize("path", ["/pithos/o", "/none/o"])
def test_versions_that_are_none_are_not_found_or_refused(pithos: Pithos, path: str, version: str, status: int) -> None:
    pithos.call("PUT", "/none", {"X-Container-Policy-Versioning": "none"})
    pithos.put(path)
    fault(pithos.get(f"{path}?version={version}"), status)
    assert pithos.head(f"{path}?version={version}").status == status


def test_the_mark_of_a_deletion_is_no_state(pithos: Pithos) -> None:
    pithos.put("/pithos/o")
    pithos.call("DELETE", "/pithos/o")
    rows = pithos.swift("GET", "/pithos?versions&format=json").json
    mark = round(Fraction(rows[0]["version_id"]) * 1_000_000)
    assert mark not in states(pithos, "/pithos/o")
    fault(pithos.get(f"/pithos/o?version={mark}"), 404)


def test_only_who_may_read_is_told_of_versions(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"1")
    old = version_of(pithos, "/pithos/o")
    pithos.put("/pithos/o", b"22")
    assert len(states(pithos.as_("rita", "own"), "/pithos/o")) == 2
    stranger = pithos.as_("alex", "alt")
    for query in ("version=list", f"version={old}", "until=5"):
        fault(stranger.get(f"/pithos/o?{query}"), 403)
    fault(pithos.get("/pithos/none?version=list"), 404)
    fault(pithos.get("/none/o?version=list"), 404)


def test_a_version_that_is_forgotten_while_it_is_read_is_read_to_its_end(pithos: Pithos) -> None:
    data = b"".join(bytes([number]) * BLOCK_SIZE for number in range(4))
    number = int(pithos.put("/pithos/o", data).headers["x-object-version"])
    pithos.put("/pithos/o", b"")
    objects = pithos.cloud.services.objects
    caller = pithos.cloud.services.identity.validate(str(pithos.cloud.token)).caller
    path = (pithos.account, "pithos", "o")
    reading = objects.read(objects.open(caller, *path, version=number, with_md5=False))  # type: ignore[arg-type]
    first = next(reading)
    assert pithos.call("DELETE", f"/pithos/o?until={LATER}").status == 204
    fault(pithos.get(f"/pithos/o?version={number}"), 404)
    assert first + b"".join(reading) == data


# -- until -----------------------------------------------------------------------


def test_a_container_is_listed_as_it_was(pithos: Pithos, past: Past) -> None:
    before = past.now()
    pithos.put("/pithos/a", b"1", x_object_meta_colour="blue")
    pithos.put("/pithos/dir/b", b"22")
    then = past.now()
    pithos.put("/pithos/a", b"333")
    pithos.call("DELETE", "/pithos/dir/b")
    pithos.put("/pithos/dir/c", b"4444")
    rows = pithos.rows("/pithos", f"&until={then}")
    assert [(row["name"], row["bytes"]) for row in rows] == [("a", 1), ("dir/b", 2)]
    assert rows[0]["x_object_version"] == states(pithos, "/pithos/a")[0]
    assert pithos.names("/pithos", f"&until={then}&delimiter=/") == ["a", "dir/"]
    assert pithos.names("/pithos", f"&until={then}&path=dir") == ["dir/b"]
    assert pithos.names("/pithos", f"&until={then}&meta=colour") == ["a"]
    assert pithos.names("/pithos", f"&until={then}&marker=a&limit=1") == ["dir/b"]
    assert pithos.names("/pithos", f"&until={before}") == []
    assert pithos.names("/pithos", f"&until={then}.5") == ["a", "dir/b"]
    for far in (past.now(), 4_000_000_000, LATER):
        assert pithos.names("/pithos", f"&until={far}") == ["a", "dir/c"]
    head = pithos.head(f"/pithos?until={then}")
    assert head.status == 204
    assert (head.headers["x-container-object-count"], head.headers["x-container-bytes-used"]) == ("2", "3")
    assert head.headers["x-container-block-size"] == str(BLOCK_SIZE)


def test_an_account_is_listed_as_it_was(pithos: Pithos, past: Past) -> None:
    pithos.put("/pithos/a", b"1")
    then = past.now()
    pithos.put("/pithos/a", b"333")
    pithos.call("PUT", "/later")
    pithos.put("/later/a", b"22")
    rows = pithos.rows("", f"&until={then}")
    assert [(row["name"], row["count"], row["bytes"]) for row in rows] == [("pithos", 1, 1)]
    head = pithos.head(f"?until={then}").headers
    assert (head["x-account-container-count"], head["x-account-bytes-used"]) == ("1", "1")
    head = pithos.head(f"?until={LATER}").headers
    assert (head["x-account-container-count"], head["x-account-bytes-used"]) == ("2", "5")
    assert pithos.names("", "&until=5") == []
    fault(pithos.get(f"/later?until={then}"), 404)
    assert pithos.head(f"/later?until={then}").status == 404


@pytest.mark.parametrize("path", ["", "/pithos"])
@pytest.mark.parametrize("until", ["", "x", "-5", "nan", "inf", "1e5", "%00"])
def test_what_is_no_time_is_refused(pithos: Pithos, path: str, until: str) -> None:
    fault(pithos.get(f"{path}?until={until}"), 400)
    assert pithos.head(f"{path}?until={until}").status == 400


def test_the_past_is_for_who_may_read_all(pithos: Pithos, past: Past) -> None:
    pithos.put("/pithos/a")
    then = past.now()
    pithos.swift("POST", "/pithos", {"X-Container-Read": f"{pithos.cloud.projects['alt'].id}:*"})
    stranger = pithos.as_("alex", "alt")
    assert stranger.get("/pithos/a").status == 200
    for path in ("", "/pithos"):
        fault(stranger.get(f"{path}?until={then}"), 403)
    assert pithos.as_("rita", "own").names("/pithos", f"&until={then}") == ["a"]


# -- forgetting ------------------------------------------------------------------


def test_history_is_forgotten_up_to_a_time(pithos: Pithos, past: Past) -> None:
    for name in ("a", "b"):
        pithos.put(f"/pithos/{name}", b"1")
        pithos.put(f"/pithos/{name}", b"22")
    then = past.now()
    pithos.put("/pithos/a", b"333")
    assert pithos.call("DELETE", f"/pithos/a?until={then}.25").status == 204
    assert len(states(pithos, "/pithos/a")) == 1
    assert len(states(pithos, "/pithos/b")) == 2
    assert pithos.get("/pithos/a").body == b"333"
    assert pithos.call("DELETE", f"/pithos?until={then}").status == 204
    assert len(states(pithos, "/pithos/b")) == 1
    assert pithos.names("/pithos") == ["a", "b"]
    assert pithos.head("/pithos").headers["x-container-bytes-used"] == "5"
    assert pithos.call("DELETE", f"/pithos/a?until={LATER}").status == 204
    assert pithos.get("/pithos/a").body == b"333"


@pytest.mark.parametrize("until", ["", "x", "-5", "nan", "1e9"])
def test_an_object_is_not_deleted_for_want_of_a_time(pithos: Pithos, until: str) -> None:
    pithos.put("/pithos/a")
    fault(pithos.call("DELETE", f"/pithos/a?until={until}"), 400)
    fault(pithos.call("DELETE", "/pithos/none?until=5"), 404)
    assert pithos.names("/pithos") == ["a"]


@pytest.mark.parametrize("until", ["1371628999.12", "x", "-5", ""])
def test_a_container_is_deleted_with_a_time_that_is_no_whole_number_as_kamaki_does(pithos: Pithos, until: str) -> None:
    pithos.call("PUT", "/c")
    pithos.put("/c/a")
    fault(pithos.call("DELETE", f"/c?until={until}"), 409)
    assert pithos.call("DELETE", "/c?delimiter=/").status == 204
    assert pithos.names("/c") == []
    assert pithos.call("DELETE", f"/c?until={until}").status == 204
    fault(pithos.get("/c"), 404)


def test_a_container_is_emptied_and_stays_with_its_history(pithos: Pithos) -> None:
    for name in ("a", "dir/b", "dir/c/d"):
        pithos.put(f"/pithos/{name}")
    assert pithos.call("DELETE", "/pithos?delimiter=%2F").status == 204
    assert pithos.names("/pithos") == []
    assert len(states(pithos, "/pithos/dir/b")) == 1
    fault(pithos.call("DELETE", "/pithos?delimiter=x"), 400)
    assert pithos.call("DELETE", f"/pithos?until={LATER}").status == 204
    fault(pithos.get("/pithos/dir/b?version=list"), 404)
    assert pithos.head("/pithos").headers["x-container-bytes-used"] == "0"
    fault(pithos.call("DELETE", "/none?delimiter=/"), 404)
    fault(pithos.call("DELETE", "/none?until=5"), 404)


def test_only_who_may_write_forgets(pithos: Pithos) -> None:
    pithos.put("/pithos/a", b"1")
    pithos.put("/pithos/a", b"2")
    for caller in (pithos.as_("rita", "own"), pithos.as_("alex", "alt")):
        for query in ("until=5", "delimiter=/", f"until={LATER}"):
            fault(caller.call("DELETE", f"/pithos?{query}"), 403)
            fault(caller.call("DELETE", f"/pithos/a?{query}"), 403)
    assert len(states(pithos, "/pithos/a")) == 2
