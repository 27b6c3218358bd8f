"""What the service remembers: rows, asked for and kept inside transactions.

``Records.reading()`` gives a consistent view, ``Records.writing()`` a transaction that is
kept as a whole when the block ends without an exception, and not at all otherwise. On
return it is durable (``durable=False``: it may be lost by a power cut, for rows that only
say "in use right now").

Every driver promises, and tests/contracts/records.py checks on SQLite and on PostgreSQL:
  - of its own troubles only the errors named at a method, NoRoom and Unavailable come out,
    and BadInput for a value that no database keeps (a lone surrogate, more than 64 bits);
  - after an error that is named at a method the transaction can go on;
  - text is ordered by its UTF-8 bytes (= by code point), never by a locale;
  - lists are read by key, not by counting rows, so that a page costs the same anywhere;
  - counters of containers and accounts are exact at once;
  - two writers at once: one waits, none is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from imageferry.domain.access import DomainId, ProjectId, Role, UserId
from imageferry.domain.blob import Blob, BlobDraft, BlobId
from imageferry.domain.block import BlockName
from imageferry.domain.digest import Digest
from imageferry.domain.identity import AppCredential, AppCredentialId, Domain, Project, User
from imageferry.domain.image import (
    ContainerFormat,
    DiskFormat,
    Image,
    ImageId,
    Member,
    MemberStatus,
    Status,
    Visibility,
)
from imageferry.domain.moment import Moment
from imageferry.domain.object import Account, Container, ContainerId, ListingQuery, StoredObject, Subdir
from imageferry.domain.task import Progress, StepLog, Task, TaskId, TaskKind, TaskStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRow:
    """A token as it is kept: roles and names are looked up afresh at every use."""

    hash: str  # SHA-256 of the token, hex; the token itself is never kept
    user_id: UserId
    project_id: ProjectId | None
    methods: tuple[str, ...]
    issued_at: Moment
    expires_at: Moment
    audit_ids: tuple[str, ...]
    credential_id: AppCredentialId | None = None


class IdentityRecords(Protocol):
    def add_domain(self, domain: Domain) -> None:
        """Raises AlreadyExists (id or name)."""

    def domain(self, domain_id: DomainId) -> Domain | None: ...
    def domain_by_name(self, name: str) -> Domain | None: ...
    def domains(self) -> list[Domain]:
        """All of them, by name."""

    def update_domain(self, domain: Domain) -> None:
        """Raises NotFound, AlreadyExists (name)."""

    def delete_domain(self, domain_id: DomainId) -> None:
        """Raises NotFound, NotEmpty (a project or user is in it)."""

    def add_project(self, project: Project) -> None:
        """Raises AlreadyExists (id, or name within the domain), NotFound (domain)."""

    def project(self, project_id: ProjectId) -> Project | None: ...
    def project_by_name(self, name: str, domain_id: DomainId) -> Project | None: ...
    def projects(
        self,
        *,
        name: str | None = None,
        domain_id: DomainId | None = None,
        user_id: UserId | None = None,
        after: ProjectId | None = None,
        limit: int = 1000,
    ) -> list[Project]:
        """By id. With ``user_id``: those in which the user has a role."""

    def update_project(self, project: Project) -> None:
        """Raises NotFound, AlreadyExists (name)."""

    def delete_project(self, project_id: ProjectId) -> None:
        """Removes its grants and tokens too. Raises NotFound."""

    def add_user(self, user: User, password_hash: str) -> None:
        """Raises AlreadyExists (id, or name within the domain), NotFound (domain)."""

    def user(self, user_id: UserId) -> User | None: ...
    def user_by_name(self, name: str, domain_id: DomainId) -> User | None: ...
    def users(
        self,
        *,
        name: str | None = None,
        domain_id: DomainId | None = None,
        after: UserId | None = None,
        limit: int = 1000,
    ) -> list[User]: ...
    def update_user(self, user: User) -> None:
        """Raises NotFound, AlreadyExists (name)."""

    def delete_user(self, user_id: UserId) -> None:
        """Removes grants and tokens too. Raises NotFound."""

    def password_hash(self, user_id: UserId) -> str | None: ...
    def set_password_hash(self, user_id: UserId, password_hash: str) -> None:
        """Also revokes every token of the user. Raises NotFound."""

    def grant(self, user_id: UserId, project_id: ProjectId, role: Role) -> None:
        """What is granted already is no error. Raises NotFound (user or project)."""

    def ungrant(self, user_id: UserId, project_id: ProjectId, role: Role) -> None:
        """What is not granted is no error."""

    def granted(self, user_id: UserId, project_id: ProjectId) -> frozenset[Role]:
        """The roles as granted, without implied ones."""

    def grants(
        self, *, user_id: UserId | None = None, project_id: ProjectId | None = None
    ) -> list[tuple[UserId, ProjectId, Role]]: ...

    def add_token(self, token: TokenRow) -> None:
        """Raises NotFound (user, project or application credential gone meanwhile)."""

    def token(self, token_hash: str) -> TokenRow | None:
        """Also when expired: the caller judges by its clock."""

    def delete_token(self, token_hash: str) -> bool:
        """Whether there was one."""

    def delete_tokens(self, *, expired_before: Moment) -> int: ...


class CredentialRecords(Protocol):
    """Application credentials. They go with their user and their project, and their tokens go with them."""

    def add(self, credential: AppCredential, secret_hash: str) -> None:
        """Raises AlreadyExists (id, or name of that user), NotFound (user or project)."""

    def get(self, credential_id: AppCredentialId) -> AppCredential | None:
        """Also when expired: the caller judges by its clock."""

    def by_name(self, user_id: UserId, name: str) -> AppCredential | None: ...
    def of(self, user_id: UserId) -> list[AppCredential]:
        """All of a user's, by name."""

    def secret_hash(self, credential_id: AppCredentialId) -> str | None: ...
    def delete(self, credential_id: AppCredentialId) -> None:
        """Raises NotFound."""


@dataclass(frozen=True, slots=True)
class BlobUser:
    """Something that points to a blob, for people: kind ("image", "object", "task"), id, name."""

    kind: str
    id: str
    name: str
    project_id: ProjectId


class BlobRecords(Protocol):
    """Blobs, and which blocks may not be swept away.

    The rule that makes garbage collection safe with many writers: a writer *touches* a
    block (a row in ``blocks``, in a transaction of its own) before it puts the block into
    the store or relies on it being there, and a blob can only be kept while all its blocks
    have such a row (a foreign key). The sweeper removes rows that no blob refers to and
    that were touched before every running upload began, and deletes those blocks from the
    store inside the same transaction, so that a writer who touches one meanwhile waits.
    """

    def start_upload(self, upload_id: str, now: Moment) -> None: ...
    def touch(self, upload_id: str, names: Collection[BlockName], now: Moment) -> None:
        """Say that these blocks are in use by a running upload (which thereby shows that it lives)."""

    def end_upload(self, upload_id: str) -> None:
        """Forget an upload, kept or given up. What is gone already is no error."""

    def add(self, draft: BlobDraft, now: Moment) -> None:
        """Keep a blob and its block list; ends ``draft.upload``. A blob of that id is no error.

        Raises:
            Unavailable: a block was swept away meanwhile; the upload must be repeated.
        """

    def get(self, blob_id: BlobId) -> Blob | None: ...
    def block_names(self, blob_id: BlobId, first: int, count: int) -> list[BlockName]:
        """The names of blocks ``first`` to ``first + count - 1`` (fewer at the end), holes as EMPTY."""

    def stored_blocks(self, blob_id: BlobId, first: int, count: int) -> Mapping[int, BlockName]:
        """The same without the holes: index to name."""

    def add_digest(self, blob_id: BlobId, digest: Digest) -> None:
        """Raises NotFound."""

    def pin(self, task_id: TaskId, blob_ids: Iterable[BlobId]) -> None:
        """Keep blobs for a task that is not final. What is pinned already is no error.

        Pins go with the task's record at the latest. Raises NotFound (task or blob).
        """

    def unpin(self, task_id: TaskId) -> None: ...

    def unused_blobs(self, *, before: Moment, limit: int) -> list[BlobId]:
        """Blobs to which nothing points, and to which nothing has pointed since ``before``."""

    def delete_blobs(self, blob_ids: Collection[BlobId]) -> None:
        """Remove blobs and their block lists; those that are pointed to again meanwhile stay."""

    def sweepable(self, *, before: Moment, limit: int) -> list[BlockName]:
        """Removes up to ``limit`` block rows that may go (see above) and returns their names.

        The caller deletes these blocks from the store before the transaction ends. Uploads
        that have shown no life for an hour before ``before`` do not count as running, and are
        forgotten.
        """

    def known_blocks(self, names: Collection[BlockName]) -> set[BlockName]:
        """Which of these have a row."""

    def blobs_with(self, name: BlockName) -> list[BlobId]: ...
    def users_of(self, blob_id: BlobId) -> list[BlobUser]: ...
    def all_blobs(self, *, after: BlobId | None, limit: int) -> list[Blob]: ...
    def all_blocks(self, *, after: BlockName | None, limit: int) -> list[BlockName]: ...


class ObjectRecords(Protocol):
    def account(self, project_id: ProjectId, now: Moment) -> Account:
        """The account with exact totals; one that was never written has zeros."""

    def set_account_metadata(self, project_id: ProjectId, metadata: Mapping[str, str], now: Moment) -> None: ...

    def account_metadata(self, project_id: ProjectId) -> Mapping[str, str]:
        """The account's metadata alone, without adding up its totals."""

    def hold_account(self, project_id: ProjectId) -> None:
        """Let nobody else hold the account until this transaction ends: for who keeps its quota."""

    def add_container(self, container: Container) -> None:
        """Raises AlreadyExists."""

    def container(self, project_id: ProjectId, name: str) -> Container | None: ...
    def set_container_metadata(self, container: Container, metadata: Mapping[str, str], now: Moment) -> None:
        """Raises NotFound."""

    def set_access(self, container_id: ContainerId, *, readers: str, writers: str) -> None:
        """Who beside its project may read and write what is in a container. Raises NotFound."""

    def delete_container(self, container: Container) -> None:
        """Raises NotFound, NotEmpty."""

    def containers(self, project_id: ProjectId, query: ListingQuery) -> list[Container | Subdir]: ...

    def hold(self, container_id: ContainerId) -> None:
        """Let nobody else change the container or what is in it until this transaction ends.

        For who reads first and writes what follows from it. Raises NotFound.
        """

    def put_object(self, item: StoredObject) -> StoredObject:
        """Keep an object under its name, instead of the one there (whose id and created_at stay).

        The blob must be kept already, in this transaction or before. Counters follow.

        Raises:
            NotFound: the container is gone, or the blob is.
        """

    def object(self, container_id: ContainerId, name: str) -> StoredObject | None: ...
    def delete_object(self, container_id: ContainerId, name: str, now: Moment) -> StoredObject:
        """Raises NotFound."""

    def objects(
        self, container_id: ContainerId, query: ListingQuery, now: Moment | None = None
    ) -> list[StoredObject | Subdir]:
        """One page, at most ``query.limit`` rows, roll-ups included; with ``now`` without what has expired by then."""

    def expired(
        self, now: Moment, *, limit: int, container_id: ContainerId | None = None
    ) -> list[tuple[ContainerId, str]]:
        """Objects whose time is over, the oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageQuery:
    """Which images, in which order. All that is None does not restrict.

    ``viewer`` decides what a list may show: the own, the public, the shared whose
    membership has ``member_status``; None shows everything (an admin).
    ``visibility`` "all" adds community images. Sort keys: see ``IMAGE_SORT_KEYS``.
    """

    viewer: ProjectId | None = None
    owner: ProjectId | None = None
    ids: Collection[ImageId] | None = None
    names: Collection[str] | None = None
    statuses: Collection[Status] | None = None
    disk_formats: Collection[DiskFormat] | None = None
    container_formats: Collection[ContainerFormat] | None = None
    visibility: Visibility | None = None
    with_community: bool = False
    member_status: MemberStatus | None = MemberStatus.ACCEPTED  # None: any
    hidden: bool | None = False
    protected: bool | None = None
    checksum: str | None = None
    hash_value: str | None = None
    size_min: int | None = None
    size_max: int | None = None
    tags: Collection[str] = ()  # all must be there
    properties: Mapping[str, str] = field(default_factory=dict)  # all must match
    created: Sequence[tuple[str, Moment]] = ()  # (gt|gte|lt|lte|eq|neq, moment)
    updated: Sequence[tuple[str, Moment]] = ()
    sort: Sequence[tuple[str, str]] = (("created_at", "desc"), ("id", "desc"))
    marker: ImageId | None = None
    limit: int = 25


IMAGE_SORT_KEYS = (
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
)


TASK_SORT_KEYS = ("created_at", "updated_at", "expires_at", "status", "kind")


class ImageRecords(Protocol):
    def add(self, image: Image) -> None:
        """Raises AlreadyExists (also for the id of an image that was deleted: ids are never used twice).

        NotFound: the blob is gone.
        """

    def was_used(self, image_id: ImageId) -> bool:
        """Whether there is or ever was an image of that id."""

    def get(self, image_id: ImageId) -> Image | None: ...
    def update(self, image: Image, *, was: Status) -> None:
        """Keep the changed image, provided its stored status still is ``was``.

        Raises:
            NotFound: gone meanwhile, or the blob is.
            StatusConflict: another writer moved it meanwhile.
        """

    def delete(self, image_id: ImageId, now: Moment) -> None:
        """Raises NotFound."""

    def page(self, query: ImageQuery) -> list[Image]:
        """One page, by key; NULL counts as the lowest value, the id decides between equals.

        Raises:
            BadInput: a marker that is not there, an unknown sort key or comparison.
        """

    def add_member(self, member: Member) -> None:
        """Raises AlreadyExists, NotFound (image)."""

    def member(self, image_id: ImageId, project_id: ProjectId) -> Member | None: ...
    def update_member(self, member: Member) -> None:
        """Raises NotFound."""

    def delete_member(self, image_id: ImageId, project_id: ProjectId) -> None:
        """Raises NotFound."""

    def members(self, image_id: ImageId) -> list[Member]:
        """By project id."""


class TaskRecords(Protocol):
    def add(self, task: Task) -> None:
        """Raises AlreadyExists."""

    def get(self, task_id: TaskId) -> Task | None: ...
    def update(self, task: Task) -> bool:
        """Keep everything but ``cancel_requested`` and the progress.

        False when the stored task is final already; then nothing changes.
        """

    def set_progress(self, task_id: TaskId, progress: Progress, now: Moment) -> bool:
        """Note progress of the task and of its newest step; returns whether cancelling was asked for."""

    def request_cancel(self, task_id: TaskId, now: Moment) -> bool:
        """False when the task is final already."""

    def start_step(self, task_id: TaskId, name: str, now: Moment) -> None:
        """A new line in the log; the task's progress begins at zero. Raises NotFound."""

    def end_step(self, task_id: TaskId, log: StepLog) -> None:
        """End the newest step."""

    def steps(self, task_id: TaskId) -> list[StepLog]:
        """In the order they began."""

    def page(
        self,
        *,
        project_id: ProjectId | None = None,
        kind: TaskKind | None = None,
        source: str | None = None,
        plan: str | None = None,
        image_id: ImageId | None = None,
        statuses: Collection[TaskStatus] | None = None,
        before: TaskId | None = None,
        skip: int = 0,
        limit: int = 100,
        sort: tuple[str, str] = ("created_at", "desc"),
    ) -> list[Task]:
        """Newest first, unless a key of ``TASK_SORT_KEYS`` and "asc" or "desc" say otherwise.

        ``before`` is the id of the last page's last row. ``image_id``: those whose input names that image.

        Raises:
            BadInput: ``before`` is not there, or no such key.
        """

    def unfinished(self, *, after: TaskId | None, limit: int) -> list[TaskId]:
        """Tasks that are not final, by id."""

    def delete_expired(self, now: Moment) -> int: ...


class Session(Protocol):
    """One transaction."""

    @property
    def identity(self) -> IdentityRecords: ...
    @property
    def credentials(self) -> CredentialRecords: ...
    @property
    def blobs(self) -> BlobRecords: ...
    @property
    def objects(self) -> ObjectRecords: ...
    @property
    def images(self) -> ImageRecords: ...
    @property
    def tasks(self) -> TaskRecords: ...


class Records(Protocol):
    def reading(self) -> AbstractContextManager[Session]: ...
    def writing(self, *, durable: bool = True) -> AbstractContextManager[Session]: ...
    def close(self) -> None: ...
