"""What own steps answer: a yes is one only if nothing speaks against it."""

from __future__ import annotations

import json

import pytest

from imageferry.wire.own_steps import BadAnswer, read_answer, shown_url

NO = {"ok": False, "expected": "an owner", "found": "none", "hint": "Set os_owner."}


def test_a_yes_with_and_without_properties() -> None:
    assert read_answer(0, b'{"ok": true}\n').ok
    verdict = read_answer(0, b'{"ok": true, "properties": {"licence": "checked"}}')
    assert (verdict.ok, verdict.properties) == (True, {"licence": "checked"})


@pytest.mark.parametrize("code", [0, 1])
def test_a_no_is_one_whatever_the_exit_code_says(code: int) -> None:
    verdict = read_answer(code, json.dumps(NO).encode())
    assert (verdict.ok, verdict.expected, verdict.found) == (False, "an owner", "none")
    assert verdict.hint == "Set os_owner."


@pytest.mark.parametrize(
    ("code", "said", "why"),
    [
        (0, b"", "said nothing"),
        (1, b" \n", "said nothing"),
        (1, b'{"ok": true}', 'ended with 1 and said "ok": true'),
        (2, b'{"ok": true}', "ended with 2"),
        (-11, b'{"ok": true}', "by signal 11"),
        (0, b"ok", "not one JSON object"),
        (0, b'{"ok": true}\n{"ok": true}', "not one JSON object"),
        (0, b'{"ok": true', "not one JSON object"),
        (0, b"\xff\xfe", "not one JSON object"),
        (0, b"[" * 60_000, "not one JSON object"),
        (0, b"[true]", "true or false"),
        (0, b'{"ok": 1}', "true or false"),
        (0, b'{"ok": "true"}', "true or false"),
        (0, b"{}", "true or false"),
        (0, b'{"ok": true, "okay": false}', "the key 'okay'"),
        (1, b'{"ok": false}', "without a reason"),
        (1, b'{"ok": false, "expected": "x", "found": 3}', '"found" is no text'),
        (0, b'{"ok": true, "properties": []}', "no JSON object"),
        (0, b'{"ok": true, "properties": {"a": 1}}', "'a' is no text"),
        (0, b'{"ok": true, "properties": {"": "x"}}', "no text, or too long"),
        (0, json.dumps({"ok": True, "properties": {str(n): "" for n in range(33)}}).encode(), "at most 32"),
        (0, json.dumps({"ok": True, "properties": {"a": "x" * 1001}}).encode(), "too long"),
    ],
)
def test_everything_else_is_no_answer(code: int, said: bytes, why: str) -> None:
    with pytest.raises(BadAnswer, match=why):
        read_answer(code, said)


def test_what_a_step_says_stands_on_one_line_and_is_not_endless() -> None:
    verdict = read_answer(1, json.dumps(NO | {"found": "a\n\x1b[31mred\u202e" + "x" * 5000}).encode())
    assert verdict.found.startswith("a  [31mred ")
    assert len(verdict.found) == 1003


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@example.com/a/b.qcow2?temp_url_sig=x#y", "https://example.com/a/b.qcow2"),
        ("http://[::1/", ""),
        ("", ""),
    ],
)
def test_a_url_is_told_without_what_may_be_a_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown
