"""Object storage."""

from __future__ import annotations

from collections.abc import Sequence

from tests.comparison.decisions.decision import ABSENT, Decision, Seen, across

_ACCOUNTS, _CONTAINERS, _LISTINGS = "accounts", "containers", "listings"
_OBJECTS, _RANGES, _COPIES = "objects", "ranges and conditions", "copies"
_STATIC, _DYNAMIC = "static large objects", "dynamic large objects"
_TEMPORARY, _BULK, _ACCESS = "temporary URLs", "bulk calls", "access of others"
_VERSIONS, _LINKS, _SITES, _PAGES, _FORMS = "versions", "links", "web sites", "pages of other sites", "forms"

_MD5 = "????????????????????????????????"
_ACCEPTED = "<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>"

DECISIONS: Sequence[Decision] = (
    Decision(
        what="Refusals",
        there="an HTML fragment with a sentence for everybody, some with no body",
        here="one line of plain text that says what is wrong with this request",
        why="People read them in a terminal; programs go by the status, which is the same.",
        seen=(
            *across(
                (
                    _ACCOUNTS,
                    _CONTAINERS,
                    _LISTINGS,
                    _OBJECTS,
                    _RANGES,
                    _COPIES,
                    _STATIC,
                    _DYNAMIC,
                    _TEMPORARY,
                    _VERSIONS,
                    _LINKS,
                    _FORMS,
                    _BULK,
                    _ACCESS,
                    "tokens without a project",
                ),
                "*",
                "header content-type",
                "text/html",
                "text/plain",
            ),
            Seen(_RANGES, "one that is not, if there is one", "body", "(empty)", "<sentence>"),
            Seen(_COPIES, "copied if the digest is another", "body", "(empty)", "<sentence>"),
        ),
    ),
    Decision(
        what="The body of a 202",
        there="an HTML fragment",
        here="none",
        why="It says nothing that the status does not.",
        seen=(
            Seen(_ACCOUNTS, "made by its owner", "body", _ACCEPTED, "(empty)"),
            Seen(_CONTAINERS, "made again", "body", _ACCEPTED, "(empty)"),
            Seen(_OBJECTS, "changed*", "body", _ACCEPTED, "(empty)"),
            *across((_STATIC, _DYNAMIC), "changed", "body", _ACCEPTED, "(empty)"),
            Seen(_ACCESS, "changed by the other's user", "body", _ACCEPTED, "(empty)"),
        ),
    ),
    Decision(
        what="`WWW-Authenticate` of a 401",
        there="a challenge of Swift's and one that names Keystone",
        here="Swift's",
        why="Clients of object storage come with a token or a signature; the catalog told them where from.",
        seen=(
            *across(
                (_ACCOUNTS, _OBJECTS, _ACCESS, _FORMS), "*", "header www-authenticate", "Swift *, Keystone *", "Swift *"
            ),
            Seen(_PAGES, "asked *", "header www-authenticate", "Keystone *", "Swift *"),
        ),
    ),
    Decision(
        what="`/info`",
        there="names S3, several storage policies, quirks of its pipeline",
        here="names what is offered here; `synnefo` tells where the same objects are by their blocks",
        why="A key's presence says that the feature exists.",
        seen=(
            Seen(_ACCOUNTS, "capabilities", "header content-type"),
            Seen(_ACCOUNTS, "capabilities", "body.s3api.*", "*", ABSENT),
            Seen(_ACCOUNTS, "capabilities", "body.synnefo.*", ABSENT, "*"),
            Seen(_ACCOUNTS, "capabilities", "body.swift.policies.*"),
            Seen(_ACCOUNTS, "capabilities", "body.swift.allow_account_management", "true", "false"),
            Seen(_ACCOUNTS, "capabilities", "body.swift.allow_open_expired|body.tempurl.*.1", "*", ABSENT),
            Seen(_ACCOUNTS, "capabilities", "body.swift.max_request_line|body.swift.extra_header_count", "*", ABSENT),
            Seen(_ACCOUNTS, "capabilities", "body.slo.yield_frequency|body.slo.allow_async_delete"),
        ),
    ),
    Decision(
        what="An account that nothing was written to",
        there="HEAD is 200, and headers differ from those of later",
        here="204, and the headers of any account",
        why="An account is there as soon as its project is.",
        seen=(
            Seen(_ACCOUNTS, "a fresh one, looked at", "status", "200", "204"),
            Seen(_ACCOUNTS, "a fresh one, listed*", "header x-put-timestamp", "*", ABSENT),
            Seen(_ACCOUNTS, "a fresh one, listed*", "header accept-ranges", ABSENT, "bytes"),
        ),
    ),
    Decision(
        what="`X-Account-Project-Domain-Id`",
        there="on every account",
        here="not there",
        why="A note that Swift makes to itself.",
        seen=(Seen(_ACCOUNTS, "*", "header x-account-project-domain-id", "*", ABSENT),),
    ),
    Decision(
        what="Administrators in other projects' storage",
        there="403, unless they have one more role",
        here="allowed",
        why="Whoever is admin in one project may act in all, in every service alike.",
        seen=(Seen(_ACCOUNTS, "looked at by an administrator", "status", "403", "204"),),
    ),
    Decision(
        what="Paths that are no storage's (`/v1`, `/v2/AUTH_x`)",
        there="412, 400",
        here="404",
        why="Other services answer at the same address.",
        seen=(Seen(_ACCOUNTS, "a path without an account|a version that is not", "status", "412|400", "404"),),
    ),
    Decision(
        what="A marker that is not UTF-8",
        there="400",
        here="read as near to it as can be",
        why="A listing from a slightly wrong place on does no harm; names themselves are refused with 412.",
        seen=(Seen(_LISTINGS, "a marker that is not UTF-8", "status", "400", "204"),),
    ),
    Decision(
        what="`Allow` of an object",
        there="without COPY",
        here="with COPY",
        why="It works there too.",
        seen=(
            Seen(_OBJECTS, "a wrong method", "header allow"),
            Seen(_PAGES, "asked *", "header allow"),
        ),
    ),
    Decision(
        what="`Last-Modified` of a 422",
        there="there",
        here="not there",
        why="Nothing was stored that it could tell about.",
        seen=(Seen(_OBJECTS, "a wrong digest|a digest that is none", "header last-modified", "<HTTP date>", ABSENT),),
    ),
    Decision(
        what="What a 416 or a failed copy tells of the object",
        there="all its headers, its content type too, for a body that is HTML",
        here="its size, in `Content-Range`",
        why="The answer is about the range; HEAD tells the rest.",
        seen=(
            *across((_RANGES, _STATIC), "outside", "header content-type", "text/x|text/plain", "text/html"),
            *across((_RANGES, _STATIC), "outside", "header etag|header last-modified|header x-timestamp", "*", ABSENT),
            *across((_RANGES, _STATIC, _DYNAMIC), "outside", "header accept-ranges", "bytes", ABSENT),
            Seen(_RANGES, "no bytes at the end", "header content-type", "text/x", "text/html"),
            Seen(_RANGES, "no bytes at the end", "header etag|header last-modified|header x-timestamp", "*", ABSENT),
            Seen(_RANGES, "no bytes at the end", "header accept-ranges", "bytes", ABSENT),
            Seen(_STATIC, "outside", "header x-static-large-object|header x-manifest-etag", "*", ABSENT),
            Seen(_STATIC, "by a number too high", "header *"),
            Seen(
                _COPIES, "copied if the digest is another", "header x-*|header etag|header last-modified", "*", ABSENT
            ),
        ),
    ),
    Decision(
        what="The digest and the size of a static large object's list",
        there="of the list as Swift writes it down",
        here="of the list as it is written down here",
        why="Nobody gets to see those bytes; the tag of the large object itself is the same.",
        seen=(
            Seen(_STATIC, "*", "header x-manifest-etag", "*", _MD5),
            Seen(_STATIC, "its list*|the copied list", "header etag"),
            Seen(_STATIC, "listed", "header x-container-bytes-used"),
            Seen(_STATIC, "listed", "body.2.hash"),
        ),
    ),
    Decision(
        what="A list without a path, a segment that is gone",
        there="500",
        here="400 for the list, 409 for the object",
        why="A mistake of the original's.",
        seen=(
            Seen(_STATIC, "with no path", "status", "500", "400"),
            Seen(_STATIC, "got without a segment", "status", "500", "409"),
        ),
    ),
    Decision(
        what="The length of what bulk calls answer",
        there="unknown: it comes in pieces, blanks while the work goes on",
        here="known, where the work was quick",
        why="A client that knows the length need not wait for the end of the connection.",
        seen=(
            Seen(
                _STATIC,
                "deleted with its segments*|a plain one deleted with its segments",
                "header content-length",
                ABSENT,
            ),
            Seen(_BULK, "*", "header content-length", ABSENT),
        ),
    ),
    Decision(
        what="Bulk calls that are refused as a whole",
        there="200, with the refusal in the body",
        here="401, 403, 411: as for any other call",
        why="There is nothing to report of work that never began.",
        seen=(
            Seen(_BULK, "unpacked by a reader|deleted by a reader|deleted by a stranger", "status", "200", "403"),
            Seen(_BULK, "a list without a length", "status", "200", "411"),
        ),
    ),
    Decision(
        what="The content type of a list of deletions",
        there="must be text/plain",
        here="any",
        why="It is read as text, whatever curl calls it.",
        seen=(Seen(_BULK, "a list of a wrong kind", "body.Response Status|body.Number Not Found"),),
    ),
    Decision(
        what="Names of projects in access lists",
        there="taken, in the default domain",
        here="ids only",
        why="Names can change hands.",
        seen=(Seen(_ACCESS, "read by a name for a project", "status", "200", "403"),),
    ),
    Decision(
        what="Both ways of keeping versions at once",
        there="taken",
        here="400",
        why="They treat a deletion in different ways; only one of them can be meant.",
        seen=(Seen(_VERSIONS, "both ways at once", "status", "201", "400"),),
    ),
    Decision(
        what="What a 404 tells of versions",
        there="sometimes the version that was asked for, `null`, or the newest",
        here="nothing",
        why="What is not there has no version.",
        seen=(
            Seen(_VERSIONS, "got after that", "header x-object-version-id", "null", ABSENT),
            Seen(_VERSIONS, "a version deleted again", "header x-object-*version-id", "*", ABSENT),
        ),
    ),
    Decision(
        what="`Content-Location` of a link that leads nowhere",
        there="where it would lead",
        here="not there",
        why="There is no content; the owner finds the target with `?symlink=get`.",
        seen=(Seen(_LINKS, "*", "header content-location", "/v1/*", ABSENT),),
    ),
    Decision(
        what="`Vary` of a site's index",
        there="Accept",
        here="not there",
        why="The page is the same, whatever is accepted.",
        seen=(Seen(_SITES, "the index|to a browser of the owner's", "header vary", "Accept", ABSENT),),
    ),
    Decision(
        what="The type of a form's redirect",
        there="not said",
        here="text/html",
        why="The answer has a page for who is not sent on by itself.",
        seen=(Seen(_FORMS, "a file, and on", "header content-type", ABSENT),),
    ),
)
