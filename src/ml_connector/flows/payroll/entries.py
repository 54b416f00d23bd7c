"""From the staged rows of a pay run to its entries, whatever is booked by now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ml_connector.domain.build import BuildPolicy, EntryBuilder
from ml_connector.domain.journal import ExchangeRate, JournalEntry
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.domain.payroll import DistributionGroup, GroupKey, PayRun
from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Basis, Proposal, Share, Subject
from ml_connector.domain.text import DIFFERENCE, entry_text
from ml_connector.flows.payroll.policy import PayrollPolicy
from ml_connector.ports.ledger import LedgerLimits
from ml_connector.ports.staging import Staging


@dataclass(slots=True, kw_only=True)
class EntryMaker:
    """Makes the entries of one pay run. `families` is legal entity → family of its commit keys. `make` once,
    then ask the rest.
    """

    pay_run: PayRun
    mapping: CodeMapping
    policy: PayrollPolicy
    basis: Basis
    families: Mapping[str, str]
    limits: LedgerLimits
    text: str | Problem = field(init=False)
    _builder: EntryBuilder = field(init=False)

    def __post_init__(self) -> None:
        self.text = self._fitted()
        self._builder = EntryBuilder(
            pay_run=self.pay_run,
            mapping=self.mapping,
            policy=self._build_policy(),
            posting_date=self.basis.posting.day,
            families=self.families,
        )

    def make(
        self, run: str, staging: Staging, rates: Mapping[str, ExchangeRate], without: Collection[str] = ()
    ) -> Proposal:
        """What the run says, from its staged rows, `without` those of some companies; which cell each row
        went to is remembered.
        """
        self._book(run, staging, without)
        proposal = self._builder.finish()
        if isinstance(self.text, Problem):
            proposal = replace(proposal, problems=(*proposal.problems, self.text))
        rated = tuple(replace(entry, rate=self._rate(entry, rates)) for entry in proposal.in_full)
        proposal = replace(proposal, entries=rated, says=None)
        return proposal.leaving(()) if proposal.problems else proposal

    @property
    def companies(self) -> tuple[str, ...]:
        """Every company that the rows are of."""
        return self._builder.companies

    def shares(self, proposal: Proposal, subjects: Mapping[str, Subject]) -> tuple[Share, ...]:
        """What each entry books for each subject, by parts where several companies share a legal entity."""
        shares: list[Share] = []
        for entity in dict.fromkeys(entry.entity for entry in proposal.in_full):
            entries = [entry for entry in proposal.in_full if entry.entity == entity]
            of = {c: s for c, s in subjects.items() if self.policy.entities[c] == entity}
            if len(of) == 1:
                (subject,) = of.values()
                shares.extend(Share(key=entry.key, subject=subject) for entry in entries)
                continue
            by_entry = self._builder.by_company(proposal)
            for entry in entries:
                for company, lines in by_entry[entry.key].items():
                    shares.append(Share(key=entry.key, subject=of[company], lines=lines))
        return tuple(shares)

    def _book(self, run: str, staging: Staging, without: Collection[str]) -> None:
        """Rows of a kind are booked in one sum; only those that are booked in detail come one by one."""
        line_by_line: set[GroupKey] = set()

        def summed() -> Iterator[tuple[DistributionGroup, int]]:
            for group in staging.groups(run):
                if group.sample.company in without:
                    continue
                cells = self._builder.add_group(group)
                if cells is None:
                    line_by_line.add(group.sample.kind)
                else:
                    yield from ((group, cell) for cell in cells)

        def single() -> Iterator[tuple[int, int]]:
            for row, distribution in staging.rows(run) if line_by_line else ():
                if distribution.kind in line_by_line and distribution.company not in without:
                    yield from ((row, cell) for cell in self._builder.add(distribution))

        staging.link(run, summed(), single())

    @property
    def difference_text(self) -> str | Problem:
        """The text of an entry that corrects what another run has booked."""
        return self._fitted(DIFFERENCE)

    def _fitted(self, suffix: str = "") -> str | Problem:
        """The text of the entry, which stands on its lines, too."""
        pay_run, of_line = self.pay_run, self.limits.line_text_max
        values = {
            "run": pay_run.reference,
            "period_end": pay_run.pay_period.end,
            "pay_date": pay_run.pay_period.pay_date,
            "subject": pay_run.subject,
        }
        length_max = self.limits.text_max if of_line is None else min(self.limits.text_max, of_line)
        return entry_text(self.policy.text, values, length_max=length_max, suffix=suffix)

    def _build_policy(self) -> BuildPolicy:
        return BuildPolicy(
            entities=self.policy.entities,
            journals=self.policy.journals,
            text="" if isinstance(self.text, Problem) else self.text,
            detail_groups=self.policy.detail_groups,
            minimum_workers=self.policy.minimum_workers,
            roll_up_axis=self.policy.roll_up_axis,
            roll_up_code=self.policy.roll_up_code,
            lines_max=self.limits.lines_max,
        )

    def _rate(self, entry: JournalEntry, rates: Mapping[str, ExchangeRate]) -> ExchangeRate | None:
        """The rate given for the run, where the entity keeps its books in another currency; one for a third
        currency is left for the checks to find.
        """
        currency = self.basis.currencies.get(entry.entity, "")
        if entry.currency == currency:
            return None
        return rates.get(currency) or next(iter(rates.values()), None)
