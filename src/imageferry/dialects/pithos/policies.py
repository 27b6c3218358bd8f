"""What a container keeps of old states, how much it may hold, and whose it is: Pithos calls that policies."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.dialects.edge.http import Request
from imageferry.dialects.pithos.asked import account_of
from imageferry.domain.errors import BadInput
from imageferry.domain.quota import BYTES
from imageferry.domain.versioning import VersioningChange

KEEPING_VERSIONS = VersioningChange(enabled=True)
"""Of a container of which nothing else is said."""

_VERSIONING: Mapping[str, VersioningChange] = {
    "": KEEPING_VERSIONS,
    "auto": KEEPING_VERSIONS,
    "none": VersioningChange(enabled=False),
}


def sent(request: Request, kind: str, *, known: frozenset[str]) -> dict[str, str]:
    """The policies that a request sets for an "account" or "container"; "" is the one that holds for all.

    Raises:
        BadInput: one that there is not.
    """
    prefix = f"x-{kind}-policy-"
    found = {name.removeprefix(prefix): value for name, value in request.headers.items() if name.startswith(prefix)}
    for name in sorted(found.keys() - known):
        raise BadInput(f"{prefix}{name}", found[name], f"only {', '.join(sorted(known))}")
    return {name: value.strip() for name, value in found.items()}


def of_container(request: Request) -> tuple[dict[str, str], VersioningChange | None]:
    """What a request changes: metadata, which quotas are, and how old states are kept.

    Raises:
        BadInput: a policy that there is not, or a value that it has not.
    """
    found = sent(request, "container", known=frozenset({"quota", "versioning", "project"}))
    project = found.get("project", "")
    if project not in ("", account_of(request)):
        raise BadInput("x-container-policy-project", project, f"{account_of(request)}, whose account it is in")
    versioning = found.get("versioning")
    if versioning is not None and versioning.lower() not in _VERSIONING:
        raise BadInput("x-container-policy-versioning", versioning, "auto or none")
    return quota_of(found), None if versioning is None else _VERSIONING[versioning.lower()]


def quota_of(found: Mapping[str, str]) -> dict[str, str]:
    """The quota as metadata; 0 is none."""
    if "quota" not in found:
        return {}
    return {BYTES: "" if found["quota"].strip("0") == "" else found["quota"]}
