"""What the drivers' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.drivers.postgres import Cluster, running_cluster

pytest.register_assert_rewrite("tests.contracts")  # so that a contract's failure shows its values too


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL server a session (with xdist: a worker)."""
    with running_cluster() as server:
        yield server


@pytest.fixture
def postgres_url(cluster: Cluster) -> Iterator[str]:
    """A fresh, empty database."""
    name = cluster.make_database()
    yield cluster.url(name)
    cluster.drop_database(name)
