"""What the client needs from a cloud: images, objects, and the jobs that some clouds have.

Sizes are bytes, times are text as the cloud wrote it. What a cloud says is a stranger's word:
drivers read it leniently (numbers as text, keys that are missing) and check what matters (digests,
sizes, listings that go on for ever).

What every driver does is a method. What only some can do (``Objects.versions``, ``sharing``,
``publishing``, ``Images.registry``) is a property: elsewhere it raises Unsupported, whose sentence
says what will do instead.
"""

from __future__ import annotations

from imageferry.ports.cloud.bytes import (
    BlockSource,
    Download,
)
from imageferry.ports.cloud.images import (
    EVERYTHING,
    ImageFilter,
    ImageInfo,
    Images,
    MemberInfo,
    Registration,
    Registry,
    SortKey,
)
from imageferry.ports.cloud.jobs import (
    Exports,
    TaskInfo,
    TaskList,
)
from imageferry.ports.cloud.moved import (
    Moved,
    Watch,
)
from imageferry.ports.cloud.objects import (
    DIRECTORY,
    GIB,
    MAX_SEGMENT_SIZE,
    PLAIN,
    SEGMENT_SIZE,
    Access,
    ContainerInfo,
    Dress,
    ObjectInfo,
    Objects,
    Publishing,
    Sharing,
    Stored,
    VersionInfo,
    Versions,
)
from imageferry.ports.cloud.opened import (
    Cloud,
    DiskFile,
    Landed,
    Layout,
    NewImage,
)

__all__ = [
    "DIRECTORY",
    "EVERYTHING",
    "GIB",
    "MAX_SEGMENT_SIZE",
    "PLAIN",
    "SEGMENT_SIZE",
    "Access",
    "BlockSource",
    "Cloud",
    "ContainerInfo",
    "DiskFile",
    "Download",
    "Dress",
    "Exports",
    "ImageFilter",
    "ImageInfo",
    "Images",
    "Landed",
    "Layout",
    "MemberInfo",
    "Moved",
    "NewImage",
    "ObjectInfo",
    "Objects",
    "Publishing",
    "Registration",
    "Registry",
    "Sharing",
    "SortKey",
    "Stored",
    "TaskInfo",
    "TaskList",
    "VersionInfo",
    "Versions",
    "Watch",
]
