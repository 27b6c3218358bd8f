"""The URL that bytes are fetched from: read strictly, resolved nowhere.

What a URL says can be read in more than one way (user names that look like hosts, dots of other
scripts, numbers in place of an address), and every reading but one has been a way in somewhere.
So a URL is taken apart once, here, and what is doubtful is refused. The address that the host
leads to is judged when it is connected to, by ``domain.addresses``.

Source: RFC 3986, RFC 3490; specs/openstack.md, section 4.11 ("uri passes the filter").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from imageferry.domain.addresses import NetworkRules, read_address, why_closed
from imageferry.domain.errors import BadInput, BadSource

PORTS = {"http": 80, "https": 443}
MAX_LENGTH = 4096  # characters

_WANTED = "an http or https URL such as https://example.org/disk.qcow2"
_DOUBTFUL = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_KEPT = "%/:@!$&'()*+,;=~-._"  # of a path, as it stands; anything else is percent-encoded


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """A URL taken apart. ``host``: lower-case ASCII, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, as they go into a request

    @property
    def authority(self) -> str:
        """As it stands in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def name(self) -> str:
        """The last part of the path: what a person would call the file."""
        return self.target.partition("?")[0].rsplit("/", 1)[-1] or self.host

    def __str__(self) -> str:
        """For messages: without the query, which may hold a signature."""
        path = self.target.partition("?")[0]
        shown = f"{self.scheme}://{self.authority}{path}"
        return shown if len(shown) <= 200 else f"{shown[:190]}..."


def read_source(text: object, rules: NetworkRules, *, field: str = "uri") -> SourceUrl:
    """A stranger's URL, checked as far as that goes without asking anybody.

    Raises:
        BadInput: not an http or https URL, or one that can be read in two ways.
        BadSource: a port or an address that nothing may be fetched from.
    """
    if not isinstance(text, str) or not text or len(text) > MAX_LENGTH or _DOUBTFUL.search(text):
        raise BadInput(field, _shown(text), _WANTED)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadInput(field, _shown(text), _WANTED) from error
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise BadInput(field, _shown(text), _WANTED)
    if "@" in parts.netloc:
        raise BadInput(field, _shown(text), f"{_WANTED}, without a user name or a password")
    host = _host(parts.hostname or "")
    if host is None or port == 0 or ("[" in parts.netloc and ":" not in host):
        raise BadInput(field, _shown(text), _WANTED)
    target = quote(parts.path or "/", safe=_KEPT)
    if parts.query:
        target += "?" + quote(parts.query, safe=_KEPT + "?")
    url = SourceUrl(scheme, host, PORTS[scheme] if port is None else port, target)
    _check(url, rules)
    return url


def redirected(url: SourceUrl, location: str, rules: NetworkRules) -> SourceUrl:
    """Where a redirect of ``url`` leads.

    Raises:
        BadSource: nowhere that may be fetched from, or from https to http.
    """
    try:
        absolute = urljoin(f"{url.scheme}://{url.authority}{url.target}", location)
        there = read_source(location if _DOUBTFUL.search(location) else absolute, rules, field="Location")
    except (BadInput, ValueError) as error:
        found = f"a redirect to {_shown(location)!r}"
        raise BadSource(str(url), "redirect", "the file, or a redirect to an http or https URL", found) from error
    if url.scheme == "https" and there.scheme == "http":
        raise BadSource(str(url), "redirect", "a redirect that stays with https", f"one to {there}")
    return there


def refused_address(url: SourceUrl, address: str, word: str) -> BadSource:
    """The error for an address that nothing may be fetched from."""
    where = "an address that is" if address == url.host else f"{address}, which is"
    return BadSource(
        str(url),
        "forbidden-address",
        "a public address",
        f"{where} {word}",
        "Use a public address, or ask the administrator to allow this one.",
    )


def _check(url: SourceUrl, rules: NetworkRules) -> None:
    if not rules.takes_port(url.port):
        ports = ", ".join(str(port) for port in sorted(rules.ports))
        raise BadSource(
            str(url), "forbidden-port", f"one of the ports {ports}", f"port {url.port}", "Ask the administrator."
        )
    local = url.host == "localhost" or url.host.endswith(".localhost")
    address = read_address("127.0.0.1" if local else url.host)
    word = None if address is None else why_closed(address, rules)
    if word is not None:
        raise refused_address(url, url.host, word)


def _host(text: str) -> str | None:
    """The host in the one form that is used from here on; None if it has none."""
    if ":" in text:
        return None if "%" in text or (address := read_address(text)) is None else str(address)
    try:
        name = text.encode("idna").decode("ascii").lower() if len(text) <= 253 else ""  # other dots become dots
    except UnicodeError:
        return None
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        return None
    if _NUMBER.fullmatch(name.rsplit(".", 1)[-1]):
        # 127.1, 0x7f.1, 2130706433, 0177.0.0.1: numbers that some readers take for an address.
        address = read_address(name)
        return None if address is None else str(address)
    return name


def _shown(text: object) -> object:
    """What a message may repeat of it: neither what stands before an @ nor a query."""
    if not isinstance(text, str):
        return text
    head, slashes, rest = text.partition("//")
    rest = rest.rpartition("@")[2].partition("?")[0]
    return (f"{head}//{rest}" if slashes else text.rpartition("@")[2].partition("?")[0])[:200]
