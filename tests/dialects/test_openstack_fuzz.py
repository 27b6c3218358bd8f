"""Bodies that nobody would send: whatever comes in, what comes out is never a 500."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.wire.glance import BASE_ATTRIBUTES
from imageferry.wire.glance_changes import OLD_PATCH_TYPE, PATCH_TYPE
from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.drivers.postgres import running_cluster

_RELAXED = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))

_TEXT = st.text(max_size=20) | st.sampled_from(["\0", "\ud83d\ude00", "‮", "a\r\nb: c", "default", "demo", "x" * 300])
_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT
_ANY = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=12
)


def _members(**kinds: Any) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of these members, each of the right form or of any other."""
    return st.fixed_dictionaries({}, optional={name: kind | _ANY for name, kind in kinds.items()})


_DOMAIN = _members(id=_TEXT, name=_TEXT)
_USER = _members(id=_TEXT, name=_TEXT, domain=_DOMAIN)  # without a password: hashing one takes long
_IDENTITY = _members(
    methods=st.lists(st.sampled_from(["password", "token", "totp"]), max_size=3),
    password=_members(user=_USER),
    token=_members(id=_TEXT),
)
_SCOPE = _members(project=_members(id=_TEXT, name=_TEXT, domain=_DOMAIN), domain=_DOMAIN, system=_ANY, unscoped=_ANY)
_AUTH = _members(auth=_members(identity=_IDENTITY, scope=_SCOPE))

_NAMES = st.sampled_from([*BASE_ATTRIBUTES, "os_glance_x", "deleted", "prop", "", "a/b", "~", "~1", "locations/-"])
_WORDS = st.sampled_from(["raw", "qcow2", "bare", "public", "private", "shared", "active", "0", "-1"])
_VALUES = _ANY | _WORDS | st.lists(_TEXT, max_size=5)
_IMAGE = st.dictionaries(_NAMES | _TEXT, _VALUES, max_size=6) | _ANY
_PATH = st.builds("/{}".format, _NAMES | _TEXT) | _ANY
_OPERATION = st.sampled_from(["add", "replace", "remove", "test"]) | _ANY
_CHANGES = st.lists(_members(op=_OPERATION, path=_PATH, value=_VALUES), max_size=5) | _ANY
_OLD_CHANGES = st.lists(_members(add=_PATH, replace=_PATH, remove=_PATH, value=_VALUES), max_size=5)

_FILTER_NAMES = st.sampled_from(
    [
        *("name", "id", "tag", "limit", "marker", "sort", "sort_key", "sort_dir", "visibility", "member_status"),
        *("size_min", "created_at", "os_hidden", "status", "owner", "checksum", "prop", "changes-since"),
    ]
)
_FILTER_VALUES = _TEXT | st.sampled_from(["in:a,b", 'in:"', "gt:2026-01-01", "name:asc", "9" * 25, "-1", "all", "true"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(running_cluster()).url() if request.param == "postgresql" else ""
        made = stack.enter_context(running_cloud(tmp_path_factory.mktemp("fuzz"), database_url=url))
        yield made.as_("mira", "demo")


@pytest.fixture(scope="module")
def image(cloud: Cloud) -> str:
    key: str = cloud.call("POST", "/v2/images", {"name": "x", "prop": "y"}).json["id"]
    return key


def check(reply: Reply) -> None:
    assert reply.status < 500, reply.body
    if reply.body:
        assert reply.json
    assert not any("\r" in value or "\n" in value for value in reply.headers.values())


@_RELAXED
@given(document=_AUTH | _ANY)
def test_log_ins(cloud: Cloud, document: Any) -> None:
    reply = cloud.call("POST", "/v3/auth/tokens", document)
    check(reply)
    assert reply.status in (400, 401)


@_RELAXED
@given(document=_IMAGE)
def test_creates(cloud: Cloud, document: Any) -> None:
    check(cloud.call("POST", "/v2/images", document))


@_RELAXED
@given(changes=_CHANGES)
def test_patches(cloud: Cloud, image: str, changes: Any) -> None:
    kind = {"content-type": PATCH_TYPE}
    check(cloud.call("PATCH", f"/v2/images/{image}", body=json.dumps(changes).encode(), headers=kind))


@_RELAXED
@given(changes=_OLD_CHANGES)
def test_older_patches(cloud: Cloud, image: str, changes: Any) -> None:
    kind = {"content-type": OLD_PATCH_TYPE}
    check(cloud.call("PATCH", f"/v2/images/{image}", body=json.dumps(changes).encode(), headers=kind))


@_RELAXED
@given(body=st.binary(max_size=60))
def test_bytes_that_are_no_json(cloud: Cloud, body: bytes) -> None:
    for method, path in (("POST", "/v3/auth/tokens"), ("POST", "/v2/images")):
        check(cloud.call(method, path, body=body))


@_RELAXED
@given(pairs=st.lists(st.tuples(_FILTER_NAMES | _TEXT, _FILTER_VALUES), max_size=5))
def test_queries(cloud: Cloud, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in pairs)
    check(cloud.get(f"/v2/images?{query}"))


@_RELAXED
@given(segments=st.lists(_TEXT, min_size=1, max_size=3))
def test_paths(cloud: Cloud, segments: list[str]) -> None:
    tail = "/".join(_escaped(segment) for segment in segments)
    for root in ("/v2/images/", "/v2/schemas/", "/v2/", "/image/", "/v3/", "/v3/projects/", "/v3/users/"):
        check(cloud.get(root + tail))


def test_nul_is_refused_or_not_found(cloud: Cloud, image: str) -> None:
    """PostgreSQL keeps no NUL in a text, SQLite does."""
    user = {"name": "mira\0", "domain": {"id": "default"}, "password": "x"}
    identity = {"methods": ["password"], "password": {"user": user}}
    assert cloud.call("POST", "/v3/auth/tokens", {"auth": {"identity": identity}}).status in (400, 401)
    assert cloud.call("POST", f"/v2/images/{image}/members", {"member": "\0"}).status in (400, 404)
    for path in ("/v3/projects/%00", "/v2/images/%00"):
        assert cloud.get(path).status in (400, 404)
    for query in ("name=%00", "id=%00", "tag=%00", "%00=x", "x=%00", "owner=%00", "name=in:%00,a"):
        reply = cloud.get(f"/v2/images?{query}")
        assert reply.status == 400 or reply.json["images"] == []


@pytest.mark.parametrize("depth", [10, 200, 500, 900, 950, 970, 980, 990, 1_000, 100_000])
def test_depths(cloud: Cloud, image: str, depth: int) -> None:
    """Each body that is deep, and each that is a little too deep."""
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        inner = opening * depth + "1" + closing * depth
        for document in (inner, f'{{"auth": {inner}}}', f'{{"name": {inner}}}', f'{{"tags": {inner}}}'):
            for path in ("/v3/auth/tokens", "/v2/images", f"/v2/images/{image}/members"):
                check(cloud.call("POST", path, body=document.encode()))
        check(
            cloud.call(
                "PATCH",
                f"/v2/images/{image}",
                body=f'[{{"op": "add", "path": "/x", "value": {inner}}}]'.encode(),
                headers={"content-type": PATCH_TYPE},
            )
        )


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
