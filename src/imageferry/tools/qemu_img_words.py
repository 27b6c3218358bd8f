"""What qemu-img says, in our words: facts, and errors without a path of this machine."""

from __future__ import annotations

import errno
import json
import re
import signal
from pathlib import Path
from typing import Any

from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadDisk, BadInput, FerryError, NoRoom, Unavailable
from imageferry.domain.image import DiskFormat
from imageferry.formats.reasons import ADVICE, Reason, shown
from imageferry.ports.disk_tools import DiskHealth, ToolLimits
from imageferry.tools.cage import Ended

_FULL = ("No space left on device", "Disk quota exceeded")
_SPEC = re.compile(r"json:\{.*\}|/proc/self/fd/\d+")
_WRITING = "error while writing"
_OUR_SIDE = ("Permission denied", "Input/output error", "Read-only file system", _WRITING)
_NO_ROOM = 1 << 20  # bytes; less is as good as none
_LONGEST = 300  # characters of a message


def printable(name: str) -> str:
    """A file's name as it may stand in a message."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def facts_told(output: bytes, judged: DiskFacts, name: str) -> DiskFacts:
    """The facts in ``qemu-img info --output json``, joined with what we found ourselves.

    Raises:
        BadDisk: qemu-img sees another file behind this one, where we saw none.
    """
    told: dict[str, Any] = json.loads(output)
    special: dict[str, Any] = told.get("format-specific", {}).get("data", {})
    others = [told.get("backing-filename"), told.get("full-backing-filename"), special.get("data-file")]
    if any(others) or len(special.get("extents", ())) > 1:
        found = "a disk that leans on another file"
        raise BadDisk(name, Reason.UNSAFE, _wanted(judged.format), found, ADVICE[Reason.UNSAFE])
    if told.get("encrypted"):
        raise BadDisk(name, Reason.ENCRYPTED, _wanted(judged.format), "an encrypted disk", ADVICE[Reason.ENCRYPTED])
    return DiskFacts(
        format=judged.format,
        virtual_size=int(told["virtual-size"]),
        file_size=judged.file_size,
        allocated_size=int(told["actual-size"]) if "actual-size" in told else None,
        sub_format=str(special.get("create-type") or special.get("compat") or judged.sub_format),
        features=judged.features,
    )


def health_told(output: bytes) -> DiskHealth:
    """What ``qemu-img check --output json`` found; what it could not check counts as an error."""
    told: dict[str, Any] = json.loads(output)
    corruptions = int(told.get("corruptions", 0)) + int(told.get("check-errors", 0))
    return DiskHealth(looked_through=True, corruptions=corruptions, leaks=int(told.get("leaks", 0)))


def failure(
    ended: Ended, name: str, disk_format: DiskFormat, limits: ToolLimits, *, room: int = _NO_ROOM
) -> FerryError:
    """Why qemu-img failed: the disk's fault, or ours.

    Args:
        room: bytes free where it wrote. Its vmdk driver calls a full disk "Invalid argument".
    """
    said = message(ended.stderr, name)
    if any(words in said for words in _FULL) or (_WRITING in said and room < _NO_ROOM):
        return NoRoom("the work folder", reason=said)
    wanted = _wanted(disk_format)
    if ended.code == -signal.SIGXFSZ or "File too large" in said:
        found = f"one that takes more than the {limits.file_bytes} bytes that are allowed"
        return BadDisk(name, Reason.TOO_LARGE, wanted, found, ADVICE[Reason.TOO_LARGE])
    if ended.code in (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGKILL) or "Cannot allocate memory" in said:
        found = "one that qemu-img cannot work on with the memory that is allowed"
        return BadDisk(name, Reason.RESOURCES, wanted, found, ADVICE[Reason.RESOURCES])
    if ended.code < 0:
        found = f"one that qemu-img fails on (signal {-ended.code})"
        return BadDisk(name, Reason.MALFORMED, wanted, found, ADVICE[Reason.MALFORMED])
    if any(words in said for words in _OUR_SIDE):
        return Unavailable("qemu-img", reason=said)
    found = f"one that qemu-img cannot read ({said})"
    return BadDisk(name, Reason.MALFORMED, wanted, found, ADVICE[Reason.MALFORMED])


def message(stderr: bytes, name: str) -> str:
    """The last line of an error output, with the file's own name where qemu-img had ours for it."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    said = _SPEC.sub(lambda _: name, lines[-1]).removeprefix("qemu-img: ") if lines else "it said nothing"
    said = printable(said).rstrip(".")
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def file_trouble(error: OSError, path: Path) -> FerryError:
    """An error of the file system at a path that the caller named."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom("the work folder", reason=str(error.strerror))
    if error.errno in (errno.ENOENT, errno.EISDIR, errno.ENOTDIR):
        return BadInput("path", path.name, "a regular file that is there")
    return Unavailable(shown(path.name), reason=str(error.strerror))


def _wanted(disk_format: DiskFormat) -> str:
    return f"a disk image in the format {disk_format.value}"
