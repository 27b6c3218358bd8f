"""Object storage: accounts, containers and objects."""

from __future__ import annotations

from imageferry.service.objects.large_objects import OpenObject, WantedSegment
from imageferry.service.objects.segment_lists import Deleted
from imageferry.service.objects.traits import Traits
from imageferry.service.objects.versions import Versions

__all__ = ["Deleted", "Objects", "OpenObject", "Traits", "WantedSegment"]


class Objects(Versions):
    """The use-cases of object storage. ``project`` is whose storage is meant; the caller may be another."""
