"""A clouds.yaml that a person wrote: an entry is added, and nothing else happens to it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from imageferry.clouds.clouds_file import add
from imageferry.domain.errors import AlreadyExists, BadInput

ENTRY = {"type": "k5", "auth": {"username": "mira", "password": "a: 'b' #c\n☃"}}

WRITTEN = {
    "none": None,
    "empty": "",
    "a comment": "# mine\n",
    "two": "# mine\nclouds:\n    # the first\n    one:\n        auth: {a: b}\n    two: {}\ncache:\n  auth: true\n",
    "in one line": "clouds: {one: {auth: {a: b}}}\n",
    "no clouds yet": "cache: {auth: true}\n",
    "no entries": "clouds:\n",
    "with crlf": "clouds:\r\n  one: {}\r\n",
}


@pytest.mark.parametrize("before", WRITTEN.values(), ids=WRITTEN)
def test_the_entry_is_there_and_all_that_was(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "new" / "clouds.yaml"
    if before is not None:
        path.parent.mkdir()
        path.write_text(before)
    add(path, {"k5-uk-1": ENTRY})
    was = yaml.safe_load(before or "") or {}
    assert yaml.safe_load(path.read_text()) == {**was, "clouds": {**(was.get("clouds") or {}), "k5-uk-1": ENTRY}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text(WRITTEN["two"] or "")
    add(path, {"k5": ENTRY})
    text = path.read_text()
    assert text.startswith("# mine\nclouds:\n")
    assert text.endswith("    # the first\n    one:\n        auth: {a: b}\n    two: {}\ncache:\n  auth: true\n")


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds: {}\n")
    path.chmod(0o644)
    add(path, {"k5": ENTRY})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("clouds: {}\n")
    (tmp_path / "clouds.yaml").symlink_to(tmp_path / "real.yaml")
    add(tmp_path / "clouds.yaml", {"k5": ENTRY})
    assert (tmp_path / "clouds.yaml").is_symlink()
    assert "k5" in yaml.safe_load((tmp_path / "real.yaml").read_text())["clouds"]


def test_a_cloud_of_that_name_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds:\n  k5: {auth: {password: mine}}\n")
    with pytest.raises(AlreadyExists):
        add(path, {"k5": ENTRY})
    assert "mine" in path.read_text()


def test_of_several_clouds_all_are_added_or_none(tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    add(path, {"one": ENTRY, "two": {"type": "synnefo"}})
    before = path.read_text()
    assert yaml.safe_load(before) == {"clouds": {"one": ENTRY, "two": {"type": "synnefo"}}}
    with pytest.raises(AlreadyExists):
        add(path, {"three": ENTRY, "two": ENTRY})
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["[1]", "clouds: [1]", "clouds: x", "a: [", "x"])
def test_another_kind_of_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text(text)
    with pytest.raises(BadInput):
        add(path, {"k5": ENTRY})
    assert path.read_text() == text
