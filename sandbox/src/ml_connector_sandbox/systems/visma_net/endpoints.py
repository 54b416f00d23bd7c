"""Every verb on every path: what it reads, what it changes, what it answers. Batches have a file of their own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.vendor import Response
from ml_connector_sandbox.systems.visma_net import masters, reads, render
from ml_connector_sandbox.systems.visma_net.binding import Shape
from ml_connector_sandbox.systems.visma_net.book import Company, Missing, Row, check_version
from ml_connector_sandbox.systems.visma_net.calls import Answer, Call, Endpoint, found
from ml_connector_sandbox.systems.visma_net.journal_endpoints import JOURNAL_ENDPOINTS
from ml_connector_sandbox.systems.visma_net.render import empty, json_response, tagged

Render = Callable[[Company, Row], Row]


def _list(rows: Callable[[Company], Iterable[Row]], show: Render, *, stamped: bool = True) -> Answer:
    """An unpaged list."""

    def answer(call: Call) -> Response:
        held = rows(call.book)
        return json_response([show(call.book, row) for row in (reads.changed(held, call.query) if stamped else held)])

    return answer


def _paged(rows: Callable[[Call], Iterable[Row]], show: Render, switch: str = "page_lines_max") -> Answer:
    """A list in pages; each element carries the whole count."""

    def answer(call: Call) -> Response:
        held = reads.changed(rows(call), call.query)
        shown, metadata = reads.page(held, call.query, int(call.book.switches[switch]))
        return json_response([{**show(call.book, row), "metadata": metadata} for row in shown])

    return answer


def _one(table: Callable[[Company], Mapping[Any, Row]], show: Render, *, versioned: bool = True) -> Answer:
    def answer(call: Call) -> Response:
        row = found(table(call.book), call.names["code"])
        return json_response(show(call.book, row), tagged(row) if versioned else None)

    return answer


def _post(shape: Shape, make: Callable[[Company, Mapping[str, Any]], Row], path: str, code: str, entity: str = "") -> Answer:
    def answer(call: Call) -> Response:
        row = make(call.book, call.body(shape))
        if entity:
            call.tell(entity, "Created" if entity == "Account" else "Changed", str(row[code]))
        status = int(call.book.switches["employee_create_status"]) if entity == "Employee" else 201
        return call.created(f"{path}/{quote(str(row[code]), safe='')}", row, status)

    return answer


def _put(
    table: Callable[[Company], Mapping[Any, Row]],
    shape: Shape,
    edit: Callable[[Company, Row, Mapping[str, Any]], Any],
    resource: str,
    entity: str = "",
) -> Answer:
    def answer(call: Call) -> Response:
        row = found(table(call.book), call.names["code"])
        check_version(row, call.if_match, resource)
        edit(call.book, row, call.body(shape))
        if entity:
            call.tell(entity, "Updated" if entity == "Account" else "Changed", call.names["code"])
        return empty(204, tagged(row))

    return answer


def _accounts(call: Call) -> Response:
    rows = reads.changed(call.book.accounts.values(), call.query)
    if call.query.get("active"):
        rows = [row for row in rows if row["active"] is reads.flag(call.query, "active")]
    metadata = {"totalCount": len(rows), "maxPageSize": len(rows)}
    return json_response([{**render.account(call.book, row), "metadata": metadata} for row in rows])


def _subaccounts(call: Call) -> Iterable[Row]:
    wanted = call.query.get("active")
    return [row for row in call.book.subaccounts.values() if not wanted or row["active"] is reads.flag(call.query, "active")]


def _dimension(call: Call) -> Response:
    row = found(call.book.dimensions, call.names["code"].upper())
    return json_response(render.dimension(call.book, row, values=reads.flag(call.query, "expandSegmentsValues", True)))


def _segment(call: Call) -> Response:
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    return json_response(render.segment(call.book, row), tagged(row))


def _put_segment(call: Call) -> Response:
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    check_version(row, call.if_match, "Segment")
    masters.update_segment(call.book, row, call.body(masters.SEGMENT))
    call.tell("Segment", "ValueChanged", f"{call.names['code']}/{call.names['segment']}")
    return empty(204, tagged(row))


def _segment_value(call: Call) -> Response:
    """One value, by its code in base64."""
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    text = call.names["value"].replace("-", "+").replace("_", "/")
    try:
        code = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Missing(text) from error
    return json_response(render.segment_value(found(row["values"], code)))


def _segment_value_by_id(call: Call) -> Response:
    row = masters.find_segment(call.book, call.names["code"], call.names["segment"])
    return json_response(render.segment_value(found({v["publicId"]: v for v in row["values"].values()}, call.names["value"])))


def _branches(call: Call) -> Response:
    expand = frozenset(name for name in call.query if name.startswith("expand") and reads.flag(call.query, name))
    if "code" in call.names:
        return json_response(render.branch(call.book, found(call.book.branches, call.names["code"]), expand))
    return json_response([render.branch(call.book, row, expand) for row in call.book.branches.values()])


def _organizations(call: Call) -> Response:
    shown = render.organization(call.book, branches=reads.flag(call.query, "expandBranches"))
    if "code" not in call.names:
        return json_response([shown])
    if call.names["code"] != call.book.code:
        raise Missing(call.names["code"])
    return json_response(shown)


def _periods(call: Call) -> Response:
    above = call.query.get("greaterthanvalue", "").strip()
    rows = [row for row in call.book.periods.values() if not above or row["period"][: len(above)] > above]
    return json_response([render.period(call.book, row) for row in rows])


def _numbering(call: Call) -> Response:
    """The one series there is: that of batches."""
    book = call.book
    sequence = {
        "numberingId": "BATCH",
        "branch": None,
        "startNbr": "100001",
        "endNbr": "999999",
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


def _projects(call: Call) -> Iterable[Row]:
    query, rows = call.query, list(call.book.projects.values())
    if not reads.flag(query, "nonProject"):
        rows = rows[1:]
    if query.get("status"):
        rows = [row for row in rows if row["status"].lower() == query["status"].lower()]
    if query.get("branch"):
        rows = [row for row in rows if row["branch"] == query["branch"]]
    return rows


def _tasks(call: Call) -> Iterable[Row]:
    query, rows = call.query, list(call.book.tasks.values())
    if query.get("projectid"):
        project = call.book.projects.get(query["projectid"])
        rows = [row for row in rows if project is not None and row["projectInternalId"] == project["internalID"]]
    if query.get("status"):
        rows = [row for row in rows if row["status"].lower() == query["status"].lower()]
    return rows


def _by_internal(book: Company) -> Mapping[Any, Row]:
    return {str(row["internalID"]): row for row in book.projects.values()}


def _tasks_by_id(book: Company) -> Mapping[Any, Row]:
    return {str(number): row for number, row in book.tasks.items()}


def _renumber(call: Call) -> Response:
    row = masters.renumber_employee(call.book, call.names["code"], call.body(masters.NUMBER))
    call.tell("Employee", "Changed", row["employeeNumber"])
    return json_response({"actionId": call.book.new_uuid(), "actionResult": "Done", "errorInfo": ""})


def _post_task(call: Call) -> Response:
    row = masters.create_task(call.book, call.names["code"], call.body(masters.TASK))
    return call.created(f"v1/projecttask/{row['internalId']}", row)


ENDPOINTS = (
    *JOURNAL_ENDPOINTS,
    Endpoint(method="GET", path="v1/account", answer=_accounts),
    Endpoint(method="GET", path="v1/account/{code}", answer=_one(lambda book: book.accounts, render.account)),
    Endpoint(
        method="POST",
        path="v1/account",
        answer=_post(masters.ACCOUNT, masters.create_account, "v1/account", "accountCD", "Account"),
        words="Error inserting the account.",
    ),
    Endpoint(
        method="PUT",
        path="v1/account/{code}",
        answer=_put(lambda book: book.accounts, masters.ACCOUNT, masters.change_account, "Account", "Account"),
        words="Error updating the account.",
    ),
    Endpoint(method="GET", path="v1/subaccount", answer=_paged(_subaccounts, render.subaccount)),
    Endpoint(method="GET", path="v1/subaccount/{code}", answer=_one(lambda book: book.subaccounts, render.subaccount)),
    Endpoint(
        method="POST",
        path="v1/subaccount",
        answer=_post(masters.SUBACCOUNT_SHAPE, masters.create_subaccount, "v1/subaccount", "subaccountNumber"),
        words="Error inserting the subaccount.",
    ),
    Endpoint(
        method="PUT",
        path="v1/subaccount/{code}",
        answer=_put(lambda book: book.subaccounts, masters.SUBACCOUNT_SHAPE, masters.change_subaccount, "Subaccount"),
        words="Error updating the subaccount.",
    ),
    Endpoint(method="GET", path="v1/dimension", answer=lambda call: json_response(list(call.book.dimensions))),
    Endpoint(method="GET", path="v1/dimension/{code}", answer=_dimension),
    Endpoint(method="GET", path="v1/dimension/{code}/{segment}", answer=_segment),
    Endpoint(
        method="PUT",
        path="v1/dimension/{code}/{segment}",
        answer=_put_segment,
        words="Error updating the segment.",
        failure="segment_failure_status",
    ),
    Endpoint(method="GET", path="v1/dimension/{code}/{segment}/publicid/{value}", answer=_segment_value_by_id),
    Endpoint(method="GET", path="v1/dimension/{code}/{segment}/{value}", answer=_segment_value),
    Endpoint(method="GET", path="v1/department", answer=_list(lambda book: book.departments.values(), render.department)),
    Endpoint(method="GET", path="v1/department/{code}", answer=_one(lambda book: book.departments, render.department)),
    Endpoint(
        method="POST",
        path="v1/department",
        answer=_post(masters.DEPARTMENT, masters.create_department, "v1/department", "departmentId"),
        words="Error inserting the department.",
    ),
    Endpoint(
        method="PUT",
        path="v1/department/{code}",
        answer=_put(lambda book: book.departments, masters.DEPARTMENT, masters.change_department, "Department"),
        words="Error updating the department.",
    ),
    Endpoint(method="GET", path="v1/employee", answer=_paged(_employees, render.employee)),
    Endpoint(method="GET", path="v1/employee/{code}", answer=_one(lambda book: book.employees, render.employee)),
    Endpoint(
        method="POST",
        path="v1/employee",
        answer=_post(masters.EMPLOYEE, masters.create_employee, "v1/employee", "employeeNumber", "Employee"),
        words="Error inserting the employee.",
    ),
    Endpoint(
        method="PUT",
        path="v1/employee/{code}",
        answer=_put(lambda book: book.employees, masters.EMPLOYEE, masters.change_employee, "Employee", "Employee"),
        words="Error updating the employee.",
    ),
    Endpoint(method="POST", path="v1/employee/action/changeEmployeeCd/{code}", answer=_renumber, words="Error updating the employee."),
    Endpoint(method="GET", path="v1/branch", answer=_branches),
    Endpoint(method="GET", path="v1/branch/{code}", answer=_branches),
    Endpoint(method="GET", path="v1/organization", answer=_organizations),
    Endpoint(method="GET", path="v1/organization/{code}", answer=_organizations),
    Endpoint(method="GET", path="v1/ledger", answer=_list(lambda book: book.ledgers.values(), render.ledger)),
    Endpoint(method="GET", path="v1/financialperiod", answer=_periods),
    Endpoint(method="GET", path="v1/financialperiod/{code}", answer=_one(lambda book: book.periods, render.period, versioned=False)),
    Endpoint(method="GET", path="v1/currency", answer=_list(lambda book: book.currencies.values(), render.currency, stamped=False)),
    Endpoint(method="GET", path="v1/currency/{code}", answer=_one(lambda book: book.currencies, render.currency, versioned=False)),
    Endpoint(method="GET", path="v1/numbersequence", answer=_numbering),
    Endpoint(method="GET", path="v1/numbersequence/{code}", answer=_numbering),
    Endpoint(method="GET", path="v1/vat", answer=_list(lambda book: book.vat_codes.values(), render.vat)),
    Endpoint(method="GET", path="v1/vatcategory", answer=_list(lambda book: book.vat_codes.values(), render.vat)),
    Endpoint(method="GET", path="v1/project", answer=_paged(_projects, render.project, "project_page_max")),
    Endpoint(method="GET", path="v1/project/tasks", answer=_paged(_tasks, render.task)),
    Endpoint(method="GET", path="v1/project/{code}", answer=_one(lambda book: book.projects, render.project)),
    Endpoint(method="GET", path="v1/project/internal/{code}", answer=_one(_by_internal, render.project)),
    Endpoint(
        method="POST",
        path="v1/project",
        answer=_post(masters.PROJECT, masters.create_project, "v1/project", "projectID", "Project"),
        words="Error inserting the project.",
    ),
    Endpoint(
        method="PUT",
        path="v1/project/{code}",
        answer=_put(lambda book: book.projects, masters.PROJECT, masters.change_project, "Project", "Project"),
        words="Error updating the project.",
    ),
    Endpoint(
        method="PUT",
        path="v1/project/internal/{code}",
        answer=_put(_by_internal, masters.PROJECT, masters.change_project, "Project"),
        words="Error updating the project.",
    ),
    Endpoint(method="GET", path="v1/projecttask", answer=_paged(_tasks, render.task)),
    Endpoint(method="POST", path="v1/projecttask/{code}", answer=_post_task, words="Error inserting the project task."),
    Endpoint(
        method="PUT",
        path="v1/projecttask/{code}",
        answer=_put(_tasks_by_id, masters.TASK, masters.change_task, "ProjectTask"),
        words="Error updating the project task.",
    ),
)
