"""The vendor's query options: OData v3 `$filter` and its companions, evaluated against plain rows.

`odata-query` reads v4 and mistakes names like `AllowVAT` for keywords, so a small pass replaces every v3
literal and every name by a token it cannot misread, and puts them back when the tree is compiled into a
function of a row.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from ml_connector_sandbox.systems.exact_online.entities import Entity, entities

Row = dict[str, Any]
SYNTAX = "Bad Request - Error in query syntax."
UNSUPPORTED = "This $filter parameter is not supported for this resource"
NOT_BOOLEAN = "Expression of type 'System.Boolean' expected at position 0."
_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$expand"}
_NUMBERS = {"Int16", "Int32", "Int64", "Double", "Byte", "Decimal"}
_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<guid>guid'[^']*')|(?P<datetime>datetime'[^']*')|(?P<string>'(?:[^']|'')*')
    |(?P<number>-?\d+(?:\.\d+)?[LlMmDdFf]?(?![\w']))|(?P<word>[A-Za-z_]\w*(?:/\w+)*)|(?P<mark>[(),])""",
    re.VERBOSE,
)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLACE = re.compile(r"p[0-9]+")
_WORDS = {"true": True, "false": False, "null": None}
_OPERATORS = {"and", "or", "eq", "ne", "gt", "ge", "lt", "le"}
_FUNCTIONS = {"substringof": "contains", "startswith": "startswith", "endswith": "endswith", "trim": "trim"}


class BadQuery(Exception):
    """A query the vendor refuses with 400; the message is the vendor's."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled `$filter`: `equal` holds the conditions every matching row must meet, for index look-ups."""

    matches: Callable[[Row], bool]
    equal: Mapping[str, Any]
    above: Mapping[str, Any]
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The options of one list request."""

    select: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()
    where: Filter | None = None
    filter_text: str = ""
    order: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    token: tuple[Any, ...] | None = None
    count: bool = False


def parse_query(entity: Entity, parameters: list[tuple[str, str]]) -> Query:
    """Read the options for that set; raises `BadQuery` for what the vendor does not understand."""
    given = {name: value for name, value in parameters if name.startswith("$")}
    if set(given) - _OPTIONS:
        raise BadQuery(SYNTAX)
    expand = tuple(name.strip() for name in given.get("$expand", "").split(",") if name.strip())
    for name in expand:
        if name not in entity.properties or not entity.properties[name].collection:
            raise BadQuery(f"Could not find a property named '{name}' on type '{entity.model}'.")
    if given.get("$inlinecount", "none") not in ("none", "allpages"):
        raise BadQuery(SYNTAX)
    text = given.get("$filter", "").strip()
    return Query(
        select=_select(entity, given.get("$select")),
        expand=expand,
        where=compile_filter(entity.path, text) if text else None,
        filter_text=text,
        order=_order(entity, given.get("$orderby", "")),
        top=_whole(given, "$top"),
        skip=_whole(given, "$skip") or 0,
        token=(
            tuple(parse_literal(part) for part in _split(given["$skiptoken"]))
            if "$skiptoken" in given
            else None
        ),
        count=given.get("$inlinecount") == "allpages",
    )


def parse_literal(text: str) -> Any:
    """One v3 literal as the value rows hold: guid and text as str, numbers exact, datetime naive UTC."""
    text = text.strip()
    if text in _WORDS:
        return _WORDS[text]
    found = _TOKEN.fullmatch(text)
    if found is None:
        raise BadQuery(SYNTAX)
    return _literal(found.lastgroup or "", text)[1]


@lru_cache(maxsize=512)
def compile_filter(path: str, text: str) -> Filter:
    """Compile a `$filter` for the set at that path; raises `BadQuery`."""
    safe = _Safe(entities()[path])
    rewritten = safe.rewrite(text)
    try:
        lexer: Any = ODataLexer()
        parser: Any = ODataParser()
        tree = parser.parse(lexer.tokenize(rewritten))
    except (ODataException, RecursionError) as error:
        raise BadQuery(SYNTAX) from error
    if not isinstance(tree, (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Call)) or _is_text(tree):
        raise BadQuery(NOT_BOOLEAN)
    equal: dict[str, Any] = {}
    above: dict[str, Any] = {}
    matches = safe.compile(tree)
    safe.conjuncts(tree, equal, above)
    return Filter(matches, equal, above, frozenset(safe.names))


@dataclass(slots=True)
class _Safe:
    """Literals and names taken out of one filter text, and the tree put back together with them."""

    entity: Entity
    literals: list[tuple[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def rewrite(self, text: str) -> str:
        """The same filter with `'0'`, `'1'` … for its literals and `p0`, `p1` … for its names."""
        out: list[str] = []
        at = 0
        ended = False
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise BadQuery(SYNTAX)
            token = self._token(found.lastgroup or "", found.group(), text[found.end() :].lstrip()[:1])
            if ended and token[:1] in ("'", "p", "("):
                # Two values with nothing between them would run together in the text that is parsed.
                raise BadQuery(SYNTAX)
            ended = ended if not token else token[-1] == ")" or token[:1] in ("'", "p")
            out.append(token)
            at = found.end()
        return "".join(out).strip()

    def _token(self, kind: str, text: str, following: str) -> str:
        if kind == "space":
            return ""
        if kind == "mark":
            return text
        if kind != "word":
            return self._keep(_literal(kind, text))
        if text in _OPERATORS:
            return f" {text} "
        if text == "not":
            return "not "
        if text in _WORDS:
            return self._keep(("null" if text == "null" else "boolean", _WORDS[text]))
        if following == "(":
            if text not in _FUNCTIONS:
                raise BadQuery(UNSUPPORTED)
            return _FUNCTIONS[text]
        known = self.entity.properties.get(text)
        if known is None or known.collection:
            raise BadQuery(SYNTAX if "/" not in text else UNSUPPORTED)
        if text not in self.names:
            self.names.append(text)
        return f"p{self.names.index(text)}"

    def _keep(self, literal: tuple[str, Any]) -> str:
        self.literals.append(literal)
        return f"'{len(self.literals) - 1}'"

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
        if isinstance(node, ast.Identifier) and self._type(node) == "Boolean":
            name = self._name(node)
            return lambda row: row.get(name) is True
        raise BadQuery(NOT_BOOLEAN)

    def conjuncts(self, node: Any, equal: dict[str, Any], above: dict[str, Any]) -> None:
        """Collect `name eq literal` and `name gt literal` that stand under nothing but `and`."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            self.conjuncts(node.left, equal, above)
            self.conjuncts(node.right, equal, above)
        if (
            isinstance(node, ast.Compare)
            and isinstance(node.left, ast.Identifier)
            and isinstance(node.right, ast.String)
        ):
            into = (
                equal
                if isinstance(node.comparator, ast.Eq)
                else above
                if isinstance(node.comparator, ast.Gt)
                else None
            )
            value = self.literals[int(node.right.val)][1]
            if into is not None and value is not None:
                into[self._name(node.left)] = value

    def _compare(self, node: ast.Compare) -> Callable[[Row], bool]:
        if isinstance(node.left, (ast.Call, ast.Compare, ast.BoolOp)) and not _is_text(node.left):
            wanted = self._literal_of(node.right, "Boolean")
            inner = self.compile(node.left)
            same = isinstance(node.comparator, ast.Eq)
            if not same and not isinstance(node.comparator, ast.NotEq):
                raise BadQuery(SYNTAX)
            return lambda row: (inner(row) == wanted) is same
        read, kind = self._operand(node.left)
        value = self._literal_of(node.right, kind)
        value = value.rstrip() if isinstance(value, str) else value
        if isinstance(node.comparator, ast.Eq):
            return lambda row: read(row) == value
        if isinstance(node.comparator, ast.NotEq):
            return lambda row: read(row) != value
        compare = _COMPARE.get(type(node.comparator))
        if compare is None or value is None:
            raise BadQuery(SYNTAX)

        def ordered(row: Row) -> bool:
            found = read(row)
            return found is not None and compare(found, value)

        return ordered

    def _call(self, node: ast.Call) -> Callable[[Row], bool]:
        function = node.func.name
        if function not in ("contains", "startswith", "endswith") or len(node.args) != 2:
            raise BadQuery(NOT_BOOLEAN)
        # substringof('x', Name): the needle comes first.
        held, part = reversed(node.args) if function == "contains" else node.args
        read, kind = self._operand(held)
        wanted = self._literal_of(part, "String")
        if kind != "String" or wanted is None:
            raise BadQuery(SYNTAX)
        if function == "contains":
            return lambda row: wanted in (read(row) or "")
        return lambda row: getattr(read(row) or "", function)(wanted) is True

    def _operand(self, node: Any) -> tuple[Callable[[Row], Any], str]:
        """A value of a row, and its type."""
        if isinstance(node, ast.Identifier):
            name, kind = self._name(node), self._type(node)
            if kind == "String":
                return lambda row: row[name].rstrip() if row.get(name) is not None else None, kind
            return lambda row: row.get(name), kind
        if _is_text(node) and len(node.args) == 1:
            read, kind = self._operand(node.args[0])
            if kind != "String":
                raise BadQuery(SYNTAX)
            return lambda row: (read(row) or "").strip(), kind
        raise BadQuery(UNSUPPORTED)

    def _literal_of(self, node: Any, wanted: str) -> Any:
        if not isinstance(node, ast.String):
            raise BadQuery(UNSUPPORTED)
        kind, value = self.literals[int(node.val)]
        fits = {
            "guid": {"Guid"},
            "datetime": {"DateTime"},
            "string": {"String"},
            "boolean": {"Boolean"},
            "number": _NUMBERS,
        }
        if kind != "null" and wanted not in fits[kind]:
            raise BadQuery(SYNTAX)
        return value

    def _name(self, node: ast.Identifier) -> str:
        if not _PLACE.fullmatch(node.name):
            # A keyword where a name belongs, as in `not and`.
            raise BadQuery(SYNTAX)
        return self.names[int(node.name[1:])]

    def _type(self, node: ast.Identifier) -> str:
        return self.entity.properties[self._name(node)].type


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Call) and node.func.name == "trim"


def _literal(kind: str, text: str) -> tuple[str, Any]:
    if kind == "string":
        return "string", text[1:-1].replace("''", "'")
    if kind == "number":
        return "number", Decimal(text.rstrip("LlMmDdFf"))
    inner = text.partition("'")[2][:-1]
    if kind == "guid" and _GUID.fullmatch(inner):
        return "guid", inner.lower()
    if kind == "datetime":
        return "datetime", parse_datetime(inner)
    raise BadQuery(SYNTAX)


def parse_datetime(text: str) -> datetime:
    """A date or date-time as people write it to the vendor, as naive UTC; raises `BadQuery`."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise BadQuery(SYNTAX) from error


def _select(entity: Entity, text: str | None) -> tuple[str, ...] | None:
    """Chosen names in the model's order; None for all."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if not names or "*" in names:
        return None
    for name in names:
        if name not in entity.properties:
            raise BadQuery(f"Could not find a property named '{name}' on type '{entity.model}'.")
    return tuple(name for name in entity.properties if name in names)


def _order(entity: Entity, text: str) -> tuple[tuple[str, bool], ...]:
    """(name, descending) pairs."""
    out = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, way = part.partition(" ")
        known = entity.properties.get(name)
        if known is None or known.collection or way.strip() not in ("", "asc", "desc"):
            raise BadQuery(SYNTAX)
        out.append((name, way.strip() == "desc"))
    return tuple(out)


def _whole(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", given[name]):
        raise BadQuery(f"Incorrect format for {name} argument '{given[name]}'.")
    return int(given[name])


def _split(text: str) -> list[str]:
    return re.findall(r"(?:[^,']|'(?:[^']|'')*')+", text)
