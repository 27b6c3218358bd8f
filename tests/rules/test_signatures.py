"""Signatures of URLs and forms: each opens what was signed, and nothing that looks like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.domain.moment import SECOND, Moment
from imageferry.wire import formpost
from imageferry.wire.tempurl import TempUrl, mac, signed_with

KEY = "a key"
NOW = Moment(1_795_159_682 * SECOND)
LATER = 1_795_159_782
PLACE = ("AUTH_p", "c", "dir/o")
PATH = "/v1/AUTH_p/c/dir/o"


def _url(text: str, *, prefix: str | None = None, ip_range: str | None = None, expires: int = LATER) -> TempUrl:
    signed = mac(KEY, text, "sha256", ip_range=ip_range)
    return TempUrl(digest="sha256", mac=signed, expires_s=expires, prefix=prefix, ip_range=ip_range)


def _opens(url: TempUrl, method: str = "GET", place: tuple[str, str, str] = PLACE, client: str = "10.0.0.5") -> bool:
    return signed_with(url, ["another", KEY], method=method, place=place, client=client, now=NOW) is not None


@pytest.mark.parametrize("signed", ["GET", "HEAD", "PUT", "POST", "DELETE", "COPY", "OPTIONS"])
@pytest.mark.parametrize("asked", ["GET", "HEAD", "PUT", "POST", "DELETE", "COPY", "OPTIONS"])
def test_a_signature_is_for_its_method_and_headers_come_with_three_others(signed: str, asked: str) -> None:
    known = {"GET", "HEAD", "PUT", "POST", "DELETE"}
    allowed = asked in known and (signed == asked or (asked == "HEAD" and signed in ("GET", "PUT", "POST")))
    assert _opens(_url(f"{signed}\n{LATER}\n{PATH}"), asked) is allowed


@pytest.mark.parametrize(
    ("place", "opened"),
    [
        (PLACE, True),
        (("AUTH_p", "c", "dir/o/"), False),
        (("AUTH_p", "c", "dir/o2"), False),
        (("AUTH_p", "c/dir", "o"), True),  # a path that no request has: containers have no slash
        (("AUTH_p", "d", "dir/o"), False),
        (("AUTH_q", "c", "dir/o"), False),
    ],
)
def test_a_signature_is_for_its_path(place: tuple[str, str, str], opened: bool) -> None:
    assert _opens(_url(f"GET\n{LATER}\n{PATH}"), place=place) is opened


@pytest.mark.parametrize(
    ("prefix", "place", "opened"),
    [
        ("dir/", PLACE, True),
        ("", PLACE, True),
        ("dir/o", ("AUTH_p", "c", "dir/other"), True),
        ("dir/", ("AUTH_p", "c", "dirt"), False),
        ("dir/", ("AUTH_p", "c", "x/dir/o"), False),
        ("dir/", ("AUTH_p", "d", "dir/o"), False),
        ("dir/", ("AUTH_q", "c", "dir/o"), False),
    ],
)
def test_a_prefix_is_one_of_names_in_one_container(prefix: str, place: tuple[str, str, str], opened: bool) -> None:
    url = _url(f"GET\n{LATER}\nprefix:/v1/AUTH_p/c/{prefix}", prefix=prefix)
    assert _opens(url, place=place) is opened
    assert not _opens(replace(url, prefix=None), place=place)
    assert not _opens(replace(url, prefix=prefix + "d"), place=place)


def test_a_path_is_no_prefix_and_no_prefix_a_path() -> None:
    assert not _opens(_url(f"GET\n{LATER}\n{PATH}", prefix="dir/o"))
    assert not _opens(_url(f"GET\n{LATER}\nprefix:{PATH}"))


@pytest.mark.parametrize(
    ("ip_range", "client", "opened"),
    [
        ("10.0.0.5", "10.0.0.5", True),
        ("10.0.0.0/8", "10.9.9.9", True),
        ("10.0.0.0/8", "::ffff:10.9.9.9", True),
        ("::/0", "::1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "::ffff:11.0.0.1", False),
        ("10.0.0.0/8", "", False),
        ("10.0.0.5/8", "10.0.0.5", False),
        ("anything", "10.0.0.5", False),
        ("10.0.0.5\nGET", "10.0.0.5", False),
    ],
)
def test_an_address_range_holds_its_addresses(ip_range: str, client: str, opened: bool) -> None:
    url = _url(f"GET\n{LATER}\n{PATH}", ip_range=ip_range)
    assert _opens(url, client=client) is opened
    assert not _opens(replace(url, ip_range=None), client=client)


def test_a_time_that_is_over_is_over() -> None:
    seconds = NOW // SECOND
    for expires, opened in ((seconds, True), (seconds - 1, False), (0, False)):
        assert _opens(_url(f"GET\n{expires}\n{PATH}", expires=expires)) is opened
    assert not _opens(_url(f"GET\n{seconds - 1}\n{PATH}", expires=LATER))


FIELDS = {"redirect": "", "max_file_size": "10", "max_file_count": "2", "expires": str(LATER)}


def _form(path: str, fields: dict[str, str], signed: str | None = None) -> bool:
    text = signed or "\n".join([path, *(fields.get(name, "") for name in FIELDS)])
    return formpost.is_signed({**fields, "signature": mac(KEY, text, "sha1").hex()}, [KEY], path)


def test_a_form_is_signed_as_a_whole() -> None:
    assert _form("/v1/AUTH_p/c", FIELDS)
    text = "\n".join(["/v1/AUTH_p/c", *FIELDS.values()])
    for name in FIELDS:
        assert not _form("/v1/AUTH_p/c", {**FIELDS, name: "11"}, text)
    assert not _form("/v1/AUTH_p/c/", FIELDS, text)
    assert not formpost.is_signed({**FIELDS, "signature": ""}, [KEY], "/v1/AUTH_p/c")
    assert not formpost.is_signed({**FIELDS, "signature": mac(KEY, text, "sha1").hex()}, [], "/v1/AUTH_p/c")


def test_lines_of_a_form_cannot_be_moved_from_one_field_to_another() -> None:
    text = "\n".join(["/v1/AUTH_p/c", "http://page/", "10", "2", str(LATER)])
    moved = {"redirect": "10", "max_file_size": "2", "max_file_count": str(LATER), "expires": ""}
    assert not _form("/v1/AUTH_p/c\nhttp://page/", moved, text)
    joined = {
        **FIELDS,
        "redirect": "http://page/\n10",
        "max_file_size": "2",
        "max_file_count": str(LATER),
        "expires": "",
    }
    assert not _form("/v1/AUTH_p/c", joined, text)


def test_a_signed_url_is_no_form_and_a_form_no_signed_url() -> None:
    url = f"PUT\n{LATER}\n{PATH}"
    assert not _form(PATH, FIELDS, url)
    assert not _opens(_url("\n".join([PATH, *FIELDS.values()])), "PUT")


@pytest.mark.parametrize(
    ("text", "found"), [("", 0), ("5", 5), (" 5 ", 5), ("-5", -5), ("+5", 5), ("9" * 18, int("9" * 18))]
)
def test_numbers_of_a_form(text: str, found: int) -> None:
    assert formpost.number({"expires": text}, "expires") == found


@pytest.mark.parametrize("text", ["x", "5.0", "5e3", "1_0", "--5", "+-5", "-", "\u0665", "9" * 19, "0x5", "5 5"])
def test_what_is_no_number_is_said_in_swifts_words(text: str) -> None:
    with pytest.raises(formpost.BadField) as caught:
        formpost.number({"max_file_size": text}, "max_file_size")
    assert caught.value.expected == "max_file_size not an integer"


@pytest.mark.parametrize(
    ("redirect", "place"),
    [
        ("http://page", "http://page?status=201&message=a%20b%26c"),
        ("http://page?x=1", "http://page?x=1&status=201&message=a%20b%26c"),
    ],
)
def test_where_a_page_goes_on(redirect: str, place: str) -> None:
    assert formpost.redirection(redirect, 201, "a b&c") == place
