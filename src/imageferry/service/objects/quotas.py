"""Quotas held to exactly: what would pass one is taken back before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.domain.access import ProjectId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.moment import Moment
from imageferry.domain.object import Account, Container
from imageferry.domain.quota import Usage, check_quotas, sets_quota
from imageferry.ports.records import Session
from imageferry.service.objects.holding import hold_all


@contextmanager
def within_quotas(session: Session, project: ProjectId, container: Container, now: Moment) -> Iterator[None]:
    """Around whatever puts objects into a container, within one transaction of writing.

    Raises:
        OverQuota: the container or the account grew beyond its quota; the transaction must not be kept.
    """
    bounded = sets_quota(session.objects.account_metadata(project))
    if not bounded and not sets_quota(container.metadata):
        yield
        return
    if bounded:
        session.objects.hold_account(project, now)  # before the container: always in this order
    hold_all(session, [(project, container)])
    before = _look(session, project, container, now)
    yield
    after = _look(session, project, container, now)
    _check(before, after)


def refuse_early(
    session: Session, project: ProjectId, container: Container, now: Moment, *, more: int, objects: int
) -> None:
    """Raises OverQuota when so many bytes more, in so many objects more, would not go in: before they are sent."""
    if not sets_quota(container.metadata) and not sets_quota(session.objects.account_metadata(project)):
        return
    for what, metadata, used in _look(session, project, container, now):
        check_quotas(what, metadata, before=used, after=Usage(used.bytes + more, used.objects + objects))


def refuse_unused(session: Session, project: ProjectId, container: Container, *, more: int) -> None:
    """Blocks that were sent and not used count in no quota; by themselves they may be as much as one allows.

    Raises:
        OverQuota: with so many bytes more they would be beyond.
    """
    account = session.objects.account_metadata(project)
    if not sets_quota(container.metadata) and not sets_quota(account):
        return
    unused = Usage(session.presence.count_sent(project) * BLOCK_SIZE + more, 0)
    for metadata in (account, container.metadata):
        check_quotas("blocks that were sent and not used", metadata, before=Usage(0, 0), after=unused)


def _look(session: Session, project: ProjectId, container: Container, now: Moment) -> list[_Bound]:
    account = session.objects.account(project, now)
    there = session.objects.container(project, container.name) or container
    return [_bound(f"container {there.name}", there), _bound("account", account)]


_Bound = tuple[str, "dict[str, str]", Usage]


def _bound(what: str, thing: Account | Container) -> _Bound:
    return what, dict(thing.metadata), Usage(thing.bytes_used, thing.object_count)


def _check(before: list[_Bound], after: list[_Bound]) -> None:
    for (what, metadata, was), (_, __, now) in zip(before, after, strict=True):
        check_quotas(what, metadata, before=was, after=now)
