"""The payroll endpoints: calendar, general ledger in blocks, pay register, earnings, deductions, pay
statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial

from ml_connector_sandbox.core.body import read_json
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro import render_payroll as rows
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.filters import row_tests
from ml_connector_sandbox.systems.ukg_pro.general_ledger import GlRows, RowText
from ml_connector_sandbox.systems.ukg_pro.paging import Query, array_response, page_of
from ml_connector_sandbox.systems.ukg_pro.payroll import Check, PayRun
from ml_connector_sandbox.systems.ukg_pro.reads import listed
from ml_connector_sandbox.systems.ukg_pro.render import Cents, bad_request, empty, json_response, stamp
from ml_connector_sandbox.systems.ukg_pro.schema import schema_of

ROOT = "payroll/v1"
SPAN = ("startPerControl", "endPerControl")
OF_RUN = {"paydate", "periodstartdate", "periodenddate", "periodcontrol", "paygroup"}
"""Filters that every check of a run answers alike."""
Slice = tuple[PayRun, int, int]
"""Rows of a run from one number up to another, in the order they are served."""
RowsOfRun = Callable[[Book, PayRun], Callable[[Check], list[Json]]]
"""Makes what makes the rows of each check of a run."""


class PayrollEndpoints:
    """Reads of pay runs. Rows of a general-ledger run become text one page at a time."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> list[Endpoint]:
        """Everything under `/payroll`."""
        ledger = self._tenant.switches["gl_permission"]
        reads = [
            ("/payroll/v2/general-ledger", ledger, self.general_ledger),
            ("/payroll/v2/general-ledger/{run_id}", ledger, self.general_ledger),
            ("/payroll/v1/paygroup-payperiods", "Payroll Integration", self._periods),
            ("/payroll/v1/pay-register", "Payroll Integration", self._register),
            ("/payroll/v1/earnings-history-base-elements", "Payroll Integration", self._earnings),
            ("/payroll/v1/payroll-deductions-history", "Payroll Integration", self._deductions),
        ]
        statements = Endpoint(
            method="POST",
            path="/payroll/v1/companies/pay-statements-summary",
            answer=self._statements,
            permission="Employee Pay Statement",
        )
        return [
            Endpoint(method="GET", path=path, permission=needed, answer=answer)
            for path, needed, answer in reads
        ] + [statements]

    def general_ledger(self, request: Request, params: Mapping[str, str]) -> Response:
        """Rows of one run, of the newest, or of all; an unknown run is 404 in the path form and no rows in
        the query form.
        """
        query = Query(request)
        wanted = params.get("run_id") or query.text("runId")
        runs = [run for run in self._tenant.runs() if wanted in (None, run.run_id)]
        if "run_id" in params and not runs:
            return empty(404)
        if (query.text("mostRecent") or "false").lower() in ("true", "1", "y", "yes") and runs:
            runs = [max(runs, key=lambda run: run.ran_at)]
        block = query.number("blockId", 0) if query.text("blockId") else None
        for run in runs:
            if run.body_instead is not None:
                return Response(
                    status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=run.body_instead
                )
        slices = [piece for run in runs for piece in self._slices(run, block)]
        total = sum(stop - start for _, start, stop in slices)
        numbers, headers = page_of(request, query, total, self._tenant.switches["page_rows_max"])
        return array_response(self._texts(slices, numbers), headers)

    def gl_rows(self, run: PayRun) -> GlRows:
        """The posting lines of a run."""
        book = self._tenant.book
        return run.rows(
            book.workers, book.departments, other_side=self._tenant.switches["negative_as"] == "other_side"
        )

    def blocks(self, run: PayRun) -> int:
        """How many blocks the run is stored in."""
        size: int = self._tenant.switches["block_rows"]
        return max(1, -(-len(self.gl_rows(run)) // size))

    def _slices(self, run: PayRun, block: int | None) -> Iterator[Slice]:
        """The run's rows in the order served, only those of one block when that is asked for."""
        size = self._tenant.switches["block_rows"]
        for start, stop in run.segments if run.segments is not None else [(0, len(self.gl_rows(run)))]:
            if block is not None:
                start, stop = max(start, (block - 1) * size), min(stop, block * size)
            if start < stop:
                yield run, start, stop

    def _texts(self, slices: Iterable[Slice], numbers: range) -> Iterator[str]:
        """The text of the rows with these places in the slices laid end to end."""
        offset = 0
        for run, start, stop in slices:
            low, high = max(numbers.start, offset), min(numbers.stop, offset + stop - start)
            if low < high:
                book, blocks, held = self._tenant.book, self.blocks(run), self.gl_rows(run)
                writer = RowText(
                    held,
                    {company.code: rows.gl_common(book, run, blocks, company) for company in book.companies},
                    block_rows=self._tenant.switches["block_rows"],
                    companies=[book.company_of[org].code for org in held.orgs],
                    account_form=self._tenant.switches["account_form"],
                )
                yield from writer.page(range(low - offset + start, high - offset + start), run.overlay)
            offset += stop - start

    def _periods(self, request: Request, params: Mapping[str, str]) -> Response:
        schema, query = schema_of(f"{ROOT}/paygroup-payperiods"), Query(request)
        low, high = _span(query)
        return listed(
            request,
            schema,
            [held for held in self._tenant.periods() if low <= held.control <= high],
            lambda held: rows.period(self._tenant.book, held),
            rows_max=self._tenant.switches["page_rows_max"],
            but=SPAN,
        )

    def _register(self, request: Request, params: Mapping[str, str]) -> Response:
        voids = [run for run in self._tenant.book.runs if run.kind == "void"]
        return self._of_checks(
            request, "pay-register", lambda book, run: rows.register_rows(book, run, voids)
        )

    def _earnings(self, request: Request, params: Mapping[str, str]) -> Response:
        return self._of_checks(request, "earnings-history-base-elements", _each(rows.earning_rows))

    def _deductions(self, request: Request, params: Mapping[str, str]) -> Response:
        return self._of_checks(request, "payroll-deductions-history", _each(rows.deduction_rows))

    def _of_checks(self, request: Request, name: str, make: RowsOfRun) -> Response:
        """Rows of checks. What a run has in common is looked at once per run, before any row is made."""
        schema, query, book = schema_of(f"{ROOT}/{name}"), Query(request), self._tenant.book
        low, high = _span(query) if "startpercontrol" in schema.filters else ("", "9" * 9)
        of_run = list(row_tests(schema, query, but=set(schema.filters) - OF_RUN))
        runs = [
            run
            for run in self._tenant.paid_runs()
            if low <= run.period.control <= high
            and all(test(rows.period(book, run.period)) for test in of_run)
        ]
        made = [
            row
            for run in runs
            for of_check in [make(book, run)]
            for check in run.checks(book.workers)
            for row in of_check(check)
        ]
        most = self._tenant.switches["page_rows_max"]
        return listed(request, schema, made, lambda row: row, rows_max=most, but={*OF_RUN, *SPAN})

    def _statements(self, request: Request, params: Mapping[str, str]) -> Response:
        """Pay statements of a company between two dates; the page numbers stand in the body."""
        try:
            wish = read_json(request.body)
            low, high = (
                date.fromisoformat(str(wish["startDate"])[:10]),
                date.fromisoformat(str(wish["endDate"])[:10]),
            )
            page, size = (
                int(wish.get("page") or 1),
                min(int(wish.get("per_Page") or 100), self._tenant.switches["page_rows_max"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return bad_request("startDate", "companyId, startDate and endDate are required.")
        book = self._tenant.book
        runs = [run for run in self._tenant.paid_runs() if low <= run.period.pay_date <= high]
        checks = [(run, check) for run in runs for check in run.checks(book.workers)]
        checks = [
            item
            for item in checks
            if wish.get("companyId") in (None, rows.person_of(book, *item).company_id)
            and wish.get("payGroup") in (None, "", book.group_of(item[0].period))
        ]
        chosen = checks[(page - 1) * size : page * size] if page > 0 and size > 0 else []
        return json_response([self._statement(run, check) for run, check in chosen])

    def _statement(self, run: PayRun, check: Check) -> Json:
        person, held = rows.person_of(self._tenant.book, run, check), run.period
        return {
            "payidentifier": rows.check_id(run, check),
            "paydate": stamp(held.pay_date),
            "periodstartdate": stamp(held.start),
            "periodenddate": stamp(held.end),
            "paygroup": self._tenant.book.group_of(held),
            "grosswagescurrent": Cents(check.gross),
            "deductionscurrent": Cents(check.pension),
            "taxescurrent": Cents(check.employee_tax),
            "netpaycurrent": Cents(check.net),
            "orglevel1": rows.department(self._tenant.book, run, check),
            "orglevel2": person.division,
            "job": person.job,
            "companyname": self._tenant.book.company_named(person.company_code).title,
            "employeeidentifier": {
                "companyidentifier": person.company_id,
                "employeeidentifier": person.employee_id,
            },
            "ssn": person.ssn,
        }


def _each(make: Callable[[Book, PayRun, Check], list[Json]]) -> RowsOfRun:
    return lambda book, run: partial(make, book, run)


def _span(query: Query) -> tuple[str, str]:
    """First and last period control that the query asks for; any, where it does not say."""
    return query.text("startPerControl") or "", query.text("endPerControl") or "9" * 9
