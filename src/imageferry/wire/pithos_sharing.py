"""Sharing, groups and public addresses as Pithos+ writes them in headers and listings.

Source: specs/synnefo.md, sections 3.4, 4.3, 4.11 and 4.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from imageferry.domain.errors import BadInput
from imageferry.domain.sharing import Sharing, sharing_of

SHARING = "x-object-sharing"
PUBLIC = "x-object-public"
GROUP = "x-account-group-"
PUBLIC_ROOT = "/public"

_FLAGS: Mapping[str, bool] = {"true": True, "false": False, "": False}


def read_sharing(text: str) -> Sharing:
    """``read=U2; write=U3,U1:team``; nothing takes all sharing away.

    Raises:
        BadInput: another form, or a list with nobody in it.
    """
    lists: dict[str, list[str]] = {"read": [], "write": []}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, equals, names = part.partition("=")
        wanted = lists.get(key.strip().lower())
        found = _names(names)
        if wanted is None or not equals or not found:
            raise BadInput(SHARING, part[:60], "read=<account>,... or write=<account>,..., with ; between the two")
        wanted += found
    return sharing_of(lists["read"], lists["write"])


def sharing_text(sharing: Sharing) -> str:
    lists = (("read", sharing.readers), ("write", sharing.writers))
    return "; ".join(f"{key}={','.join(names)}" for key, names in lists if names)


def read_public(text: str) -> bool:
    """Raises BadInput: neither true, nor false, nor nothing."""
    flag = _FLAGS.get(text.strip().lower())
    if flag is None:
        raise BadInput(PUBLIC, text[:60], "true, false, or nothing")
    return flag


def read_groups(headers: Mapping[str, str]) -> dict[str, list[str]]:
    """``X-Account-Group-team: U2,U3``: the members of each group that is named; none takes the group away."""
    return {name.removeprefix(GROUP): _names(value) for name, value in headers.items() if name.startswith(GROUP)}


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def inline_named(name: str) -> str:
    """A Content-Disposition by which browsers show what they can, and else save it under the last part of its name.

    The plain form, for old clients, has nothing in it that would end it or need decoding (RFC 6266, appendix D).
    """
    last = name.rstrip("/").rpartition("/")[2] or "object"
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%;' else "_" for letter in last
    )
    extended = "" if plain == last else f"; filename*=UTF-8''{quote(last, safe='')}"
    return f'inline; filename="{plain}"{extended}'
