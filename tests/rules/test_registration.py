"""Registrations: words of Plankton and ours, locations, names of properties, and what registering and changing make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.access import ProjectId
from imageferry.domain.blob import BlobId
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, Visibility
from imageferry.domain.moment import Moment
from imageferry.domain.registration import (
    CONTAINER_FORMATS,
    DISK_FORMATS,
    Described,
    Filters,
    Place,
    Registered,
    Registration,
    Standing,
    Wish,
    check_promises,
    described,
    meant,
    overridden,
    overridden_properties,
    property_name,
    updated,
    updated_properties,
    with_formats,
    with_last_word,
)
from imageferry.wire import plankton

NOW = Moment(1_371_628_822_123_456)
OURS = ProjectId("U1")
IMAGE = Image(
    id=ImageId("80d9e9ab-59f5-4eaa-8be6-ba97a7b20226"),
    owner=OURS,
    name="Debian",
    status=Status.ACTIVE,
    disk_format=DiskFormat.RAW,
    container_format=ContainerFormat.BARE,
    size=5,
    created_at=NOW,
    updated_at=NOW,
)
FIRST = Registration(image_id=IMAGE.id)


def of_object(image: Image = IMAGE, **fields: object) -> Described:
    registration = replace(FIRST, **fields)  # type: ignore[arg-type]
    place = Place(OURS, "pithos", "debian")
    registered = Registered(registration=registration, place=place, blob_id=BlobId("b"), created_at=Moment(7))
    return described(image, registered, "H1")


def said(*values: str, capital: int = -1) -> list[tuple[str, bool]]:
    return [(value, number == capital) for number, value in enumerate(values)]


# -- locations -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pithos://U1/pithos/debian.diskdump", Place(OURS, "pithos", "debian.diskdump")),
        ("pithos://U1/a%20b/c%2Fd/%C3%A9%25", Place(OURS, "a b", "c/d/é%")),
        ("pithos://U1/c/a/b//c/", Place(OURS, "c", "a/b//c/")),
        ("pithos://U1/c/100%", Place(OURS, "c", "100%")),
        ("pithos://U1/c/a?b#c", Place(OURS, "c", "a?b#c")),
    ],
)
def test_a_location_says_where_an_object_is(text: str, place: Place) -> None:
    assert Place.parse(text) == place
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pithos",
        "pithos://",
        "pithos://U1",
        "pithos://U1/c",
        "pithos://U1/c/",
        "pithos:///c/o",
        "pithos://U1//o",
        "http://U1/c/o",
        "U1/c/o",
        "/c/o",
        "PITHOS ://U1/c/o",
        "pithos:/U1/c/o",
        "pithos://U1/c/o%00",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(BadInput, match="location"):
        Place.parse(text)


# -- words -----------------------------------------------------------------------


@pytest.mark.parametrize(("word", "ours"), DISK_FORMATS.items())
def test_each_word_for_a_format_is_kept_and_means_one_of_ours(word: str, ours: DiskFormat) -> None:
    registration = updated(FIRST, Wish(disk_format=word.upper()))
    assert registration.disk_format == word
    assert with_formats(IMAGE, registration).disk_format is ours
    assert of_object(disk_format=word).disk_format == word


@pytest.mark.parametrize(("word", "ours"), CONTAINER_FORMATS.items())
def test_so_does_each_word_for_a_container_format(word: str, ours: ContainerFormat) -> None:
    registration = updated(FIRST, Wish(container_format=word))
    assert with_formats(IMAGE, registration).container_format is ours


@pytest.mark.parametrize("wish", [Wish(disk_format="qcow3"), Wish(disk_format=""), Wish(container_format="docker")])
def test_other_words_are_refused(wish: Wish) -> None:
    for merge in (updated, overridden):
        with pytest.raises(BadInput, match="format"):
            merge(FIRST, wish)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (IMAGE, ("available", "diskdump", "bare")),
        (replace(IMAGE, disk_format=DiskFormat.VHDX, status=Status.QUEUED), ("saving", "vhdx", "bare")),
        (replace(IMAGE, disk_format=None, container_format=None), ("available", "", "")),
        (replace(IMAGE, disk_format=DiskFormat.QCOW2, status=Status.DEACTIVATED), ("deactivated", "qcow2", "bare")),
        (
            replace(IMAGE, container_format=ContainerFormat.DOCKER, status=Status.IMPORTING),
            ("saving", "diskdump", "docker"),
        ),
    ],
)
def test_an_image_made_elsewhere_has_words_made_of_its_own(image: Image, words: tuple[str, str, str]) -> None:
    shown = described(image, None, "")
    assert (shown.status, shown.disk_format, shown.container_format, shown.location) == (*words, "")


def test_the_status_is_the_text_that_was_set_unless_the_image_cannot_be_used() -> None:
    assert of_object(status="Ready for é").status == "Ready for é"
    assert of_object(status="").status == ""
    assert of_object(status="x", standing=Standing.UNJUDGED).status == "saving"
    refused = of_object(status="x", standing=Standing.REFUSED, reason="a picture")
    assert (refused.status, refused.description) == ("error", "a picture")
    assert of_object(replace(IMAGE, status=Status.DEACTIVATED), status="x").status == "deactivated"


@pytest.mark.parametrize("visibility", Visibility)
def test_public_is_what_everybody_may_use(visibility: Visibility) -> None:
    public = described(replace(IMAGE, visibility=visibility), None, "").is_public
    assert public == (visibility in (Visibility.PUBLIC, Visibility.COMMUNITY))


# -- properties ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"), [("ROOT-PARTITION", "root_partition"), ("a.b!c~d", "a_b_c_d"), ("É b", "é b"), ("x_y", "x_y")]
)
def test_names_of_properties_are_made_alike(text: str, name: str) -> None:
    assert property_name(text) == name
    assert property_name(name) == name


@pytest.mark.parametrize(
    ("values", "stored", "wanted"),
    [
        (said("admin"), "root", "admin"),
        (said("root", "admin", capital=1), "root", "admin"),
        (said("admin", "root", capital=0), "root", "admin"),
        (said("root", "admin", capital=0), "root", "root"),  # the capital one is the change, to what is there
        (said("root", "admin"), "root", "admin"),
        (said("admin", "root"), "root", "admin"),
        (said("root", ""), "root", ""),
        (said("", "root"), "root", ""),
        (said("root", "root"), "root", "root"),
        (said("a", "b"), "root", "b"),
        (said("a", "b"), None, "b"),
        ([("a", True), ("b", True)], "a", "b"),
    ],
)
def test_of_several_values_the_change_is_meant(values: list[tuple[str, bool]], stored: str | None, wanted: str) -> None:
    assert meant(values, stored) == wanted


def test_registering_replaces_all_properties_and_changing_those_that_are_said() -> None:
    there = {"os": "Linux", "user": "root", "swap": "2:512"}
    wish = Wish(properties={"user": said("root", "admin"), "swap": said(""), "kernel": said("6.1")})
    assert overridden_properties(there, wish) == {"user": "admin", "kernel": "6.1"}
    assert updated_properties(there, wish) == {"os": "Linux", "user": "admin", "kernel": "6.1"}


def test_a_property_made_elsewhere_keeps_its_spelling() -> None:
    there = {"os-Distro": "debian", "hw_disk_bus": "scsi"}
    assert of_object(replace(IMAGE, properties=there)).properties == {"os_distro": "debian", "hw_disk_bus": "scsi"}
    wish = Wish(properties={"os_distro": said("fedora")})
    assert updated_properties(there, wish) == {"os-Distro": "fedora", "hw_disk_bus": "scsi"}
    gone = Wish(properties={"os_distro": said("")})
    assert updated_properties(there, gone) == {"hw_disk_bus": "scsi"}


def test_what_is_added_has_the_last_word_however_the_names_there_are_spelled() -> None:
    there = {"os-Distro": "fedora", "OS_DISTRO": "debian", "hw_disk_bus": "scsi"}
    assert with_last_word(there, {"os_distro": "arch"}) == {"os_distro": "arch", "hw_disk_bus": "scsi"}
    assert with_last_word(there, {}) == there


def test_registering_again_begins_anew_and_changing_goes_on() -> None:
    there = Registration(image_id=IMAGE.id, status="mine", disk_format="ntfsdump", container_format="ovf")
    assert overridden(there, Wish()) == FIRST
    assert updated(there, Wish()) == there
    assert updated(there, Wish(status="")).status == ""
    with pytest.raises(BadInput, match="status"):
        updated(there, Wish(status="x" * 256))


@pytest.mark.parametrize(
    "wish", [Wish(size="6"), Wish(size=""), Wish(size="five"), Wish(checksum="H2"), Wish(store="s3"), Wish(id="x")]
)
def test_what_is_promised_must_be_so(wish: Wish) -> None:
    check_promises(Wish(size=" 5", checksum="H1", store="Pithos"), size=5, checksum="h1")
    with pytest.raises(BadInput):
        check_promises(wish, size=5, checksum="h1")


# -- lists -----------------------------------------------------------------------


def listed(*names: str) -> list[Described]:
    rows = enumerate(names)
    return [replace(of_object(), id=ImageId(f"{n}"), name=name, size=n, created_at=Moment(n)) for n, name in rows]


def test_text_is_compared_without_regard_to_case_and_sizes_as_numbers() -> None:
    rows = listed("Debian Äpfel", "debian äpfel", "Fedora")
    assert [row.id for row in Filters(texts={"name": "DEBIAN ÄPFEL"}).of(rows)] == ["1", "0"]
    assert [row.id for row in Filters(texts={"status": "AVAILABLE"}, size_min=1, size_max=1).of(rows)] == ["1"]
    assert Filters(texts={"name": "fedora", "disk_format": "qcow2"}).of(rows) == []


def test_what_was_encoded_once_more_is_decoded_once_more_where_nothing_matches_as_it_is() -> None:
    rows = listed("a b", "a%20b")
    filters = plankton.read_filters([("name", "a%20b")])
    assert [row.name for row in filters.of(rows)] == ["a%20b"]
    assert [row.name for row in filters.of(rows[:1])] == ["a b"]
    assert plankton.read_filters([("name", "100%")]).otherwise == {}


@pytest.mark.parametrize("key", ["id", "name", "status", "size", "disk_format", "container_format", "created_at"])
def test_equals_stand_in_the_order_of_their_ids(key: str) -> None:
    rows = [replace(row, size=1, created_at=NOW) for row in listed("x", "x", "x")]
    assert [row.id for row in Filters(sort_key=key, descending=False).of(rows)] == ["0", "1", "2"]
    assert [row.id for row in Filters(sort_key=key).of(rows)] == ["2", "1", "0"]


@pytest.mark.parametrize(
    "pair",
    [
        ("sort_key", "colour"),
        ("sort_dir", "up"),
        ("size_min", "x"),
        ("size_max", "-1"),
        ("size_min", "9" * 5000),
        ("size_min", "1.5"),
        ("size_max", "٣"),
    ],
)
def test_a_bad_order_or_size_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(BadInput, match=pair[0]):
        plankton.read_filters([pair])


# -- headers ---------------------------------------------------------------------


def test_what_headers_say_is_decoded_once_and_unknown_ones_are_passed_over() -> None:
    location, wish = plankton.read_wish(
        [
            ("x-auth-token", "t"),
            ("X-Image-Meta-Name", "Debian%20B%C3%A4se%2520"),
            ("x-image-meta-location", "pithos://U1/c/a%2520b"),
            ("x-image-meta-owner", "U1 (alice@example.org)"),
            ("x-image-meta-is-public", "TRUE"),
            ("x-image-meta-status", ""),
            ("x-image-meta-colour", "blue"),
            ("x-image-meta-property-USER", "admin"),
            ("x-image-meta-property-user", "root%FF"),
            ("X-Image-Meta-Property-%C3%A9-b", "%0d%0a"),
        ]
    )
    assert Place.parse(location).name == "a%20b"
    assert wish == Wish(
        name="Debian Bäse%20",
        status="",
        public=True,
        properties={"user": [("admin", True), ("root%FF", False)], "é_b": [("\r\n", False)]},
    )


@pytest.mark.parametrize(
    ("text", "public"), [("true", True), ("True", True), ("1", False), ("yes", False), ("", False)]
)
def test_only_true_is_public(text: str, public: bool) -> None:
    assert plankton.read_wish([("x-image-meta-is-public", text)])[1].public is public


def test_a_property_needs_a_name() -> None:
    with pytest.raises(BadInput, match="property"):
        plankton.read_wish([("x-image-meta-property-", "x")])


def test_answers_are_encoded_so_that_no_header_breaks() -> None:
    image = of_object(replace(IMAGE, name="a é\r\nX-Evil: 1", properties={"é b_c": "x: y;z\n%"}), status="ü")
    rows = dict(plankton.headers(image))
    assert rows["x-image-meta-name"] == "a%20%C3%A9%0D%0AX-Evil:%201"
    assert rows["x-image-meta-status"] == "%C3%BC"
    assert rows["x-image-meta-property-%C3%A9%20b-c"] == "x:%20y;z%0A%25"
    assert rows["x-image-meta-created-at"] == "1970-01-01 00:00:00"
    assert rows["x-image-meta-updated-at"] == "2013-06-19 08:00:22"
    assert all(value.isprintable() and value.isascii() for row in rows.items() for value in row)
