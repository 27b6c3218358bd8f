"""What every block store promises (see ports/block_store.py)."""

from __future__ import annotations

import os
import threading
from typing import Protocol

import pytest

from imageferry.domain.block import BLOCK_SIZE, EMPTY, BlockName, name_of, trimmed
from imageferry.domain.errors import Damaged, NotFound
from imageferry.ports.block_store import BlockStore


class Harm(Protocol):
    """What a driver's fixture can do to a stored block behind the store's back."""

    def flip_a_bit(self, name: BlockName) -> None: ...
    def cut(self, name: BlockName) -> None: ...
    def swap(self, one: BlockName, other: BlockName) -> None: ...


def a_block_in(store: BlockStore, content: bytes | None = None) -> BlockName:
    content = os.urandom(70_000) + b"x" if content is None else content
    name = name_of(content)
    store.put(name, content)
    return name


class BlockStoreContract:
    @pytest.mark.parametrize("length", [1, 511, 4096, 70_001, BLOCK_SIZE - 1, BLOCK_SIZE])
    def test_what_is_put_can_be_got(self, store: BlockStore, length: int) -> None:
        content = os.urandom(length - 1) + b"x"
        assert store.get(a_block_in(store, content)) == content

    def test_a_view_of_a_larger_buffer_can_be_put(self, store: BlockStore) -> None:
        content = trimmed(bytearray(b"abc" + bytes(1000)))
        store.put(name_of(content), content)
        assert store.get(name_of(content)) == b"abc"

    def test_putting_twice_is_no_error(self, store: BlockStore) -> None:
        assert a_block_in(store, b"same") == a_block_in(store, b"same")
        assert len(list(store.stored())) == 1

    def test_the_empty_block_is_there_and_takes_no_room(self, store: BlockStore) -> None:
        store.put(EMPTY, b"")
        assert store.get(EMPTY) == b""
        assert store.missing([EMPTY]) == set()
        store.check(EMPTY)
        assert list(store.stored()) == []

    def test_an_unknown_block_is_an_error_and_never_a_hole(self, store: BlockStore) -> None:
        name = name_of(b"never stored")
        with pytest.raises(NotFound, match=name):
            store.get(name)
        with pytest.raises(NotFound, match=name):
            store.check(name)

    def test_a_name_that_is_none_is_not_looked_up(self, store: BlockStore) -> None:
        with pytest.raises(NotFound):
            store.get(BlockName("../../../etc/passwd"))

    def test_presence_is_told_for_many_names_at_once(self, store: BlockStore) -> None:
        here = a_block_in(store)
        absent = {name_of(str(number).encode()) for number in range(10_000)}
        assert store.missing([here, EMPTY, *absent]) == absent

    def test_deleting_is_final_and_may_be_done_twice(self, store: BlockStore) -> None:
        name, other = a_block_in(store), a_block_in(store)
        store.delete([name, name_of(b"never stored")])
        store.delete([name])
        assert store.missing([name, other]) == {name}

    def test_all_stored_blocks_are_listed(self, store: BlockStore) -> None:
        names = {a_block_in(store) for _ in range(20)}
        assert {block.name for block in store.stored()} == names

    def test_a_flipped_bit_is_an_error_that_names_the_block(self, store: BlockStore, harm: Harm) -> None:
        name = a_block_in(store)
        harm.flip_a_bit(name)
        with pytest.raises(Damaged, match=name):
            store.get(name)

    def test_a_flipped_bit_is_found_by_check(self, store: BlockStore, harm: Harm) -> None:
        name = a_block_in(store)
        harm.flip_a_bit(name)
        with pytest.raises(Damaged, match=name):
            store.check(name)

    def test_a_cut_block_is_an_error(self, store: BlockStore, harm: Harm) -> None:
        name = a_block_in(store)
        harm.cut(name)
        with pytest.raises(Damaged, match=name):
            store.get(name)

    def test_a_sound_block_under_a_wrong_name_is_an_error(self, store: BlockStore, harm: Harm) -> None:
        one, other = a_block_in(store), a_block_in(store)
        harm.swap(one, other)
        with pytest.raises(Damaged, match=one):
            store.get(one)

    def test_damage_stays_an_error_until_the_block_is_put_again(self, store: BlockStore, harm: Harm) -> None:
        content = os.urandom(5000) + b"x"
        name = a_block_in(store, content)
        harm.flip_a_bit(name)
        for _ in range(2):
            with pytest.raises(Damaged):
                store.get(name)
        store.put(name, content)
        assert store.get(name) == content
        store.check(name)

    def test_putting_heals_damage_that_nobody_has_noticed(self, store: BlockStore, harm: Harm) -> None:
        content = os.urandom(5000) + b"x"
        name = a_block_in(store, content)
        for damage in (harm.flip_a_bit, harm.cut):
            damage(name)
            store.put(name, content)
            assert store.get(name) == content

    def test_many_threads_may_put_and_get_the_same_block(self, store: BlockStore) -> None:
        content = os.urandom(200_000) + b"x"
        name, troubles = name_of(content), []

        def work() -> None:
            try:
                for _ in range(20):
                    store.put(name, content)
                    assert store.get(name) == content
            except BaseException as error:
                troubles.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert troubles == []
