"""Pithos: what is said of an object, and parts of its bytes, changed where it is."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from imageferry.domain.block import BLOCK_SIZE
from tests.dialects.openstack_service import Reply
from tests.dialects.pithos_caller import HELLO, OCTETS, Pithos, fault, hash_of, top_of
from tests.dialects.test_pithos_uploads import on_a_loop_of_its_own

APPEND = "bytes */*"


def post(pithos: Pithos, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
    return pithos.call("POST", path, headers or {}, body)


def patch(pithos: Pithos, where: str, body: bytes, path: str = "/pithos/o", **headers: str) -> Reply:
    """As kamaki does it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return post(pithos, f"{path}?update&format=json", {**OCTETS, "Content-Range": where, **sent}, body)


def told(pithos: Pithos, path: str = "/pithos/o") -> dict[str, str]:
    """The metadata."""
    headers = pithos.head(path).headers
    return {name[14:]: value for name, value in headers.items() if name.startswith("x-object-meta-")}


# -- metadata --------------------------------------------------------------------


def test_metadata_are_added_and_taken_away_in_a_state_of_their_own(pithos: Pithos) -> None:
    first = pithos.put("/pithos/o", x_object_meta_a="1", x_object_meta_b="2", content_encoding="gzip").headers
    before = pithos.head("/pithos/o").headers
    sent = {"X-Object-Meta-B": "", "X-Object-Meta-Colour": "deep%20blue", "x-object-meta-%C3%A4": "%C3%BC"}
    changed = post(pithos, "/pithos/o?update", sent)
    assert changed.status == 202
    assert int(changed.headers["x-object-version"]) > int(first["x-object-version"])
    assert told(pithos) == {"a": "1", "colour": "deep blue", "%c3%a4": "%C3%BC"}
    after = pithos.head("/pithos/o").headers
    for name in ("x-object-uuid", "etag", "content-type", "content-encoding", "content-length"):
        assert after[name] == before[name], name
    old = pithos.head(f"/pithos/o?version={first['x-object-version']}").headers
    assert (old["x-object-meta-b"], "x-object-meta-colour" in old) == ("2", False)
    assert pithos.get("/pithos/o").body == b"hello"


def test_without_update_all_metadata_are_other_ones(pithos: Pithos) -> None:
    pithos.put("/pithos/o", x_object_meta_a="1", content_encoding="gzip", content_disposition="inline")
    assert post(pithos, "/pithos/o", {"X-Object-Meta-B": "2", "Content-Disposition": "attachment"}).status == 202
    assert told(pithos) == {"b": "2"}
    headers = pithos.head("/pithos/o").headers
    assert headers["content-disposition"] == "attachment"
    assert "content-encoding" not in headers
    assert post(pithos, "/pithos/o").status == 202
    assert told(pithos) == {}


def test_headers_change_as_metadata_do(pithos: Pithos) -> None:
    pithos.put("/pithos/o", content_encoding="gzip", content_disposition="inline")
    sent = {"Content-Encoding": "", "Content-Disposition": "attachment; filename=%22%C3%A4%22"}
    assert post(pithos, "/pithos/o?update", sent).status == 202
    headers = pithos.head("/pithos/o").headers
    assert "content-encoding" not in headers
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("flag", ["update", "update=", "update=True", "format=json&update=no"])
def test_what_changes_nothing_makes_no_version(pithos: Pithos, flag: str) -> None:
    version = pithos.put("/pithos/o", x_object_meta_a="1").headers["x-object-version"]
    same = post(pithos, f"/pithos/o?{flag}", {"X-Object-Meta-A": "1", "Content-Type": "text/plain"})
    assert same.status == 202
    assert "x-object-version" not in same.headers
    assert pithos.head("/pithos/o").headers["x-object-version"] == version


def test_a_container_without_versions_keeps_the_new_state_alone(pithos: Pithos) -> None:
    pithos.call("PUT", "/none", {"X-Container-Policy-Versioning": "none"})
    pithos.put("/none/o", x_object_meta_a="1")
    changed = post(pithos, "/none/o?update", {"X-Object-Meta-A": "2"})
    versions = pithos.get("/none/o?version=list").json["versions"]
    assert [number for number, _ in versions] == [int(changed.headers["x-object-version"])]
    assert pithos.get(f"/none/o?version={versions[0][0]}").body == b"hello"


@pytest.mark.parametrize(
    "headers",
    [
        {f"X-Object-Meta-{number}": "x" for number in range(91)},
        {f"X-Object-Meta-{number}": "x" for number in range(33)},
        {"X-Object-Meta-A": "x" * 257},
        {"X-Object-Meta-" + "a" * 129: "x"},
        {"X-Object-Meta-A": "a%0Ab"},
        {"Content-Disposition": "a%0D%0AX-B: c"},
    ],
)
def test_metadata_that_cannot_be_kept_are_refused(pithos: Pithos, headers: dict[str, str]) -> None:
    pithos.put("/pithos/o", x_object_meta_old="1")
    fault(post(pithos, "/pithos/o?update", headers), 400)
    assert told(pithos) == {"old": "1"}


def test_nobody_else_changes_it(pithos: Pithos) -> None:
    pithos.put("/pithos/o")
    for caller in (pithos.as_("rita", "own"), pithos.as_("alex", "alt")):
        fault(post(caller, "/pithos/o?update", {"X-Object-Meta-A": "1"}), 403)
        fault(patch(caller, APPEND, b"x"), 403)
        fault(patch(caller, APPEND, b"", X_Source_Object="/pithos/o"), 403)
    fault(post(pithos, "/pithos/none?update", {"X-Object-Meta-A": "1"}), 404)
    fault(patch(pithos, APPEND, b"x", "/pithos/none"), 404)
    fault(patch(pithos, APPEND, b"x", "/none/o"), 404)
    assert pithos.get("/pithos/o").body == b"hello"
    assert told(pithos) == {}


# -- bytes -----------------------------------------------------------------------


def test_bytes_are_appended_as_a_new_state(pithos: Pithos) -> None:
    first = pithos.put("/pithos/o", content_type="text/plain").headers
    done = patch(pithos, APPEND, b" world", x_object_meta_a="1")
    assert (done.status, done.body) == (204, b"")
    assert done.headers["etag"] == hash_of(b"hello world")
    assert int(done.headers["x-object-version"]) > int(first["x-object-version"])
    after = pithos.head("/pithos/o").headers
    assert (after["content-length"], after["content-type"]) == ("11", "text/plain")
    assert (after["x-object-hash"], after["x-object-uuid"]) == (done.headers["etag"], first["x-object-uuid"])
    assert told(pithos) == {"a": "1"}
    assert pithos.get("/pithos/o").body == b"hello world"
    assert pithos.get(f"/pithos/o?version={first['x-object-version']}").body == b"hello"


def test_bytes_are_overwritten_where_the_range_says(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"0123456789")
    assert patch(pithos, "bytes 3-5/*", b"abc").status == 204
    assert pithos.get("/pithos/o").body == b"012abc6789"
    assert patch(pithos, "bytes 8-11/*", b"WXYZ").status == 204
    assert pithos.get("/pithos/o").body == b"012abc67WXYZ"
    assert patch(pithos, "bytes 0-1/12", b"..").status == 204
    assert patch(pithos, "bytes 12-/*", b"!").status == 204
    assert pithos.get("/pithos/o").body == b"..2abc67WXYZ!"


def test_an_object_of_many_blocks_is_changed_in_the_midst(pithos: Pithos) -> None:
    blocks = [bytes([number]) * BLOCK_SIZE for number in (1, 2, 3)]
    for block in blocks:
        pithos.send_block("/pithos", block)
    assert pithos.put_map("/pithos/o", 3 * BLOCK_SIZE, *map(hash_of, blocks)).status == 201
    middle = b"x" * 10
    done = patch(pithos, f"bytes {BLOCK_SIZE - 5}-{BLOCK_SIZE + 4}/*", middle)
    new = [blocks[0][:-5] + b"x" * 5, b"x" * 5 + blocks[1][5:], blocks[2]]
    assert (done.status, done.headers["etag"]) == (204, top_of(*new))
    assert pithos.get("/pithos/o?hashmap").json["hashes"] == list(map(hash_of, new))
    assert pithos.get("/pithos/o").body == b"".join(new)


def test_it_is_cut_as_kamaki_cuts_it(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"0123456789", content_type="text/plain")
    for size in (10, 7, 0):
        sent = {
            "Content-Type": "text/plain",
            "Content-Range": f"bytes 0-{size}/*",
            "X-Source-Object": "/pithos/o",
            "X-Object-Bytes": str(size),
        }
        done = post(pithos, "/pithos/o?update&format=json", sent)
        assert done.status == 204, (size, done.body)
        assert pithos.get("/pithos/o").body == b"0123456789"[:size]
    assert pithos.head("/pithos/o").headers["content-type"] == "text/plain"


def test_bytes_of_another_object_are_taken(pithos: Pithos) -> None:
    pithos.call("PUT", "/other")
    pithos.put("/pithos/o", b"0123456789")
    version = pithos.put("/other/s%20%C3%A4", b"abcdef").headers["x-object-version"]
    source = {"X_Source_Object": "/other/s%20%C3%A4"}
    assert patch(pithos, "bytes 2-4/*", b"", **source).status == 204
    assert pithos.get("/pithos/o").body == b"01abc56789"
    pithos.put("/other/s%20%C3%A4", b"now")
    assert patch(pithos, APPEND, b"", **source).status == 204
    assert patch(pithos, APPEND, b"", X_Source_Version=version, **source).status == 204
    assert pithos.get("/pithos/o").body == b"01abc56789nowabcdef"
    fault(patch(pithos, "bytes 0-9/*", b"", **source), 400)
    fault(patch(pithos, APPEND, b"", X_Source_Object="/other/none"), 404)
    fault(patch(pithos, APPEND, b"x", **source), 400)
    fault(patch(pithos, APPEND, b"", X_Source_Object="other"), 400)
    fault(patch(pithos, APPEND, b"", X_Source_Version="x", **source), 400)
    theirs = {"X_Source_Account": pithos.cloud.projects["alt"].id}
    assert patch(pithos, APPEND, b"", **source, **theirs).status in (403, 404)


@pytest.mark.parametrize(
    ("where", "headers", "status"),
    [
        ("", {}, 400),
        ("bytes 0-4", {}, 400),
        ("bytes 4-0/*", {}, 400),
        ("bytes=0-4/*", {}, 400),
        ("bytes -5-1/*", {}, 400),
        ("bytes 0-3/*", {}, 400),
        ("bytes 0-5/*", {}, 400),
        ("bytes 6-10/*", {}, 416),
        ("bytes 1-5/5", {}, 416),
        ("bytes 0-4/6", {}, 416),
        (f"bytes {'9' * 4000}-/*", {}, 416),
        (f"bytes 0-{'9' * 4000}/*", {}, 400),
        ("bytes */*", {"X-Object-Bytes": "-1"}, 400),
        ("bytes */*", {"X-Object-Bytes": "x"}, 400),
        ("bytes */*", {"If-Match": "none"}, 412),
        ("bytes */*", {"If-None-Match": HELLO}, 412),
    ],
)
def test_what_goes_nowhere_is_refused(pithos: Pithos, where: str, headers: dict[str, str], status: int) -> None:
    version = pithos.put("/pithos/o").headers["x-object-version"]
    reply = post(pithos, "/pithos/o?update", {**OCTETS, "Content-Range": where, **headers}, b"HELLO")
    fault(reply, status)
    if status == 416:
        assert reply.headers["content-range"] == "bytes */5"
    assert pithos.head("/pithos/o").headers["x-object-version"] == version


def test_bytes_without_a_length_are_refused_and_chunks_are_taken(pithos: Pithos) -> None:
    pithos.put("/pithos/o")
    sent = {**OCTETS, "Content-Range": APPEND}
    fault(pithos.cloud.call("POST", f"/object-store/v1/{pithos.account}/pithos/o?update", headers=sent), 411)
    assert pithos.get("/pithos/o").body == b"hello"


def test_another_type_says_nothing_and_takes_no_bytes(pithos: Pithos) -> None:
    version = pithos.put("/pithos/o").headers["x-object-version"]
    sent = {"Content-Type": "text/plain", "Content-Range": APPEND}
    assert post(pithos, "/pithos/o?update", sent, b" world").status == 202
    sent = {"Content-Type": "application/octet-stream; charset=x", "Content-Range": APPEND}
    assert post(pithos, "/pithos/o?update", sent, b" world").status == 202
    assert pithos.head("/pithos/o").headers["x-object-version"] == version


def test_a_quota_holds_for_what_is_appended(pithos: Pithos) -> None:
    pithos.call("PUT", "/small", {"X-Container-Policy-Quota": "8", "X-Container-Policy-Versioning": "none"})
    pithos.put("/small/o")
    assert patch(pithos, APPEND, b"123", "/small/o").status == 204
    fault(patch(pithos, APPEND, b"4", "/small/o"), 413)
    assert pithos.get("/small/o").body == b"hello123"


def test_of_what_two_clients_append_at_the_same_time_nothing_is_lost(pithos: Pithos) -> None:
    pithos.put("/pithos/o", b"")
    together = threading.Barrier(2)

    def work(client: str) -> None:
        with on_a_loop_of_its_own(pithos) as caller:
            together.wait()
            for number in range(15):
                assert patch(caller, APPEND, f"{client}{number:02}\n".encode()).status == 204

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, "ab"))
    lines = pithos.get("/pithos/o").body.decode().split()
    assert sorted(lines) == [f"{client}{number:02}" for client in "ab" for number in range(15)]
    assert len(pithos.get("/pithos/o?version=list").json["versions"]) == 31


def test_what_swift_made_is_changed_and_what_is_changed_swift_reads(pithos: Pithos) -> None:
    pithos.swift("PUT", "/swift")
    pithos.swift("PUT", "/swift/o", {"Content-Type": "text/plain", "X-Object-Meta-A": "1", "Expires": "0"}, b"hello")
    assert patch(pithos, APPEND, b" world", "/swift/o").status == 204
    assert post(pithos, "/swift/o", {"X-Object-Meta-B": "2"}).status == 202
    seen = pithos.swift("GET", "/swift/o")
    assert seen.body == b"hello world"
    assert (seen.headers["x-object-meta-b"], seen.headers["content-type"]) == ("2", "text/plain")
    assert seen.headers["etag"] == "5eb63bbbe01eeed093cb22bb8f5acdc3"
    assert "x-object-meta-a" not in seen.headers
    assert "x-versions-enabled" not in pithos.swift("HEAD", "/swift").headers


def test_large_objects_of_swift_are_not_changed_in_part(pithos: Pithos) -> None:
    pithos.swift("PUT", "/swift")
    pithos.swift("PUT", "/swift/o", {"X-Object-Manifest": "swift/parts"}, b"")
    fault(patch(pithos, APPEND, b"x", "/swift/o"), 409)
    assert post(pithos, "/swift/o?update", {"X-Object-Meta-A": "1"}).status == 202
    assert pithos.swift("HEAD", "/swift/o").headers["x-object-manifest"] == "swift/parts"
