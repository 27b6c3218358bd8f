"""Pages made for visitors of a container: whatever names and settings say, it stands there as text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from imageferry.domain.blob import BlobId
from imageferry.domain.moment import SECOND, Moment
from imageferry.domain.object import ContainerId, ObjectId, StoredObject, Subdir, Whole
from imageferry.wire.web_site import WebSite

NASTY = "<script>alert('1')</script>\"&"
MOMENT = Moment(1_795_159_682 * SECOND)


class _Reader(HTMLParser):
    """What a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def _read(page: bytes) -> _Reader:
    reader = _Reader()
    reader.feed(page.decode())
    return reader


def _object(name: str, **more: object) -> StoredObject:
    item = StoredObject(
        id=ObjectId("o"),
        container_id=ContainerId("c"),
        name=name,
        blob_id=BlobId("b"),
        size=2000,
        md5="0" * 32,
        content_type="text/plain",
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    return replace(item, **more)  # type: ignore[arg-type]


def test_settings_are_read_from_metadata() -> None:
    site = WebSite.of({"web-index": " i ", "web-error": "e", "web-listings": "TRUE", "web-directory-type": ""})
    assert (site.index, site.error, site.lists, site.is_one) == ("i", "e", True, True)
    assert site.stands_for_directory("application/directory", 1)
    assert not site.stands_for_directory("application/directory", 2)
    assert not WebSite.of({}).is_one
    assert WebSite.of({"web-listings": "no"}).is_one
    assert not WebSite.of({"web-listings": "no"}).lists


@pytest.mark.parametrize("name", [NASTY, "javascript:alert(1)", "//evil/x", "..", "a b.txt", "é"])
def test_a_name_is_text_and_its_link_stays_here(name: str) -> None:
    site = WebSite(listings="true", label=NASTY, css="")
    rows = [Subdir(f"d/{name}/"), _object(f"d/{name}", content_type=f"text/{NASTY}")]
    page = site.listing_page("/v1/AUTH_x/c/d/", "d/", rows)
    reader = _read(page)
    assert "script" not in [tag for tag, _ in reader.tags]
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    assert links[0] == "../"
    assert all(link is not None and link.startswith("./") and ":" not in link[:6] for link in links[1:])
    assert reader.words.count(name) >= 2


@pytest.mark.parametrize(
    ("css", "prefix", "reference"),
    [
        ("s.css", "", "s.css"),
        ("s.css", "a/b/", "../../s.css"),
        ("/v1/s.css", "a/", "/v1/s.css"),
        ("https://x/s.css", "a/", "https://x/s.css"),
        ('"><script>', "", "%22%3E%3Cscript%3E"),
        ("javascript:x", "", "javascript%3Ax"),
    ],
)
def test_a_style_sheet_is_found_from_every_directory(css: str, prefix: str, reference: str) -> None:
    page = WebSite(listings="true", css=css).listing_page("/v1/AUTH_x/c/", prefix, [])
    assert f'<link rel="stylesheet" type="text/css" href="{reference}" />' in page.decode()


def test_rows_say_size_date_and_kind() -> None:
    rows = [_object("a"), _object("b", whole=Whole(size=5 << 30, etag="")), _object("c", size=0)]
    page = WebSite(listings="true").listing_page("/v1/AUTH_x/c/", "", rows).decode()
    assert 'class="item type-text type-plain"' in page
    assert '<td class="colsize">2Ki</td><td class="coldate">2026-11-20 07:28:02</td>' in page
    assert '<td class="colsize">5Gi</td>' in page
    assert '<td class="colsize">0</td>' in page
    assert 'id="parent"' not in page


def test_a_page_without_a_listing_escapes_too() -> None:
    reader = _read(WebSite(index=NASTY).no_listing_page(f"/v1/AUTH_x/c/{NASTY}/", ""))
    assert "script" not in [tag for tag, _ in reader.tags]
    assert reader.words.count(NASTY) == 2


def test_a_label_takes_the_place_of_account_and_container() -> None:
    page = WebSite(listings="true", label="Site").listing_page("/v1/AUTH_x/c/d/e/", "d/e/", [])
    assert "<title>Listing of Site/d/e/</title>" in page.decode()
