"""An archive that becomes objects while it comes in.

Only regular files do. What cannot be one is named and passed over; an archive that is no
archive, or is made to be endless, ends the work. Objects that were whole by then stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import AlreadyExists, BadInput, FerryError, NotFound, TooLarge
from imageferry.formats.compressed import Compression, Decoding
from imageferry.formats.tar import Kind, Member, TarStream, Whole
from imageferry.service.objects import Objects, Traits
from imageferry.service.objects.uploads import Upload


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far an archive is followed."""

    decoded: int = 100 << 30  # bytes
    members: int = 100_000
    containers: int = 10_000  # made by one archive
    failures: int = 1000
    ratio: int = 200  # decoded bytes for each one that came
    ratio_from: int = 64 << 20  # decoded bytes, before which the ratio is not judged


class Unpacking:
    """A sink for the bytes of an archive. One thread at a time may call it.

    Args:
        base: ``container/prefix`` that goes before every name, or "".
        traits: what an object of that name has beside its bytes.
    """

    def __init__(
        self,
        objects: Objects,
        caller: Caller | None,
        project: ProjectId,
        *,
        base: str,
        compression: Compression,
        traits: Callable[[str], Traits],
        limits: Limits = Limits(),
    ) -> None:
        allow(caller, Act.WRITE_OBJECTS, owner=project)
        self.created = 0
        self.errors: list[tuple[str, FerryError]] = []
        self._objects = objects
        self._caller = caller
        self._project = project
        self._base = f"{base.rstrip('/')}/" if base else ""
        self._traits = traits
        self._limits = limits
        self._decoding = Decoding(compression)
        self._tar = TarStream()
        self._encoded = 0  # bytes
        self._decoded = 0
        self._members = 0
        self._containers = 0
        self._seen: set[bytes] = set()  # hashes of paths: names may be long
        self._upload: Upload | None = None
        self._path = ""

    def write(self, part: bytes | bytearray) -> None:
        """Raises BadInput, TooLarge: the archive as a whole cannot be taken further."""
        self._encoded += len(part)
        for piece in self._decoding.feed(bytes(part)):
            self._decoded += len(piece)
            self._judge()
            for event in self._tar.feed(piece):
                if isinstance(event, Member):
                    self._begin(event)
                else:
                    self._go_on(event)

    def finish(self) -> None:
        """All bytes are in. Raises BadInput: the archive is not whole, or holds nothing."""
        self._decoding.finish()
        self._tar.finish()
        if not self.created and not self.errors:
            raise BadInput("archive", "no file", "files in it")

    def __enter__(self) -> Unpacking:
        return self

    def __exit__(self, *_: object) -> None:
        self._give_up()

    def _judge(self) -> None:
        limits = self._limits
        if self._decoded > limits.decoded:
            raise TooLarge("unpacked archive", limits.decoded)
        if self._decoded > limits.ratio_from and self._decoded > limits.ratio * self._encoded:
            raise TooLarge("unpacked archive", limits.ratio, unit="bytes for each byte sent")

    def _begin(self, member: Member) -> None:
        self._members += 1
        if self._members > self._limits.members:
            raise TooLarge("archive", self._limits.members, unit="members")
        if member.kind is Kind.DIRECTORY:
            return
        self._path = self._base + member.name.removeprefix("./")
        try:
            self._upload = self._opened(member)
        except FerryError as error:
            self._failed(error)

    def _go_on(self, event: bytes | Whole) -> None:
        if self._upload is None:
            return
        try:
            if isinstance(event, bytes):
                self._upload.write(event)
                return
            self._upload.commit()
            self.created += 1
            self._upload = None
        except FerryError as error:
            self._give_up()
            self._failed(error)

    def _opened(self, member: Member) -> Upload:
        if member.kind is not Kind.FILE:
            raise BadInput("archive member", member.kind.value, "a regular file")
        container, name = _place(self._base, member.name.removeprefix("./"))
        mark = hashlib.blake2b(f"{container}/{name}".encode(), digest_size=16).digest()
        if mark in self._seen:
            raise AlreadyExists("archive member", self._path)
        self._seen.add(mark)
        try:
            return self._begun(container, name, member.size)
        except NotFound:
            self._containers += 1
            if self._containers > self._limits.containers:
                raise TooLarge("archive", self._limits.containers, unit="new containers") from None
            self._objects.create_container(self._caller, self._project, container, {})
            return self._begun(container, name, member.size)

    def _begun(self, container: str, name: str, size: int) -> Upload:
        return self._objects.upload(self._caller, self._project, container, name, traits=self._traits(name), size=size)

    def _failed(self, error: FerryError) -> None:
        self.errors.append((self._path[:2000], error))
        if len(self.errors) >= self._limits.failures:
            raise TooLarge("archive", self._limits.failures, unit="members that fail")

    def _give_up(self) -> None:
        if self._upload is not None:
            upload, self._upload = self._upload, None
            upload.__exit__(None, None, None)


def _place(base: str, name: str) -> tuple[str, str]:
    """Container and object for a member. Raises BadInput."""
    path = base + name
    if "\0" in path or any("\ud800" <= character <= "\udfff" for character in path):
        raise BadInput("path", name, "UTF-8 without NUL")
    if name.startswith("/"):
        raise BadInput("archive member", name, "a name that does not begin with a slash")
    if ".." in name.split("/"):
        raise BadInput("archive member", name, "a name without '..'")
    container, _, rest = path.partition("/")
    if not container or not rest:
        raise BadInput("archive member", name, "a file within a container")
    return container, rest
