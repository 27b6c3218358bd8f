"""What a file is packed in, by its content: compressed as a whole, or an archive with files in it.

Named as ``signatures`` names them, so that a sentence can. A file that is a disk as well, to
whoever looks elsewhere in it, counts as no archive: judging it as a disk refuses it for both.
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.formats.compressed import Compression
from imageferry.formats.sniff import Sniffed

COMPRESSED: Mapping[str, Compression] = {
    "a gzip archive": Compression.GZIP,
    "a bzip2 archive": Compression.BZIP2,
    "an xz archive": Compression.XZ,
    "a zstd archive": Compression.ZSTD,
}
ZIP = "a ZIP archive"
OVA = "an OVA appliance"
TAR = "a tar archive"  # an OVA all the same where a longer header goes before its first file
ARCHIVES = frozenset({ZIP, OVA, TAR})


def packing(seen: Sniffed) -> str:
    """The words for what can be unpacked here; nothing if it is none of it."""
    if seen.containers or seen.sure:
        return ""
    return seen.stranger if seen.stranger in COMPRESSED or seen.stranger in ARCHIVES else ""
