"""Metafiles: what an image shall be, as JSON in a file beside its object, named ``<object>.meta``.

Read from strangers, edited by people: keys in any case, "-" as good as "_", and an error says at which
line and column it is. What a file tells of the image that it was written for (id, owner, dates ...) is
no wish and is left out; so is the name, which the caller gives.

Source: specs/synnefo.md, section 6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from imageferry.domain.errors import BadInput, TooLarge

MAX_SIZE = 1 << 20  # bytes; a thousand properties of the longest kind need a third of it
SUFFIX = ".meta"

YES = frozenset({"yes", "true", "1", "on", "set"})
NO = frozenset({"no", "false", "0", "off", "unset", ""})

_INFORMATION = frozenset(
    {"id", "name", "owner", "location", "checksum", "size", "created_at", "updated_at", "deleted_at", "store"}
    | {"description", "is_snapshot"}
)
_WRITTEN = (
    *("id", "name", "status", "location", "checksum", "size", "disk-format", "container-format"),
    *("created-at", "updated-at", "deleted-at", "is-public", "owner"),
)

_TOKEN = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*+"\s*:)|"(?:[^"\\]|\\.)*+"|[{}\[\]]')


@dataclass(frozen=True, kw_only=True, slots=True)
class Metafile:
    """What a metafile wishes; None: it does not say.

    ``properties`` have lower-case keys with "_"; ``unknown`` are keys that mean nothing here, as they are written.
    """

    disk_format: str | None = None
    container_format: str | None = None
    status: str | None = None
    public: bool | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    unknown: Sequence[str] = ()


def property_key(key: str) -> str:
    """The key under which a property is compared and sent: ``ROOT-PARTITION`` is ``root_partition``."""
    return key.lower().replace("-", "_")


def read_metafile(data: bytes, *, what: str) -> Metafile:
    """Read a metafile.

    Args:
        data: the whole file; UTF-8, with or without a byte order mark.
        what: the file's name, for errors.

    Raises:
        TooLarge: more than MAX_SIZE.
        BadInput: not one JSON object of plain values with a flat object of properties; names line and column.
    """
    if len(data) > MAX_SIZE:
        raise TooLarge(f"metafile {what}", MAX_SIZE, len(data))
    return _Reader(what, _decoded(data, what)).metafile()


def metafile_text(values: Mapping[str, str], properties: Mapping[str, str]) -> str:
    """A metafile as it is written: the documented keys in their order, properties in capitals, everything text.

    Args:
        values: by documented key ("disk-format"); what is missing is written empty.
    """
    document: dict[str, object] = {key: values.get(key, "") for key in _WRITTEN}
    document["properties"] = {key.upper(): value for key, value in sorted(properties.items())}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


class _Number(str):
    """A number as it is written, so that none is too long and none is rounded."""

    __slots__ = ()


class _Object(list[tuple[str, object]]):
    """The pairs of a JSON object in their order, also those that come twice."""


class _Constant(str):
    """NaN and its like, which are no JSON."""

    __slots__ = ()


class _Reader:
    def __init__(self, what: str, text: str) -> None:
        self._what = what
        self._text = text

    def metafile(self) -> Metafile:
        top = self._parsed()
        if not isinstance(top, _Object):
            self._refuse(len(self._text) - len(self._text.lstrip()), _kind(top), "one JSON object ({...})")
        found: dict[str, object] = {}
        unknown: list[str] = []
        for number, (key, value) in self._once(top, ()):
            folded = property_key(key)
            if folded == "properties":
                found[folded] = self._properties(value, number)
            elif folded in ("disk_format", "container_format", "status"):
                found[folded] = self._plain(value, (number,), key)
            elif folded == "is_public":
                found["public"] = self._truth(self._plain(value, (number,), key), (number,), key)
            else:
                self._plain(value, (number,), key)
                unknown += [] if folded in _INFORMATION else [key]
        return Metafile(unknown=tuple(unknown), **found)  # type: ignore[arg-type]

    def _parsed(self) -> object:
        try:
            return json.loads(
                self._text,
                object_pairs_hook=_Object,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_Constant,
            )
        except json.JSONDecodeError as error:
            there = self._text[error.pos : error.pos + 20].partition("\n")[0]
            self._refuse(error.pos, there or "the end of the line or file", f"JSON ({error.msg})")
        except RecursionError:
            self._refuse(0, "things nested beyond reason", "one JSON object of plain values")

    def _properties(self, value: object, number: int) -> dict[str, str]:
        if not isinstance(value, _Object):
            self._refuse(self._place((number,)), _kind(value), "properties to be an object of texts ({...})")
        read: dict[str, str] = {}
        for below, (key, text) in self._once(value, (number,)):
            path = (number, below)
            if not key or any(each.isspace() or not each.isprintable() for each in key):
                self._refuse(self._place(path), key, "the key of a property, without blanks")
            read[property_key(key)] = self._plain(text, path, key) or ""
        return read

    def _once(self, pairs: _Object, path: tuple[int, ...]) -> Iterator[tuple[int, tuple[str, object]]]:
        """Numbered pairs; a key that comes twice, in whatever spelling, is refused: which of them counts?"""
        seen: dict[str, str] = {}
        for number, pair in enumerate(pairs):
            folded = property_key(pair[0])
            if folded in seen:
                self._refuse(
                    self._place((*path, number)), pair[0], f"each key once (it is there before as {seen[folded]!r})"
                )
            seen[folded] = pair[0]
            yield number, pair

    def _plain(self, value: object, path: tuple[int, ...], key: str) -> str | None:
        """Text, a number or a truth value as text; null says nothing."""
        if value is None:
            return None
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, str) or isinstance(value, _Constant):
            self._refuse(self._place(path), _kind(value), f"a text, a number, true or false for {key!r}")
        if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
            self._refuse(self._place(path), str(value), f"a text without NUL and halves of characters for {key!r}")
        return str(value)

    def _truth(self, text: str | None, path: tuple[int, ...], key: str) -> bool | None:
        if text is None:
            return None
        word = text.strip().lower()
        if word not in YES | NO:
            self._refuse(self._place(path), text, f"true or false for {key!r}")
        return word in YES

    def _place(self, path: tuple[int, ...]) -> int:
        """Where a key stands, by its number and that of the key it is below; of JSON that was read."""
        counts: list[int] = []
        for token in _TOKEN.finditer(self._text):
            if token["key"]:
                counts[-1] += 1
                if tuple(counts) == path:
                    return token.start()
            elif token[0] in "{[":
                counts.append(-1)
            elif token[0] in "}]":
                counts.pop()
        return 0

    def _refuse(self, offset: int, found: str, expected: str) -> NoReturn:
        line = self._text.count("\n", 0, offset) + 1
        column = offset - (self._text.rfind("\n", 0, offset) + 1) + 1
        raise BadInput(f"metafile {self._what}, line {line}, column {column}", found, expected)


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        place = f"metafile {what}, line {line}, column {column}"
        raise BadInput(place, data[error.start : error.start + 4], "text in UTF-8") from None


def _kind(value: object) -> str:
    """What a value is, in a few words."""
    if isinstance(value, _Constant | _Number):
        return str(value)
    if isinstance(value, _Object):
        return "an object"
    names: Mapping[type, str] = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names[type(value)]
