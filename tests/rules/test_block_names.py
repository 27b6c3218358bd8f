"""Names of blocks of any cloud: the vectors of the protocol, and what a stranger tells."""

from __future__ import annotations

import pytest

from imageferry.domain.block import BLOCK_SIZE, EMPTY
from imageferry.domain.block_names import MAX_BLOCK_SIZE, OURS, BlockNames, BlockRule
from imageferry.domain.errors import BadInput

VECTORS = [
    (b"", 16, [], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (bytes(16), 16, ["e3b0c442"], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"AAAABBBB", 4, ["63c1dd95", "4a8d8134"], "c7d48d2eb0eead763018d7ca44ead58dcf344d30fb5bffd39e4299254fc0bc1e"),
    (
        b"AAAABBBBCC\0\0",
        4,
        ["63c1dd95", "4a8d8134", "a56362a1"],
        "c1d7fc5b1d3c321a81c19418baefe60dfb980f177f31c2b22dd651898b97f61d",
    ),
    (
        b"AAAA\0\0\0\0BBBB",
        4,
        ["63c1dd95", "e3b0c442", "4a8d8134"],
        "84d947cfd748c812bd41d46605b9a3d8c7b988e651a392f0934c410789d07732",
    ),
    (
        b"AAAABBBBCCCCDDDDE",
        4,
        ["63c1dd95", "4a8d8134", "90b4853e", "3989c4e0", "a9f51566"],
        "c378043e4945fbb654a71b061903e40a3e66d72fb3ecd88aa7388495513b652c",
    ),
]


@pytest.mark.parametrize(("data", "size", "beginnings", "top"), VECTORS)
def test_names_and_tops_are_those_of_the_protocol(data: bytes, size: int, beginnings: list[str], top: str) -> None:
    rule = BlockRule(size)
    names = [rule.name_of(data[at : at + size]) for at in range(0, len(data), size)]
    assert [name[:8] for name in names] == beginnings
    assert rule.top_of(names) == top
    assert BlockNames.checked(rule, len(data), names).top == top


def test_another_hash_has_names_of_its_own() -> None:
    rule = BlockRule(4, "sha1")
    assert rule.empty == "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert rule.name_of(b"ab\0\0") == rule.name_of(b"ab") != OURS.name_of(b"ab")
    assert len(rule.top_of([rule.name_of(b"a"), rule.name_of(b"b"), rule.empty])) == 40


def test_a_cloud_that_tells_nothing_has_the_usual_blocks() -> None:
    assert BlockRule.told("", "") == OURS == BlockRule(BLOCK_SIZE, "sha256")
    assert BlockRule.told("65536", " SHA1 ") == BlockRule(65536, "sha1")
    assert OURS.empty == EMPTY


@pytest.mark.parametrize("size", ["0", "-4", "1.5", "x", "٤", str(MAX_BLOCK_SIZE + 1), "9" * 40, "100"])
def test_a_size_that_nobody_works_with_is_refused(size: str) -> None:
    with pytest.raises(BadInput, match="block size"):
        BlockRule.told(size, "sha256")


@pytest.mark.parametrize("name", ["rot13", "sha3_256", "shake_128", "md5\n x", "blake2b"])
def test_a_hash_that_nobody_works_with_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="block hash"):
        BlockRule.told("4096", name)


def test_nothing_may_be_told_as_one_block_of_nothing() -> None:
    assert BlockNames.checked(OURS, 0, [EMPTY.upper()]).names == ()
    assert BlockNames.checked(OURS, 0, []).top == EMPTY


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (1, []),
        (0, [EMPTY, EMPTY]),
        (0, ["0" * 64]),
        (1, ["0" * 63]),
        (1, [None]),
        (1, "0" * 64),
        (True, ["0" * 64]),
        (1.0, [EMPTY]),
        (-1, []),
    ],
)
def test_a_map_that_cannot_be_is_refused(size: object, names: object) -> None:
    with pytest.raises(BadInput):
        BlockNames.checked(OURS, size, names)
