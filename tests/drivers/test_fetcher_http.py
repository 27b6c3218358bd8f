"""The fetcher over real sockets keeps the contract; and what only TLS can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from imageferry.domain.addresses import NetworkRules, read_networks
from imageferry.domain.errors import BadSource, Unavailable
from imageferry.fetchers.connecting import look_up
from imageferry.fetchers.http import HttpFetcher
from imageferry.fetchers.line import Patience
from tests.contracts.fetcher import BODY, FetcherContract, Make, fetched, refused
from tests.hostile_server import Hostile, answer, certificate, hostile_server, says


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server() as running:
        yield running


@pytest.fixture
def make() -> Make:
    def made(
        *,
        allowed: Sequence[str] = ("127.0.0.0/8",),
        denied: Sequence[str] = (),
        ports: Sequence[int] = (),
        resolve: Callable[[str, int], Sequence[str]] | None = None,
        ca_file: str = "",
        **patience: float,
    ) -> HttpFetcher:
        rules = NetworkRules(
            allowed=read_networks(allowed, field="allowed"),
            denied=read_networks(denied, field="denied"),
            ports=frozenset(ports),
        )
        return HttpFetcher(
            rules, Patience(**{"pause_s": 0.02, **patience}), ca_file=ca_file, resolve=resolve or look_up
        )  # type: ignore[arg-type]

    return made  # type: ignore[return-value]


class TestHttpFetcher(FetcherContract):
    pass


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hostile, str]]:
    """A server with a certificate for disks.example, and the file to trust it by."""
    context, cert = certificate(tmp_path_factory.mktemp("tls"), "disks.example")
    with hostile_server(context) as running:
        yield running, str(cert)


def _here(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def test_https_is_checked_by_the_name_though_the_address_is_connected_to(make: Make, tls: tuple[Hostile, str]) -> None:
    server, cert = tls
    server.serves("/disk", says(answer(body=BODY)))
    fetcher = make(ca_file=cert, resolve=_here)  # type: ignore[call-arg]
    assert fetched(fetcher, server.url("/disk", "disks.example", "https")) == BODY
    error = refused(fetcher, server.url("/disk", "other.example", "https"))
    assert isinstance(error, BadSource)
    assert error.reason == "certificate"


def test_a_certificate_that_nobody_vouches_for_is_refused(make: Make, tls: tuple[Hostile, str]) -> None:
    server, _ = tls
    server.serves("/disk", says(answer(body=b"x")))
    error = refused(make(resolve=_here), server.url("/disk", "disks.example", "https"))
    assert isinstance(error, BadSource)
    assert error.reason == "certificate"


def test_https_never_leads_to_http(make: Make, tls: tuple[Hostile, str], server: Hostile) -> None:
    secure, cert = tls
    plain = server.serves("/disk", says(answer(body=b"x")))
    secure.serves("/disk", says(answer("302 Found", Location=plain)))
    error = refused(make(ca_file=cert, resolve=_here), secure.url("/disk", "disks.example", "https"))  # type: ignore[call-arg]
    assert isinstance(error, BadSource)
    assert (error.reason, server.asked) == ("redirect", [])


def test_a_cut_tls_connection_is_no_end(make: Make, tls: tuple[Hostile, str]) -> None:
    server, cert = tls

    def cut(_: Hostile, wire: object, __: object) -> None:
        wire.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")  # type: ignore[attr-defined]
        wire.unwrap = None  # type: ignore[attr-defined]

    server.serves("/disk", cut)
    error = refused(make(ca_file=cert, resolve=_here), server.url("/disk", "disks.example", "https"))  # type: ignore[call-arg]
    assert isinstance(error, BadSource)
    assert error.reason == "broken"


def test_http_spoken_to_a_tls_port_and_the_other_way_round(
    make: Make, tls: tuple[Hostile, str], server: Hostile
) -> None:
    secure, _ = tls
    server.serves("/disk", says(answer(body=b"x")))
    secure.serves("/disk", says(answer(body=b"x")))
    for url in (secure.url("/disk"), server.url("/disk", scheme="https")):
        assert isinstance(refused(make(connect_s=0.3), url), Unavailable | BadSource)


def test_the_systems_look_up_gives_plain_addresses() -> None:
    assert "127.0.0.1" in look_up("127.0.0.1", 80)
