"""Images in Glance v2, for every cloud that has it.

Source: specs/openstack.md, section 4; specs/k5.md, section 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from imageferry.clouds.by_name import by_name_or_id
from imageferry.clouds.glance_words import PATCH_TYPE, image_info, member_info, patch_for
from imageferry.clouds.http import Http
from imageferry.clouds.stream import resumed
from imageferry.clouds.trouble import Call, Reply
from imageferry.domain.errors import Forbidden, NotFound, Unavailable, Unsupported
from imageferry.domain.image import MemberStatus, Visibility
from imageferry.ports.cloud import EVERYTHING, BlockSource, Download, ImageFilter, ImageInfo, MemberInfo, Registry

PAGE = 200  # images asked for at once

_VERSION = re.compile(r"/v\d+(\.\d+)?$")


class GlanceImages:
    """``ports.cloud.Images`` over Glance v2.

    Args:
        url: where the service is, with or without a version in the path; asked for at the first call.
        registry: images that are objects, where the cloud has such; asked when needed.
    """

    def __init__(
        self, http: Http, url: Callable[[], str], registry: Callable[[], Registry | None] = lambda: None
    ) -> None:
        self._http = http
        self._url = url
        self._registry = registry

    def search(self, wanted: ImageFilter = EVERYTHING) -> Iterator[ImageInfo]:
        return wanted.arranged(self._pages(wanted), sort=False, mark=False)

    def show(self, name_or_id: str) -> ImageInfo:
        return by_name_or_id(name_or_id, self.by_id, self.search, lambda: self._http.project_id)

    def by_id(self, image_id: str) -> ImageInfo:
        """Raises NotFound; names are not looked up."""
        if "/" in image_id or image_id in (".", ".."):
            raise NotFound("image", image_id)
        call = self.doing(f"show image {image_id}", image_id)
        return image_info(self._document(self._http.call("GET", self.at(image_id), call), call))

    def create(self, document: Mapping[str, object]) -> ImageInfo:
        """Make a record. Raises AlreadyExists when the id is taken."""
        call = self.doing("create an image", str(document.get("id", "")))
        return image_info(self._document(self._http.call("POST", self.at(), call, json=dict(document)), call))

    def change(self, image_id: str, values: Mapping[str, object], remove: tuple[str, ...] = ()) -> ImageInfo:
        call = self.doing(f"change image {image_id}", image_id)
        current = self._document(self._http.call("GET", self.at(image_id), call), call)
        operations = patch_for(values, remove, present=frozenset(current))
        if not operations:
            return image_info(current)
        reply = self._http.call("PATCH", self.at(image_id), call, json=operations, headers={"Content-Type": PATCH_TYPE})
        return image_info(self._document(reply, call))

    def delete(self, image_id: str) -> None:
        self._http.call("DELETE", self.at(image_id), self.doing(f"delete image {image_id}", image_id))

    def blocks(self, image_id: str) -> BlockSource | None:  # noqa: ARG002
        return None

    @contextmanager
    def read(self, image_id: str) -> Iterator[Download]:
        info = self.by_id(image_id)
        call = self.doing(f"download image {image_id}", image_id)
        with resumed(self._http, self.at(image_id, "file"), call) as (_, size, chunks):
            yield Download(size=info.size if size is None else size, promised=info.digests, chunks=chunks)

    def members(self, image_id: str) -> list[MemberInfo]:
        call = self.doing(f"list members of image {image_id}", image_id)
        document = self._document(self._http.call("GET", self.at(image_id, "members"), call), call)
        return [member_info(row, image_id) for row in document.get("members") or () if isinstance(row, dict)]

    def share(self, image_id: str, project: str) -> MemberInfo:
        """A private image becomes "shared" where the cloud insists on that (older ones do not know the word)."""
        try:
            return self._offer(image_id, project)
        except Forbidden:
            if self.by_id(image_id).visibility != Visibility.PRIVATE:
                raise
        self.change(image_id, {"visibility": Visibility.SHARED.value})
        return self._offer(image_id, project)

    def unshare(self, image_id: str, project: str) -> None:
        call = self.doing(f"unshare image {image_id}", image_id)
        self._http.call("DELETE", self.at(image_id, "members", project), call)

    def answer(self, image_id: str, status: MemberStatus) -> MemberInfo:
        project = self._http.project_id
        call = self.doing(f"answer the offer of image {image_id}", image_id)
        reply = self._http.call("PUT", self.at(image_id, "members", project), call, json={"status": status.value})
        return member_info(self._document(reply, call), image_id)

    @property
    def registry(self) -> Registry:
        if (registry := self._registry()) is not None:
            return registry
        instead = "Images have bytes of their own there: bring the disk with 'imageferry push FILE'."
        raise Unsupported(self._http.cloud, "make images of stored objects", instead)

    def at(self, *parts: str) -> str:
        """The URL of a thing under ``/v2/images``."""
        base = _VERSION.sub("", self._url().rstrip("/"))
        return "/".join([f"{base}/v2/images", *(quote(part, safe="") for part in parts)])

    def doing(self, act: str, image_id: str = "") -> Call:
        return Call(self._http.cloud, act, "image", image_id)

    def _pages(self, wanted: ImageFilter) -> Iterator[ImageInfo]:
        """Images page by page, as far as Glance filters them."""
        params = _asked(wanted)
        seen = {wanted.marker}  # where pages ended: a cloud that repeats itself is not followed for ever
        call = self.doing("list images", wanted.marker)
        while True:
            page = self._document(self._http.call("GET", self.at(), call, params=params), call)
            rows = [row for row in page.get("images") or () if isinstance(row, dict) and row.get("id")]
            yield from map(image_info, rows)
            if not rows or not page.get("next"):
                return
            marker = str(rows[-1]["id"])
            if marker in seen:
                raise Unavailable(f"cloud {self._http.cloud}", reason="list images: the same page comes again")
            seen.add(marker)
            params["marker"] = marker

    def _offer(self, image_id: str, project: str) -> MemberInfo:
        call = self.doing(f"share image {image_id}", image_id)
        url = self.at(image_id, "members")
        reply = self._http.call("POST", url, call, json={"member": project}, expect=frozenset({404, 409}))
        if reply.status == 404:
            self.by_id(image_id)  # says so if it is the image that is missing
            raise NotFound("project", project)
        if reply.status == 409:  # offered already
            reply = self._http.call("GET", self.at(image_id, "members", project), call)
        return member_info(self._document(reply, call), image_id, project)

    def _document(self, reply: Reply, call: Call) -> dict[str, Any]:
        document = reply.document()
        if not isinstance(document, dict):
            raise Unavailable(f"cloud {self._http.cloud}", reason=f"{call.act}: the answer is not what Glance says")
        return document


def _asked(wanted: ImageFilter) -> dict[str, str]:
    """What Glance is asked for. Properties are left to ourselves: it compares them letter by letter."""
    asked = {
        "name": wanted.name,
        "owner": wanted.owner,
        "status": wanted.status.lower(),
        "visibility": wanted.visibility,
        "disk_format": wanted.disk_format.lower(),
        "container_format": wanted.container_format.lower(),
        "size_min": "" if wanted.size_min is None else str(wanted.size_min),
        "size_max": "" if wanted.size_max is None else str(wanted.size_max),
        "sort_key": wanted.sort_key,
        "sort_dir": ("desc" if wanted.descending else "asc") if wanted.sort_key else "",
        "marker": wanted.marker,
        "limit": str(PAGE),
    }
    return {key: value for key, value in asked.items() if value}
