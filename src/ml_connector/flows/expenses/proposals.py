"""What the reports of an export come to: the proposal of their documents and files as it is now, whatever is
booked by then.

    what is booked of a report    nothing: the entry · the same: nothing to book · another: that is taken back
    it was canceled               what is booked is taken back, and nothing is booked
    it cannot be booked           the export waits, or the report is left out and its source told why

A purchase entry that is open and unpaid is withdrawn. Any other entry gets a mirror, and both stay in the
books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any, TypeVar

from ml_connector.domain import codec
from ml_connector.domain.expense import ExpenseReport
from ml_connector.domain.expense_build import BuiltReport, expense_entry, form_of
from ml_connector.domain.expense_policy import ExpenseForm, NamedReport
from ml_connector.domain.expense_proposal import (
    ExpenseOrigin,
    ExpenseProposal,
    ReportBasis,
    ReportPlan,
    SeenExpense,
)
from ml_connector.domain.invoice_number import fitted
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.mapping import Resolver
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Share, Subject
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseEntry
from ml_connector.flows.booked import document_number
from ml_connector.flows.expenses import look_alikes
from ml_connector.flows.expenses.books import ReportBooks
from ml_connector.flows.expenses.policy import ReportPolicy
from ml_connector.flows.expenses.questions import BOOKED_AS, FAILS, SAME, fails, look_alike, seen
from ml_connector.flows.expenses.reading import ReadReport
from ml_connector.flows.expenses.summaries import left_out
from ml_connector.flows.flow import Opening
from ml_connector.flows.posting.look_alikes import ASKED, NOT_OURS
from ml_connector.flows.posting.mirrors import Mirrors, taken_back
from ml_connector.flows.posting.taken_back import REVERSAL, standing
from ml_connector.flows.purchasing.names import numbered
from ml_connector.flows.purchasing.papers import file_problems, papers_of
from ml_connector.flows.purchasing.proof import changed_since
from ml_connector.flows.purchasing.proposals import may_withdraw, taken_purchase, turned
from ml_connector.ports.commits import UNBOOKED, CommitRow, Commits, CommitState
from ml_connector.runs.run import Run

EXPENSE = "expense:"
"""Beginning of the commit keys of entries of reports."""
NUMBER_LETTERS = 30
OF_EACH = (
    "plans",
    "entries",
    "dossiers",
    "attachments",
    "takes_back",
    "subjects",
    "shares",
    "problems",
    "doubts",
    "origins",
)
"""What of a proposal is there for each report."""
Entry = PurchaseEntry | JournalEntry
E = TypeVar("E", PurchaseEntry, JournalEntry)


class ExpenseProposals:
    """Makes the proposals of the exports of one flow."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._commits = opening, opening.commits
        self._policy: ReportPolicy = opening.policy
        self.books = ReportBooks(opening)

    # --- the proposal ---------------------------------------------------------------------------------------

    def make(self, run: Run, read: Sequence[ReadReport], bases: Mapping[str, ReportBasis]) -> ExpenseProposal:
        """The proposal as it is now: from the reports and files as they were read, the newest mapping and
        settings, and what is booked of them. Asked again under the claim, it must come out the same.
        """
        parts, among = [], dict[str, SeenExpense]()
        for one in read:
            parts.append(self._one(run, replace(one, among=dict(among)), bases.get(one.exported.reference)))
            among |= look_alikes.expenses_of(one.report, one.by_key) if one.report else {}
        made = reduce(_joined, parts, ExpenseProposal())
        mapping, answers = self._opening.mapping(), run.answers()
        return replace(
            made,
            subjects=tuple(sorted(set(made.subjects))),
            mapping=f"{mapping.name} v{mapping.version}" if mapping.rules else "",
            accepted=tuple(sorted(name for name, said in answers.items() if said == NOT_OURS)),
            left_out=left_out(made.plans),
        )

    def _one(self, run: Run, read: ReadReport, basis: ReportBasis | None) -> ExpenseProposal:
        """What becomes of one report."""
        exported, booked = read.exported, self.standing(read.exported.report)
        plan = ReportPlan(reference=exported.reference, report=exported.report, number=exported.number)
        subjects = {share.subject for row in booked for share in row.shares}
        if read.report is None or basis is None:
            return self._without_entry(run, plan, booked, subjects)
        if basis.entity:
            subjects.add(self._subject(exported.report, basis.entity))
        built, dossiers, attachments = self._built(read, basis)
        problems = [*basis.problems, *built.problems]
        problems += file_problems(f"report {exported.number}", read.files, Owner.EXPENSES)
        if not problems and built.entry is None:
            text = f"every expense of report {exported.number} is repaid with wages"
            return ExpenseProposal(plans=(replace(plan, nothing=text),), subjects=tuple(sorted(subjects)))
        own = ExpenseProposal(
            plans=(replace(plan, key=built.entry.key if built.entry else "", files=len(attachments)),),
            entries=(built.entry,) if built.entry else (),
            dossiers=dossiers,
            attachments=attachments,
            subjects=tuple(sorted(subjects)),
            problems=tuple(problems),
            doubts=(*built.notes, *self._moved(read.report, basis), *self._without_code(built)),
        )
        if built.entry is not None:
            origin = ExpenseOrigin(key=built.entry.key, report=exported.number, lines=built.origins)
            own = replace(own, origins=(origin,))
        return self._decided(run, plan, self._beside(run, read, own, booked))

    def _without_code(self, built: BuiltReport) -> Iterator[str]:
        """That VAT stands in a journal entry, where it has no VAT code."""
        accounts = set(self._policy.building.vat_accounts.values())
        if isinstance(built.entry, JournalEntry) and any(
            line.account in accounts for line in built.entry.lines
        ):
            where = built.entry.text
            yield f"VAT of {where} stands in a journal entry without a VAT code, so no VAT return counts it."

    def _moved(self, report: ExpenseReport, basis: ReportBasis) -> Iterator[str]:
        """That the report is booked in another period, or on another day, because that of its day is
        closed.
        """
        day, number = self._policy.day_of(report), report.number
        if basis.period is not None:
            year, month = basis.period
            yield f"Report {number} of {day} is booked in period {year}-{month:02}: its own is closed."
        elif basis.day != day:
            yield f"Report {number} of {day} is booked on {basis.day}, because its period is closed."

    def _built(
        self, read: ReadReport, basis: ReportBasis
    ) -> tuple[BuiltReport, tuple[Dossier, ...], tuple[Attachment, ...]]:
        """The entry with its files, as if nothing were booked yet."""
        report = read.report
        assert report is not None
        assert basis.day is not None
        purchase = form_of(report, self._policy.building) is ExpenseForm.PURCHASE
        limits = self.books.purchases.limits if purchase else self.books.journals.limits
        line_max = limits.line_text_max
        text_max = limits.text_max if purchase or line_max is None else min(limits.text_max, line_max)
        building = replace(self._policy.building, line_text_max=line_max or limits.text_max)
        mapping = self._opening.mapping()
        resolver = Resolver(mapping=mapping, day=basis.day) if mapping.rules else None
        family = self._family(read.exported.report, basis.entity)
        title = _text(report, text_max)
        dossier = Dossier(
            key="",
            entity=basis.entity,
            title=title,
            supplier=basis.supplier.code if basis.supplier else "",
            date=basis.day,
        )
        papers = papers_of(self._commits, dossier, read.files, family) if purchase else ((), ())
        named = NamedReport(
            key="",
            day=basis.day,
            text=title,
            currency=basis.currency or report.currency,
            supplier=basis.supplier.code if basis.supplier else "",
            number=fitted(report.number, self.books.purchases.limits.number_max)
            if purchase
            else report.number,
            period=basis.period,
            refers=tuple(one.key for one in papers[0]),
        )
        built = expense_entry(report, building, named, resolver)
        if built.entry is None:
            return built, (), ()
        entry = _keyed(built.entry, self._commits, family)
        if not purchase:
            papers = papers_of(self._commits, replace(dossier, entry=entry.key), read.files, family)
        return replace(built, entry=entry), *papers

    # --- beside what is booked ------------------------------------------------------------------------------

    def _beside(
        self, run: Run, read: ReadReport, own: ExpenseProposal, booked: Sequence[CommitRow]
    ) -> ExpenseProposal:
        """The proposal with what is booked of the report: the same is left alone, another is taken back."""
        entry = own.entries[-1] if own.entries else None
        same = [row for row in booked if entry is not None and row.key == entry.key]
        problems = list(own.problems)
        if any(row.state is CommitState.CONFIRMED for row in same):
            for row in same:
                problems.extend(self._changed(run, row))
            plan = replace(own.plans[0], already=document_number(same[0]))
            papers = self._unwritten(own)
            return replace(own, plans=(plan,), entries=(), problems=tuple(problems), **papers)
        back = self._taking_back(run, [row for row in booked if row not in same], problems)
        beside = replace(
            own,
            entries=(*back.entries, *own.entries),
            takes_back=back.takes_back,
            shares=back.shares,
            problems=back.problems,
        )
        return beside if back.problems or entry is None else self._asked(run, read, beside)

    def _unwritten(self, own: ExpenseProposal) -> dict[str, Any]:
        """Files of what is booked already that are not proved to be in the ledger, and what holds them."""
        keys = [one.key for one in own.dossiers] + [one.key for one in own.attachments]
        rows = {key: self._commits.get(key) for key in keys}
        written = {key for key, row in rows.items() if row and row.state is CommitState.CONFIRMED}
        left = tuple(one for one in own.attachments if one.key not in written)
        holds = {key for one in left for key in one.refers}
        return {"attachments": left, "dossiers": tuple(one for one in own.dossiers if one.key in holds)}

    def _taking_back(
        self, run: Run, rows: Sequence[CommitRow], problems: Sequence[Problem] = ()
    ) -> ExpenseProposal:
        """What is booked is taken back: withdrawn, or with a mirror."""
        found, made = list(problems), ExpenseProposal()
        for row in rows if not found else ():
            found.extend(self._changed(run, row))
            if found:
                break
            made = _joined(made, self._back(run, row))
            found.extend(made.problems)
        return replace(made, problems=tuple(found))

    def _back(self, run: Run, row: CommitRow) -> ExpenseProposal:
        if isinstance(codec.decode(row.content), PurchaseEntry):
            mirrors: tuple[Entry, ...] = ()
            if not may_withdraw(self.books.purchases, run, row):
                mirrors = (turned(self._commits, row, self.books.purchases.limits.text_max),)
            made = ExpenseProposal(entries=mirrors, takes_back=(taken_purchase(row),))
        else:
            mirror = Mirrors(commits=self._commits, ledger=self.books.ledger, policy=self._policy).proposal(
                [row]
            )
            made = ExpenseProposal(
                entries=mirror.entries, takes_back=(taken_back(row),), problems=mirror.problems
            )
        shares = tuple(
            Share(key=entry.key, subject=share.subject) for entry in made.entries for share in row.shares
        )
        return replace(made, shares=shares)

    def _without_entry(
        self, run: Run, plan: ReportPlan, booked: Sequence[CommitRow], subjects: set[Subject]
    ) -> ExpenseProposal:
        """What is booked of a report that was canceled is taken back."""
        back = self._taking_back(run, booked)
        nothing = "" if booked else f"nothing is booked of report {plan.number}, which was canceled"
        plans = (replace(plan, nothing=nothing),)
        return replace(back, plans=plans, subjects=tuple(sorted(subjects)))

    def _changed(self, run: Run, row: CommitRow) -> Iterator[Problem]:
        return changed_since(self.books.sink_of(codec.decode(row.content)), row, run.row.id)

    # --- what a person decides ------------------------------------------------------------------------------

    def _asked(self, run: Run, read: ReadReport, own: ExpenseProposal) -> ExpenseProposal:
        """The questions that nobody has answered yet: whether it is booked by others, and whether one of its
        expenses is in another report too.
        """
        entry, report = own.entries[-1], read.report
        assert report is not None
        answers = run.answers()
        known = self._commits.known_references(self._tenant(entry.entity), entry.entity)
        if isinstance(entry, PurchaseEntry):
            found = look_alikes.purchases_like(self.books.purchases, entry, known)
        else:
            found = look_alikes.journals_like(self.books.journals, entry, known)
        said = next((name for name in found if answers.get(f"{BOOKED_AS} {name}")), "")
        if said:
            plan = replace(own.plans[0], key="", booked_as=said, files=0)
            mirrors = own.entries[:-1]
            return replace(own, plans=(plan,), entries=mirrors, dossiers=(), attachments=(), origins=())
        problems = []
        if left := {name: text for name, text in found.items() if answers.get(name) != NOT_OURS}:
            problems.append(look_alike(run, report.number, left))
        store, source = self._opening.snapshots(), self.source()
        if answers.get(f"{SAME} {report.number}") != NOT_OURS and (
            pairs := look_alikes.seen_before(store, source, report, read.by_key, read.among)
        ):
            problems.append(seen(run, report, pairs))
        shares = tuple(
            Share(key=entry.key, subject=subject)
            for subject in own.subjects
            if subject.entity == entry.entity
        )
        return replace(own, problems=tuple(problems), shares=(*own.shares, *shares))

    def _decided(self, run: Run, plan: ReportPlan, own: ExpenseProposal) -> ExpenseProposal:
        """A report that cannot be booked waits with its export, or is left out where a person, or the flow,
        decided so.
        """
        if not own.problems:
            return own
        only_source = all(problem.owner is Owner.EXPENSES for problem in own.problems)
        if run.answers().get(f"{FAILS} {plan.number}") or (self._policy.tells and only_source):
            why = " ".join(dict.fromkeys(problem.text for problem in own.problems))
            return ExpenseProposal(plans=(replace(plan, fails=why),), subjects=own.subjects)
        asked = {problem.code for problem in own.problems} <= {ASKED, SAME}
        return own if asked else replace(own, problems=(*own.problems, fails(run, plan)))

    # --- what is booked -------------------------------------------------------------------------------------

    def standing(self, report: str) -> tuple[CommitRow, ...]:
        """Entries of a report that count, or may, in any books, oldest first."""
        family = f"{EXPENSE}{self.source()}:{report}"
        rows = (
            *self._commits.of_reference(f"{family}:"),
            *self._commits.of_reference(f"{REVERSAL}{family}:"),
        )
        return tuple(row for row in standing(rows) if row.state not in UNBOOKED)

    def source(self) -> str:
        """The name of the source in keys."""
        return self._opening.source.confirm("", self._opening.systems.source.tenant(""))

    def _tenant(self, entity: str) -> str:
        return self._opening.target.confirm(entity, self._opening.systems.target.tenant(entity))

    def _family(self, report: str, entity: str) -> str:
        tenant = self._tenant(entity) if entity else ""
        return f"{EXPENSE}{self.source()}:{report}:{tenant}:{entity}"

    def _subject(self, report: str, entity: str) -> Subject:
        text = f"{EXPENSE}{self.source()}:{report}"
        return Subject(tenant=self._tenant(entity), entity=entity, text=text)


def _joined(one: ExpenseProposal, other: ExpenseProposal) -> ExpenseProposal:
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in OF_EACH})


def _keyed(entry: Entry, commits: Commits, family: str) -> Entry:
    """The entry under its commit key."""
    if isinstance(entry, PurchaseEntry):
        return numbered(commits, family, partial(_with_key, entry))
    return numbered(commits, family, partial(_with_key, entry))


def _with_key(entry: E, key: str) -> E:
    return replace(entry, key=key)


def _text(report: ExpenseReport, length: int) -> str:
    """What people see of the entry first: the number of the report, and whose it is."""
    number = fitted(report.number, min(length, NUMBER_LETTERS))
    return f"{number} {report.employee_name or report.title}"[:length].strip()
