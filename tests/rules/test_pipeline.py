"""Which steps an administrator may move, leave out and add, door by door."""

from __future__ import annotations

import itertools

import pytest

from imageferry.domain.errors import BadInput
from imageferry.domain.pipeline import DEFAULT, SHIPPED, Door, check_own_name, order_of

OBJECT = ["locate", "verify", "unpack", "inspect", "scan", "convert", "check", "publish"]
WEB = ["fetch", "unpack", "inspect", "scan", "publish"]


def test_what_is_not_written_is_as_it_always_was() -> None:
    assert order_of(Door.K5, None, scans=True) == OBJECT
    assert order_of(Door.TASKS, None) == [name for name in OBJECT if name != "scan"]
    assert order_of(Door.WEB_DOWNLOAD, None, scans=True) == WEB
    assert order_of(Door.GLANCE_DIRECT, None) == ["locate", "unpack", "inspect", "publish"]


@pytest.mark.parametrize("door", Door)
def test_every_default_may_be_written_down(door: Door) -> None:
    assert order_of(door, DEFAULT[door], scans=True) == list(DEFAULT[door])


@pytest.mark.parametrize(
    ("door", "words"),
    [
        (Door.K5, "locate verify inspect convert check publish"),
        (Door.K5, "locate verify unpack inspect convert check scan publish"),
        (Door.K5, "locate verify unpack inspect owner scan licence convert check publish"),
        (Door.K5, "locate verify unpack inspect scan convert check owner publish"),
        (Door.K5, "locate verify unpack inspect convert owner check publish"),
        (Door.TASKS, "fetch verify unpack inspect convert check publish"),
        (Door.TASKS, "locate verify unpack inspect convert check publish"),
        (Door.WEB_DOWNLOAD, "fetch inspect publish"),
        (Door.GLANCE_DIRECT, "locate inspect owner publish"),
        (Door.PLANKTON, "locate inspect owner scan publish"),
    ],
)
def test_what_is_safe_may_be_written(door: Door, words: str) -> None:
    assert order_of(door, words.split(), own={"owner", "licence"}, scans=True) == words.split()


@pytest.mark.parametrize(
    ("door", "words", "complaint"),
    [
        (Door.K5, "", "expected locate as the first step"),
        (Door.K5, "verify locate unpack inspect convert check publish", "expected locate as the first step"),
        (Door.K5, "fetch verify unpack inspect convert check publish", "steps of locate, verify"),
        (Door.WEB_DOWNLOAD, "locate unpack inspect publish", "steps of fetch, unpack"),
        (Door.TASKS, "locate fetch verify unpack inspect convert check publish", "only there"),
        (Door.WEB_DOWNLOAD, "fetch unpack inspect convert publish", "found 'convert'"),
        (Door.PLANKTON, "locate unpack inspect publish", "found 'unpack'"),
        (Door.K5, "locate verify unpack convert check publish", "inspect among the steps: it cannot be left out"),
        (Door.K5, "locate unpack inspect convert check publish", "verify among the steps"),
        (Door.K5, "locate verify unpack inspect check publish", "convert among the steps"),
        (Door.K5, "locate verify unpack inspect convert publish", "check among the steps"),
        (Door.K5, "locate verify unpack inspect check convert publish", "check behind convert"),
        (Door.K5, "locate verify unpack convert check inspect publish", "convert behind inspect"),
        (Door.K5, "locate unpack verify inspect convert check publish", "unpack behind verify"),
        (Door.K5, "locate verify inspect unpack convert check publish", "inspect behind unpack"),
        (Door.K5, "locate verify unpack scan inspect convert check publish", "scan behind inspect"),
        (Door.K5, "locate owner verify unpack inspect convert check publish", "owner behind inspect"),
        (Door.K5, "locate verify unpack inspect convert check publish owner", "publish as the last step"),
        (Door.K5, "locate verify unpack inspect convert check", "publish as the last step"),
        (Door.K5, "locate verify unpack inspect inspect convert check publish", "found inspect 2 times"),
        (
            Door.K5,
            "locate verify unpack inspect licence convert check publish",
            r"own one needs a table \[steps.NAME\]",
        ),
    ],
)
def test_what_is_not_safe_is_refused_with_the_place(door: Door, words: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint) as refused:
        order_of(door, words.split(), own={"owner"}, scans=True)
    assert refused.value.field == f"imports.{door}.steps"


def test_a_scan_without_a_scanner_is_refused_not_forgotten() -> None:
    with pytest.raises(BadInput, match="set scan_clamav or scan_yara"):
        order_of(Door.K5, OBJECT)


def test_no_order_at_all_lets_a_disk_through_that_nobody_has_judged() -> None:
    """Every order of every choice of steps: those that are taken judge, keep promises, and check what they made."""
    names = ["verify", "unpack", "inspect", "convert", "check", "owner"]
    taken = 0
    for count in range(len(names) + 1):
        for middle in itertools.permutations(names, count):
            try:
                order = order_of(Door.K5, ["locate", *middle, "publish"], own={"owner"})
            except BadInput:
                continue
            taken += 1
            assert {"verify", "inspect", "convert", "check"} <= set(order)
            assert order.index("verify") < order.index("inspect") < order.index("convert") < order.index("check")
            assert "unpack" not in order or order.index("verify") < order.index("unpack") < order.index("inspect")
            assert "owner" not in order or order.index("owner") > order.index("inspect")
    assert taken == 8


@pytest.mark.parametrize("name", ["Owner", "", "an owner", "a" * 41, "1st", "../x"])
def test_an_own_step_has_a_name_that_may_stand_in_a_message(name: str) -> None:
    with pytest.raises(BadInput, match="lower-case letters"):
        check_own_name(name)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_own_step_takes_no_name_of_a_shipped_one(name: str) -> None:
    with pytest.raises(BadInput, match="has already"):
        check_own_name(name)
