"""The administrator's first day."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.db.records import SqlRecords
from imageferry.service.identity_admin import IdentityAdmin


class PlainHasher:
    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == self.hash(password)


def test_the_password_is_kept_before_it_counts(records: SqlRecords) -> None:
    """Cut off before it is kept, nothing was made; the next start begins anew, with another password."""

    def cut_off(_: str) -> None:
        raise KeyboardInterrupt

    admin = IdentityAdmin(records, PlainHasher())
    with pytest.raises(KeyboardInterrupt):
        admin.first_start("first", cut_off)
    assert admin.users() == []
    kept: list[Any] = []
    assert admin.first_start("second", kept.append)
    assert kept == ["second"]
    assert not admin.first_start("third", kept.append)
    assert kept == ["second"]
    assert [user.name for user in admin.users()] == ["admin"]
