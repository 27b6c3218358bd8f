"""What goes wrong, and the bytes, URLs and circumstances that make it go wrong."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.disks import (
    jpeg,
    luks,
    mbr_disk,
    qcow2,
    qcow2_with_backing,
    qcow2_with_data_file,
    vmdk,
    vmdk_pointing_to,
    vmdk_stream,
)
from tests.file_systems import EICAR
from tests.hostile_server import Play, answer, hangs, says

MIB, GIB = 1 << 20, 1 << 30
MOST_BYTES, MOST_VIRTUAL = 32 * MIB, 16 * GIB
SUFFIXES: Mapping[str, str] = {"vmdk": ".vmdk", "qcow2": ".qcow2.gz", "raw": ".img.gz"}
"""What K5 takes: it knows the format by the name, and all but VMDK packed."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An import of some bytes that are said to be of that format, by K5 and by a task of Glance's API.

    ``title``: of the image; the provider's step in the service goes by it. ``by_k5`` False: K5 has no such thing.
    """

    what: str
    data: Callable[[], bytes]
    form: str = "vmdk"
    title: str = "web"
    packed: bool = False  # the data is packed as K5 wants it already
    verify: Mapping[str, str] = field(default_factory=dict)
    checksum: str = ""
    to: str = ""  # K5 makes all of them raw
    by_k5: bool = True


@dataclass(frozen=True, kw_only=True)
class Source:
    """An import from a URL, by a task: K5 has none. ``path`` beginning with http is a whole URL."""

    what: str
    path: str
    play: Play | None = None


def raw() -> bytes:
    return mbr_disk(MIB)


def torn() -> bytes:
    """A VMDK whose header is good, and whose packed data is not."""
    made = bytearray(vmdk_stream())
    made[128 * 512 + 12 : 128 * 512 + 60] = b"\xff" * 48
    return bytes(made)


def appliance() -> bytes:
    """An OVA of two disks."""
    files = {f"disk{number}.vmdk": vmdk_stream() for number in (1, 2)}
    refs = "".join(f'<File ovf:id="{name}" ovf:href="{name}"/>' for name in files)
    disks = "".join(f'<Disk ovf:diskId="d-{name}" ovf:fileRef="{name}"/>' for name in files)
    namespace = "http://schemas.dmtf.org/ovf/envelope/1"
    text = (
        f'<Envelope xmlns="{namespace}" xmlns:ovf="{namespace}"><References>{refs}</References>'
        f"<DiskSection>{disks}</DiskSection></Envelope>"
    )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in {"web.ovf": text.encode(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def infected() -> bytes:
    return raw() + bytes(4096) + EICAR + bytes(4096 - len(EICAR))


def zeros_packed(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join([*parts, packer.flush()])


CASES: list[Case] = [
    Case(what="another format than was said", data=raw),
    Case(what="a picture", data=jpeg),
    Case(what="a web page", data=lambda: b"<!DOCTYPE html><html><body>Log in</body></html>" * 40),
    Case(what="nothing in it", data=lambda: b""),
    Case(what="a disk that is cut short", data=lambda: vmdk_stream()[:40_000]),
    Case(
        what="a packed disk that is cut short",
        data=lambda: gzip.compress(raw(), mtime=0)[:-40],
        form="raw",
        packed=True,
    ),
    Case(what="a backing file", data=lambda: qcow2_with_backing("/etc/shadow"), form="qcow2"),
    Case(what="a data file beside it", data=qcow2_with_data_file, form="qcow2"),
    Case(what="a descriptor that names another file", data=lambda: vmdk_pointing_to("/etc/shadow")),
    Case(what="an encrypted disk", data=lambda: qcow2(encryption=1), form="qcow2"),
    Case(what="an encrypted volume (LUKS)", data=luks, form="raw"),
    Case(what="a feature that is not known", data=lambda: qcow2(incompatible=1 << 9), form="qcow2"),
    Case(
        what="another digest than was promised",
        data=vmdk_stream,
        verify={"checksum": f"sha1:{'0' * 40}"},
        checksum="0" * 40,
    ),
    Case(what="a disk that cannot be converted", data=torn, to="raw"),
    Case(what="too large as a guest sees it", data=lambda: qcow2(virtual_size=64 * GIB), form="qcow2"),
    Case(what="too large a file", data=lambda: vmdk() + bytes(MOST_BYTES)),
    Case(what="a packed file that swells", data=lambda: zeros_packed(64 * MIB), form="raw", packed=True),
    Case(what="several disks in an OVA", data=appliance, by_k5=False),
    Case(what="something that a scanner objects to", data=infected, form="raw"),
    Case(what="something that the provider's own step refuses", data=vmdk_stream, title="orphan"),
    Case(what="a step that is not done in its time", data=vmdk_stream, title="endless"),
    Case(what="a step of the provider's that breaks", data=vmdk_stream, title="broken"),
]

SOURCES: list[Source] = [
    Source(what="a URL that leads inside", path="http://169.254.169.254/latest/meta-data/"),
    Source(what="a URL of another kind", path="ftp://example.com/web.qcow2"),
    Source(what="a file that the source has not", path="/gone.raw", play=says(answer("404 Not Found"))),
    Source(
        what="a source that stands still", path="/slow.raw", play=hangs(answer(Content_Length="5000000") + raw()[:9000])
    ),
    Source(
        what="a redirect that leads inside",
        path="/moved.raw",
        play=says(answer("302 Found", Location="http://169.254.169.254/")),
    ),
]
