"""Every verb on every path: what it reads, what it changes, what it answers. Batches have a file of their
own.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.visma_net import masters, reads, render, render_masters, schema
from ml_connector_sandbox.systems.visma_net.answers import changing, creating, listed, one, paged
from ml_connector_sandbox.systems.visma_net.book import Missing
from ml_connector_sandbox.systems.visma_net.endpoint import Call, Endpoint, found
from ml_connector_sandbox.systems.visma_net.journal_endpoints import JOURNAL_ENDPOINTS
from ml_connector_sandbox.systems.visma_net.project_endpoints import PROJECT_ENDPOINTS
from ml_connector_sandbox.systems.visma_net.render import json_response, tagged


def _accounts(call: Call) -> Response:
    rows = reads.changed(reads.above(call.book.accounts.values(), call.query, "accountCD"), call.query)
    if call.query.get("active"):
        rows = [row for row in rows if row["active"] is reads.flag(call.query, "active")]
    if call.query.get("publiccode"):
        rows = [row for row in rows if row["publicCode1"] == call.query["publiccode"].strip()]
    metadata = {"totalCount": len(rows), "maxPageSize": len(rows)}
    class_text = reads.flag(call.query, "includeAccountClassDescription")
    return json_response(
        [{**render.account(call.book, row, class_text=class_text), "metadata": metadata} for row in rows]
    )


def _subaccounts(call: Call) -> Iterable[Row]:
    wanted = call.query.get("active")
    return [
        row
        for row in call.book.subaccounts.values()
        if not wanted or row["active"] is reads.flag(call.query, "active")
    ]


def _dimension(call: Call) -> Response:
    row = found(call.book.dimensions, call.names["code"].upper())
    return json_response(
        render.dimension(call.book, row, values=reads.flag(call.query, "expandSegmentsValues", True))
    )


def _segment(call: Call) -> Response:
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    return json_response(render.segment(call.book, row), tagged(row))


def _put_segment(call: Call) -> Response:
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    call.demand_version(row, "Segment")
    given = call.body(schema.SEGMENT)
    masters.update_segment(call.book, row, given)
    if given.get("description"):
        call.tell("Segment", "Changed", f"{call.names['code']}/{call.names['segment']}")
    if given.get("segmentValues"):
        call.tell("Segment", "ValueChanged", f"{call.names['code']}/{call.names['segment']}")
    return call.changed(row)


def _segment_value(call: Call) -> Response:
    """One value, by its code in base64, bare or as `b64(…)`."""
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    if call.request.path.endswith(")"):
        return json_response(render.segment_value(found(row["values"], call.names["value"])))
    text = call.names["value"].replace("-", "+").replace("_", "/")
    try:
        code = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except ValueError as error:
        raise Missing(text) from error
    return json_response(render.segment_value(found(row["values"], code)))


def _segment_value_by_id(call: Call) -> Response:
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    return json_response(
        render.segment_value(found({v["publicId"]: v for v in row["values"].values()}, call.names["value"]))
    )


def _branches(call: Call) -> Response:
    expand = frozenset(
        name for name in call.query if name.startswith("expand") and reads.flag(call.query, name)
    )
    if "code" in call.names:
        return json_response(
            render_masters.branch(call.book, found(call.book.branches, call.names["code"]), expand)
        )
    rows = reads.changed(reads.above(call.book.branches.values(), call.query, "number"), call.query)
    return json_response([render_masters.branch(call.book, row, expand) for row in rows])


def _organizations(call: Call) -> Response:
    shown = render_masters.organization(call.book, branches=reads.flag(call.query, "expandBranches"))
    if "code" not in call.names:
        rows = [{"code": call.book.code, "_modified": shown["lastModifiedDateTime"]}]
        return json_response(
            [shown for _ in reads.changed(reads.above(rows, call.query, "code"), call.query)]
        )
    if call.names["code"] != call.book.code:
        raise Missing(call.names["code"])
    return json_response(shown, {"ETag": f'"{shown["timeStamp"]}"'})


def _periods(call: Call) -> Response:
    above = call.query.get("greaterthanvalue", "").strip()
    rows = [row for row in call.book.periods.values() if not above or row["period"][: len(above)] > above]
    return json_response([render_masters.period(call.book, row) for row in rows])


def _numbering(call: Call) -> Response:
    """The one series there is: that of batches."""
    book = call.book
    sequence = {
        "numberingId": "BATCH",
        "branch": None,
        "startNbr": "100001",
        "endNbr": "999999",
        "startDate": datetime(2020, 1, 1),
        "lastNbr": str(book.next_batch - 1),
        "warnNbr": "999000",
        "nbrStep": 1,
        "nextNumber": str(book.next_batch),
    }
    series = {
        "numberingId": "BATCH",
        "description": "GL Batch",
        "manualNumbering": False,
        "newNumberSymbol": "<NEW>",
        "sequence": [sequence],
    }
    if "code" not in call.names:
        return json_response([series])
    if call.names["code"] != "BATCH":
        raise Missing(call.names["code"])
    return json_response(series)


def _employees(call: Call) -> Iterable[Row]:
    return call.book.employees.values()


def _renumber(call: Call) -> Response:
    if "erp-api-background" in call.request.headers:
        # The version counts here only for an operation of the background.
        row = found(
            {str(held["employeeId"]): held for held in call.book.employees.values()}, call.names["code"]
        )
        call.demand_version(row, "Employee")
    row = masters.renumber_employee(call.book, call.names["code"], call.body(schema.NUMBER))
    call.tell("Employee", "Changed", row["employeeNumber"])
    call.tell("EPEmployee", "Updated", row["employeeNumber"])
    return json_response({"actionId": call.book.new_uuid(), "actionResult": "Done", "errorInfo": ""})


ENDPOINTS = (
    *JOURNAL_ENDPOINTS,
    Endpoint(method="GET", path="v1/account", answer=_accounts),
    Endpoint(method="GET", path="v1/account/{code}", answer=one(lambda book: book.accounts, render.account)),
    Endpoint(
        method="POST",
        path="v1/account",
        answer=creating(schema.ACCOUNT, masters.create_account, "v1/account", "accountCD", "Account"),
        words="Error inserting the account.",
    ),
    Endpoint(
        method="PUT",
        path="v1/account/{code}",
        answer=changing(
            lambda book: book.accounts, schema.ACCOUNT, masters.change_account, "Account", "Account"
        ),
        words="Error updating the account.",
    ),
    Endpoint(method="GET", path="v1/subaccount", answer=paged(_subaccounts, render.subaccount)),
    Endpoint(
        method="GET",
        path="v1/subaccount/{code}",
        answer=one(lambda book: book.subaccounts, render.subaccount),
    ),
    Endpoint(
        method="POST",
        path="v1/subaccount",
        answer=creating(
            schema.SUBACCOUNT_SHAPE, masters.create_subaccount, "v1/subaccount", "subaccountNumber"
        ),
        words="Error inserting the subaccount.",
    ),
    Endpoint(
        method="PUT",
        path="v1/subaccount/{code}",
        answer=changing(
            lambda book: book.subaccounts, schema.SUBACCOUNT_SHAPE, masters.change_subaccount, "Subaccount"
        ),
        words="Error updating the subaccount.",
    ),
    Endpoint(
        method="GET", path="v1/dimension", answer=lambda call: json_response(list(call.book.dimensions))
    ),
    Endpoint(method="GET", path="v1/dimension/{code}", answer=_dimension),
    Endpoint(method="GET", path="v1/dimension/{code}/{segment}", answer=_segment),
    Endpoint(
        method="PUT",
        path="v1/dimension/{code}/{segment}",
        answer=_put_segment,
        words="Error updating the segment.",
        failure="segment_failure_status",
    ),
    Endpoint(
        method="GET", path="v1/dimension/{code}/{segment}/publicid/{value}", answer=_segment_value_by_id
    ),
    Endpoint(method="GET", path="v1/dimension/{code}/{segment}/{value}", answer=_segment_value),
    Endpoint(
        method="GET",
        path="v1/department",
        answer=listed(lambda book: book.departments.values(), render.department, code="departmentId"),
    ),
    Endpoint(
        method="GET",
        path="v1/department/{code}",
        answer=one(lambda book: book.departments, render.department),
    ),
    Endpoint(
        method="POST",
        path="v1/department",
        answer=creating(schema.DEPARTMENT, masters.create_department, "v1/department", "departmentId"),
        words="Error inserting the department.",
    ),
    Endpoint(
        method="PUT",
        path="v1/department/{code}",
        answer=changing(
            lambda book: book.departments, schema.DEPARTMENT, masters.change_department, "Department"
        ),
        words="Error updating the department.",
    ),
    Endpoint(
        method="GET",
        path="v1/employee",
        answer=paged(_employees, render_masters.employee, code="employeeNumber"),
    ),
    Endpoint(
        method="GET",
        path="v1/employee/{code}",
        answer=one(lambda book: book.employees, render_masters.employee),
    ),
    Endpoint(
        method="POST",
        path="v1/employee",
        answer=creating(
            schema.EMPLOYEE, masters.create_employee, "v1/employee", "employeeNumber", "Employee"
        ),
        words="Error inserting the employee.",
    ),
    Endpoint(
        method="PUT",
        path="v1/employee/{code}",
        answer=changing(
            lambda book: book.employees, schema.EMPLOYEE, masters.change_employee, "Employee", "Employee"
        ),
        words="Error updating the employee.",
    ),
    Endpoint(
        method="POST",
        path="v1/employee/action/changeEmployeeCd/{code}",
        answer=_renumber,
        words="Error updating the employee.",
    ),
    Endpoint(method="GET", path="v1/branch", answer=_branches),
    Endpoint(method="GET", path="v1/branch/{code}", answer=_branches),
    Endpoint(method="GET", path="v1/organization", answer=_organizations),
    Endpoint(method="GET", path="v1/organization/{code}", answer=_organizations),
    Endpoint(
        method="GET",
        path="v1/ledger",
        answer=listed(lambda book: book.ledgers.values(), render_masters.ledger, code="number"),
    ),
    Endpoint(method="GET", path="v1/financialperiod", answer=_periods),
    Endpoint(
        method="GET",
        path="v1/financialperiod/{code}",
        answer=one(lambda book: book.periods, render_masters.period, versioned=False),
    ),
    Endpoint(
        method="GET",
        path="v1/currency",
        answer=listed(lambda book: book.currencies.values(), render_masters.currency, stamped=False),
    ),
    Endpoint(
        method="GET",
        path="v1/currency/{code}",
        answer=one(lambda book: book.currencies, render_masters.currency, versioned=False),
    ),
    Endpoint(method="GET", path="v1/numbersequence", answer=_numbering),
    Endpoint(method="GET", path="v1/numbersequence/{code}", answer=_numbering),
    Endpoint(
        method="GET", path="v1/vat", answer=listed(lambda book: book.vat_codes.values(), render_masters.vat)
    ),
    Endpoint(
        method="GET",
        path="v1/vat/{code}",
        answer=one(lambda book: book.vat_codes, render_masters.vat, versioned=False),
    ),
    Endpoint(
        method="GET",
        path="v1/vatcategory",
        answer=listed(lambda book: book.vat_codes.values(), render_masters.vat_category, code="vatId"),
    ),
    Endpoint(
        method="GET",
        path="v1/vatcategory/{code}",
        answer=one(lambda book: book.vat_codes, render_masters.vat_category, versioned=False),
    ),
    *PROJECT_ENDPOINTS,
)
