"""The body of an import: a table of its fields, read as strictly as the region wants.

A strict region holds to the columns of its profile. A lenient one asks only for what every
profile asks for, and takes the fields of all; those which only say again what is done anyway
(conversion, disk_format) or who asks (user_name, password, domain_name) it does not look at.
Fields that a profile does not know are never refused.

Source: specs/k5.md, section 5.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imageferry.dialects.k5.answers import Fault
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput
from imageferry.domain.image import MAX_NAME, ImageId, new_image_id
from imageferry.domain.region import Profile, Region

_LARGEST = 2**31 - 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

_LINUX = ("centos", "ubuntu", "rhel", "rhel6", "rhel7")
_WINDOWS = ("win2008R2SE", "win2008R2EE", "win2012SE", "win2012R2SE", "win2016SE_ja", "win2016SE_en")
_OS_TYPES: Mapping[Profile, frozenset[str]] = {
    "A": frozenset(_LINUX),
    "B": frozenset(name.lower() for name in (*_LINUX, *_WINDOWS)),
    "C": frozenset(name.lower() for name in (*_LINUX, *_WINDOWS)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """What a body says beside where the object is."""

    name: str
    os_type: str  # in the caller's spelling
    image_id: ImageId | None
    digest: Digest | None
    min_ram: int  # MiB
    min_disk: int  # GiB
    ovf_location: str


@dataclass(frozen=True, slots=True)
class _Field:
    """``required`` and ``known`` are profiles; ``read`` raises BadInput."""

    name: str
    read: Callable[[Any], Any]
    invalid: str
    missing: str = ""
    required: str = ""
    known: str = "ABC"
    strict_only: bool = False


def read_fields(body: Mapping[str, Any], region: Region) -> Fields:
    """Raises Fault with the code of the first field that is missing or wrong."""
    values = {field.name: _value(body, region, field) for field in _FIELDS}
    os_type = values["os_type"]
    allowed = _OS_TYPES[region.profile] if region.strict else _OS_TYPES["A"] | _OS_TYPES["B"]
    if os_type.lower() not in allowed:
        raise Fault("40013")
    return Fields(
        name=values["name"],
        os_type=os_type,
        image_id=values["id"],
        digest=values["checksum"],
        min_ram=values["min_ram"] or 0,
        min_disk=values["min_disk"] or 0,
        ovf_location=values["ovf_location"] or "",
    )


def properties_of(os_type: str) -> Mapping[str, str]:
    """What the image remembers of its guest: OpenStack's two words for it, and the mark that K5 sets."""
    word = os_type.lower()
    if word.startswith("win"):
        return {"os_type": "windows", "os_distro": "windows", "fcx.win": "true"}
    distro = "rhel" if word.startswith("rhel") else word
    marks = {"fcx.centos": "true"} if distro == "centos" else {}
    return {"os_type": "linux", "os_distro": distro, **marks}


def _value(body: Mapping[str, Any], region: Region, field: _Field) -> Any:
    if region.strict:
        known, required = region.profile in field.known, region.profile in field.required
    else:
        known, required = not field.strict_only, field.required == "ABC"
    value = body.get(field.name)
    if not known:
        return None
    if value is None:
        if required:
            raise Fault(field.missing)
        return None
    try:
        return field.read(value)
    except BadInput as error:
        raise Fault(field.invalid) from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or _CONTROL.search(value):
        raise BadInput("text", value, f"1 to {MAX_NAME} characters, no control characters")
    return value


def _number(value: Any) -> int:
    """Old clients send numbers as strings."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise BadInput("number", value, f"0 to {_LARGEST}")
    return value


def _sha1(value: Any) -> Digest:
    return Digest.parse(Algorithm.SHA1, value)


def _true(value: Any) -> bool:
    if value is True or (isinstance(value, str) and value.lower() == "true"):
        return True
    raise BadInput("conversion", value, "true")


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if isinstance(value, str) and value.lower() in words:
            return value
        raise BadInput("word", value, " or ".join(words))

    return read


def _password(value: Any) -> None:
    """Only its form is looked at: who asks is known by the token. Never kept."""
    try:
        if isinstance(value, str) and value and base64.b64decode(value, validate=True):
            return
    except (binascii.Error, ValueError):
        pass
    raise BadInput("password", "(not shown)", "Base64")


def _ovf_location(value: Any) -> str:
    if value == "":
        return ""
    if (
        not isinstance(value, str)
        or len(value) > 2048
        or _CONTROL.search(value)
        or not re.fullmatch(r"/v[12]/AUTH_[^/]+/[^/]+/.*\.ovf", value, re.IGNORECASE)
    ):
        raise BadInput("ovf_location", value, "the path of an .ovf object, or nothing")
    return value


_FIELDS = (
    _Field("name", _text, "40002", "40001", required="ABC"),
    _Field("checksum", _sha1, "40007"),
    _Field("id", new_image_id, "40008", "40008", required="A"),
    _Field("min_ram", _number, "40010"),
    _Field("min_disk", _number, "40011"),
    _Field("os_type", _text, "40013", "40012", required="ABC"),
    _Field("conversion", _true, "40015", "40014", required="A", known="A", strict_only=True),
    _Field("disk_format", _one_of("raw"), "40017", "40016", required="A", known="A", strict_only=True),
    _Field("container_format", _one_of("bare"), "40018", known="A"),
    _Field("ovf_location", _ovf_location, "40019", known="AB"),
    _Field("user_name", _text, "40021", "40020", required="A", known="A", strict_only=True),
    _Field("password", _password, "40023", "40022", required="A", known="A", strict_only=True),
    _Field("domain_name", _text, "40025", "40024", required="A", known="A", strict_only=True),
)
