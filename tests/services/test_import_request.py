"""What a task keeps of a request."""

from __future__ import annotations

import json

from imageferry.domain.access import ProjectId
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.image import DiskFormat, ImageId, Visibility
from imageferry.service.importing.request import ImportRequest


def test_a_request_comes_back_from_its_task_as_it_was() -> None:
    full = ImportRequest(
        container="c",
        object="o",
        account=ProjectId("p"),
        url="https://example.org/x",
        name="web",
        image_id=ImageId("i"),
        source_format=DiskFormat.QCOW2,
        convert_to=DiskFormat.RAW,
        digest=Digest(Algorithm.SHA256, "ab" * 32),
        unpacked_digest=Digest(Algorithm.MD5, "cd" * 16),
        max_virtual_size=5,
        min_disk=1,
        min_ram=2,
        properties={"a": "b"},
        tags=frozenset({"t", "u"}),
        visibility=Visibility.PRIVATE,
        protected=True,
        hidden=True,
        unpack=False,
        member="disk.vmdk",
        echo={"k": [1]},
    )
    for request in (full, ImportRequest(name="plain")):
        assert ImportRequest.of_state(json.loads(json.dumps(request.to_state()))) == request


def test_what_an_earlier_version_kept_is_read_too() -> None:
    state = {"container": "c", "object": "o", "name": "web", "visibility": "shared", "source_format": "vmdk"}
    assert ImportRequest.of_state(state) == ImportRequest(
        container="c", object="o", name="web", source_format=DiskFormat.VMDK
    )
