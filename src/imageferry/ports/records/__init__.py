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

from contextlib import AbstractContextManager
from typing import Protocol

from imageferry.ports.records.blobs import BlobRecords, BlobUser
from imageferry.ports.records.history import HistoryRecords
from imageferry.ports.records.identity import CredentialRecords, IdentityRecords, TokenRow
from imageferry.ports.records.images import IMAGE_SORT_KEYS, ImageQuery, ImageRecords
from imageferry.ports.records.metadefs import NAMESPACE_SORT_KEYS, MetadefRecords, NamespaceQuery
from imageferry.ports.records.objects import ObjectRecords
from imageferry.ports.records.presence import PresenceRecords
from imageferry.ports.records.quarantine import QuarantineRecords
from imageferry.ports.records.registrations import RegistrationRecords
from imageferry.ports.records.shares import GroupRecords, LinkRecords, ShareRecords
from imageferry.ports.records.tasks import TASK_SORT_KEYS, TaskRecords
from imageferry.ports.records.usage import UsageRecords
from imageferry.ports.records.versions import VersionRecords

__all__ = [
    "IMAGE_SORT_KEYS",
    "NAMESPACE_SORT_KEYS",
    "TASK_SORT_KEYS",
    "BlobRecords",
    "BlobUser",
    "CredentialRecords",
    "GroupRecords",
    "HistoryRecords",
    "IdentityRecords",
    "ImageQuery",
    "ImageRecords",
    "LinkRecords",
    "MetadefRecords",
    "NamespaceQuery",
    "ObjectRecords",
    "PresenceRecords",
    "QuarantineRecords",
    "Records",
    "RegistrationRecords",
    "Session",
    "ShareRecords",
    "TaskRecords",
    "TokenRow",
    "UsageRecords",
    "VersionRecords",
]


class Session(Protocol):
    """One transaction."""

    @property
    def identity(self) -> IdentityRecords: ...
    @property
    def credentials(self) -> CredentialRecords: ...
    @property
    def blobs(self) -> BlobRecords: ...
    @property
    def presence(self) -> PresenceRecords: ...
    @property
    def objects(self) -> ObjectRecords: ...
    @property
    def versions(self) -> VersionRecords: ...
    @property
    def history(self) -> HistoryRecords: ...
    @property
    def shares(self) -> ShareRecords: ...
    @property
    def links(self) -> LinkRecords: ...
    @property
    def groups(self) -> GroupRecords: ...
    @property
    def images(self) -> ImageRecords: ...
    @property
    def registrations(self) -> RegistrationRecords: ...
    @property
    def metadefs(self) -> MetadefRecords: ...
    @property
    def tasks(self) -> TaskRecords: ...
    @property
    def quarantine(self) -> QuarantineRecords: ...
    @property
    def usage(self) -> UsageRecords: ...


class Records(Protocol):
    def reading(self) -> AbstractContextManager[Session]: ...
    def writing(self, *, durable: bool = True) -> AbstractContextManager[Session]: ...
    def close(self) -> None: ...
