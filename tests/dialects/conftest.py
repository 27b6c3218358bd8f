"""Servers for tests of dialects: one for a whole run; each test has a project of its own in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.dialects.k5_service import K5, running_k5, small_vmdk
from tests.dialects.openstack_service import Cloud, running_cloud
from tests.dialects.pithos_caller import Pithos, fresh_account
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


@pytest.fixture(scope="session")
def pithos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Its clock must not be moved: tokens of other tests would end."""
    with running_cloud(tmp_path_factory.mktemp("pithos")) as running:
        yield running


@pytest.fixture
def pithos(pithos_server: Cloud) -> Pithos:
    """Mira, a member of a fresh project, and its account."""
    return fresh_account(pithos_server, f"p{next(_projects)}")


@pytest.fixture(scope="session")
def k5_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K5]:
    with running_k5(tmp_path_factory.mktemp("k5") / "data") as running:
        yield running


@pytest.fixture
def k5(k5_server: K5) -> Iterator[K5]:
    """Mira, in a fresh project with a disk in the container ``images`` and an empty one, ``out``."""
    k5_server.walker.waiting.clear()  # what other tests left
    caller = k5_server.fresh()
    caller.put("web.vmdk", small_vmdk())
    caller.container("out")
    yield caller
    k5_server.walker.before = k5_server.walker.after = lambda _: None
