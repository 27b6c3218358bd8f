"""Object storage: large objects, temporary URLs, bulk calls, access of others."""

from __future__ import annotations

import io
import tarfile

from tests.comparison.script import NOT_SENT, At, Scenario, Step

_A5, _B5 = "f6a6263167c92de8644ac998b3c4e4d1", "87c7d4068be07d390a1fffd21bf1e944"  # of AAAAA and of BBBBB
_PUT = "?multipart-manifest=put"
_SEGMENTS = [{"path": "/seg/big/1", "etag": _A5, "size_bytes": 5}, {"path": "/seg/big/2", "etag": _B5, "size_bytes": 5}]
_TEXT = {"Content-Type": "text/plain"}
_ACCEPT = {"Accept": "application/json"}


def _segment(**members: object) -> list[object]:
    return [{"path": "/seg/big/1", **members}]


STATIC = Scenario(
    "static large objects",
    At.OBJECTS,
    [
        Step("segments' container", "PUT", "/seg"),
        Step("segment one", "PUT", "/seg/big/1", b"AAAAA", headers=_TEXT),
        Step("segment two", "PUT", "/seg/big/2", b"BBBBB", headers=_TEXT),
        Step("made", "PUT", f"/seg/slo{_PUT}", _SEGMENTS, headers=_TEXT),
        Step("got", "GET", "/seg/slo"),
        Step("looked at", "HEAD", "/seg/slo"),
        Step("a part over both", "GET", "/seg/slo", headers={"Range": "bytes=3-6"}),
        Step("two parts", "GET", "/seg/slo", headers={"Range": "bytes=0-1,8-9"}),
        Step("outside", "GET", "/seg/slo", headers={"Range": "bytes=30-40"}),
        Step("by number", "GET", "/seg/slo?part-number=2"),
        Step("by a number too high", "GET", "/seg/slo?part-number=3"),
        Step("by number zero", "GET", "/seg/slo?part-number=0"),
        Step("if the tag is another", "GET", "/seg/slo", headers={"If-Match": _A5}),
        Step("its list", "GET", "/seg/slo?multipart-manifest=get"),
        Step("its list as it was put", "GET", "/seg/slo?multipart-manifest=get&format=raw"),
        Step("its list, looked at", "HEAD", "/seg/slo?multipart-manifest=get"),
        Step("listed", "GET", "/seg?format=json"),
        Step("made of inline bytes", "PUT", f"/seg/inline{_PUT}", [{"data": "QUFBQUE="}, *_SEGMENTS]),
        Step("inline bytes got", "GET", "/seg/inline"),
        Step("made of ranges", "PUT", f"/seg/ranges{_PUT}", [*_segment(range="1-2"), *_segment(range="-1")]),
        Step("ranges got", "GET", "/seg/ranges"),
        Step("made of another", "PUT", f"/seg/nested{_PUT}", [{"path": "/seg/slo"}, *_segment()]),
        Step("another got", "GET", "/seg/nested"),
        Step("made with its tag", "PUT", f"/seg/tagged{_PUT}", _SEGMENTS, headers={"ETag": "0" * 32}),
        Step("of nothing that is there", "PUT", f"/seg/x{_PUT}", [{"path": "/seg/none"}]),
        Step("of nothing that is there, in JSON", "PUT", f"/seg/x{_PUT}", [{"path": "/seg/none"}], headers=_ACCEPT),
        Step("of another digest", "PUT", f"/seg/x{_PUT}", _segment(etag=_B5), headers=_ACCEPT),
        Step("of another size", "PUT", f"/seg/x{_PUT}", _segment(size_bytes=6), headers=_ACCEPT),
        Step("of a range outside", "PUT", f"/seg/x{_PUT}", _segment(range="7-9"), headers=_ACCEPT),
        Step("of a range that is none", "PUT", f"/seg/x{_PUT}", _segment(range="a-b")),
        Step("with an unknown key", "PUT", f"/seg/x{_PUT}", _segment(colour="red")),
        Step("with a path that is none", "PUT", f"/seg/x{_PUT}", [{"path": "seg"}]),
        Step("with no path", "PUT", f"/seg/x{_PUT}", [{"size_bytes": 5}]),
        Step("with broken base64", "PUT", f"/seg/x{_PUT}", [{"data": "!"}]),
        Step("of inline bytes alone", "PUT", f"/seg/only{_PUT}", [{"data": "QUFBQUE="}]),
        Step("of broken JSON", "PUT", f"/seg/x{_PUT}", "["),
        Step("of no list", "PUT", f"/seg/x{_PUT}", {"path": "/seg/big/1"}),
        Step("of an empty list", "PUT", f"/seg/none{_PUT}", "[]"),
        Step("of itself", "PUT", f"/seg/slo{_PUT}", [{"path": "/seg/slo"}]),
        Step("with a heartbeat", "PUT", f"/seg/heart{_PUT}&heartbeat=on", _SEGMENTS, headers=_ACCEPT),
        Step("copied", "COPY", "/seg/slo", headers={"Destination": "/seg/copy"}),
        Step("its copy", "GET", "/seg/copy"),
        Step("its list copied", "COPY", "/seg/slo?multipart-manifest=get", headers={"Destination": "/seg/copied"}),
        Step("the copied list", "GET", "/seg/copied?multipart-manifest=get"),
        Step("changed", "POST", "/seg/slo", headers={"X-Object-Meta-A": "b"}),
        Step("looked at after the change", "HEAD", "/seg/slo"),
        Step("a segment deleted", "DELETE", "/seg/big/2"),
        Step("got without a segment", "GET", "/seg/slo"),
        Step("deleted with its segments", "DELETE", "/seg/slo?multipart-manifest=delete", headers=_ACCEPT),
        Step("deleted with its segments again", "DELETE", "/seg/slo?multipart-manifest=delete", headers=_ACCEPT),
        Step("a plain one deleted with its segments", "DELETE", "/seg/copy?multipart-manifest=delete", headers=_ACCEPT),
        Step("deleted alone", "DELETE", "/seg/heart"),
    ],
)

DYNAMIC = Scenario(
    "dynamic large objects",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/dyn"),
        Step("segment one", "PUT", "/dyn/p/1", b"AAAAA"),
        Step("segment two", "PUT", "/dyn/p/2", b"BBBBB"),
        Step("made", "PUT", "/dyn/dlo", b"", headers={**_TEXT, "X-Object-Manifest": "dyn/p/"}),
        Step("got", "GET", "/dyn/dlo"),
        Step("looked at", "HEAD", "/dyn/dlo"),
        Step("a part over both", "GET", "/dyn/dlo", headers={"Range": "bytes=3-6"}),
        Step("outside", "GET", "/dyn/dlo", headers={"Range": "bytes=30-40"}),
        Step("if the tag is another", "GET", "/dyn/dlo", headers={"If-Match": _A5}),
        Step("as it was put", "GET", "/dyn/dlo?multipart-manifest=get"),
        Step("listed", "GET", "/dyn?format=json&prefix=dlo"),
        Step("copied", "COPY", "/dyn/dlo", headers={"Destination": "/dyn/copy"}),
        Step("its copy", "GET", "/dyn/copy"),
        Step("of a name without a slash", "PUT", "/dyn/x", b"", headers={"X-Object-Manifest": "dyn"}),
        Step("of a name with a question", "PUT", "/dyn/x", b"", headers={"X-Object-Manifest": "dyn/p?a=b"}),
        Step("of nothing", "PUT", "/dyn/empty", b"", headers={"X-Object-Manifest": "dyn/none/"}),
        Step("nothing got", "GET", "/dyn/empty"),
        Step("of another's", "PUT", "/dyn/alien", b"", headers={"X-Object-Manifest": "none/p/"}),
        Step("another's got", "GET", "/dyn/alien"),
        Step("changed", "POST", "/dyn/dlo", headers={"X-Object-Meta-A": "b"}),
        Step("looked at after the change", "HEAD", "/dyn/dlo"),
        Step("deleted", "DELETE", "/dyn/dlo"),
        Step("a segment after that", "HEAD", "/dyn/p/1"),
    ],
)

_KEY = "a key"
_EXPIRED = "temp_url_sig=0000000000000000000000000000000000000000&temp_url_expires=1000000000"

TEMPORARY = Scenario(
    "temporary URLs",
    At.OBJECTS,
    [
        Step("a container with a key", "PUT", "/temp", headers={"X-Container-Meta-Temp-URL-Key": _KEY}),
        Step(
            "an object",
            "PUT",
            "/temp/a%20b.txt",
            b"hello",
            headers={"X-Object-Meta-Secret": "s", "X-Object-Meta-Public-P": "p"},
        ),
        Step("got", "GET", "/temp/a%20b.txt", as_="", signed=_KEY),
        Step("got under another name", "GET", "/temp/a%20b.txt?filename=c.txt", as_="", signed=_KEY),
        Step("got to be shown", "GET", "/temp/a%20b.txt?inline", as_="", signed=_KEY),
        Step("looked at", "HEAD", "/temp/a%20b.txt", as_="", signed=_KEY),
        Step("a part", "GET", "/temp/a%20b.txt", as_="", signed=_KEY, headers={"Range": "bytes=1-2"}),
        Step("got with another key", "GET", "/temp/a%20b.txt", as_="", signed="another"),
        Step("got too late", "GET", f"/temp/a%20b.txt?{_EXPIRED}", as_=""),
        Step("got with half a signature", "GET", "/temp/a%20b.txt?temp_url_sig=abc", as_=""),
        Step("got with an end that is none", "GET", "/temp/a%20b.txt?temp_url_sig=abc&temp_url_expires=soon", as_=""),
        Step("nothing got", "GET", "/temp/none", as_="", signed=_KEY),
        Step("put", "PUT", "/temp/new", b"new", as_="", signed=_KEY),
        Step("put as a manifest", "PUT", "/temp/m", b"", as_="", signed=_KEY, headers={"X-Object-Manifest": "tmp/a"}),
        Step("deleted", "DELETE", "/temp/new", as_="", signed=_KEY),
        Step("a container asked for", "GET", "/temp", as_="", signed=_KEY),
        Step("the key shown to its owner", "HEAD", "/temp"),
        Step("the key shown to a reader", "HEAD", "/temp", as_="reader"),
    ],
)


def _archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in names:
            row = tarfile.TarInfo(name)
            row.size = 5
            tar.addfile(row, io.BytesIO(b"hello"))
    return packed.getvalue()


BULK = Scenario(
    "bulk calls",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/bulk"),
        Step("unpacked", "PUT", "/bulk?extract-archive=tar", _archive("a", "d/b", "c"), headers=_ACCEPT),
        Step("unpacked into a folder", "PUT", "/bulk/sub?extract-archive=tar", _archive("x"), headers=_ACCEPT),
        Step("unpacked into containers", "PUT", "?extract-archive=tar", _archive("bulk-two/y"), headers=_ACCEPT),
        Step("unpacked in text", "PUT", "/bulk?extract-archive=tar", _archive("z")),
        Step(
            "unpacked in XML", "PUT", "/bulk?extract-archive=tar", _archive("z"), headers={"Accept": "application/xml"}
        ),
        Step("no archive", "PUT", "/bulk?extract-archive=tar", b"hello", headers=_ACCEPT),
        Step("an unknown kind", "PUT", "/bulk?extract-archive=zip", b"hello", headers=_ACCEPT),
        Step("listed", "GET", "/bulk"),
        Step("unpacked by a reader", "PUT", "/bulk?extract-archive=tar", _archive("a"), headers=_ACCEPT, as_="reader"),
        Step(
            "deleted",
            "POST",
            "?bulk-delete",
            b"/bulk/a\n/bulk/none\n/bulk-two/y\n/bulk-two\n",
            headers={**_TEXT, **_ACCEPT},
        ),
        Step("deleted by the other method", "DELETE", "?bulk-delete", b"/bulk/c\n", headers={**_TEXT, **_ACCEPT}),
        Step("deleted in text", "POST", "?bulk-delete", b"/bulk/z\n", headers=_TEXT),
        Step("deleted in XML", "POST", "?bulk-delete", b"/bulk/none\n", headers={**_TEXT, "Accept": "application/xml"}),
        Step("nothing deleted", "POST", "?bulk-delete", b"", headers={**_TEXT, **_ACCEPT}),
        Step("a full container deleted", "POST", "?bulk-delete", b"/bulk\n", headers={**_TEXT, **_ACCEPT}),
        Step("a name that is not UTF-8", "POST", "?bulk-delete", b"/bulk/%ff\n", headers={**_TEXT, **_ACCEPT}),
        Step(
            "a list of a wrong kind",
            "POST",
            "?bulk-delete",
            b"/bulk/a\n",
            headers={"Content-Type": "image/png", **_ACCEPT},
        ),
        Step("a list without a length", "POST", "?bulk-delete", None, headers={**_TEXT, "Content-Length": NOT_SENT}),
        Step("deleted by a reader", "POST", "?bulk-delete", b"/bulk/d/b\n", headers={**_TEXT, **_ACCEPT}, as_="reader"),
        Step(
            "deleted by a stranger", "POST", "?bulk-delete", b"/bulk/d/b\n", headers={**_TEXT, **_ACCEPT}, as_="foreign"
        ),
    ],
)


def _grant(name: str, **lists: str) -> Step:
    headers = {f"X-Container-{kind.title()}": value for kind, value in lists.items()}
    return Step(name, "POST", "/acl", headers=headers)


ACCESS = Scenario(
    "access of others",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/acl"),
        Step("an object", "PUT", "/acl/o", b"hello"),
        Step("not read by nobody", "GET", "/acl/o", as_=""),
        Step("not read by a stranger", "GET", "/acl/o", as_="foreign"),
        _grant("readers: anybody", read=".r:*"),
        Step("read by nobody", "GET", "/acl/o", as_=""),
        Step("read by a stranger", "GET", "/acl/o", as_="foreign"),
        Step("not listed by nobody", "GET", "/acl", as_=""),
        Step("what is not, read by nobody", "GET", "/acl/none", as_=""),
        _grant("readers: anybody, lists too", read=".r:*,.rlistings"),
        Step("listed by nobody", "GET", "/acl", as_=""),
        Step("looked at by nobody", "HEAD", "/acl", as_=""),
        _grant("readers: from a site", read=".r:.example.com,.r:-bad.example.com"),
        Step("read from the site", "GET", "/acl/o", as_="", headers={"Referer": "http://www.example.com/x"}),
        Step("read from the bad site", "GET", "/acl/o", as_="", headers={"Referer": "http://bad.example.com/x"}),
        Step("read from nowhere", "GET", "/acl/o", as_=""),
        _grant("readers: the other project", read="$other:*"),
        Step("read by the other project", "GET", "/acl/o", as_="foreign"),
        Step("listed by the other project", "GET", "/acl", as_="foreign"),
        Step("not written by the other project", "PUT", "/acl/p", b"x", as_="foreign"),
        _grant("writers: the other's user", write="$other:$foreign", read=""),
        Step("written by the other's user", "PUT", "/acl/p", b"x", as_="foreign"),
        Step("changed by the other's user", "POST", "/acl/p", as_="foreign", headers={"X-Object-Meta-A": "b"}),
        Step("not read by the other's user", "GET", "/acl/p", as_="foreign"),
        Step("deleted by the other's user", "DELETE", "/acl/p", as_="foreign"),
        Step(
            "the container, changed by the other's user",
            "POST",
            "/acl",
            as_="foreign",
            headers={"X-Container-Read": ".r:*"},
        ),
        Step("the container, deleted by the other's user", "DELETE", "/acl", as_="foreign"),
        _grant("access: a name for a project", read="other-$mark:*", write=""),
        Step("read by a name for a project", "GET", "/acl/o", as_="foreign"),
        _grant("access: any project", read="*:*"),
        Step("read by any project", "GET", "/acl/o", as_="foreign"),
        Step("not read by nobody again", "GET", "/acl/o", as_=""),
        Step("taken back", "POST", "/acl", headers={"X-Remove-Container-Read": "x"}),
        Step("shown without", "HEAD", "/acl"),
    ],
)

SCENARIOS = (STATIC, DYNAMIC, TEMPORARY, BULK, ACCESS)
