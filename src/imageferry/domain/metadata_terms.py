"""What is asked of the metadata of objects that are to be listed. Pure rules.

Source: specs/synnefo.md, 3.6.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from imageferry.domain.errors import BadInput

_TERM = re.compile(r"(!?)([^!<>=]+)(?:(!=|<=|>=|<|>|=)(.*))?", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_COMPARING: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Term:
    """``operator`` "": the item is there; "!": it is not; else one of the signs that compare its value."""

    name: str
    operator: str = ""
    value: str = ""

    def holds(self, metadata: Mapping[str, str]) -> bool:
        """Numbers are compared as numbers, all else as text. What is not there compares to nothing."""
        found = metadata.get(self.name)
        if not self.operator or self.operator == "!":
            return (found is None) == bool(self.operator)
        if found is None:
            return False
        both = (found, self.value)
        if all(_NUMBER.fullmatch(text) for text in both):
            return _COMPARING[self.operator](*map(Decimal, both))
        return _COMPARING[self.operator](*both)


def read_terms(text: str) -> list[Term]:
    """``colour,!draft,size>=3``: all of them must hold.

    Raises:
        BadInput: something else.
    """
    terms = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _TERM.fullmatch(part)
        negated, name, sign, value = match.groups() if match else ("", "", None, None)
        if not name.strip() or (negated and sign):
            raise BadInput("meta", part, "<key>, !<key>, or <key> and a value with one of = != < <= > >= between")
        terms.append(Term(name.strip().lower(), sign or negated, (value or "").strip()))
    return terms


def all_hold(terms: Sequence[Term], metadata: Mapping[str, str]) -> bool:
    return all(term.holds(metadata) for term in terms)
