"""Where a service is found: the ways in their order, regions, interfaces, odd catalogs."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.clouds.catalog import find, named, sibling_host


def service(kind: str, *endpoints: dict[str, Any], name: str = "") -> dict[str, Any]:
    return {"type": kind, "name": name or kind, "endpoints": list(endpoints)}


def at(url: str, region: str = "uk-1", interface: str = "public", name: str = "") -> dict[str, Any]:
    return {"url": url, "region": region, "region_id": region, "interface": interface, "name": name}


IMPORTS = named("vmimport") + named("import-export")

BY_NAME = service("other", at("https://by-endpoint-name", name="vmimport"))
BY_TYPE = service("vmimport", at("https://by-type"), name="x")
BY_SERVICE_NAME = service("x", at("https://by-service-name"), name="vmimport")
EXPORT = service("import-export", at("https://import-export"))


@pytest.mark.parametrize(
    ("catalog", "url"),
    [
        ([EXPORT, BY_SERVICE_NAME, BY_TYPE, BY_NAME], "https://by-endpoint-name"),
        ([EXPORT, BY_SERVICE_NAME, BY_TYPE], "https://by-type"),
        ([EXPORT, BY_SERVICE_NAME], "https://by-service-name"),
        ([EXPORT], "https://import-export"),
        ([], None),
    ],
)
def test_the_ways_are_tried_in_their_order(catalog: list[Any], url: str | None) -> None:
    assert find(catalog, IMPORTS, "uk-1") == url


def test_another_region_or_interface_is_passed_over() -> None:
    catalog = [
        service("image", at("https://jp", "jp-east-1"), at("https://in", interface="internal"), at("https://uk/"))
    ]
    assert find(catalog, named("image"), "uk-1") == "https://uk"
    assert find(catalog, named("image"), "uk-1", "internal") == "https://in"
    assert find(catalog, named("image"), "fi-1") is None
    assert find(catalog, named("image")) == "https://jp"


def test_an_endpoint_without_a_region_fits_all() -> None:
    assert find([service("image", {"url": "http://x"})], named("image"), "uk-1") == "http://x"


def test_k5s_own_name_of_object_storage_is_known() -> None:
    assert find([service("y", at("https://o", name="objectstorage"))], named("object-store")) == "https://o"


@pytest.mark.parametrize(
    "odd",
    [None, "x", {}, {"type": "image"}, {"type": "image", "endpoints": None}, service("image", {"url": "file:///x"})],
)
def test_odd_entries_are_passed_over(odd: Any) -> None:
    assert find([odd, service("image", at("https://uk"))], named("image"), "uk-1") == "https://uk"


@pytest.mark.parametrize(
    ("auth_url", "host"),
    [
        ("https://identity.uk-1.cloud.global.fujitsu.com/v3", "https://vmimport.uk-1.cloud.global.fujitsu.com"),
        ("https://identity.gls.cloud.global.fujitsu.com/v3", "https://vmimport.uk-1.cloud.global.fujitsu.com"),
        ("http://identity.x.test:5000/v3", "http://vmimport.uk-1.test:5000"),
        ("https://keystone.example/v3", None),
        ("http://127.0.0.1:8765/v3", None),
        ("", None),
    ],
)
def test_the_pattern_of_hosts_stays_within_the_cloud_that_we_log_in_to(auth_url: str, host: str | None) -> None:
    assert sibling_host(auth_url, "vmimport", "uk-1") == host
