"""Pithos: each status it refuses with, and the fault that says why."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.dialects.pithos.errors import ROWS
from imageferry.wire.synnefo import FAULTS
from tests.dialects.pithos_caller import HELLO, Pithos, fault

TEXT = {"Content-Type": "text/plain"}
FULL = {"X-Container-Policy-Quota": "10"}

REFUSED: list[tuple[int, str, str, dict[str, str], bytes | None]] = [
    (400, "GET", "/c?limit=x", {}, None),
    (400, "PUT", "/c", {"X-Container-Policy-Versioning": "manual"}, b""),
    (400, "PUT", "/c/o?hashmap", TEXT, b"{}"),
    (400, "PUT", "/c/a%00b", TEXT, b""),
    (404, "GET", "/none", {}, None),
    (404, "GET", "/c/none", {}, None),
    (404, "PUT", "/none/o", TEXT, b"x"),
    (404, "DELETE", "/c/none", {}, None),
    (405, "PATCH", "/c", {}, None),
    (405, "PUT", "", {}, b""),
    (409, "DELETE", "/c", {}, None),
    (411, "PUT", "/c/o", {}, b"x"),
    (411, "PUT", "/c/o", TEXT, None),
    (412, "PUT", "/c/o", TEXT | {"If-None-Match": "*"}, b"x"),
    (412, "GET", "/c/o", {"If-Match": "0" * 64}, None),
    (413, "PUT", "/c/o", TEXT | {"Content-Length": str(6 << 30)}, b"x"),
    (413, "PUT", "/c/p", TEXT, b"more than a quota"),
    (416, "GET", "/c/o", {"Range": "bytes=9-10"}, None),
    (422, "PUT", "/c/o", TEXT | {"ETag": "0" * 32}, b"hallo"),
]


@pytest.mark.parametrize(("status", "method", "path", "headers", "body"), REFUSED)
def test_what_is_refused_says_why(
    pithos: Pithos, status: int, method: str, path: str, headers: dict[str, str], body: Any
) -> None:
    pithos.call("PUT", "/c", FULL)
    pithos.put("/c/o")
    reply = pithos.cloud.call(method, f"/object-store/v1/{pithos.account}{path}", headers=headers, body=body)
    assert len(fault(reply, status)) > 20
    assert pithos.get("/c/o").body == b"hello"


def test_who_may_not_is_told_so(pithos: Pithos) -> None:
    pithos.put("/pithos/o")
    for path in ("/pithos/o", "/pithos", ""):
        for caller, status in ((pithos.as_("alex", "alt"), 403), (Pithos(pithos.cloud.as_(None), pithos.account), 401)):
            fault(caller.get(path), status)
            assert caller.head(path).status == status
            assert caller.head(path).body == b""
    reader = pithos.as_("rita", "own")
    for method in ("PUT", "DELETE"):
        fault(reader.call(method, "/pithos/o", TEXT), 403)
    fault(reader.put_map("/pithos/o", 5, HELLO), 403)


def test_every_status_has_a_fault() -> None:
    """Whatever the service may raise, the dialect has a status that Synnefo has a name for."""
    assert {status for status, _ in ROWS.values()} <= FAULTS.keys()
