"""Pithos: containers, their policies and metadata."""

from __future__ import annotations

import pytest

from imageferry.domain.block import BLOCK_SIZE
from tests.dialects.pithos_caller import OCTETS, Pithos, fault


def policies(pithos: Pithos, path: str) -> dict[str, str]:
    prefix = "x-container-policy-"
    headers = pithos.head(path).headers
    return {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)}


def metadata(pithos: Pithos, path: str) -> dict[str, str]:
    prefix = "x-container-meta-"
    headers = pithos.head(path).headers
    return {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)}


@pytest.mark.parametrize("end", ["", "/"])
def test_a_container_is_made_once_and_changed_after_that(pithos: Pithos, end: str) -> None:
    made = pithos.call("PUT", f"/images{end}", {"X-Container-Meta-Purpose": "vm images"})
    assert (made.status, made.body) == (201, b"")
    head = pithos.head(f"/images{end}")
    assert head.status == 204
    expected = {
        "x-container-object-count": "0",
        "x-container-bytes-used": "0",
        "x-container-block-size": str(BLOCK_SIZE),
        "x-container-block-hash": "sha256",
        "x-container-object-meta": "",
        "x-container-policy-versioning": "auto",
        "x-container-policy-quota": "0",
        "x-container-policy-project": pithos.account,
        "x-container-meta-purpose": "vm images",
    }
    assert {name: head.headers[name] for name in expected} == expected
    assert head.headers["last-modified"].endswith(" GMT")
    again = pithos.call("PUT", f"/images{end}", {"X-Container-Meta-More": "x", "X-Container-Policy-Versioning": "none"})
    assert again.status == 202
    assert metadata(pithos, "/images") == {"purpose": "vm images", "more": "x"}
    assert policies(pithos, "/images")["versioning"] == "none"
    assert pithos.call("PUT", "/images").status == 202
    assert policies(pithos, "/images")["versioning"] == "none"


def test_policies_are_set_and_set_back(pithos: Pithos) -> None:
    wanted = {"X-Container-Policy-Versioning": "none", "X-Container-Policy-Quota": "100"}
    wanted["X-Container-Policy-Project"] = pithos.account
    assert pithos.call("PUT", "/c", wanted).status == 201
    assert policies(pithos, "/c") == {"versioning": "none", "quota": "100", "project": pithos.account}
    fault(pithos.call("PUT", "/c/o", OCTETS, bytes(101)), 413)
    fault(pithos.put_map("/c/o", 101, "0" * 64), 413)
    wanted = dict.fromkeys(wanted, "")
    assert pithos.call("POST", "/c?update", wanted).status == 202
    assert policies(pithos, "/c") == {"versioning": "auto", "quota": "0", "project": pithos.account}
    assert pithos.call("POST", "/c", {"X-Container-Policy-Quota": "7"}).status == 202
    assert pithos.call("POST", "/c").status == 202
    assert policies(pithos, "/c")["quota"] == "7"
    assert pithos.swift("HEAD", "/c").headers["x-container-meta-quota-bytes"] == "7"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Versioning", "manual"),
        ("Quota", "-1"),
        ("Quota", "1.5"),
        ("Quota", "12KB"),
        ("Quota", "9" * 30),
        ("Project", "another"),
        ("Colour", "red"),
        ("", "x"),
    ],
)
def test_policies_that_there_are_not_are_refused(pithos: Pithos, name: str, value: str) -> None:
    pithos.call("PUT", "/c")
    for method, path in (("PUT", "/c"), ("POST", "/c?update"), ("PUT", "/d")):
        fault(pithos.call(method, path, {f"X-Container-Policy-{name}": value}), 400)
    assert pithos.head("/d").status == 404
    assert policies(pithos, "/c") == {"versioning": "auto", "quota": "0", "project": pithos.account}


def test_versions_are_kept_or_not_in_both_views(pithos: Pithos) -> None:
    pithos.call("PUT", "/auto")
    pithos.call("PUT", "/none", {"X-Container-Policy-Versioning": "none"})
    pithos.swift("PUT", "/plain")
    for name, enabled in (("auto", "true"), ("none", "false"), ("plain", None)):
        shown = pithos.swift("HEAD", f"/{name}").headers.get("x-versions-enabled")
        assert (shown and shown.lower()) == enabled
    assert policies(pithos, "/plain")["versioning"] == "none"
    assert pithos.call("PUT", "/plain").status == 202
    assert policies(pithos, "/plain")["versioning"] == "none"
    assert pithos.call("POST", "/plain?update", {"X-Container-Policy-Versioning": "auto"}).status == 202
    assert policies(pithos, "/plain")["versioning"] == "auto"


def test_metadata_is_replaced_or_with_update_added_to(pithos: Pithos) -> None:
    pithos.call("PUT", "/c", {"X-Container-Meta-A": "1", "X-Container-Meta-B": "2"})
    assert (
        pithos.call("POST", "/c?update&format=json", {"X-Container-Meta-B": "", "X-Container-Meta-C": "3"}).status
        == 202
    )
    assert metadata(pithos, "/c") == {"a": "1", "c": "3"}
    assert pithos.call("POST", "/c", {"X-Container-Meta-D": "4"}).status == 202
    assert metadata(pithos, "/c") == {"d": "4"}
    assert pithos.send_block("/c", b"x").status == 202
    assert pithos.call("POST", "/c", OCTETS, b"x").status == 202
    assert metadata(pithos, "/c") == {"d": "4"}
    assert pithos.call("POST", "/c", OCTETS).status == 202  # no block: nothing is left of the metadata
    assert metadata(pithos, "/c") == {}


def test_metadata_may_come_with_blocks(pithos: Pithos) -> None:
    sent = pithos.call("POST", "/pithos?update", OCTETS | {"X-Container-Meta-A": "1"}, b"hello")
    assert (sent.status, len(sent.json)) == (202, 1)
    assert metadata(pithos, "/pithos") == {"a": "1"}


def test_names_and_values_travel_percent_encoded(pithos: Pithos) -> None:
    sent = {
        "X-Container-Meta-%CE%93%CE%BB%CF%89": "%CE%B1 b%25c",
        "X-Container-Meta-Odd": "100%",
        "X-Container-Meta-Raw": "é",
    }
    assert pithos.call("PUT", "/c", sent).status == 201
    headers = pithos.head("/c").headers
    assert headers["x-container-meta-%ce%b3%ce%bb%cf%89"] == "%CE%B1 b%25c"
    assert headers["x-container-meta-odd"] == "100%25"
    assert headers["x-container-meta-raw"] == "%C3%A9"
    seen = pithos.swift("HEAD", "/c").headers
    assert seen["x-container-meta-odd"] == "100%"


def test_limits_of_metadata(pithos: Pithos) -> None:
    def many(count: int, first: int = 0, value: str = "x") -> dict[str, str]:
        return {f"X-Container-Meta-K{number}": value for number in range(first, first + count)}

    assert pithos.call("PUT", "/c", many(32)).status == 201
    fault(pithos.call("PUT", "/d", many(33)), 400)
    fault(pithos.call("POST", "/c?update", many(1, first=32)), 400)
    fault(pithos.call("PUT", "/c", many(1, first=32)), 400)
    assert pithos.call("POST", "/c?update", many(32, value="y")).status == 202
    assert pithos.call("POST", "/c?update", {**many(1, first=32), **many(1, value="")}).status == 202
    fault(pithos.call("POST", "/c?update", many(91, value="")), 400)
    assert pithos.call("POST", "/c?update", many(90, value="")).status == 202
    fault(pithos.call("POST", "/c?update", {"X-Container-Meta-" + "k" * 129: "x"}), 400)
    fault(pithos.call("POST", "/c?update", {"X-Container-Meta-K": "x" * 257}), 400)
    assert pithos.call("POST", "/c?update", {"X-Container-Meta-" + "k" * 128: "x" * 256}).status == 202
    fault(pithos.call("POST", "/c?update", {"X-Container-Meta-K": "a%0Ab"}), 400)
    fault(pithos.call("POST", "/c?update", {"X-Container-Meta-a%00": "b"}), 400)


def test_what_swift_keeps_more_of_stays(pithos: Pithos) -> None:
    pithos.swift("PUT", "/c", {f"X-Container-Meta-K{number}": "x" for number in range(50)})
    assert pithos.call("POST", "/c?update", {"X-Container-Meta-K1": "y"}).status == 202
    fault(pithos.call("POST", "/c?update", {"X-Container-Meta-New": "y"}), 400)
    assert len(metadata(pithos, "/c")) == 50


def test_the_names_of_metadata_that_objects_have_are_told(pithos: Pithos) -> None:
    pithos.put("/pithos/a", x_object_meta_colour="red", x_object_meta_Size="1")
    pithos.put("/pithos/b", x_object_meta_colour="blue")
    assert pithos.head("/pithos").headers["x-container-object-meta"] == "colour,size"
    assert pithos.get("/pithos").headers["x-container-object-meta"] == "colour,size"


def test_a_container_goes_when_it_is_empty_whatever_it_held(pithos: Pithos) -> None:
    pithos.call("PUT", "/c")
    pithos.put("/c/o", b"one")
    pithos.put("/c/o", b"two")
    fault(pithos.call("DELETE", "/c"), 409)
    assert pithos.call("DELETE", "/c/o").status == 204
    assert pithos.call("DELETE", "/c?until=1371628999.12").status == 204
    assert pithos.head("/c").status == 404
    fault(pithos.call("DELETE", "/c"), 404)


@pytest.mark.parametrize("name", ["a%2Fb%00", "%00", "x" * 257, "%FF"])
def test_names_that_no_container_can_have(pithos: Pithos, name: str) -> None:
    fault(pithos.call("PUT", f"/{name}"), 400)


@pytest.mark.parametrize("name", ["é 😀", "a%25b", "a\nb", "x" * 256, "a;b?#&=+", "..", " "])
def test_odd_names_are_as_good_as_others(pithos: Pithos, name: str) -> None:
    path = "/" + "".join(f"%{byte:02X}" for byte in name.encode())
    assert pithos.call("PUT", path).status == 201
    assert name in pithos.names("")
    assert pithos.head(path).status == 204
    assert pithos.call("DELETE", path).status == 204


def test_a_reader_looks_and_a_stranger_does_not(pithos: Pithos) -> None:
    pithos.call("PUT", "/c")
    reader, stranger = pithos.as_("rita", "own"), pithos.as_("alex", "alt")
    assert (reader.head("/c").status, reader.get("/c").status) == (204, 200)
    for call in (("PUT", "/c"), ("POST", "/c?update"), ("DELETE", "/c")):
        fault(reader.call(*call), 403)
        fault(stranger.call(*call), 403)
    fault(reader.send_block("/c", b"x"), 403)
    fault(stranger.get("/c"), 403)


def test_other_methods_are_told_in_its_own_words(pithos: Pithos) -> None:
    for path in ("", "/c"):
        reply = pithos.call("PATCH", path)
        fault(reply, 405)
        assert "HEAD" in reply.headers["allow"]
    fault(pithos.cloud.call("GET", "/object-store/v2/x"), 400)
    fault(pithos.cloud.as_(None).call("GET", f"/object-store/v1/{pithos.account}"), 401)
    by_query = f"/object-store/v1/{pithos.account}?X-Auth-Token={pithos.cloud.token}"
    assert pithos.cloud.as_(None).call("GET", by_query).status == 200
