"""Precoro's lists as one register: options of the custom fields that have an axis, taxes, payment terms.

    whole, some   ⌈n/200⌉ for a list: rows cannot be asked for by what we know of them
    put           1 for each change: POST for a new row, PATCH for one that only gets its `externalId`, PUT
                  with every field for any other

A value that was made from the ledger is known by its `externalId`, the ledger's id; any other by the id of
its row (`place`), so that it can be taken over. Rows have no version: an edit between our read and our write
is overwritten. The same list is not asked for twice within a minute: who looks again waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import PrecoroClient
from ml_connector.connectors.precoro.field_options import FIELDS
from ml_connector.connectors.precoro.list_rows import Options, Place, Places, Taxes, Terms
from ml_connector.connectors.precoro.settings import Options as Settings
from ml_connector.domain.changes import Change
from ml_connector.domain.list_value import TAX, ListValue, keys_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, NotSent, Refused, RightMissing, SignInLost, Throttled, VendorChanged
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written

BATCH = 100
"""Changes that are read for at once: at a call a second they take two minutes."""
NOT_OF_A_ROW = (NotSent, RightMissing, SignInLost, Throttled)
"""What the next row would meet too."""


@dataclass(slots=True)
class Held:
    """A list as it was read last: by id of a row the row and its value, and the ids of rows by what values
    are known by.
    """

    rows: dict[str, tuple[Any, ListValue]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def row(self, key: str) -> Any:
        """The row as it was read last; `None` for none."""
        return self.rows.get(self.ids.get(_known_by(key), ""), (None,))[0]

    def value(self, key: str) -> ListValue | None:
        """The value under a key; one that is known by its place also where it has an identity by now."""
        if (row := self.ids.get(_known_by(key), "")) not in self.rows:
            return None
        value = self.rows[row][1]
        return replace(value, place=row) if _known_by(key) == f"={row}" else value


@dataclass(slots=True, kw_only=True)
class PrecoroLists(Register[ListValue]):
    """A `Register`. Remembers each list as it was read last."""

    client: PrecoroClient
    places: Places
    limits: RegisterLimits
    _held: dict[str, Held] = field(default_factory=dict)

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[ListValue]]:
        """Every row in the order of keys; a list is held at a time."""
        for axis in sorted(self._axes(within), key=keys_of):
            values = (value for _, value in self._read(self.places[axis]).rows.values())
            yield from (Versioned(record=value) for value in sorted(values, key=lambda value: value.key))

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[ListValue]]:
        """The lists of these rows, whole."""
        found: dict[str, Versioned[ListValue]] = {}
        for axis in sorted({key.partition("/")[0] for key in keys}):
            held = self._read(self._place(axis))
            for key in keys:
                if key.startswith(keys_of(axis)) and (value := held.value(key)) is not None:
                    found[key] = Versioned(record=value)
        return found

    def normal(self, record: ListValue) -> ListValue:
        """As its list keeps it; one of a list that is not kept stays as it is."""
        place = self.places.get(record.axis)
        return record if place is None else place.normal(record)

    def check(self, record: ListValue) -> tuple[Problem, ...]:
        """What Precoro cannot hold of it. How long a text may be is not published: a refusal says it."""
        place = self.places.get(record.axis)
        if place is None:
            return (self._not_kept(record.axis, record.key),)
        return tuple(place.problems(record))

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """In order, so that a parent is there before what stands below it. What stops the work behind the
        first change leaves the others to be read again, unless it is not known whether it was written.
        """
        for axis in {change.after.axis for change in changes}:
            if self._place(axis).axis not in self._held:
                self._read(self.places[axis])
        answers: list[Answer] = []
        try:
            for change in changes:
                answers.append(self._put(change))
        except NOT_OF_A_ROW:
            if not answers:
                raise
        return (*answers, *(Stale() for _ in changes[len(answers) :]))

    def _put(self, change: Change) -> Answer:
        after: ListValue = change.after
        place, held = self.places[after.axis], self._held[after.axis]
        row = held.row(change.key)
        if row is None and change.before is not None:
            return Stale()
        parent = held.ids.get(after.parent or "", "")
        if after.parent and not parent:
            text = (
                f"{after.written} stands below a value that Precoro does not have yet. It is made behind it."
            )
            return NotTaken(Problem("list.parent", change.key, text))
        path = f"{place.path}/{wire.text(row.id)}" if row else place.path
        form, method = place.form(after, row, parent), "PUT" if row else "POST"
        before = row and replace(change.before, identity=after.identity, parent=after.parent)
        if before == after and held.ids.get(change.before.parent or "", "") == parent:
            form, method = [("externalId", after.identity)], "PATCH"
        try:
            answer = self.client.write(method, path, form)
        except NOT_OF_A_ROW:
            raise
        except NotFound:
            return Stale()
        except Refused as error:
            return NotTaken(Problem(error.problem.code, change.key, error.problem.text))
        # What stands below it may name it now; an answer that cannot be read is no loss.
        with suppress(VendorChanged, ValueError):
            held.ids[after.identity] = wire.text((row or answer.decode(wire.Ref)).id)
        return Written()

    # --- reading --------------------------------------------------------------------------------------------

    def _read(self, place: Place) -> Held:
        """The list as it is now. A row that comes on two pages counts once."""
        rows: dict[str, Any] = {}
        for page in self.client.pages(place.path):
            for raw in page.rows:
                try:
                    row = wire.ref(raw, place.shape)
                    if row is not None:
                        rows[wire.text(row.id)] = row
                except ValueError as error:
                    raise self._unreadable(place, error) from error
        return self._keep(place, rows)

    def _keep(self, place: Place, rows: Mapping[str, Any]) -> Held:
        held = self._held[place.axis] = Held()
        for row, raw in rows.items():
            try:
                value = place.value(raw)
            except ValueError as error:
                raise self._unreadable(place, error) from error
            held.rows[row] = raw, value if value.identity else replace(value, place=row)
            held.ids[f"={row}"] = row
            if value.identity and (first := held.ids.setdefault(value.identity, row)) != row:
                text = (
                    f"Rows {first} and {row} of {place.path} both have the external id {value.identity}. Take"
                    " it away from one of them in Precoro."
                )
                raise Refused(text, where=keys_of(place.axis), code="list.ambiguous")
        return held

    # --- where a value belongs ------------------------------------------------------------------------------

    def _axes(self, within: Collection[str]) -> set[str]:
        if not within:
            return set(self.places)
        return {self._place(beginning.partition("/")[0]).axis for beginning in within}

    def _place(self, axis: str) -> Place:
        if axis not in self.places:
            problem = self._not_kept(axis, axis)
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return self.places[axis]

    def _not_kept(self, axis: str, where: str) -> Problem:
        text = (
            f"No custom field of this connection holds {axis}, or one of lines and one of documents do. It"
            f" keeps {', '.join(sorted(self.places))}: name one field for it in `fields`."
        )
        return Problem("list.field", where, text)

    def _unreadable(self, place: Place, error: ValueError) -> VendorChanged:
        text = f"A row of {place.path} cannot be read: {error}. Report it to our support."
        return VendorChanged(text, where=place.path)


def _known_by(key: str) -> str:
    return key.partition("/")[2]


def open_lists(settings: Settings, client: PrecoroClient) -> PrecoroLists:
    """The register of a connection. An axis that lines and documents both have is not kept: which of the two
    would be meant? Makes no call.
    """
    taxes, terms = Taxes(), Terms()
    places: dict[str, Place] = {taxes.axis: taxes, terms.axis: terms}
    axes = list(settings.fields.values())
    for (family, identity), axis in settings.fields.items():
        if axes.count(axis) == 1 and axis not in places:
            path = f"{FIELDS[family]}/{identity}/options"
            places[axis] = Options(axis=axis, path=path)
    limits = RegisterLimits(
        batch=BATCH,
        guarded=False,
        shared=True,
        settle_seconds=settings.numbers["deadline_seconds"],
        axes=frozenset(places),
        never_closed=frozenset({TAX}),
    )
    return PrecoroLists(client=client, places=places, limits=limits)
