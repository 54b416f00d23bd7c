"""Statements whose text is made once. Django makes it each time that it is asked, which takes ten times as
long as the database needs for its answer: docs/decisions/0014-statements-are-made-once.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any, Generic, TypeVar, TypeVarTuple

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Model, QuerySet

__all__ = ["Prepared", "change", "insert"]

SHAPES_MAX = 200
"""Texts that one query keeps; tuples of other lengths have texts of their own."""
PLACE = "%s"
Values = TypeVarTuple("Values")
Row = TypeVar("Row")


class _Place(Expression):
    """Where a value stands in the text of a query. Among the parameters the place stands for its value."""

    conditional = False

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return PLACE, (self,)


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of one query, and how Django reads its rows."""

    compiler: Any
    text: str
    parameters: tuple[Any, ...]
    readers: Any
    rows: Callable[[Any], Iterable[Any]]
    database: str

    def ask(self, here: Any, values: list[Any]) -> list[Any]:
        given = [values[one.index] if type(one) is _Place else one for one in self.parameters]
        with here.cursor() as cursor:
            cursor.execute(self.text, given)
            rows = cursor.fetchall()
        if not rows:
            return []
        if self.readers:
            rows = [self._read(here, row) for row in rows]
        return list(self.rows(_Answered(self.compiler, self.database, rows)))

    def _read(self, here: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
        read = list(row)
        for place, (converters, column) in self.readers:
            for convert in converters:
                read[place] = convert(read[place], column, here)
        return tuple(read)


class _Answered:
    """A query and its compiler in one, whose rows are there: what Django needs to make objects of them."""

    _known_related_objects: Mapping[Any, Any] = {}

    def __init__(self, compiler: Any, database: str, rows: list[Any]) -> None:
        self.query, self.db, self._rows = self, database, rows
        self.select, self.klass_info = compiler.select, compiler.klass_info
        self.annotation_col_map = compiler.annotation_col_map

    def get_compiler(self, using: str) -> _Answered:
        return self

    def execute_sql(self, **how: Any) -> list[Any]:
        return self._rows

    def results_iter(self, *rows: Any, **how: Any) -> Iterator[Any]:
        return iter(self._rows)


class Prepared(Generic[*Values, Row]):
    """A query that is asked with the values of a call. `make` builds it once, with a place for each value.

    A value is a text, a number, a moment, or a tuple of values, any of which are looked for. `None` and a
    truth value reach `make` as they are: it may build another query for them. `make` never looks at any other
    value, and takes nothing from a related manager, which remembers one object. The last value of a tuple is
    repeated until there are 1, 2, 4, 8 … of them, so that few lengths need a text.
    """

    def __init__(self, make: Callable[[*Values], QuerySet[Any, Row]]) -> None:
        self._make = make
        self._texts: dict[Any, _Text | None] = {}

    def __call__(self, *values: *Values) -> list[Row]:
        """The rows, in the order of the query."""
        here: Any = connections[DEFAULT_DB_ALIAS]
        filled = tuple([_filled(value) for value in values])
        parts: list[Any] = []
        key = here.vendor, _shape(filled, parts)
        if key in self._texts:
            text = self._texts[key]
        else:
            text = self._text(here, filled)
            if len(self._texts) < SHAPES_MAX:
                self._texts[key] = text
        return [] if text is None else text.ask(here, parts)

    def first(self, *values: *Values) -> Row | None:
        """The first row, or `None`. The query itself says that no more is read than one."""
        return next(iter(self(*values)), None)

    def _text(self, here: Any, values: tuple[Any, ...]) -> _Text | None:
        """`None` for a query that can find nothing."""
        make: Any = self._make
        query = make(*_places(values, count()))
        compiler = query.query.get_compiler(connection=here)
        try:
            text, parameters = compiler.as_sql()
        except EmptyResultSet:
            return None
        readers = compiler.get_converters(column for column, *_ in compiler.select)
        return _Text(
            compiler, text, tuple(parameters), tuple(readers.items()), query._iterable_class, query.db
        )


def _filled(value: Any) -> Any:
    """The value, or the tuple with as many values as it is made to have."""
    if type(value) is not tuple or len(value) < 3:
        return value
    return value + value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))


def _shape(value: Any, parts: list[Any]) -> Any:
    """What of a value tells its query from another; what it is made of is added to the parts."""
    if value is None or value is True or value is False:
        return value
    if type(value) is tuple:
        return tuple([_shape(part, parts) for part in value])
    parts.append(connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value)
    return PLACE


def _places(value: Any, numbers: Iterator[int]) -> Any:
    if value is None or value is True or value is False:
        return value
    if type(value) is tuple:
        return tuple(_places(part, numbers) for part in value)
    return _Place(next(numbers))


def insert(model: type[Model], **values: object) -> None:
    """Insert one row. What is not given is the default of its column."""
    statement, fields = _insertion(model)
    row = [values[field.attname] if field.attname in values else field.get_default() for field in fields]
    _execute(statement, fields, row)


def change(model: type[Model], where: Mapping[str, object], **values: object) -> int:
    """Write the values into the rows whose columns equal `where`, no value of which is `None`; how many there
    were.
    """
    statement, fields = _change(model, tuple(where), tuple(values))
    return _execute(statement, fields, [*values.values(), *where.values()])


def _execute(statement: str, fields: Iterable[Any], row: Iterable[object]) -> int:
    here = connections[DEFAULT_DB_ALIAS]
    saved = [field.get_db_prep_save(value, here) for field, value in zip(fields, row, strict=True)]
    with here.cursor() as cursor:
        cursor.execute(statement, saved)
        return int(cursor.rowcount)


@cache
def _insertion(model: type[Model]) -> tuple[str, list[Any]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(PLACE for _ in fields)
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({places})', fields


@cache
def _change(model: type[Model], where: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    fields: list[Any] = [model._meta.get_field(name) for name in (*names, *where)]
    written, known = fields[: len(names)], fields[len(names) :]
    to = ", ".join(f'"{field.column}" = {PLACE}' for field in written)
    same = " AND ".join(f'"{field.column}" = {PLACE}' for field in known)
    return f'UPDATE "{model._meta.db_table}" SET {to} WHERE {same}', fields
