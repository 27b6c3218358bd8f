"""A registration: an object that is an image, in Plankton's words and by Plankton's rules. Pure rules.

In Synnefo an image *is* a stored object with image metadata attached. Here it is an ordinary image with the id of
the object, and a ``Registration`` beside it: what only Plankton has words for, and how the image stands to the bytes
of the object, which may be overwritten at any time.

Source: specs/synnefo.md, section 5.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter
from typing import Self
from urllib.parse import quote, unquote

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, Visibility
from imageferry.domain.moment import Moment

AVAILABLE = "available"
MAX_STATUS = 255  # characters
STORE = "pithos"

DISK_FORMATS: Mapping[str, DiskFormat] = {
    "diskdump": DiskFormat.RAW,  # a whole disk; the first is what is meant where nothing is said
    "extdump": DiskFormat.RAW,  # a file system of the family ext
    "ntfsdump": DiskFormat.RAW,
    "raw": DiskFormat.RAW,
    "qcow2": DiskFormat.QCOW2,
    "vmdk": DiskFormat.VMDK,
    "vdi": DiskFormat.VDI,
    "vhd": DiskFormat.VHD,
    "iso": DiskFormat.ISO,
}
"""Plankton's words and ours. Of several for one of ours, the first is its name for images made elsewhere."""

DUMPS = frozenset({"diskdump", "extdump", "ntfsdump"})
"""What people make with dd of anything: bytes that are recognised as nothing are taken, too."""

CONTAINER_FORMATS: Mapping[str, ContainerFormat] = {
    "bare": ContainerFormat.BARE,
    "aki": ContainerFormat.AKI,
    "ari": ContainerFormat.ARI,
    "ami": ContainerFormat.AMI,
    "ovf": ContainerFormat.OVF,
}

_WORDS_OF_STATUS: Mapping[Status, str] = {
    Status.ACTIVE: AVAILABLE,
    Status.QUEUED: "saving",
    Status.SAVING: "saving",
    Status.UPLOADING: "saving",
    Status.IMPORTING: "saving",
    Status.DEACTIVATED: "deactivated",
    Status.DELETED: "deleted",
}

OPEN = (Visibility.PUBLIC, Visibility.COMMUNITY)
"""What Plankton calls public."""


class Standing(StrEnum):
    """How an image stands to the bytes that its object has now."""

    GOOD = "good"  # judged, and the image's
    UNJUDGED = "unjudged"  # the object was overwritten: nobody gets its bytes as an image before they were judged
    REFUSED = "refused"  # judged, and not such a disk


_WORDS_OF_STANDING: Mapping[Standing, str] = {Standing.UNJUDGED: "saving", Standing.REFUSED: "error"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What is kept of an image that is an object, beside the image itself."""

    image_id: ImageId
    status: str = AVAILABLE  # any text; "": taken away
    disk_format: str = "diskdump"  # a key of DISK_FORMATS
    container_format: str = "bare"  # a key of CONTAINER_FORMATS
    standing: Standing = Standing.GOOD
    reason: str = ""  # why the bytes were refused, for people
    resumes: Status = Status.ACTIVE  # what the image is again once its bytes are good

    @property
    def formats(self) -> tuple[str, str]:
        return self.disk_format, self.container_format


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is."""

    project_id: ProjectId
    container: str
    name: str

    @classmethod
    def parse(cls, location: str) -> Self:
        """Read ``pithos://account/container/object``; each part may be percent-encoded, and the object have slashes.

        Raises:
            BadInput: another form.
        """
        scheme, _, rest = location.partition("://")
        parts = [unquote(part) for part in rest.split("/", 2)]
        if scheme != STORE or len(parts) != 3 or not all(parts) or "\0" in rest or "%00" in rest:
            raise BadInput("location", location, "pithos://account/container/object")
        return cls(ProjectId(parts[0]), parts[1], parts[2])

    def __str__(self) -> str:
        return f"{STORE}://{_part(self.project_id)}/{_part(self.container)}/{_part(self.name)}"


def _part(text: str) -> str:
    return quote(text, safe="/", errors="replace")


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A registration, and the object it is of."""

    registration: Registration
    place: Place
    blob_id: BlobId  # of the object, whether the image has those bytes or not
    created_at: Moment  # of the object


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody says of an image. None: nothing is said of it.

    ``properties``: by their own name, with all values that were sent for it, in order, and whether that value's name
    was written with a capital.
    """

    name: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    status: str | None = None
    public: bool | None = None
    id: str | None = None
    size: str | None = None  # as it came: only compared
    checksum: str | None = None
    store: str | None = None
    properties: Mapping[str, Sequence[tuple[str, bool]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """An image as Plankton's users see it."""

    id: ImageId
    name: str
    status: str
    disk_format: str
    container_format: str
    size: int  # bytes
    checksum: str
    location: str
    created_at: Moment
    updated_at: Moment
    is_public: bool
    owner: ProjectId
    properties: Mapping[str, str]
    description: str = ""  # of an image whose bytes were refused: why


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Which images of a list are wanted, and in which order. Text is compared without regard to case.

    ``texts``: by the name of an attribute, one of TEXTS; all must match. ``otherwise``: what is meant by them if no
    image matches; nothing where they can be read in one way only.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)
    size_min: int | None = None  # bytes
    size_max: int | None = None
    sort_key: str = "created_at"
    descending: bool = True

    def of(self, items: Iterable[Described]) -> list[Described]:
        """Those of the images that are wanted, in order; the id decides between equals."""
        sized = [item for item in items if self._fits(item)]
        found = [item for item in sized if _matches(item, self.texts)]
        if not found and self.otherwise:
            found = [item for item in sized if _matches(item, self.otherwise)]
        return sorted(found, key=attrgetter(self.sort_key, "id"), reverse=self.descending)

    def _fits(self, item: Described) -> bool:
        least, most = self.size_min, self.size_max
        return (least is None or item.size >= least) and (most is None or item.size <= most)


def _matches(item: Described, texts: Mapping[str, str]) -> bool:
    return all(getattr(item, name).casefold() == text.casefold() for name, text in texts.items())


TEXTS = ("name", "status", "disk_format", "container_format")
SORT_KEYS = ("id", "name", "status", "size", "disk_format", "container_format", "created_at", "updated_at")


def described(image: Image, registered: Registered | None, checksum: str) -> Described:
    """An image in Plankton's words; of one that is no object (``registered`` None) they are made of Glance's.

    ``checksum``: the top of the tree over the names of its blocks; "" while there are none.
    """
    properties = properties_of(image)
    refused = "" if registered is None else registered.registration.reason
    return Described(
        id=image.id,
        name=image.name or "",
        status=status_of(image, registered),
        disk_format=disk_format_of(image, registered),
        container_format=container_format_of(image, registered),
        size=image.size or 0,
        checksum=checksum,
        location="" if registered is None else str(registered.place),
        created_at=image.created_at if registered is None else registered.created_at,
        updated_at=image.updated_at,
        is_public=image.visibility in OPEN,
        owner=image.owner,
        properties=properties,
        description=refused or properties.get("description", ""),
    )


def status_of(image: Image, registered: Registered | None) -> str:
    """The text that was set, unless something keeps the image from being used."""
    if registered is None:
        return _WORDS_OF_STATUS[image.status]
    registration = registered.registration
    if registration.standing is not Standing.GOOD:
        return _WORDS_OF_STANDING[registration.standing]
    return registration.status if image.status is Status.ACTIVE else _WORDS_OF_STATUS[image.status]


def disk_format_of(image: Image, registered: Registered | None) -> str:
    if registered is not None:
        return registered.registration.disk_format
    if image.disk_format is None:
        return ""
    return next((word for word, ours in DISK_FORMATS.items() if ours is image.disk_format), image.disk_format.value)


def container_format_of(image: Image, registered: Registered | None) -> str:
    if registered is not None:
        return registered.registration.container_format
    return "" if image.container_format is None else image.container_format.value


def properties_of(image: Image) -> dict[str, str]:
    """The properties by their names in Plankton. Of two that it cannot tell apart the first in order is seen."""
    found: dict[str, str] = {}
    for name in sorted(image.properties):
        found.setdefault(property_name(name), image.properties[name])
    return found


_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, "_"))


def property_name(text: str) -> str:
    """A property's name as Plankton keeps it: lower case, ASCII punctuation as ``_``."""
    return text.lower().translate(_PUNCTUATION)


def overridden(there: Registration, wish: Wish) -> Registration:
    """What registering again makes of it: what is not said is as at the first time.

    Raises:
        BadInput: a format that there is not.
    """
    return updated(Registration(image_id=there.image_id), wish)


def updated(there: Registration, wish: Wish) -> Registration:
    """What changing makes of it: what is not said stays.

    Raises:
        BadInput: a format that there is not, or a text that is too long.
    """
    if wish.status is not None and len(wish.status) > MAX_STATUS:
        raise BadInput("status", wish.status, f"at most {MAX_STATUS} characters")
    return replace(
        there,
        status=there.status if wish.status is None else wish.status,
        disk_format=there.disk_format if wish.disk_format is None else _one_of("disk-format", wish.disk_format),
        container_format=(
            there.container_format
            if wish.container_format is None
            else _one_of("container-format", wish.container_format)
        ),
    )


_FORMATS: Mapping[str, Mapping[str, StrEnum]] = {"disk-format": DISK_FORMATS, "container-format": CONTAINER_FORMATS}


def _one_of(kind: str, word: str) -> str:
    if word.lower() not in _FORMATS[kind]:
        raise BadInput(kind, word, f"one of {', '.join(_FORMATS[kind])}")
    return word.lower()


def with_formats(image: Image, registration: Registration) -> Image:
    """The image in the formats that Plankton's words for them mean."""
    return replace(
        image,
        disk_format=DISK_FORMATS[registration.disk_format],
        container_format=CONTAINER_FORMATS[registration.container_format],
    )


def checked_name(name: str | None) -> str:
    """Raises BadInput: an image must have a name in Plankton."""
    if not name:
        raise BadInput("name", name, "a name")
    return name


def overridden_properties(there: Mapping[str, str], wish: Wish) -> dict[str, str]:
    """The properties after registering: those that are said, and no others. ``there``: the ones before."""
    before = {property_name(name): value for name, value in there.items()}
    wanted = {name: meant(values, before.get(name)) for name, values in wish.properties.items()}
    return {name: value for name, value in wanted.items() if value}


def updated_properties(there: Mapping[str, str], wish: Wish) -> dict[str, str]:
    """The properties after a change: an empty value takes one away, what is not said stays.

    A name made elsewhere, with capitals and hyphens, stays written as it is.
    """
    properties = dict(there)
    spellings = {property_name(name): name for name in sorted(there, reverse=True)}
    for name, values in wish.properties.items():
        spelling = spellings.get(name, name)
        value = meant(values, properties.get(spelling))
        if value:
            properties[spelling] = value
        else:
            properties.pop(spelling, None)
    return properties


def with_last_word(there: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """The properties with some more, which count in Plankton's eyes too: of those there that it cannot tell from
    these none is left."""
    names = {property_name(name) for name in added}
    return {name: value for name, value in there.items() if property_name(name) not in names} | dict(added)


def meant(values: Sequence[tuple[str, bool]], stored: str | None) -> str:
    """Which of several values for one property is meant.

    Clients send what is there again beside what they change, the change under a name in capitals. Where the names
    give no hint, the value that differs from the stored one is the change; of several such, the last.
    """
    capital = [value for value, has_capital in values if has_capital]
    if capital and len(capital) < len(values):
        return capital[-1]
    changed = [value for value, _ in values if value != stored]
    return (changed or [value for value, _ in values])[-1]


def check_promises(wish: Wish, *, size: int, checksum: str) -> None:
    """What a client says of the bytes must be so.

    Raises:
        BadInput: it is not, or the store is another.
    """
    if wish.id is not None:
        raise BadInput("id", wish.id, "nothing: an image has the id of its object")
    if wish.size is not None and wish.size.strip() != str(size):
        raise BadInput("size", wish.size, f"{size}, the bytes of the object")
    if wish.checksum is not None and wish.checksum.strip().lower() != checksum:
        raise BadInput("checksum", wish.checksum, f"{checksum}, the hash of the object")
    if wish.store is not None and wish.store.lower() != STORE:
        raise BadInput("store", wish.store, STORE)
