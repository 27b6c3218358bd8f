"""An answer without what may differ by its nature: ids, times, addresses. What is left must be equal.

An answer becomes a flat table: ``status``, ``header etag``, ``body.images.0.name`` ... to a text. Known ids become
their names, other ids and all times their form, the sentences of errors "<sentence>".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from tests.comparison.script import At
from tests.comparison.sides import Reply, Side

ABSENT = "(absent)"

_EVERYWHERE = ("content-type", "location", "www-authenticate", "allow", "content-range", "vary")
HEADERS: Mapping[At, tuple[str, ...]] = {
    At.IDENTITY: (*_EVERYWHERE, "x-subject-token", "x-openstack-request-id"),
    At.IMAGES: (*_EVERYWHERE, "content-md5", "accept-patch", "openstack-image-*", "x-openstack-request-id"),
    At.STORAGE: (
        *_EVERYWHERE,
        "accept-ranges",
        "access-control-*",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "etag",
        "expires",
        "last-modified",
        "x-*",
    ),
}
_DIGESTS = frozenset({"checksum", "os_hash_value", "hash", "etag", "slo_etag", "content-md5", "x-manifest-etag"})
_SENTENCES = frozenset({"message", "description", "help", "pattern", "Response Body"})

# Lists without an order of their own, by the member that tells their rows apart.
_KEYS = {"catalog": "type", "services": "type", "roles": "name", "endpoints": "url"}

_SETS = frozenset({"methods", "tags", "enum"})
_LISTS_OF_WORDS = frozenset({"allow", "access-control-allow-methods", "access-control-expose-headers"})

_FORMS = [
    (re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"), "<HTTP date>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "<time with microseconds, Z>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"), "<time with microseconds>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<time, Z>"),
    (re.compile(r"tx[0-9a-f]{21}-[0-9a-f]{10}"), "<transaction>"),
    (re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<request>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\b\d{10}\.\d{5}\b"), "<timestamp>"),
]
_HEX_ID = re.compile(r"\b[0-9a-f]{32}\b")
_NUMBER = re.compile(r"\d+")
# Real Swift adds up accounts some time later; the form is compared.
_LAGGING = re.compile(r"x-account-(storage-policy-.*-)?(object-count|bytes-used|container-count)")


class Plain:
    """Makes answers of one side comparable. ``known`` are the ids and tokens that have a name."""

    def __init__(self, side: Side, known: Mapping[str, str]) -> None:
        places = {side.images: "<images>", f"{side.storage}/v1": "<objects>", side.identity: "<identity>"}
        hosts = {place.removeprefix("http://"): name for place, name in places.items()}
        names = {
            value: f"<{name}>" for name, value in known.items() if len(value) >= 8 and name not in ("now", "policy")
        }
        both = {**hosts, **places, **names}
        self._policy, self._store = known["policy"], known["store"]
        self._names = sorted(both.items(), key=lambda row: -len(row[0]))

    def table(self, at: At, method: str, reply: Reply) -> dict[str, str]:
        """The flat table of an answer."""
        at = At.STORAGE if at is At.OBJECTS else at
        found = {"status": str(reply.status)}
        for name, value in reply.headers.items():
            if not reply.body and (
                (name == "content-type" and at is At.IMAGES)
                or (name == "content-length" and reply.status in (204, 304))
            ):
                continue
            if any(_fits(name, wanted) for wanted in HEADERS[at]):
                called = name.replace(f"-policy-{self._policy.lower()}-", "-policy-<policy>-")
                found[f"header {called}"] = self._header(at, method, name, value, reply)
        self._flatten("body", self._body(at, method, reply), found)
        return found

    def _header(self, at: At, method: str, name: str, value: str, reply: Reply) -> str:
        if name == "x-subject-token":
            return self._form(name, value) if value in dict(self._names) else "<token>"
        if name == "content-length" and (method != "HEAD" or reply.status != 200 or _is_json(reply)):
            return _NUMBER.sub("<number>", value)
        if _LAGGING.fullmatch(name):
            return _NUMBER.sub("<number>", value)
        if name in _LISTS_OF_WORDS:
            return ", ".join(sorted(part.strip() for part in value.split(",")))
        if name == "content-type":
            kind = value.lower().replace("; ", ";")
            kind = re.sub(r"boundary=\w+", "boundary=<boundary>", kind)
            return kind.partition(";")[0] if reply.status >= 400 else kind
        if name == "www-authenticate":
            return re.sub(r'"[^"]*"', '"..."', value)
        return self._form(name, value)

    def _body(self, at: At, method: str, reply: Reply) -> Any:
        if not reply.body:
            return "(empty)"
        if _is_json(reply):
            try:
                return json.loads(reply.body)
            except ValueError:
                return "(broken JSON)"
        if reply.status >= 300:
            return "<sentence>"
        if "xml" in reply.headers.get("content-type", ""):
            text = ElementTree.canonicalize(reply.body.decode(), strip_text=True)
            return text.replace(f"<storage_policy>{self._policy}<", "<storage_policy><policy><")
        if "multipart/byteranges" in reply.headers.get("content-type", ""):
            boundary = reply.headers["content-type"].partition("boundary=")[2]
            return reply.body.decode("latin-1").replace(boundary, "<boundary>")
        return reply.body.decode("latin-1")

    def _flatten(self, place: str, value: Any, found: dict[str, str]) -> None:
        if isinstance(value, Mapping) and value:
            for name, inner in value.items():
                self._flatten(f"{place}.{self._form('', name)}", inner, found)
        elif isinstance(value, list) and value:
            if place.rpartition(".")[2] in _SETS:
                value = sorted(value, key=str)
            for number, inner in enumerate(value):
                key = "interface" if ".catalog." in place else _KEYS.get(place.rpartition(".")[2], "")
                name = self._form("", inner[key]) if key else str(number)
                self._flatten(f"{place}.{name}", inner, found)
        else:
            found[place] = "<text>" if ".audit_ids." in place else self._scalar(place.rpartition(".")[2], value)

    def _scalar(self, name: str, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        if name == "secret":
            return "<text>"
        if name in _SENTENCES and value:
            return "<sentence>"
        return self._form(name, value)

    def _form(self, name: str, text: str) -> str:
        if name in ("x-storage-policy", "storage_policy"):
            return text.replace(self._policy, "<policy>")
        if name in ("stores", "os_glance_failed_import"):
            return text.replace(self._store, "<store>")
        for value, called in self._names:
            text = text.replace(value, called)
        for pattern, form in _FORMS:
            text = pattern.sub(form, text)
        return text if name in _DIGESTS else _HEX_ID.sub("<hex id>", text)


def _is_json(reply: Reply) -> bool:
    return "json" in reply.headers.get("content-type", "")


def _fits(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is unlike, as place: (there, here). Where the status differs, the rest says nothing."""
    if there["status"] != here["status"]:
        return {"status": (there["status"], here["status"])}
    places = dict.fromkeys([*there, *here])
    pairs = {place: (there.get(place, ABSENT), here.get(place, ABSENT)) for place in places}
    return {place: pair for place, pair in pairs.items() if pair[0] != pair[1]}
