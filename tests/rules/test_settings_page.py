"""docs/settings.md and docs/container.md against the settings there really are."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Literal, get_origin

import msgspec

from imageferry.domain.pipeline import Door
from imageferry.domain.region import Region
from imageferry.settings import DoorSettings, ImportSettings, Secret, Settings, StepSettings

DOCS = Path(__file__).parent.parent.parent / "docs"
_ROW = re.compile(r"^\| `(\w+)` \| `(IMAGEFERRY_\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def _page() -> dict[str, tuple[str, str, str]]:
    """Field: (variable, type, default), in the page's order."""
    text = (DOCS / "settings.md").read_text()
    return {name: (variable, kind.strip(), default.strip()) for name, variable, kind, default, _ in _ROW.findall(text)}


def _kind(field: msgspec.structs.FieldInfo) -> str:
    kinds: dict[object, str] = {str: "text", Secret: "secret", int: "number", float: "number", bool: "yes or no"}
    if get_origin(field.type) is Literal:
        return "text"
    if field.name in ("imports", "steps"):
        return "table"
    return kinds.get(field.type, "list")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT:
        return "see below"
    if isinstance(field.default, str):
        return f"`{field.default!s}`" if field.default else "empty"
    if isinstance(field.default, tuple | ImportSettings):
        return "see below"
    if isinstance(field.default, bool):
        return "`true`" if field.default else "`false`"
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


def test_every_setting_is_on_the_page_as_it_is() -> None:
    fields = msgspec.structs.fields(Settings)
    assert _page() == {
        field.name: (f"IMAGEFERRY_{field.name.upper()}", _kind(field), _default(field)) for field in fields
    }


def test_the_page_keeps_the_order_of_the_code() -> None:
    assert list(_page()) == [field.name for field in msgspec.structs.fields(Settings)]


def test_every_key_of_a_table_is_on_the_page() -> None:
    text = (DOCS / "settings.md").read_text()
    keys = re.findall(r"^\| `(\w+)` \| (?!`IMAGEFERRY)", text, flags=re.MULTILINE)
    tables = [field.name for table in (DoorSettings, StepSettings) for field in msgspec.structs.fields(table)]
    assert keys == [field.name for field in dataclasses.fields(Region)] + tables


def test_every_door_is_on_the_page_and_has_a_table() -> None:
    text = (DOCS / "settings.md").read_text()
    assert all(f"`[imports.{door}]`" in text for door in Door)
    assert [field.encode_name for field in msgspec.structs.fields(ImportSettings)] == list(Door)


def test_the_containers_page_names_only_variables_that_exist() -> None:
    known = {f"IMAGEFERRY_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    known |= {"IMAGEFERRY_NEW_PASSWORD"}  # of ``imageferry admin user add``
    named = set(re.findall(r"\bIMAGEFERRY_[A-Z_]+\b", (DOCS / "container.md").read_text()))
    assert named <= known
    assert {"IMAGEFERRY_DATA", "IMAGEFERRY_LISTEN", "IMAGEFERRY_PUBLIC_URL", "IMAGEFERRY_DATABASE_URL"} <= named
