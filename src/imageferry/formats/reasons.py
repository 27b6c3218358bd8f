"""Why a disk is refused: a stable word for programs, and words that a person can act on."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The values of ``BadDisk.reason``. Kept stable: callers and records hold them."""

    EMPTY = "empty"
    NOT_A_DISK = "not-a-disk"
    WRONG_FORMAT = "wrong-format"
    UNSUPPORTED = "unsupported"  # a disk format that nobody here opens (QED, qcow 1, DMG)
    AMBIGUOUS = "ambiguous"  # two formats at once
    BACKING_FILE = "backing-file"
    DATA_FILE = "data-file"
    OUTSIDE_EXTENT = "outside-extent"  # vmdk: the bytes lie in a file that is named by a path
    DESCRIPTOR_ONLY = "descriptor-only"  # vmdk: the text file that belongs to a disk
    SPLIT = "split"  # vmdk: in slices
    DELTA = "delta"  # only the difference to a parent
    UNKNOWN_FEATURE = "unknown-feature"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too-large"  # what a guest would see is over the limit
    TRUNCATED = "truncated"
    DIRTY = "dirty"  # not closed properly, its tables may lie
    MALFORMED = "malformed"
    UNSAFE = "unsafe"  # a second opinion found what ours did not
    NESTED = "nested"  # an archive with something in it that is no disk: another archive, nothing, too much
    SEVERAL_DISKS = "several-disks"  # an archive with more than one
    RESOURCES = "resources"  # working on it took more memory than is allowed


class Refusal(Exception):
    """What a parser raises. The judge adds the name of the disk and what was expected.

    Args:
        reason: for programs.
        found: ends the sentence "found ...", without a full stop.
        advice: whole sentences; by default those of the reason.
    """

    def __init__(self, reason: Reason, found: str, advice: str = "") -> None:
        super().__init__(found)
        self.reason = reason
        self.found = found
        self.advice = advice or ADVICE[reason]


_ANOTHER_COPY = "The copy is damaged; get it again and compare its size with the original."
_STAND_ALONE = "Make a disk that stands alone: 'qemu-img convert -O qcow2' where all its files are."

ADVICE: dict[Reason, str] = {
    Reason.EMPTY: "Choose the disk file itself, and see that it was written to its end.",
    Reason.NOT_A_DISK: "Choose the disk file itself.",
    Reason.WRONG_FORMAT: "Name the format that was found, or convert the disk to the one that is expected.",
    Reason.UNSUPPORTED: "Convert it to qcow2 first.",
    Reason.AMBIGUOUS: "A file must be one thing only. Convert it to raw or qcow2 with the program that made it.",
    Reason.BACKING_FILE: _STAND_ALONE,
    Reason.DATA_FILE: _STAND_ALONE,
    Reason.OUTSIDE_EXTENT: _STAND_ALONE,
    Reason.DESCRIPTOR_ONLY: (
        "Take the file with the data (often '...-flat.vmdk') as a raw disk, or make one file of them: "
        "'qemu-img convert -O vmdk -o subformat=streamOptimized'."
    ),
    Reason.SPLIT: "Make one file of all slices: 'qemu-img convert -O vmdk -o subformat=streamOptimized'.",
    Reason.DELTA: "Merge it with its parent (delete the snapshot, or clone the machine), then take that disk.",
    Reason.UNKNOWN_FEATURE: "Convert it: 'qemu-img convert -O qcow2 -o compat=1.1'.",
    Reason.ENCRYPTED: "Decrypt the disk first; encryption belongs inside the guest or below the store.",
    Reason.TOO_LARGE: "Make the disk smaller, or ask the administrator for a higher limit.",
    Reason.TRUNCATED: _ANOTHER_COPY,
    Reason.DIRTY: "Stop the machine that uses it, or repair it ('qemu-img check -r all'), then try again.",
    Reason.MALFORMED: _ANOTHER_COPY,
    Reason.UNSAFE: "Convert it to raw or qcow2 with the program that made it.",
    Reason.NESTED: "Unpack it, and bring the disk itself.",
    Reason.SEVERAL_DISKS: "An image is one disk: unpack the archive, and bring each disk alone.",
    Reason.RESOURCES: "Convert it to raw or qcow2 with the program that made it.",
}


def check_size(what: str, virtual_size: int, most: int) -> None:
    """Refuse a disk larger than ``most`` bytes, or of no size at all."""
    if virtual_size > most:
        found = f"{what} of {amount(virtual_size)}, over the limit of {amount(most)}"
        raise Refusal(Reason.TOO_LARGE, found)
    if virtual_size <= 0:
        raise Refusal(Reason.EMPTY, f"{what} of 0 bytes")


def check_reach(what: str, size: int, end: int) -> None:
    """Refuse a file of ``size`` bytes whose own tables reach further."""
    if end > size:
        raise Refusal(Reason.TRUNCATED, f"{what} cut short: {amount(size)} of at least {amount(end)}")


def shown(name: str | bytes) -> str:
    """Text out of a stranger's file as it may stand in a sentence: quoted, escaped, ASCII, not endless."""
    text = ascii(name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name)
    return text if len(text) <= 120 else f"{text[:110]}... ({len(name)} characters)"


def amount(size: int) -> str:
    """Bytes as a person reads them, exact where it is short: "512 bytes", "1 PiB", "3.5 GiB"."""
    for power, unit in ((60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << power:
            return f"{size / (1 << power):.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
