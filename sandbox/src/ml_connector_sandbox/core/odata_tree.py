"""Filters of OData as trees, and what a tree is worth to whoever looks for rows."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Row

Test = Callable[[Row], bool]

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
TURNED: Mapping[str, str] = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}
"""The operator that says the same with its sides changed over."""
ARITHMETIC: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "mod": operator.mod,
}
LOGIC = frozenset({"and", "or", *COMPARE})


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: text as str, a guid in lower case, a number exact, a moment, an enum as (type, member)."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A property of the row."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of a condition."""

    of: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two sides: of logic, a comparison, or arithmetic."""

    operator: str
    left: Node
    right: Node


Node = Literal | Name | Call | Not | Binary


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled `$filter`. `equal` and `above` hold what every matching row must have, for index look-ups;
    `names` and `functions` are those it uses.
    """

    matches: Test
    equal: Mapping[str, Any] = field(default_factory=dict)
    above: Mapping[str, Any] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


def test_of(node: Node, leaf: Callable[[Node], Test]) -> Test:
    """The tree as a test of a row; `leaf` compiles what is neither `and`, `or` nor `not`."""
    if isinstance(node, Not):
        inner = test_of(node.of, leaf)
        return lambda row: not inner(row)
    if not isinstance(node, Binary) or node.operator not in ("and", "or"):
        return leaf(node)
    tests = tuple(test_of(part, leaf) for part in _chained(node, node.operator))
    settles = node.operator == "or"

    def holds(row: Row) -> bool:
        for test in tests:
            if test(row) is settles:
                return settles
        return not settles

    return holds


def conditions(node: Node) -> Iterator[Node]:
    """What stands under nothing but `and`: every matching row meets each."""
    return _chained(node, "and")


def used(node: Node, kind: type[Name] | type[Call]) -> frozenset[str]:
    """The properties, or the functions, that a tree names."""
    found: set[str] = set()
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop():
            case Binary(_, left, right):
                waiting += (left, right)
            case Not(of):
                waiting.append(of)
            case Call(function, arguments):
                waiting += arguments
                found |= {function} if kind is Call else set()
            case Name(name):
                found |= {name} if kind is Name else set()
            case Literal():
                pass
    return frozenset(found)


def _chained(node: Node, word: str) -> Iterator[Node]:
    """The sides of an operator that is used several times in a row, from left to right."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Binary) and part.operator == word:
            waiting += (part.right, part.left)
        else:
            yield part
