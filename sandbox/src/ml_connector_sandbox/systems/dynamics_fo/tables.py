"""The tables of an environment: rows by key, indexes for equality, and the way back of every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.dynamics_fo.odata import fold

Undo = Callable[[], None]
CREATE, UPDATE, DELETE = "Create", "Update", "Delete"
Notice = Callable[[str, str, Row, Row], None]
"""Hears of a change: the table, what was done, the row, and the fields that were changed as they were."""


class Table:
    """Rows by key, with indexes for equality. Every change is noted with the way to take it back."""

    def __init__(
        self,
        name: str,
        key: tuple[str, ...],
        indexed: Sequence[str],
        note: Callable[[Undo], None],
        notice: Notice,
    ) -> None:
        self.name = name
        self.key = key
        self._note = note
        self._notice = notice
        self._rows: dict[Any, Row] = {}
        self._indexes: dict[str, dict[Any, dict[Any, Row]]] = {field: {} for field in indexed}

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, *key: Any) -> Row | None:
        """The row of that key; case does not count."""
        return self._rows.get(tuple(fold(part) for part in key))

    def all(self, field: str, value: Any) -> list[Row]:
        """Every row whose indexed field has that value, in the order they came."""
        return list(self._indexes[field].get(fold(value), {}).values())

    def candidates(self, equal: Mapping[str, Any]) -> list[Row]:
        """The rows worth looking at for these conditions."""
        found = [
            self._indexes[field].get(fold(value), {})
            for field, value in equal.items()
            if field in self._indexes
        ]
        return list(min(found, key=len).values()) if found else list(self._rows.values())

    def put(self, row: Row) -> None:
        """Add a row whose key is not there yet."""
        self._insert(row)
        self._note(lambda: self._take_out(row))
        self._notice(self.name, CREATE, row, {})

    def change(self, row: Row, values: Mapping[str, Any]) -> None:
        """Change fields of a row; its key stays."""
        before = {name: row[name] for name in values if name in row}
        added = [name for name in values if name not in row]
        self._set(row, values)

        def undo() -> None:
            self._set(row, before)
            for name in added:
                row.pop(name, None)

        self._note(undo)
        self._notice(self.name, UPDATE, row, before)

    def remove(self, row: Row) -> None:
        """Take a row out."""
        self._take_out(row)
        self._note(lambda: self._insert(row))
        self._notice(self.name, DELETE, row, {})

    def _set(self, row: Row, values: Mapping[str, Any]) -> None:
        key = self._key(row)
        for field, index in self._indexes.items():
            if field in values and fold(values[field]) != fold(row.get(field)):
                index.get(fold(row.get(field)), {}).pop(key, None)
                index.setdefault(fold(values[field]), {})[key] = row
        row.update(values)

    def _insert(self, row: Row) -> None:
        key = self._key(row)
        self._rows[key] = row
        for field, index in self._indexes.items():
            index.setdefault(fold(row.get(field)), {})[key] = row

    def _take_out(self, row: Row) -> None:
        key = self._key(row)
        self._rows.pop(key, None)
        for field, index in self._indexes.items():
            index.get(fold(row.get(field)), {}).pop(key, None)

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(fold(row[field]) for field in self.key)
