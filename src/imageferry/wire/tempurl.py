"""Temporary URLs of object storage: who holds one may do one thing with one object, for a while.

Pure rules: the question of a URL, the keys and the time come in; whether the signature
holds comes out. Keys and signatures are never part of an error.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import quote

from imageferry.domain.errors import BadInput
from imageferry.domain.moment import SECOND, Moment
from imageferry.wire.dates import parse_iso

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
DIGESTS = ("sha1", "sha256", "sha512")
KEY_NAMES = ("temp-url-key", "temp-url-key-2")  # in the metadata of accounts and containers

_HEAD_BY = ("HEAD", "GET", "POST", "PUT")  # a signature for one of these shows the headers as well
_BY_LENGTH = {40: "sha1", 64: "sha256", 128: "sha512"}  # hex digits
_SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}  # bytes
_HEX = re.compile(r"[0-9a-fA-F]+")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class TempUrl:
    """What the query of a temporary URL says."""

    digest: str
    mac: bytes
    expires_s: int  # since 1970
    prefix: str | None = None
    ip_range: str | None = None
    filename: str | None = None
    inline: bool = False

    def __repr__(self) -> str:
        return f"TempUrl(expires_s={self.expires_s})"


def is_temp_url(names: Callable[[str], bool]) -> bool:
    """Whether a query means to be one; half of one is a broken one."""
    return names("temp_url_sig") or names("temp_url_expires")


def read(get: Callable[[str], str | None]) -> TempUrl:
    """The temporary URL of a query.

    Raises:
        BadInput: it is none. Says which part, not what it was.
    """
    digest, mac = read_signature(get("temp_url_sig") or "")
    return TempUrl(
        digest=digest,
        mac=mac,
        expires_s=_expiry(get("temp_url_expires") or ""),
        prefix=get("temp_url_prefix"),
        ip_range=get("temp_url_ip_range") or None,
        filename=get("filename") or None,
        inline=get("inline") is not None,
    )


def signed_with(
    url: TempUrl, keys: Sequence[str], *, method: str, place: tuple[str, str, str], client: str, now: Moment
) -> str | None:
    """The key that the URL is signed with for this request, None where there is none.

    Args:
        place: account, container and object, decoded.
        client: the IP address that asks.

    Source: Swift, middleware/tempurl. Time does not depend on how much of a signature is right.
    """
    account, container, name = place
    if method not in METHODS or url.expires_s * SECOND < now // SECOND * SECOND:
        return None
    if url.ip_range is not None and not _within(client, url.ip_range):
        return None
    if url.prefix is None:
        path = f"/v1/{account}/{container}/{name}"
    elif name.startswith(url.prefix):
        path = f"prefix:/v1/{account}/{container}/{url.prefix}"
    else:
        return None
    found = None
    for key in keys:
        for signed in _HEAD_BY if method == "HEAD" else (method,):
            text = f"{signed}\n{url.expires_s}\n{path}"
            if hmac.compare_digest(mac(key, text, url.digest, ip_range=url.ip_range), url.mac):
                found = key
    return found


def mac(key: str, text: str, digest: str, *, ip_range: str | None = None) -> bytes:
    """The signature of ``METHOD\\nEXPIRES\\nPATH``, as bytes."""
    if ip_range is not None:
        text = f"ip={ip_range}\n{text}"
    return hmac.new(key.encode("utf-8", "replace"), text.encode("utf-8", "replace"), getattr(hashlib, digest)).digest()


def read_signature(text: str) -> tuple[str, bytes]:
    """The digest of a signature and its bytes: hex digits, or ``<digest>:<base64>``. Raises BadInput."""
    name, colon, encoded = text.partition(":")
    if not colon:
        digest = _BY_LENGTH.get(len(text))
        if digest is None or not _HEX.fullmatch(text):
            raise BadInput("temp_url_sig", "another form", "hex digits, or <digest>:<base64>")
        return digest, bytes.fromhex(text)
    standard = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        found = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError as error:
        raise BadInput("temp_url_sig", "another form", "base64") from error
    if name not in DIGESTS or len(found) != _SIZES[name]:
        raise BadInput("temp_url_sig", "another digest", ", ".join(DIGESTS))
    return name, found


def disposition(url: TempUrl, name: str, kept: str | None) -> str:
    """What a browser is to do with the bytes: keep them under a name, or show them."""
    if url.inline:
        return _disposition("inline", url.filename) if url.filename else "inline"
    if url.filename:
        return _disposition("attachment", url.filename)
    return kept or _disposition("attachment", name.rstrip("/").rpartition("/")[2])


def _disposition(kind: str, filename: str) -> str:
    return f"{kind}; filename=\"{quote(filename, safe=' /')}\"; filename*=UTF-8''{quote(filename)}"


def _expiry(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 12:
        return int(text)
    if _ISO.fullmatch(text):
        return parse_iso(text, field="temp_url_expires") // SECOND
    raise BadInput("temp_url_expires", "another form", "seconds since 1970 or a time such as 2026-11-20T07:29:04Z")


def _within(client: str, ip_range: str) -> bool:
    try:
        address = ip_address(client)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None  # one listener for both
        return (mapped or address) in ip_network(ip_range)
    except ValueError:
        return False
