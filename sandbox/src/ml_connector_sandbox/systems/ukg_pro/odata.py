"""The query options of Third-Party Pay: `$filter` with literals of OData versions 2 to 4, over any record.

A record holds what it was given, so any name may stand in a filter: one that a record does not have is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core import odata, odata_tree
from ml_connector_sandbox.core.odata_tree import Binary, Literal, Name, Node, Not
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter
from ml_connector_sandbox.systems.ukg_pro.render import Cents

FILTER_CHARACTERS_MAX = 2_000
_DAY = r"\d{4}-\d\d-\d\d"
_MOMENT = rf"{_DAY}T[\d:.]+(?:Z|[+-]\d\d:\d\d)?"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class Dialect(odata.Dialect):
    """Comparisons of any names, without functions and arithmetic; words in any case."""

    literals = {
        "guid": _UUID,
        "moment": rf"datetime(?:offset)?'{_MOMENT}'|{_MOMENT}|{_DAY}",
        "string": odata.LITERALS_V4["string"],
        "number": odata.LITERALS_V4["number"],
    }
    any_case = True

    def __init__(self, filter_text: str = "") -> None:
        self.filter_text = filter_text

    def knows(self, name: str, option: str) -> bool:
        return "/" not in name

    def bad_name(self, name: str, option: str) -> BadParameter:
        return self.bad_filter()

    def bad_syntax(self, text: str, at: int | None) -> BadParameter:
        return self.bad_filter()

    def bad_literal(self, text: str, kind: str | None) -> BadParameter:
        return self.bad_filter()

    def bad_filter(self) -> BadParameter:
        """Whatever is wrong with a filter, it cannot be read."""
        return BadParameter("$filter", f"The filter '{self.filter_text}' cannot be read.")

    def bad_number(self, option: str, text: str) -> BadParameter:
        return BadParameter(option, f"The value '{text}' is not valid for {option}.")

    def moment(self, text: str) -> datetime:
        """Without regard to an offset, as records hold it."""
        return _moment(text)


def whole(options: Mapping[str, str], name: str, default: int) -> int:
    """The number of an option, or the default."""
    value = Dialect().whole(options, name)
    return default if value is None else value


def read_filter(text: str) -> Callable[[Json], bool]:
    """A test for records from a filter; BadParameter for one that cannot be read."""
    if not text:
        return lambda row: True
    dialect = Dialect(text)
    if len(text) > FILTER_CHARACTERS_MAX:
        raise dialect.bad_filter()
    return odata_tree.test_of(odata.parse_filter(dialect, text), _condition)


def _condition(node: Node) -> odata_tree.Test:
    return lambda row: bool(_value(node, row))


def _value(node: Node, row: Json) -> Any:
    match node:
        case Binary(("and" | "or"), _, _) | Not():
            return odata_tree.test_of(node, _condition)(row)
        case Binary(word, left, right):
            return _compared(word, _value(left, row), _value(right, row))
        case Name(name):
            return _held(next((value for known, value in row.items() if known.lower() == name.lower()), None))
        case Literal(_, value):
            return value
    raise AssertionError(f"{node} has functions, which are not read")


def _held(value: Any) -> Any:
    if isinstance(value, Cents):
        return Decimal(value) / 100
    if isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}(T|$)", value):
        with suppress(ValueError):
            return _moment(value)
    return value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _compared(word: str, left: Any, right: Any) -> bool:
    """Unlike things, or nothing at all, are neither smaller nor larger."""
    if word not in ("eq", "ne") and type(left) is not type(right):
        return False
    return bool(odata_tree.COMPARE[word](left, right))
