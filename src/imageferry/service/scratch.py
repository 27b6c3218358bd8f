"""The seam where trouble with the service's own working files becomes the domain's."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.domain.errors import NoRoom, Unavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def working_files() -> Iterator[None]:
    """Wrap the calls that read and write working files, and nothing else."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom("the service's disk", reason=error.strerror or "no space left") from error
        raise Unavailable("the service's disk", reason=error.strerror or "it cannot be used") from error
