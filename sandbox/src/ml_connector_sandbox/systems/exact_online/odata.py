"""The vendor's query options: OData v3 `$filter` and its companions, evaluated against plain rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from ml_connector_sandbox.core import odata, odata_tree
from ml_connector_sandbox.core.odata_tree import Binary, Call, Filter, Literal, Name, Node, Test
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.schema import Entity, entities

SYNTAX = "Bad Request - Error in query syntax."
UNSUPPORTED = "This $filter parameter is not supported for this resource"
NOT_BOOLEAN = "Expression of type 'System.Boolean' expected at position 0."
_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$expand"}
_NUMBERS = {"Int16", "Int32", "Int64", "Double", "Byte", "Decimal"}
_FITS = {
    "guid": {"Guid"},
    "moment": {"DateTime"},
    "string": {"String"},
    "boolean": {"Boolean"},
    "number": _NUMBERS,
}
_CONTAINS = "substringof"


class BadQuery(Exception):
    """A query the vendor refuses with 400; the message is the vendor's."""


class Dialect(odata.Dialect):
    """OData v3 on one set: four functions, no arithmetic, no collection in a filter."""

    literals = odata.LITERALS_V3
    functions = {_CONTAINS: 2, "startswith": 2, "endswith": 2, "trim": 1}

    def __init__(self, entity: Entity | None = None) -> None:
        self.entity = entity

    def knows(self, name: str, option: str) -> bool:
        assert self.entity is not None
        known = self.entity.properties.get(name)
        return known is not None and (option == "$select" or not known.collection)

    def bad_name(self, name: str, option: str) -> BadQuery:
        assert self.entity is not None
        if option == "$select":
            return BadQuery(f"Could not find a property named '{name}' on type '{self.entity.model}'.")
        is_read = option == "function" or (option == "$filter" and "/" in name)
        return BadQuery(UNSUPPORTED if is_read else SYNTAX)

    def bad_syntax(self, text: str, at: int | None) -> BadQuery:
        return BadQuery(SYNTAX)

    def bad_literal(self, text: str, kind: str | None) -> BadQuery:
        return BadQuery(SYNTAX)

    def bad_number(self, option: str, text: str) -> BadQuery:
        return BadQuery(f"Incorrect format for {option} argument '{text}'.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(odata.Query):
    """The options of one list request; `token` is where a page begins."""

    expand: tuple[str, ...] = ()
    filter_text: str = ""
    token: tuple[Any, ...] | None = None


def parse_query(entity: Entity, parameters: list[tuple[str, str]]) -> Query:
    """Read the options for that set; raises `BadQuery` for what the vendor does not understand."""
    given = {name: value for name, value in parameters if name.startswith("$")}
    if set(given) - _OPTIONS:
        raise BadQuery(SYNTAX)
    dialect = Dialect(entity)
    expand = tuple(odata.split(given.get("$expand", ""), ","))
    for name in expand:
        if name not in entity.properties or not entity.properties[name].collection:
            raise dialect.bad_name(name, "$select")
    if given.get("$inlinecount", "none") not in ("none", "allpages"):
        raise BadQuery(SYNTAX)
    text = given.get("$filter", "").strip()
    return Query(
        select=_select(dialect, entity, given.get("$select")),
        expand=expand,
        where=compile_filter(entity.path, text) if text else None,
        filter_text=text,
        order=dialect.ordered(given.get("$orderby", "")),
        top=dialect.whole(given, "$top"),
        skip=dialect.whole(given, "$skip") or 0,
        token=_token(given.get("$skiptoken")),
        count=given.get("$inlinecount") == "allpages",
    )


def parse_literal(text: str) -> Any:
    """One v3 literal as the value rows hold: guid and text as str, numbers exact, datetime naive UTC."""
    return Dialect().literal(text).value


def parse_datetime(text: str) -> datetime:
    """A date or date-time as people write it to the vendor, as naive UTC; raises `BadQuery`."""
    try:
        return odata.parse_moment(text)
    except (ValueError, OverflowError) as error:
        raise BadQuery(SYNTAX) from error


@lru_cache(maxsize=512)
def compile_filter(path: str, text: str) -> Filter:
    """Compile a `$filter` for the set at that path; raises `BadQuery`."""
    entity = entities()[path]
    tree = odata.parse_filter(Dialect(entity), text)
    if isinstance(tree, (Name, Literal)) or _is_text(tree):
        raise BadQuery(NOT_BOOLEAN)
    try:
        matches = _Compiler(entity).test(tree)
    except RecursionError as error:
        raise BadQuery(SYNTAX) from error
    found: dict[str, dict[str, Any]] = {"eq": {}, "gt": {}}
    for part in odata_tree.conditions(tree):
        match part:
            case Binary(("eq" | "gt") as word, Name(name), Literal(_, value)) if value is not None:
                found[word][name] = value
    return Filter(matches, equal=found["eq"], above=found["gt"], names=odata_tree.used(tree, Name))


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Turns trees over one set's rows into functions. Text is compared without trailing spaces."""

    entity: Entity

    def test(self, node: Node) -> Test:
        """A condition as a function of a row."""
        return odata_tree.test_of(node, self._condition)

    def _condition(self, node: Node) -> Test:
        match node:
            case Binary(word) if word in odata_tree.COMPARE:
                return self._compare(node)
            case Call():
                return self._call(node)
            case Name(name) if self.entity.properties[name].type == "Boolean":
                return lambda row: row.get(name) is True
        raise BadQuery(NOT_BOOLEAN)

    def _compare(self, node: Binary) -> Test:
        if isinstance(node.left, (Call, Binary)) and not _is_text(node.left):
            wanted = _value(node.right, "Boolean")
            inner = self.test(node.left)
            if node.operator not in ("eq", "ne"):
                raise BadQuery(SYNTAX)
            same = node.operator == "eq"
            return lambda row: (inner(row) == wanted) is same
        read, kind = self._operand(node.left)
        value = _value(node.right, kind)
        value = value.rstrip() if isinstance(value, str) else value
        compare = odata_tree.COMPARE[node.operator]
        if node.operator in ("eq", "ne"):
            return lambda row: compare(read(row), value)
        if value is None:
            raise BadQuery(SYNTAX)

        def ordered(row: Row) -> bool:
            found = read(row)
            return found is not None and compare(found, value)

        return ordered

    def _call(self, node: Call) -> Test:
        if node.function == "trim":
            raise BadQuery(NOT_BOOLEAN)
        # substringof('x', Name): the needle comes first.
        held, part = reversed(node.arguments) if node.function == _CONTAINS else node.arguments
        read, kind = self._operand(held)
        wanted = _value(part, "String")
        if kind != "String" or wanted is None:
            raise BadQuery(SYNTAX)
        if node.function == _CONTAINS:
            return lambda row: wanted in (read(row) or "")
        return lambda row: getattr(read(row) or "", node.function)(wanted) is True

    def _operand(self, node: Node) -> tuple[Callable[[Row], Any], str]:
        """A value of a row, and its type."""
        if isinstance(node, Name):
            name, kind = node.name, self.entity.properties[node.name].type
            if kind == "String":
                return lambda row: row[name].rstrip() if row.get(name) is not None else None, kind
            return lambda row: row.get(name), kind
        if isinstance(node, Call) and _is_text(node):
            read, kind = self._operand(node.arguments[0])
            if kind != "String":
                raise BadQuery(SYNTAX)
            return lambda row: (read(row) or "").strip(), kind
        raise BadQuery(UNSUPPORTED)


def _is_text(node: Node) -> bool:
    return isinstance(node, Call) and node.function == "trim"


def _value(node: Node, wanted: str) -> Any:
    """The value of a literal of the wanted type."""
    if not isinstance(node, Literal):
        raise BadQuery(UNSUPPORTED)
    if node.kind != "null" and wanted not in _FITS[node.kind]:
        raise BadQuery(SYNTAX)
    return node.value


def _select(dialect: Dialect, entity: Entity, text: str | None) -> tuple[str, ...] | None:
    """Chosen names in the model's order; None for all."""
    names = dialect.selected(text)
    return None if names is None else tuple(name for name in entity.properties if name in names)


def _token(text: str | None) -> tuple[Any, ...] | None:
    return None if text is None else tuple(parse_literal(part) for part in odata.split(text, ","))
