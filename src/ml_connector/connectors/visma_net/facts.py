"""What a company accepts, read from it and compared with an entry before anything is sent.

What never changes is remembered while the process lives: the company's own currency, and which days a period
holds. A reading consists of small lists; the long ones are read only where they are asked for. Between
proposal and write a reading is used for a minute, as long as it shows no problem with the entry, because
Visma checks again.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.client import VismaClient
from ml_connector.connectors.visma_net.comparing import Reading, problems_of, refuse
from ml_connector.connectors.visma_net.settings import BRANCH, PROJECT, Options
from ml_connector.connectors.visma_net.translate import SEGMENT_MAX, Layout
from ml_connector.domain.journal import Account, Chart, JournalEntry
from ml_connector.domain.money import DECIMALS
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.errors import NotSent, OutcomeUnknown, PeriodClosed, Refused, Throttled, VendorChanged
from ml_connector.ports.storage import Clock

BELIEVED_SECONDS = 60.0
ACTUAL, ACTIVE, SUBACCOUNT = "Actual", "Active", "SUBACCOUNT"


class Facts:
    """Reads of one company's master data."""

    def __init__(self, options: Options, client: VismaClient, clock: Clock) -> None:
        self._options, self._client, self._clock, self.company = options, client, clock, client.company
        self._readings: dict[str, Reading] = {}
        self._calendar: tuple[FiscalPeriod, ...] = ()
        self._calendar_at = 0.0
        self._organization: wire.Organization | None = None

    def organization(self) -> wire.Organization:
        """The company that the token leads into. Raises `Refused` when it is another than the tenant id is
        stored for, or may be.
        """
        if self._organization is None:
            rows = self._client.must_exist("/v1/organization", wire.Organization, expandBranches="true")
            found = next((row for row in rows if row.organizationCd.strip() == self.company), None)
            if found is None:
                there = ", ".join(row.organizationCd for row in rows)
                text = (
                    f"The tenant id leads to {there}, not to {self.company}. Correct the company or the"
                    " tenant id; nothing is booked."
                )
                raise Refused(text, where="company", code="company.wrong")
            others = self._options.companies.keys() & {row.organizationCd.strip() for row in rows} - {
                self.company
            }
            if others:
                text = (
                    f"The tenant id of {self.company} leads to {', '.join(sorted(others))} too, so it is not"
                    " certain where an entry would be booked. "
                )
                raise Refused(
                    text + "Use a connection for each of these companies; nothing is booked.",
                    where="company",
                    code="company.unclear",
                )
            self._organization = found
        return self._organization

    @property
    def currency(self) -> str:
        """The company's own currency."""
        return (self.organization().baseCurrency or "").strip()

    def ledgers(self) -> list[wire.Ledger]:
        """Its ledgers, of every type."""
        return self._client.must_exist("/v1/ledger", wire.Ledger)

    def ledger_problem(self, number: str, ledgers: Iterable[wire.Ledger]) -> str | None:
        """Why the ledger does not take our entries, or `None`."""
        found = next((row for row in ledgers if row.number.strip() == number), None)
        if found is None:
            return f"Company {self.company} has no ledger {number}. Choose one of type {ACTUAL}."
        if found.balanceType != ACTUAL:
            return f"Ledger {number} is of type {found.balanceType}. Choose one of type {ACTUAL}."
        return None

    def branches(self) -> list[wire.Branch]:
        """The branches of the company; those of other companies behind the same tenant id are left out."""
        own = self.organization().branches
        rows = self._client.must_exist("/v1/branch", wire.Branch)
        return (
            rows if own is None else [row for row in rows if row.number in {branch.number for branch in own}]
        )

    def branch(self, branches: Iterable[wire.Branch]) -> str:
        """The branch of lines that name none. Raises `Refused` when there is not exactly one."""
        wanted = self._options.branch
        meant = [row for row in branches if row.number == wanted or (not wanted and row.isMainBranch)]
        found = [row for row in meant if row.isActive]
        if len(found) != 1:
            name = f"no active branch {wanted}" if wanted else f"{len(found)} active main branches"
            inactive = ", ".join(row.number for row in meant if not row.isActive)
            remedy = f"Activate {inactive} in Visma, or name" if inactive else "Name"
            text = f"Company {self.company} has {name}. {remedy} an active one in the connection."
            raise Refused(text, where="branch", code="branch.missing")
        return found[0].number

    def segments(self) -> list[wire.Segment]:
        """The segments of the subaccount, in order, with their values."""
        found = self._client.get(f"/v1/dimension/{SUBACCOUNT}").decode(wire.Dimension).segments or []
        return sorted(found, key=lambda segment: segment.segmentId)

    def layout(self, segments: Iterable[wire.Segment], branch: str) -> Layout:
        """How lines are written. Raises `Refused` for a segment without an axis, or an axis without a
        segment.
        """
        found = [
            (row.segmentId, row.description or "", self._options.axis_of(row.segmentId, row.description))
            for row in segments
        ]
        loose = [f"{number} ({name})" for number, name, axis in found if axis is None or number > SEGMENT_MAX]
        missing = sorted(self._options.segments.keys() - {axis for _, _, axis in found})
        if loose:
            text = (
                f"Segment {', '.join(loose)} of the subaccount has no axis in this connection, and Visma"
                " needs it on every line. Name its axis in the connection."
            )
            raise Refused(text, where="segments", code="segments.unnamed")
        if missing:
            there = ", ".join(f"{number} ({name})" for number, name, _ in found)
            raise Refused(
                f"No segment of the subaccount has the axis {', '.join(missing)}. The segments are {there}.",
                where="segments",
                code="segments.unnamed",
            )
        return Layout(
            segments=tuple((number, name, axis) for number, name, axis in found if axis is not None),
            branch=branch,
        )

    def projects(self) -> list[wire.Project]:
        """The projects with their tasks."""
        return self._client.pages("/v1/project", wire.Project, lambda row: [row.projectID])

    def periods(self) -> tuple[FiscalPeriod, ...]:
        """The whole calendar, in order. Periods within others, which adjustments are booked in, take no
        posting date and are left out.
        """
        rows = self._client.must_exist("/v1/financialPeriod", wire.Period)
        try:
            days = sorted(
                ((wire.day(row.startDate), wire.day(row.endDate), row) for row in rows),
                key=lambda found: found[:2],
            )
            numbers = {row.period: (int(row.period[:4]), int(row.period[4:])) for row in rows}
        except ValueError as error:
            raise VendorChanged(
                f"A financial period has dates or a number that cannot be read: {error}.",
                where="financialPeriod",
            ) from error
        found: list[FiscalPeriod] = []
        for start, end, row in days:
            if found and start <= found[-1].end:
                if start < found[-1].end or start == end:
                    continue
                found[-1] = replace(found[-1], end=start - timedelta(days=1))
            (year, number), is_open = numbers[row.period], row.active and not row.closedInGeneralLedger
            found.append(FiscalPeriod(start=start, end=end, year=year, number=number, open=is_open))
        self._calendar, self._calendar_at = tuple(found), self._clock.monotonic()
        return self._calendar

    def period(self, day: date) -> FiscalPeriod:
        """The period of a day, open or not as it was when last read. Raises `PeriodClosed` where there is
        none.
        """
        found = period_of(day, self._calendar) or period_of(day, self.periods())
        if found is None:
            text = (
                f"{day} is in no financial period of company {self.company}. Create it in Visma, or choose"
                " another posting date."
            )
            raise PeriodClosed(text, where="posting_date", code="period.unknown")
        return found

    def periods_of(self, start: date, end: date) -> tuple[FiscalPeriod, ...]:
        """The periods that hold these days, open or not as they were when last read."""
        known = self._calendar
        if not known or start < known[0].start or end > known[-1].end:
            known = self.periods()
        return tuple(period for period in known if period.start <= end and start <= period.end)

    # --- readings -------------------------------------------------------------------------------------------

    def read(self, journal: str, axes: frozenset[str]) -> Reading:
        """Ledgers, branches, segments, accounts and currencies; projects where their axis is asked for."""
        branches, segments = self.branches(), self.segments()
        layout = self.layout(segments, self.branch(branches))
        accounts = self._client.must_exist("/v1/account", wire.Account)
        currencies = self._client.must_exist("/v1/currency", wire.Currency)
        states = {
            axis: _segment_states(segments, number) for number, _, axis in layout.segments if axis in axes
        }
        if BRANCH in axes:
            states[BRANCH] = {row.number: row.isActive for row in branches}
        if PROJECT in axes:
            states[PROJECT] = _project_states(self.projects())
        required = frozenset(axis for _, _, axis in layout.segments if axis not in self._options.defaults)
        chart = Chart(
            entity=self.company,
            journal=journal,
            journal_problem=self.ledger_problem(journal, self.ledgers()),
            currencies=frozenset(
                row.id for row in currencies if row.isUsedForAccounting and row.id in DECIMALS
            ),
            accounts={row.accountCD.strip(): _account(row, required) for row in accounts},
            codes={
                axis: frozenset(code for code, usable in codes.items() if usable)
                for axis, codes in states.items()
            },
            inactive={
                axis: frozenset(code for code, usable in codes.items() if not usable)
                for axis, codes in states.items()
            },
            currency=self.currency,
            own_rates=True,
        )
        reading = Reading(
            chart=chart,
            layout=layout,
            currency_of={row.accountCD.strip(): row.currency for row in accounts if row.currency},
            precision={row.id: row.decimalPrecision for row in currencies},
            axes=axes,
            read_at=self._clock.monotonic(),
        )
        self._readings[journal] = reading
        return reading

    def proven_reading(self, entry: JournalEntry) -> Reading:
        """What the entry was compared with and found right. Raises what Visma would refuse of it, by facts of
        this moment.
        """
        axes = frozenset(value.axis for line in entry.lines for value in line.dimensions)
        blocked_combinations, known, now = (
            self._blocked_combinations(),
            self._readings.get(entry.journal),
            self._clock.monotonic(),
        )
        if (
            known is not None
            and axes <= known.axes
            and now - min(known.read_at, self._calendar_at) <= BELIEVED_SECONDS
        ):
            reading = replace(known, periods=self._calendar, blocked_combinations=blocked_combinations)
            if not list(problems_of(entry, reading, self._options.defaults)):
                return reading
        reading = replace(
            self.read(entry.journal, axes), periods=self.periods(), blocked_combinations=blocked_combinations
        )
        refuse(entry, reading, self._options.defaults)
        return reading

    def explain_refusal(self, entry: JournalEntry) -> None:
        """After Visma refused the entry: read everything again, and raise the refusal with field and value
        where the facts show them.
        """
        self._readings.pop(entry.journal, None)
        with suppress(NotSent, OutcomeUnknown, Throttled, VendorChanged):
            self.proven_reading(entry)

    def _blocked_combinations(self) -> frozenset[tuple[str, ...]]:
        inactive = self._client.pages(
            "/v1/subaccount", wire.Subaccount, lambda row: [row.subaccountNumber], active="false"
        )
        return frozenset(
            tuple(
                (part.segmentValue or "").rstrip()
                for part in sorted(row.segments or [], key=lambda part: part.segmentId)
            )
            for row in inactive
            if not row.active
        )


def _segment_states(segments: Iterable[wire.Segment], number: int) -> dict[str, bool]:
    return {
        value.valueId.rstrip(): value.active
        for row in segments
        if row.segmentId == number
        for value in row.segmentValues or []
    }


def _project_states(projects: Iterable[wire.Project]) -> dict[str, bool]:
    """Every task by `project/task`, and whether a line of the general ledger may use it."""
    states = {}
    for row in projects:
        usable = row.status == ACTIVE and not row.hold and _visible(row.visibility)
        for task in row.tasks or []:
            states[f"{row.projectID.strip()}/{task.taskId.strip()}"] = (
                usable and task.status == ACTIVE and _visible(task.visibility)
            )
    return states


def _visible(visibility: wire.Visibility | None) -> bool:
    return visibility is None or visibility.visibleInGl


def _account(row: wire.Account, required: frozenset[str]) -> Account:
    """The account. Its description has the reason why it takes no entry of ours, where it is not just
    inactive.
    """
    why_not = f", control account of {row.controlAccountModule}" if row.controlAccountModule else ""
    why_not = why_not or (", without manual entry" if row.allowManualEntry is False else "")
    return Account(
        code=row.accountCD.strip(),
        description=f"{row.description or 'no name'}{why_not}",
        blocked=not row.active or bool(why_not),
        required=required,
    )
