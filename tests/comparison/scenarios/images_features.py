"""Images: stores, usage, caches, locations, imports by URL."""

from __future__ import annotations

from tests.comparison.script import At, Scenario, Step

_IMAGES = "/v2/images"
_RAW = {"disk_format": "raw", "container_format": "bare"}
_SOME = "7f3dcd1c-5d5c-4a2e-9d8b-3a1c2b4d5e6f"


def _fetch(name: str, **method: object) -> Step:
    return Step(name, "POST", f"{_IMAGES}/$image/import", {"method": {"name": "web-download", **method}})


FETCHES = Scenario(
    "imports by URL",
    At.IMAGES,
    [
        Step("an image", "POST", _IMAGES, {"name": "f", **_RAW}, keep={"image": "body.id"}),
        _fetch("without a URL"),
        _fetch("of an empty URL", uri=""),
        _fetch("of a number", uri=5),
        _fetch("of a file", uri="file:///etc/passwd"),
        _fetch("of another scheme", uri="ftp://example.com/a"),
        _fetch("of no host", uri="http:///a"),
        _fetch("of another port", uri="http://example.com:22/a"),
        _fetch("of the machine itself", uri="http://169.254.169.254/latest"),
        Step("still queued", "GET", f"{_IMAGES}/$image"),
        Step(
            "none",
            "POST",
            f"{_IMAGES}/{_SOME}/import",
            {"method": {"name": "web-download", "uri": "http://example.com/"}},
        ),
        Step(
            "a task of a file",
            "POST",
            "/v2/tasks",
            {
                "type": "import",
                "input": {"import_from": "file:///x", "import_from_format": "raw", "image_properties": {}},
            },
            as_="boss",
        ),
        Step(
            "a task without a format",
            "POST",
            "/v2/tasks",
            {"type": "import", "input": {"import_from": "http://example.com/x", "image_properties": {}}},
            as_="boss",
        ),
    ],
)

STORES = Scenario(
    "stores, usage and caches",
    At.IMAGES,
    [
        Step("an image", "POST", _IMAGES, {"name": "s", **_RAW}, keep={"image": "body.id"}),
        Step("usage, without a token", "GET", "/v2/info/usage", as_=""),
        Step("stores in detail", "GET", "/v2/info/stores/detail", as_="boss"),
        Step("taken from an unknown store", "DELETE", "/v2/stores/attic/$image"),
        Step("nothing taken from a store", "DELETE", f"/v2/stores/attic/{_SOME}"),
        Step("what is cached, to a member", "GET", "/v2/cache"),
        Step("cached by a member", "PUT", "/v2/cache/$image"),
        Step("locations", "GET", f"{_IMAGES}/$image/locations"),
        Step("a location", "POST", f"{_IMAGES}/$image/locations", {"url": "http://example.com/a"}),
        Step("namespaces", "GET", "/v2/metadefs/namespaces?limit=0"),
        Step("a namespace that is not", "GET", "/v2/metadefs/namespaces/none-$mark"),
        Step("a namespace by a member", "POST", "/v2/metadefs/namespaces", {"namespace": "mine-$mark"}),
        Step("a namespace", "POST", "/v2/metadefs/namespaces", {"namespace": "boss-$mark"}, as_="boss"),
        Step("the namespace", "GET", "/v2/metadefs/namespaces/boss-$mark", as_="boss"),
        Step("the namespace again", "POST", "/v2/metadefs/namespaces", {"namespace": "boss-$mark"}, as_="boss"),
        Step("an object in it", "POST", "/v2/metadefs/namespaces/boss-$mark/objects", {"name": "o"}, as_="boss"),
        Step("a tag in it", "POST", "/v2/metadefs/namespaces/boss-$mark/tags/t", as_="boss"),
        Step("the namespace deleted", "DELETE", "/v2/metadefs/namespaces/boss-$mark", as_="boss"),
    ],
)

SCENARIOS = (FETCHES, STORES)
