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
import importlib
import json
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.line_dimensions import wrong_dimensions
from ml_connector_sandbox.systems.ukg_pro.companies import company_code
from ml_connector_sandbox.systems.ukg_pro.general_ledger import LINES, bench_rows
from ml_connector_sandbox.systems.ukg_pro.register import Worker, load_register

Cell = tuple[str, str, str]
"""Entity, GL account and cost center; empty text for no cost center."""
Cells = dict[Cell, int]
"""Signed cents per cell, debit positive; no cell holds 0."""
DIFFERENCES_SHOWN_MAX = 50
ANSWER_SECONDS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRun:
    """What one pay run must leave in the ledger, and how many rows the payroll gives for it."""

    run_id: str
    rows: int
    cells: Cells


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
            "debit": _text(self.debit),
            "credit": _text(self.credit),
            "read_back_equal": self.read_back_equal,
            "duplicates": self.duplicates,
            "lost": self.lost,
            "vendor_calls": self.vendor_calls,
        }


@dataclass(frozen=True, slots=True)
class _Document:
    """A booked document, as cells. `place` is what the parts of a run share: entity, journal, date; `content`
    is the same for two documents that book the same."""

    name: str
    place: tuple[str, str, str]
    cells: Cells
    content: frozenset[tuple[Cell, int]]


@dataclass(slots=True)
class _Target:
    """One run in one entity, and what of it is not yet found in the ledger."""

    run_id: str
    entity: str
    missing: Cells


@dataclass(slots=True)
class _Matching:
    """What has been explained so far."""

    targets: list[_Target]
    documents: list[_Document]
    contents: set[frozenset[tuple[Cell, int]]] = field(default_factory=set)

    @property
    def open_targets(self) -> list[_Target]:
        return [target for target in self.targets if target.missing]

    def take(self, target: _Target, documents: Iterable[_Document]) -> None:
        """Count these documents towards the target."""
        for document in documents:
            self.contents.add(document.content)
            self.documents.remove(document)
            target.missing = _sum([target.missing, {cell: -cents for cell, cents in document.cells.items()}])


def expected(
    payroll_books: Json, truth: Any = None, pay_runs: Collection[str] = ()
) -> tuple[ExpectedRun, ...]:
    """What must be booked for every run that stands, or for those in `pay_runs`.

    `truth` is the scenario module; left out, it is the one the payroll's books name. Undone, replaced and
    unbalanced runs must not be booked. KeyError for a run id that does not exist or may not be booked.
    """
    parameters = payroll_books["parameters"]
    scenario = truth or importlib.import_module(f"ml_connector_sandbox.scenarios.{parameters['scenario']}")
    register = Path(parameters["register"]) if parameters["register"] else None
    workers = load_register(
        register, parameters["seed"], parameters["workers"], getattr(scenario, "made_workers", None)
    )
    standing = {
        run["run_id"]: run
        for run in payroll_books["runs"]
        if run["status"] == "current" and not run["is_unbalanced"]
    }
    unknown = set(pay_runs) - set(standing)
    if unknown:
        raise KeyError(f"no run {sorted(unknown)[0]} that may be booked")
    wanted = [run for run_id, run in standing.items() if not pay_runs or run_id in pay_runs]
    return tuple(_expected_run(run, workers, scenario, parameters) for run in wanted)


def _expected_run(run: Json, workers: Sequence[Worker], scenario: Any, parameters: Json) -> ExpectedRun:
    cells: Cells = defaultdict(int)
    rows = 0
    for account, department, cents in _postings(run, workers, scenario, parameters):
        entity, code, cost_center = scenario.booking(company_code(scenario, department), account, department)
        cells[(entity, code, cost_center or "")] += cents
        rows += 1
    return ExpectedRun(run_id=run["run_id"], rows=rows, cells=_without_zeros(cells))


def _postings(
    run: Json, workers: Sequence[Worker], scenario: Any, parameters: Json
) -> Iterable[tuple[str, str, int]]:
    """Payroll account, department and signed cents of every row that is not zero."""
    if run["kind"] == "bench":
        # No register stands behind this run: the generator is its definition.
        rows = bench_rows(parameters["bench_rows"], parameters["bench_groups"], parameters["seed"])
        for line, org, cents in zip(rows.line, rows.org, rows.cents, strict=True):
            yield LINES[line].account, rows.orgs[org], cents if LINES[line].is_debit else -cents
        return
    for place, worker in enumerate(workers):
        gross, overtime = _pay(run, place, worker, scenario)
        tax, pension, employer = _part(gross, 18, 100), _part(gross, 4, 100), _part(gross, 765, 10_000)
        net = gross - tax - pension
        signed = (
            ("5100", gross - overtime),
            ("5110", overtime),
            ("5200", employer),
            ("2210", -tax),
            ("2220", -pension),
            ("2230", -employer),
            ("2290", -net),
        )
        for account, cents in signed:
            if cents:
                yield account, worker.department_code, cents


def _pay(run: Json, place: int, worker: Worker, scenario: Any) -> tuple[int, int]:
    """Gross and overtime of a worker in a run, in cents; zero for whom it does not pay."""
    if worker.worker in run.get("without", ()):
        return 0, 0
    if run["kind"] == "off_cycle":
        return (50_000, 0) if place % 10 == 0 else (0, 0)
    scale = scenario.payroll_scale(run["position"])
    gross = _part(worker.gross_paid, scale, 260_000) + int(run["changes"].get(worker.worker, 0))
    overtime = _part(worker.overtime_paid, scale, 260_000)
    if run["kind"] == "void":
        return (-gross, -overtime) if worker.worker in run["voids"] else (0, 0)
    return gross, overtime


def _part(cents: int, numerator: int, denominator: int) -> int:
    """A part of an amount, halves rounded away from zero."""
    rounded = (Decimal(cents) * numerator / denominator).quantize(Decimal(1), rounding="ROUND_HALF_UP")
    return int(rounded)


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
    booked = [
        row for row in ledger_books["documents"] if row.get("status") != "deleted" and not row.get("seeded")
    ]
    problems: list[str] = []
    documents = [_document(row, by_cost_center, problems) for row in booked]
    if not accept_drafts:
        problems += [
            f"document {row.get('number') or row['id']} is a draft, not posted"
            for row in booked
            if row.get("status") == "draft"
        ]
    wanted, held = _sum(run.cells for run in runs), _sum(document.cells for document in documents)
    matching = _matched(runs, documents)
    repeated = [document for document in matching.documents if document.content in matching.contents]
    foreign = [document for document in matching.documents if document.content not in matching.contents]
    lost = sorted({target.run_id for target in matching.open_targets})
    problems += [f"document {document.name} is booked again" for document in repeated]
    problems += [f"document {document.name} belongs to no pay run, or was changed" for document in foreign]
    problems += [_lost_text(target) for target in matching.open_targets]
    amounts = [_cents(line["amount"]) for row in booked for line in row["lines"]]
    is_equal = wanted == held
    return Verdict(
        ok=not problems and is_equal and bool(runs),
        pay_runs=tuple(run.run_id for run in runs),
        source_rows=sum(run.rows for run in runs),
        entries=len(booked),
        lines=len(amounts),
        debit=sum(cents for cents in amounts if cents > 0),
        credit=-sum(cents for cents in amounts if cents < 0),
        read_back_equal=is_equal,
        duplicates=len(repeated),
        lost=len(lost),
        vendor_calls={
            slug: books.get("calls", {})
            for slug, books in zip(slugs, (payroll_books, ledger_books), strict=True)
        },
        differences=tuple(problems[:DIFFERENCES_SHOWN_MAX]),
        accounts=tuple(_by_account(wanted, held)),
    )


def _document(row: Json, by_cost_center: bool, problems: list[str]) -> _Document:
    cells: Cells = defaultdict(int)
    entity = str(row["entity"]).strip()
    for line in row["lines"]:
        cost_center = str((line.get("dimensions") or {}).get("cost_center") or "").strip()
        cells[(entity, str(line["account"]).strip(), cost_center if by_cost_center else "")] += _cents(
            line["amount"]
        )
    name = str(row.get("number") or row["id"])
    if sum(cells.values()):
        problems.append(f"document {name} is out of balance by {_text(sum(cells.values()))}")
    held = _without_zeros(cells)
    return _Document(
        name, (entity, str(row.get("journal")), str(row.get("date"))), held, frozenset(held.items())
    )


def _matched(runs: Sequence[ExpectedRun], documents: list[_Document]) -> _Matching:
    """Explain as many documents as can be: whole runs first, then parts that share a place, then what
    fits.
    """
    entities = sorted({cell[0] for run in runs for cell in run.cells})
    split = [
        (run, entity, {cell: cents for cell, cents in run.cells.items() if cell[0] == entity})
        for run in runs
        for entity in entities
    ]
    targets = [_Target(run.run_id, entity, cells) for run, entity, cells in split if cells]
    matching = _Matching(targets, list(documents))
    _match_whole(matching)
    _match_parts(matching)
    _match_corrections(matching)
    _match_what_fits(matching)
    return matching


def _match_whole(matching: _Matching) -> None:
    """A document that books exactly one run."""
    targets = defaultdict(list)
    for target in matching.targets:
        targets[frozenset(target.missing.items())].append(target)
    for document in list(matching.documents):
        if targets.get(document.content):
            matching.take(targets[document.content].pop(0), [document])


def _match_parts(matching: _Matching) -> None:
    """Documents of one entity, journal and date that book exactly one run together, with or without
    repetitions.
    """
    places = defaultdict(list)
    for document in matching.documents:
        places[document.place].append(document)
    for parts in places.values():
        for chosen in (parts, _each_once(parts)):
            total = _sum(part.cells for part in chosen)
            target = next((target for target in matching.open_targets if target.missing == total), None)
            if target is not None:
                matching.take(target, chosen)
                break


def _match_corrections(matching: _Matching) -> None:
    """A run that was booked, run again with other amounts, and corrected: the last open run of an entity,
    whatever the dates.
    """
    for entity in {target.entity for target in matching.open_targets}:
        left = [target for target in matching.open_targets if target.entity == entity]
        documents = [document for document in matching.documents if document.place[0] == entity]
        for chosen in (documents, _each_once(documents)):
            if len(left) == 1 and _sum(document.cells for document in chosen) == left[0].missing:
                matching.take(left[0], chosen)
                break


def _match_what_fits(matching: _Matching) -> None:
    """A document all of whose cells are still missing from a run is a part of it; the run it completes best
    comes first.

    A repetition of a document that is explained already never is: its smaller amounts might fit into another
    run by chance.
    """
    for document in sorted(matching.documents, key=lambda document: -len(document.cells)):
        if document.content in matching.contents:
            continue
        fitting = [target for target in matching.open_targets if _fits(document.cells, target.missing)]
        if fitting:
            matching.take(max(fitting, key=lambda target: _exact(document.cells, target.missing)), [document])


def _fits(part: Cells, missing: Cells) -> bool:
    return bool(part) and all(
        0 < cents * _side(missing.get(cell, 0)) <= abs(missing.get(cell, 0)) for cell, cents in part.items()
    )


def _exact(part: Cells, missing: Cells) -> int:
    return sum(missing[cell] == cents for cell, cents in part.items())


def _side(cents: int) -> int:
    return 1 if cents > 0 else -1


def _each_once(documents: Sequence[_Document]) -> list[_Document]:
    return list({document.content: document for document in reversed(documents)}.values())


def _sum(parts: Iterable[Mapping[Cell, int]]) -> Cells:
    total: Cells = defaultdict(int)
    for part in parts:
        for cell, cents in part.items():
            total[cell] += cents
    return _without_zeros(total)


def _without_zeros(cells: Mapping[Cell, int]) -> Cells:
    return {cell: cents for cell, cents in cells.items() if cents}


def _flat(cells: Cells) -> Cells:
    return _sum({(entity, account, ""): cents} for (entity, account, _), cents in cells.items())


def _lost_text(target: _Target) -> str:
    (_, account, cost_center), cents = next(iter(sorted(target.missing.items())))
    where = f"account {account}" + (f", cost center {cost_center}" if cost_center else "")
    return (
        f"run {target.run_id} is not fully booked in {target.entity}: {len(target.missing)} cells, first"
        f" {where}: {_text(cents)}"
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
            "expected": _text(expects),
            "booked": _text(books),
            "equal": expects == books,
        }


def _cents(amount: Any) -> int:
    """A decimal string in cents. ValueError for a fraction of a cent, or for no number."""
    try:
        cents = Decimal(str(amount)) * 100
        if cents == cents.to_integral_value():
            return int(cents)
    except ArithmeticError:
        pass
    raise ValueError(f"amount {amount!r} is not a whole number of cents")


def _text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def ledger_slug(payroll_books: Json) -> str:
    """The ledger the payroll's scenario belongs to: its `LEDGER_SLUG`, else Exact Online."""
    scenario = importlib.import_module(
        f"ml_connector_sandbox.scenarios.{payroll_books['parameters']['scenario']}"
    )
    return str(getattr(scenario, "LEDGER_SLUG", "exact_online"))


def read_books(control_url: str) -> Json:
    """A simulator's books over its control API, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{control_url.rstrip('/')}/books", timeout=ANSWER_SECONDS_MAX) as answer:
        books: Json = json.load(answer, parse_float=Decimal)
    return books


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
        slugs = ("ukg_pro", wish.ledger_slug or ledger_slug(payroll))
        verdict = judge(
            payroll,
            ledger,
            runs,
            by_cost_center=not wish.accounts_only,
            slugs=slugs,
            accept_drafts=wish.accept_drafts,
        )
    except (OSError, ValueError, KeyError) as error:
        print(f"judge: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    if wish.dimensions and (wrong := wrong_dimensions(payroll, ledger)):
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
