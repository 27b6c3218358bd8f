"""What users read when something goes wrong is what docs/messages.md says; and it helps them."""

from __future__ import annotations

import re

import pytest

from tests.journeys.messages.page import PAGE, asked, page
from tests.peers import program

_HELPS = re.compile(
    r"expected .+, found .+\. .+|promised .+, found .+\. .+|at most .+ are taken, found .+"
    r"|did not end within .+ s: .+|cannot be used now: .+|no room left: .+\. .+|no object '.+' here"
)


@pytest.mark.slow
def test_the_page_says_what_users_read() -> None:
    program("openstack")
    assert PAGE.read_text() == page(asked()), "run python -m tests.journeys.messages.page, and read what has changed"


def test_what_ends_a_task_says_what_was_expected_what_was_found_and_what_to_do() -> None:
    rows = [row.split(" | ") for row in PAGE.read_text().splitlines() if row.startswith("| ")][2:]
    assert len(rows) >= 25
    ended = [row for row in rows if "task ID failed" in row[3]]
    assert len(ended) >= 20
    for row in ended:
        assert all(_HELPS.search(cell) for cell in row[1:]), row
        assert row[1] in row[2], "the same sentence by every door"
        assert row[1] in row[3]
