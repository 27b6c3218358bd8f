"""Which addresses of the network the service may be sent to by a stranger's URL.

Pure rules over an address that somebody has looked up; they know no names, and nothing of URLs.
What is not plainly a public address is refused. The administrator's lists come first: a denied
network stays closed, an allowed one is open whatever it is.

Source: IANA's registries of special-purpose addresses (RFC 6890); RFC 4291, 6052, 3056, 4380, 5214.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from imageferry.domain.errors import BadInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WEB_PORTS = frozenset({80, 443})


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkRules:
    """The administrator's lists. No ports at all means every port."""

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()
    ports: frozenset[int] = WEB_PORTS

    def takes_port(self, port: int) -> bool:
        return not self.ports or port in self.ports


_CLOSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), word)
    for network, word in (
        ("0.0.0.0/8", "this machine"),
        ("127.0.0.0/8", "loopback"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.100.100.200/32", "a cloud's metadata service"),
        ("100.64.0.0/10", "shared by a provider (CGNAT)"),
        ("169.254.169.254/32", "a cloud's metadata service"),
        ("169.254.0.0/16", "link-local"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("192.88.99.0/24", "a tunnel's (6to4)"),
        ("198.18.0.0/15", "for benchmarks"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "this machine"),
        ("::1/128", "loopback"),
        ("::/96", "an IPv4 address in disguise"),
        ("::ffff:0:0:0/96", "an IPv4 address in disguise"),
        ("64:ff9b:1::/48", "private"),
        ("100::/64", "reserved"),
        ("2001::/32", "a tunnel's (Teredo)"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
        ("2002::/16", "a tunnel's (6to4)"),
        ("fd00:ec2::254/128", "a cloud's metadata service"),
        ("fd20:ce::254/128", "a cloud's metadata service"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
"""The first that matches gives the word."""

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_V6 = IPv6Network("2000::/3")  # all that was ever given out
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # bytes 8 to 11 of such an address


def why_closed(address: Address, rules: NetworkRules) -> str | None:
    """What kind of address it is, if nothing may be fetched from there; None if it is open.

    An IPv4 address inside an IPv6 one (mapped, NAT64) is judged as what it is.
    """
    inner = _inner(address)
    if _within(inner, rules.denied) or _within(address, rules.denied):
        return "closed by the administrator"
    if _within(inner, rules.allowed) or _within(address, rules.allowed):
        return None
    for network, word in _CLOSED:
        if inner.version == network.version and inner in network:
            return word
    if isinstance(inner, IPv6Address):
        if inner not in _GLOBAL_V6:
            return "reserved"
        if (int(inner) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return "a tunnel's (ISATAP)"
    return None


def read_address(text: str) -> Address | None:
    """An address in its plain form ("192.0.2.1", "2001:db8::1"), None for anything else.

    A zone ("fe80::1%eth0") is dropped: it makes no address public.
    """
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def read_networks(texts: Iterable[str], *, field: str) -> tuple[Network, ...]:
    """Networks as an administrator writes them. Raises BadInput."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError as error:
            raise BadInput(field, text, "a network or address such as 10.1.0.0/16") from error
    return tuple(found)


def _inner(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
