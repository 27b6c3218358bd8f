"""Which addresses a stranger's URL may lead to: a table of all that have been tried elsewhere."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.addresses import NetworkRules, read_address, read_networks, why_closed
from imageferry.domain.errors import BadInput

_CLOSED = [
    ("0.0.0.0", "this machine"),  # noqa: S104
    ("0.1.2.3", "this machine"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "CGNAT"),
    ("100.127.255.255", "CGNAT"),
    ("100.100.100.200", "metadata"),
    ("168.63.129.16", "metadata"),
    ("169.254.169.254", "metadata"),
    ("169.254.0.1", "link-local"),
    ("192.0.0.1", "reserved"),
    ("192.0.2.1", "documentation"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("198.18.0.1", "benchmarks"),
    ("192.88.99.1", "6to4"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "this machine"),
    ("::1", "loopback"),
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:10.0.0.1", "private"),
    ("::ffff:169.254.169.254", "metadata"),
    ("::ffff:0:127.0.0.1", "disguise"),
    ("::127.0.0.1", "disguise"),
    ("::8.8.8.8", "disguise"),
    ("64:ff9b::127.0.0.1", "loopback"),
    ("64:ff9b::a9fe:a9fe", "metadata"),
    ("64:ff9b:1::8.8.8.8", "private"),
    ("2002:7f00:1::", "6to4"),
    ("2002:808:808::1", "6to4"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
    ("2a00:1450:4001::5efe:127.0.0.1", "ISATAP"),
    ("2a00:1450:4001::200:5efe:10.0.0.1", "ISATAP"),
    ("2001:2::1", "reserved"),
    ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("100::1", "reserved"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "metadata"),
    ("fd20:ce::254", "metadata"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "link-local"),
    ("fec0::1", "private"),
    ("ff02::1", "multicast"),
    ("4000::1", "reserved"),
    ("5f00::1", "reserved"),
]


@pytest.mark.parametrize(("text", "word"), _CLOSED)
def test_what_is_not_public_is_closed_and_named(text: str, word: str) -> None:
    address = read_address(text)
    assert address is not None
    assert word in str(why_closed(address, NetworkRules()))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_open(text: str) -> None:
    assert why_closed(ip_address(text), NetworkRules()) is None


@given(st.ip_addresses())
def test_python_knows_no_address_as_private_that_is_open_here(address: object) -> None:
    if why_closed(address, NetworkRules()) is None:  # type: ignore[arg-type]
        assert address.is_global or str(address).startswith("64:ff9b::")  # type: ignore[attr-defined]
        assert not address.is_multicast  # type: ignore[attr-defined]


def test_the_administrators_lists_come_first_and_a_denial_wins() -> None:
    rules = NetworkRules(
        allowed=read_networks(["10.1.0.0/16", "fd00::/8", "127.0.0.1"], field="x"),
        denied=read_networks(["10.1.2.0/24", "8.8.8.0/24"], field="x"),
    )
    words = {text: why_closed(ip_address(text), rules) for text in ("10.1.1.1", "10.1.2.1", "10.2.0.1", "8.8.8.8")}
    assert words == {
        "10.1.1.1": None,
        "10.1.2.1": "closed by the administrator",
        "10.2.0.1": "private",
        "8.8.8.8": "closed by the administrator",
    }
    assert why_closed(ip_address("::ffff:8.8.8.8"), rules) == "closed by the administrator"
    assert why_closed(ip_address("::ffff:127.0.0.1"), rules) is None
    assert why_closed(ip_address("fd00::1"), rules) is None


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "example.org", "10.1.1", "0x7f.1"])
def test_a_list_with_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="fetch_networks"):
        read_networks([text], field="fetch_networks")


@pytest.mark.parametrize("text", ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.4.5", "localhost", ""])
def test_only_the_plain_form_is_an_address(text: str) -> None:
    assert read_address(text) is None
