"""Client use-cases: check a disk, push it into a cloud, wait, share, export, pull.

Functions over ports: the cloud and the disk tools are handed in (``imageferry.clients`` opens
them). Every long act tells where it is through ``watch``.
"""

from __future__ import annotations

from imageferry.client.check import DiskReport, check
from imageferry.client.export import export
from imageferry.client.pull import Pulled, pull_image, pull_object
from imageferry.client.push import PushResult, push
from imageferry.client.share import answer, share, unshare
from imageferry.client.wait import wait_export, wait_import

__all__ = [
    "DiskReport",
    "Pulled",
    "PushResult",
    "answer",
    "check",
    "export",
    "pull_image",
    "pull_object",
    "push",
    "share",
    "unshare",
    "wait_export",
    "wait_import",
]
