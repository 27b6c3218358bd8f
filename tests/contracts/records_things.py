"""Things to keep in records, with as little said as a test needs to say."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier
from typing import Any

from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.blob import BlobDraft, BlobId
from imageferry.domain.block import BLOCK_SIZE, BlockName
from imageferry.domain.identity import DEFAULT_DOMAIN, Domain, Project, User
from imageferry.domain.image import Image, ImageId
from imageferry.domain.moment import Moment, later
from imageferry.domain.object import Container, ContainerId, ObjectId, StoredObject
from imageferry.domain.task import Task, TaskId, TaskKind
from imageferry.ports.records import Records, Session

START = Moment(1_800_000_000_000_000)
OURS = ProjectId("ours")
THEIRS = ProjectId("theirs")

UGLY_NAMES = ["a", "a/b", "Z", "é", "e\u0301", "\ue000", "\uffff", "😀", "\U0010ffff", "a b", "%_", "a\\b", "'"]


def at(seconds: float) -> Moment:
    return later(START, seconds=seconds)


def a_domain(session: Session, name: str = "Default") -> Domain:
    domain = Domain(id=DEFAULT_DOMAIN if name == "Default" else _id(), name=name)  # type: ignore[arg-type]
    session.identity.add_domain(domain)
    return domain


def a_project(session: Session, domain: Domain, name: str = "project") -> Project:
    project = Project(id=ProjectId(_id()), name=name, domain=domain)
    session.identity.add_project(project)
    return project


def a_user(session: Session, domain: Domain, name: str = "user") -> User:
    user = User(id=UserId(_id()), name=name, domain=domain)
    session.identity.add_user(user, "hash")
    return user


def block(number: int) -> BlockName:
    return BlockName(hashlib.sha256(str(number).encode()).hexdigest())


def a_draft(blocks: Mapping[int, BlockName], *, size: int | None = None, upload: str | None = None) -> BlobDraft:
    whole = (max(blocks, default=-1) + 1) * BLOCK_SIZE
    return BlobDraft(id=BlobId(_id()), size=whole if size is None else size, blocks=blocks, digests={}, upload=upload)


def a_blob(session: Session, *numbers: int, now: Moment = START) -> BlobId:
    """A blob of these blocks, kept as an upload would keep it."""
    blocks = {index: block(number) for index, number in enumerate(numbers)}
    upload = _id()
    session.blobs.start_upload(upload, now)
    session.blobs.touch(upload, list(blocks.values()), now)
    draft = a_draft(blocks, upload=upload)
    session.blobs.add(draft, now)
    return draft.id


def a_container(session: Session, name: str = "container", project_id: ProjectId = OURS) -> Container:
    container = Container(id=ContainerId(_id()), project_id=project_id, name=name, created_at=START, updated_at=START)
    session.objects.add_container(container)
    return container


def an_object(container: Container, name: str, blob_id: BlobId, *, size: int = 1, **more: Any) -> StoredObject:
    moments = {"created_at": START, "updated_at": START}
    return StoredObject(
        id=ObjectId(_id()), container_id=container.id, name=name, blob_id=blob_id, size=size, md5="", **moments | more
    )


def an_image(**more: Any) -> Image:
    fields: dict[str, Any] = {"id": ImageId(_id()), "owner": OURS, "created_at": START, "updated_at": START}
    return Image(**fields | more)


def a_task(**more: Any) -> Task:
    fields: dict[str, Any] = {
        "id": TaskId(_id()),
        "kind": TaskKind.IMPORT,
        "project_id": OURS,
        "user_id": UserId("user"),
        "source": "k5",
        "input": {},
        "created_at": START,
        "updated_at": START,
    }
    return Task(**fields | more)


def _id() -> str:
    return str(uuid.uuid4())


def run_at_once(work: Callable[[int], None], count: int) -> None:
    """Run ``work(0)`` to ``work(count - 1)`` in threads, begun together; raise what the first of them raised."""
    together = Barrier(count)

    def start(number: int) -> None:
        together.wait()
        work(number)

    with ThreadPoolExecutor(count) as threads:
        for _ in threads.map(start, range(count)):
            pass


def meanwhile(records: Records, ours: Callable[[Session], object], theirs: Callable[[], object]) -> None:
    """Do ``theirs`` in a thread while the transaction in which we did ``ours`` is still open; then end it.

    Where theirs must wait for ours, it goes on afterwards; what it raises is raised.
    """
    with ThreadPoolExecutor(1) as thread:
        with records.writing() as session:
            ours(session)
            other = thread.submit(theirs)
            wait([other], timeout=0.2)
        other.result()
