"""Whatever the bytes are: facts or BadDisk, for a bounded number of bytes read."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.domain.errors import BadDisk
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import Limits, Reason, judge
from imageferry.formats.source import Budgeted, Bytes, ByteSource
from tests import disks

LIMITS = Limits()
SEEDS: dict[str, Callable[[], bytes]] = {
    "qcow2": disks.qcow2,
    "vmdk": disks.vmdk,
    "vmdk stream": disks.vmdk_stream,
    "vmdk text": disks.vmdk_text,
    "vhd": lambda: disks.vhd_dynamic(disks.GIB),
    "vhd fixed": lambda: disks.vhd_fixed(disks.mbr_disk(1 << 16)),
    "vhdx": disks.vhdx,
    "vdi": lambda: disks.vdi(disks.GIB),
    "gpt": lambda: disks.gpt_disk(1 << 16),
    "iso": lambda: disks.iso(1 << 16),
}

_EDGES = [
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    1 << 40,
    1 << 60,
    (1 << 63) - 1,
    (1 << 64) - 1,
]
_NUMBERS = st.builds(
    lambda form, value: struct.pack(form, value & (1 << 8 * struct.calcsize(form)) - 1),
    st.sampled_from(["<H", ">H", "<I", ">I", "<Q", ">Q"]),
    st.one_of(st.sampled_from(_EDGES), st.integers(0, (1 << 64) - 1)),
)
_PIECES = st.one_of(
    _NUMBERS, st.binary(max_size=24), st.sampled_from([b"KDMV", b"QFI\xfb", b"conectix", b"CD001", b"\x55\xaa"])
)


@functools.cache
def seed_disk(name: str) -> tuple[bytes, st.SearchStrategy[int]]:
    """A sound disk, and where to change it: mostly where it has more than zeros."""
    data = SEEDS[name]()
    busy = [at for at in range(0, len(data), 4) if data[at : at + 4] != b"\0\0\0\0"][:2000]
    return data, st.one_of(st.sampled_from(busy), st.integers(0, min(len(data), 600)), st.integers(0, len(data)))


def refusal(source: ByteSource, expected: DiskFormat | None) -> BadDisk | None:
    """How a disk is refused. Any other error comes out."""
    try:
        facts = judge(source, expected, limits=LIMITS)
    except BadDisk as refused:
        return refused
    assert 0 < facts.virtual_size <= LIMITS.virtual_size_bytes
    assert facts.format is (expected or facts.format)
    assert not facts.outside
    return None


@pytest.mark.parametrize("seed", SEEDS)
@settings(deadline=None, max_examples=150)
@given(draw=st.data())
def test_a_changed_disk_is_known_or_refused(seed: str, draw: st.DataObject) -> None:
    data, places = seed_disk(seed)
    data = disks.put(data, *draw.draw(st.lists(st.tuples(places, _PIECES), max_size=5)))
    data = data[: draw.draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))]
    expected = draw.draw(st.one_of(st.none(), st.sampled_from(DiskFormat)))
    source = Budgeted(Bytes(data), 1 << 62)
    if refused := refusal(source, expected):
        assert refused.reason in set(Reason)
        assert str(refused).isprintable()
    assert source.spent <= LIMITS.read_bytes


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=2000), expected=st.sampled_from([None, *DiskFormat]))
def test_any_bytes_are_known_or_refused(data: bytes, expected: DiskFormat | None) -> None:
    refusal(Bytes(data), expected)
