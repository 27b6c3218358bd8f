"""OVF on paper: the description of a machine around its disks, and the file of digests beside it.

Written as VirtualBox, VMware and libvirt's importers read it: OVF 1.x, one VMDK, a BIOS machine.

Source: DMTF DSP0243 1.1 (envelope, section 5.1: manifest file) and 2.1 (SHA-256 in the manifest).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput

_NAMES: Mapping[Algorithm, str] = {
    Algorithm.SHA1: "SHA1",
    Algorithm.SHA256: "SHA256",
    Algorithm.SHA512: "SHA512",
}
_LINE = re.compile(r"(SHA1|SHA256|SHA512) ?\((.+)\) ?= ?([0-9A-Fa-f]+)")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2

_ENVELOPE = """\
<?xml version="1.0" encoding="UTF-8"?>
<Envelope ovf:version="1.0" xml:lang="en-US" xmlns="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
    <File ovf:id="file1" ovf:href="{file}" ovf:size="{size}"/>
  </References>
  <DiskSection>
    <Info>The disk of the machine</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="{capacity}"
     ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <VirtualSystem ovf:id="machine">
    <Info>A virtual machine</Info>
    <Name>{name}</Name>
    <OperatingSystemSection ovf:id="1">
      <Info>The guest operating system</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>The hardware of the machine</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemType>vmx-07</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:ElementName>1 virtual CPU</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>1</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:ElementName>{memory} MB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>{memory}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:ElementName>IDE controller</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceType>5</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Disk</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
"""
"""Resource types are CIM's: 3 processor, 4 memory, 5 IDE controller, 17 disk. Operating system 1 is "other"."""


def envelope(*, name: str, file: str, size: int, capacity: int, memory: int) -> bytes:
    """The description of a machine with one streamOptimized VMDK.

    Args:
        name: of the machine.
        file: the name of the VMDK, which lies in the same place.
        size: bytes of that file.
        capacity: bytes that the guest sees.
        memory: MiB.
    """
    return _ENVELOPE.format(
        name=_text(name), file=_text(file), size=size, capacity=capacity, memory=memory
    ).encode()  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class OvfDisk:
    """A disk as a description names it."""

    file: str  # name of the file; "" for a disk that is to be made empty
    parent: bool  # it holds only what differs from another
    chunked: bool  # its file is cut into several


def read_disks(data: bytes) -> list[OvfDisk]:
    """The disks of a description, in its order.

    Elements and attributes go by their names whatever their namespace is: drafts and vendors have their own.

    Raises:
        BadInput: no XML, no OVF, or a document type, which no OVF has and which could lead out of it.

    Source: DMTF DSP0243 1.1, sections 7.1 (references) and 9.1 (disks).
    """
    elements: list[tuple[str, dict[str, str]]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not elements or local in ("File", "Disk"):
            elements.append((local, {key.rpartition(" ")[2]: value for key, value in attributes.items()}))

    def refuse(*_: object) -> None:
        raise BadInput("OVF description", "a document type", "none")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise BadInput("OVF description", str(error), "an XML text") from error
    if elements[0][0] != "Envelope":
        raise BadInput("OVF description", elements[0][0], "an Envelope")
    files = {said.get("id"): said for name, said in elements[1:] if name == "File"}
    disks = []
    for name, said in elements[1:]:
        if name == "Disk":
            file = files.get(said.get("fileRef"), {})
            disks.append(OvfDisk(file=file.get("href", ""), parent="parentRef" in said, chunked="chunkSize" in file))
    return disks


def digest_lines(digests: Mapping[str, Digest]) -> bytes:
    """The ``.mf`` file: a line for each file, ``SHA256(web.ovf)= 3a7b...``."""
    lines = [f"{_NAMES[digest.algorithm]}({name})= {digest.value}\n" for name, digest in digests.items()]
    return "".join(lines).encode()


def read_digest_lines(data: bytes) -> dict[str, Digest]:
    """What a ``.mf`` file promises, by file name.

    Raises:
        BadInput: a line of another form.
    """
    algorithms = {name: algorithm for algorithm, name in _NAMES.items()}
    found = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise BadInput("line of the .mf file", line, "SHA256(file)= hex digits")
        found[match[2]] = Digest.parse(algorithms[match[1]], match[3], field=f"digest of {match[2]}")
    return found


def _text(text: str) -> str:
    return html.escape(_NOT_XML.sub("_", text))
