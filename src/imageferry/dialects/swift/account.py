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
from imageferry.service.services import Services
from imageferry.wire.dates import timestamp


def head(request: Request, services: Services) -> Answer:
    account = services.objects.account(request.caller, account_of(request))
    kind = ("content-type", "text/plain; charset=utf-8")
    return Answer(status=204, headers=[kind, *_headers(request, account)])


def get(request: Request, services: Services) -> Answer:
    query = listing.query_of(request)
    account, rows = services.objects.containers(request.caller, account_of(request), query)
    return listing.answer(request, rows, _headers(request, account))


def post(request: Request, services: Services) -> Answer | Receiving:
    if bulk_delete.QUERY in request.query:
        return bulk_delete.delete(request, services)
    allow(request.caller, Act.WRITE_OBJECTS, owner=account_of(request))
    refuse_what_is_not_offered(request)
    services.objects.change_account(request.caller, account_of(request), changes(request, "account"))
    return Answer(status=204, headers=[HTML])


def delete(request: Request, services: Services) -> Answer | Receiving:
    if bulk_delete.QUERY in request.query:
        return bulk_delete.delete(request, services)
    return _by_hand(request)


def put(request: Request, services: Services) -> Answer | Receiving:
    if extract.QUERY in request.query:
        return extract.put(request, services)
    return _by_hand(request)


def _by_hand(request: Request) -> Answer:
    """Accounts come and go with their projects."""
    allow(request.caller, Act.WRITE_OBJECTS, owner=account_of(request))
    refuse_what_is_not_offered(request)
    raise Forbidden("make or delete accounts", "They come and go with their projects.")


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
    return headers + shown(request, "account", account.metadata)
