"""What a file is called, by its bytes alone."""

from __future__ import annotations

import pytest

from imageferry.formats.signatures import CONTAINERS, HEAD, RAW_SIGNS, STRANGERS
from imageferry.formats.sniff import sniff
from imageferry.formats.source import Bytes
from tests import disks


@pytest.mark.parametrize("phrase", disks.strangers())
def test_what_is_no_disk_is_named_as_a_person_would(phrase: str) -> None:
    seen = sniff(Bytes(disks.strangers()[phrase]))
    assert seen.stranger == phrase
    assert not seen.containers


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (disks.qcow2(), "qcow2"),
        (disks.qcow2(version=2), "qcow2"),
        (disks.qcow2(version=1), "qcow"),
        (disks.qed(), "qed"),
        (disks.vmdk(), "vmdk"),
        (disks.vmdk_stream(), "vmdk"),
        (disks.vmdk_text(), "vmdk"),
        (b"# a comment\n\nversion=1\nRW 8 FLAT ...\n", "vmdk"),
        (disks.vhd_dynamic(), "vhd"),
        (disks.vhd_fixed(bytes(4096)), "vhd-fixed"),
        (disks.vhdx(), "vhdx"),
        (disks.vdi(), "vdi"),
        (disks.luks(), "luks"),
        (disks.gpt_disk() + b"koly".ljust(512, b"\0"), "dmg"),
    ],
)
def test_a_container_shows_itself_alone(data: bytes, name: str) -> None:
    assert sniff(Bytes(data)).containers == {name}


@pytest.mark.parametrize(
    ("data", "signs"),
    [
        (disks.mbr_disk(), ("mbr",)),
        (disks.gpt_disk(), ("gpt", "mbr")),
        (disks.ext_disk(), ("ext",)),
        (disks.iso(), ("iso9660",)),
        (disks.hybrid_iso(), ("gpt", "iso9660", "mbr")),
        (bytes(disks.MIB), ()),
    ],
)
def test_a_raw_disk_shows_what_boots_it(data: bytes, signs: tuple[str, ...]) -> None:
    seen = sniff(Bytes(data))
    assert seen.signs == signs
    assert not seen.containers
    assert seen.blank is (not signs)


def test_a_footer_with_a_wrong_sum_makes_no_vhd() -> None:
    data = disks.vhd_fixed(disks.mbr_disk())
    assert not sniff(Bytes(disks.put(data, (len(data) - 100, b"\x01")))).containers


def test_every_signature_lies_in_the_bytes_that_are_read() -> None:
    for row in (*CONTAINERS, *RAW_SIGNS, *STRANGERS):
        assert row.offset + len(row.magic) <= HEAD, row


@pytest.mark.parametrize("size", [0, 1, 3, 31, 63, 64, 65, 511, 512, 513, 4095])
def test_short_files_are_no_trouble(size: int) -> None:
    for whole in (disks.qcow2(), disks.vmdk(), disks.vmdk_text(), disks.vdi(), disks.vhdx(), bytes(9999)):
        sniff(Bytes(whole[:size]))
