"""Every call of every dialect with paths, queries, headers and bodies that nobody would send: never a 500.

The calls come from the dialects' own tables, so that a new one is covered the day it is there.
Bodies of one call that deserve more care have tests of their own (test_openstack_fuzz.py).
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.dialects.edge.http import Dialect
from tests.dialects.openstack_service import Cloud, Reply, running_cloud
from tests.walking import Walker

_RELAXED = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))

_ODD = [
    *(
        "",
        "0",
        "-1",
        "9" * 30,
        "1e9",
        "true",
        "null",
        "\0",
        "a\0b",
        "a\r\nX-B: c",
        "../..",
        "%2f",
        "%00",
        "%zz",
        "é",
        "‮gpj.exe",
    ),
    *(
        "x" * 300,
        "a/b",
        "/",
        "//",
        "?",
        "#",
        "\ud83d\ude00",
        "0" * 32,
        "00000000-0000-4000-8000-000000000000",
        "*",
        "..",
        ".",
    ),
]
_TEXT = st.sampled_from(_ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT
_MEMBERS = st.sampled_from(
    [
        *(
            "auth",
            "identity",
            "methods",
            "scope",
            "system",
            "domain",
            "user",
            "project",
            "name",
            "id",
            "password",
            "enabled",
        ),
        *(
            "original_password",
            "description",
            "roles",
            "application_credential",
            "expires_at",
            "access_rules",
            "options",
        ),
        *("token", "passwordCredentials", "username", "tenantName", "uuids", "displaynames"),
        *(
            "disk_format",
            "container_format",
            "visibility",
            "min_disk",
            "tags",
            "protected",
            "owner",
            "member",
            "status",
        ),
        *("method", "uri", "stores", "all_stores", "type", "input", "import_from", "import_from_format", "image_id"),
        *(
            "image_properties",
            "image_uuid",
            "receiving_swift_container",
            "to",
            "verify",
            "convert_to",
            "url",
            "ovf_location",
        ),
        *(
            "location",
            "disk",
            "os_type",
            "checksum",
            "storage_container",
            "min_ram",
            "path",
            "etag",
            "size_bytes",
            "range",
        ),
    ]
)
_ANY = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_MEMBERS | _TEXT, inner, max_size=5),
    max_leaves=15,
)
_JSON = _ANY.map(lambda document: json.dumps(document).encode())
_BODY = st.binary(max_size=80) | _JSON | st.sampled_from([b"{", b"[" * 2000, b"\xff", b"a\n" * 50])
_QUERY_NAMES = st.sampled_from(
    [
        *(
            "limit",
            "marker",
            "end_marker",
            "prefix",
            "delimiter",
            "path",
            "format",
            "reverse",
            "versions",
            "version-id",
        ),
        *(
            "multipart-manifest",
            "bulk-delete",
            "extract-archive",
            "symlink",
            "heartbeat",
            "part-number",
            "async",
            "inline",
        ),
        *("hashmap", "update", "until", "version", "meta", "shared", "public", "ignore_content_type", "X-Auth-Token"),
        *("temp_url_sig", "temp_url_expires", "temp_url_prefix", "temp_url_ip_range", "filename", "sort", "sort_key"),
        *("sort_dir", "status", "type", "owner", "name", "domain_id", "include_names", "effective", "scope.project.id"),
        *(
            "user.id",
            "role.id",
            "visibility",
            "member_status",
            "created_at",
            "size_min",
            "tag",
            "start",
            "version_marker",
        ),
    ]
)
_QUERY_VALUES = _TEXT | st.sampled_from(
    ["put", "get", "delete", "json", "xml", "plain", "tar", "tar.gz", "raw", "on", "yes"]
)
_HEADER_NAMES = st.sampled_from(
    [
        *("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "etag", "accept", "origin"),
        *("content-type", "content-encoding", "content-disposition", "x-delete-at", "x-delete-after", "x-copy-from"),
        *("x-copy-from-account", "destination", "destination-account", "x-fresh-metadata", "x-object-manifest"),
        *("x-symlink-target", "x-symlink-target-account", "x-symlink-target-etag", "x-versions-enabled", "referer"),
        *("x-versions-location", "x-history-location", "x-container-read", "x-container-write", "x-object-meta-a"),
        *("x-container-meta-quota-bytes", "x-container-meta-web-listings", "x-account-meta-quota-bytes", "x-web-mode"),
        *("x-container-meta-access-control-allow-origin", "access-control-request-method", "x-container-meta-a"),
        *("x-account-meta-temp-url-key", "x-account-access-control", "x-remove-container-meta-a", "x-subject-token"),
        *("x-storage-policy", "x-image-meta-store", "x-openstack-image-size", "x-detect-content-type", "x-newest"),
        *("x-image-meta-name", "x-image-meta-location", "x-image-meta-disk-format", "x-image-meta-status"),
        *("x-image-meta-size", "x-image-meta-id", "x-image-meta-is-public", "x-image-meta-property-", "x-image-meta-"),
        *("x-image-meta-property-%C3%A9", "x-image-meta-property-a"),
        *(
            "x-object-sharing",
            "x-object-public",
            "x-object-bytes",
            "x-source-object",
            "x-source-version",
            "x-move-from",
        ),
        *("x-source-account", "x-container-policy-quota", "x-container-policy-versioning", "x-account-group-a"),
        *("content-range", "x-object-meta-%c3%bc", "x-container-meta-a%00", "x-image-meta-location"),
        *("x-forwarded-for", "x-forwarded-host", "expect", "te", "x-object-meta-", "x-trans-id-extra"),
    ]
)
_HEADER_VALUES = st.sampled_from(
    [
        *(
            "",
            "0",
            "-1",
            "9" * 30,
            "bytes=0-0",
            "bytes=" + "0-," * 500,
            "bytes=5-1,-0",
            "*",
            '"',
            '"a',
            "a,b,,",
            "c/o",
            "/c/o",
        ),
        *(
            "/c",
            "c/",
            "%2f",
            "%zz/%00",
            "/v1/AUTH_x/c/o",
            "pithos://x/c/o",
            "true",
            "{",
            "[]",
            '{"admin": 3}',
            ".r:*,.rlistings",
            ".r:-,:,*:*",
        ),
        *(
            "application/octet-stream",
            "application/directory",
            "bytes */*",
            "bytes 0-5/*",
            "read=*;write=a",
            "%00",
            "%C3",
        ),
        *("text/plain; charset=nonsense", "multipart/form-data", "multipart/form-data; boundary=x", "application/json"),
        *("Thu, 99 Foo 0000", "Fri, 20 Nov 2026 07:31:45 GMT", "é", "x" * 300, "http://evil.example", "100-continue"),
        *("application/openstack-images-v2.1-json-patch", "application/openstack-images-v2.0-json-patch", "gzip"),
    ]
) | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)


@dataclass(frozen=True)
class House:
    """A service with one of everything in it."""

    cloud: Cloud
    words: dict[str, list[str]]  # parameter of a path: values that lead somewhere


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_cloud(tmp_path_factory.mktemp("every")) as cloud:
        cloud.services.tasks.attach(Walker(cloud.services.tasks))
        mira = cloud.as_("mira", "demo")
        project = cloud.projects["demo"].id
        account = f"/v1/AUTH_{project}"
        assert mira.call("PUT", f"{account}/c").status == 201
        assert mira.call("PUT", f"{account}/c/o", body=b"some bytes").status == 201
        image = mira.call("POST", "/v2/images", {"name": "x", "disk_format": "iso", "container_format": "ovf"}).json[
            "id"
        ]
        wish = {"import_from": "c/o", "import_from_format": "raw", "image_properties": {"name": "y"}}
        task = mira.call("POST", "/v2/tasks", {"type": "import", "input": wish}).json["id"]
        job = "00000000-0000-4000-8000-000000000000"
        words: dict[str, list[str]] = {
            "project": [project, cloud.projects["alt"].id],
            "container": ["c"],
            "object": ["o"],
            "image_id": [image],
            "task_id": [task],
            "job": [job],
            "id": [project, cloud.users["mira"], "default", "member", "RegionOne"],
            "user": [cloud.users["mira"]],
            "role": ["member", "reader"],
            "member_id": [cloud.projects["alt"].id],
            "action": ["deactivate", "reactivate"],
            "name": ["image", "tasks"],
        }
        yield House(mira, words)


def test_every_call(house: House) -> None:
    """Not parametrized: the tables are known only when a service is there."""
    calls = [
        (dialect, path, method)
        for dialect in house.cloud.edge.dialects
        for path in dialect.paths
        if not path.path.startswith("/image/")  # the same handlers once more
        for method in path.methods
    ]
    assert len(calls) > 100
    for dialect, path, method in calls:
        hammer(house, dialect, method, path.path, path.host)


def hammer(house: House, dialect: Dialect, method: str, path: str, host: str) -> None:
    names = re.findall(r"\{(\w+)(?::\w+)?\}", path)

    @_RELAXED
    @given(
        params=st.tuples(*(st.sampled_from(house.words.get(name, ["x"])) | _TEXT for name in names)),
        query=st.lists(st.tuples(_QUERY_NAMES | _TEXT, _QUERY_VALUES), max_size=4),
        headers=st.dictionaries(_HEADER_NAMES, _HEADER_VALUES, max_size=4),
        body=st.none() | _BODY,
    )
    def once(
        params: tuple[str, ...], query: list[tuple[str, str]], headers: dict[str, str], body: bytes | None
    ) -> None:
        target = path
        for name, value in zip(names, params, strict=True):
            target = re.sub(rf"\{{{name}(?::\w+)?\}}", lambda _, value=value: escaped(value), target)  # type: ignore[misc]
        if query:
            target += "?" + "&".join(f"{escaped(name)}={escaped(value)}" for name, value in query)
        where: dict[str, Any] = {"host": f"{host}.cloud.example"} if host else {}
        reply = house.cloud.call(method, target, headers=headers, body=body, **where)
        check(reply, f"{method} {target} {headers} {body!r}")

    once()


def check(reply: Reply, what: str) -> None:
    assert reply.status < 500 or reply.status == 501, f"{what}: {reply.body!r}"
    assert not any("\r" in value or "\n" in value or "\0" in value for value in reply.headers.values()), what
    kind = reply.headers.get("content-type", "")
    if reply.body and "json" in kind and reply.headers.get("x-object-meta-raw") is None and reply.status >= 400:
        assert reply.json is not None, what
    if reply.body and "xml" in kind and reply.status >= 400:
        ET.fromstring(reply.body)  # noqa: S314 - our own


def escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
