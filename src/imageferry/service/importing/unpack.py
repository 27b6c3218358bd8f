"""What comes packed is unpacked: compressed files, ZIP archives and OVA appliances, told by their content.

A stream goes block by block from the blob that came into a fresh one; a file that lies as it is
in an archive stays where it is, and its place is handed on. At most one archive and one
compression, in any order: who packs more often than that plays for our time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from imageferry.domain.blob import BlobDraft
from imageferry.domain.block import BLOCK_SIZE, trimmed_length
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadDisk, BadInput, DigestMismatch, TooLarge
from imageferry.domain.image import DiskFormat
from imageferry.formats.compressed import Compression, Decoding
from imageferry.formats.judge import ENOUGH_BYTES, Limits, refuse_early
from imageferry.formats.packed import ARCHIVES, COMPRESSED, OVA, ZIP, packing
from imageferry.formats.reasons import ADVICE, Reason, Refusal, shown
from imageferry.formats.sniff import sniff, sniff_head
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs, Section, cut, whole
from imageferry.service.importing.archives import Picked, disk_in_ova, disk_in_zip
from imageferry.service.importing.material import section_bytes
from imageferry.service.plans import StepContext

_DISK = "a disk image"
_SMALLER = "Make the disk smaller, or ask the administrator for a higher limit."
_BOOT_FILES = frozenset({DiskFormat.AKI, DiskFormat.ARI, DiskFormat.AMI})  # a ramdisk is a packed archive by nature


@dataclass(frozen=True, kw_only=True, slots=True)
class UnpackLimits:
    """How far packed bytes are followed. Holes are cheap: the ratio is for what keeps a processor busy with them."""

    decoded: int = 1 << 40  # bytes
    ratio: int = 1100  # decoded bytes for each one that came; gzip alone cannot reach it
    ratio_from: int = 16 << 30  # decoded bytes, before which the ratio is not judged
    members: int = 1000  # of an archive


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is to come out.

    ``what``: the name of the file, for messages. ``member``: which file of an archive; "": the
    only disk. ``algorithms``: digests that will be wanted of the fresh blob. ``room``: told how
    many bytes are stored so far, without holes; raises when they are too many.
    """

    what: str
    format: DiskFormat | None = None
    member: str = ""
    algorithms: Collection[Algorithm] = ()
    room: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacker:
    """Unpacks what steps have brought. ``always``: also where nobody has asked for it."""

    records: Records
    blobs: Blobs
    judging: Limits
    limits: UnpackLimits = field(default_factory=UnpackLimits)
    always: bool = True

    def wanted(self, asked: bool | None, disk_format: DiskFormat | None) -> bool:
        """Whether a file that shall be a disk of that format is unpacked. ``asked`` None: as the service is set."""
        return disk_format not in _BOOT_FILES and (self.always if asked is None else asked)

    def unpack(self, context: StepContext, sections: Sequence[Section], asked: Asked) -> tuple[Section, ...]:
        """Where the disk's own bytes are: ``sections`` themselves, if they are packed in nothing known here.

        What is made on the way is held by the task. Nothing is said of the disk but that an
        appliance's is a VMDK; that is for ``judge``.

        Raises:
            BadDisk: packed bytes that are damaged, cut short, or hold no disk, or several, or more layers.
            DigestMismatch: the appliance's own list of digests says another thing.
            TooLarge: more comes out than the limits allow.
        """
        found = tuple(sections)
        layers: list[str] = []
        try:
            while layer := packing(sniff(section_bytes(self.blobs, found))):
                if any((layer in ARCHIVES) is (outer in ARCHIVES) for outer in layers):
                    raise Refusal(Reason.NESTED, f"{layer} in {' in '.join(reversed(layers))}")
                inner = self._layer_off(context, found, layer, asked)
                if inner is None:
                    break
                layers.append(layer)
                found = inner
            if asked.member and ARCHIVES.isdisjoint(layers):
                raise Refusal(
                    Reason.NESTED, f"no archive that {shown(asked.member)} could be in", "Leave its name out."
                )
            if OVA in layers:
                self._check_appliance(found)
        except Refusal as refusal:
            raise BadDisk(asked.what, refusal.reason, _DISK, refusal.found, refusal.advice) from refusal
        return found

    def as_blob(self, context: StepContext, sections: Sequence[Section], algorithms: Collection[Algorithm]) -> Section:
        """The same bytes as a whole blob; written anew only where they are none."""
        if len(sections) == 1 and sections[0] == whole(sections[0].blob):
            return sections[0]
        context.begin(sum(section.size for section in sections))
        return self._kept(context, self.blobs.rewrite(sections, algorithms, context.advance))

    def _layer_off(
        self, context: StepContext, sections: tuple[Section, ...], layer: str, asked: Asked
    ) -> tuple[Section, ...] | None:
        """What is inside; None: an archive that is not unpacked here."""
        if layer in COMPRESSED:
            return (self._decoded(context, sections, COMPRESSED[layer], layer, asked),)
        source = section_bytes(self.blobs, sections)
        most = self.limits.members
        picked = (
            disk_in_zip(source, asked.member, most=most)
            if layer == ZIP
            else disk_in_ova(source, asked.member, most=most)
        )
        if picked is None:
            return None
        inner = tuple(cut(sections, picked.start, picked.stop))
        words = f"{layer} in which {shown(picked.name)}"
        if picked.compression is not Compression.NONE:
            return (self._decoded(context, inner, picked.compression, words, asked, picked),)
        self._check_promises(context, inner, words, picked)
        return inner

    def _check_promises(self, context: StepContext, inner: Sequence[Section], words: str, picked: Picked) -> None:
        """Of a file that lies in the archive as it is."""
        context.begin(picked.stop - picked.start)
        if picked.crc is not None:
            crc = 0
            for part in self.blobs.read(inner):
                crc = zlib.crc32(part, crc)
                context.advance(len(part))
            _check_crc(words, picked, crc)
        if picked.digest is not None:
            algorithm = picked.digest.algorithm
            found = Digest(algorithm, self.blobs.digests(inner, [algorithm], context.advance)[algorithm])
            if found != picked.digest:
                raise DigestMismatch(shown(picked.name), promised=picked.digest, found=found)

    def _check_appliance(self, disk: tuple[Section, ...]) -> None:
        seen = sniff(section_bytes(self.blobs, disk))
        if "vmdk" not in seen.containers:
            there = ", ".join(sorted(seen.containers)) or seen.stranger or "bytes of another kind"
            found = f"an OVA appliance whose disk is no VMDK, but {there}"
            raise Refusal(Reason.WRONG_FORMAT, found, ADVICE[Reason.NESTED])

    def _decoded(
        self,
        context: StepContext,
        sections: tuple[Section, ...],
        compression: Compression,
        words: str,
        asked: Asked,
        picked: Picked | None = None,
    ) -> Section:
        writer = self.blobs.writer(asked.algorithms)
        crc, stored = 0, 0
        try:
            for block in _blocks(self._pieces(context, sections, compression, words, asked)):
                if not writer.size:
                    self._judge_early(block, asked)
                crc = zlib.crc32(block, crc) if picked else 0
                stored += trimmed_length(block)
                asked.room(stored)
                writer.write(block)
                if picked and picked.size is not None and writer.size > picked.size:
                    raise Refusal(Reason.MALFORMED, f"{words} is longer than it says")
            if picked:
                _check_crc(words, picked, crc, size=writer.size)
            return self._kept(context, writer.finish())
        except BaseException:
            writer.abandon()
            raise

    def _pieces(
        self, context: StepContext, sections: Sequence[Section], compression: Compression, words: str, asked: Asked
    ) -> Iterator[bytes]:
        """What is inside, bit by bit, as long as it keeps within the limits."""
        limits = self.limits
        decoding = Decoding(compression)
        encoded = decoded = 0
        context.begin(sum(section.size for section in sections))
        for part in self.blobs.read(sections):
            encoded += len(part)
            try:
                for piece in decoding.feed(part):
                    decoded += len(piece)
                    if decoded > limits.decoded:
                        raise TooLarge(f"{asked.what}, unpacked", limits.decoded, advice=_SMALLER)
                    if decoded > max(limits.ratio_from, limits.ratio * encoded):
                        raise TooLarge(
                            f"{asked.what}, unpacked", limits.ratio, unit="bytes for each that came", advice=_SMALLER
                        )
                    context.advance(0)
                    yield piece
            except BadInput as error:
                raise Refusal(Reason.MALFORMED, f"{words}, but damaged ({error.found})") from error
            context.advance(len(part))
        try:
            decoding.finish()
        except BadInput as error:
            raise Refusal(Reason.TRUNCATED, f"{words}, but cut short") from error

    def _judge_early(self, block: bytearray, asked: Asked) -> None:
        """What the first bytes forbid already needs no unpacking to its end."""
        if len(block) == BLOCK_SIZE and not packing(sniff_head(bytes(block[:ENOUGH_BYTES]))):
            refuse_early(bytes(block), asked.format, size=None, what=asked.what, limits=self.judging)

    def _kept(self, context: StepContext, draft: BlobDraft) -> Section:
        return whole(self.blobs.keep(draft, held_by=context.task.id))


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytearray]:
    """Pieces of any size as blocks, the last one shorter."""
    block = bytearray()
    for piece in pieces:
        block += piece
        while len(block) >= BLOCK_SIZE:
            rest = block[BLOCK_SIZE:]
            del block[BLOCK_SIZE:]
            yield block
            block = rest
    if block:
        yield block


def _check_crc(words: str, picked: Picked, crc: int, *, size: int | None = None) -> None:
    if crc != picked.crc or (size is not None and size != picked.size):
        raise Refusal(Reason.MALFORMED, f"{words} is not what its directory says")
