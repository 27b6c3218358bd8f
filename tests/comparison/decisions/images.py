"""Images."""

from __future__ import annotations

from collections.abc import Sequence

from tests.comparison.decisions.decision import ABSENT, Decision, Seen, across

_DISCOVERY, _RECORDS, _PATCHES, _LISTS = "discovery of images", "image records", "patches", "lists of images"
_DATA, _MEMBERS, _IMPORTS = "bytes of images", "members of images", "imports and tasks"
_FETCHES, _STORES = "imports by URL", "stores, usage and caches"
_MAKING = (_RECORDS, _PATCHES, _LISTS, _DATA, _MEMBERS, _IMPORTS, _FETCHES, _STORES)

DECISIONS: Sequence[Decision] = (
    Decision(
        what="Stores",
        there="two, `fast` and `second`, as its operator named them; two inner ones show among those of a new image",
        here="one, `default`",
        why="Blocks are kept once, in one place.",
        seen=(
            Seen(_DISCOVERY, "stores", "body.stores.*"),
            Seen(_STORES, "stores in detail", "body.stores.*"),
            *across(_MAKING, "*", "header openstack-image-store-ids"),
            Seen(_IMPORTS, "its tasks", "body.tasks.0.input.backend.0"),
        ),
    ),
    Decision(
        what="Ways to import",
        there="`glance-download` too",
        here="`glance-direct`, `web-download` and `copy-image`",
        why="One image service is all that this one knows; `web-download` takes from any other.",
        seen=(
            Seen(_DISCOVERY, "import methods", "body.import-methods.value.*"),
            *across(_MAKING, "*", "header openstack-image-import-methods"),
        ),
    ),
    Decision(
        what="Locations",
        there="can be made by schema and patch, where its operator allows it",
        here="not offered; in the schema they are read-only",
        why="A location is a way to swap the bytes of an image that people trust.",
        seen=(
            Seen(_DISCOVERY, "schema of an image", "body.properties.locations.*"),
            Seen(_DISCOVERY, "schema of images", "body.properties.images.items.properties.locations.*"),
        ),
    ),
    Decision(
        what="Schemas",
        there="leave out what is true of answers: lower bounds, a `null`, what a list of tasks shows and links to",
        here="say so",
        why="A schema that says more lets a client refuse sooner; clients of the original take it.",
        seen=(
            Seen(_DISCOVERY, "schema of *", "body.*.min_*.minimum", ABSENT, "0"),
            Seen(_DISCOVERY, "schema of a member*|schema of members", "body.*schema.description", ABSENT),
            Seen(_DISCOVERY, "schema of tasks", "body.properties.*"),
            Seen(_DISCOVERY, "schema of tasks", "body.links.*"),
            Seen(_DISCOVERY, "schema of a task", "body.links.*"),
            Seen(_DISCOVERY, "schema of a task", "body.properties.*"),
        ),
    ),
    Decision(
        what="A list or a number where something else belongs",
        there="500",
        here="400",
        why="A mistake of the original's.",
        seen=(
            *across((_RECORDS, _IMPORTS), "of a list", "status", "500", "400"),
            Seen(_FETCHES, "of a number", "status", "500", "400"),
        ),
    ),
    Decision(
        what="A property without a name",
        there="made",
        here="400",
        why="It could not be filtered by, nor shown in a table.",
        seen=(Seen(_PATCHES, "a path of nothing", "status", "200", "400"),),
    ),
    Decision(
        what="`first` of a list with two tags",
        there="repeats the last tag only",
        here="repeats both",
        why="The link has to lead to the same list.",
        seen=(Seen(_LISTS, "by two tags", "body.first"),),
    ),
    Decision(
        what="A reader of the project downloads an image",
        there="403",
        here="200",
        why="A reader looks, at bytes too, as in object storage.",
        seen=(Seen(_DATA, "got by a reader", "status", "403", "200"),),
    ),
    Decision(
        what="`Content-Range` of a 416",
        there="not there",
        here="`bytes */<size>`",
        why="RFC 9110 asks for it; with it, a client knows what it can ask for.",
        seen=(Seen(_DATA, "outside|nonsense", "header content-range", ABSENT, "bytes *"),),
    ),
    Decision(
        what="An empty file as a raw disk",
        there="taken, an image of no bytes",
        here="415",
        why="Nothing starts from it; it is what is left of an upload that went wrong.",
        seen=(
            Seen(_DATA, "nothing stored", "status", "204", "415"),
            Seen(_DATA, "the empty image", "body.*"),
            Seen(_DATA, "nothing got", "status", "200", "204"),
        ),
    ),
    Decision(
        what="Members",
        there="any value, a number too",
        here="text",
        why="No project has a number for an id.",
        seen=(Seen(_MEMBERS, "a number", "status", "200", "400"),),
    ),
    Decision(
        what="The size of an image while its bytes are staged",
        there="that of what is staged",
        here="`null`",
        why="They are not the image's yet: they may be refused, or change their format.",
        seen=(Seen(_IMPORTS, "the image while staged", "body.size", "750", "null"),),
    ),
    Decision(
        what="The tasks of an image",
        there="no progress; a failure is always the same sentence",
        here="`progress`, `steps` with their times and `error` beside the rest; the request is repeated with its "
        "defaults; no message at success",
        why="Whoever waits wants to know how far it is, and why it failed.",
        seen=(
            Seen(_IMPORTS, "its tasks", "body.tasks.0.progress.*|body.tasks.0.steps.*|body.tasks.0.error", ABSENT),
            Seen(_IMPORTS, "its tasks", "body.tasks.0.input.import_req.all_stores*", ABSENT),
            Seen(_IMPORTS, "its tasks", "body.tasks.0.message", "<sentence>", ""),
        ),
    ),
    Decision(
        what="Who may copy an image between stores",
        there="administrators, others get 403",
        here="everybody who may change it, and the one store has it already: 409",
        why="It does nothing here, to nobody's harm.",
        seen=(Seen(_IMPORTS, "copied by a member", "status", "403", "409"),),
    ),
    Decision(
        what="Who may start tasks and see them",
        there="administrators, others get 403",
        here="members, in their own project",
        why="Tasks import and export what is one's own; public clouds had them so.",
        seen=(
            Seen(_IMPORTS, "a task made by a member", "status", "403", "400"),
            Seen(_IMPORTS, "tasks, to a member", "status", "403", "200"),
        ),
    ),
    Decision(
        what="`DELETE` of a task",
        there="405",
        here="forgets one that has ended; 404 where there is none",
        why="Nobody should have to wait two days for a list to be tidy.",
        seen=(Seen(_IMPORTS, "a task deleted", "status", "405", "404"),),
    ),
    Decision(
        what="An import task without `import_from_format`",
        there="400",
        here="the format is found by looking",
        why="The first bytes of a disk say what it is, better than most people know.",
        seen=(Seen(_FETCHES, "a task without a format", "status", "400", "201"),),
    ),
    Decision(
        what="An object of a namespace that was made without properties",
        there="has none to show",
        here="shows an empty `properties` and `required`",
        why="The schema has them, and a reader need not ask whether they are there.",
        seen=(Seen(_STORES, "an object in it", "body.required|body.properties", ABSENT),),
    ),
    Decision(
        what="`X-OpenStack-Request-Id`",
        there="missing at discovery and at a 401",
        here="on every answer",
        why="Those answers, too, are looked for in logs.",
        seen=(
            Seen(
                _DISCOVERY, "the root|versions|a version *|with*", "header x-openstack-request-id", ABSENT, "<request>"
            ),
            Seen(_DATA, "got by nobody", "header x-openstack-request-id", ABSENT, "<request>"),
            Seen(_STORES, "usage, without a token", "header x-openstack-request-id", ABSENT, "<request>"),
        ),
    ),
)
