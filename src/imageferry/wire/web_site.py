"""A container as a web site: what its owner sets, and the pages that are made for visitors.

Pure. Everything that comes from names or metadata is escaped; ids and classes are those that
style sheets for Swift's listings go by.

Source: Swift, middleware/staticweb: the names of the settings and how paths are understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Self
from urllib.parse import quote

from imageferry.domain.object import StoredObject, Subdir
from imageferry.wire.dates import swift_listing

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_STYLE = "h1 {font-size: 1em} th, td {text-align: left; padding: 0 1em} a {text-decoration: none}"
_HEADING = (
    '<tr id="heading"><th class="colname">Name</th><th class="colsize">Size</th><th class="coldate">Date</th></tr>'
)
_UNITS = ("", "Ki", "Mi", "Gi", "Ti", "Pi")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSite:
    """The settings of one container."""

    index: str = ""  # the object that stands for a directory
    error: str = ""  # the end of the name of objects that are shown for errors: 404<error>
    listings: str = ""  # set at all: it is a site; true: directories without index are listed
    css: str = ""  # URL or path of a style sheet
    label: str = ""  # goes before paths instead of account and container
    directory_type: str = "application/directory"

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Self:
        def said(name: str) -> str:
            return metadata.get(f"web-{name}", "").strip()

        return cls(
            index=said("index"),
            error=said("error"),
            listings=said("listings"),
            css=said("listings-css"),
            label=said("listings-label"),
            directory_type=said("directory-type") or "application/directory",
        )

    @property
    def is_one(self) -> bool:
        return bool(self.index or self.listings)

    @property
    def lists(self) -> bool:
        return self.listings.lower() in _TRUE

    def stands_for_directory(self, content_type: str, size: int) -> bool:
        """Whether such an object is a marker rather than something to show."""
        return content_type == self.directory_type and size <= 1

    def listing_page(self, path: str, prefix: str, rows: Sequence[StoredObject | Subdir]) -> bytes:
        """One directory.

        Args:
            path: as the visitor named it, percent-decoded.
            prefix: of the names of all rows: the directory within the container, "" or with a slash at its end.
        """
        title = f"Listing of {escape(self._title(path))}"
        table = "\n".join(self._rows(prefix, rows))
        return self._page(
            title,
            prefix,
            f'<h1 id="title">{title}</h1>\n<table id="listing">\n{_HEADING}\n{table}\n</table>',
        )

    def no_listing_page(self, path: str, prefix: str) -> bytes:
        """Instead of a directory that its owner does not show."""
        words = "<p>This site does not list its directories: X-Container-Meta-Web-Listings is not true.</p>"
        if self.index:
            words += f"\n<p>There is no {escape(self.index)} here, which X-Container-Meta-Web-Index asks for.</p>"
        title = f"Listing of {escape(self._title(path))}"
        return self._page(title, prefix, f"<h1>Web Listing Disabled</h1>\n{words}")

    def _title(self, path: str) -> str:
        return f"{self.label}/{path.split('/', 4)[4]}" if self.label and path.count("/") > 3 else path

    def _page(self, title: str, prefix: str, body: str) -> bytes:
        style = f"<style>{_STYLE}</style>"
        if self.css:
            style = f'<link rel="stylesheet" type="text/css" href="{escape(self._css_path(prefix))}" />'
        head = f'<meta charset="utf-8" />\n<title>{title}</title>\n{style}'
        page = f"<!DOCTYPE html>\n<html>\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        return page.encode("utf-8", "replace")

    def _css_path(self, prefix: str) -> str:
        if self.css.startswith(("/", "http://", "https://")):
            return quote(self.css, safe=":/")
        return "../" * prefix.count("/") + quote(self.css)

    def _rows(self, prefix: str, rows: Sequence[StoredObject | Subdir]) -> Iterator[str]:
        if prefix:
            yield _row(' id="parent" class="item"', "../", "../")
        for row in rows:
            if isinstance(row, Subdir):
                yield _row(' class="item subdir"', _reference(row.name, prefix), row.name.removeprefix(prefix))
        for row in rows:
            if isinstance(row, StoredObject):
                kinds = " ".join(f"type-{escape(word.lower())}" for word in row.content_type.split("/"))
                name = row.name.removeprefix(prefix)
                date = swift_listing(row.updated_at).partition(".")[0].replace("T", " ")
                size = row.size if row.whole is None else row.whole.size
                yield _row(f' class="item {kinds}"', _reference(row.name, prefix), name, _short(size), date)


def _row(attributes: str, reference: str, name: str, size: str = "&nbsp;", date: str = "&nbsp;") -> str:
    link = f'<a href="{escape(reference)}">{escape(name)}</a>'
    cells = (("colname", link), ("colsize", size), ("coldate", date))
    return f"<tr{attributes}>" + "".join(f'<td class="{kind}">{cell}</td>' for kind, cell in cells) + "</tr>"


def _reference(name: str, prefix: str) -> str:
    """Relative, and never one that a browser takes for another site or a scheme."""
    return "./" + quote(name.removeprefix(prefix)).replace(".", "%2E")


def _short(size: int) -> str:
    """``2Ki``: bytes in the largest unit of which there is at least one."""
    value, unit = float(size), 0
    while round(value) >= 1024 and unit + 1 < len(_UNITS):
        value, unit = value / 1024, unit + 1
    return f"{round(value)}{_UNITS[unit]}"
