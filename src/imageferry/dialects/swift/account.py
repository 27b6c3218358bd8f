"""The account: its totals, its metadata, its containers."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Receiving, Request
from imageferry.dialects.swift import bulk_delete, extract, listing
from imageferry.dialects.swift.metadata import changes, shown
from imageferry.dialects.swift.paths import account_of, refuse_what_is_not_offered
from imageferry.dialects.swift.put_reply import HTML
from imageferry.domain.access import Act, allow
from imageferry.domain.errors import Forbidden
from imageferry.domain.object import Account
from imageferry.domain.quota import BYTES, COUNT
from imageferry.service.services import Services
from imageferry.wire.dates import timestamp


def head(request: Request, services: Services) -> Answer:
    account = services.objects.account(request.caller, account_of(request))
    return listing.heading(request, _headers(request, account))


def get(request: Request, services: Services) -> Answer:
    query = listing.query_of(request)
    account, rows = services.objects.containers(request.caller, account_of(request), query)
    return listing.answer(request, rows, _headers(request, account))


def post(request: Request, services: Services) -> Answer | Receiving:
    if bulk_delete.QUERY in request.query:
        return bulk_delete.delete(request, services)
    _change(request, services)
    return Answer(status=204, headers=[HTML])


def delete(request: Request, services: Services) -> Answer | Receiving:
    if bulk_delete.QUERY in request.query:
        return bulk_delete.delete(request, services)
    allow(request.caller, Act.WRITE_OBJECTS, owner=account_of(request))
    raise Forbidden("delete accounts", "They go with their projects.")


def put(request: Request, services: Services) -> Answer | Receiving:
    if extract.QUERY in request.query:
        return extract.put(request, services)
    _change(request, services)
    return Answer(status=202, headers=[HTML])  # it is there as long as its project is


def _change(request: Request, services: Services) -> None:
    allow(request.caller, Act.WRITE_OBJECTS, owner=account_of(request))
    refuse_what_is_not_offered(request)
    services.objects.change_account(request.caller, account_of(request), changes(request, "account"))


def _headers(request: Request, account: Account) -> list[tuple[str, str]]:
    totals = {
        "container-count": account.container_count,
        "object-count": account.object_count,
        "bytes-used": account.bytes_used,
    }
    headers = [("x-timestamp", timestamp(account.created_at)), ("accept-ranges", "bytes")]
    for name, total in totals.items():
        headers.append((f"x-account-{name}", str(total)))
        if account.container_count:
            headers.append((f"x-account-storage-policy-{listing.POLICY.lower()}-{name}", str(total)))
    quotas = [(f"x-account-{name}", account.metadata[name]) for name in (BYTES, COUNT) if name in account.metadata]
    return headers + quotas + shown(request, "account", account.metadata)
