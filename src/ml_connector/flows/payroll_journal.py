"""F1: a pay run becomes journal entries, posted once, and both sides are proved to agree.

    read     the run and its register; its lines block by block; complete, or stop
    propose  posting date, chart, entries; every check; then approval of exactly this fingerprint
    post     each entry, once
    confirm  read the ledger back and tie out: register = run = journal = ledger

Nothing is ever written to the payroll system.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.build import BuildPolicy, EntryBuilder, Proposal, Stand
from ml_connector.domain.checks import TieRow, check_blocks, check_entry, check_totals, tie_out
from ml_connector.domain.journal import BookedEntry, Chart, ExchangeRate, JournalEntry, Marker
from ml_connector.domain.mapping import Mapping
from ml_connector.domain.payroll import Distribution, Kind, PayRun
from ml_connector.domain.period import FiscalPeriod, PostingDate, choose_posting_date, period_of
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.commits import revise, stands
from ml_connector.flows.policy import Mode, PayrollPolicy, read_rates
from ml_connector.ports.storage import Commits, RunRow, RunState, Staging
from ml_connector.ports.systems import LedgerSink, PayrollSource
from ml_connector.runs.run import Done, Hold, Next, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollJournal:
    """The flow between one payroll and one ledger. `tenant` is the payroll's, part of every commit key."""

    tenant: str
    payroll: PayrollSource
    ledger: LedgerSink
    staging: Staging
    commits: Commits
    mapping: Mapping
    policy: PayrollPolicy

    # --- read -----------------------------------------------------------------------------------------------

    def read(self, run: Run) -> Next | Done:
        """Stage every line of the run; the completeness gate stands before anything else reads them."""
        reference = run.row.input["pay_run"]
        pay_run = run.step("pay run", lambda: self.payroll.pay_run(reference))
        run.check("start", lambda: self._too_early(pay_run))
        run.step("blocks", lambda: self._stage(run.row.id, reference))
        run.check("rows", lambda: self.staging.problems(run.row.id))
        run.check("complete", lambda: self._incomplete(run.row.id))
        return Next("propose")

    def _stage(self, run: str, reference: str) -> int:
        self.staging.clear(run)
        rows = 0
        for block in self.payroll.blocks(reference):
            self.staging.stage(run, block)
            rows += len(block.rows)
        return rows

    def _incomplete(self, run: str) -> list[Problem]:
        delivered = self.staging.delivered(run)
        return check_blocks([number for number, _, _ in delivered], [total for _, total, _ in delivered])

    def _too_early(self, pay_run: PayRun) -> Iterable[Problem]:
        if pay_run.pay_period.end < self.policy.starts_on:
            text = (
                f"The run pays for {pay_run.pay_period.end}, before this flow starts on"
                f" {self.policy.starts_on}. It is not posted from here; "
            )
            yield Problem(
                "run.before_start",
                "starts_on",
                text + "what was booked before stays as it is. Move the start of the flow only if nobody has"
                " booked this run.",
                Owner.CONTROLLER,
            )

    # --- propose --------------------------------------------------------------------------------------------

    def propose(self, run: Run) -> Next | Done:
        """Make the entries, check everything, and ask for consent."""
        pay_run = cast(PayRun, run.value("read", "pay run"))
        calendars = run.step("calendars", lambda: self._calendars(pay_run))
        posting = run.step("posting date", lambda: self._posting_date(pay_run, calendars))
        if not isinstance(posting, PostingDate):
            raise Hold(posting)
        charts = run.step("chart", lambda: self._charts())
        stand = run.step("stand", lambda: self._stand(pay_run))
        run.check("earlier", lambda: stand.problems)
        proposal = run.step("proposal", lambda: self._build(run.row, pay_run, posting.day, stand, charts))
        foreign = run.step("foreign", lambda: self._foreign(posting.day, calendars, proposal))
        tie = run.step("tie-out", lambda: tuple(self._tie(pay_run, proposal, None)))
        accepted = run.row.input.get("accept_foreign") == "yes"
        run.check("proposal", lambda: self._problems(proposal, charts, tie, () if accepted else foreign))
        return self._consent(run, proposal)

    def _consent(self, run: Run, proposal: Proposal) -> Next | Done:
        fingerprint = proposal_fingerprint(proposal)
        run.step("fingerprint", lambda: fingerprint)
        if not proposal.entries:
            return Done("Nothing to post: the ledger already holds this pay run.")
        if run.row.input.get("dry_run") == "yes":
            return Done(f"Dry run: {describe(proposal)}. Nothing was posted.")
        if self.policy.mode is Mode.PROPOSE:
            raise Hold(
                (),
                RunState.AWAITING_APPROVAL,
                f"Proposed {describe(proposal)}. This flow only proposes: set its mode to approve to post.",
            )
        if self.policy.mode is Mode.APPROVE:
            raise Hold(
                (),
                RunState.AWAITING_APPROVAL,
                f"Proposed {describe(proposal)}. Waiting for approval of {fingerprint[:12]}.",
            )
        return Next("post")

    def _calendars(self, pay_run: PayRun) -> dict[str, tuple[FiscalPeriod, ...]]:
        """The fiscal periods of every legal entity: each has its own, and the same day may lie in a period of
        another name.
        """
        around = self.policy.posting_date.override or pay_run.pay_period.end
        return {
            entity: tuple(self.ledger.calendar(entity, journal, around))
            for entity, journal in self.policy.journals.items()
        }

    def _posting_date(
        self, pay_run: PayRun, calendars: AbstractMapping[str, Sequence[FiscalPeriod]]
    ) -> PostingDate | tuple[Problem, ...]:
        """One day for all entries of the run, open in the books of every legal entity."""
        chosen = {
            entity: choose_posting_date(pay_run.pay_period, self.policy.posting_date, calendar)
            for entity, calendar in calendars.items()
        }
        if closed := {entity: problem for entity, problem in chosen.items() if isinstance(problem, Problem)}:
            return _in_entities(closed, calendars)
        latest = max(
            (date for date in chosen.values() if isinstance(date, PostingDate)), key=lambda date: date.day
        )
        for entity, calendar in calendars.items():
            period = period_of(latest.day, calendar)
            if period is None or not period.open:
                text = (
                    f"{latest.day} is not open in {entity}, and the entries of a run have one posting date."
                    " Open it there, or choose another."
                )
                return (Problem("period.closed", "posting_date", text, Owner.CONTROLLER),)
        return latest

    def _charts(self) -> dict[str, Chart]:
        entities = sorted(set(self.policy.entities.values()))
        return {
            entity: self.ledger.chart(entity, self.policy.journals[entity], self.policy.axes)
            for entity in entities
        }

    def _foreign(
        self, day: date, calendars: AbstractMapping[str, Sequence[FiscalPeriod]], proposal: Proposal
    ) -> tuple[str, ...]:
        """Documents of others where these entries are to go; an entry of ours that a lost database forgot is
        known by its marker.

        What looks foreign is looked at twice: another run of ours may have been booked after we asked what is
        ours, and is known by now.
        """
        proposed = frozenset(Marker.of(entry.key).token for entry in proposal.entries)
        periods = {entity: period_of(day, calendar) for entity, calendar in calendars.items()}

        def others(entity: str, period: FiscalPeriod) -> tuple[str, ...]:
            return self.ledger.foreign(
                entity, self.policy.journals[entity], period, self.commits.traces(entity) | proposed
            )

        inside = {entity: period for entity, period in periods.items() if period is not None}
        return tuple(
            f"{entity} {document}"
            for entity, period in inside.items()
            if others(entity, period)
            for document in others(entity, period)
        )

    def _stand(self, pay_run: PayRun) -> Stand:
        subjects = {self.subject(pay_run, entity) for entity in self.policy.entities.values()}
        return stands(self.commits, subjects, self.key_prefix(pay_run))

    def _build(
        self, run: RunRow, pay_run: PayRun, day: date, stand: Stand, charts: dict[str, Chart]
    ) -> Proposal:
        builder = EntryBuilder(
            pay_run=pay_run,
            mapping=self.mapping,
            policy=self._build_policy(pay_run),
            posting_date=day,
            key_prefix=self.key_prefix(pay_run),
        )

        self._book(run.id, builder)
        proposal, rates = builder.finish(), read_rates(run.input)
        rated = tuple(
            replace(entry, rate=_rate(entry, charts[entry.entity], rates)) for entry in proposal.entries
        )
        return revise(replace(proposal, entries=rated), stand, self.ledger.limits.lines_max)

    def _book(self, run: str, builder: EntryBuilder) -> None:
        """Rows of a kind are booked in one sum; only those of a kind that is booked in detail, or split, come
        one by one.
        """
        whole: list[tuple[Distribution, int]] = []
        apart: set[Kind] = set()
        for group in self.staging.groups(run):
            cells = builder.add_group(group)
            if cells is None:
                apart.add(group.like.kind)
            else:
                whole.extend((group.like, cell) for cell in cells)

        def single() -> Iterator[tuple[int, int]]:
            for row, distribution in self.staging.rows(run) if apart else ():
                if distribution.kind in apart:
                    yield from ((row, cell) for cell in builder.add(distribution))

        self.staging.link(run, whole, single())

    def _build_policy(self, pay_run: PayRun) -> BuildPolicy:
        text = self.policy.text.format_map(
            {
                "run": pay_run.reference,
                "period_end": pay_run.pay_period.end,
                "pay_date": pay_run.pay_period.pay_date,
                "subject": pay_run.subject,
            }
        )
        return BuildPolicy(
            entities=self.policy.entities,
            journals=self.policy.journals,
            text=text,
            detail_groups=self.policy.detail_groups,
            minimum_workers=self.policy.minimum_workers,
            roll_up_axis=self.policy.roll_up_axis,
            roll_up_code=self.policy.roll_up_code,
            lines_max=self.ledger.limits.lines_max,
        )

    def _problems(
        self, proposal: Proposal, charts: dict[str, Chart], tie: tuple[TieRow, ...], foreign: tuple[str, ...]
    ) -> Iterator[Problem]:
        yield from proposal.problems
        if not proposal.problems:
            # A run that does not balance in itself cannot tie to anything: one cause is named once.
            yield from check_totals(proposal.totals) or _untied(tie)
        for entry in proposal.entries:
            yield from check_entry(entry, charts[entry.entity])
            yield from self.ledger.preflight(entry, Marker.of(entry.key))
        if foreign:
            journals = ", ".join(sorted(set(self.policy.journals.values())))
            text = (
                f"Journal {journals} already holds entries in this period that did not come from here:"
                f" {', '.join(foreign[:10])}. "
            )
            text += (
                "If one of them is this pay run, record the run as booked outside (runs outside); if not,"
                " resume and accept them."
            )
            yield Problem("ledger.foreign", f"journal {journals}", text, Owner.CONTROLLER)

    # --- post -----------------------------------------------------------------------------------------------

    def post(self, run: Run) -> Next | Done:
        """Book every entry, once. The parts were cut when they were approved; a run stopped between them goes
        on where it stood.
        """
        if self.policy.mode is Mode.PROPOSE:
            raise Hold([proposes_only()], RunState.AWAITING_APPROVAL)
        proposal = cast(Proposal, run.value("propose", "proposal"))
        if self.policy.mode is not Mode.AUTOMATIC and run.approved() != proposal_fingerprint(proposal):
            text = (
                "The entries of this run are not the ones that were approved. Approve them, or propose again."
            )
            raise Hold(
                [Problem("approval.missing", "approval", text, Owner.CONTROLLER)], RunState.AWAITING_APPROVAL
            )
        pay_run = cast(PayRun, run.value("read", "pay run"))
        for entry in proposal.entries:
            run.commit_once(entry, self.subject(pay_run, entry.entity))
        return Next("confirm")

    # --- confirm --------------------------------------------------------------------------------------------

    def confirm(self, run: Run) -> Next | Done:
        """Prove that the register, the run, the journal and the ledger say the same, to the cent."""
        pay_run = cast(PayRun, run.value("read", "pay run"))
        proposal = cast(Proposal, run.value("propose", "proposal"))
        booked = run.step("booked", lambda: tuple(self._booked(entry) for entry in proposal.entries))
        rows = run.step("tie-out", lambda: tuple(self._tie(pay_run, proposal, booked)))
        run.check("tie-out", lambda: _untied(rows))
        run.audit(
            "run.tied_out",
            {
                "run": run.row.id,
                "pay_run": pay_run.reference,
                "entries": len(booked),
                **rates_booked(proposal, booked),
            },
        )
        return Done(f"Posted {describe(proposal)} as {_numbers(booked)}; read back and tied out.")

    def _booked(self, entry: JournalEntry) -> BookedEntry:
        """The document as the ledger showed it when the commit was confirmed."""
        row = self.commits.get(entry.key)
        if row is None or not row.booked:
            raise codec.CodecError(f"{entry.key} is not confirmed")
        return cast(BookedEntry, codec.decode(row.booked))

    def _tie(
        self, pay_run: PayRun, proposal: Proposal, booked: tuple[BookedEntry, ...] | None
    ) -> list[TieRow]:
        totals = () if proposal.corrects else proposal.totals
        return tie_out(pay_run.register, proposal.ties, totals, proposal.entries, booked, pay_run.currency)

    # --- names ----------------------------------------------------------------------------------------------

    def key_prefix(self, pay_run: PayRun) -> str:
        """Beginning of every commit key of the run: what it means, and no number of ours."""
        return f"payroll:{self.tenant}:{pay_run.reference}"

    def subject(self, pay_run: PayRun, entity: str) -> str:
        """What an entry pays for, whatever run it came from."""
        return f"payroll:{self.tenant}:{pay_run.subject}:{entity}"


def proposal_fingerprint(proposal: Proposal) -> str:
    """What an approval consents to: the entries, nothing more and nothing less."""
    return codec.fingerprint(proposal.entries)


def proposes_only() -> Problem:
    """Why nothing is posted although it was approved: the flow was set to propose since, as after a
    restore.
    """
    text = "This flow only proposes. Set its mode to approve, then approve the entries again."
    return Problem("flow.proposes", "mode", text, Owner.CONTROLLER)


def rates_booked(proposal: Proposal, booked: Iterable[BookedEntry]) -> dict[str, str]:
    """What entries in a foreign currency were booked at, by document."""
    pairs = zip(proposal.entries, booked, strict=True)
    texts = {
        f"rate {there.receipt.entity} {there.receipt.number}": rate_text(entry, there)
        for entry, there in pairs
    }
    return {name: text for name, text in texts.items() if text}


def rate_text(entry: JournalEntry, booked: BookedEntry | None) -> str:
    """The rate that an entry was booked at, or is to be, and where it comes from: the giver's word for one
    that was given. Empty where there is none.
    """
    rate = booked.rate if booked else entry.rate
    return (
        f"1 {entry.currency} = {rate.rate:f} {rate.currency}, {(entry.rate or rate).source}" if rate else ""
    )


def describe(proposal: Proposal) -> str:
    """A proposal in a few words."""
    lines = sum(len(entry.lines) for entry in proposal.entries)
    first = proposal.entries[0]
    total = sum(
        (entry.debit.amount for entry in proposal.entries), start=first.debit.amount - first.debit.amount
    )
    entries = len(proposal.entries)
    return (
        f"{entries} {'entry' if entries == 1 else 'entries'}, {lines} lines, {total} {first.currency} debit"
        " and credit"
    )


def _rate(
    entry: JournalEntry, chart: Chart, rates: AbstractMapping[str, ExchangeRate]
) -> ExchangeRate | None:
    """The rate given for the run, where the entity keeps its books in another currency; one for a third
    currency is left for the checks to find.
    """
    if entry.currency == chart.currency:
        return None
    return rates.get(chart.currency) or next(iter(rates.values()), None)


def _in_entities(problems: AbstractMapping[str, Problem], entities: Collection[str]) -> tuple[Problem, ...]:
    """Each problem once; one that not all entities have names those that have it."""
    having = {
        problem: [entity for entity, other in problems.items() if other == problem]
        for problem in problems.values()
    }
    return tuple(
        (
            problem
            if len(named) == len(entities)
            else replace(problem, text=f"{', '.join(named)}: {problem.text}")
        )
        for problem, named in having.items()
    )


def _numbers(booked: Sequence[BookedEntry]) -> str:
    """The first few documents; of several legal entities with their entity, because each begins to count
    anew.
    """
    several = len({entry.receipt.entity for entry in booked}) > 1
    shown = [
        entry.receipt.number + (f" in {entry.receipt.entity}" if several else "") for entry in booked[:5]
    ]
    return ", ".join(shown) + (", …" if len(booked) > 5 else "")


def _untied(rows: Iterable[TieRow]) -> Iterator[Problem]:
    for row in rows:
        if row.difference:
            text = (
                f"{row.what} of {row.company} differs by {row.difference}: register {row.register}, run"
                f" {row.run}, "
            )
            text += f"journal {row.journal}, ledger {row.ledger}."
            yield Problem("tie_out.difference", f"{row.company} {row.what}", text, Owner.CONTROLLER)
