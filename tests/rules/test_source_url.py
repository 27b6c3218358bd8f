"""URLs of strangers: one reading each, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.addresses import NetworkRules, read_networks
from imageferry.domain.errors import BadInput, BadSource
from imageferry.domain.source_url import SourceUrl, read_source, redirected

_RULES = NetworkRules()


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("http://example.org", "example.org", "/"),
        ("HTTPS://Example.ORG:443/Disk.qcow2", "example.org", "/Disk.qcow2"),
        ("http://example.org./a", "example.org", "/a"),
        ("http://example.org:443/a", "example.org:443", "/a"),
        ("https://bücher.example/ä%20b?x=ü&sig=a%2Fb/c", "xn--bcher-kva.example", "/%C3%A4%20b?x=%C3%BC&sig=a%2Fb/c"),
        ("http://example\u3002org/a", "example.org", "/a"),
        ("http://example.org/a#@evil.example/", "example.org", "/a"),
        ("http://example.org/@evil.example/", "example.org", "/@evil.example/"),
        ("http://1.1.1.1/a", "1.1.1.1", "/a"),
        ("http://[2606:4700::1111]/a", "[2606:4700::1111]", "/a"),
        ("http://a_b.example.org/", "a_b.example.org", "/"),
    ],
)
def test_a_url_in_the_form_that_is_used(text: str, authority: str, target: str) -> None:
    url = read_source(text, _RULES)
    assert (url.authority, url.target) == (authority, target)


@pytest.mark.parametrize(
    "text",
    [
        None,
        5,
        b"http://example.org/",
        ["http://example.org/"],
        "",
        "example.org",
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE://example.org/x",
        "ftp://example.org/x",
        "gopher://example.org:80/x",
        "jar:http://example.org!/x",
        "http:/example.org",
        "http:example.org",
        "http:///example.org",
        "http://",
        "http://:80/",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://example.org:80@evil.example/",
        "http://@example.org/",
        "http://example.org\\@evil.example/",
        "http://example.org\\.evil.example/",
        "http://exam ple.org/",
        "http://example.org/a b",
        "http://example.org/a\r\nHost: evil",
        "http://exam\tple.org/",
        "http://example.org/\x00",
        "http://example.org/\ud800",
        "\x00http://example.org/",
        " http://example.org/",
        "http://ex%61mple.org/",
        "http://example.org:0/",
        "http://example.org:-1/",
        "http://example.org:99999/",
        "http://example.org:http/",
        "http://a..example/",
        "http://-a.example/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 200 + "example/",
        "http://example.org/" + "a" * 5000,
        "http://[::1/",
        "http://[::1%25lo]/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://[example.org]/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://2130706433/",
        "http://0/",
        "http://0x/",
        "http://1.1.1.256/",
        "http://1.1.1.1.1/",
        "http://\u2460\u2461\u2466\u3002\u2460/",
    ],
    ids=repr,
)
def test_what_is_no_url_or_can_be_read_in_two_ways_is_refused(text: object) -> None:
    with pytest.raises(BadInput) as caught:
        read_source(text, _RULES)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[::]/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/?key=secret",
        "http://[fd00:ec2::254]/",
        "http://\u2460\u2461\u2466\u3002\u24ea\u3002\u24ea\u3002\u2460/",
        "http://127\uff0e0\uff0e0\uff0e1/",
        "http://example.org:22/",
        "https://example.org:8443/",
    ],
    ids=repr,
)
def test_an_address_or_port_that_is_closed_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(BadSource) as caught:
        read_source(text, _RULES)
    assert caught.value.reason in ("forbidden-address", "forbidden-port")
    assert "secret" not in str(caught.value)


def test_what_the_administrator_opens_is_open() -> None:
    rules = NetworkRules(allowed=read_networks(["127.0.0.0/8"], field="x"), ports=frozenset({8080}))
    assert str(read_source("http://localhost:8080/a", rules)) == "http://localhost:8080/a"
    assert read_source("http://10.0.0.1.example:8080/", rules).host == "10.0.0.1.example"
    assert read_source("http://example.org:1/", NetworkRules(ports=frozenset())).port == 1


def test_messages_hold_no_query_and_end_somewhere() -> None:
    url = read_source("https://example.org/" + "a" * 3000 + "?sig=secret", _RULES)
    assert "secret" not in str(url)
    assert len(str(url)) < 210
    assert read_source("https://example.org/disks/web.qcow2?x=1", _RULES).name == "web.qcow2"


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/b", "http://example.org/b"),
        ("b?x=1", "http://example.org/dir/b"),
        ("//other.example/b", "http://other.example/b"),
        ("https://other.example:443/b", "https://other.example/b"),
        ("../../..", "http://example.org/"),
    ],
)
def test_where_a_redirect_leads(location: str, there: str) -> None:
    assert str(redirected(read_source("http://example.org/dir/a?sig=1", _RULES), location, _RULES)) == there


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://x/",
        "http://u:secret@example.org/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://[",
        "http://example.org:22/",
        "//[::1]/",
        "javascript:x",
        "http://a\\@b/",
        "\r\nhttp://example.org/",
        "/a b",
    ],
)
def test_a_redirect_that_is_not_followed(location: str) -> None:
    with pytest.raises(BadSource) as caught:
        redirected(read_source("http://example.org/", _RULES), location, _RULES)
    assert "secret" not in str(caught.value)


def test_https_stays_https() -> None:
    with pytest.raises(BadSource, match="https"):
        redirected(read_source("https://example.org/", _RULES), "http://example.org/", _RULES)


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://[", "http://user@", "http://1"]))
def test_any_text_is_read_or_refused(text: str, start: str) -> None:
    try:
        url = read_source(start + text, _RULES)
    except (BadInput, BadSource):
        return
    assert isinstance(url, SourceUrl)
    assert url.target.isascii()
    assert url.host.isascii()
    assert not set(url.target + url.authority) & set(" \r\n\t\0\\")
