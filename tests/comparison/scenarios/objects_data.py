"""Object storage: objects, ranges, conditions, copies."""

from __future__ import annotations

from tests.comparison.script import NOT_SENT, At, Scenario, Step

_MD5 = "5d41402abc4b2a76b9719d911017c592"  # of hello
_TEN = b"0123456789"
_LONG = "n" * 1100
_OLD, _FAR = "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"

OBJECTS = Scenario(
    "objects",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/c"),
        Step("put", "PUT", "/c/o", b"hello", headers={"Content-Type": "text/x", "ETag": _MD5, "X-Object-Meta-K": "v"}),
        Step("got", "GET", "/c/o"),
        Step("looked at", "HEAD", "/c/o"),
        Step("put in chunks", "PUT", "/c/chunks", [b"hel", b"lo"]),
        Step("put without a kind", "PUT", "/c/page.html", b"<p>"),
        Step("its kind guessed", "HEAD", "/c/page.html"),
        Step("put empty", "PUT", "/c/empty", b""),
        Step("got empty", "GET", "/c/empty"),
        Step(
            "put with all headers",
            "PUT",
            "/c/rich",
            b"x",
            headers={
                "Content-Encoding": "gzip",
                "Content-Disposition": "attachment",
                "Content-Language": "en",
                "Cache-Control": "no-cache",
                "Expires": _FAR,
                "X-Delete-At": "4102444800",
                "X-Object-Meta-City": "Zürich",
            },
        ),
        Step("got with all headers", "GET", "/c/rich"),
        Step("a wrong digest", "PUT", "/c/o", b"other", headers={"ETag": _MD5}),
        Step("kept after a wrong digest", "GET", "/c/o"),
        Step("a digest that is none", "PUT", "/c/o2", b"hello", headers={"ETag": "nonsense"}),
        Step("no length", "PUT", "/c/o2", None, headers={"Content-Length": NOT_SENT}),
        Step("a length of words", "PUT", "/c/o2", b"", headers={"Content-Length": "many"}),
        Step("into no container", "PUT", "/none/o", b"x"),
        Step("a name too long", "PUT", f"/c/{_LONG[:1025]}", b"x"),
        Step("a name that is not UTF-8", "PUT", "/c/%ff", b"x"),
        Step("a name with a zero", "PUT", "/c/a%00b", b"x"),
        Step("a name with dots and slashes", "PUT", "/c/../%2e%2e//x", b"dots"),
        Step("got with dots and slashes", "GET", "/c/../%2e%2e//x"),
        Step("an end in the past", "PUT", "/c/late", b"x", headers={"X-Delete-At": "1000000000"}),
        Step("an end that is no number", "PUT", "/c/late", b"x", headers={"X-Delete-At": "soon"}),
        Step("an end after a while", "PUT", "/c/late", b"x", headers={"X-Delete-After": "3600"}),
        Step("an end after less than nothing", "PUT", "/c/late", b"x", headers={"X-Delete-After": "-5"}),
        Step("if there is none, and there is", "PUT", "/c/o", b"x", headers={"If-None-Match": "*"}),
        Step("if there is none, and there is not", "PUT", "/c/fresh", b"x", headers={"If-None-Match": "*"}),
        Step("if there is none of a digest", "PUT", "/c/o", b"x", headers={"If-None-Match": _MD5}),
        Step("metadata too long", "PUT", "/c/o3", b"x", headers={"X-Object-Meta-A": "x" * 257}),
        Step("metadata without a name", "PUT", "/c/o3", b"x", headers={"X-Object-Meta-": "x"}),
        Step("changed", "POST", "/c/o", headers={"X-Object-Meta-New": "n"}),
        Step("looked at after the change", "HEAD", "/c/o"),
        Step("changed in kind", "POST", "/c/o", headers={"Content-Type": "text/y", "Content-Disposition": "inline"}),
        Step("got after the change", "GET", "/c/o"),
        Step("one that is not, changed", "POST", "/c/none", headers={"X-Object-Meta-New": "n"}),
        Step("one that is not, got", "GET", "/c/none"),
        Step("one that is not, looked at", "HEAD", "/c/none"),
        Step("in a container that is not", "GET", "/none/o"),
        Step("got by a reader", "GET", "/c/o", as_="reader"),
        Step("got by a stranger", "GET", "/c/o", as_="foreign"),
        Step("got by nobody", "GET", "/c/o", as_=""),
        Step("put by a reader", "PUT", "/c/r", b"x", as_="reader"),
        Step("deleted by a reader", "DELETE", "/c/o", as_="reader"),
        Step("deleted", "DELETE", "/c/o"),
        Step("deleted again", "DELETE", "/c/o"),
        Step("a wrong method", "PATCH", "/c/page.html"),
    ],
)


def _range(text: str) -> dict[str, str]:
    return {"Range": f"bytes={text}"}


RANGES = Scenario(
    "ranges and conditions",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/r"),
        Step(
            "ten bytes",
            "PUT",
            "/r/ten",
            _TEN,
            headers={"Content-Type": "text/x"},
            keep={"modified": "header last-modified"},
        ),
        Step("a part", "GET", "/r/ten", headers=_range("2-4")),
        Step("from a byte on", "GET", "/r/ten", headers=_range("7-")),
        Step("the last bytes", "GET", "/r/ten", headers=_range("-3")),
        Step("more than the last bytes", "GET", "/r/ten", headers=_range("-30")),
        Step("beyond the end", "GET", "/r/ten", headers=_range("5-100")),
        Step("outside", "GET", "/r/ten", headers=_range("20-30")),
        Step("no bytes at the end", "GET", "/r/ten", headers=_range("-0")),
        Step("two parts", "GET", "/r/ten", headers=_range("0-1,8-9")),
        Step("two parts, one outside", "GET", "/r/ten", headers=_range("0-1,20-30")),
        Step("two parts that overlap", "GET", "/r/ten", headers=_range("0-5,2-7")),
        Step("backwards", "GET", "/r/ten", headers=_range("5-2")),
        Step("nonsense", "GET", "/r/ten", headers={"Range": "lines=1-2"}),
        Step("nonsense in bytes", "GET", "/r/ten", headers=_range("a-b")),
        Step("of a look", "HEAD", "/r/ten", headers=_range("2-4")),
        Step("of nothing", "GET", "/r/ten", headers=_range("")),
        Step("if the digest is so", "GET", "/r/ten", headers={"If-Match": '"781e5e245d69b566979b86e28d23f2c7"'}),
        Step(
            "if the digest is so, without quotes",
            "GET",
            "/r/ten",
            headers={"If-Match": "781e5e245d69b566979b86e28d23f2c7"},
        ),
        Step("if the digest is another", "GET", "/r/ten", headers={"If-Match": _MD5}),
        Step("if there is one", "GET", "/r/ten", headers={"If-Match": "*"}),
        Step(
            "if the digest is not so", "GET", "/r/ten", headers={"If-None-Match": '"781e5e245d69b566979b86e28d23f2c7"'}
        ),
        Step(
            "if the digest is none of two",
            "GET",
            "/r/ten",
            headers={"If-None-Match": f"{_MD5}, 781e5e245d69b566979b86e28d23f2c7"},
        ),
        Step("if the digest is not another", "GET", "/r/ten", headers={"If-None-Match": _MD5}),
        Step("if it has changed since long ago", "GET", "/r/ten", headers={"If-Modified-Since": _OLD}),
        Step("if it has changed since its change", "GET", "/r/ten", headers={"If-Modified-Since": "$modified"}),
        Step("if it has not changed since long ago", "GET", "/r/ten", headers={"If-Unmodified-Since": _OLD}),
        Step("if it has not changed since its change", "GET", "/r/ten", headers={"If-Unmodified-Since": "$modified"}),
        Step("if it has changed since no time", "GET", "/r/ten", headers={"If-Modified-Since": "yesterday"}),
        Step("looked at if the digest is another", "HEAD", "/r/ten", headers={"If-Match": _MD5}),
        Step(
            "a part if the digest is so",
            "GET",
            "/r/ten",
            headers={**_range("0-1"), "If-Range": "781e5e245d69b566979b86e28d23f2c7"},
        ),
        Step("one that is not, if there is one", "GET", "/r/none", headers={"If-Match": "*"}),
        Step("the newest", "GET", "/r/ten", headers={"X-Newest": "true"}),
    ],
)

COPIES = Scenario(
    "copies",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/k"),
        Step("another container", "PUT", "/l"),
        Step("an object", "PUT", "/k/o", b"hello", headers={"Content-Type": "text/x", "X-Object-Meta-K": "v"}),
        Step("copied", "COPY", "/k/o", headers={"Destination": "/l/o"}),
        Step("the copy", "GET", "/l/o"),
        Step("copied without a slash", "COPY", "/k/o", headers={"Destination": "l/p%20q"}),
        Step(
            "copied with a change",
            "COPY",
            "/k/o",
            headers={"Destination": "l/new", "X-Object-Meta-L": "w", "Content-Type": "text/z"},
        ),
        Step("the changed copy", "HEAD", "/l/new"),
        Step("copied afresh", "COPY", "/k/o", headers={"Destination": "l/fresh", "X-Fresh-Metadata": "true"}),
        Step("the fresh copy", "HEAD", "/l/fresh"),
        Step("copied from", "PUT", "/l/from", b"", headers={"X-Copy-From": "/k/o"}),
        Step(
            "copied from, with an account",
            "PUT",
            "/l/from2",
            b"",
            headers={"X-Copy-From": "k/o", "X-Copy-From-Account": "AUTH_$project"},
        ),
        Step("copied from, with a body", "PUT", "/l/from3", b"x", headers={"X-Copy-From": "/k/o"}),
        Step("copied from nothing", "PUT", "/l/from3", b"", headers={"X-Copy-From": "/k/none"}),
        Step("copied from a container", "PUT", "/l/from3", b"", headers={"X-Copy-From": "/k"}),
        Step("copied to nowhere", "COPY", "/k/o", headers={"Destination": "/none/o"}),
        Step("copied to a container", "COPY", "/k/o", headers={"Destination": "/l"}),
        Step("copied without a destination", "COPY", "/k/o"),
        Step("nothing copied", "COPY", "/k/none", headers={"Destination": "/l/o"}),
        Step(
            "copied to another's account",
            "COPY",
            "/k/o",
            headers={"Destination": "/l/o", "Destination-Account": "AUTH_$other"},
        ),
        Step(
            "copied from another's account",
            "PUT",
            "/l/o",
            b"",
            headers={"X-Copy-From": "/k/o", "X-Copy-From-Account": "AUTH_$other"},
        ),
        Step("copied onto itself", "COPY", "/k/o", headers={"Destination": "/k/o", "X-Object-Meta-M": "x"}),
        Step("itself after that", "HEAD", "/k/o"),
        Step("a part copied from", "PUT", "/l/part", b"", headers={"X-Copy-From": "/k/o", "Range": "bytes=1-2"}),
        Step("the part", "GET", "/l/part"),
        Step("copied by a reader", "COPY", "/k/o", headers={"Destination": "/l/r"}, as_="reader"),
        Step("copied if the digest is another", "COPY", "/k/o", headers={"Destination": "/l/i", "If-Match": "0" * 32}),
        Step("a container copied", "COPY", "/k", headers={"Destination": "/l/o"}),
    ],
)

SCENARIOS = (OBJECTS, RANGES, COPIES)
