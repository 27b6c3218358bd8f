"""Archives that are unpacked while they come in: request in, answer out."""

from __future__ import annotations

import bz2
import gzip
import hmac
import io
import os
import tarfile
import time
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest

from imageferry.domain.errors import Unavailable
from imageferry.service.objects.uploads import Upload
from tests.dialects.swift_service import MAX_OBJECT, Swift

JSON = {"Accept": "application/json"}
Row = tuple[str, bytes]


def archive(*rows: Row | tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as tar:
        for row in rows:
            if isinstance(row, tarfile.TarInfo):
                tar.addfile(row, io.BytesIO(bytes(row.size)))
            else:
                info = tarfile.TarInfo(row[0])
                info.size = len(row[1])
                tar.addfile(info, io.BytesIO(row[1]))
    return held.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpack(swift: Swift, body: bytes | Iterator[bytes], path: str = "", kind: str = "tar") -> dict[str, Any]:
    reply = swift.call("PUT", f"{path}?extract-archive={kind}", JSON, body)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    facts: dict[str, Any] = reply.json
    return facts


def said(created: int, *errors: list[str]) -> dict[str, object]:
    return {
        "Response Status": "400 Bad Request" if errors else "201 Created",
        "Response Body": "",
        "Number Files Created": created,
        "Errors": list(errors),
    }


TWO = archive(("./c/a", b"aaa"), special("c/dir", tarfile.DIRTYPE), ("d/dir/b.txt", b"x" * 1000))


@pytest.mark.parametrize(
    ("kind", "pack"),
    [("tar", bytes), ("tar.gz", gzip.compress), ("tar.bz2", bz2.compress), (".tar.gz", gzip.compress)],
)
def test_files_become_objects_in_containers_made_for_them(swift: Swift, kind: str, pack: Any) -> None:
    assert unpack(swift, pack(TWO), kind=kind) == said(2)
    assert swift.names("") == ["c", "d"]
    assert swift.call("GET", "/c/a").body == b"aaa"
    reply = swift.call("GET", "/d/dir/b.txt")
    assert (reply.body, reply.headers["content-type"]) == (b"x" * 1000, "text/plain")


@pytest.mark.parametrize(("path", "names"), [("/box", ["c/a"]), ("/box/", ["c/a"]), ("/box/pre/fix", ["pre/fix/c/a"])])
def test_a_container_and_a_prefix_go_before_the_names(swift: Swift, path: str, names: list[str]) -> None:
    assert unpack(swift, archive(("c/a", b"1")), path) == said(1)
    assert (swift.names(""), swift.names("/box")) == (["box"], names)


def test_a_container_that_is_there_stays_as_it_is(swift: Swift) -> None:
    swift.put("/c", headers={"X-Container-Meta-A": "1"})
    swift.put("/c/a", b"old")
    assert unpack(swift, TWO)["Number Files Created"] == 2
    assert swift.call("HEAD", "/c").headers["x-container-meta-a"] == "1"
    assert swift.call("GET", "/c/a").body == b"aaa"


def test_metadata_of_the_request_is_that_of_every_object(swift: Swift) -> None:
    headers = {"X-Object-Meta-From": "tar", "Content-Type": "application/x-tar", "ETag": "0" * 32}
    assert swift.call("PUT", "?extract-archive=tar", headers, TWO).text.startswith("Number Files Created: 2\n")
    assert swift.call("HEAD", "/c/a").headers["x-object-meta-from"] == "tar"
    assert swift.call("HEAD", "/c/a").headers["content-type"] == "application/octet-stream"


def test_the_answer_is_xml_when_asked(swift: Swift) -> None:
    body = archive(("c/a", b"1"), ("c/../<&>", b"1"))
    reply = swift.call("PUT", "?extract-archive=tar", {"Accept": "application/xml"}, body)
    root = ET.fromstring(reply.body)  # noqa: S314 - our own
    assert (root.tag, root.findtext("number_files_created")) == ("extract", "1")
    assert root.findtext("errors/object/name") == "c/../%3C%26%3E"


@pytest.mark.parametrize(
    "row",
    [
        ("c/../../etc/passwd", b"1"),
        ("../c/x", b"1"),
        ("c/..", b"1"),
        ("/c/absolute", b"1"),
        ("no-container", b"1"),
        special("c/link", tarfile.SYMTYPE, "/etc/passwd"),
        special("c/hard", tarfile.LNKTYPE, "c/good"),
        special("c/fifo", tarfile.FIFOTYPE),
        special("c/device", tarfile.CHRTYPE),
        special("c/disk", tarfile.BLKTYPE),
        special("c/strange", b"Z"),
        ("c/" + "x" * 1025, b"1"),
        ("y" * 257 + "/x", b"1"),
    ],
    ids=lambda row: (row[0] if isinstance(row, tuple) else row.name)[:20],
)
def test_a_member_that_is_no_file_of_ours_is_named_and_passed_over(swift: Swift, row: Any) -> None:
    name = row[0] if isinstance(row, tuple) else row.name
    assert unpack(swift, archive(row, ("c/good", b"good"))) == said(1, [name, "400 Bad Request"])
    assert (swift.names(""), swift.names("/c")) == (["c"], ["good"])
    assert swift.call("GET", "/c/good").body == b"good"


def test_a_name_twice_is_taken_once(swift: Swift) -> None:
    assert unpack(swift, archive(("c/a", b"first"), ("./c/a", b"second"))) == said(1, ["c/a", "409 Conflict"])
    assert swift.call("GET", "/c/a").body == b"first"


def test_names_that_are_no_text_are_412(swift: Swift) -> None:
    odd = tarfile.TarInfo("c/a\udcff")
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
        tar.addfile(odd)
    assert unpack(swift, held.getvalue()) == said(0, ["c/a%FF", "412 Precondition Failed"])


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_long_and_foreign_names_of_every_format(swift: Swift, form: int) -> None:
    name = "deep/" * 20 + "x" * 90
    assert unpack(swift, archive((f"c/{name}", b"1"), ("c/short", b"2"), form=form)) == said(2)
    assert swift.names("/c") == [name, "short"]
    if form != tarfile.USTAR_FORMAT:
        assert unpack(swift, archive(("ü/\U0001f427" * 40, b"1"), form=form))["Number Files Created"] == 1


def test_a_file_over_the_limit_is_413_and_the_next_is_taken(swift: Swift) -> None:
    body = archive(("c/big", bytes(MAX_OBJECT + 1)), ("c/good", b"good"))
    assert unpack(swift, body) == said(1, ["c/big", "413 Request Entity Too Large"])
    assert swift.names("/c") == ["good"]


def test_large_files_come_through_whole(swift: Swift) -> None:
    big = os.urandom(9 << 20)
    body = archive(("c/a", b"1"), ("c/big", big), ("c/z", b"2"))
    assert unpack(swift, (body[i : i + 70_001] for i in range(0, len(body), 70_001))) == said(3)
    assert swift.call("GET", "/c/big").body == big
    assert unpack(swift, gzip.compress(body, 1), "/again", "tar.gz") == said(3)
    assert swift.call("GET", "/again/c/big").body == big


def _ended(facts: dict[str, Any], created: int, status: str = "400 Bad Request") -> str:
    assert (facts["Response Status"], facts["Number Files Created"]) == (status, created)
    sentence: str = facts["Response Body"]
    assert sentence.startswith("Invalid Tar File: ")
    return sentence


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("tar", b""),
        ("tar", b"not a tar" * 100),
        ("tar", gzip.compress(TWO)),
        ("tar.gz", TWO),
        ("tar.gz", bz2.compress(TWO)),
        ("tar.bz2", TWO),
        ("tar", bytes(10240)),
        ("tar", archive(special("c/", tarfile.DIRTYPE))),
    ],
)
def test_what_is_no_archive_or_holds_no_file_says_so(swift: Swift, kind: str, body: bytes) -> None:
    _ended(unpack(swift, body, kind=kind), 0)
    assert swift.names("") == []


@pytest.mark.parametrize("cut", [100, 512, 515, 1024, 2047, 2560])
def test_a_truncated_archive_keeps_whole_files_only(swift: Swift, cut: int) -> None:
    created = 1 if cut >= 515 else 0
    sentence = _ended(unpack(swift, TWO[:cut]), created)
    assert "end is missing" in sentence
    assert "b.txt" not in str(swift.names("/d") if "d" in swift.names("") else [])


@pytest.mark.parametrize(("kind", "pack"), [("tar.gz", gzip.compress), ("tar.bz2", bz2.compress)])
def test_compressed_data_that_is_cut_off_or_harmed_is_told(swift: Swift, kind: str, pack: Any) -> None:
    body = pack(archive(("c/a", os.urandom(3000)), ("c/b", os.urandom(3000))))
    assert "end is missing" in _ended(unpack(swift, body[:-9], kind=kind), 2)
    harmed = bytearray(body)
    harmed[len(body) // 2] ^= 255
    facts = unpack(swift, bytes(harmed), kind=kind)
    assert facts["Response Status"] == "400 Bad Request"


def test_several_streams_in_a_row_and_padding_are_one_archive(swift: Swift) -> None:
    body = gzip.compress(TWO[:1000]) + bytes(100) + gzip.compress(TWO[1000:]) + bytes(512)
    assert unpack(swift, body, kind="tar.gz") == said(2)


@pytest.mark.parametrize(("kind", "pack"), [("tar.gz", gzip.compress), ("tar.bz2", bz2.compress)])
def test_a_bomb_is_given_up_in_little_memory(swift: Swift, kind: str, pack: Any) -> None:
    assert unpack(swift, pack(archive(("c/zeros", bytes(MAX_OBJECT)))), kind=kind) == said(1)
    bomb = pack(archive(*((f"c/{number}", bytes(15 << 20)) for number in range(8))))
    tracemalloc.start()
    try:
        facts = unpack(swift, bomb, "/bombs", kind)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "bytes for each byte sent" in _ended(facts, 4, "413 Request Entity Too Large")
    assert peak < 48 << 20


def test_headers_that_claim_much_memory_are_refused(swift: Swift) -> None:
    long = special("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    long.size = 1 << 40
    pax = special("pax", tarfile.XHDTYPE)
    pax.size = 1 << 40
    for info in (long, pax):
        body = info.tobuf(tarfile.GNU_FORMAT) + b"x" * 4096
        assert "a header of" in _ended(unpack(swift, body), 0)


@pytest.mark.parametrize(
    "record", [b"9 path=x\n", b"99 path=x\n", b"x", b"11 size=-1\n\n", b"10 size=x\n", b"30 size=" + b"9" * 21 + b"\n"]
)
def test_extended_headers_that_lie_are_refused(swift: Swift, record: bytes) -> None:
    pax = special("pax", tarfile.XHDTYPE)
    pax.size = len(record)
    body = pax.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + TWO
    facts = unpack(swift, body)
    assert facts["Response Status"] == "400 Bad Request" or record.startswith(b"9 ")


def test_sparse_files_of_both_kinds_are_passed_over(swift: Swift) -> None:
    old = bytearray(special("c/old", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    old[482] = 1
    old[148:156] = b"%06o\0 " % (sum(old) - sum(old[148:156]) + 8 * 32)
    extended = bytes(504) + b"\1" + bytes(7) + bytes(512)
    new = tarfile.TarInfo("c/new")
    new.pax_headers = {"GNU.sparse.major": "1"}
    body = bytes(old) + extended + archive(new, ("c/good", b"1"))
    errors = [["c/old", "400 Bad Request"], ["c/new", "400 Bad Request"]]
    assert unpack(swift, body) == said(1, *errors)


def test_a_thousand_failures_end_the_work(swift: Swift) -> None:
    facts = unpack(swift, archive(*((f"../{number}", b"") for number in range(1500)), ("c/good", b"1")))
    assert "members that fail" in _ended(facts, 0, "413 Request Entity Too Large")
    assert len(facts["Errors"]) == 1000


def test_a_store_that_is_away_is_a_bad_gateway(swift: Swift, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the store", reason="away")

    monkeypatch.setattr(Upload, "commit", away)
    facts = unpack(swift, archive(("c/a", b"1")))
    assert (facts["Response Status"], facts["Errors"]) == ("502 Bad Gateway", [["c/a", "503 Service Unavailable"]])


def test_what_is_wrong_with_the_call_is_said_before_the_bytes(swift: Swift) -> None:
    for kind in ("", "zip", "tar.xz"):
        assert swift.call("PUT", f"?extract-archive={kind}", {}, TWO).status == 400
    assert swift.as_("reader").call("PUT", "?extract-archive=tar", {}, TWO).status == 403
    assert swift.as_(None).call("PUT", "?extract-archive=tar", {}, TWO).status == 401
    stranger = swift.as_("member", "elsewhere")
    assert stranger.call("PUT", "/c?extract-archive=tar", {}, TWO, account=swift.account).status == 403
    assert swift.call("POST", "/c/o?extract-archive=tar", {}, TWO).status == 400
    assert swift.names("") == []


def test_a_temporary_url_for_one_object_unpacks_nothing(swift: Swift) -> None:
    swift.put("/c")
    swift.call("POST", "", {"X-Account-Meta-Temp-URL-Key": "key"})
    expires = int(time.time()) + 600
    signature = hmac.new(b"key", f"PUT\n{expires}\n{swift.account}/c/o".encode(), "sha256").hexdigest()
    query = f"temp_url_sig={signature}&temp_url_expires={expires}"
    guest = swift.as_(None)
    assert guest.call("PUT", f"/c/o?{query}&extract-archive=tar", {}, TWO).status == 401
    assert (swift.names(""), swift.names("/c")) == (["c"], [])
    assert guest.call("PUT", f"/c/o?{query}", {}, b"one").status == 201
