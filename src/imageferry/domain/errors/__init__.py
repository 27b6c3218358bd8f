"""Everything that can go wrong, in the project's own words.

    FerryError
    ├── Rejected             what was sent cannot be taken; sending it again will not help
    │   ├── BadInput         a field has the wrong form
    │   ├── DigestMismatch   the bytes are not the bytes that were promised
    │   ├── Incomplete       the sender stopped before the end
    │   ├── TooLarge         over a limit, named with its figure
    │   │   ├── OverQuota    more than an account or a container may keep
    │   │   └── OverLimit    more than a project may keep as images
    │   ├── LengthRequired   neither a length nor chunks
    │   ├── BadSegments      parts of a large object are not as its list says
    │   ├── BadDisk          not a disk image, or one that is not safe to open
    │   ├── BadSource        a place that nothing can or may be fetched from
    │   ├── Infected         a scanner's rule has found something in it
    │   ├── StepRefused      a step of the provider's own does not take it
    │   ├── Refused          a cloud does not take it; carries the cloud's words
    │   └── Unsupported      a cloud has no such concept; says what will do instead
    ├── NotFound             no such thing, or none the caller may know of
    │   ├── DeletedThen      a version that says only that the object was deleted
    │   └── NoVersions       a version, where none were ever kept
    ├── Conflict             the thing is there, in a state that forbids the act
    │   ├── AlreadyExists
    │   │   └── MetafileExists
    │   ├── NotEmpty
    │   ├── StatusConflict
    │   └── PreconditionFailed
    ├── RangeNotSatisfiable  the range lies outside the object
    ├── AccessDenied
    │   ├── NotAuthenticated who are you?
    │   └── Forbidden        known, and not allowed
    ├── Damaged              stored bytes are not what their name promises
    ├── Unavailable          not now; trying again may help
    │   ├── NoRoom           the disk is full
    │   └── TimedOut
    ├── TaskFailed           a task ended in failure; carries its message
    └── Cancelled            somebody asked for the end

Fields are for programs, ``str()`` is one sentence for a person: what was expected, what was
found, what to do. No HTTP here: status codes belong to dialects. ``exit_code`` is what the
command line ends with; ``docs/exit-codes.md`` is checked against this tree. All are imported
from here, wherever they stand: ``root``, ``rejected``, ``disks``, ``state``, ``trouble``.
"""

from __future__ import annotations

from imageferry.domain.errors.disks import (
    BadDisk,
    BadSource,
    Infected,
    StepRefused,
)
from imageferry.domain.errors.rejected import (
    BadInput,
    BadSegments,
    DigestMismatch,
    Incomplete,
    LengthRequired,
    OverLimit,
    OverQuota,
    Refused,
    Rejected,
    TooLarge,
    Unsupported,
)
from imageferry.domain.errors.root import (
    FerryError,
)
from imageferry.domain.errors.state import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    DeletedThen,
    Forbidden,
    MetafileExists,
    NotAuthenticated,
    NotEmpty,
    NotFound,
    NoVersions,
    PreconditionFailed,
    RangeNotSatisfiable,
    StatusConflict,
)
from imageferry.domain.errors.trouble import (
    Cancelled,
    Damaged,
    NoRoom,
    TaskFailed,
    TimedOut,
    Unavailable,
)

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "BadDisk",
    "BadInput",
    "BadSegments",
    "BadSource",
    "Cancelled",
    "Conflict",
    "Damaged",
    "DeletedThen",
    "DigestMismatch",
    "FerryError",
    "Forbidden",
    "Incomplete",
    "Infected",
    "LengthRequired",
    "MetafileExists",
    "NoRoom",
    "NoVersions",
    "NotAuthenticated",
    "NotEmpty",
    "NotFound",
    "OverLimit",
    "OverQuota",
    "PreconditionFailed",
    "RangeNotSatisfiable",
    "Refused",
    "Rejected",
    "StatusConflict",
    "StepRefused",
    "TaskFailed",
    "TimedOut",
    "TooLarge",
    "Unavailable",
    "Unsupported",
]
