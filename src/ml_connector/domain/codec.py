"""The canonical form of every value that is stored, hashed or handed from one stage to the next.

One value has one text: sorted keys, decimals and dates as tagged strings, tuples as lists. Reading gives back
equal values of the same types, so the first pass of a stage and its replay after a crash see the same thing.
Hash the text and two parties can compare content.

    Money(Decimal("12.50"), "EUR")  ↔  {"$":"Money","amount":{"$decimal":"12.50"},"currency":"EUR"}
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache, partial
from types import ModuleType
from typing import Any

from ml_connector import domain
from ml_connector.domain import document, journal
from ml_connector.domain.dimension import Dimension, dimension
from ml_connector.domain.money import Money


def _kinds(package: ModuleType) -> Iterator[type[Any]]:
    """Every dataclass and enumeration that a module of the package defines."""
    for found in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{found.name}"
        if name == __name__:
            continue
        for value in vars(importlib.import_module(name)).values():
            if not isinstance(value, type) or value.__module__ != name:
                continue
            if is_dataclass(value) or issubclass(value, StrEnum):
                yield value


def _by_name(kinds: Iterable[type[Any]]) -> dict[str, type[Any]]:
    """Kinds by the name that their values are stored under. Raises `TypeError` for two of one name."""
    known: dict[str, type[Any]] = {}
    for kind in kinds:
        if known.setdefault(kind.__name__, kind) is not kind:
            raise TypeError(f"two kinds of stored values are called {kind.__name__}")
    return known


_KNOWN = _by_name(_kinds(domain))
_FIELDS: dict[type[object], tuple[tuple[str, str, bool], ...]] = {}
"""The fields of each kind in the order of their names, how each begins in a text, and whether it is left out
where it is absent: what is absent by default is, so that a field added later leaves the fingerprints of what
is booked as they were.
"""
_BEGINNINGS: dict[type[object], str] = {}


def _know_fields(kinds: Iterable[type[Any]]) -> None:
    for kind in kinds:
        if is_dataclass(kind):
            named = sorted((field.name, field.default is None) for field in fields(kind) if field.init)
            _FIELDS[kind] = tuple((name, f',"{name}":', absent) for name, absent in named)
            _BEGINNINGS[kind] = f'{{"$":"{kind.__name__}"'


_know_fields(_KNOWN.values())


def learn(*kinds: type[Any]) -> None:
    """Know the values of these kinds too: records of a distribution of its own. Raises `TypeError` for a name
    that another kind has.
    """
    _by_name([*_KNOWN.values(), *kinds])
    for kind in kinds:
        _KNOWN[kind.__name__] = kind
    _know_fields(kinds)


_PLAIN_ALREADY = frozenset((str, int, bool, type(None)))
Same = Callable[[str, str], str]
"""Gives a text that was met before in place of an equal one."""
_quoted: Callable[[Any], str] = json.encoder.encode_basestring
_WORDS: dict[type[object], Callable[[Any], str]] = {
    int: int.__repr__,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
}
_COME_BACK = frozenset((Decimal, date, frozenset))


_SHARED = tuple(f'{{"$":"{kind.__name__}"' for kind in (journal.JournalEntry, document.Receipt))
"""Beginnings of the texts of what is asked for again and again, and nothing in it can be changed."""
_HASHED_AT_ONCE = 1_000_000
SHARED_MAX = 16_384
"""Characters of the longest such text that is remembered with its value, for the last 256 of them."""


class CodecError(ValueError):
    """The value has no canonical form, or the text is not one."""


def encode(value: object) -> str:
    """The canonical text of a value: domain dataclasses, tuples, frozensets, dicts with text keys, decimals,
    dates and plain scalars.

    Raises `CodecError` for anything else, floats above all.
    """
    return _text(value, [])


def recorded(value: object) -> tuple[str, Any]:
    """The canonical text of a value that was just made, and what a later pass reads from it: the value
    itself, unless reading gives other types or another order, such as a tuple for a list.
    """
    strange: list[object] = []
    text = _text(value, strange)
    return text, _decoded(text) if strange else value


def decode(text: str) -> Any:
    """The value a canonical text stands for. Raises `CodecError` for text that is not one."""
    if len(text) <= SHARED_MAX and text.startswith(_SHARED):
        return _shared(text)
    return _decoded(text)


def _decoded(text: str) -> Any:
    try:
        kept: dict[str, str] = {}
        return _part(kept.setdefault, json.loads(text, object_hook=partial(_made, kept.setdefault)))
    except (ValueError, TypeError, KeyError) as error:
        raise CodecError(f"not a canonical value: {error}") from error


_shared = lru_cache(maxsize=256)(_decoded)
_money = lru_cache(maxsize=16_384)(Money)
"""The amounts of an entry are read several times: proposed, approved, booked, shown."""


def digest(text: str) -> str:
    """SHA-256 of canonical text, hex."""
    found = hashlib.sha256()
    for start in range(0, len(text), _HASHED_AT_ONCE):
        found.update(text[start : start + _HASHED_AT_ONCE].encode())
    return found.hexdigest()


def fingerprint(value: object) -> str:
    """Hash of the canonical content of a value: equal content, equal fingerprint, in any process and any
    release.
    """
    return digest(encode(value))


def _text(value: object, strange: list[object]) -> str:
    """The text of a value. What does not come back from it as it is, is added to the strange ones."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind in _BEGINNINGS:
        parts = [_BEGINNINGS[kind]]
        for name, beginning, may_be_left_out in _FIELDS[kind]:
            item = getattr(value, name)
            if item is not None or not may_be_left_out:
                parts.append(beginning)
                parts.append(_quoted(item) if type(item) is str else _text(item, strange))
        parts.append("}")
        return "".join(parts)
    if kind is tuple:
        return f"[{','.join([_text(item, strange) for item in value])}]"  # type: ignore[attr-defined]
    if kind is Decimal:
        return f'{{"$decimal":"{value}"}}'
    if kind in _WORDS:
        return _WORDS[kind](value)
    if not _comes_back(kind, value):
        strange.append(value)
    return _other_text(value, strange)


def _other_text(value: object, strange: list[object]) -> str:
    """As `_text`, of what is seldom there."""
    if isinstance(value, (tuple, list)):
        return f"[{','.join([_text(item, strange) for item in value])}]"
    if isinstance(value, StrEnum):
        return f'{{"$":"{type(value).__name__}","value":{_quoted(value.value)}}}'
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal):
        return f'{{"$decimal":"{value}"}}'
    if isinstance(value, datetime):
        return f'{{"$datetime":"{value.isoformat()}"}}'
    if isinstance(value, date):
        return f'{{"$date":"{value.isoformat()}"}}'
    if isinstance(value, frozenset):
        return f'{{"$set":[{",".join(_in_order(value, strange))}]}}'
    if isinstance(value, dict) and all(isinstance(key, str) and not key.startswith("$") for key in value):
        items = [f"{_quoted(key)}:{_text(item, strange)}" for key, item in sorted(value.items())]
        return f"{{{','.join(items)}}}"
    raise CodecError(f"{type(value).__name__} has no canonical form")


def _in_order(values: frozenset[Any], strange: list[object]) -> list[str]:
    """The texts of what is in a set, which holds plain scalars: ordered as Python writes them."""
    if not all(type(item) in _PLAIN_ALREADY for item in values):
        raise CodecError("a set of other than texts and numbers has no canonical form")
    return [_text(item, strange) for item in sorted(values, key=repr)]


def _comes_back(kind: type[object], value: object) -> bool:
    """Whether reading the text of the value gives one of just this type, in this order."""
    if isinstance(value, datetime):
        return kind is datetime and value.tzinfo in (None, UTC) and not value.fold
    if isinstance(value, dict):
        return kind is dict and list(value) == sorted(value)
    return kind in _COME_BACK or _KNOWN.get(kind.__name__) is kind


def _made(same: Same, plain: dict[str, Any]) -> Any:
    """The value of a JSON object in which every other one is a value already: no tree of plain ones is made
    of a long text.
    """
    if "$" in plain:
        known = _KNOWN[plain.pop("$")]
        if known is Money:
            return _money(plain["amount"], plain["currency"])
        if known is Dimension:
            return dimension(plain["axis"], plain["code"])
        if known not in _FIELDS:
            return known(plain["value"])
        return known(**{name: _part(same, item) for name, item in plain.items()})
    if "$decimal" in plain:
        return Decimal(plain["$decimal"])
    if "$datetime" in plain:
        return datetime.fromisoformat(plain["$datetime"])
    if "$date" in plain:
        return date.fromisoformat(plain["$date"])
    if "$set" in plain:
        return frozenset(plain["$set"])
    return {name: _part(same, item) for name, item in plain.items()}


def _part(same: Same, item: Any) -> Any:
    """What stands in a value: lists as tuples, and each text once, because the lines of an entry say the same
    again and again.
    """
    kind = type(item)
    if kind is str:
        return same(item, item)
    return tuple([_part(same, one) for one in item]) if kind is list else item
