"""A region: a name, how its import service behaves, and under which addresses it is reached.

One process may stand in for several regions. Which one is meant is read from the host name that
a client calls, as the K5 cloud named its hosts: ``vmimport.uk-1.cloud.global.fujitsu.com``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from imageferry.domain.errors import BadInput

Profile = Literal["A", "B", "C"]
"""A generation of the K5 import service: specs/k5.md, section 1."""

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9_])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A region as it is configured.

    ``strict`` refuses what the profile does not know; lenient takes the union of all profiles.
    ``url`` is where services are found: ``{service}`` and ``{region}`` are filled in, ``{base}``
    is the scheme and host that a request came by. ``text_numbers``: numbers of an import are
    strings until it has succeeded, as the original had them.
    """

    name: str
    profile: Profile = "B"
    strict: bool = False
    url: str = "{base}"
    text_numbers: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadInput("region name", self.name, "1 to 63 letters, digits, dots, dashes and underscores")
        if self.profile not in ("A", "B", "C"):
            raise BadInput(f"profile of region {self.name}", self.profile, "A, B or C")

    @property
    def has_own_hosts(self) -> bool:
        """Whether each service has a host of its own, so that no two share the path ``/``."""
        return "{service}" in self.url

    def url_of(self, service: str, *, base: str) -> str:
        """Where a service of this region is, without a trailing slash and without a path of its own."""
        url = self.url.replace("{service}", service).replace("{region}", self.name).replace("{base}", base)
        return url.rstrip("/")


DEFAULT_REGIONS: Sequence[Region] = (Region(name="RegionOne"),)


def region_for_host(host: str, regions: Sequence[Region]) -> Region:
    """The region whose name is a label of the host name, else the first one.

    Args:
        host: a Host header, with or without a port.
        regions: at least one.
    """
    labels = host_labels(host)
    return next((region for region in regions if region.name.lower() in labels), regions[0])


def host_labels(host: str) -> list[str]:
    """The labels of a Host header in lower case, without the port: ["image", "uk-1", "example"]."""
    name = host.rpartition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().split(".")
