"""From distributions to balanced journal entries, nothing dropped and no cent invented.

Rows come one by one or summed by kind; only the sums stand in memory. Debit and credit never net against each
other: a cell is one (entity, account, dimensions, text, side), so the debits that went in are the debits that
come out; a negative debit lessens its own cell. A group that the policy books in detail keeps one cell per
row. Entries longer than the ledger takes are cut where the lines up to there balance, and nowhere else.

    rows that one rule splits alike  →  one share-out: their total, split once  →  a cell per target

A percentage is of that total and never of a row, so the cents do not depend on how payroll cut its lines.
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.document import CommitKey
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.mapping import UNTIED, Booking, Mapping, Resolution, Resolver
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Distribution, DistributionGroup, PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Proposal, ShareLine, SideTotal, TieTotal

CellKey = tuple[str, str, Dimensions, str, bool, int]
ShareKey = tuple[str, str, tuple[Booking, ...], bool, int]
PROBLEMS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPolicy:
    """How the entries of a run are made.

    `entities` is company → legal entity, `journals` legal entity → journal. Groups named in `detail_groups`
    keep a line per source row. Codes on `roll_up_axis` with fewer than `minimum_workers` workers are booked
    on `roll_up_code`, so that no line shows one person's pay. `lines_max` is the ledger's.
    """

    entities: AbstractMapping[str, str]
    journals: AbstractMapping[str, str]
    text: str
    detail_groups: frozenset[str] = frozenset()
    minimum_workers: int = 0
    roll_up_axis: str = "cost_center"
    roll_up_code: str = ""
    lines_max: int = 1000


def balanced_spans(minors: Sequence[int], lines_max: int) -> list[tuple[int, int]] | None:
    """Slices of at most `lines_max` signed amounts, each summing to zero; `None` where a balanced border is
    farther away than that.
    """
    spans, start, border, running = [], 0, 0, 0
    for index, minor in enumerate(minors, 1):
        running += minor
        if index - start > lines_max:
            if border == start:
                return None
            spans.append((start, border))
            start = border
        if running == 0:
            border = index
    spans.append((start, len(minors)))
    return spans


def no_border(entity: str, lines_max: int) -> Problem:
    """The problem of lines that cannot be cut into balanced entries."""
    text = (
        f"The lines of {entity} do not balance anywhere within {lines_max} lines, the most this ledger takes"
        " in one entry. "
    )
    text += "Book more account groups in summary, or split the mapping by a dimension that balances."
    return Problem("entry.no_border", f"entity {entity}", text)


@dataclass(slots=True)
class _Cell:
    """A line to be: `minor` of all companies, `others` the part of it that is not of `company`, where
    entities are shared.
    """

    number: int
    company: str
    minor: int
    rule: str
    others: dict[str, int] | None = None

    def add(self, company: str, minor: int) -> None:
        self.minor += minor
        if company != self.company:
            self.others = self.others or {}
            self.others[company] = self.others.get(company, 0) + minor

    def by_company(self) -> dict[str, int]:
        if self.others is None:
            return {self.company: self.minor}
        return {self.company: self.minor - sum(self.others.values()), **self.others}


@dataclass(slots=True)
class _ShareOut:
    """The rows of one company and side that one rule splits alike: their sum, and the cells of its targets.
    It is split when all rows are known.
    """

    company: str
    resolution: Resolution
    cells: tuple[_Cell, ...]
    minor: int = 0

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(cell.number for cell in self.cells))

    def settle(self) -> None:
        for cell, part in zip(self.cells, self.resolution.split(self.minor), strict=True):
            cell.add(self.company, part)


@dataclass(slots=True, kw_only=True)
class EntryBuilder:
    """Builds the entries of one pay run on one posting date. `add` every row once, by itself or in its group,
    then `finish` once. `families` is legal entity → family of its commit keys.
    """

    pay_run: PayRun
    mapping: Mapping
    policy: BuildPolicy
    posting_date: date
    families: AbstractMapping[str, str]
    _resolver: Resolver = field(init=False)
    _cells: dict[CellKey, _Cell] = field(init=False, default_factory=dict)
    _shares: dict[ShareKey, _ShareOut] = field(init=False, default_factory=dict)
    _problems: dict[tuple[str, str], Problem] = field(init=False, default_factory=dict)
    _sides: dict[tuple[str, bool], list[int]] = field(init=False, default_factory=dict)
    _ties: dict[tuple[str, str], list[int]] = field(init=False, default_factory=dict)
    _rows: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._resolver = Resolver(mapping=self.mapping, day=self.posting_date, roll_up=self._roll_up())

    def add(self, row: Distribution) -> tuple[int, ...]:
        """Book one source row; returns the numbers of the cells it went to, none for a zero row or an
        unmapped one (then a problem).
        """
        return self._book(row, self._resolver.resolve(row), 1, row.amount.minor)

    def add_group(self, group: DistributionGroup) -> tuple[int, ...] | None:
        """Book all rows of a group at once; `None` where each is to be added by itself, as it is booked in
        detail.
        """
        found = self._resolver.resolve(group.sample)
        if not isinstance(found, Problem) and found.rule.group in self.policy.detail_groups:
            return None
        return self._book(group.sample, found, group.rows, group.minor)

    def _book(
        self, sample: Distribution, found: Resolution | Problem, rows: int, minor: int
    ) -> tuple[int, ...]:
        self._rows += rows
        debit = sample.is_debit
        if sample.amount.currency != self.pay_run.currency:
            text = f"Line {sample.origin} is in {sample.amount.currency}, the run in {self.pay_run.currency}."
            self._problem(Problem("currency.mixed", "currency", text, Owner.PAYROLL))
            return ()
        side = self._sides.setdefault((sample.company, debit), [0, 0])
        side[0] += rows
        side[1] += minor
        entity = self.policy.entities.get(sample.company)
        if entity is None:
            text = (
                f"Company {sample.company} has no legal entity in this flow. Assign one, or leave the company"
                " out of the pay run's filter."
            )
            self._problem(Problem("entity.unmapped", f"company {sample.company}", text))
            return ()
        if isinstance(found, Problem):
            self._problem(found)
            return ()
        if minor == 0:
            return ()
        self._ties.setdefault((sample.company, found.rule.ties_to or UNTIED), [0, 0])[0 if debit else 1] += (
            minor
        )
        detail = self._rows if found.rule.group in self.policy.detail_groups else 0
        share = self._share(entity, sample.company, found, debit, detail)
        share.minor += minor
        return share.numbers

    def _share(self, entity: str, company: str, found: Resolution, debit: bool, detail: int) -> _ShareOut:
        """The share-out that the rows of this resolution belong to; another resolution may book alike."""
        key = (company, found.rule.name, found.bookings, debit, detail)
        share = self._shares.get(key)
        if share is None:
            cells = tuple(
                self._cell(
                    (entity, target.account, target.dimensions, target.text, debit, detail), found, company
                )
                for target in found.bookings
            )
            share = self._shares[key] = _ShareOut(company, found, cells)
        return share

    def _cell(self, key: CellKey, found: Resolution, company: str) -> _Cell:
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = _Cell(len(self._cells), company, 0, found.rule.name)
        return cell

    def finish(self) -> Proposal:
        """The proposal: entries per legal entity, cut where needed, and every problem found so far. A run
        with problems has no entries.
        """
        for share in self._shares.values():
            share.settle()
        ordered = sorted(
            self._cells.items(),
            key=lambda item: (item[0][0], item[0][2], item[0][1], item[0][3], not item[0][4], item[0][5]),
        )
        by_entity: dict[str, list[tuple[CellKey, _Cell]]] = {}
        for key, cell in ((key, cell) for key, cell in ordered if cell.minor):
            by_entity.setdefault(key[0], []).append((key, cell))
        parts: list[tuple[str, int, list[tuple[CellKey, _Cell]]]] = []
        for entity, cells in by_entity.items():
            for number, (start, stop) in enumerate(self._cut(entity, cells), 1):
                parts.append((entity, number, cells[start:stop]))
        entries = tuple(self._entry(entity, number, cells) for entity, number, cells in parts)
        places = [(-1, -1)] * len(self._cells)
        rules = [""] * len(self._cells)
        for index, (_, _, cells) in enumerate(parts):
            for line, (_, cell) in enumerate(cells):
                places[cell.number] = (index, line)
                rules[cell.number] = cell.rule
        problems = tuple(self._problems.values())
        return Proposal(
            entries=() if problems else entries,
            totals=self._side_totals(),
            ties=self._tie_totals(),
            problems=problems,
            cells=tuple(places),
            rules=tuple(rules),
        )

    @property
    def companies(self) -> tuple[str, ...]:
        """Every company that rows were added of, sorted."""
        return tuple(sorted({company for company, _ in self._sides}))

    def by_company(self, proposal: Proposal) -> dict[str, dict[str, tuple[ShareLine, ...]]]:
        """Key of an entry → company → what the entry books of it, by account and dimensions. A place where
        companies cancel each other counts to the first entry of its legal entity.
        """
        first: dict[str, str] = {}
        for entry in proposal.in_full:
            first.setdefault(entry.entity, entry.key)
        sums: dict[str, dict[str, dict[tuple[str, Dimensions], int]]] = {}
        for key, cell in self._cells.items():
            index, _ = proposal.cells[cell.number]
            of = proposal.in_full[index].key if index >= 0 else first.get(key[0], "")
            for company, minor in cell.by_company().items() if of else ():
                lines = sums.setdefault(of, {}).setdefault(company, {})
                lines[key[1], key[2]] = lines.get((key[1], key[2]), 0) + minor
        return {
            of: {
                company: tuple((*place, minor) for place, minor in sorted(lines.items()) if minor)
                for company, lines in companies.items()
            }
            for of, companies in sums.items()
        }

    def _entry(self, entity: str, part: int, cells: Sequence[tuple[CellKey, _Cell]]) -> JournalEntry:
        currency = self.pay_run.currency
        lines = tuple(
            JournalLine(
                account=key[1],
                amount=Money.from_minor(cell.minor, currency),
                dimensions=key[2],
                text=key[3] or self.policy.text,
            )
            for key, cell in cells
        )
        key = str(CommitKey(self.families[entity], part, 1))
        return JournalEntry(
            key=key,
            entity=entity,
            journal=self.policy.journals[entity],
            posting_date=self.posting_date,
            currency=currency,
            text=self.policy.text,
            lines=lines,
        )

    def _cut(self, entity: str, cells: Sequence[tuple[CellKey, _Cell]]) -> list[tuple[int, int]]:
        spans = balanced_spans([cell.minor for _, cell in cells], self.policy.lines_max)
        if spans is None:
            self._problem(no_border(entity, self.policy.lines_max))
            return [(0, len(cells))]
        return spans

    def _roll_up(self) -> dict[tuple[str, str], str]:
        """Codes of groups too small to be shown. Workers are counted by the code they are booked on, not by
        the source's.
        """
        if self.policy.minimum_workers <= 1:
            return {}
        plain = Resolver(mapping=self.mapping, day=self.posting_date)
        sources = {
            value[1:]
            for rule in self.mapping.rules
            for target in rule.targets
            for axis, value in target.dimensions
            if axis == self.policy.roll_up_axis and value.startswith("=")
        }
        counted: dict[str, int] = {}
        for register in self.pay_run.register:
            for axis, code, workers in register.workers_by_code:
                if axis in sources:
                    target = plain.translate(axis, code)
                    counted[target] = counted.get(target, 0) + workers
        if not counted:
            text = (
                f"Groups under {self.policy.minimum_workers} workers are to be rolled up, and the source"
                " counts no workers. "
            )
            self._problem(
                Problem(
                    "privacy.unknown",
                    "minimum_workers",
                    text + "Read the pay register too, or clear the minimum.",
                )
            )
        small = {code for code, workers in counted.items() if workers < self.policy.minimum_workers}
        return {(self.policy.roll_up_axis, code): self.policy.roll_up_code for code in small}

    def _problem(self, problem: Problem) -> None:
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.setdefault((problem.code, problem.where), problem)

    def _side_totals(self) -> tuple[SideTotal, ...]:
        out: dict[tuple[str, bool], int] = {}
        crossed: dict[tuple[str, bool], int] = {}
        for key, cell in self._cells.items():
            for company, minor in cell.by_company().items():
                out[company, key[4]] = out.get((company, key[4]), 0) + minor
                if cell.minor and (cell.minor > 0) is not key[4]:
                    crossed[company, key[4]] = crossed.get((company, key[4]), 0) + minor
        return tuple(
            SideTotal(
                company=company,
                currency=self.pay_run.currency,
                side="debit" if debit else "credit",
                rows=rows,
                minor_in=minor,
                minor_out=out.get((company, debit), 0),
                crossed=crossed.get((company, debit), 0),
            )
            for (company, debit), (rows, minor) in sorted(self._sides.items())
        )

    def _tie_totals(self) -> tuple[TieTotal, ...]:
        return tuple(
            TieTotal(company=company, ties_to=ties_to, debit_minor=debit, credit_minor=credit)
            for (company, ties_to), (debit, credit) in sorted(self._ties.items())
        )
