"""What an imageferry service answers beside OpenStack's APIs: objects by their blocks, sharing of single
objects, public addresses, images that are objects.

Its Swift tells of them in ``/info``. They are asked with the same token, and the account is the project.

Source: docs/synnefo.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from imageferry.clouds.http import Http
from imageferry.clouds.pithos import PithosObjects
from imageferry.clouds.plankton import PlanktonImages
from imageferry.clouds.trouble import Call
from imageferry.domain.block_names import OURS
from imageferry.ports.cloud import Registry

_SILENT = frozenset(range(400, 500))  # such clouds have no /info for us


@dataclass(frozen=True, slots=True)
class Told:
    """What ``/info`` says of it."""

    objects: str  # URL
    images: str


class Beside:
    """
    Args:
        swift: the URL of the account in Swift.
    """

    def __init__(self, http: Http, swift: Callable[[], str]) -> None:
        self._http = http
        self._swift = swift

    @property
    def objects(self) -> PithosObjects | None:
        """The objects of the project by their blocks; None where the cloud has no such thing."""
        return self.objects_of(self._http.project_id)

    def objects_of(self, account: str) -> PithosObjects | None:
        told = self._told
        return None if told is None else PithosObjects(self._http, lambda: f"{told.objects}/{account}")

    @property
    def registry(self) -> Registry | None:
        told = self._told
        if told is None:
            return None
        images = PlanktonImages(
            self._http,
            lambda: told.images,
            lambda: self._http.project_id,
            lambda account: PithosObjects(self._http, lambda: f"{told.objects}/{account}"),
        )
        return images.registry

    @cached_property
    def _told(self) -> Told | None:
        """Only blocks as ours are worth the asking: others would have to be known by container."""
        root, found, _ = self._swift().partition("/v1/AUTH_")
        if not found:
            return None
        call = Call(self._http.cloud, "ask what the object storage can")
        said: Any = self._http.call("GET", f"{root}/info", call, expect=_SILENT).document()
        row = said.get("synnefo") if isinstance(said, dict) else None
        if not isinstance(row, dict) or (row.get("block_size"), row.get("block_hash")) != (OURS.size, OURS.hash):
            return None
        paths = [str(row.get(key) or "") for key in ("object-store", "image")]
        return Told(*(root + path for path in paths)) if all(path.startswith("/") for path in paths) else None
