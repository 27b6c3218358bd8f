"""Servers for tests of dialects: one for a whole run; each test has a project of its own in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.dialects.swift_service import Swift, running_swift

_projects = itertools.count(1)


@pytest.fixture(scope="session")
def swift_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    with running_swift(tmp_path_factory.mktemp("swift")) as running:
        yield running


@pytest.fixture
def swift(swift_server: Swift) -> Swift:
    """A client of a fresh project."""
    return swift_server.as_("member", f"p{next(_projects)}")
