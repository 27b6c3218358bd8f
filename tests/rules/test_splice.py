"""Where bytes go that are put into an object, and which of its blocks stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import BadInput, RangeNotSatisfiable
from imageferry.domain.splice import Made, Piece, Splice, Taken, cut, length_of, spliced, woven

B = BLOCK_SIZE


def row(*pieces: Piece[str]) -> list[tuple[object, ...]]:
    """What becomes of the pieces: (at, source, first, count) of blocks taken, (at, parts) of those made."""
    found: list[tuple[object, ...]] = []
    for block in woven(pieces):
        if isinstance(block, Taken):
            found.append((block.at, block.source, block.first, block.count))
        else:
            found.append((block.at, [(piece.source, piece.start, piece.stop) for piece in block.pieces]))
    return found


def whole(source: str, size: int) -> Piece[str]:
    return Piece(source, size, 0, size)


def test_all_of_something_is_taken_as_it_is() -> None:
    assert row(whole("a", 3 * B + 5)) == [(0, "a", 0, 3), (3, "a", 3, 1)]
    assert row(whole("a", 0)) == []
    assert row(whole("a", 5)) == [(0, "a", 0, 1)]


def test_bytes_at_hand_are_made_into_blocks() -> None:
    assert row(Piece("new", 5, 0, 5, in_blocks=False)) == [(0, [("new", 0, 5)])]


def test_what_is_appended_touches_the_last_block_alone() -> None:
    old, new = whole("old", 10_000 * B + 7), Piece("new", 6, 0, 6, in_blocks=False)
    made = (10_000, [("old", 10_000 * B, 10_000 * B + 7), ("new", 0, 6)])
    assert row(*spliced([old], [new], old.size)) == [(0, "old", 0, 10_000), made]


def test_what_is_overwritten_touches_its_own_blocks_alone() -> None:
    old, new = whole("old", 5 * B), Piece("new", 4, 0, 4, in_blocks=False)
    assert row(*spliced([old], [new], 2 * B - 2)) == [
        (0, "old", 0, 1),
        (1, [("old", B, 2 * B - 2), ("new", 0, 2)]),
        (2, [("new", 2, 4), ("old", 2 * B + 2, 3 * B)]),
        (3, "old", 3, 2),
    ]


def test_blocks_of_another_object_are_taken_where_they_begin_a_block_here_too() -> None:
    old, new = whole("old", 4 * B), whole("new", 2 * B)
    assert row(*spliced([old], [new], B)) == [(0, "old", 0, 1), (1, "new", 0, 2), (3, "old", 3, 1)]


def test_a_short_last_block_is_not_taken_for_a_longer_one() -> None:
    assert row(whole("a", 5), whole("b", 5)) == [(0, [("a", 0, 5), ("b", 0, 5)])]
    assert row(Piece("a", B, 0, 5)) == [(0, [("a", 0, 5)])]


def test_bytes_that_do_not_begin_a_block_are_all_moved() -> None:
    assert row(Piece("a", 3 * B, 1, 2 * B + 1)) == [(0, [("a", 1, B + 1)]), (1, [("a", B + 1, 2 * B + 1)])]


@given(st.data())
def test_the_bytes_are_those_of_the_pieces_in_a_row(data: st.DataObject) -> None:
    """Sizes in units of an eighth of a block, so that all kinds of borders meet."""
    unit = B // 8
    pieces = []
    for number in range(data.draw(st.integers(0, 5))):
        size = data.draw(st.integers(0, 30))
        start = data.draw(st.integers(0, size))
        stop = data.draw(st.integers(start, size))
        at_hand = data.draw(st.booleans())
        pieces.append(Piece(f"{number}", size * unit, start * unit, stop * unit, in_blocks=not at_hand))
    sizes = {piece.source: piece.size for piece in pieces}
    wanted = [(piece.source, at) for piece in pieces for at in range(piece.start, piece.stop, unit)]
    found: list[tuple[str, int]] = []
    for block in woven(pieces):
        assert block.at * B == len(found) * unit
        if isinstance(block, Taken):
            stop = min((block.first + block.count) * B, sizes[block.source])
            found += [(block.source, at) for at in range(block.first * B, stop, unit)]
        else:
            assert isinstance(block, Made)
            found += [(piece.source, at) for piece in block.pieces for at in range(piece.start, piece.stop, unit)]
    assert found == wanted


def test_pieces_are_cut_across_their_borders() -> None:
    pieces = [whole("a", 5), Piece("b", 9, 2, 9)]
    assert list(cut(pieces, 3, 8)) == [Piece("a", 5, 3, 5), Piece("b", 9, 2, 5)]
    assert list(cut(pieces, 12, 20)) == []
    assert length_of(pieces) == 12


@pytest.mark.parametrize(
    ("splice", "size", "start"),
    [
        (Splice(), 7, 7),
        (Splice(start=0), 7, 0),
        (Splice(start=7), 7, 7),
        (Splice(start=5, length=9), 7, 5),
        (Splice(start=5, length=2, within=7), 7, 5),
    ],
)
def test_bytes_go_into_an_object_or_behind_it(splice: Splice, size: int, start: int) -> None:
    assert splice.place(size) == start


@pytest.mark.parametrize(
    "splice", [Splice(start=8), Splice(start=5, length=2, within=8), Splice(start=5, length=3, within=7)]
)
def test_bytes_that_would_leave_a_gap_or_meet_another_size_are_refused(splice: Splice) -> None:
    with pytest.raises(RangeNotSatisfiable):
        splice.place(7)


def test_what_would_be_cut_off_again_is_not_asked_for() -> None:
    assert Splice().taken(5, 9) == 9
    assert Splice(length=4).taken(5, 9) == 4
    assert Splice(start=0, length=8, cut=7).taken(0, 7) == 7
    assert Splice(length=4, cut=3).taken(5, 0) == 0
    with pytest.raises(BadInput):
        Splice(length=4).taken(0, 3)
