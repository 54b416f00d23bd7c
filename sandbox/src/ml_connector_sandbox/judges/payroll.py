"""Counts and compares from the simulators' books and the seed alone; it knows nothing of the product.

    register ─ formula ─ scenario's booking ─► what must be booked, per run:
                                               (entity, GL account, cost center) → cents
    ledger's books ─────────────────────────► what is booked, per document: the same

Documents are matched to runs by content, so it does not matter how a run was cut into documents or lines, or
how they are named. What is left over on either side is counted: a document that repeats another is a
duplicate, a run whose cells are not all booked is lost, and anything else is a difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.books import Books, Cells, Document, Payroll, as_text, read_books, summed
from ml_connector_sandbox.judges.line_dimensions import wrong_dimensions
from ml_connector_sandbox.judges.matching import Booked, Target, matched
from ml_connector_sandbox.judges.pay_runs import ExpectedRun, expected

DIFFERENCES_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the books say. `debit` and `credit` are in cents, over everything booked."""

    ok: bool
    pay_runs: tuple[str, ...]
    source_rows: int
    entries: int
    lines: int
    debit: int
    credit: int
    read_back_equal: bool
    duplicates: int
    lost: int
    vendor_calls: Json
    differences: tuple[str, ...]
    accounts: tuple[Json, ...]

    def as_json(self) -> Json:
        """The one line a demonstration ends with."""
        return {
            "ok": self.ok,
            "pay_run": self.pay_runs[0] if len(self.pay_runs) == 1 else list(self.pay_runs),
            "source_rows": self.source_rows,
            "entries": self.entries,
            "lines": self.lines,
            "debit": as_text(self.debit),
            "credit": as_text(self.credit),
            "read_back_equal": self.read_back_equal,
            "duplicates": self.duplicates,
            "lost": self.lost,
            "vendor_calls": self.vendor_calls,
        }


def judge(
    payroll_books: Json,
    ledger_books: Json,
    expectation: Sequence[ExpectedRun] | None = None,
    *,
    by_cost_center: bool = True,
    slugs: tuple[str, str] = ("ukg_pro", "exact_online"),
    accept_drafts: bool = False,
) -> Verdict:
    """Compare the ledger's books with what the payroll's runs must have left there.

    `by_cost_center=False` compares accounts only, for a policy that rolls small cost centers up. `slugs` name
    the payroll and the ledger in `vendor_calls`. A document with the status "draft" counts like any other,
    and is a problem unless `accept_drafts`: some ledgers keep a document apart until a job or a person posts
    it.
    """
    runs = expected(payroll_books) if expectation is None else expectation
    if not by_cost_center:
        runs = [ExpectedRun(run_id=run.run_id, rows=run.rows, cells=_flat(run.cells)) for run in runs]
    books, problems = Books.of(ledger_books), list[str]()
    documents = [_booked(document, by_cost_center, problems) for document in books.documents]
    if not accept_drafts:
        drafts = [document.name for document in books.documents if document.is_draft]
        problems += [f"document {name} is a draft, not posted" for name in drafts]
    wanted, held = summed(run.cells for run in runs), summed(document.cells for document in documents)
    matching = matched(runs, documents)
    repeated = [document for document in matching.documents if document.content in matching.contents]
    foreign = [document for document in matching.documents if document.content not in matching.contents]
    lost = sorted({target.run_id for target in matching.open_targets})
    problems += [f"document {document.name} is booked again" for document in repeated]
    problems += [f"document {document.name} belongs to no pay run, or was changed" for document in foreign]
    problems += [_lost_text(target) for target in matching.open_targets]
    amounts = [line.cents for document in books.documents for line in document.lines]
    is_equal = wanted == held
    return Verdict(
        ok=not problems and is_equal and bool(runs),
        pay_runs=tuple(run.run_id for run in runs),
        source_rows=sum(run.rows for run in runs),
        entries=len(books.documents),
        lines=len(amounts),
        debit=sum(cents for cents in amounts if cents > 0),
        credit=-sum(cents for cents in amounts if cents < 0),
        read_back_equal=is_equal,
        duplicates=len(repeated),
        lost=len(lost),
        vendor_calls={slugs[0]: payroll_books.get("calls", {}), slugs[1]: books.calls},
        differences=tuple(problems[:DIFFERENCES_SHOWN_MAX]),
        accounts=tuple(_by_account(wanted, held)),
    )


def _booked(document: Document, by_cost_center: bool, problems: list[str]) -> Booked:
    cells: Cells = defaultdict(int)
    for line in document.lines:
        cost_center = line.dimensions.get("cost_center", "") if by_cost_center else ""
        cells[(document.entity, line.account, cost_center)] += line.cents
    if sum(cells.values()):
        problems.append(f"document {document.name} is out of balance by {as_text(sum(cells.values()))}")
    held = summed([cells])
    place = (document.entity, document.journal, document.date)
    return Booked(document.name, place, held, frozenset(held.items()))


def _flat(cells: Cells) -> Cells:
    return summed({(entity, account, ""): cents} for (entity, account, _), cents in cells.items())


def _lost_text(target: Target) -> str:
    (_, account, cost_center), cents = next(iter(sorted(target.missing.items())))
    where = f"account {account}" + (f", cost center {cost_center}" if cost_center else "")
    return (
        f"run {target.run_id} is not fully booked in {target.entity}: {len(target.missing)} cells, first"
        f" {where}: {as_text(cents)}"
    )


def _by_account(wanted: Cells, held: Cells) -> Iterable[Json]:
    """Expected and booked per entity and account, for people."""
    sums = [Counter[tuple[str, str]](), Counter[tuple[str, str]]()]
    for counter, cells in zip(sums, (wanted, held), strict=True):
        for (entity, account, _), cents in cells.items():
            counter[(entity, account)] += cents
    for entity, account in sorted(set(sums[0]) | set(sums[1])):
        expects, books = sums[0][(entity, account)], sums[1][(entity, account)]
        yield {
            "entity": entity,
            "account": account,
            "expected": as_text(expects),
            "booked": as_text(books),
            "equal": expects == books,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdict as one JSON line, differences to stderr; 0 when all is well, 1 when not, 2 when it
    cannot be told.
    """
    parser = argparse.ArgumentParser(
        prog="ml_connector_sandbox.judges.payroll",
        description="Compare a simulated ledger with a simulated payroll.",
    )
    parser.add_argument(
        "--payroll-control", required=True, metavar="URL", help="control address of the payroll"
    )
    parser.add_argument(
        "--ledger-control", required=True, metavar="URL", help="control address of the ledger"
    )
    parser.add_argument("--pay-run", action="append", default=[], help="judge only this run; may be repeated")
    parser.add_argument("--accounts-only", action="store_true", help="do not compare cost centers")
    parser.add_argument(
        "--dimensions",
        action="store_true",
        help="compare plant, project and branch too, where the scenario tells them",
    )
    parser.add_argument(
        "--full", action="store_true", help="add differences and totals per account to the JSON"
    )
    parser.add_argument(
        "--accept-drafts", action="store_true", help="a document that is not posted yet is no problem"
    )
    parser.add_argument(
        "--ledger-slug", help="name of the ledger in vendor_calls; the scenario's LEDGER_SLUG unless given"
    )
    wish = parser.parse_args(arguments)
    try:
        payroll, ledger = read_books(wish.payroll_control), read_books(wish.ledger_control)
        runs = expected(payroll, pay_runs=wish.pay_run)
        slugs = ("ukg_pro", wish.ledger_slug or Payroll(payroll).ledger_slug)
        verdict = judge(
            payroll,
            ledger,
            runs,
            by_cost_center=not wish.accounts_only,
            slugs=slugs,
            accept_drafts=wish.accept_drafts,
        )
        wrong = wrong_dimensions(payroll, ledger) if wish.dimensions else ()
    except (OSError, ValueError, KeyError) as error:
        print(f"judge: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    if wrong:
        verdict = replace(
            verdict, ok=False, differences=(*verdict.differences, *wrong)[:DIFFERENCES_SHOWN_MAX]
        )
    for text in verdict.differences:
        print(text, file=sys.stderr)
    extra = (
        {"differences": list(verdict.differences), "accounts": list(verdict.accounts)} if wish.full else {}
    )
    print(json.dumps({**verdict.as_json(), **extra}))
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
