"""Values of financial dimensions, as far as they are a list of their own: made, renamed, closed, opened.

    a list of its own (Project)   FinancialDimensionValues          written
    behind records (CostCenter)   CostCenters … and what the        read; made, renamed and closed there
                                  list of values adds to them

Custom values are shared by all companies. A row of the list that names a company changes the value in that
company only: it is neither taken for the shared one nor written. The list shows a value behind a record only
once it was used, so the records themselves are read where their set is known.

    open, until      IsSuspended   ActiveTo
    yes              No            none
    yes, 31 July     No            31 July
    no, 31 May       as it is      31 May, which is over: entries of May can still be booked and reversed
    no               Yes           none

rows   DimensionAttributes 1, DimensionParameters 1; of each axis FinancialDimensionValues ⌈n/10,000⌉, and
       ⌈records/10,000⌉ where it is behind records
read   FinancialDimensionValues ⌈keys/25⌉ to ⌈keys/45⌉, by the length of codes; twice that behind records;
       the whole list where that is fewer
put    $batch 1 for at most `changeset_lines` changes, each a changeset of its own
read and put ask the two facts of rows once, where nothing was read before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ml_connector.connectors.dynamics_fo import batch, chart, values, wire
from ml_connector.connectors.dynamics_fo.changesets import answer_of, carry_out
from ml_connector.connectors.dynamics_fo.client import VALUES, DynamicsClient, address, valued
from ml_connector.connectors.dynamics_fo.facts import DynamicsFacts
from ml_connector.connectors.dynamics_fo.segments import delimiter_of, unsure
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.problem import Problem
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.errors import ConnectorError, Refused
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata
from ml_connector.transport.exchange import encode

LOOK_AGAIN_SECONDS = 600.0
PAGE = 10_000
"""Rows of one answer."""
UNKNOWN_PAGES = 5
"""Of a list that was not read yet."""
SOURCES: Mapping[str, tuple[str, type[wire.Unit | wire.Worker], str]] = {
    "costcenters": ("CostCenters", wire.Unit, "OperatingUnitNumber"),
    "departments": ("DepartmentsV2", wire.Unit, "OperatingUnitNumber"),
    "businessunits": ("BusinessUnits", wire.Unit, "OperatingUnitNumber"),
    "workers": ("Workers", wire.Worker, "PersonnelNumber"),
}
"""Set, shape and code of the records that a dimension takes its values from, by the name of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A financial dimension of the connection. `behind` is what its values stand for; empty for a list of its
    own.
    """

    name: str
    behind: str
    mask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The dimensions by axis, those that there are, and the delimiter of display values."""

    axes: Mapping[str, Axis]
    delimiter: str


class DynamicsDimensions(Register[DimensionValue]):
    """A `Register`. Remembers the facts of the last `rows`, and which rows it read cannot be opened by us."""

    def __init__(self, options: Options, client: DynamicsClient, facts: DynamicsFacts, clock: Clock) -> None:
        self._options, self._client, self._company_facts, self._clock = options, client, facts, clock
        self._facts: Facts | None = None
        self._barred: dict[str, str] = {}
        self._pages: dict[str, int] = {}
        self.limits = RegisterLimits(
            batch=options.changeset_lines,
            read_ahead=PAGE,
            settle_seconds=options.settle_seconds,
            look_again_seconds=LOOK_AGAIN_SECONDS,
            shared=True,
            axes=frozenset(options.dimensions),
        )

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """Every value, an axis at a time, which memory holds: the vendor sorts in an order of its own."""
        asked = sorted(axis_of("", axis) for axis in self._options.dimensions)
        for beginning in within:
            if not any(beginning.startswith(axis) or axis.startswith(beginning) for axis in asked):
                text = (
                    f"This connection keeps no dimension values under {beginning!r}, only under"
                    f" {', '.join(asked)}. Correct the axis, or the setting `dimensions`."
                )
                raise Refused(text, where=beginning, code="value.dimension")
        facts = self._facts = self._read_facts()
        for prefix in asked:
            beginnings = [one for one in within if one.startswith(prefix) or prefix.startswith(one)]
            name = prefix.strip("/")
            if within and not beginnings:
                continue
            if name not in facts.axes:
                if any(one.startswith(prefix) for one in within):
                    raise Refused(self._no_dimension(name), where=prefix, code="value.dimension")
                continue
            for row in self._values(name, facts.axes[name]):
                if not within or row.key.startswith(tuple(beginnings)):
                    yield row

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]]:
        """These values now."""
        found: dict[str, Versioned[DimensionValue]] = {}
        for name, same in groupby(sorted(keys), key=lambda key: key[: key.find("/", 1)]):
            axis = self._known().axes.get(name.removeprefix("/")) if name.startswith("/") else None
            if axis is None:
                continue
            codes = [key[len(name) + 1 :] for key in same]
            parts = list(values.in_parts(codes))
            if len(parts) > self._pages.get(axis.name, UNKNOWN_PAGES):
                parts = [[]]
            wanted = {f"{name}/{code}" for code in codes}
            for some in parts:
                rows = self._values(name.removeprefix("/"), axis, some)
                found |= {row.key: row for row in rows if row.key in wanted}
        return found

    def _values(
        self, axis: str, dimension: Axis, codes: Sequence[str] = ()
    ) -> Iterator[Versioned[DimensionValue]]:
        """The values of the axis with these codes, or all, in the order of keys."""
        where = f"FinancialDimension eq {odata.text(dimension.name)}"
        if codes:
            where += f" and {odata.any_of('DimensionValue', [odata.text(code) for code in codes])}"
        listed: dict[str, list[wire.HeldValue]] = {}
        counted = 0
        for row in self._client.rows(VALUES, wire.HeldValue, where):
            counted += 1
            if not row.LegalEntityId and row.FinancialDimension.casefold() == dimension.name.casefold():
                listed.setdefault(values.folded(row.DimensionValue), []).append(row)
        if not codes:
            self._pages[dimension.name] = counted // PAGE + 1
        titles = {values.folded(record.code): record for record in self._behind(dimension, codes)}
        for code in sorted(listed.keys() | titles.keys()):
            yield self._versioned(axis, dimension, code, listed.get(code, []), titles.get(code))

    def _behind(self, dimension: Axis, codes: Sequence[str]) -> Iterable[wire.Unit | wire.Worker]:
        source = SOURCES.get(dimension.behind.replace(" ", "").casefold())
        if source is None:
            return ()
        entity_set, shape, field = source
        where = odata.any_of(field, [odata.text(code) for code in codes]) if codes else ""
        return self._client.rows(entity_set, shape, where)

    def _versioned(
        self,
        axis: str,
        dimension: Axis,
        code: str,
        rows: Sequence[wire.HeldValue],
        record: wire.Unit | wire.Worker | None,
    ) -> Versioned[DimensionValue]:
        """One value. Of several that differ in letters only, the one that is open; where that is not one, the
        first, without a version.
        """
        today = self._clock.now().date()
        usable = [row for row in rows if chart.active(row, today)]
        chosen = usable if len(usable) == 1 else sorted(rows, key=lambda row: row.DimensionValue)[:1]
        doubt = len(rows) > 1 and len(usable) != 1
        row = chosen[0] if chosen else None
        spelled = row.DimensionValue if row else record.code if record else code
        until = values.until_of(row.ActiveTo) if row else None
        is_open = row is None or chart.active(row, today)
        value = DimensionValue(
            entity="",
            axis=axis,
            code=code,
            title=values.title_of(record.title if record else row.Description if row else ""),
            open=is_open,
            until=until if is_open or (until and until < today) else None,
            spelled=spelled if spelled != code else None,
        )
        barred = values.barred(row, today) if row else ""
        if doubt:
            names = " and ".join(sorted(row.DimensionValue for row in rows))
            barred = f"has {names} of {dimension.name}, which are one. Suspend or rename all but one there."
        if barred:
            self._barred[value.key] = f"Dynamics {barred}"
        else:
            self._barred.pop(value.key, None)
        return Versioned(record=value, version="" if doubt or row is None else row.etag)

    def _known(self) -> Facts:
        self._facts = self._facts or self._read_facts()
        return self._facts

    def _read_facts(self) -> Facts:
        found = {row.DimensionName: row for row in self._client.rows("DimensionAttributes", wire.Attribute)}
        axes = {}
        for axis, name in self._options.dimensions.items():
            spelled = vendor_spelling(name, found, what="dimension")
            if isinstance(spelled, str):
                row = found[spelled]
                behind, mask = (row.UseValuesFrom or "").strip(), row.DimensionValueMask or ""
                own = not behind or "custom" in behind.casefold()
                axes[axis] = Axis(name=spelled, behind="" if own else behind, mask=mask)
        return Facts(axes=axes, delimiter=delimiter_of(self._company_facts.read_delimiter()))

    def axes(self) -> Mapping[str, Axis]:
        """The dimensions by axis, asked afresh."""
        self._facts = self._read_facts()
        return self._facts.axes

    def states(self, axis: str, company: str) -> dict[str, tuple[str, bool]]:
        """Each value of the axis, as it is compared: as it is written, and whether it may be used in the
        company today. One behind a record is there before it was used.
        """
        dimension = self._known().axes.get(axis)
        if dimension is None:
            return {}
        where = f"FinancialDimension eq {odata.text(dimension.name)}"
        rows = [
            row
            for row in self._client.rows(VALUES, wire.HeldValue, where)
            if row.FinancialDimension.casefold() == dimension.name.casefold()
            and row.LegalEntityId.lower() in ("", company)
        ]
        found: dict[str, tuple[str, bool]] = {}
        for code, usable in chart.in_company(rows, self._clock.now().date()).items():
            if usable or values.folded(code) not in found:
                found[values.folded(code)] = (code, usable)
        for record in self._behind(dimension, ()):
            found.setdefault(values.folded(record.code), (record.code, True))
        return found

    # --- what a value can be --------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As Dynamics keeps it today."""
        return values.normal(record, self._clock.now().date())

    def check(self, record: DimensionValue) -> tuple[Problem, ...]:
        """What Dynamics cannot hold of the value, or not here."""
        return tuple(self._problems(record))

    def _problems(self, record: DimensionValue) -> Iterator[Problem]:
        if problem := self._elsewhere(record):
            yield problem
            return
        code, name = record.written, self._known().axes[record.axis].name
        mask = self._known().axes[record.axis].mask
        if not 1 <= len(code) <= values.CODE_MAX:
            text = f"The code {code!r} has {len(code)} characters, and {name} takes 1 to {values.CODE_MAX}."
            yield Problem("value.length", record.key, f"{text} Give it another code at the source.")
        if mask and not values.pattern_of(mask).fullmatch(code):
            text = (
                f"The code {code!r} does not have the form {mask!r} of {name}, where # is a digit and & a"
                " letter. Give it another code at the source, or change the mask in Dynamics."
            )
            yield Problem("value.mask", record.key, text)
        if held := unsure(code, self._known().delimiter):
            text = f"The code {code!r} of {name} holds {held}; it may be read back as another code."
            yield Problem("dimension.delimiter", record.key, f"{text} Give it another code at the source.")
        if not record.title:
            text = f"The code {code!r} of {name} has no title. Enter one at the source."
            yield Problem("value.title", record.key, text)
        if record.open and record.key in self._barred:
            yield Problem("value.barred", record.key, self._barred[record.key])

    def _elsewhere(self, record: DimensionValue) -> Problem | None:
        """Why nothing is written of the value here, whatever it is."""
        axis = self._known().axes.get(record.axis)
        if axis is None:
            return Problem("value.dimension", record.key, self._no_dimension(record.axis))
        if not axis.behind:
            return None
        text = (
            f"Values of {axis.name} come from {axis.behind} in Dynamics: {record.written} is made, renamed"
            " and closed there, not in the list of values. A value that is not in the list may exist all the"
            " same."
        )
        return Problem("value.behind", record.key, text)

    def _no_dimension(self, axis: str) -> str:
        named = self._options.dimensions.get(axis, axis)
        return f"Dynamics shows no financial dimension {named} for {axis}. Correct the setting `dimensions`."

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """Each change in a changeset of its own. A new value that somebody made meanwhile is stale."""
        answers = {change.key: self._unsent(change, seen) for change in changes}
        left = [change for change in changes if answers[change.key] is None]
        writes = [self._operation(change, seen.get(change.key, "")) for change in left]
        said = carry_out(self._client, writes, lambda place, part: values.outcome(left[place], part))
        for change, outcome in zip(left, said, strict=True):
            answers[change.key] = answer_of(change.key, outcome)
        answers |= dict.fromkeys(self._made_meanwhile(answers), Stale())
        return tuple(answer for answer in answers.values() if answer is not None)

    def _made_meanwhile(self, answers: Mapping[str, Answer | None]) -> Collection[str]:
        """Which of the values that exist, as Dynamics says, are shown to us now."""
        exist = [
            key
            for key, answer in answers.items()
            if isinstance(answer, NotTaken) and answer.problem.code == values.HIDDEN
        ]
        try:
            return self.read(exist).keys() if exist else ()
        except ConnectorError:
            return ()

    def _unsent(self, change: Change, seen: Mapping[str, str]) -> Answer | None:
        """What is answered without a write; `None` for what is to be written."""
        if problem := self._elsewhere(change.after):
            return NotTaken(problem)
        if change.before is not None and not seen.get(change.key):
            text = self._barred.get(
                change.key, f"Dynamics gave no version of {change.before.written}, so it is not written."
            )
            return NotTaken(Problem("value.barred", change.key, text))
        return None

    def _operation(self, change: Change, version: str) -> batch.Operation:
        name = self._known().axes[change.after.axis].name
        fields = values.fields_of(change, self._clock.now().date())
        if change.before is None:
            key = {"FinancialDimension": name, "LegalEntityId": "", "DimensionValue": change.after.written}
            url = self._options.base_url + address(VALUES)
            return batch.Operation(method="POST", url=url, content=encode({**key, **fields}))
        url = self._options.base_url + address(valued(name, change.before.written))
        return batch.Operation(method="PATCH", url=url, content=encode(fields), headers={"If-Match": version})
