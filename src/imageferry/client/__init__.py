"""Client use-cases: check a disk, push it into a cloud, wait, share, export, pull.

Functions over ports: the cloud and the disk tools are handed in (``imageferry.clients`` opens
them). Every long act tells where it is through ``watch``.
"""

from __future__ import annotations

from imageferry.client.arrival import Pulled
from imageferry.client.batch import BatchRow, bring_all, described, matching
from imageferry.client.change import change_image, unregister
from imageferry.client.check import DiskReport, check
from imageferry.client.export import export
from imageferry.client.metafiles import load as load_metafile
from imageferry.client.pull import cat_object, pull_image, pull_object
from imageferry.client.push import PushResult, push
from imageferry.client.register import Registered, register
from imageferry.client.share import answer, share, unshare
from imageferry.client.trees import Outcome, get_tree, put_tree
from imageferry.client.wait import wait_export, wait_import
from imageferry.client.wishes import NO_METAFILE, NOTHING_SAID, Wishes, default_container, left_out, push_wished

__all__ = [
    "NOTHING_SAID",
    "NO_METAFILE",
    "BatchRow",
    "DiskReport",
    "Outcome",
    "Pulled",
    "PushResult",
    "Registered",
    "Wishes",
    "answer",
    "bring_all",
    "cat_object",
    "change_image",
    "check",
    "default_container",
    "described",
    "export",
    "get_tree",
    "left_out",
    "load_metafile",
    "matching",
    "pull_image",
    "pull_object",
    "push",
    "push_wished",
    "put_tree",
    "register",
    "share",
    "unregister",
    "unshare",
    "wait_export",
    "wait_import",
]
