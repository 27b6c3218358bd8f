"""Hash maps: the hash of the whole, and what strangers may write in one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, name_of, trimmed
from imageferry.domain.errors import BadInput, TooLarge
from imageferry.domain.hash_map import MAX_HASHES, HashMap, top_of
from imageferry.wire.hash_maps import MAX_DOCUMENT, hash_map_document, names_document, read_hash_map

HELLO = name_of(b"hello")
TREES = [  # data, block size in bytes, top; from specs/synnefo.md, 4.1
    (b"", 4, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"hello", 16, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
    (bytes(16), 16, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"AAAABBBB", 4, "c7d48d2eb0eead763018d7ca44ead58dcf344d30fb5bffd39e4299254fc0bc1e"),
    (b"AAAABBBBCC\0\0", 4, "c1d7fc5b1d3c321a81c19418baefe60dfb980f177f31c2b22dd651898b97f61d"),
    (b"AAAA\0\0\0\0BBBB", 4, "84d947cfd748c812bd41d46605b9a3d8c7b988e651a392f0934c410789d07732"),
    (b"AAAABBBBCCCCDDDDE", 4, "c378043e4945fbb654a71b061903e40a3e66d72fb3ecd88aa7388495513b652c"),
]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.mark.parametrize(("data", "size", "top"), TREES)
def test_the_top_of_a_tree_is_the_one_of_pithos(data: bytes, size: int, top: str) -> None:
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    assert top_of([name_of(trimmed(block)) for block in blocks]) == top


def test_a_tree_of_three_and_of_five_by_hand() -> None:
    one, two, three, four, five = (sha(str(number).encode()) for number in range(5))
    zero = bytes(32)
    names = [BlockName(leaf.hex()) for leaf in (one, two, three, four, five)]
    assert top_of(names[:2]) == sha(one + two).hex()
    assert top_of(names[:3]) == sha(sha(one + two) + sha(three + zero)).hex()
    left = sha(sha(one + two) + sha(three + four))
    right = sha(sha(five + zero) + sha(zero + zero))
    assert top_of(names) == sha(left + right).hex()


def a_document(**fields: Any) -> bytes:
    return json.dumps({"bytes": 5, "hashes": [HELLO]} | fields).encode()


def test_what_is_written_is_read_again() -> None:
    found = HashMap(size=2 * BLOCK_SIZE + 1, names=(HELLO, EMPTY, HELLO))
    assert read_hash_map(hash_map_document(found)) == found
    assert json.loads(hash_map_document(HashMap(size=5, names=(HELLO,)))) == {
        "block_hash": "sha256",
        "block_size": 4194304,
        "bytes": 5,
        "hashes": ["2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"],
    }
    assert names_document([HELLO]) == f'["{HELLO}"]'.encode()


def test_nothing_is_written_with_one_hash_and_read_with_one_or_none() -> None:
    nothing = HashMap(size=0, names=())
    assert json.loads(hash_map_document(nothing))["hashes"] == [EMPTY]
    assert read_hash_map(a_document(bytes=0, hashes=[EMPTY])) == nothing
    assert read_hash_map(a_document(bytes=0, hashes=[])) == nothing
    assert nothing.top == EMPTY


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"hashes": [HELLO.upper()]},
        {"block_size": BLOCK_SIZE, "block_hash": "SHA256"},
        {"bytes": 1},
        {"bytes": BLOCK_SIZE},
        {"something": [{"else": 1}]},
    ],
)
def test_a_map_of_one_block_is_taken(fields: dict[str, Any]) -> None:
    assert read_hash_map(a_document(**fields)).names == (HELLO,)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"hashes": []}, "expected 1, one for each"),
        ({"hashes": [HELLO, HELLO]}, "expected 1, one for each 4 MiB of 5 bytes, found '2 hashes'"),
        ({"bytes": BLOCK_SIZE + 1}, "expected 2, one for each"),
        ({"bytes": 0}, "expected 0, one for each"),
        ({"bytes": 0, "hashes": [EMPTY, EMPTY]}, "expected 0, one for each"),
        ({"bytes": -1}, "not negative"),
        ({"bytes": -1, "hashes": []}, "not negative"),
        ({"hashes": [HELLO[:-1]]}, "64 hex digits"),
        ({"hashes": [HELLO + "0"]}, "64 hex digits"),
        ({"hashes": [HELLO[:-1] + "g"]}, "64 hex digits"),
        ({"hashes": [HELLO + "\n"]}, "64 hex digits"),
        ({"hashes": ["\u0660" * 64]}, "64 hex digits"),
        ({"hashes": ["../" * 21 + "a"]}, "64 hex digits"),
        ({"hashes": [5]}, "expected a JSON object"),
        ({"hashes": [None]}, "expected a JSON object"),
        ({"hashes": {HELLO: 1}}, "expected a JSON object"),
        ({"hashes": HELLO}, "expected a JSON object"),
        ({"bytes": "5"}, "whole number"),
        ({"bytes": 5.0}, "whole number"),
        ({"bytes": float("nan")}, "whole number"),
        ({"bytes": True}, "whole number"),
        ({"bytes": None}, "whole number"),
        ({"block_size": 1 << 21}, "expected 4194304, found 2097152"),
        ({"block_size": 4194304.0}, "whole number"),
        ({"block_hash": "md5"}, "expected sha256, found 'md5'"),
    ],
)
def test_another_map_is_refused_with_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_hash_map(a_document(**fields))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"{}",
        b'{"bytes": 5}',
        b"\xff\xfe",
        b'{"bytes":1,"hashes":["\xff"]}',
        b'{"bytes":1,"hashes":["\\ud800"]}',
        b'{"x":' + b"[" * 100_000 + b"}",
        b'{"bytes":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_map_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(BadInput, match="expected a JSON object"):
        read_hash_map(body)


@pytest.mark.parametrize("size", [(MAX_HASHES * BLOCK_SIZE) + 1, 1 << 63, 10**300])
def test_a_huge_size_is_refused_with_the_limit(size: int) -> None:
    with pytest.raises(TooLarge, match="at most 262144 hashes"):
        read_hash_map(f'{{"bytes": {size}, "hashes": []}}'.encode())


def test_ten_million_hashes_are_not_even_looked_at() -> None:
    body = b'{"bytes":5,"hashes":[' + b",".join([b'"%s"' % HELLO.encode()] * 10_000_000) + b"]}"
    assert len(body) > MAX_DOCUMENT
    with pytest.raises(TooLarge, match="at most 25165824 bytes"):
        read_hash_map(body)


def test_many_short_hashes_are_too_many() -> None:
    body = b'{"bytes":5,"hashes":[' + b",".join([b'""'] * (MAX_HASHES + 1)) + b"]}"
    with pytest.raises(BadInput, match="at most 262144"):
        read_hash_map(body)


def test_the_longest_map_there_may_be_is_taken() -> None:
    longest = HashMap(size=MAX_HASHES * BLOCK_SIZE, names=(EMPTY,) * MAX_HASHES)
    assert read_hash_map(hash_map_document(longest)) == longest
