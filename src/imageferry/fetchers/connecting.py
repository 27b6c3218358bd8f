"""From a URL to a connection: the name looked up once, every address judged, and one of those connected to."""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence

from imageferry.domain.addresses import NetworkRules, read_address, why_closed
from imageferry.domain.errors import BadSource, Unavailable
from imageferry.domain.source_url import SourceUrl, refused_address
from imageferry.fetchers.line import TICK_S, Broken, Line, Watch, words_of

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, plain; OSError when there are none."""

_MOST_ADDRESSES = 8  # of a name, that are tried


def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(url: SourceUrl, rules: NetworkRules, resolve: Resolve, tls: ssl.SSLContext | None, watch: Watch) -> Line:
    """A connection to the host of ``url``, at an address that was judged.

    Raises:
        BadSource: no address that may be fetched from, no such host, or a certificate that does not hold.
        Broken: nobody answers there.
    """
    trouble = "it has no address"
    for address in _open_addresses(url, rules, resolve, watch):
        watch.look()
        try:
            return Line(_connected(url, address, tls, watch), watch)
        except ssl.SSLCertVerificationError as error:
            found = f"one that does not hold ({error.verify_message})"
            raise BadSource(str(url), "certificate", "a certificate that proves the host", found) from error
        except OSError as error:
            trouble = words_of(error)
    raise Broken(trouble)


def _open_addresses(url: SourceUrl, rules: NetworkRules, resolve: Resolve, watch: Watch) -> list[str]:
    """The addresses to try, in the look-up's order; those that are closed are left out."""
    open_ones: list[str] = []
    refusal: BadSource | None = None
    for text in _looked_up(url, resolve, watch):
        address = read_address(text)
        word = "no address" if address is None else why_closed(address, rules)
        if word is None:
            open_ones.append(str(address))
        elif refusal is None:
            refusal = refused_address(url, text, word)
    if refusal is not None and not open_ones:
        raise refusal
    return open_ones[:_MOST_ADDRESSES]


def _looked_up(url: SourceUrl, resolve: Resolve, watch: Watch) -> Sequence[str]:
    """On a thread of its own: the system's look-up knows no time limit."""
    if read_address(url.host) is not None:
        return [url.host]
    found: list[Sequence[str] | Exception] = []

    def ask() -> None:
        try:
            found.append(resolve(url.host, url.port))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    until = time.monotonic() + watch.patience.connect_s
    while thread.is_alive() and time.monotonic() < until:
        thread.join(min(TICK_S, max(0.0, until - time.monotonic())))
        watch.look()
    if not found:
        raise Broken("the look-up of its name takes too long")
    (answer,) = found
    if isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_AGAIN:
        raise Broken("its name cannot be looked up now")
    if isinstance(answer, OSError | UnicodeError):
        advice = "Check the address."
        raise BadSource(str(url), "unknown-host", "a host that exists", f"no address for {url.host}", advice)
    if isinstance(answer, Exception):
        raise Unavailable(str(url), reason="its name cannot be looked up") from answer
    return answer


def _connected(url: SourceUrl, address: str, tls: ssl.SSLContext | None, watch: Watch) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        trouble = sock.connect_ex((address, url.port))
        if trouble == errno.EINPROGRESS:
            ready = select.poll()
            ready.register(sock, select.POLLOUT)
            _until(lambda: bool(ready.poll(TICK_S * 1000)), watch)
            trouble = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if trouble:
            raise OSError(trouble, os.strerror(trouble))
        if tls is None:
            return sock
        # A cut connection must not look like an end, so ragged ends are errors.
        wrapped = tls.wrap_socket(
            sock, server_hostname=url.host, suppress_ragged_eofs=False, do_handshake_on_connect=False
        )
    except BaseException:
        sock.close()
        raise
    try:
        wrapped.settimeout(TICK_S)
        _until(lambda: _shaken(wrapped), watch)
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _shaken(sock: ssl.SSLSocket) -> bool:
    try:
        sock.do_handshake()
    except TimeoutError:
        return False
    return True


def _until(done: Callable[[], bool], watch: Watch) -> None:
    """Wait for it, a tick at a time. Raises TimeoutError."""
    until = time.monotonic() + watch.patience.connect_s
    while not done():
        watch.look()
        if time.monotonic() >= until:
            raise TimeoutError
