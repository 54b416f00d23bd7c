"""What the records have in common that Visma keeps one by one: departments, employees.

Each has a version of its own, which every row of a list shows. So one read of the list serves for any number
of rows, and a change is written only while nobody else saved the record. Making one cannot be guarded; Visma
refuses a code that is there.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from ml_connector.connectors.visma_net.ledger import Books
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.problem import Problem
from ml_connector.transport.answer import Answer

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What codes look like: at most so many characters, where that is known; `numbered` by Visma itself."""

    name: str
    length: int | None
    numbered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record as it was read, and the row of the list that it is from."""

    record: DimensionValue
    version: str
    row: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A write that was not sent yet."""

    method: str
    path: str
    body: Mapping[str, Any]


class Axis(Protocol):
    """How the records of one axis are read and written."""

    @property
    def path(self) -> str:
        """Of the list, and before a code of one record."""
        ...

    def every(self, books: Books) -> Iterator[Found]:
        """Every record of the company, in any order."""
        ...

    def form(self, books: Books) -> Form:
        """What codes look like in the company now."""
        ...

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As it would be kept. No calls."""
        ...

    def call(self, after: DimensionValue, found: Found | None) -> Call | Problem:
        """What makes the record, or brings it from what was found to `after`; else why nothing does."""
        ...

    def told(self, problem: Problem, after: DimensionValue, found: Found | None) -> Problem:
        """A refusal in Visma's words, with what may be behind it."""
        ...


@dataclass(frozen=True, slots=True)
class There:
    """What was read of one place: by code, and the codes of each without leading zeros and case."""

    found: Mapping[str, Found]
    alike: Mapping[str, list[str]]

    @classmethod
    def of(cls, found: Mapping[str, Found]) -> There:
        """As it was read."""
        alike: dict[str, list[str]] = {}
        for code in sorted(found):
            alike.setdefault(_bare(code), []).append(code)
        return cls(found, alike)


def code_problems(record: DimensionValue, form: Form, there: There) -> Iterator[Problem]:
    """What is wrong with a code; one that is there is right."""
    code, key = record.code.strip(), record.key
    if code in there.found:
        return
    if not code:
        yield Problem("dimension.code", key, f"The code is empty, and {form.name} needs one.")
        return
    if form.length is not None and len(code) > form.length:
        text = f"The code {code} has {len(code)} characters, and {form.name} takes {form.length}."
        yield Problem("dimension.code", key, f"{text} It is never cut. Give a shorter one at the source.")
    if not code.isprintable():
        text = f"The code {code!r} holds a sign that cannot be seen. Remove it at the source."
        yield Problem("dimension.code", key, text)
    if form.numbered:
        text = f"{form.name} is numbered by Visma, so {code} cannot be given. Switch the numbering off there."
        yield Problem("dimension.code", key, text)
    if twins := there.alike.get(_bare(code)):
        text = (
            f"Visma has {', '.join(twins)}, and {code} differs only in leading zeros or case. Write the code"
            " that is meant at the source."
        )
        yield Problem("dimension.code", key, text)


def title_of(text: str, most: int) -> str:
    """One blank between words, at most so many characters."""
    return " ".join(text.split())[:most].rstrip()


def in_path(code: str) -> str:
    """A code in an address; one with other signs than letters, digits, `-` and `_` in base64."""
    if _PLAIN.fullmatch(code):
        return code
    return f"b64({urlsafe_b64encode(code.encode()).decode().rstrip('=')})"


def made_as(answer: Answer, code: str) -> str:
    """Under which other code Visma made the record; empty where it is the one that was given, or not said."""
    last = unquote(urlsplit(answer.headers.get("location", "")).path).rpartition("/")[2]
    meant = {code.casefold(), in_path(code).casefold()}
    return "" if not last or last.replace("=", "").casefold() in meant else last


def _bare(code: str) -> str:
    return code.casefold().lstrip("0") or "0"
