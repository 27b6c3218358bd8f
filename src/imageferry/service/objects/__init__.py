"""Object storage: accounts, containers and objects."""

from __future__ import annotations

from imageferry.service.objects.changes import Changes
from imageferry.service.objects.hash_maps import HashMaps, Missing
from imageferry.service.objects.large_objects import OpenObject, WantedSegment
from imageferry.service.objects.segment_lists import Deleted
from imageferry.service.objects.traits import Traits

__all__ = ["Deleted", "Missing", "Objects", "OpenObject", "Traits", "WantedSegment"]


class Objects(Changes, HashMaps):
    """The use-cases of object storage. ``project`` is whose storage is meant; the caller may be another."""
