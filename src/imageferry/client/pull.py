"""Bring an image or an object to a local file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from imageferry.client.arrival import Pulled, in_our_words
from imageferry.client.blocks import pull_blocks
from imageferry.domain.digest import Digest, Digests
from imageferry.domain.errors import BadInput, DigestMismatch, Incomplete
from imageferry.ports.cloud import Cloud, Download, Moved, Watch

_BLOCK = 64 << 10  # bytes: what is left as a hole if it is zeros
_ZEROS = bytes(_BLOCK)


def pull_image(cloud: Cloud, image: str, target: Path, *, watch: Watch = lambda _: None) -> Pulled:
    """Download an image (name or id) to ``target``.

    The bytes go to a file beside it, which takes the name when every digest that the cloud knows
    has been compared; on failure nothing is left. Where the cloud tells the names of its blocks, only
    those travel that are not here (``client.blocks``).
    """
    image_id = cloud.images.show(image).id
    if (source := cloud.images.blocks(image_id)) is not None:
        return pull_blocks(source, f"image {image}", target, watch)
    return _pull(lambda: cloud.images.read(image_id), f"image {image}", target, watch)


def pull_object(
    cloud: Cloud, container: str, name: str, target: Path, *, version: str = "", watch: Watch = lambda _: None
) -> Pulled:
    """Download an object, or an old state of it, to ``target``; as ``pull_image``."""
    what = f"object {container}/{name}"
    if (source := cloud.objects.blocks(container, name, version=version)) is not None:
        return pull_blocks(source, what, target, watch)
    return _pull(lambda: cloud.objects.read(container, name, version=version), what, target, watch)


def cat_object(cloud: Cloud, container: str, name: str, *, version: str = "") -> Iterator[bytes]:
    """The bytes of an object, or of an old state of it, as they come.

    Raises:
        DigestMismatch, Incomplete: after the last byte, when they were not those that the cloud promised.
    """
    what = f"object {container}/{name}"
    with cloud.objects.read(container, name, version=version) as download:
        hashers = {algorithm: algorithm.new() for algorithm in download.promised}
        size = 0
        for data in download.chunks:
            size += len(data)
            for hasher in hashers.values():
                hasher.update(data)
            yield data
        _compare(what, download, size, {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()})


def _pull(begin: Callable[[], AbstractContextManager[Download]], what: str, target: Path, watch: Watch) -> Pulled:
    with _file_for(target) as fd, begin() as download:
        hashers = {algorithm: algorithm.new() for algorithm in download.promised}
        size = skipped = 0
        for data in download.chunks:
            if download.size is not None and size + len(data) > download.size:
                raise Incomplete(what, download.size, size + len(data))
            for hasher in hashers.values():
                hasher.update(data)
            skipped += _write(fd, size, data)
            size += len(data)
            watch(Moved(stage="download", done=size, total=download.size, sent=size, skipped=skipped))
        _compare(what, download, size, {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()})
        with in_our_words(target):
            os.ftruncate(fd, size)  # a hole at the end counts too
            os.fsync(fd)
        return Pulled(path=target, size=size, digests=dict(download.promised), skipped=skipped, sent=size)


def _compare(what: str, download: Download, size: int, digests: Digests) -> None:
    """Raises unless what came is what the cloud promised."""
    if download.size is not None and size != download.size:
        raise Incomplete(what, download.size, size)
    for algorithm, found in digests.items():
        if download.promised[algorithm] != found:
            raise DigestMismatch(what, Digest(algorithm, download.promised[algorithm]), Digest(algorithm, found))


@contextmanager
def _file_for(target: Path) -> Iterator[int]:
    """A new file beside ``target`` that takes its name on success."""
    if target.is_dir() or not target.name:
        raise BadInput("target", str(target), "the name of a file")
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    with in_our_words(target):
        fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        try:
            yield fd
        finally:
            os.close(fd)
        with in_our_words(target):
            part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _write(fd: int, offset: int, data: bytes) -> int:
    """Write what is not zeros into a fresh file; returns how many bytes were left as holes."""
    skipped = 0
    view = memoryview(data)
    for at in range(0, len(view), _BLOCK):
        piece = view[at : at + _BLOCK]
        if piece == _ZEROS[: len(piece)]:
            skipped += len(piece)
            continue
        place = offset + at
        while piece:
            with in_our_words(Path("the file")):
                done = os.pwrite(fd, piece, place)
            piece, place = piece[done:], place + done
    return skipped
