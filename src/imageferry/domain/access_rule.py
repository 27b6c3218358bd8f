"""What an application credential may be narrowed to: single requests, by service, method and path.

Source: Keystone's access rules, and how the services' own middleware reads their paths.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

from imageferry.domain.errors import BadInput

AccessRuleId = NewType("AccessRuleId", str)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "COPY", "OPTIONS")
MAX_RULES = 100  # of one credential
MAX_PATH = 1024  # characters

_WILD = re.compile(r"\*\*|\*|\{[^{}/]*\}")
_CONTROL = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRule:
    """One kind of request.

    ``path`` as it is sent, from its first slash; ``*`` and ``{any name}`` stand for one segment,
    ``**`` for whatever there is.
    """

    id: AccessRuleId
    service: str  # the type of a service in the catalog: "image", "object-store"
    method: str
    path: str

    def opens(self, service: str, method: str, path: str) -> bool:
        return (service, method) == (self.service, self.method) and bool(_pattern(self.path).fullmatch(path))


def opens(rules: Sequence[AccessRule] | None, service: str, method: str, path: str) -> bool:
    """Whether a request is among those; None: there are no rules, and everything is open."""
    return rules is None or any(rule.opens(service, method, path) for rule in rules)


def new_rule(service: str, method: str, path: str) -> AccessRule:
    """Raises BadInput, naming the member."""
    if method not in METHODS:
        raise BadInput("access_rules method", method, f"one of {', '.join(METHODS)}")
    if not path.startswith("/") or len(path) > MAX_PATH or _CONTROL.search(path):
        raise BadInput("access_rules path", path[:200], f"a path from its first slash, at most {MAX_PATH} characters")
    if any(len(_WILD.findall(part)) > 1 for part in path.split("/")) or path.count("**") > 1:
        # Patterns of many wild parts in a row could take for ever to say no.
        raise BadInput("access_rules path", path[:200], "one * or {name} in each segment, and ** once at most")
    if not service or len(service) > 64 or _CONTROL.search(service):
        raise BadInput("access_rules service", service[:200], "the type of a service, as the catalog names it")
    return AccessRule(id=AccessRuleId(uuid.uuid4().hex), service=service, method=method, path=path)


@lru_cache(maxsize=1024)
def _pattern(path: str) -> re.Pattern[str]:
    parts, position = [], 0
    for wild in _WILD.finditer(path):
        parts += [re.escape(path[position : wild.start()]), "(?s:.*)" if wild[0] == "**" else "[^/]+"]
        position = wild.end()
    return re.compile("".join([*parts, re.escape(path[position:])]))
