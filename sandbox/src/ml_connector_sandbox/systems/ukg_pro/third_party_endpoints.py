"""Third-Party Pay: records of pay that was processed elsewhere, to be read, added, replaced and deleted.

With the switch `third_party_gl` the rows are those a tenant would need for posting: one per posting line of
the newest run, with account segments, debit, credit and cost center.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.general_ledger import CREDIT_SIDE, LINES, GlRows
from ml_connector_sandbox.systems.ukg_pro.odata import read_filter, whole
from ml_connector_sandbox.systems.ukg_pro.payroll import PayRun
from ml_connector_sandbox.systems.ukg_pro.render import Cents, empty, json_response, stamp
from ml_connector_sandbox.systems.ukg_pro.third_party_body import read_record


class ThirdPartyEndpoints:
    """The service on its configurable path."""

    def __init__(self, tenant: Tenant, gl_rows: Callable[[PayRun], GlRows]) -> None:
        self._tenant = tenant
        self._gl_rows = gl_rows

    def endpoints(self) -> list[Endpoint]:
        """The collection and its items."""
        path, needed = (
            self._tenant.switches["third_party_path"],
            self._tenant.switches["third_party_permission"],
        )
        item = path + "/{record_id}"
        return [
            Endpoint(method="GET", path=path, permission=needed, answer=self._list),
            Endpoint(method="GET", path=item, permission=needed, answer=self._get),
            Endpoint(
                method="POST", path=path, permission=needed, rights=("Add",), answer=self._post, kind="write"
            ),
            Endpoint(
                method="PUT", path=item, permission=needed, rights=("Edit",), answer=self._put, kind="write"
            ),
            Endpoint(
                method="DELETE",
                path=item,
                permission=needed,
                rights=("Delete",),
                answer=self._delete,
                kind="write",
            ),
        ]

    def records(self) -> list[Json]:
        """Every record as it is served, children apart."""
        return (
            self._posting_lines()
            if self._tenant.switches["third_party_gl"]
            else list(self._tenant.book.third_party.values())
        )

    def _list(self, request: Request, params: Mapping[str, str]) -> Response:
        """Filtered, then cut by `$skip` and `$top`; children only when `$expand` names them."""
        options = {name.lower(): value for name, value in request.query}
        fits = read_filter(options.get("$filter", ""))
        rows = [row for row in self.records() if fits(row)]
        rows_max = self._tenant.switches["page_rows_max"]
        skip, top = whole(options, "$skip", 0), whole(options, "$top", rows_max)
        expand = {name.strip().lower() for name in options.get("$expand", "").split(",")}
        chosen = [_served(row, expand) for row in rows[skip : skip + min(top, rows_max)]]
        match self._tenant.switches["third_party_envelope"]:
            case "d.results":
                return json_response({"d": {"results": chosen}})
            case "value":
                return json_response({"value": chosen})
            case _:
                return json_response(chosen)

    def _get(self, request: Request, params: Mapping[str, str]) -> Response:
        row = next((row for row in self.records() if row["Id"] == params["record_id"]), None)
        return empty(404) if row is None else json_response(_served(row, {"earnings", "deductions"}))

    def _post(self, request: Request, params: Mapping[str, str]) -> Response:
        given = read_record(request)
        book = self._tenant.book
        book.next_record += 1
        record_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"third-party-pay/{book.seed}/{book.next_record}"))
        return self._stored(record_id, given, created=self._now(), status=201)

    def _put(self, request: Request, params: Mapping[str, str]) -> Response:
        """Replace a record whole; only its id and when it was created stay."""
        old = self._tenant.book.third_party.get(params["record_id"])
        if old is None:
            return empty(404)
        return self._stored(params["record_id"], read_record(request), created=old["DateTimeCreated"])

    def _stored(self, record_id: str, given: Json, *, created: str, status: int = 200) -> Response:
        times = {"DateTimeCreated": created, "DateTimeChanged": self._now()}
        record = {"IsVoided": "N", **given, **times, "Id": record_id}
        self._tenant.book.third_party[record_id] = record
        return json_response(_served(record, {"earnings", "deductions"}), status=status)

    def _now(self) -> str:
        return f"{self._tenant.clock.now():%Y-%m-%dT%H:%M:%SZ}"

    def _delete(self, request: Request, params: Mapping[str, str]) -> Response:
        return (
            empty(404) if self._tenant.book.third_party.pop(params["record_id"], None) is None else empty(204)
        )

    def _posting_lines(self) -> list[Json]:
        runs = [run for run in self._tenant.paid_runs() if run.kind == "regular"]
        return [
            self._posting_line(run, self._gl_rows(run), number)
            for run in runs[-1:]
            for number in range(len(self._gl_rows(run)))
        ]

    def _posting_line(self, run: PayRun, rows: GlRows, number: int) -> Json:
        org = rows.orgs[rows.org[number]]
        company = self._tenant.book.company_of[org].code
        account = LINES[rows.line[number] % CREDIT_SIDE].account
        debit, credit = rows.debit_credit(number)
        return {
            "Id": str(
                uuid.uuid5(
                    uuid.NAMESPACE_URL, f"third-party-pay/{self._tenant.seed}/{run.run_id}/{number + 1}"
                )
            ),
            "CompanyIdentifierType": "CompanyCode",
            "CompanyIdentifierValue": company,
            "PayDate": run.period.pay_date.isoformat() + "T00:00:00Z",
            "PeriodEndDate": run.period.end.isoformat() + "T00:00:00Z",
            "PayGroup": self._tenant.book.group_of(run.period),
            "DateTimeCreated": f"{stamp(run.ran_at)}Z",
            "DateTimeChanged": f"{stamp(run.ran_at)}Z",
            "IsVoided": "N",
            "CheckAddModeCode": "A",
            "OrgLevel1": org,
            "CostCenter": org,
            "AccountSegment1": company,
            "AccountSegment2": account,
            "AccountSegment3": org,
            "DebitAmount": Cents(debit),
            "CreditAmount": Cents(credit),
        }


def _served(row: Json, expand: set[str]) -> Json:
    """A record with those of its children that are asked for."""
    served = {name: value for name, value in row.items() if name not in ("Earnings", "Deductions")}
    return served | {name: row.get(name, []) for name in ("Earnings", "Deductions") if name.lower() in expand}
