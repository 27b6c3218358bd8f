"""Images in Plankton, Synnefo's image service, which our own service answers as well.

An image is a stored object with more said of it: its bytes are read from the object storage.

Source: specs/synnefo.md, sections 5 and 9.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from urllib.parse import quote

from imageferry.clouds.by_name import by_name_or_id
from imageferry.clouds.http import Http
from imageferry.clouds.pithos import PithosObjects
from imageferry.clouds.plankton_words import (
    HEADERS,
    Location,
    from_document,
    from_headers,
    in_header,
    plain_key,
    property_header,
)
from imageferry.clouds.trouble import Call
from imageferry.domain.errors import BadInput, NotFound, Unavailable, Unsupported
from imageferry.domain.image import MemberStatus
from imageferry.ports.cloud import (
    EVERYTHING,
    BlockSource,
    Download,
    ImageFilter,
    ImageInfo,
    MemberInfo,
    Registration,
    Registry,
)

_PUBLIC: Mapping[str, str] = {"public": "True", "community": "True", "private": "False", "shared": "False"}
_NO_ANSWERS = "It asks nobody: an image is in the lists of those it is shared with at once."


class PlanktonImages:
    """``ports.cloud.Images`` over Plankton.

    Args:
        url: of the service, with its version; asked for at the first call.
        account: whose images are made.
        objects_of: the object storage of an account.
    """

    def __init__(
        self,
        http: Http,
        url: Callable[[], str],
        account: Callable[[], str],
        objects_of: Callable[[str], PithosObjects],
    ) -> None:
        self._http = http
        self._url = url
        self._account = account
        self._objects_of = objects_of
        self.registry: Registry = PlanktonRegistry(self, http, account)

    def search(self, wanted: ImageFilter = EVERYTHING) -> Iterator[ImageInfo]:
        """Some services take filters and ignore them, so that all is filtered and sorted here once more."""
        call = self.doing("list images")
        reply = self._http.call("GET", self.at("detail"), call, params=_asked(wanted))
        document = reply.document()
        rows = document.get("images") if isinstance(document, dict) else document
        if not isinstance(rows, list):
            raise Unavailable(f"cloud {self._http.cloud}", reason="list images: the answer is no list of images")
        found = [from_document(row) for row in rows if isinstance(row, dict) and row.get("id")]
        return wanted.arranged(found)

    def show(self, name_or_id: str) -> ImageInfo:
        found = by_name_or_id(name_or_id, self.by_id, self.search, self._account)
        return found if found.location else self.by_id(found.id)  # lists of some services leave things out

    def by_id(self, image_id: str) -> ImageInfo:
        """Raises NotFound; names are not looked up."""
        _checked_id(image_id)
        call = self.doing(f"show image {image_id}", image_id)
        found = from_headers(self._http.call("HEAD", self.at(image_id), call).headers)
        return found if found.id else replace(found, id=image_id)

    def change(self, image_id: str, values: Mapping[str, object], remove: tuple[str, ...] = ()) -> ImageInfo:
        """All properties that stay are sent along: old services take those that come for the whole set."""
        _checked_id(image_id)
        headers, properties = self._split(values)
        gone = {plain_key(key) for key in remove}
        kept = {key: value for key, value in self.by_id(image_id).properties.items() if key not in gone}
        found = {**kept, **properties}
        if not headers and found == kept and len(kept) == len(self.by_id(image_id).properties):
            return self.by_id(image_id)
        headers |= dict(property_header(key, value) for key, value in found.items())
        headers |= dict(property_header(key, "") for key in gone - found.keys())
        self._http.call("PUT", self.at(image_id), self.doing(f"change image {image_id}", image_id), headers=headers)
        return self.by_id(image_id)

    def delete(self, image_id: str) -> None:
        self.registry.unregister(image_id)

    def read(self, image_id: str) -> AbstractContextManager[Download]:
        account, container, name = self.registry.place_of(image_id)
        return self._objects_of(account).read(container, name)

    def blocks(self, image_id: str) -> BlockSource | None:
        account, container, name = self.registry.place_of(image_id)
        return self._objects_of(account).blocks(container, name)

    def members(self, image_id: str) -> list[MemberInfo]:
        """The readers, but the owner, whom some services list as well."""
        _checked_id(image_id)
        call = self.doing(f"list members of image {image_id}", image_id)
        document = self._http.call("GET", self.at(image_id, "members"), call).document()
        rows = document.get("members") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the answer is no list of members")
        found = [str(row.get("member_id") or "") for row in rows if isinstance(row, dict)]
        owner = self.by_id(image_id).owner
        return [_member(image_id, member) for member in found if member not in ("", "*", owner)]

    def share(self, image_id: str, project: str) -> MemberInfo:
        _checked_id(image_id)
        call = self.doing(f"share image {image_id}", image_id)
        reply = self._http.call("PUT", self.at(image_id, "members", project), call, expect=frozenset({404}))
        if reply.status == 404:
            self.by_id(image_id)  # says so if it is the image that is missing
            raise NotFound("project", project)
        return _member(image_id, project)

    def unshare(self, image_id: str, project: str) -> None:
        _checked_id(image_id)
        call = self.doing(f"unshare image {image_id}", image_id)
        self._http.call("DELETE", self.at(image_id, "members", project), call)

    def answer(self, image_id: str, status: MemberStatus) -> MemberInfo:  # noqa: ARG002
        raise Unsupported(self._http.cloud, "have an offered image accepted or rejected", _NO_ANSWERS)

    def at(self, *parts: str) -> str:
        """The URL of a thing under ``/images``; that of the collection ends in a slash."""
        return f"{self._url().rstrip('/')}/images/" + "/".join(quote(part, safe="") for part in parts)

    def doing(self, act: str, image_id: str = "") -> Call:
        return Call(self._http.cloud, act, "image", image_id)

    def _split(self, values: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
        """Headers of attributes, and properties.

        Raises:
            Unsupported: an attribute that images have elsewhere, and not here.
            BadInput: a value that cannot be.
        """
        headers: dict[str, str] = {}
        properties: dict[str, str] = {}
        for name, value in values.items():
            if name == "visibility":
                if value not in _PUBLIC:
                    raise BadInput("visibility", value, "public or private")
                headers[HEADERS[name]] = _PUBLIC[str(value)]
            elif name in HEADERS:
                headers[HEADERS[name]] = in_header(name, str(value))
            elif name in _ELSEWHERE:
                instead = "Properties of your own (-p KEY=VALUE) are kept."
                raise Unsupported(self._http.cloud, f"keep {name.replace('_', ' ')} with an image", instead)
            else:
                properties[plain_key(name)] = str(value)
        return headers, properties


class PlanktonRegistry:
    """``ports.cloud.Registry`` over Plankton."""

    def __init__(self, images: PlanktonImages, http: Http, account: Callable[[], str]) -> None:
        self._images = images
        self._http = http
        self._account = account

    def register(self, wanted: Registration) -> ImageInfo:
        """What the service kept of an earlier registration, and was not asked for, is taken away."""
        location = Location(wanted.account or self._account(), wanted.container, wanted.object_name)
        headers = {
            HEADERS["name"]: in_header("name", wanted.name),
            "X-Image-Meta-Location": str(location),
            HEADERS["visibility"]: str(wanted.public),
        }
        for name in ("disk_format", "container_format", "status"):
            if value := getattr(wanted, name):
                headers[HEADERS[name]] = in_header(name, value)
        headers |= dict(property_header(key, value) for key, value in wanted.properties.items())
        place = f"{wanted.container}/{wanted.object_name}"
        call = Call(self._http.cloud, f"register {place}", "object", place)
        reply = self._http.call("POST", self._images.at(), call, headers=headers, repeat=True)
        image_id = from_headers(reply.headers).id
        if not image_id:
            raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the answer names no image")
        image = self._images.by_id(image_id)
        left = image.properties.keys() - {plain_key(key) for key in wanted.properties}
        return self._images.change(image_id, {}, tuple(left)) if left else image

    def unregister(self, image_id: str) -> None:
        _checked_id(image_id)
        call = self._images.doing(f"unregister image {image_id}", image_id)
        self._http.call("DELETE", self._images.at(image_id), call, repeat=False)

    def place_of(self, image_id: str) -> tuple[str, str, str]:
        found = self._images.by_id(image_id).location
        if not found:  # made elsewhere, with bytes of its own
            raise NotFound("object of image", image_id)
        location = Location.parse(found)
        return location.account, location.container, location.name


_ELSEWHERE = frozenset({"min_disk", "min_ram", "protected", "hidden", "os_hidden", "tags", "owner", "id", "size"})


def _asked(wanted: ImageFilter) -> dict[str, str]:
    asked = {
        "name": wanted.name,
        "status": wanted.status,
        "disk_format": wanted.disk_format,
        "container_format": wanted.container_format,
        "size_min": "" if wanted.size_min is None else str(wanted.size_min),
        "size_max": "" if wanted.size_max is None else str(wanted.size_max),
    }
    return {key: value for key, value in asked.items() if value}


def _member(image_id: str, project: str) -> MemberInfo:
    return MemberInfo(image_id=image_id, project_id=project, status=MemberStatus.ACCEPTED.value)


def _checked_id(image_id: str) -> None:
    """Raises NotFound for what cannot be an image's id: the service calls that a bad request."""
    try:
        uuid.UUID(image_id)
    except ValueError:
        raise NotFound("image", image_id) from None
