"""Forms taken apart: the same parts however the bytes are cut, and nothing held that should not be."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest

from imageferry.domain.errors import BadInput
from imageferry.wire.multipart import MAX_PART_HEAD, End, FormStream, NoForm, Part, boundary_of, split_value

HEAD = b'Content-Disposition: form-data; name="a"'
FORM = (
    b"--b\r\n" + HEAD + b"\r\n\r\none\r\n"
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/x\r\n\r\n'
    b"line\r\n-bx is near\r\n-\r\n--\r\n"
    b"\r\n--b\r\n\r\nno head\r\n"
    b"--b\r\n" + HEAD + b"\r\n\r\n\r\n"
    b"--b--\r\nand what comes after\r\n--b\r\n"
)
PARTS = [
    ({"name": "a"}, b"one"),
    ({"name": "f", "filename": "x.txt"}, b"line\r\n-bx is near\r\n-\r\n--\r\n"),
    ({}, b"no head"),
    ({"name": "a"}, b""),
]


def _parts(pieces: list[bytes], boundary: bytes = b"b") -> list[tuple[dict[str, str], bytes]]:
    found: list[tuple[dict[str, str], bytes]] = []
    stream = FormStream(boundary)
    whole = True
    for piece in pieces:
        for event in stream.feed(piece):
            if isinstance(event, Part):
                assert whole
                found.append((dict(event.parameters), b""))
                whole = False
            elif isinstance(event, End):
                whole = True
            else:
                assert event
                assert not whole
                found[-1] = (found[-1][0], found[-1][1] + event)
    stream.finish()
    assert whole
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 10_000])
def test_the_parts_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    assert _parts([FORM[at : at + size] for at in range(0, len(FORM), size)]) == PARTS


def test_the_parts_are_the_same_at_random_cuts() -> None:
    dice = random.Random(7)
    for _ in range(300):
        cuts = sorted(dice.sample(range(1, len(FORM)), 6))
        pieces = [FORM[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(FORM)], strict=True)]
        assert _parts(pieces) == PARTS


def test_line_breaks_may_come_first() -> None:
    assert _parts([b"\r\n" * 9, b"\r\n" + FORM]) == PARTS


def test_the_head_of_a_part_is_read_as_mail_is() -> None:
    head = b'content-DISPOSITION: form-data;\r\n name=a ; filename="b;c"\r\nX: 1\r\nx: 2\r\nno colon\r\nY:\xc3\xa9'
    (part, *_) = FormStream(b"b").feed(b"--b\r\n" + head + b"\r\n\r\n")
    assert isinstance(part, Part)
    assert part.headers == {"content-disposition": 'form-data; name=a ; filename="b;c"', "x": "1", "y": "é"}
    assert (part.name, part.filename) == ("a", "b;c")


@pytest.mark.parametrize(
    ("text", "word", "parameters"),
    [
        ("", "", {}),
        ("form-data", "form-data", {}),
        ('form-data; name="a"; filename="b"', "form-data", {"name": "a", "filename": "b"}),
        ("form-data;name=a;filename=b c", "form-data", {"name": "a", "filename": "b c"}),
        ('form-data; filename="a\\"b"', "form-data", {"filename": 'a\\"b'}),
        ('form-data; filename=""; name="x', "form-data", {"filename": ""}),
        ('form-data; name="a"; name="b"', "form-data", {"name": "a"}),
        ("form-data; =; name=a", "form-data", {}),
        ("form-data" + '; a="' * 5000, "form-data", {"a": "; a="}),
    ],
)
def test_values_with_parameters(text: str, word: str, parameters: dict[str, str]) -> None:
    started = time.monotonic()
    found, named = split_value(text)
    assert time.monotonic() - started < 1
    assert (found, named) == (word, parameters)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=b", b"b"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/mixed; boundary=b", None),
        ("application/x-www-form-urlencoded", None),
        ("", None),
    ],
)
def test_a_form_names_its_boundary(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


def test_an_endless_boundary_is_refused() -> None:
    with pytest.raises(NoForm):
        boundary_of("multipart/form-data; boundary=" + "b" * 201)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        b"--",
        b"garbage",
        b"--bb\r\n",
        b"--b--\r\n",
        b"x--b\r\n" + HEAD,
        b"--b \r\n",
    ],
)
def test_what_does_not_begin_with_its_boundary_is_no_form(body: bytes) -> None:
    with pytest.raises(NoForm):
        _parts([body])


@pytest.mark.parametrize(
    "body",
    [
        b"--b\r\n" + HEAD,
        b"--b\r\n" + HEAD + b"\r\n\r\nbytes",
        b"--b\r\n" + HEAD + b"\r\n\r\nbytes\r\n--b",
        b"--b\r\n" + HEAD + b"\r\n\r\nbytes\r\n--b-",
        b"--b\r\n" + HEAD + b"\r\n\r\nbytes\r\n--bx\r\n",
        b"--b\r\n" + HEAD + b"\r\n\r\nbytes\r\n--b\n",
        b"--b\r\nX: a\0b\r\n\r\n",
        b"--b\r\nX: a\nY: b\r\n\r\n",
        b"--b\r\nX: " + b"x" * MAX_PART_HEAD + b"\r\n\r\n",
        b"--b\r\n" + b"X: y\r\n" * 5000,
    ],
)
def test_what_has_no_end_or_no_decent_head_is_refused(body: bytes) -> None:
    for size in (1, 1000, 1 << 20):
        with pytest.raises(BadInput):
            _parts([body[at : at + size] for at in range(0, len(body), size)])


def test_many_tiny_parts_take_time_for_each_and_no_memory() -> None:
    body = b"--b" + b"\r\n\r\n\r\n--b" * 20_000 + b"--"
    tracemalloc.start()
    started = time.monotonic()
    count = sum(1 for event in FormStream(b"b").feed(body) if isinstance(event, End))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert time.monotonic() - started < 10
    assert peak < 3 * len(body)


def test_a_large_part_is_not_held() -> None:
    stream = FormStream(b"b")
    list(stream.feed(b"--b\r\n\r\n"))
    tracemalloc.start()
    taken = sum(len(event) for _ in range(64) for event in stream.feed(bytes(1 << 20)) if isinstance(event, bytes))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken > (64 << 20) - 100
    assert peak < 8 << 20
