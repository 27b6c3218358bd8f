"""Conditional requests: may the answer be given, is it known already, or does a condition fail?

Source: RFC 9110, section 13. Tags are taken with and without quotes, as Swift's clients send both.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from imageferry.domain.moment import Moment
from imageferry.wire.dates import parse_http_date, whole_second_after


class Verdict(Enum):
    GO_ON = "go on"
    NOT_MODIFIED = "not modified"  # 304: the caller has it already
    FAILED = "failed"  # 412


def judge(headers: Mapping[str, str], *, etag: str, modified: Moment) -> Verdict:
    """The verdict on a GET or HEAD of something that exists.

    Args:
        headers: lower-case names.
        etag: without quotes.
        modified: compared in whole seconds, rounded up as Last-Modified is.
    """
    second = whole_second_after(modified)
    if "if-match" in headers:
        if not _any_is(headers["if-match"], etag):
            return Verdict.FAILED
    elif (since := _date(headers, "if-unmodified-since")) is not None and second > since:
        return Verdict.FAILED
    if "if-none-match" in headers:
        return Verdict.NOT_MODIFIED if _any_is(headers["if-none-match"], etag) else Verdict.GO_ON
    if (since := _date(headers, "if-modified-since")) is not None and second <= since:
        return Verdict.NOT_MODIFIED
    return Verdict.GO_ON


def range_holds(headers: Mapping[str, str], *, etag: str, modified: Moment) -> bool:
    """Whether a Range may be answered with a part: If-Range is absent, or names what is there."""
    condition = headers.get("if-range")
    if condition is None:
        return True
    since = parse_http_date(condition)
    if since is not None:
        return whole_second_after(modified) == since
    return _bare(condition) == etag and not condition.strip().startswith("W/")


def tags_of(header: str) -> list[str]:
    """The tags of If-Match or If-None-Match, without quotes."""
    return [_bare(tag) for tag in header.split(",")]


def _any_is(header: str, etag: str) -> bool:
    tags = tags_of(header)
    return "*" in tags or etag in tags


def _bare(tag: str) -> str:
    return tag.strip().removeprefix("W/").strip('"')


def _date(headers: Mapping[str, str], name: str) -> Moment | None:
    text = headers.get(name)
    return None if text is None else parse_http_date(text)
