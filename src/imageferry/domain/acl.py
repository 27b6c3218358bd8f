"""Who beside its own project may read or write what is in a container. Pure rules.

An access list is words with commas between:

    .r:*  .r:host  .r:.example.org  .r:-host    anyone whose page of origin is that (reading only)
    .rlistings                                  who may read by ``.r:`` may also list
    project:user  project:*  *:user  *:*        who has a token; ids, not names
    role                                        who has that role in the container's own project

Source: Swift, common/middleware/acl.py and keystoneauth.py.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from imageferry.domain.access import Caller, ProjectId
from imageferry.domain.errors import BadInput

MAX_ACL = 8192  # bytes
LISTINGS = ".rlistings"

_ORIGIN = (".r", ".ref", ".referer", ".referrer")


def checked_acl(text: str, *, field: str, writing: bool) -> str:
    """The list in its one spelling.

    Raises:
        BadInput: naming the word that is none.
    """
    if len(text.encode("utf-8", "replace")) > MAX_ACL:
        raise BadInput(field, f"{len(text)} characters", f"at most {MAX_ACL} bytes")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise BadInput(field, text[:60], "no control characters")
    words = (word.strip() for word in text.split(","))
    return ",".join(_checked(word, field=field, writing=writing) for word in words if word)


def may_read(acl: str, caller: Caller | None, *, owner: ProjectId, listing: bool) -> bool:
    """Whether a list lets the caller read the objects, or list their names."""
    words = acl.split(",") if acl else []
    by_origin = _origin_allowed(words, "" if caller is None else caller.referer)
    if by_origin and (not listing or LISTINGS in words):
        return True
    return _named(words, caller, owner)


def may_write(acl: str, caller: Caller | None, *, owner: ProjectId) -> bool:
    """Whether a list lets the caller make, change and delete objects."""
    return _named(acl.split(",") if acl else [], caller, owner)


def _checked(word: str, *, field: str, writing: bool) -> str:
    kind, colon, value = (part.strip() for part in word.partition(":"))
    if not word.startswith("."):
        if colon and (not kind or not value or ":" in value):
            raise BadInput(field, word, "<project id>:<user id>, with * for any")
        return f"{kind}:{value}" if colon else word
    if writing:
        raise BadInput(field, word, "projects, users and roles: writing needs a token")
    if word == LISTINGS:
        return word
    if kind not in _ORIGIN or not colon:
        raise BadInput(field, word, f".r:<host> or {LISTINGS}")
    minus = "-" if value.startswith("-") else ""
    host = value.removeprefix("-").strip()
    if host != "*":
        host = host.removeprefix("*").strip()
    if host in ("", ".") or any(c in host for c in " /:"):
        raise BadInput(field, word, "a host after .r:")
    return f".r:{minus}{host}"


def _origin_allowed(words: list[str], referer: str) -> bool:
    """The last word that meets the host of the page decides."""
    try:
        host = urlsplit(referer).hostname or "unknown"
    except ValueError:
        host = "unknown"
    allowed = False
    for word in words:
        if not word.startswith(".r:"):
            continue
        wanted = word.removeprefix(".r:")
        bare = wanted.removeprefix("-")
        if bare in ("*", host) or (bare.startswith(".") and host.endswith(bare)):
            allowed = not wanted.startswith("-")
    return allowed


def _named(words: list[str], caller: Caller | None, owner: ProjectId) -> bool:
    if caller is None or not caller.known or caller.project_id is None:
        return False
    for word in words:
        project, colon, user = word.partition(":")
        if word.startswith("."):
            continue
        if colon:
            if project in ("*", caller.project_id) and user in ("*", caller.user_id):
                return True
        elif caller.project_id == owner and word.lower() in caller.roles:
            return True
    return False
