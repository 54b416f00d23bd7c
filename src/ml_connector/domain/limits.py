"""What a ledger cannot hold of an entry, by the limits it declares. Nothing is cut, rounded or left out to
make an entry fit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Problem


class Limits(Protocol):
    """The limits of a ledger that concern what an entry says."""

    @property
    def lines_max(self) -> int: ...

    @property
    def text_max(self) -> int: ...

    @property
    def line_text_max(self) -> int | None: ...

    @property
    def decimals(self) -> int: ...

    @property
    def axes(self) -> frozenset[str]: ...


class Line(Protocol):
    """A line of an entry, of whatever kind, with every amount that it states."""

    @property
    def amounts(self) -> tuple[Money, ...]: ...

    @property
    def dimensions(self) -> Dimensions: ...

    @property
    def text(self) -> str: ...


class Entry(Protocol):
    """An entry of whatever kind."""

    @property
    def entity(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def lines(self) -> Sequence[Line]: ...


def check_limits(
    entry: Entry, limits: Limits, *, entities: Collection[str] | None = None, digits_max: int | None = None
) -> list[Problem]:
    """Every problem, in the order of the entry.

    `entities` are the legal entities of the connection, where it names them. `digits_max`: the significant
    digits that the ledger keeps of an amount, for one that keeps binary floating point numbers.
    """
    problems = (
        [] if entities is None or entry.entity in entities else [foreign_entity(entry.entity, entities)]
    )
    if len(entry.lines) > limits.lines_max:
        text = (
            f"The entry has {len(entry.lines)} lines, and this connection sends at most {limits.lines_max}."
            " Summarise the lines."
        )
        problems.append(Problem("entry.lines", "lines", text))
    if len(entry.text) > limits.text_max:
        problems.append(_too_long("text", "The entry's text", entry.text, limits.text_max))
    for number, line in enumerate(entry.lines, 1):
        problems.extend(_line_problems(f"line {number}", line, limits, digits_max))
    return problems


def foreign_entity(entity: str, entities: Collection[str], how: str = "") -> Problem:
    """That the connection does not lead into the legal entity; `how` is said of adding it."""
    text = (
        f"Legal entity {entity} is not one of this connection's ({', '.join(entities)}). Add it to the"
        f" connection{how}, use the connection that has it, or map the company to another."
    )
    return Problem("entity.not_pinned", "entity", text)


def _line_problems(where: str, line: Line, limits: Limits, digits_max: int | None) -> Iterator[Problem]:
    if limits.line_text_max is not None and len(line.text) > limits.line_text_max:
        yield _too_long(where, "The line's text", line.text, limits.line_text_max)
    for amount in line.amounts:
        if amount.amount != round(amount.amount, limits.decimals):
            text = (
                f"{amount} has more than the {limits.decimals} decimals that this ledger books, and is never"
                " rounded. Post it to another ledger, or in another currency."
            )
            yield Problem("amount.decimals", where, text)
        if digits_max is not None and len(amount.amount.normalize().as_tuple().digits) > digits_max:
            text = (
                f"{amount} has more than the {digits_max} digits that this ledger keeps exactly. Split the"
                " line."
            )
            yield Problem("amount.digits", where, text)
    for value in line.dimensions:
        if value.axis not in limits.axes:
            text = (
                f"This ledger has no {value.axis}, so {value.code} cannot be booked. Clear it in the mapping,"
                " map it to another axis, or add the axis to the connection if the ledger has one for it."
            )
            yield Problem("dimension.inexpressible", where, text)


def _too_long(where: str, what: str, text: str, characters_max: int) -> Problem:
    why = (
        f"{what} {text!r} has {len(text)} characters, and {characters_max} fit. Shorten it; it is never cut."
    )
    return Problem("text.too_long", where, why)
