"""The tables a division is made of: rows by key, indexes for equality, and the order in which rows
changed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ml_connector_sandbox.core.vendor import Row


class Table:
    """Rows by their key. `indexed` fields can be looked up without a scan; `version` grows with every
    change.
    """

    def __init__(self, key: str, indexed: Iterable[str] = ()) -> None:
        self.key = key
        self.version = 0
        self._rows: dict[Any, Row] = {}
        self._indexes: dict[str, dict[Any, dict[Any, Row]]] = {name: {} for name in (*indexed, key)}
        self._changes: list[tuple[int, Row]] = []

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def get(self, key: Any) -> Row | None:
        """The row of that key."""
        return self._rows.get(key)

    def first(self, name: str, value: Any) -> Row | None:
        """The first row whose indexed field has that value."""
        return next(iter(self._indexes[name].get(_same(value), {}).values()), None)

    def all(self, name: str, value: Any) -> list[Row]:
        """Every row whose indexed field has that value, in the order they came."""
        return list(self._indexes[name].get(_same(value), {}).values())

    def put(self, row: Row) -> None:
        """Add a row or replace the one with its key."""
        self.remove(row[self.key])
        self._rows[row[self.key]] = row
        for name, index in self._indexes.items():
            index.setdefault(_same(row.get(name)), {})[row[self.key]] = row
        self._note(row)

    def change(self, row: Row, values: Mapping[str, Any]) -> None:
        """Change fields of a row that is in the table."""
        for name, index in self._indexes.items():
            if name in values and values[name] != row.get(name):
                index[_same(row.get(name))].pop(row[self.key], None)
                index.setdefault(_same(values[name]), {})[row[self.key]] = row
        row.update(values)
        self._note(row)

    def remove(self, key: Any) -> Row | None:
        """Take a row out; None if there was none."""
        row = self._rows.pop(key, None)
        if row is not None:
            for name, index in self._indexes.items():
                index[_same(row.get(name))].pop(key, None)
            self.version += 1
        return row

    def candidates(self, equal: Mapping[str, Any], above: Mapping[str, Any]) -> Iterable[Row]:
        """The rows worth looking at for these conditions: from the smallest index that applies, else all."""
        found = [
            self._indexes[name].get(_same(value), {})
            for name, value in equal.items()
            if name in self._indexes
        ]
        if found:
            return list(min(found, key=len).values())
        if "Timestamp" in above:
            return self._changed_after(int(above["Timestamp"]))
        return list(self._rows.values())

    def _changed_after(self, stamp: int) -> list[Row]:
        start = bisect_right(self._changes, stamp, key=lambda change: change[0])
        return [
            row
            for at, row in self._changes[start:]
            if row.get("Timestamp") == at and self._rows.get(row[self.key]) is row
        ]

    def _note(self, row: Row) -> None:
        self.version += 1
        if "Timestamp" in row:
            self._changes.append((row["Timestamp"], row))


def _same(value: Any) -> Any:
    """What equality looks at: trailing spaces do not count."""
    return value.rstrip() if isinstance(value, str) else value
