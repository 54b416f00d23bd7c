"""The vendor's query options: `$filter` and its companions, evaluated against plain rows.

Text is compared as the database collates it: case does not count, and `*` in an `eq` is a wildcard.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ml_connector_sandbox.core import odata, odata_tree
from ml_connector_sandbox.core.odata_tree import Binary, Call, Filter, Literal, Name, Node, Test
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.dynamics_fo.render import Failed
from ml_connector_sandbox.systems.dynamics_fo.schema import (
    NAMESPACE,
    NAVIGATION,
    Entity,
    Property,
    entities,
    enums,
)

_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$count", "$expand", "$format"}
_INNER_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$skip"}
_NUMBERS = ("Decimal", "Int32", "Int64")
_KINDS = {"String": "string", "Enum": "enum", "Date": "moment", "DateTime": "moment"}
"""The literals that go with a type; with any other, numbers."""


def _bad(text: str) -> Failed:
    return Failed(400, text)


class Dialect(odata.Dialect):
    """OData v4 on one set, with arithmetic and three functions."""

    functions = {"contains": 2, "startswith": 2, "endswith": 2}
    operators = odata_tree.LOGIC | frozenset(odata_tree.ARITHMETIC)
    aliases = {"divby": "div"}

    def __init__(self, entity: Entity | None = None) -> None:
        self.entity = entity

    def knows(self, name: str, option: str) -> bool:
        assert self.entity is not None
        return name in self.entity.properties

    def bad_name(self, name: str, option: str) -> Failed:
        assert self.entity is not None
        return _bad(f"Could not find a property named '{name}' on type '{NAMESPACE}.{self.entity.type}'.")

    def bad_syntax(self, text: str, at: int | None) -> Failed:
        return _bad(f"Syntax error {'' if at is None else f'at position {at} '}in '{text[:200]}'.")

    def bad_literal(self, text: str, kind: str | None) -> Failed:
        if kind != "moment":
            return _bad(f"Unrecognized literal '{text}'.")
        return _bad(f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'.")

    def bad_number(self, option: str, text: str) -> Failed:
        return _bad(f"Invalid value '{text}' for {option} query option found.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(odata.Query):
    """The options of one read."""

    expand: Mapping[str, Query] = field(default_factory=dict)


def parse_query(entity: Entity, parameters: list[tuple[str, str]], *, functions: bool = True) -> Query:
    """Read the options for that set; raises `Failed` with 400 for what the vendor does not understand."""
    given = {name: value for name, value in parameters if name.startswith("$")}
    unknown = sorted(set(given) - _OPTIONS)
    if unknown:
        raise _bad(f"The query parameter '{unknown[0]}' is not supported.")
    dialect, text = Dialect(entity), given.get("$filter", "").strip()
    where = compile_filter(entity.name, text) if text else None
    if where and where.functions and not functions:
        raise _bad(f"The function '{sorted(where.functions)[0]}' is not supported.")
    return Query(
        select=dialect.selected(given.get("$select")),
        expand=_expand(entity, given.get("$expand", "")),
        where=where,
        order=dialect.ordered(given.get("$orderby", "")),
        top=dialect.whole(given, "$top"),
        skip=dialect.whole(given, "$skiptoken") or dialect.whole(given, "$skip") or 0,
        count=given.get("$count", "false").lower() == "true",
    )


def parse_literal(text: str) -> Literal:
    """One literal by itself; raises `Failed`."""
    return Dialect().literal(text)


def parse_moment(text: str) -> datetime:
    """A date or a moment as naive UTC; raises `Failed`."""
    try:
        return odata.parse_moment(text)
    except (ValueError, OverflowError) as error:
        raise Dialect().bad_literal(text, "moment") from error


def fits(known: Property, literal: Literal) -> Any:
    """The literal as rows of that property hold it; raises `Failed` when the types do not go together."""
    if literal.kind == "null":
        return None
    if literal.kind != _KINDS.get(known.type, "number"):
        edm = f"{NAMESPACE}.{known.enum}" if known.enum else f"Edm.{known.type}"
        raise _bad(
            f"A binary operator with incompatible types was detected. Found operand types '{edm}' and"
            f" '{literal.kind}' for operator kind 'Equal'."
        )
    if literal.kind == "enum":
        name, member = literal.value
        if name != f"{NAMESPACE}.{known.enum}" or member not in enums()[known.enum]:
            raise _bad(f"The string '{name}'{member}'' is not a valid enumeration type constant.")
        return member
    return literal.value


@lru_cache(maxsize=512)
def compile_filter(set_name: str, text: str) -> Filter:
    """Compile a `$filter` for that set; raises `Failed`."""
    dialect, compiler = Dialect(entities()[set_name]), _Compiler(entities()[set_name].properties)
    tree = odata.parse_filter(dialect, text)
    try:
        matches = odata_tree.test_of(tree, compiler.condition)
    except RecursionError as error:
        raise dialect.bad_syntax(text, None) from error
    equal: dict[str, Any] = {}
    for part in odata_tree.conditions(tree):
        match part:
            case Binary("eq", Name(name), Literal() as literal):
                known = compiler.properties[name]
                value = fits(known, literal)
                if (isinstance(value, str) and "*" not in value and not known.enum) or isinstance(
                    value, Decimal
                ):
                    equal[name] = value
    return Filter(matches, equal=equal, functions=odata_tree.used(tree, Call))


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Turns trees over rows with these properties into functions."""

    properties: Mapping[str, Property]

    def condition(self, node: Node) -> Test:
        """A comparison, or a function, as a function of a row."""
        match node:
            case Binary(word) if word in odata_tree.COMPARE:
                return self._compare(node)
            case Call():
                return self._call(node)
        raise _bad("The $filter expression must evaluate to a single boolean value.")

    def _compare(self, node: Binary) -> Test:
        match node:
            case Binary(word, Literal() as literal, Name() as name):
                return self._compare(Binary(odata_tree.TURNED[word], name, literal))
            case Binary("eq", Call() as call, Literal(_, wanted)):
                inner = self._call(call)
                return lambda row: inner(row) is wanted
            case Binary(word, Name(name), Literal() as literal):
                return _compared(word, self.properties[name], literal)
        return self._compare_values(node)

    def _compare_values(self, node: Binary) -> Test:
        """Two properties of one type, or two numbers with arithmetic in them."""
        compare = odata_tree.COMPARE[node.operator]
        if isinstance(node.left, Name) and isinstance(node.right, Name):
            one, other = self.properties[node.left.name], self.properties[node.right.name]
            if (one.type, one.enum) == (other.type, other.enum):
                first, second = reader(one), reader(other)
                return lambda row: compare(first(row), second(row)) is True
        left, right = self._number(node.left), self._number(node.right)

        def holds(row: Row) -> bool:
            try:
                return compare(left(row), right(row)) is True
            except ArithmeticError:
                return False

        return holds

    def _number(self, node: Node) -> Callable[[Row], Decimal]:
        """A numeric expression as a function of a row."""
        match node:
            case Binary(word) if word in odata_tree.ARITHMETIC:
                left, right = self._number(node.left), self._number(node.right)
                work = odata_tree.ARITHMETIC[word]
                return lambda row: work(left(row), right(row))
            case Name(name) if self.properties[name].type in _NUMBERS:
                read = reader(self.properties[name])
                return lambda row: Decimal(read(row))
            case Literal("number", value):
                number = Decimal(value)
                return lambda row: number
        raise _bad("A binary operator with incompatible types was detected.")

    def _call(self, node: Call) -> Test:
        match node.arguments:
            case (Name(name), Literal() as literal):
                known = self.properties[name]
                part = fits(known, literal)
                if known.type == "String" and isinstance(part, str):
                    return _contains(node.function, reader(known), fold(part))
        raise _bad(
            f"No function signature for the function with name '{node.function}' matches the specified"
            " arguments."
        )


def _compared(word: str, known: Property, literal: Literal) -> Test:
    """A property against a literal: what nearly every condition is."""
    value, compare, read = fits(known, literal), odata_tree.COMPARE[word], reader(known)
    exact = word in ("eq", "ne")
    if known.enum and not exact:
        raise _bad("The operator is not supported for this type.")
    if known.type == "String" and value is not None:
        if exact and "*" in value:
            pattern = re.compile(".*".join(re.escape(part) for part in fold(value).split("*")), re.DOTALL)
            return lambda row: bool(pattern.fullmatch(read(row))) == (compare is operator.eq)
        value = fold(value)
    if value is None and not exact:
        raise _bad("null can only be compared by eq and ne.")
    return lambda row: compare(read(row), value) is True


def _contains(function: str, read: Callable[[Row], Any], wanted: str) -> Test:
    if function == "contains":
        return lambda row: wanted in read(row)
    return lambda row: getattr(read(row), function)(wanted) is True


def fold(value: Any) -> Any:
    """What equality of text looks at: neither case nor trailing spaces."""
    return value.rstrip().casefold() if isinstance(value, str) else value


def reader(known: Property) -> Callable[[Row], Any]:
    """How a row's value is compared: text folded, a day as noon."""
    name, blank = known.name, known.blank

    def read(row: Row) -> Any:
        value = row.get(name, blank)
        if known.type == "String":
            return fold(value or "")
        if known.type == "Date" and isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time(12))
        return value

    return read


def _expand(entity: Entity, text: str) -> dict[str, Query]:
    """What is expanded, one level deep: each with options of its own, as in
    `LedgerJournalLines($select=A,B;$top=1)`.
    """
    known = {navigation.name: navigation for navigation in NAVIGATION.get(entity.name, ())}
    out: dict[str, Query] = {}
    for part in odata.split(text, ","):
        found = re.fullmatch(r"(\w+)\s*(?:\((.*)\))?", part, re.DOTALL)
        if found is None or found[1] not in known:
            raise _bad(f"Could not find a property named '{part}' on type '{NAMESPACE}.{entity.type}'.")
        options = [
            (name.strip(), value)
            for name, _, value in (option.partition("=") for option in odata.split(found[2] or "", ";"))
        ]
        if any(name not in _INNER_OPTIONS for name, _ in options):
            raise _bad(f"The options '{found[2]}' of an expanded property are not supported.")
        out[found[1]] = parse_query(entities()[known[found[1]].target], options)
    return out
