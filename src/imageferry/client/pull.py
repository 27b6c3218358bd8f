"""Bring an image or an object to a local file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imageferry.domain.digest import Digests
from imageferry.ports.cloud import Cloud, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    path: Path
    size: int  # bytes
    digests: Digests  # of what was written; compared with what the cloud promised
    skipped: int = 0  # zero bytes left as holes


def pull_image(cloud: Cloud, image: str, target: Path, *, watch: Watch = lambda _: None) -> Pulled:
    """Download an image (name or id) to ``target``.

    The bytes go to a file beside it, which takes the name when every digest that the cloud knows
    has been compared; on failure nothing is left.
    """
    raise NotImplementedError


def pull_object(cloud: Cloud, container: str, name: str, target: Path, *, watch: Watch = lambda _: None) -> Pulled:
    """Download an object to ``target``; as ``pull_image``."""
    raise NotImplementedError
