"""Object storage: versions, links, sites, other sites' pages, forms."""

from __future__ import annotations

from tests.comparison.script import FORM_TYPE, At, Form, Scenario, Step

_ALL = "?versions&format=json"
_HELLO = "5d41402abc4b2a76b9719d911017c592"  # MD5 of hello

VERSIONS = Scenario(
    "versions",
    At.OBJECTS,
    [
        Step("a container that keeps versions", "PUT", "/ver", headers={"X-Versions-Enabled": "true"}),
        Step("looked at", "HEAD", "/ver"),
        Step("first", "PUT", "/ver/o", b"one", keep={"first": "header x-object-version-id"}),
        Step("second", "PUT", "/ver/o", b"two", keep={"second": "header x-object-version-id"}),
        Step("the newest", "GET", "/ver/o"),
        Step("an old one", "GET", "/ver/o?version-id=$first"),
        Step("an old one, looked at", "HEAD", "/ver/o?version-id=$first"),
        Step("one that is not", "GET", "/ver/o?version-id=1500000000.00000"),
        Step("one that cannot be", "GET", "/ver/o?version-id=old"),
        Step("one of no object", "GET", "/ver/none?version-id=$first"),
        Step("the one without a version", "GET", "/ver/o?version-id=null"),
        Step("all", "GET", f"/ver{_ALL}"),
        Step("all with a prefix", "GET", f"/ver{_ALL}&prefix=x"),
        Step("all of a page", "GET", f"/ver{_ALL}&limit=1"),
        Step("all after a version", "GET", f"/ver{_ALL}&marker=o&version_marker=$second"),
        Step("the current ones", "GET", "/ver?format=json"),
        Step("deleted", "DELETE", "/ver/o"),
        Step("got after that", "GET", "/ver/o"),
        Step("an old one after that", "GET", "/ver/o?version-id=$first"),
        Step("all after that", "GET", f"/ver{_ALL}"),
        Step("restored", "PUT", "/ver/o?version-id=$first", b""),
        Step("got restored", "GET", "/ver/o"),
        Step("a version deleted", "DELETE", "/ver/o?version-id=$second"),
        Step("a version deleted again", "DELETE", "/ver/o?version-id=$second"),
        Step("a version changed", "POST", "/ver/o?version-id=$first", headers={"X-Object-Meta-A": "b"}),
        Step("the container deleted", "DELETE", "/ver"),
        Step("versions no longer kept", "POST", "/ver", headers={"X-Versions-Enabled": "false"}),
        Step("one more", "PUT", "/ver/p", b"plain"),
        Step("looked at after that", "HEAD", "/ver"),
        Step("a word for whether", "POST", "/ver", headers={"X-Versions-Enabled": "perhaps"}),
        Step("both ways at once", "PUT", "/both", headers={"X-Versions-Enabled": "true", "X-Versions-Location": "old"}),
    ],
)

OLD_VERSIONS = Scenario(
    "versions of old",
    At.OBJECTS,
    [
        Step("an archive", "PUT", "/old"),
        Step("a stack", "PUT", "/stack", headers={"X-Versions-Location": "old"}),
        Step("a history", "PUT", "/history", headers={"X-History-Location": "old"}),
        Step("the stack", "HEAD", "/stack"),
        Step("the history", "HEAD", "/history"),
        Step("one in the stack", "PUT", "/stack/o", b"one"),
        Step("two in the stack", "PUT", "/stack/o", b"two"),
        Step("the stack's archive", "GET", "/old?prefix=001o&format=json"),
        Step("the newest taken off", "DELETE", "/stack/o"),
        Step("what was below", "GET", "/stack/o"),
        Step("the last taken off", "DELETE", "/stack/o"),
        Step("nothing left", "GET", "/stack/o"),
        Step("one in the history", "PUT", "/history/h", b"one"),
        Step("the history's deleted", "DELETE", "/history/h"),
        Step("the history's archive", "GET", "/old?prefix=001h&format=json"),
        Step("both at once", "PUT", "/both", headers={"X-Versions-Location": "old", "X-History-Location": "old"}),
        Step("taken back", "POST", "/stack", headers={"X-Remove-Versions-Location": "x"}),
        Step("the stack after that", "HEAD", "/stack"),
    ],
)


def _link(name: str, to: str, **more: str) -> Step:
    headers = {"X-Symlink-Target": to, **{f"X-Symlink-Target-{key.title()}": value for key, value in more.items()}}
    return Step(f"{name}, made", "PUT", f"/lnk/{name}", b"", headers=headers)


LINKS = Scenario(
    "links",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/lnk"),
        Step("an object", "PUT", "/lnk/o", b"hello", headers={"Content-Type": "text/x", "X-Object-Meta-K": "v"}),
        _link("one", "lnk/o"),
        Step("followed", "GET", "/lnk/one"),
        Step("followed by a look", "HEAD", "/lnk/one"),
        Step("itself", "GET", "/lnk/one?symlink=get"),
        Step("itself, looked at", "HEAD", "/lnk/one?symlink=get"),
        Step("a part", "GET", "/lnk/one", headers={"Range": "bytes=1-2"}),
        Step("listed", "GET", "/lnk?format=json"),
        _link("two", "lnk/one"),
        _link("three", "lnk/two"),
        _link("four", "lnk/three"),
        Step("two followed", "GET", "/lnk/two"),
        Step("four followed", "GET", "/lnk/four"),
        _link("loop", "lnk/loop"),
        Step("a loop followed", "GET", "/lnk/loop"),
        _link("gone", "lnk/nothing"),
        Step("nothing followed", "GET", "/lnk/gone"),
        _link("static", "lnk/o", etag=_HELLO),
        Step("static followed", "GET", "/lnk/static"),
        Step("static itself", "HEAD", "/lnk/static?symlink=get"),
        _link("wrong", "lnk/o", etag="0" * 32),
        _link("dangling", "lnk/nothing", etag=_HELLO),
        _link("bad", "lnk"),
        _link("worse", "lnk/"),
        Step("with a body", "PUT", "/lnk/full", b"x", headers={"X-Symlink-Target": "lnk/o"}),
        _link("alien", "lnk/o", account="AUTH_$other"),
        Step("alien followed", "GET", "/lnk/alien"),
        Step("copied", "COPY", "/lnk/one", headers={"Destination": "/lnk/copy"}),
        Step("the copy", "HEAD", "/lnk/copy?symlink=get"),
        Step("copied as a link", "COPY", "/lnk/one?symlink=get", headers={"Destination": "/lnk/link"}),
        Step("the copied link", "HEAD", "/lnk/link?symlink=get"),
        Step("changed", "POST", "/lnk/one", headers={"X-Object-Meta-A": "b"}),
        Step("put through", "PUT", "/lnk/one", b"now an object"),
        Step("deleted", "DELETE", "/lnk/two"),
        Step("the object after that", "HEAD", "/lnk/o"),
    ],
)

_SITE = {"X-Container-Read": ".r:*,.rlistings"}

SITES = Scenario(
    "web sites",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/web", headers=_SITE),
        Step("a page", "PUT", "/web/index.html", b"<p>hello", headers={"Content-Type": "text/html"}),
        Step("a page of errors", "PUT", "/web/404error.html", b"<p>not here", headers={"Content-Type": "text/html"}),
        Step("a page below", "PUT", "/web/sub/index.html", b"<p>below", headers={"Content-Type": "text/html"}),
        Step("a file below", "PUT", "/web/files/a.txt", b"a"),
        Step("no site yet", "GET", "/web/", as_=""),
        Step("an index", "POST", "/web", headers={"X-Container-Meta-Web-Index": "index.html"}),
        Step("the index", "GET", "/web/", as_=""),
        Step("the index without a slash", "GET", "/web", as_=""),
        Step("the index below", "GET", "/web/sub/", as_=""),
        Step("the index below without a slash", "GET", "/web/sub", as_=""),
        Step("no list", "GET", "/web/files/", as_=""),
        Step("what is not", "GET", "/web/none", as_=""),
        Step("errors of its own", "POST", "/web", headers={"X-Container-Meta-Web-Error": "error.html"}),
        Step("what is not, in its own words", "GET", "/web/none", as_=""),
        Step("to a program of the owner's", "GET", "/web/"),
        Step("to a browser of the owner's", "GET", "/web/", headers={"X-Web-Mode": "true"}),
    ],
)

_PAGE = "http://page.example.com"
_ASK = {"Origin": _PAGE, "Access-Control-Request-Method": "GET"}

PAGES = Scenario(
    "pages of other sites",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/cors", headers={"X-Container-Read": ".r:*"}),
        Step("an object", "PUT", "/cors/o", b"hello"),
        Step("asked before it is allowed", "OPTIONS", "/cors/o", as_="", headers=_ASK),
        Step("got before it is allowed", "GET", "/cors/o", as_="", headers={"Origin": _PAGE}),
        Step(
            "allowed",
            "POST",
            "/cors",
            headers={
                "X-Container-Meta-Access-Control-Allow-Origin": _PAGE,
                "X-Container-Meta-Access-Control-Max-Age": "60",
            },
        ),
        Step("asked", "OPTIONS", "/cors/o", as_="", headers=_ASK),
        Step(
            "asked with headers",
            "OPTIONS",
            "/cors/o",
            as_="",
            headers={**_ASK, "Access-Control-Request-Headers": "x-auth-token"},
        ),
        Step(
            "asked from elsewhere", "OPTIONS", "/cors/o", as_="", headers={**_ASK, "Origin": "http://bad.example.com"}
        ),
        Step(
            "asked for a wrong method",
            "OPTIONS",
            "/cors/o",
            as_="",
            headers={**_ASK, "Access-Control-Request-Method": "PATCH"},
        ),
        Step("asked without an origin", "OPTIONS", "/cors/o", as_=""),
        Step("got", "GET", "/cors/o", as_="", headers={"Origin": _PAGE}),
        Step("got from elsewhere", "GET", "/cors/o", as_="", headers={"Origin": "http://bad.example.com"}),
        Step("got what is not", "GET", "/cors/none", as_="", headers={"Origin": _PAGE}),
        Step("the container asked", "OPTIONS", "/cors", as_="", headers=_ASK),
        Step("the account asked", "OPTIONS", "", as_="", headers=_ASK),
        Step("allowed to all", "POST", "/cors", headers={"X-Container-Meta-Access-Control-Allow-Origin": "*"}),
        Step("got by any", "GET", "/cors/o", as_="", headers={"Origin": "http://any.example.com"}),
        Step("a policy for players of old", "GET", "/crossdomain.xml", as_="", at=At.STORAGE),
    ],
)


def _form(**fields: str) -> bytes:
    rows = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\nhello\r\n'
    return "".join([*rows, file, "--b--\r\n"]).encode()


_FIELDS = {
    "redirect": "",
    "max_file_size": "100",
    "max_file_count": "1",
    "expires": "4102444800",
    "signature": "0" * 40,
}

FORMS = Scenario(
    "forms",
    At.OBJECTS,
    [
        Step("a container", "PUT", "/form", headers={"X-Container-Meta-Temp-URL-Key": "a key"}),
        Step("a wrong signature", "POST", "/form/in/", _form(**_FIELDS), headers=FORM_TYPE, as_=""),
        Step("no signature", "POST", "/form/in/", _form(max_file_size="1"), headers=FORM_TYPE, as_=""),
        Step("too late", "POST", "/form/in/", _form(**{**_FIELDS, "expires": "1000000000"}), headers=FORM_TYPE, as_=""),
        Step(
            "an end that is none",
            "POST",
            "/form/in/",
            _form(**{**_FIELDS, "expires": "soon"}),
            headers=FORM_TYPE,
            as_="",
        ),
        Step(
            "a size that is none",
            "POST",
            "/form/in/",
            _form(**{**_FIELDS, "max_file_size": "big"}),
            headers=FORM_TYPE,
            as_="",
        ),
        Step("no boundary", "POST", "/form/in/", b"x", headers={"Content-Type": "multipart/form-data"}, as_=""),
        Step("a file", "POST", "/form/in/", Form("a key", {"f.txt": b"hello"}), as_=""),
        Step("the file", "GET", "/form/in/f.txt"),
        Step("two files", "POST", "/form/", Form("a key", {"g": b"1", "h": b"2"}, max_file_count=2), as_=""),
        Step("too many files", "POST", "/form/", Form("a key", {"i": b"1", "j": b"2"}), as_=""),
        Step("a file too large", "POST", "/form/", Form("a key", {"k": b"12345"}, max_file_size=4), as_=""),
        Step("no file", "POST", "/form/", Form("a key", {}), as_=""),
        Step("a file of another key's", "POST", "/form/", Form("another", {"l": b"1"}), as_=""),
        Step(
            "a file, and on", "POST", "/form/", Form("a key", {"m": b"1"}, redirect="http://page.example.com/x"), as_=""
        ),
        Step("listed", "GET", "/form"),
        Step("a body that is none", "POST", "/form/in/", b"x", headers=FORM_TYPE, as_=""),
    ],
)

SCENARIOS = (VERSIONS, OLD_VERSIONS, LINKS, SITES, PAGES, FORMS)
