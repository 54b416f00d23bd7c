"""OData's query options, as far as the simulated vendors read them: one grammar, literals by version.

    $filter ── tokens ── tree ── a test of a row, and what every matching row must hold

A vendor says in its `Dialect` which literals and functions it reads, which names there are, and how it words
a refusal; how values compare is its own business too.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ml_connector_sandbox.core.odata_tree import LOGIC, Binary, Call, Filter, Literal, Name, Node, Not

_STRING = r"'(?:[^']|'')*'"
LITERALS_V3: Mapping[str, str] = {
    "guid": r"guid'[^']*'",
    "moment": r"datetime'[^']*'",
    "string": _STRING,
    "number": r"-?\d+(?:\.\d+)?[LlMmDdFf]?(?![\w'])",
}
LITERALS_V4: Mapping[str, str] = {
    "enum": r"[A-Za-z_][\w.]*'[^']*'",
    "string": _STRING,
    "moment": r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?",
    "number": r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?[mMdDfFlL]?(?![\w'])",
}
"""How literals are written, by kind, the longest first; the words `true`, `false` and `null` are in both."""

_BINDING = (("or",), ("and",), ("eq", "ne"), ("gt", "ge", "lt", "le"), ("add", "sub"), ("mul", "div", "mod"))
_STRENGTH = {word: strength for strength, words in enumerate(_BINDING, 1) for word in words}
_NOT_STRENGTH = len(_BINDING) + 1
_WORDS: Mapping[str, tuple[str, Any]] = {
    "true": ("boolean", True),
    "false": ("boolean", False),
    "null": ("null", None),
}
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_SUFFIXES = "LlMmDdFf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The options of one read, as far as all versions have them; `order` is of (name, descending)."""

    select: tuple[str, ...] | None = None
    where: Filter | None = None
    order: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False


class Dialect(ABC):
    """How one vendor reads the options of one set, and what it says of those it does not understand."""

    literals: Mapping[str, str] = LITERALS_V4
    functions: Mapping[str, int] = {}
    """Its functions with the number of their arguments."""
    operators: frozenset[str] = LOGIC
    aliases: Mapping[str, str] = {}
    """Other words for operators."""
    any_case = False
    """Whether operators and words of values may be written in any case."""

    @abstractmethod
    def knows(self, name: str, option: str) -> bool:
        """Whether that option may name that property."""

    @abstractmethod
    def bad_name(self, name: str, option: str) -> Exception:
        """What to raise for a name that an option may not hold; `option` is `function` for one with `(`."""

    @abstractmethod
    def bad_syntax(self, text: str, at: int | None) -> Exception:
        """What to raise for a filter that breaks off; `at` is where, if that is known."""

    @abstractmethod
    def bad_literal(self, text: str, kind: str | None) -> Exception:
        """What to raise for a literal that is none, or none of its kind."""

    @abstractmethod
    def bad_number(self, option: str, text: str) -> Exception:
        """What to raise for a `$top` or `$skip` that is no whole number."""

    def moment(self, text: str) -> datetime:
        """A date or a date-time as naive UTC; `ValueError` or `OverflowError` for none."""
        return parse_moment(text)

    def literal(self, text: str) -> Literal:
        """One literal by itself, as it stands in a key."""
        text = text.strip()
        if text in _WORDS:
            return Literal(*_WORDS[text])
        found = _pattern(tuple(self.literals.items())).fullmatch(text)
        kind = None if found is None else found.lastgroup
        if kind is None or kind not in self.literals:
            raise self.bad_literal(text, None)
        return self.read(kind, text)

    def read(self, kind: str, text: str) -> Literal:
        """A literal of that kind, as a token was read."""
        inner = text.partition("'")[2][:-1]
        try:
            match kind:
                case "string":
                    return Literal(kind, inner.replace("''", "'"))
                case "number":
                    return Literal(kind, Decimal(text.rstrip(_SUFFIXES)))
                case "enum":
                    return Literal(kind, (text.partition("'")[0], inner))
                case "moment":
                    return Literal(kind, self.moment(inner or text))
        except (ValueError, OverflowError) as error:
            raise self.bad_literal(inner or text, kind) from error
        if not _GUID.fullmatch(inner or text):
            raise self.bad_literal(inner or text, kind)
        return Literal(kind, (inner or text).lower())

    def selected(self, text: str | None) -> tuple[str, ...] | None:
        """The names of a `$select`; None for all."""
        names = split(text or "", ",")
        if not names or "*" in names:
            return None
        for name in names:
            if not self.knows(name, "$select"):
                raise self.bad_name(name, "$select")
        return tuple(names)

    def ordered(self, text: str) -> tuple[tuple[str, bool], ...]:
        """The (name, descending) pairs of an `$orderby`."""
        out = []
        for part in split(text, ","):
            name, _, way = part.partition(" ")
            if not self.knows(name, "$orderby") or way.strip() not in ("", "asc", "desc"):
                raise self.bad_name(name, "$orderby")
            out.append((name, way.strip() == "desc"))
        return tuple(out)

    def whole(self, given: Mapping[str, str], option: str) -> int | None:
        """The number that an option such as `$top` gives; None for an option that is not there."""
        if option not in given:
            return None
        if not _WHOLE.fullmatch(given[option]):
            raise self.bad_number(option, given[option])
        return int(given[option])


def parse_moment(text: str) -> datetime:
    """A date or a date-time as naive UTC; `ValueError` or `OverflowError` for none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def split(text: str, mark: str) -> list[str]:
    """A text cut at a mark that stands in no parentheses and in no literal; parts of nothing left out."""
    parts, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == "'"
        depth += 0 if quoted else (sign == "(") - (sign == ")")
        if sign == mark and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def parse_filter(dialect: Dialect, text: str) -> Node:
    """The tree of a `$filter`; raises what the dialect says for one that cannot be read."""
    return _Parser(dialect, text, list(_tokens(dialect, text))).whole()


@lru_cache(maxsize=16)
def _pattern(literals: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    parts = [f"(?P<{kind}>{pattern})" for kind, pattern in literals]
    words = [r"(?P<space>\s+)", *parts, r"(?P<word>[A-Za-z_]\w*(?:/\w+)*)", r"(?P<mark>[(),])"]
    return re.compile("|".join(words))


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind` is literal, name, function, operator, not, end, or one of the marks `(`, `)`, `,`."""

    kind: str
    value: Any
    at: int


def _tokens(dialect: Dialect, text: str) -> Iterator[_Token]:
    pattern, at = _pattern(tuple(dialect.literals.items())), 0
    while at < len(text):
        found = pattern.match(text, at)
        if found is None:
            raise dialect.bad_syntax(text, at)
        kind, part = found.lastgroup or "", found.group()
        if kind == "mark":
            yield _Token(part, part, at)
        elif kind == "word":
            yield _word(dialect, part, at, called=text[found.end() :].lstrip()[:1] == "(")
        elif kind != "space":
            yield _Token("literal", dialect.read(kind, part), at)
        at = found.end()
    yield _Token("end", None, len(text))


def _word(dialect: Dialect, text: str, at: int, *, called: bool) -> _Token:
    word = text.lower() if dialect.any_case else text
    word = dialect.aliases.get(word, word)
    if word in dialect.operators:
        return _Token("operator", word, at)
    if word == "not":
        return _Token("not", word, at)
    if word in _WORDS:
        return _Token("literal", Literal(*_WORDS[word]), at)
    if called:
        if word not in dialect.functions:
            raise dialect.bad_name(text, "function")
        return _Token("function", word, at)
    if not dialect.knows(text, "$filter"):
        raise dialect.bad_name(text, "$filter")
    return _Token("name", text, at)


@dataclass(slots=True)
class _Parser:
    """Precedence climbing over the tokens of one filter."""

    dialect: Dialect
    text: str
    tokens: Sequence[_Token]
    place: int = 0

    def whole(self) -> Node:
        try:
            node = self._expression(1)
        except RecursionError as error:
            raise self.dialect.bad_syntax(self.text, None) from error
        self._take("end")
        return node

    def _expression(self, strength: int) -> Node:
        left = self._operand()
        while self._next().kind == "operator" and _STRENGTH[self._next().value] >= strength:
            word = self._take("operator").value
            left = Binary(word, left, self._expression(_STRENGTH[word] + 1))
        return left

    def _operand(self) -> Node:
        token = self._next()
        self.place += 1
        match token.kind:
            case "literal":
                assert isinstance(token.value, Literal)
                return token.value
            case "name":
                return Name(token.value)
            case "not":
                return Not(self._expression(_NOT_STRENGTH))
            case "function":
                return Call(token.value, self._arguments(self.dialect.functions[token.value]))
            case "(":
                inner = self._expression(1)
                self._take(")")
                return inner
        raise self._broken(token)

    def _arguments(self, count: int) -> tuple[Node, ...]:
        self._take("(")
        found = [self._expression(1)]
        for _ in range(count - 1):
            self._take(",")
            found.append(self._expression(1))
        self._take(")")
        return tuple(found)

    def _next(self) -> _Token:
        return self.tokens[self.place]

    def _take(self, kind: str) -> _Token:
        token = self._next()
        if token.kind != kind:
            raise self._broken(token)
        self.place += 1
        return token

    def _broken(self, token: _Token) -> Exception:
        """What stands where it does not belong has a place; what is missing at the end has none."""
        return self.dialect.bad_syntax(self.text, None if token.kind == "end" else token.at)
