"""Files by a form in a page: signed by its owner, sent by anybody, and nothing but what was signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping, Sequence

import pytest

from tests.dialects.swift_service import MAX_OBJECT, Reply, Swift

KEY = "a key"
LATER = int(time.time()) + 600
BOUNDARY = "--boundary--"  # as awkward as tempest's
Row = tuple[str, bytes]  # the head of a part, its bytes


@pytest.fixture
def keyed(swift: Swift) -> Swift:
    swift.call("POST", "", {"X-Account-Meta-Temp-URL-Key": KEY})
    swift.put("/c")
    return swift


def _fields(
    path: str,
    *,
    redirect: str = "",
    size: object = 100,
    count: object = 2,
    expires: object = LATER,
    key: str = KEY,
    digest: str = "sha1",
    form: str = "hex",
    **more: str,
) -> list[Row]:
    """What an owner writes into a page."""
    text = f"{path}\n{redirect}\n{size}\n{count}\n{expires}"
    signature = hmac.new(key.encode(), text.encode(), digest).hexdigest()
    if form == "base64":
        signature = f"{digest}:" + base64.urlsafe_b64encode(bytes.fromhex(signature)).decode().rstrip("=")
    fields = {"redirect": redirect, "max_file_size": size, "max_file_count": count, "expires": expires}
    fields |= {"signature": signature, **more}
    return [_field(name, str(value)) for name, value in fields.items()]


def _field(name: str, value: str) -> Row:
    return (f'Content-Disposition: form-data; name="{name}"', value.encode())


def _file(name: str, data: bytes = b"hello", *headers: str) -> Row:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    return ("\r\n".join([head, *(headers or ["Content-Type: text/x-a"])]), data)


def _body(rows: Sequence[Row], *, end: bytes = b"--\r\n") -> bytes:
    mark = f"--{BOUNDARY}".encode()
    parts = [mark + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in rows]
    return b"".join(parts) + mark + end


def _post(
    swift: Swift,
    rows: Sequence[Row] | bytes | Iterator[bytes],
    path: str = "/c",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    body = _body(rows) if isinstance(rows, Sequence) and not isinstance(rows, bytes) else rows
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return swift.as_(None).call("POST", path, {**kind, **(headers or {})}, body)


@pytest.mark.parametrize(("path", "name"), [("/c", "f"), ("/c/", "f"), ("/c/pre", "pref"), ("/c/a%20b/", "a%20b/f")])
def test_a_form_makes_an_object_below_its_path(keyed: Swift, path: str, name: str) -> None:
    reply = _post(keyed, [*_fields(keyed.account + path.replace("%20", " ")), _file("f")], path)
    assert (reply.status, reply.text) == (201, "201 Created")
    kept = keyed.call("GET", f"/c/{name}")
    assert (kept.body, kept.headers["content-type"]) == (b"hello", "text/x-a")


@pytest.mark.parametrize("form", ["hex", "base64"])
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_every_offered_digest_signs(keyed: Swift, digest: str, form: str) -> None:
    assert _post(keyed, [*_fields(f"{keyed.account}/c", digest=digest, form=form), _file("f")]).status == 201


def test_the_key_of_the_container_signs_for_it_alone(keyed: Swift) -> None:
    keyed.put("/c", headers={"X-Container-Meta-Temp-URL-Key": "own"})
    keyed.put("/d")
    assert _post(keyed, [*_fields(f"{keyed.account}/c", key="own"), _file("f")]).status == 201
    assert _post(keyed, [*_fields(f"{keyed.account}/d", key="own"), _file("f")], "/d").status == 401
    assert keyed.names("/d") == []


def test_several_files_with_what_was_said_before_each(keyed: Swift) -> None:
    rows = [
        *_fields(f"{keyed.account}/c", count=4),
        _file("plain.png", b"1", "X-Nothing: 1"),
        _file("own", b"2", "Content-Type: text/own", "Content-Encoding: gzip", "X-Object-Meta-A: 1"),
        _field("Content-Type", "text/field"),
        _field("x_delete_after", "1000"),
        _file("late", b"3", "Content-Type: text/own"),
    ]
    assert _post(keyed, rows).status == 201
    heads = {name: keyed.call("HEAD", f"/c/{name}").headers for name in ("plain.png", "own", "late")}
    assert [head["content-type"] for head in heads.values()] == ["image/png", "text/own", "text/field"]
    assert heads["own"]["content-encoding"] == "gzip"
    assert "x-object-meta-a" not in heads["own"]
    assert ["x-delete-at" in head for head in heads.values()] == [False, False, True]


def test_a_page_is_sent_on_where_its_owner_wants(keyed: Swift) -> None:
    fields = _fields(f"{keyed.account}/c", redirect="http://page/x", count=1)
    reply = _post(keyed, [*fields, _file("f")])
    assert (reply.status, reply.headers["location"]) == (303, "http://page/x?status=201&message=")
    reply = _post(keyed, [*fields, _file("f"), _file("g")])
    assert reply.headers["location"] == "http://page/x?status=400&message=max%20file%20count%20exceeded"
    assert _post(keyed, fields).headers["location"].endswith("message=no%20files%20to%20process")
    nasty = 'http://page/?"><script>'
    reply = _post(keyed, [*_fields(f"{keyed.account}/c", redirect=nasty), _file("f")])
    assert reply.headers["location"] == f"{nasty}&status=201&message="
    assert b"<script>" not in reply.body


def test_a_form_that_nobody_signed_sends_nobody_elsewhere(keyed: Swift) -> None:
    rows = [_field("redirect", "http://evil/"), _field("max_file_count", "1")]
    for more in ([], [_file("f")], [_file("f"), _file("g")]):
        assert _post(keyed, [*rows, *more]).status in (400, 401)


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"expires": 1}, 401, "FormPost: Form Expired"),
        ({"key": "another"}, 401, "FormPost: Invalid Signature"),
        ({"signature": ""}, 401, "FormPost: Invalid Signature"),
        ({"signature": "0" * 40}, 401, "FormPost: Invalid Signature"),
        ({"signature": "md5:AAAA"}, 401, "FormPost: Invalid Signature"),
        ({"max_file_size": "1000"}, 401, "FormPost: Invalid Signature"),
        ({"max_file_count": "9"}, 401, "FormPost: Invalid Signature"),
        ({"Redirect": "http://evil/"}, 401, "FormPost: Invalid Signature"),
        ({"expires": "abc"}, 400, "FormPost: expired not an integer"),
        ({"size": "abc"}, 400, "FormPost: max_file_size not an integer"),
        ({"size": "1" * 5000}, 400, "FormPost: max_file_size not an integer"),
        ({"size": "\u0661"}, 400, "FormPost: max_file_size not an integer"),
        ({"count": "abc"}, 400, "FormPost: max_file_count not an integer"),
        ({"size": -1}, 400, "FormPost: max_file_size exceeded"),
        ({"count": 0}, 400, "400 Bad Request\r\nFormPost: Max File Count Exceeded"),
        ({"x_delete_at": "abc"}, 400, "FormPost: x_delete_at not an integer: Unix timestamp required."),
        ({"x_delete_after": "1.5"}, 400, "FormPost: x_delete_after not an integer: Number of seconds required."),
        ({"x_delete_at": "5"}, 400, "400 Bad Request"),
        ({"x_delete_at": "-5"}, 400, "400 Bad Request"),
    ],
)
def test_what_is_wrong_is_said_as_swift_says_it(
    keyed: Swift, changed: dict[str, object], status: int, words: str
) -> None:
    rows = _fields(f"{keyed.account}/c", **changed)  # type: ignore[arg-type]
    reply = _post(keyed, [*rows, _file("f")])
    assert (reply.status, reply.text) == (status, words)
    assert ("www-authenticate" in reply.headers) is (status == 401)
    assert keyed.names("/c") == []


def test_the_signature_must_come_before_the_file(keyed: Swift) -> None:
    *others, signature = _fields(f"{keyed.account}/c")
    assert _post(keyed, [*others, _file("f"), signature]).status == 401
    assert _post(keyed, [_file("f"), *others, signature]).status == 400
    assert keyed.names("/c") == []


def test_a_token_is_no_signature(keyed: Swift) -> None:
    token = {"X-Auth-Token": f"member@{keyed.project}"}
    assert _post(keyed, [*_fields(f"{keyed.account}/c", key="x"), _file("f")], headers=token).status == 401


def test_a_form_opens_neither_other_paths_nor_other_accounts(keyed: Swift) -> None:
    other = keyed.as_("member", f"{keyed.project}x")
    other.put("/c")
    fields = _fields(f"{keyed.account}/c")
    assert _post(other, [*fields, _file("f")]).status == 401
    assert _post(keyed, [*fields, _file("f")], "/c/pre").status == 401
    assert _post(keyed, [*fields, _file("f")], "/c/").status == 401
    assert _post(keyed, [*_fields(keyed.account), _file("f")], "").status == 401


def test_without_a_container_nothing_is_made(keyed: Swift) -> None:
    fields = _fields(f"{keyed.account}/none", redirect="http://page/")
    reply = _post(keyed, [*fields, _file("f")], "/none")
    assert reply.headers["location"] == "http://page/?status=404&message="
    assert keyed.names("") == ["c"]


def test_a_file_beyond_its_size_is_not_kept_and_those_before_it_are(keyed: Swift) -> None:
    fields = _fields(f"{keyed.account}/c", size=5, count=3, redirect="http://page/")
    reply = _post(keyed, [*fields, _file("fits", b"12345"), _file("over", b"123456"), _file("after", b"1")])
    assert (reply.status, reply.text) == (400, "FormPost: max_file_size exceeded")
    assert keyed.names("/c") == ["fits"]


def test_quotas_and_the_size_of_objects_hold_for_forms(keyed: Swift) -> None:
    keyed.put("/c", headers={"X-Container-Meta-Quota-Bytes": "3"})
    reply = _post(keyed, [*_fields(f"{keyed.account}/c"), _file("f")])
    assert (reply.status, reply.text[:21]) == (413, "Upload exceeds quota.")
    keyed.put("/d")
    fields = _fields(f"{keyed.account}/d", size=2 * MAX_OBJECT)
    assert _post(keyed, [*fields, _file("f", bytes(MAX_OBJECT + 1))], "/d").status == 413
    assert keyed.names("/c") == keyed.names("/d") == []


@pytest.mark.parametrize("name", ["../x", "..", "a%2fb", "a/b", "a\\b", ".", "é", "a;b", "\u202eb", "a%00b"])
def test_names_are_taken_as_they_stand_and_lead_nowhere(keyed: Swift, name: str) -> None:
    keyed.put("/x")
    assert _post(keyed, [*_fields(f"{keyed.account}/c/p/"), _file(name)], "/c/p/").status == 201
    assert keyed.names("/c") == [f"p/{name}"]
    assert keyed.names("/x") == []


@pytest.mark.parametrize("name", ["a\0b", "x" * 1100, "\t\x01"])
def test_names_that_no_object_has_are_refused(keyed: Swift, name: str) -> None:
    assert _post(keyed, [*_fields(f"{keyed.account}/c"), _file(name)]).status in (400, 412)
    assert keyed.names("/c") == []


def test_no_file_chosen_is_no_file(keyed: Swift) -> None:
    reply = _post(keyed, [*_fields(f"{keyed.account}/c"), _file("")])
    assert (reply.status, reply.text) == (400, "400 Bad Request\r\nFormPost: No Files To Process")


@pytest.mark.parametrize("body", [b"", b"garbage", b"--other\r\n\r\n", b"\r\n" * 5000, b"--" + b"-" * 70000])
def test_what_is_no_form_is_refused(keyed: Swift, body: bytes) -> None:
    reply = _post(keyed, body)
    assert (reply.status, reply.text) == (400, "FormPost: invalid starting boundary")


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=b"]
)
def test_without_a_boundary_it_is_an_ordinary_post(keyed: Swift, kind: str) -> None:
    body = _body([*_fields(f"{keyed.account}/c"), _file("f")])
    assert _post(keyed, body, headers={"Content-Type": kind}).status == 401
    assert keyed.call("POST", "/c", {"Content-Type": kind, "X-Container-Meta-A": "1"}).status == 204


def test_an_endless_boundary_is_refused(keyed: Swift) -> None:
    reply = _post(keyed, b"", headers={"Content-Type": "multipart/form-data; boundary=" + "b" * 1000})
    assert reply.status == 400


def test_bytes_without_the_closing_boundary_are_not_kept(keyed: Swift) -> None:
    rows = [*_fields(f"{keyed.account}/c"), _file("f")]
    for end in (b"", b"-", b"x", b"\n"):
        assert _post(keyed, _body(rows, end=end)).status == 400
    assert _post(keyed, _body(rows)[: -len(BOUNDARY) - 8]).status == 400
    assert keyed.names("/c") == []


def test_a_cut_body_leaves_nothing(keyed: Swift) -> None:
    rows = [*_fields(f"{keyed.account}/c"), _file("f", bytes(90))]
    body = _body(rows)
    head = (
        f"POST {keyed.account}/c HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    keyed.raw(head.encode() + body[:-60], close_early=True)
    assert keyed.names("/c") == []


def test_what_comes_after_the_closing_boundary_is_ignored(keyed: Swift) -> None:
    body = _body([*_fields(f"{keyed.account}/c"), _file("f")])
    assert _post(keyed, body + _body([_file("g")])).status == 201
    assert keyed.names("/c") == ["f"]


def test_a_million_fields_are_refused_and_so_is_a_bomb_of_headers(keyed: Swift) -> None:
    def many() -> Iterator[bytes]:
        for _ in range(100):
            yield _body([_field("x", "")] * 1000, end=b"\r\n")[:-2].rpartition(b"\r\n--")[0] + b"\r\n"

    def bomb() -> Iterator[bytes]:
        yield f"--{BOUNDARY}\r\n".encode()
        for _ in range(64):
            yield b"X-A: " + b"a" * 65536 + b"\r\n"

    for body in (many(), bomb()):
        started = time.monotonic()
        assert _post(keyed, b"".join(body)).status == 400
        assert time.monotonic() - started < 5


def test_long_values_are_cut_and_broken_ones_refused(keyed: Swift) -> None:
    rows = [_field("junk", "x" * 100_000), *_fields(f"{keyed.account}/c"), _file("f")]
    assert _post(keyed, rows).status == 201
    assert _post(keyed, [("Content-Disposition: form-data; name=a", b"\xff"), *rows]).status == 400


def test_headers_of_a_part_bring_no_others_along(keyed: Swift) -> None:
    rows = [*_fields(f"{keyed.account}/c"), _file("f", b"x", "Content-Type: text/x\rX-Evil: 1")]
    assert _post(keyed, rows).status == 400
    rows = [*_fields(f"{keyed.account}/c"), _file("f", b"x", "X-Object-Manifest: c/", "X-Copy-From: /c/o")]
    assert _post(keyed, rows).status == 201
    assert "x-object-manifest" not in keyed.call("HEAD", "/c/f").headers


def test_files_of_several_blocks_come_through(keyed: Swift) -> None:
    data = hashlib.sha256(b"seed").digest() * (9 << 15)  # 9 MiB
    fields = _fields(f"{keyed.account}/c", size=len(data))
    assert _post(keyed, [*fields, _file("big", data), _file("small", b"\r\n")]).status == 201
    assert keyed.call("GET", "/c/big").body == data
    assert keyed.call("GET", "/c/small").body == b"\r\n"


def test_a_failed_file_ends_the_form(keyed: Swift) -> None:
    rows = [*_fields(f"{keyed.account}/c", count=3), _file("a"), _file("x" * 1100), _file("b")]
    assert _post(keyed, rows).status == 400
    assert keyed.names("/c") == ["a"]


def test_info_names_it(swift: Swift) -> None:
    told = swift.call("GET", "/info", account="").json["formpost"]
    assert told == {"allowed_digests": ["sha1", "sha256", "sha512"], "deprecated_digests": ["sha1"]}
