"""What a pay run comes to: the proposal of its entries as it is now, whatever is booked by then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from typing import cast

from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import Chart, JournalEntry
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Basis, Proposal, Subject
from ml_connector.domain.text import words
from ml_connector.flows.booked import Booked
from ml_connector.flows.flow import Opening
from ml_connector.flows.payroll import newer_runs, pays
from ml_connector.flows.payroll.entries import EntryMaker
from ml_connector.flows.payroll.policy import PayrollInput, PayrollPolicy, read_rates
from ml_connector.flows.posting import already_booked, consent, look_alikes
from ml_connector.flows.posting.journals import Journals
from ml_connector.ports.commits import UNBOOKED
from ml_connector.ports.ledger import JournalSink, Look
from ml_connector.ports.runs import RunState
from ml_connector.runs.proof import Wait
from ml_connector.runs.run import Run
from ml_connector.runs.waits import look_again

OTHERS_SECONDS = 30.0
"""How long a proposal waits before it looks again whether another run of the pay has ended."""
PLAN_SECONDS = 6 * 3600.0
"""When a run looks again that waits for a plan, whose end it is told of."""
NOT_THERE = frozenset({"code.unknown", "code.inactive"})
"""Codes of problems that a plan may mend."""
CODES_SHOWN = 5
AT_WORK = (RunState.READY, RunState.RUNNING, RunState.WAITING)
AFTER_CONSENT = ("post", "confirm")
"""Stages in which a run may have booked a part of what it says."""
UNFINISHED = "pay.unfinished"
"""Code of the problem that a run of a newer calculation waits for a person."""


class Proposals:
    """Makes the proposals of the pay runs of one flow."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._commits = opening, opening.commits
        self._policy: PayrollPolicy = opening.policy

    @property
    def entries(self) -> JournalSink:
        """Where the entries go."""
        return cast(JournalSink, self._opening.systems.target.sink(JournalEntry))

    @property
    def books(self) -> Journals:
        """The journals of the flow, and what else stands there."""
        return Journals(
            target=self._opening.systems.target,
            commits=self._commits,
            books=self._opening.target,
            policy=self._policy,
            before=self._opening.journals_before,
            restored_at=self._opening.restored_at,
        )

    def source(self) -> str:
        """The name of the payroll in keys."""
        return self._opening.source.confirm("", self._opening.systems.source.tenant(""))

    def tenant(self, entity: str) -> str:
        """The name of the books of a legal entity in keys."""
        return self._opening.target.confirm(entity, self._opening.systems.target.tenant(entity))

    def journals(self) -> Iterator[tuple[str, str]]:
        """Legal entities of the flow, sorted, each with its journal."""
        for entity in sorted(set(self._policy.entities.values())):
            yield entity, self._policy.journals[entity]

    def with_axes(
        self, proposal: Proposal, charts: AbstractMapping[str, Chart]
    ) -> AbstractMapping[str, Chart]:
        """The charts with every axis that an entry uses: a document of others that a difference takes back
        may use more than this flow does.
        """
        axes = {value.axis for entry in proposal.entries for line in entry.lines for value in line.dimensions}
        if axes <= self._policy.axes:
            return charts
        wide, ledger = self._policy.axes | axes, self._opening.systems.target.facts()
        return {e: ledger.chart(e, j, wide) for e, j in self.journals()}

    def or_wait(
        self, run: Run, proposal: Proposal, charts: AbstractMapping[str, Chart], problems: Iterable[Problem]
    ) -> tuple[Problem, ...]:
        """The problems; but where codes that the ledger does not have, or that are closed there, are all of
        them, and a plan is to bring them, the run waits for that plan.
        """
        found = tuple(problems)
        if run.row.dry or not found or any(problem.code not in NOT_THERE for problem in found):
            return found
        missing = {
            DimensionValue(entity=entry.entity, axis=value.axis, code=value.code)
            for entry in proposal.entries
            for line in entry.lines
            for value in line.dimensions
            if value.code not in charts[entry.entity].codes.get(value.axis, (value.code,))
        }
        named = sorted(missing, key=lambda value: value.key)
        if brings := self._opening.brought_by(named):
            codes = ", ".join(f"{value.axis} {value.code} in {value.entity}" for value in named[:CODES_SHOWN])
            more = f" and {len(named) - CODES_SHOWN} more" if len(named) > CODES_SHOWN else ""
            text = f"Not in the ledger yet: {codes}{more}. Waiting for the plan of run {brings}."
            raise Wait(look_again(run.row, self._commits.now(), PLAN_SECONDS), text, awaits=brings)
        return found

    def not_begun(self, proposal: Proposal) -> list[tuple[JournalEntry, Marker]]:
        """The entries of which nothing is written yet: those are looked for before they are sent."""
        rows = [(entry, self._commits.get(entry.key)) for entry in proposal.entries]
        fresh = (entry for entry, row in rows if row is None or row.state in UNBOOKED)
        return [(entry, Marker.of(entry.key)) for entry in fresh]

    def make(
        self, run: Run, pay_run: PayRun, basis: Basis, wanted: Sequence[tuple[JournalEntry, Marker]] = ()
    ) -> tuple[Proposal, Look]:
        """The proposal as it is now: from the staged rows, the newest mapping and settings, what is booked
        for the pay, and the documents of others; with the look at the ledger, which is for the entries that
        are `wanted` besides. Asked again under the claim, the proposal must come out the same.
        """
        prefix = self._key_prefix(pay_run)
        tenants = {entity: self.tenant(entity) for entity, _ in self.journals()}
        mapping, rates = self._opening.mapping(), read_rates(run.given(PayrollInput))
        maker = EntryMaker(
            pay_run=pay_run,
            mapping=mapping,
            policy=self._policy,
            basis=basis,
            families={entity: f"{prefix}:{tenant}:{entity}" for entity, tenant in tenants.items()},
            limits=self.entries.limits,
        )
        said = maker.make(run.row.id, self._opening.staging, rates)
        subjects = self.subjects(pay_run, maker.companies, tenants)
        found = pays.pays_of(run, pay_run, subjects, self._commits, said.in_full)
        subjects = dict(found.subjects)
        booked = already_booked.already_booked(self._commits, tuple(subjects.values()), prefix)
        newer = already_booked.replaced_by(booked, pay_run)
        old = [company for company, subject in subjects.items() if subject in newer]
        left = [company for company in maker.companies if company in subjects and company not in old]
        if old and left:
            # A newer calculation counts for the companies that it holds; this one still does for the others.
            maker = replace(maker)
            said = maker.make(run.row.id, self._opening.staging, rates, without=old)
            subjects = {company: subject for company, subject in subjects.items() if company not in old}
            booked = already_booked.already_booked(self._commits, tuple(subjects.values()), prefix)
        said = replace(said, subjects=tuple(subjects.values()), shares=maker.shares(said, subjects))
        proposal = already_booked.left_to_post(
            said, booked, maker.families, maker.limits.lines_max, maker.difference_text
        )
        look = self.books.look(run, proposal, basis, booked.rows, wanted)
        others = self.books.others(run, proposal, booked.rows, look)
        asked = look_alikes.ask(others.asked, run.row.id, self._policy.journals)
        unfinished = self._unfinished(run, proposal.subjects, tuple(newer.values()))
        moved = list(self.books.in_another_entity(run, subjects))
        if not found.problems:
            moved.extend(already_booked.of_another_pay(booked.own, tuple(subjects.values())))
        older = newer_runs.ask(run, pay_run, proposal, booked.rows)
        made = replace(
            proposal,
            problems=(*proposal.problems, *found.problems, *unfinished, *moved, *older, *asked),
            accepted=others.accepted,
            unknown=others.unknown,
            mapping=f"{mapping.name} v{mapping.version}",
            superseded="" if left else consent.superseded_by(newer.values()),
            left_out=consent.left_out(old, newer.values()) if left else "",
        )
        return made, look

    def let_others_end(self, run: Run, pay_run: PayRun) -> None:
        """What another run is posting for the same pay, and has begun, must have ended before a difference is
        made to it: a part of it says nothing of the rest.
        """
        tenants = {entity: self.tenant(entity) for entity, _ in self.journals()}
        subjects = tuple(self.subjects(pay_run, (), tenants).values())
        posting = {
            other.id
            for other in run.others(subjects)
            if other.state in AT_WORK and other.stage in AFTER_CONSENT
        }
        begun = next((row.run for row in self._commits.of_subjects(subjects) if row.run in posting), None)
        if begun is not None:
            due = look_again(run.row, self._commits.now(), OTHERS_SECONDS)
            text = f"Run {begun} is posting for the same pay. This run is proposed after it."
            raise Wait(due, text, awaits=begun)

    def subjects(
        self, pay_run: PayRun, companies: Iterable[str], tenants: AbstractMapping[str, str]
    ) -> dict[str, Subject]:
        """What the run speaks of: each of its companies, also one without a line."""
        source = self.source()
        entities = self._policy.entities
        found = sorted({*pay_run.companies, *companies} & entities.keys())
        return {
            company: Subject(
                tenant=tenants[entities[company]],
                entity=entities[company],
                text=f"payroll:{source}:{company}:{pay_run.subject}",
            )
            for company in found
        }

    def _unfinished(
        self, run: Run, subjects: Collection[Subject], newer: Iterable[Sequence[Booked]]
    ) -> Iterator[Problem]:
        """Runs of a newer calculation that have booked a part of the pay and wait for a person."""
        documents = consent.superseded_by(newer)
        runs = {part.row.run for made in newer for part in made}
        others = {other.id: other for other in run.others(subjects) if other.id in runs}
        for other in others.values():
            text = (
                f"A newer calculation of this pay is booked as {documents}, and run {other.id} of it is"
                f" {words(other.state)}. Finish it: ml-connector runs show {other.id}. Then:"
                f" ml-connector runs resume {run.row.id}."
            )
            yield Problem(UNFINISHED, other.id, text, Owner.CONTROLLER)

    def _key_prefix(self, pay_run: PayRun) -> str:
        """Beginning of every commit key of the run: what it means, and no number of ours."""
        return f"payroll:{self.source()}:{pay_run.reference}"
