"""Numbers of versions, names in archives, and which ways of keeping old states go together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.blob import BlobId
from imageferry.domain.errors import BadInput
from imageferry.domain.moment import Moment
from imageferry.domain.object import ContainerId, ObjectId, StoredObject
from imageferry.domain.versioning import (
    NO_VERSION,
    UNVERSIONED,
    Archiving,
    VersionId,
    Versioning,
    VersioningChange,
    archive_name,
    changed,
    read_version,
    version_at,
    version_text,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1_795_175_206_056_490, "1795175206.05649"),
        (1_795_175_206_000_000, "1795175206.00000"),
        (123_000_000, "0000000123.00000"),
        (0, "null"),
    ],
)
def test_a_number_is_written_as_swift_writes_it_and_read_back(number: int, text: str) -> None:
    assert version_text(VersionId(number)) == text
    assert read_version(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("123", 123_000_000), ("1.", 1_000_000), ("123.5", 123_500_000), ("00001795175206.05649", 1_795_175_206_056_490)],
)
def test_other_ways_to_write_a_number_are_read(text: str, number: int) -> None:
    assert read_version(text) == number


@pytest.mark.parametrize(
    "text", ["", "bad", "-5", "+5", "nan", "1e5", "0", "0.0", ".5", "1.x", "99999999999", "٣", "1_0", " 1", "NULL"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_version(text)


def test_an_object_without_a_version_is_called_by_the_number_it_would_get() -> None:
    item = StoredObject(
        id=ObjectId("o"),
        container_id=ContainerId("c"),
        name="n",
        blob_id=BlobId("b"),
        size=0,
        md5="",
        created_at=Moment(1_000_000_000),
        updated_at=Moment(2_000_000_019),
    )
    assert item.number == 2_000_000_010
    assert replace(item, version=VersionId(70)).number == 70


def test_numbers_grow_even_where_the_clock_does_not() -> None:
    first = version_at(Moment(1_000_000_019), behind=None)
    assert first == 1_000_000_010
    assert version_at(Moment(1_000_000_019), behind=first) == 1_000_000_020
    assert version_at(Moment(5), behind=first) == 1_000_000_020
    assert version_at(Moment(2_000_000_000), behind=first) == 2_000_000_000


@pytest.mark.parametrize(
    ("name", "archived"),
    [
        ("f", "001f/1795175733.15636"),
        ("ä/b", "004ä/b/1795175733.15636"),
        ("x" * 300, f"12c{'x' * 300}/1795175733.15636"),
    ],
)
def test_a_name_in_an_archive_begins_with_the_length_of_the_objects_name(name: str, archived: str) -> None:
    assert archive_name(name, Moment(1_795_175_733_156_367)) == archived
    assert read_version("1795175733.15636") != NO_VERSION


STACK = Versioning(archive="a")
HISTORY = Versioning(archive="a", archiving=Archiving.HISTORY)


@pytest.mark.parametrize(
    ("there", "change", "then"),
    [
        (UNVERSIONED, VersioningChange(), UNVERSIONED),
        (UNVERSIONED, VersioningChange(enabled=True), Versioning(enabled=True)),
        (Versioning(enabled=True), VersioningChange(enabled=False), Versioning(enabled=False)),
        (UNVERSIONED, VersioningChange(archive="a"), STACK),
        (STACK, VersioningChange(archive="a", archiving=Archiving.HISTORY), HISTORY),
        (HISTORY, VersioningChange(), HISTORY),
        (STACK, VersioningChange(archive=""), UNVERSIONED),
        (STACK, VersioningChange(archive="", enabled=True), Versioning(enabled=True)),
        (Versioning(enabled=False), VersioningChange(archive="a"), Versioning(enabled=False, archive="a")),
    ],
)
def test_what_a_change_makes_of_it(there: Versioning, change: VersioningChange, then: Versioning) -> None:
    assert changed(there, change) == then


@pytest.mark.parametrize(
    ("there", "change"),
    [
        (STACK, VersioningChange(enabled=True)),
        (STACK, VersioningChange(enabled=False)),
        (Versioning(enabled=True), VersioningChange(archive="a")),
        (UNVERSIONED, VersioningChange(enabled=True, archive="a")),
    ],
)
def test_both_ways_at_once_are_refused(there: Versioning, change: VersioningChange) -> None:
    with pytest.raises(BadInput):
        changed(there, change)
