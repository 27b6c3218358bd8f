"""What is taken over of a ~/.kamakirc, and that nothing of it is guessed, or told."""

from __future__ import annotations

import pytest

from imageferry.clouds.old_kamaki import is_kamakirc, read_kamakirc
from imageferry.domain.errors import BadInput

CLOUD = '[cloud "a"]\nurl = https://a.example/identity/v2.0\ntoken = s3cret\n'


def test_the_file_of_the_guide() -> None:
    (old,) = read_kamakirc(f"[global]\ndefault_cloud = a\ncolors = off\n{CLOUD}[history]\nfile = ~/.kamaki.history\n")
    assert old.entry == {"type": "synnefo", "url": "https://a.example/identity/v2.0", "token": "s3cret"}
    assert "s3cret" not in str(old)


def test_addresses_and_owner_beside_the_catalog_are_taken_over() -> None:
    urls = "astakos_url = https://x\npithos_url = https://p/v1\nplankton_url = https://i\n"
    (old,) = read_kamakirc(f"{CLOUD}{urls}pithos_uuid = u1\npithos_token = s3cret\n")
    assert old.more == {"pithos_url": "https://p/v1", "plankton_url": "https://i", "account": "u1"}


def test_an_own_certificate_authority_and_none_at_all() -> None:
    (old,) = read_kamakirc(f"[global]\nca_certs = /etc/own.pem\n{CLOUD}")
    assert old.entry["cacert"] == "/etc/own.pem"
    (old,) = read_kamakirc(f"[global]\nignore_ssl = on\n{CLOUD}")
    assert old.entry["verify"] is False


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("url = x\n", 1),
        ('[cloud "a"]\nurl\n', 2),
        ('[cloud "a"]\nurl = https://a\n  b\n', 3),
        ('[cloud "a]\n', 1),
        ('[cloud ""]\n', 1),
        ("[cloud]\n", 1),
        ("[\n", 1),
        (CLOUD + CLOUD, 4),
        (CLOUD + "token = again\n", 4),
        ('\n[cloud "a"]\nurl = https://a\n', 2),
        ('[cloud "a"]\ntoken = s3cret\n', 1),
        (CLOUD + "pithos_token = an0ther\n", 4),
        (CLOUD + "pithos_url = s3cret\n", 4),
        (CLOUD + "pithos_uuid = a\x00b\n", 4),
        ('[cloud "a\x07"]\n', 1),
    ],
)
def test_what_means_nothing_is_refused_by_its_line_and_not_repeated(text: str, line: int) -> None:
    with pytest.raises(BadInput, match=rf"line {line}:") as caught:
        read_kamakirc(text)
    assert all(secret not in str(caught.value) for secret in ("s3cret", "an0ther", "again"))


@pytest.mark.parametrize("text", ["", "[global]\n", "[astakos]\nurl = https://a\n"])
def test_a_file_without_clouds_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no section of a cloud"):
        read_kamakirc(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("# x\n\n[global]\n", True),
        ("; x\n [a]\n", True),
        ("adminUser = 'x'\n", False),
        ("export A=1\n", False),
        ("", False),
    ],
)
def test_such_a_file_is_known_by_its_first_line(text: str, is_one: bool) -> None:
    assert is_kamakirc(text) is is_one
