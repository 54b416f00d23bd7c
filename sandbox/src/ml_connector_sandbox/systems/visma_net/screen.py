"""What people do at the vendor's screens, where no rule of the API holds them back, and in its portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.visma_net import journals
from ml_connector_sandbox.systems.visma_net.book import (
    BALANCED,
    HOLD,
    POSTED,
    UNPOSTED,
    Broken,
    Company,
    Row,
    etag,
)
from ml_connector_sandbox.systems.visma_net.later import Later
from ml_connector_sandbox.systems.visma_net.masters import split_number
from ml_connector_sandbox.systems.visma_net.seed import put_value
from ml_connector_sandbox.systems.visma_net.signin import SCOPE_PREFIX, SCOPES, SignIn
from ml_connector_sandbox.systems.visma_net.webhooks import Webhooks


class Tenant(Protocol):
    """What the actions work on."""

    companies: dict[str, Company]
    sign_in: SignIn
    webhooks: Webhooks
    later: Later
    switches: Switches


def act(tenant: Tenant, action: str, arguments: Json) -> Json:
    """Carry out an action; `KeyError` for an action, company, document or code that does not exist,
    `ValueError` for a broken rule.
    """
    if action not in ACTIONS:
        raise KeyError(f"action {action}; there are {', '.join(sorted(ACTIONS))}")
    return ACTIONS[action](tenant, arguments)


def _book(tenant: Tenant, arguments: Json) -> Company:
    code = arguments.get("company", arguments.get("entity"))
    if code is None:
        return next(iter(tenant.companies.values()))
    if str(code) not in tenant.companies:
        raise KeyError(f"company {code}")
    return tenant.companies[str(code)]


def _document(tenant: Tenant, arguments: Json) -> tuple[Company, Row]:
    """By `id` or `number`, or, with neither, the last one made."""
    chosen = "company" in arguments or "entity" in arguments
    books = [_book(tenant, arguments)] if chosen else list(tenant.companies.values())
    found = [(book, row) for book in books for row in book.batches.values()]
    wanted = arguments.get("id", arguments.get("number"))
    if wanted is not None:
        found = [(book, row) for book, row in found if row["batchNumber"] == str(wanted)]
    if not found:
        raise KeyError(f"document {wanted or '(none is booked)'}")
    return found[-1]


def _shown(row: Row) -> Json:
    return {
        "id": row["batchNumber"],
        "number": row["batchNumber"],
        "status": row["status"],
        "etag": etag(row),
    }


def _delete(tenant: Tenant, arguments: Json) -> Json:
    book, row = _document(tenant, arguments)
    del book.batches[row["batchNumber"]]
    return {"deleted": row["batchNumber"], "number": row["batchNumber"]}


def _double(tenant: Tenant, arguments: Json) -> Json:
    book, row = _document(tenant, arguments)
    fresh = {
        "batchNumber": book.take_batch_number(),
        "lines": [dict(line) for line in row["lines"]],
        "releasing": False,
    }
    return _shown(journals.put(book, {**row, **fresh}))


def _edit(tenant: Tenant, arguments: Json) -> Json:
    """Change the description, or one line (`line`, from 1): amount, text, account, reference, project, task,
    segments. No rule is checked.
    """
    book, row = _document(tenant, arguments)
    if "description" in arguments:
        row["description"] = str(arguments["description"])
    names = ("amount", "text", "account", "reference", "project", "task", "segments", "cost_center")
    wished = {name: arguments[name] for name in names if name in arguments}
    if not wished and "description" not in arguments:
        raise ValueError(f"edit takes one of description, {', '.join(names)}")
    if wished:
        place = int(arguments.get("line", 1))
        if not 1 <= place <= len(row["lines"]):
            raise KeyError(f"line {place}; the document has {len(row['lines'])}")
        _edit_line(book, row["lines"][place - 1], wished)
    return _shown(book.touch(row))


def _edit_line(book: Company, line: Row, wished: Json) -> None:
    for name in ("text", "account", "reference", "project", "task"):
        if name in wished:
            line[name] = str(wished[name])
    if "amount" in wished:
        amount = Decimal(str(wished["amount"]))
        line["debit"], line["credit"] = max(amount, Decimal(0)), max(-amount, Decimal(0))
    values = list(wished.get("segments") or ())
    if "cost_center" in wished:
        values = list(book.subaccounts[line["subaccount"]]["values"])
        values[_segment(book, {"segment": "cost_center"})["segmentId"] - 1] = str(wished["cost_center"])
    if values:
        line["subaccount"] = book.subaccount_number(values)
        if line["subaccount"] not in book.subaccounts:
            book.add_subaccount(values)


def _touch(tenant: Tenant, arguments: Json) -> Json:
    """Save a row without changing it, as a colleague at the screen does: its version moves on."""
    kind = arguments.get("kind", "document")
    if kind == "document":
        book, row = _document(tenant, arguments)
        return _shown(book.touch(row))
    book = _book(tenant, arguments)
    if kind == "segment":
        row = _segment(book, arguments)
    else:
        tables = {"account": book.accounts, "subaccount": book.subaccounts, "department": book.departments}
        tables |= {"employee": book.employees, "project": book.projects}
        if kind not in tables:
            raise ValueError(f"kind: document, segment, {', '.join(tables)}")
        row = _coded(tables[kind], kind, arguments)
    return {"kind": kind, "etag": etag(book.touch(row))}


def _book_by_hand(tenant: Tenant, arguments: Json) -> Json:
    """`{"date", "description", "lines": [{"account", "amount", "segments": {"1": "…"}, "text", "project",
    "task"}]}`; posted at once.
    """
    book = _book(tenant, arguments)
    lines = []
    for line in arguments["lines"]:
        amount = Decimal(str(line["amount"]))
        segments = line.get("segments") or {}
        if "subaccount" in line:
            segments = dict(enumerate(split_number(book, str(line["subaccount"])), 1))
        wish = {
            "operation": "Insert",
            "accountNumber": str(line["account"]),
            "subaccount": [
                {"segmentId": int(number), "segmentValue": str(value)} for number, value in segments.items()
            ],
            "transactionDescription": line.get("text"),
            "referenceNumber": line.get("reference"),
            "project": line.get("project"),
            "projectTask": line.get("task"),
            "debitAmountInCurrency": max(amount, Decimal(0)),
            "creditAmountInCurrency": max(-amount, Decimal(0)),
        }
        lines.append(wish)
    day = datetime.fromisoformat(arguments["date"]) if "date" in arguments else None
    given: dict[str, Any] = {
        "hold": False,
        "transactionDate": day,
        "description": arguments.get("description", ""),
    }
    try:
        row = journals.create(book, {**given, "journalTransactionLines": lines})
        if arguments.get("release", True):
            journals.begin_release(book, row)
            journals.finish_release(book, row)
    except Broken as broken:
        raise ValueError(str(broken)) from broken
    return _shown(row)


def _hold(tenant: Tenant, arguments: Json) -> Json:
    book, row = _document(tenant, arguments)
    row["status"] = HOLD
    return _shown(book.touch(row))


def _release(tenant: Tenant, arguments: Json) -> Json:
    """Take off hold and release, whatever the API would say about who changed what."""
    book, row = _document(tenant, arguments)
    try:
        if row["status"] == HOLD:
            journals.change(book, row, {"hold": False})
        if row["status"] == BALANCED:
            row["releasing"] = True
            journals.finish_release(book, row)
    except Broken as broken:
        raise ValueError(str(broken)) from broken
    return _shown(row)


def _post(tenant: Tenant, arguments: Json) -> Json:
    book, row = _document(tenant, arguments)
    if row["status"] == UNPOSTED:
        row["status"] = POSTED
        book.touch(row)
    return _shown(row)


def _period(name: str, value: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        book = _book(tenant, arguments)
        period = str(arguments.get("period", "")).replace("-", "")
        if period not in book.periods:
            raise KeyError(f"period {arguments.get('period')}")
        book.periods[period][name] = value
        return {"company": book.code, "period": f"{period[:4]}-{period[4:]}", name: value}

    return action


def _coded(table: dict[str, Row], what: str, arguments: Json) -> Row:
    code = str(arguments.get("code", arguments.get(what, "")))
    if code not in table:
        raise KeyError(f"{what} {code}")
    return table[code]


def _active(what: str, active: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        book = _book(tenant, arguments)
        table = {"account": book.accounts, "subaccount": book.subaccounts, "branch": book.branches}[what]
        row = _coded(table, what, arguments)
        row["isActive" if what == "branch" else "active"] = active
        return {
            what: str(arguments.get("code", arguments.get(what))),
            "active": active,
            "etag": etag(book.touch(row)),
        }

    return action


def _manual_entry(tenant: Tenant, arguments: Json) -> Json:
    """`{"code": "5000", "allowed": false}`"""
    book = _book(tenant, arguments)
    row = _coded(book.accounts, "account", arguments)
    row["allowManualEntry"] = bool(arguments.get("allowed", False))
    return {
        "account": row["accountCD"],
        "allowManualEntry": row["allowManualEntry"],
        "etag": etag(book.touch(row)),
    }


def _add_subaccount(tenant: Tenant, arguments: Json) -> Json:
    book = _book(tenant, arguments)
    values = list(arguments.get("values") or ()) or str(arguments.get("code", "")).split("-")
    if len(values) != len(book.segments()):
        raise ValueError(f"values: one for each of the {len(book.segments())} segments")
    row = book.add_subaccount(
        [str(value) for value in values],
        str(arguments.get("description", "")),
        active=arguments.get("active") is not False,
    )
    return {"subaccount": row["subaccountNumber"], "id": row["subaccountId"]}


def _remove_subaccount(tenant: Tenant, arguments: Json) -> Json:
    book = _book(tenant, arguments)
    row = _coded(book.subaccounts, "subaccount", arguments)
    del book.subaccounts[row["subaccountNumber"]]
    return {"removed": row["subaccountNumber"]}


def _segment(book: Company, arguments: Json) -> Row:
    """By `segment`: its id, or its axis."""
    wanted = str(arguments.get("segment", "1"))
    row = next((row for row in book.segments() if wanted in (str(row["segmentId"]), row["axis"])), None)
    if row is None:
        raise KeyError(f"segment {wanted}")
    return row


def _put_value(tenant: Tenant, arguments: Json) -> Json:
    """Add a value, or change the one that is there: description, active."""
    book = _book(tenant, arguments)
    segment, code = _segment(book, arguments), str(arguments.get("code", ""))
    if not code or len(code) > segment["length"]:
        raise ValueError(f"code: 1 to {segment['length']} characters")
    old = segment["values"].get(code, {})
    active = arguments.get("active", old.get("active", True))
    put_value(
        book,
        segment,
        code,
        str(arguments.get("description", old.get("description", ""))),
        active=bool(active),
    )
    return {
        "segment": segment["segmentId"],
        "code": code,
        "active": bool(active),
        "etag": etag(book.touch(segment)),
    }


def _remove_value(tenant: Tenant, arguments: Json) -> Json:
    book = _book(tenant, arguments)
    segment = _segment(book, arguments)
    code = str(_coded(segment["values"], "code", arguments)["valueId"])
    del segment["values"][code]
    return {"segment": segment["segmentId"], "removed": code, "etag": etag(book.touch(segment))}


def _project(tenant: Tenant, arguments: Json) -> Json:
    """`{"code": "P2601", "status": "Completed", "task": "10", "visible_in_gl": true}`: of the task when one
    is named, else of the project.
    """
    book = _book(tenant, arguments)
    row = _coded(book.projects, "project", arguments)
    if "task" in arguments:
        task = book.task_of(row, str(arguments["task"]))
        if task is None:
            raise KeyError(f"task {arguments['task']}")
        row = task
    row["status"] = arguments.get("status", row["status"])
    row["visibleInGl"] = bool(arguments.get("visible_in_gl", row["visibleInGl"]))
    return {"status": row["status"], "visible_in_gl": row["visibleInGl"], "etag": etag(book.touch(row))}


def _revoke(tenant: Tenant, _: Json) -> Json:
    return {"revoked": tenant.sign_in.revoke()}


def _approval(approved: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        code = _book(tenant, arguments).code
        (tenant.sign_in.withdrawn.discard if approved else tenant.sign_in.withdrawn.add)(code)
        return {"company": code, "approved": approved}

    return action


def _scopes(tenant: Tenant, arguments: Json) -> Json:
    """`{"scopes": ["read", "create"]}`: what the application may ask for from now on."""
    wanted = {SCOPE_PREFIX + str(name).removeprefix(SCOPE_PREFIX) for name in arguments.get("scopes", ())}
    if not wanted <= set(SCOPES):
        raise ValueError(f"scopes: of {', '.join(scope.removeprefix(SCOPE_PREFIX) for scope in SCOPES)}")
    tenant.sign_in.granted = wanted
    return {"scopes": sorted(wanted)}


def _finish_queue(tenant: Tenant, _: Json) -> Json:
    return {"done": tenant.later.finish()}


def _subscribe(tenant: Tenant, arguments: Json) -> Json:
    return tenant.webhooks.subscribe(str(arguments.get("url", "")), list(arguments.get("entities") or ()))


def _notifications(tenant: Tenant, _: Json) -> Json:
    return {"sent": tenant.webhooks.sent}


ACTIONS: dict[str, Callable[[Tenant, Json], Json]] = {
    "delete": _delete,
    "double": _double,
    "edit": _edit,
    "touch": _touch,
    "book": _book_by_hand,
    "hold": _hold,
    "release": _release,
    "post": _post,
    "finish_queue": _finish_queue,
    "close_period": _period("closed", True),
    "open_period": _period("closed", False),
    "deactivate_period": _period("active", False),
    "activate_period": _period("active", True),
    "block_account": _active("account", False),
    "unblock_account": _active("account", True),
    "manual_entry": _manual_entry,
    "add_subaccount": _add_subaccount,
    "remove_subaccount": _remove_subaccount,
    "deactivate_subaccount": _active("subaccount", False),
    "activate_subaccount": _active("subaccount", True),
    "put_segment_value": _put_value,
    "remove_segment_value": _remove_value,
    "deactivate_branch": _active("branch", False),
    "activate_branch": _active("branch", True),
    "project": _project,
    "revoke": _revoke,
    "withdraw_approval": _approval(False),
    "approve": _approval(True),
    "scopes": _scopes,
    "subscribe": _subscribe,
    "notifications": _notifications,
}
