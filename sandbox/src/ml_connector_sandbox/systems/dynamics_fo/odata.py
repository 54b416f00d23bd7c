"""The vendor's query options: `$filter` and its companions, evaluated against plain rows.

`odata-query` reads v4 but no enum literal, and mistakes some names for keywords; so a small pass replaces
every literal and name by a token it cannot misread, and puts them back when the tree is compiled into a
function of a row. Text is compared as the database collates it: case does not count, and `*` in an `eq` is a
wildcard.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from ml_connector_sandbox.systems.dynamics_fo.entities import (
    NAMESPACE,
    NAVIGATION,
    Entity,
    Property,
    entities,
    enums,
)
from ml_connector_sandbox.systems.dynamics_fo.render import Failed, Row

_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$count", "$expand", "$format"}
_INNER_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$skip"}
_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<enum>[A-Za-z_][\w.]*'[^']*')|(?P<string>'(?:[^']|'')*')
    |(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?[mMdDfFlL]?(?![\w']))
    |(?P<word>[A-Za-z_]\w*(?:/\w+)*)|(?P<mark>[(),])""",
    re.VERBOSE,
)
_PLACE = re.compile(r"p[0-9]+")
_WORDS = {"true": True, "false": False, "null": None}
_OPERATORS = {
    word: word
    for word in ("and", "or", "eq", "ne", "gt", "ge", "lt", "le", "add", "sub", "mul", "div", "mod")
} | {"divby": "div"}
_ARITHMETIC: dict[type, Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_TURNED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}
_NUMBERS = ("Decimal", "Int32", "Int64")
_FUNCTIONS = {"contains", "startswith", "endswith"}


def _bad(text: str) -> Failed:
    return Failed(400, text)


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled `$filter`; `equal` holds values every matching row must have, for index look-ups."""

    matches: Callable[[Row], bool]
    equal: Mapping[str, Any]
    functions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The options of one read."""

    select: tuple[str, ...] | None = None
    expand: Mapping[str, Query] = field(default_factory=dict)
    where: Filter | None = None
    order: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False


def parse_query(entity: Entity, parameters: list[tuple[str, str]], *, functions: bool = True) -> Query:
    """Read the options for that set; raises `Failed` with 400 for what the vendor does not understand."""
    given = {name: value for name, value in parameters if name.startswith("$")}
    unknown = sorted(set(given) - _OPTIONS)
    if unknown:
        raise _bad(f"The query parameter '{unknown[0]}' is not supported.")
    text = given.get("$filter", "").strip()
    where = compile_filter(entity.name, text) if text else None
    if where and where.functions and not functions:
        raise _bad(f"The function '{sorted(where.functions)[0]}' is not supported.")
    return Query(
        select=_select(entity, given.get("$select")),
        expand=_expand(entity, given.get("$expand", "")),
        where=where,
        order=_order(entity, given.get("$orderby", "")),
        top=_whole(given, "$top"),
        skip=_whole(given, "$skiptoken") or _whole(given, "$skip") or 0,
        count=given.get("$count", "false").lower() == "true",
    )


def parse_literal(text: str) -> tuple[str, Any]:
    """One literal as (kind, value): string, enum, moment, number, word."""
    found = _TOKEN.fullmatch(text.strip())
    if found is None or found.lastgroup in ("space", "mark"):
        raise _bad(f"Unrecognized literal '{text}'.")
    return _literal(found.lastgroup or "", found.group())


def fits(known: Property, kind: str, value: Any) -> Any:
    """The literal as rows of that property hold it; raises `Failed` when the types do not go together."""
    wanted = {"String": "string", "Enum": "enum", "Date": "moment", "DateTime": "moment"}.get(
        known.type, "number"
    )
    if kind == "word" and value is None:
        return None
    if kind != wanted:
        edm = f"{NAMESPACE}.{known.enum}" if known.enum else f"Edm.{known.type}"
        text = (
            f"A binary operator with incompatible types was detected. Found operand types '{edm}' and"
            f" '{kind}' for operator kind 'Equal'."
        )
        raise _bad(text)
    if kind == "enum":
        name, member = value
        if name != f"{NAMESPACE}.{known.enum}" or member not in enums()[known.enum]:
            raise _bad(f"The string '{name}'{member}'' is not a valid enumeration type constant.")
        return member
    return value


@lru_cache(maxsize=512)
def compile_filter(set_name: str, text: str) -> Filter:
    """Compile a `$filter` for that set; raises `Failed`."""
    safe = _Safe(entities()[set_name])
    rewritten = safe.rewrite(text)
    try:
        lexer: Any = ODataLexer()
        parser: Any = ODataParser()
        tree = parser.parse(lexer.tokenize(rewritten))
        matches = safe.compile(tree)
    except (ODataException, RecursionError) as error:
        raise _bad(f"Syntax error in '{text[:200]}'.") from error
    equal: dict[str, Any] = {}
    safe.conjuncts(tree, equal)
    return Filter(matches, equal, frozenset(safe.functions))


@dataclass(slots=True)
class _Safe:
    """Literals and names taken out of one filter text, and the tree put back together with them."""

    entity: Entity
    literals: list[tuple[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)

    def rewrite(self, text: str) -> str:
        """The same filter with `'0'`, `'1'` … for its literals and `p0`, `p1` … for its names."""
        out: list[str] = []
        at = 0
        ended = False
        while at < len(text):
            found = _TOKEN.match(text, at)
            token = None if found is None else self._token(found.lastgroup or "", found.group())
            if found is None or token is None or (ended and token[:1] in ("'", "p", "(")):
                # Two values with nothing between them would run together in the text that is parsed.
                raise _bad(f"Syntax error at position {at} in '{text[:200]}'.")
            ended = ended if not token else token[-1] == ")" or token[:1] in ("'", "p")
            out.append(token)
            at = found.end()
        return "".join(out).strip()

    def _token(self, kind: str, text: str) -> str:
        if kind in ("space", "mark"):
            return "" if kind == "space" else text
        if kind != "word" or text in _WORDS:
            self.literals.append(_literal(kind, text))
            return f"'{len(self.literals) - 1}'"
        if text in _OPERATORS:
            return f" {_OPERATORS[text]} "
        if text == "not":
            return "not "
        if text in _FUNCTIONS:
            self.functions.add(text)
            return text
        if text not in self.entity.properties:
            raise _bad(f"Could not find a property named '{text}' on type '{NAMESPACE}.{self.entity.type}'.")
        if text not in self.names:
            self.names.append(text)
        return f"p{self.names.index(text)}"

    def compile(self, node: Any) -> Callable[[Row], bool]:
        """The tree as a function of a row."""
        if isinstance(node, ast.BoolOp):
            left, right = self.compile(node.left), self.compile(node.right)
            if isinstance(node.op, ast.And):
                return lambda row: left(row) and right(row)
            return lambda row: left(row) or right(row)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.compile(node.operand)
            return lambda row: not inner(row)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise _bad("The $filter expression must evaluate to a single boolean value.")

    def conjuncts(self, node: Any, equal: dict[str, Any]) -> None:
        """Collect `name eq value` that stand under nothing but `and`."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            self.conjuncts(node.left, equal)
            self.conjuncts(node.right, equal)
        if isinstance(node, ast.Compare) and isinstance(node.comparator, ast.Eq) and _is_plain(node):
            known, value = self._sides(node)
            if (isinstance(value, str) and "*" not in value and not known.enum) or isinstance(value, Decimal):
                equal[known.name] = value

    def _sides(self, node: Any) -> tuple[Property, Any]:
        known = self._property(node.left)
        return known, fits(known, *self.literals[int(node.right.val)])

    def _compare(self, node: ast.Compare) -> Callable[[Row], bool]:
        if isinstance(node.left, ast.String) and isinstance(node.right, ast.Identifier):
            turned = _TURNED.get(type(node.comparator), type(node.comparator))
            return self._compare(ast.Compare(turned(), node.right, node.left))
        if (
            isinstance(node.left, ast.Call)
            and isinstance(node.right, ast.String)
            and isinstance(node.comparator, ast.Eq)
        ):
            inner, wanted = self._call(node.left), self.literals[int(node.right.val)]
            return lambda row: inner(row) is wanted[1]
        if not _is_plain(node):
            return self._compare_values(node)
        known, value = self._sides(node)
        compare = _COMPARE.get(type(node.comparator))
        exact = isinstance(node.comparator, (ast.Eq, ast.NotEq))
        if compare is None or (known.enum and not exact):
            raise _bad("The operator is not supported for this type.")
        read = reader(known)
        if known.type == "String" and value is not None:
            if exact and "*" in value:
                pattern = re.compile(".*".join(re.escape(part) for part in fold(value).split("*")), re.DOTALL)
                return lambda row: bool(pattern.fullmatch(read(row))) == (compare is operator.eq)
            value = fold(value)
        if value is None and not exact:
            raise _bad("null can only be compared by eq and ne.")
        return lambda row: compare(read(row), value) is True

    def _compare_values(self, node: ast.Compare) -> Callable[[Row], bool]:
        """Two properties of one type, or two numbers with arithmetic in them."""
        compare = _COMPARE.get(type(node.comparator))
        sides: tuple[Any, Any] = (node.left, node.right)
        if compare is None:
            raise _bad("The operator is not supported for this type.")
        if all(isinstance(side, ast.Identifier) for side in sides):
            known = [self._property(side) for side in sides]
            if (known[0].type, known[0].enum) == (known[1].type, known[1].enum):
                first, second = reader(known[0]), reader(known[1])
                return lambda row: compare(first(row), second(row)) is True
        left, right = (self._number(side) for side in sides)

        def holds(row: Row) -> bool:
            try:
                return compare(left(row), right(row)) is True
            except ArithmeticError:
                return False

        return holds

    def _number(self, node: Any) -> Callable[[Row], Decimal]:
        """A numeric expression as a function of a row."""
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            left, right, work = self._number(node.left), self._number(node.right), _ARITHMETIC[type(node.op)]
            return lambda row: work(left(row), right(row))
        if isinstance(node, ast.Identifier) and self._property(node).type in _NUMBERS:
            read = reader(self._property(node))
            return lambda row: Decimal(read(row))
        kind, value = self.literals[int(node.val)] if isinstance(node, ast.String) else ("", Decimal(0))
        if kind != "number":
            raise _bad("A binary operator with incompatible types was detected.")
        number = Decimal(value)
        return lambda row: number

    def _call(self, node: ast.Call) -> Callable[[Row], bool]:
        if (
            len(node.args) != 2
            or not isinstance(node.args[0], ast.Identifier)
            or not isinstance(node.args[1], ast.String)
        ):
            raise _bad(
                f"No function signature for the function with name '{node.func.name}' matches the specified"
                " arguments."
            )
        known = self._property(node.args[0])
        part = fits(known, *self.literals[int(node.args[1].val)])
        if known.type != "String" or not isinstance(part, str):
            raise _bad(
                f"No function signature for the function with name '{node.func.name}' matches the specified"
                " arguments."
            )
        read, wanted, function = reader(known), fold(part), node.func.name
        if function == "contains":
            return lambda row: wanted in read(row)
        return lambda row: getattr(read(row), function)(wanted) is True

    def _property(self, node: ast.Identifier) -> Property:
        if not _PLACE.fullmatch(node.name):
            # A keyword where a name belongs, as in `not and`.
            raise _bad(f"Syntax error at '{node.name}'.")
        return self.entity.properties[self.names[int(node.name[1:])]]


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


def _is_plain(node: ast.Compare) -> bool:
    """A property against a literal: what nearly every condition is."""
    return isinstance(node.left, ast.Identifier) and isinstance(node.right, ast.String)


def _literal(kind: str, text: str) -> tuple[str, Any]:
    if kind == "string":
        return kind, text[1:-1].replace("''", "'")
    if kind == "number":
        return kind, Decimal(text.rstrip("mMdDfFlL"))
    if kind == "enum":
        name, _, member = text.partition("'")
        return kind, (name, member[:-1])
    if kind == "moment":
        return kind, parse_moment(text)
    if text not in _WORDS:
        raise _bad(f"Unrecognized literal '{text}'.")
    return "word", _WORDS[text]


def parse_moment(text: str) -> datetime:
    """A date or a moment as naive UTC; raises `Failed`."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise _bad(
            f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'."
        ) from error


def _select(entity: Entity, text: str | None) -> tuple[str, ...] | None:
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if not names or "*" in names:
        return None
    for name in names:
        if name not in entity.properties:
            raise _bad(f"Could not find a property named '{name}' on type '{NAMESPACE}.{entity.type}'.")
    return tuple(names)


def _expand(entity: Entity, text: str) -> dict[str, Query]:
    """What is expanded, one level deep: each with options of its own, as in
    `LedgerJournalLines($select=A,B;$top=1)`.
    """
    known = {navigation.name: navigation for navigation in NAVIGATION.get(entity.name, ())}
    out: dict[str, Query] = {}
    for part in _parts(text, ","):
        found = re.fullmatch(r"(\w+)\s*(?:\((.*)\))?", part, re.DOTALL)
        if found is None or found[1] not in known:
            raise _bad(f"Could not find a property named '{part}' on type '{NAMESPACE}.{entity.type}'.")
        options = [
            (name.strip(), value)
            for name, _, value in (option.partition("=") for option in _parts(found[2] or "", ";"))
        ]
        if any(name not in _INNER_OPTIONS for name, _ in options):
            raise _bad(f"The options '{found[2]}' of an expanded property are not supported.")
        out[found[1]] = parse_query(entities()[known[found[1]].target], options)
    return out


def _parts(text: str, mark: str) -> list[str]:
    """A text cut at a mark that stands in no parentheses and in no literal."""
    parts, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == "'"
        depth += 0 if quoted else (sign == "(") - (sign == ")")
        if sign == mark and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _order(entity: Entity, text: str) -> tuple[tuple[str, bool], ...]:
    out = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, way = part.partition(" ")
        if name not in entity.properties or way.strip() not in ("", "asc", "desc"):
            raise _bad(f"Could not find a property named '{name}' on type '{NAMESPACE}.{entity.type}'.")
        out.append((name, way.strip() == "desc"))
    return tuple(out)


def _whole(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", given[name]):
        raise _bad(f"Invalid value '{given[name]}' for {name} query option found.")
    return int(given[name])
