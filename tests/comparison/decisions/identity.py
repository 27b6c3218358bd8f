"""Identity."""

from __future__ import annotations

from collections.abc import Sequence

from tests.comparison.decisions.decision import ABSENT, Decision, Seen, across

_DISCOVERY, _TOKENS, _WHO, _LOOKUPS = "discovery of identity", "tokens", "who am I", "look-ups"
_CREDENTIALS, _ADMINISTRATION = "application credentials", "administration"
_SCOPES = "tokens without a project"

DECISIONS: Sequence[Decision] = (
    Decision(
        what="Unknown paths and wrong methods",
        there="404 is a web page, 405 a bare `message`",
        here='`{"error": {"code", "message", "title"}}` as in every other error',
        why="A client that reads errors reads these too.",
        seen=(
            Seen(_DISCOVERY, "v2.0|an unknown path*", "header content-type", "text/html", "application/json"),
            Seen(_DISCOVERY, "v2.0|an unknown path*", "body", "<sentence>", ABSENT),
            Seen(_DISCOVERY, "v2.0|an unknown path*|a wrong method*", "body.error.*", ABSENT),
            Seen(_DISCOVERY, "a wrong method*", "body.message", "<sentence>", ABSENT),
        ),
    ),
    Decision(
        what="`OPTIONS`",
        there="answered, and named in `Allow`",
        here="405, and not named",
        why="No page of another site calls the identity service with a browser here, and no client asks.",
        seen=(Seen(_DISCOVERY, "a wrong method*", "header allow", "*OPTIONS*"),),
    ),
    Decision(
        what="Ids of roles",
        there="random",
        here="the role's name",
        why="The three roles are fixed; an id that can be read is an id that need not be looked up.",
        seen=(
            *across((_TOKENS, _CREDENTIALS, _SCOPES), "*", "body.token.roles.*.id", "<role_*>", "reader|member|admin"),
            Seen(_CREDENTIALS, "*", "body.application_credential.roles.*.id", "<role_*>"),
            Seen(_CREDENTIALS, "*", "body.application_credentials.*.roles.*.id", "<role_*>"),
            Seen(_LOOKUPS, "a role*", "body.role*.id", "<role_*>"),
            Seen(_LOOKUPS, "a role*", "body.role*.links.self", "*<role_*>"),
            Seen(_ADMINISTRATION, "roles listed", "body.roles.member.id|body.roles.member.links.self", "*<role_*>"),
            Seen(_ADMINISTRATION, "assignments *", "body.role_assignments.0.role.id", "<role_*>"),
            Seen(_ADMINISTRATION, "assignments *", "body.role_assignments.0.links.assignment", "*<role_*>"),
            Seen(_SCOPES, "roles listed, *", "body.roles.reader.id|body.roles.reader.links.self", "*<role_*>"),
            Seen(_SCOPES, "*", "body.role_assignments.0.role.id", "<role_*>"),
            Seen(_SCOPES, "*", "body.role_assignments.0.links.assignment", "*<role_*>"),
        ),
    ),
    Decision(
        what="The role *manager*",
        there="between admin and member",
        here="not there",
        why="Three roles decide everything; a fourth that opens nothing would only raise questions.",
        seen=(Seen(_TOKENS, "an administrator's", "body.token.roles.manager.*", "*", ABSENT),),
    ),
    Decision(
        what="The catalog",
        there="three services, endpoints without names",
        here="the two of K5 beside them, each endpoint with a name",
        why="One address serves both clouds, and the K5 tools find their endpoints by these names.",
        seen=(
            *across((_TOKENS, _CREDENTIALS, _SCOPES), "*", "body.token.catalog.*.endpoints.*.name", ABSENT),
            *across((_TOKENS, _CREDENTIALS, _SCOPES), "*", "body.token.catalog.vmimport.*", ABSENT),
            *across((_TOKENS, _CREDENTIALS, _SCOPES), "*", "body.token.catalog.import-export.*", ABSENT),
            Seen(_WHO, "catalog", "body.catalog.*.endpoints.*.name", ABSENT),
            Seen(_WHO, "catalog", "body.catalog.vmimport.*|body.catalog.import-export.*", ABSENT),
            Seen(_LOOKUPS, "endpoints by interface", "body.endpoints.*.name", ABSENT),
            Seen(_LOOKUPS, "endpoints by interface", "body.endpoints.<identity>.*", ABSENT),
        ),
    ),
    Decision(
        what="The project in the URL of object storage",
        there="`%(tenant_id)s`, as its operator wrote it",
        here="`%(project_id)s`",
        why="Both words mean the same in a template; this is the one of today.",
        seen=(
            Seen(_LOOKUPS, "endpoints by interface", "body.endpoints.<objects>/AUTH_%(tenant_id)s.*", "*", ABSENT),
            Seen(
                _LOOKUPS,
                "endpoints by interface",
                "body.endpoints.<objects>/AUTH_%(project_id)s.*",
                ABSENT,
                "<*|public|RegionOne|true",
            ),
        ),
    ),
    Decision(
        what="Tokens whose role on the system was taken, or whose domain was closed",
        there="good until they expire",
        here="401 from then on, as with projects",
        why="What was taken is gone, wherever it was held.",
        seen=(Seen(_SCOPES, "used after its end|used after its closing", "status", "200", "401"),),
    ),
    Decision(
        what="A log-in with a token or an application credential that is not there",
        there="404",
        here="401, as for a wrong password",
        why="Who is not logged in learns nothing about what there is.",
        seen=(
            Seen(_TOKENS, "unknown token", "status", "404", "401"),
            Seen(_CREDENTIALS, "logged in with none|logged in after its end", "status", "404", "401"),
        ),
    ),
    Decision(
        what="A 401 at log-in",
        there="sometimes with a member `identity`: the methods there are, or nothing",
        here="without",
        why="No client reads that member.",
        seen=(
            Seen(_TOKENS, "an unknown method", "body.error.identity.methods.*", "*", ABSENT),
            Seen(_CREDENTIALS, "logged in with a scope", "body.error.identity", "{}", ABSENT),
        ),
    ),
    Decision(
        what="A project that is not one's own, or a name where an id belongs, asked for by a member",
        there="403",
        here="404",
        why="What somebody may not know of is not there, as in the other services; clients then look for the name.",
        seen=(Seen(_LOOKUPS, "a foreign project|a project's name for its id", "status", "403", "404"),),
    ),
    Decision(
        what="`unrestricted` of an application credential that was made without it",
        there="`null`",
        here="`false`",
        why="It is a yes or a no, and the answer is no.",
        seen=(
            Seen(_CREDENTIALS, "*", "body.application_credential.unrestricted", "null", "false"),
            Seen(_CREDENTIALS, "listed by name", "body.application_credentials.0.unrestricted", "null", "false"),
        ),
    ),
    Decision(
        what="A body without the member it is about",
        there="the connection is cut (an error inside)",
        here="400",
        why="A mistake of the original's.",
        seen=(Seen(_ADMINISTRATION, "a project of no member", "status", "0", "400"),),
    ),
    Decision(
        what="`extra` in what a PATCH answers",
        there="there, empty",
        here="not there",
        why="A slip of the original's: no other answer has it.",
        seen=(Seen(_ADMINISTRATION, "a project changed|a user changed", "body.*.extra", "{}", ABSENT),),
    ),
    Decision(
        what="Another user's password, changed with a wrong old one",
        there="401",
        here="403, whatever the old one: only oneself changes it so",
        why="Nobody should try passwords with another's token; an administrator sets one with PATCH.",
        seen=(Seen(_ADMINISTRATION, "a password changed with a wrong one", "status", "401", "403"),),
    ),
)
