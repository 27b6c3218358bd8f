"""The description beside an exported disk, and its digests."""

from __future__ import annotations

import hashlib

import pytest
from lxml import etree  # type: ignore[import-untyped]

from imageferry.domain.digest import Algorithm, digest_of
from imageferry.domain.errors import BadInput
from imageferry.wire import ovf

OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"


@pytest.mark.parametrize("name", ["web base 3", "<&\"'>", "\0\x01\ufffe", "{0} {name}", "größe 🦆", "a\nb"])
def test_the_envelope_is_xml_whatever_the_names_are(name: str) -> None:
    data = ovf.envelope(name=name, file=f"{name}.vmdk", size=5, capacity=1024, memory=512)
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(data, parser)
    file = root.find(f"{OVF}References/{OVF}File")
    disk = root.find(f"{OVF}DiskSection/{OVF}Disk")
    assert file is not None
    assert disk is not None
    assert file.get(f"{OVF}href", "").endswith(".vmdk")
    assert file.get(f"{OVF}size") == "5"
    assert disk.get(f"{OVF}capacity") == "1024"
    assert disk.get(f"{OVF}fileRef") == file.get(f"{OVF}id")


def test_digests_are_written_as_ovf_has_them_and_read_back() -> None:
    data = b"disk"
    digests = {
        "web (1).vmdk": digest_of(Algorithm.SHA256, data),
        "web.ovf": digest_of(Algorithm.SHA1, data),
    }
    text = ovf.digest_lines(digests)
    assert text.split(b"\n")[0] == f"SHA256(web (1).vmdk)= {hashlib.sha256(data).hexdigest()}".encode()
    assert ovf.read_digest_lines(text) == digests


def test_what_other_programs_write_is_read() -> None:
    value = hashlib.sha1(b"").hexdigest()
    text = f"SHA1 (a.ovf) = {value.upper()}\r\n\r\nSHA1(b.vmdk)={value}\n".encode()
    assert {name: digest.value for name, digest in ovf.read_digest_lines(text).items()} == {
        "a.ovf": value,
        "b.vmdk": value,
    }


@pytest.mark.parametrize("line", [b"web.vmdk", b"MD5(a)= 00", b"SHA1(a)= 00", b"SHA256()= ", b"\xff"])
def test_a_line_of_another_form_is_an_error(line: bytes) -> None:
    with pytest.raises(BadInput):
        ovf.read_digest_lines(line)


def test_the_disks_of_our_own_description_are_read() -> None:
    data = ovf.envelope(name="web", file="web & more.vmdk", size=5, capacity=1024, memory=512)
    assert ovf.read_disks(data) == [ovf.OvfDisk(file="web & more.vmdk", parent=False, chunked=False)]


def test_disks_are_named_in_the_order_of_the_disks_not_of_the_files() -> None:
    """As vendors write it, each with their own namespace."""
    data = b"""<?xml version="1.0" encoding="UTF-16"?><x:Envelope xmlns:x="urn:draft" xmlns:o="urn:other">
    <x:References><x:File o:id="b" o:href="second"/><x:File o:id="a" o:href="first" o:chunkSize="7"/></x:References>
    <x:DiskSection><x:Disk o:diskId="empty"/><x:Disk o:fileRef="a"/><x:Disk o:fileRef="b" o:parentRef="a"/>
    <x:Disk o:fileRef="nobody"/></x:DiskSection></x:Envelope>""".decode().encode("utf-16")
    found = [(disk.file, disk.parent, disk.chunked) for disk in ovf.read_disks(data)]
    assert found == [("", False, False), ("first", False, True), ("second", True, False), ("", False, False)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        b"<html/>",
        b"<Envelope>",
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="klingon"?><Envelope/>',
        b'<!DOCTYPE Envelope SYSTEM "file:///etc/passwd"><Envelope/>',
        b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Envelope>&b;</Envelope>',
        b"<Envelope>" * 100_000,
    ],
)
def test_what_is_no_description_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="OVF description"):
        ovf.read_disks(data)
