"""The account: its totals, its metadata, its containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.pithos import listing, metadata, policies, sharing, versions
from imageferry.dialects.pithos.asked import account_of
from imageferry.dialects.pithos.home import HOME, make_home
from imageferry.domain.access import Act, ProjectId, allow
from imageferry.domain.moment import Moment
from imageferry.domain.object import Account, Container
from imageferry.domain.quota import BYTES
from imageferry.service.services import Services
from imageferry.wire import pithos
from imageferry.wire.dates import last_modified
from imageferry.wire.pithos_sharing import GROUP, read_groups

_POLICIES = frozenset({"quota"})


def head(request: Request, services: Services) -> Answer:
    _with_home(request, services)
    until = versions.until(request)
    if until is not None:
        return Answer(status=204, headers=_then(request, services, until)[0])
    account = services.shares.account(request.caller, account_of(request))
    if account is None:
        return Answer(status=204)
    return Answer(status=204, headers=_headers(account, services.shares.groups(request.caller, account.project_id)))


def get(request: Request, services: Services) -> Answer:
    _with_home(request, services)
    until = versions.until(request)
    if until is not None:
        headers, rows = _then(request, services, until)
        return listing.containers(request, rows, headers)
    query = listing.query_of(request)
    account = services.shares.account(request.caller, account_of(request))
    rows = services.shares.containers(request.caller, account_of(request), query, sharing.part_of(request))
    if account is None:  # somebody else's, in which something is shared with the caller
        return listing.containers(request, rows, (), whole=False)
    headers = _headers(account, services.shares.groups(request.caller, account.project_id))
    return listing.containers(request, rows, headers)


def post(request: Request, services: Services) -> Answer:
    account = account_of(request)
    allow(request.caller, Act.WRITE_OBJECTS, owner=account)
    quota = policies.quota_of(policies.sent(request, "account", known=_POLICIES))
    adding = metadata.adds(request)
    changes = metadata.changes(
        request, "account", lambda: services.objects.metadata_of(account, HOME)[0], adding=adding
    )
    groups = read_groups(request.headers)
    if groups:
        services.shares.change_groups(request.caller, account, groups, replacing=not adding)
    services.objects.change_account(request.caller, account, changes | quota, keeping=metadata.keeping(request))
    return Answer(status=202)


def _metadata_of(account: ProjectId, services: Services) -> Mapping[str, str]:
    return services.objects.metadata_of(account, HOME)[0]


def _then(request: Request, services: Services, at: Moment) -> tuple[list[tuple[str, str]], list[Container]]:
    """The account and its containers as they were."""
    query = listing.query_of(request)
    account, rows = services.objects.containers_at(request.caller, account_of(request), query, at)
    return _headers(account, services.shares.groups(request.caller, account.project_id)), rows


def _with_home(request: Request, services: Services) -> None:
    if not services.objects.has_container(account_of(request), HOME):
        make_home(request, services)


def _headers(account: Account, groups: Mapping[str, Sequence[ProjectId]]) -> list[tuple[str, str]]:
    return pithos.encoded_headers(
        [
            ("x-account-container-count", str(account.container_count)),
            ("x-account-bytes-used", str(account.bytes_used)),
            ("x-account-policy-quota", account.metadata.get(BYTES, "0")),
            *((f"{GROUP}{name}", ",".join(members)) for name, members in groups.items()),
            ("last-modified", last_modified(max(account.created_at, account.changed_at))),
            *metadata.shown("account", pithos.own_metadata(account.metadata).items()),
        ]
    )
