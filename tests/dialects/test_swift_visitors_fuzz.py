"""What strangers may send to object storage: forms, signed URLs, pages of other sites, visits. Never a 500."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.dialects.openstack_service import START, Cloud, Reply, running_cloud
from tests.drivers.postgres import running_cluster

_RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
_TEXT = st.text(max_size=12) | st.sampled_from(["", "\0", "../x", "a/b", "\u202e", "a\r\nb: c", "x" * 1100, '"', "é"])
_VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
_LATER = START // 1_000_000 + 10_000
_NAMES = ("redirect", "max_file_size", "max_file_count", "expires")
_PIECES = st.sampled_from(
    [
        *(b"--b\r\n", b"--b--", b"\r\n", b"\r\n\r\n", b"--b", b"-", b"\r", b"\n", b"--", b"\0", b"\xff", b";", b'"'),
        b'Content-Disposition: form-data; name="f"; filename="x"',
        b'Content-Disposition: form-data; name="max_file_count"',
        b"Content-Type: text/x",
        b" folded",
    ]
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(running_cluster()).url() if request.param == "postgresql" else ""
        made = stack.enter_context(running_cloud(tmp_path_factory.mktemp("visitors"), database_url=url))
        owner = made.as_("mira", "demo")
        site = {
            "X-Container-Read": ".r:*,.rlistings",
            "X-Container-Meta-Temp-URL-Key": "key",
            "X-Container-Meta-Web-Listings": "true",
            "X-Container-Meta-Web-Index": "index",
            "X-Container-Meta-Web-Error": "error",
            "X-Container-Meta-Access-Control-Allow-Origin": "http://page",
        }
        assert owner.call("PUT", _path(made, "c"), headers=site).status == 201
        yield made.as_(None)


def _path(cloud: Cloud, rest: str) -> str:
    return f"/v1/AUTH_{cloud.projects['demo'].id}/{rest}"


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def _check(reply: Reply) -> None:
    assert reply.status < 500, reply.body
    assert not any("\r" in value or "\n" in value for value in reply.headers.values())


def _post(cloud: Cloud, body: bytes, path: str = "c", boundary: str = "b") -> Reply:
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return cloud.call("POST", _path(cloud, path), body=body, headers=kind)


@_RELAXED
@given(pieces=st.lists(_PIECES | st.binary(max_size=8), max_size=12))
def test_forms_of_nothing_but_pieces(cloud: Cloud, pieces: list[bytes]) -> None:
    _check(_post(cloud, b"--b\r\n" + b"".join(pieces)))
    _check(_post(cloud, b"".join(pieces)))


@_RELAXED
@given(
    fields=st.dictionaries(st.sampled_from([*_NAMES, "x_delete_at", "x_delete_after", "signature"]), _TEXT), name=_TEXT
)
@example(fields={"x_delete_at": "9" * 10}, name="far")
@example(fields={"x_delete_after": "9" * 10}, name="farther")
@example(fields={"max_file_size": "9" * 18}, name="large")
def test_signed_forms_with_anything_in_them(cloud: Cloud, fields: dict[str, str], name: str) -> None:
    usual = {"redirect": "", "max_file_size": "100", "max_file_count": "5", "expires": str(_LATER)}
    said = {key: value.rstrip("\r\n") for key, value in (usual | fields).items()}
    text = "\n".join([_path(cloud, "c"), *(said[key] for key in _NAMES)])
    signature = hmac.new(b"key", text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    rows = {"signature": signature} | said
    parts = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{rows[key]}\r\n' for key in rows]
    parts.append(f'--b\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\nbytes\r\n--b--')
    _check(_post(cloud, "".join(parts).encode("utf-8", "replace")))


@_RELAXED
@given(boundary=_VALUE, name=_TEXT)
def test_boundaries_and_paths(cloud: Cloud, boundary: str, name: str) -> None:
    _check(_post(cloud, b"--b\r\n", f"c/{_escaped(name)}", boundary))
    _check(_post(cloud, b"--b\r\n", _escaped(name), boundary))


@_RELAXED
@given(
    query=st.dictionaries(
        st.sampled_from(
            ["temp_url_sig", "temp_url_expires", "temp_url_prefix", "temp_url_ip_range", "filename", "inline"]
        ),
        _TEXT | st.sampled_from(["0" * 40, "0" * 128, "sha512:AA", "::/0", "1.2.3.4/0", str(_LATER)]),
    ),
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "COPY", "OPTIONS"]),
)
def test_queries_of_signed_urls(cloud: Cloud, query: dict[str, str], method: str) -> None:
    question = "&".join(f"{name}={_escaped(value)}" for name, value in query.items())
    _check(cloud.call(method, _path(cloud, f"c/o?{question}"), body=b""))


@_RELAXED
@given(name=_TEXT, slash=st.booleans(), origin=_VALUE, asked=_VALUE, referer=_VALUE)
def test_visits_and_pages_of_other_sites(
    cloud: Cloud, name: str, slash: bool, origin: str, asked: str, referer: str
) -> None:
    headers = {"origin": origin, "referer": referer, "access-control-request-method": asked, "x-web-mode": asked}
    for method in ("GET", "HEAD", "OPTIONS"):
        for path in (f"c/{_escaped(name)}", _escaped(name)):
            _check(cloud.call(method, _path(cloud, path + "/" * slash), headers=headers))
