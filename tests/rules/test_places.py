"""Where an object is, in the ways that people write it."""

from __future__ import annotations

import pytest

from imageferry.client.places import read_place, shown_place
from imageferry.domain.errors import BadInput


@pytest.mark.parametrize(
    ("text", "account", "container", "name"),
    [
        ("/images/web.diskdump", "U1", "images", "web.diskdump"),
        ("/images/a/b:c", "U1", "images", "a/b:c"),
        ("images:web.diskdump", "U1", "images", "web.diskdump"),
        ("images:a/b", "U1", "images", "a/b"),
        ("images/a:b", "U1", "images", "a:b"),
        ("images/a/b", "U1", "images", "a/b"),
        ("web.diskdump", "U1", "pithos", "web.diskdump"),
        ("dépôt/é 1", "U1", "dépôt", "é 1"),
        ("100%25", "U1", "pithos", "100%25"),
        ("pithos:x", "U1", "pithos", "x"),
        ("pithos://U2/images/a%20b/c%3A", "U2", "images", "a b/c:"),
    ],
)
def test_all_ways_are_understood(text: str, account: str, container: str, name: str) -> None:
    place = read_place(text, project="U1", container="pithos")
    assert (place.project_id, place.container, place.name) == (account, container, name)


@pytest.mark.parametrize(
    "text",
    ["", "/", "//", "/images", "/images/", "//web", ":web", "images:", "images/", "pithos://", "pithos://U1/c"],
)
def test_what_names_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="location: expected"):
        read_place(text, project="U1", container="pithos")


def test_a_place_is_shown_as_people_write_it() -> None:
    assert shown_place(read_place("images:a/b c", project="U1", container="pithos")) == "/images/a/b c"
