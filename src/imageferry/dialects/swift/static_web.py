"""Containers as web sites: an index for a directory, a listing where there is none, the owner's own error pages.

For visitors without a token, and for those who say ``X-Web-Mode: true``. Everything is read with
the visitor's own rights: a site opens nothing that its access lists do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from urllib.parse import quote

from imageferry.dialects.edge.http import Answer, Query, Request
from imageferry.dialects.swift import errors
from imageferry.dialects.swift.metadata import is_true
from imageferry.dialects.swift.object_read import get_or_head
from imageferry.dialects.swift.paths import container_of, object_of
from imageferry.dialects.swift.put_reply import HTML
from imageferry.domain.errors import FerryError, NotFound
from imageferry.domain.object import MAX_LISTING, ListingQuery, StoredObject, Subdir
from imageferry.service.services import Services
from imageferry.wire import swift, tempurl
from imageferry.wire.web_site import WebSite

_Handler = Callable[[Request, Services], Answer]


def visited(handler: _Handler) -> _Handler:
    """The handler of GET and HEAD of a container or object, for visitors of web sites as well."""

    def answer(request: Request, services: Services) -> Answer:
        if not _is_visitor(request):
            return handler(request, services)
        visit = _Visit(request, services, handler)
        return visit.to_object() if "object" in request.params else visit.to_container()

    return answer


def _is_visitor(request: Request) -> bool:
    """Holders of temporary URLs are none: what they may do is one act on one object."""
    if tempurl.is_temp_url(request.query.__contains__):
        return False
    return request.caller is None or not request.caller.known or is_true(request.headers.get("x-web-mode"))


class _Visit:
    """One request of a visitor."""

    def __init__(self, request: Request, services: Services, handler: _Handler) -> None:
        self._request = request
        self._services = services
        self._handler = handler
        self._project, self._container = container_of(request)
        self._is_directory = request.path.endswith("/")

    @cached_property
    def _site(self) -> WebSite:
        """Looked up when it matters: what is there and is no marker is shown without."""
        return WebSite.of(self._services.objects.metadata_of(self._project, self._container)[1])

    def to_container(self) -> Answer:
        try:
            self._services.objects.container(self._request.caller, self._project, self._container)
        except FerryError as error:
            return self._refused(error)
        if not self._site.is_one:
            if is_true(self._request.headers.get("x-web-mode")):
                raise NotFound("web site", self._container)
            return self._handler(self._request, self._services)
        if not self._is_directory:
            return self._moved()
        if self._site.index:
            try:
                return self._shown(self._site.index)
            except NotFound:
                pass
            except FerryError as error:
                return self._refused(error)
        return self._listing("")

    def to_object(self) -> Answer:
        name = object_of(self._request)[2]
        try:
            found = self._handler(self._request, self._services)
        except NotFound as error:
            if not self._site.is_one:
                raise
            missing = error
        else:
            if not self._is_marker(found):
                return found
            missing = NotFound("object", f"{self._container}/{name}")
        directory = name if self._is_directory else f"{name}/"
        if self._site.index:
            try:
                shown = self._shown(directory + self._site.index)
                return shown if self._is_directory else self._moved()
            except NotFound:
                pass
        if self._is_directory:
            return self._listing(directory)
        return self._moved() if self._has_names(directory) else self._refused(missing)

    def _is_marker(self, found: Answer) -> bool:
        size = found.length or len(found.body)
        if found.status != 200 or size > 1 or not self._site.is_one:
            return False
        kind = next((value for name, value in found.headers if name == "content-type"), "")
        return self._site.stands_for_directory(kind, size)

    def _has_names(self, directory: str) -> bool:
        try:
            return bool(self._rows(directory, limit=1))
        except FerryError:
            return False

    def _rows(self, directory: str, *, limit: int = MAX_LISTING) -> list[StoredObject | Subdir]:
        query = ListingQuery(limit=limit, prefix=directory, delimiter="/")
        return self._services.objects.listing(self._request.caller, self._project, self._container, query)[1]

    def _listing(self, directory: str) -> Answer:
        path = self._request.path
        if not self._site.lists:
            page = self._site.no_listing_page(path, directory)
            return self._refused(Answer(status=404, headers=[HTML], body=page))
        try:
            rows = self._rows(directory)
        except FerryError as error:
            return self._refused(error)
        if directory and not rows:
            return self._refused(NotFound("directory", directory))
        return Answer(status=200, headers=[HTML], body=self._site.listing_page(path, directory, rows))

    def _shown(self, name: str) -> Answer:
        return get_or_head(replace(self._request, params={**self._request.params, "object": name}), self._services)

    def _moved(self) -> Answer:
        """To the same path with a slash, so that what a page refers to is found below it."""
        place = f"{self._request.base_url}{quote(self._request.path)}/"
        body = swift.error_page("Moved Permanently", "The resource has moved permanently.")
        return Answer(status=301, headers=[HTML, ("location", place)], body=body)

    def _refused(self, refusal: FerryError | Answer) -> Answer:
        """An error, with the page that the owner made for it, if the visitor may read that."""
        refused = errors.answer(refusal, self._request) if isinstance(refusal, FerryError) else refusal
        page = replace(
            self._request,
            params={**self._request.params, "object": f"{refused.status}{self._site.error}"},
            headers={},  # ranges and conditions were for something else
            query=Query([]),
        )
        if self._site.error:
            try:
                shown = get_or_head(page, self._services)
                challenge = [row for row in refused.headers if row[0] == "www-authenticate"]
                return replace(shown, status=refused.status, headers=[*shown.headers, *challenge])
            except FerryError:
                pass
        if isinstance(refusal, FerryError):
            raise refusal
        return refused
