"""Counts what people spent and compares it with the ledger, from the simulators' books and the scenario
alone; it knows nothing of the product.

    reports that were told as booked ─ scenario's entities ─► (entity, GL account, cost center) → cents,
                                                              VAT per code, what each person is owed, receipts
    ledger's books and files ───────────────────────────────► the same

What must stand in the ledger is each expense as it was when the expense system last was told that it is
booked: its lines net, VAT on the account of its code, and the whole on the account of the way it was paid.
Documents are matched by content to reports, or to the reports that one voucher holds together; an entry and
its reversal count as nothing. A pay code, or vouchers without accounts, leave open what a ledger should do:
of these the judge says that it cannot tell.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from ml_connector_sandbox.core.registry import load_scenario
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.books import (
    ANSWER_SECONDS_MAX,
    Books,
    Cells,
    Document,
    as_text,
    cents_of,
    read_books,
    summed,
)
from ml_connector_sandbox.judges.expense_masters import KINDS, wrong_masters
from ml_connector_sandbox.judges.matching import Booked, Matching, matched
from ml_connector_sandbox.judges.pay_runs import ExpectedRun

DIFFERENCES_SHOWN_MAX = 50
UNKNOWN = "?"
"""A person whose creditor the expense system does not know, and a creditor that is none of its people's."""
Sums = Counter[tuple[str, str]]
"""Cents by entity and something else: a VAT code, a creditor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the books say. `gross` is in cents; `lost` are reports, or reports of one voucher, that are not
    whole in the ledger; `ready` are reports that nobody has exported yet, which is no fault.
    """

    reports: int
    expenses: int
    mileage: int
    gross: int
    booked: int
    amount_equal: bool
    vat_equal: bool
    payable_equal: bool
    receipts: int
    receipts_missing: int
    status_back: int
    failed: int
    unanswered: int
    ready: int
    duplicates: int
    lost: int
    calls: Json
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all is wrong, and there was something to judge."""
        return not self.differences and self.reports > 0

    def as_json(self) -> Json:
        """The one line a demonstration ends with."""
        counted = {name: getattr(self, name) for name in self.__slots__ if name != "differences"}
        return {"ok": self.ok, **counted, "gross": as_text(self.gross)}


@dataclass(slots=True)
class _Wanted:
    """What the ledger must hold."""

    reports: list[Json] = field(default_factory=list)
    units: dict[tuple[str, ...], list[Cells]] = field(default_factory=lambda: defaultdict(list))
    """Cells by the numbers of the reports that are booked together."""
    vat: Sums = field(default_factory=Counter)
    payable: Sums = field(default_factory=Counter)
    files: Counter[tuple[str, str]] = field(default_factory=Counter)
    vat_accounts: set[str] = field(default_factory=set)
    owed_accounts: set[str] = field(default_factory=set)
    creditors: set[str] = field(default_factory=set)


def judge(
    expense_books: Json,
    ledger_books: Json,
    files: Iterable[Json],
    scenario: ModuleType,
    *,
    by_cost_center: bool = True,
) -> Verdict:
    """Compare the ledger's books and files with what was told as booked. ValueError where it cannot be told
    what the ledger should hold.
    """
    wanted, problems = _wanted(expense_books, scenario), list[str]()
    documents = _standing(Books.of(ledger_books).documents)
    runs = [
        ExpectedRun(run_id=", ".join(numbers), rows=len(cells), cells=_flat(summed(cells), by_cost_center))
        for numbers, cells in wanted.units.items()
    ]
    matching = matched(runs, [_booked(document, by_cost_center, problems) for document in documents])
    _explain_together(matching)
    doubled = [document.name for document in matching.documents if document.content in matching.contents]
    foreign = [document.name for document in matching.documents if document.content not in matching.contents]
    lost = sorted({target.run_id for target in matching.open_targets})
    problems += [f"document {name} is booked again" for name in doubled]
    problems += [
        f"document {name} is of no report that was told as booked, or was changed" for name in foreign
    ]
    problems += [f"report {name} is told as booked, and not whole in the ledger" for name in lost]
    held = summed(_cells(document, by_cost_center) for document in documents)
    amounts = _same(summed(run.cells for run in runs), held, "account", problems)
    vat = _same(wanted.vat, _vat(documents, ledger_books, wanted), "VAT code", problems)
    payable = _same(wanted.payable, _payable(documents, ledger_books, wanted), "creditor", problems)
    missing = _receipts(wanted, files, problems)
    vouchers = [(row, export) for export in expense_books["exports"] for row in export["vouchers"]]
    open_ones = [
        row for row, export in vouchers if (row["status"], export["status"]) == ("PENDING", "UNPROCESSED")
    ]
    problems += [f"voucher {row['number']} waits for its status" for row in open_ones]
    expenses = [expense for report in wanted.reports for expense in report["booked"]]
    return Verdict(
        reports=len(wanted.reports),
        expenses=len(expenses),
        mileage=sum(expense["distance"] is not None for expense in expenses),
        gross=sum(cents_of(expense["gross"]) for expense in expenses),
        booked=len(documents),
        amount_equal=amounts,
        vat_equal=vat,
        payable_equal=payable,
        receipts=sum(wanted.files.values()),
        receipts_missing=missing,
        status_back=sum(row["status"] == "BOOKED" for row, _ in vouchers),
        failed=sum(row["status"] == "FAILED" for row, _ in vouchers),
        unanswered=len(open_ones),
        ready=sum(report["status"] == "READY_TO_SEND" for report in expense_books["reports"]),
        duplicates=len(doubled),
        lost=len(lost),
        calls={"findity": expense_books.get("calls", {}), "exact_online": ledger_books.get("calls", {})},
        differences=tuple(problems[:DIFFERENCES_SHOWN_MAX]),
    )


# --- what the ledger must hold ------------------------------------------------------------------------------


def _wanted(books: Json, scenario: ModuleType) -> _Wanted:
    wanted = _Wanted()
    entities = {row["id"]: scenario.ENTITY_OF[row["name"]] for row in books["organizations"]}
    users = {row["id"]: row["supplier_number"] for row in books["users"]}
    wanted.creditors = {number for number in users.values() if number}
    wanted.vat_accounts = {row["account"] for row in books["vat_codes"] if row["account"]}
    wanted.owed_accounts = {row["account"] for row in books["payment_methods"] if row["reimbursable"]}
    together = _together(books)
    for report in books["reports"]:
        if report["booked"]:
            wanted.reports.append(report)
        entity = entities[report["organization"]]
        for expense in report["booked"]:
            _refuse_unclear(report, expense)
            unit = together[expense["export"], report["id"]]
            wanted.units[unit].append(_spent(expense, entity, wanted))
            if expense["reimbursable"]:
                person = users[report["user"]] or UNKNOWN
                wanted.payable[entity, person] -= cents_of(expense["gross"])
            for receipt in expense["receipts"]:
                wanted.files[entity, receipt["sha256"]] += 1
    return wanted


def _refuse_unclear(report: Json, expense: Json) -> None:
    """ValueError where nobody but the customer knows what the ledger should hold."""
    if not expense["accounting"]:
        raise ValueError(f"report {report['number']} was told as booked, but its vouchers had no accounts")
    if expense["salary_code"]:
        raise ValueError(f"report {report['number']} has a pay code: payroll may pay it, or the ledger")


def _spent(expense: Json, entity: str, wanted: _Wanted) -> Cells:
    """One expense as cells; its VAT is counted by code too."""
    cells: Cells = defaultdict(int)
    for line in expense["lines"]:
        center = line["codes"].get("cost_center", "")
        cells[entity, line["account"], center] += cents_of(line["net"])
        vat = cents_of(line["vat"])
        if vat:
            cells[entity, line["vat_account"], ""] += vat
            wanted.vat[entity, line["vat_code"]] += vat
    cells[entity, expense["credit_account"], ""] -= cents_of(expense["gross"])
    return cells


def _together(books: Json) -> dict[tuple[str, str], tuple[str, ...]]:
    """The numbers of the reports that a voucher holds together, by export and report."""
    numbers = {report["id"]: report["number"] for report in books["reports"]}
    booked = {(row["export"], report["id"]) for report in books["reports"] for row in report["booked"]}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for export in books["exports"]:
        for key in export["reports"]:
            found[export["id"], key] = (numbers[key],)
        for voucher in export["vouchers"]:
            held = [key for key in voucher["reports"] if (export["id"], key) in booked]
            for key in held:
                found[export["id"], key] = tuple(sorted(numbers[other] for other in held))
    return found


# --- what it holds ------------------------------------------------------------------------------------------


def _standing(documents: Sequence[Document]) -> list[Document]:
    """The documents without those that another one takes back to the cent, and without these others."""
    found: list[Document] = []
    waiting: dict[object, list[Document]] = defaultdict(list)
    for document in documents:
        cells = _cells(document, by_cost_center=True)
        opposite = frozenset((cell, -cents) for cell, cents in cells.items())
        if cells and waiting[opposite]:
            found.remove(waiting[opposite].pop())
            continue
        waiting[frozenset(cells.items())].append(document)
        found.append(document)
    return found


def _cells(document: Document, by_cost_center: bool) -> Cells:
    cells: Cells = defaultdict(int)
    for line in document.lines:
        center = line.dimensions.get("cost_center", "") if by_cost_center else ""
        cells[document.entity, line.account, center] += line.cents
    return summed([cells])


def _flat(cells: Cells, by_cost_center: bool) -> Cells:
    if by_cost_center:
        return cells
    return summed({(entity, account, ""): cents} for (entity, account, _), cents in cells.items())


def _booked(document: Document, by_cost_center: bool, problems: list[str]) -> Booked:
    cells = _cells(document, by_cost_center)
    if sum(cells.values()):
        problems.append(f"document {document.name} is out of balance by {as_text(sum(cells.values()))}")
    return Booked(
        document.name, (document.entity, document.journal, document.date), cells, frozenset(cells.items())
    )


def _explain_together(matching: Matching) -> None:
    """What is left on both sides of an entity is explained if it comes to the same: a refund and a purchase
    of one report may stand in documents of their own.
    """
    for entity in {target.entity for target in matching.open_targets}:
        targets = [target for target in matching.open_targets if target.entity == entity]
        documents = [document for document in matching.documents if document.place[0] == entity]
        if summed(document.cells for document in documents) == summed(target.missing for target in targets):
            matching.take(targets[0], documents)
            for target in targets:
                target.missing = {}


def _lines(documents: Sequence[Document], ledger_books: Json) -> Iterable[tuple[str, Json]]:
    """The lines of these documents as the books give them, each with its entity."""
    names = {(document.entity, document.name) for document in documents}
    for row in ledger_books["documents"]:
        entity = str(row["entity"]).strip()
        if (entity, str(row.get("number") or row["id"])) in names:
            yield from ((entity, line) for line in row["lines"])


def _vat(documents: Sequence[Document], ledger_books: Json, wanted: _Wanted) -> Sums:
    found: Sums = Counter()
    for entity, line in _lines(documents, ledger_books):
        if str(line["account"]).strip() in wanted.vat_accounts:
            found[entity, line.get("vat_code", "").strip()] += cents_of(line["amount"])
    return found


def _payable(documents: Sequence[Document], ledger_books: Json, wanted: _Wanted) -> Sums:
    found: Sums = Counter()
    for entity, line in _lines(documents, ledger_books):
        if str(line["account"]).strip() in wanted.owed_accounts:
            person = line.get("relation", "").strip()
            found[entity, person if person in wanted.creditors else UNKNOWN] += cents_of(line["amount"])
    return found


def _receipts(wanted: _Wanted, files: Iterable[Json], problems: list[str]) -> int:
    """How many receipts no entry of the ledger has; one that is twice in one document is a problem too."""
    held: Counter[tuple[str, str]] = Counter()
    in_document: Counter[tuple[str, str]] = Counter()
    for row in files:
        in_document[row["document"], row["sha256"]] += 1
        if row["entry"]:
            held[row["entity"], row["sha256"]] += 1
    missing = wanted.files - held
    names = {
        (row["sha256"]): f"{row['name']} of report {report['number']}"
        for report in wanted.reports
        for expense in report["booked"]
        for row in expense["receipts"]
    }
    problems += [f"receipt {names[digest]} is with no entry in {entity}" for entity, digest in missing]
    problems += [
        f"receipt {names.get(digest, digest)} is {count} times in one document"
        for (_, digest), count in in_document.items()
        if count > 1 and digest in names
    ]
    return sum(missing.values())


def _same(wanted: Any, held: Any, what: str, problems: list[str]) -> bool:
    """Whether both have the same cents everywhere; where not, a problem for each place."""
    wrong = [key for key in sorted({*wanted, *held}) if wanted.get(key, 0) != held.get(key, 0)]
    problems += [
        f"{what} {' '.join(part for part in key[1:] if part)} in {key[0]}: booked"
        f" {as_text(held.get(key, 0))}, spent {as_text(wanted.get(key, 0))}"
        for key in wrong
    ]
    return not wrong


# --- on the command line ------------------------------------------------------------------------------------


def read_action(control_url: str, action: str) -> Json:
    """What an action of a simulator answers, over its control API, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(f"{control_url.rstrip('/')}/control/{action}", data=b"{}", method="POST")
    with opener.open(asked, timeout=ANSWER_SECONDS_MAX) as answer:
        told: Json = json.load(answer)
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdict as one JSON line, differences to stderr; 0 when all is well, 1 when not, 2 when it
    cannot be told.
    """
    parser = argparse.ArgumentParser(
        prog="ml_connector_sandbox.judges.expenses",
        description="Compare a simulated ledger with a simulated expense system.",
    )
    parser.add_argument("--expenses-control", required=True, metavar="URL", help="control address of Findity")
    parser.add_argument(
        "--ledger-control", required=True, metavar="URL", help="control address of the ledger"
    )
    parser.add_argument("--scenario", default="expenses", help="the scenario that both were opened with")
    parser.add_argument("--accounts-only", action="store_true", help="do not compare cost centers")
    parser.add_argument(
        "--masters",
        action="append",
        default=[],
        choices=KINDS,
        help="compare this kind of master data too; may be repeated",
    )
    wish = parser.parse_args(arguments)
    try:
        scenario = load_scenario(wish.scenario)
        books = read_books(wish.expenses_control), read_books(wish.ledger_control)
        verdict = judge(
            *books,
            read_action(wish.ledger_control, "files")["files"],
            scenario,
            by_cost_center=not wish.accounts_only,
        )
        chart = read_action(wish.ledger_control, "chart")["entries"] if wish.masters else ()
        wrong = wrong_masters(books[0], chart, scenario, wish.masters)
    except (OSError, ValueError, KeyError) as error:
        print(f"judge: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    if wrong:
        verdict = replace(verdict, differences=(*verdict.differences, *wrong)[:DIFFERENCES_SHOWN_MAX])
    for text in verdict.differences:
        print(text, file=sys.stderr)
    print(json.dumps(verdict.as_json()))
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
