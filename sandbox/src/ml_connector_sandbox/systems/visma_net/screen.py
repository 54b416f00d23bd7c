"""What people do at the vendor's screens, where no rule of the API holds them back, and in its portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.visma_net import journals
from ml_connector_sandbox.systems.visma_net.book import (
    BALANCED,
    HOLD,
    POSTED,
    UNPOSTED,
    UNRELEASED,
    Broken,
    Company,
    etag,
)
from ml_connector_sandbox.systems.visma_net.later import Later
from ml_connector_sandbox.systems.visma_net.masters import split_number
from ml_connector_sandbox.systems.visma_net.screen_masters import MASTER_ACTIONS, book_of, coded, segment_of
from ml_connector_sandbox.systems.visma_net.signin import SCOPE_PREFIX, SCOPES, SignIn
from ml_connector_sandbox.systems.visma_net.webhooks import Webhooks

_EDITABLE = (
    "amount",
    "text",
    "account",
    "reference",
    "project",
    "task",
    "segments",
    "cost_center",
    "dimensions",
)


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


def _document(tenant: Tenant, arguments: Json) -> tuple[Company, Row]:
    """By `id` or `number`, or, with neither, the last one made."""
    chosen = "company" in arguments or "entity" in arguments
    books = [book_of(tenant, arguments)] if chosen else list(tenant.companies.values())
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
    """The same batch again, under the next number and in the same state, or on hold with `"hold": true`."""
    book, row = _document(tenant, arguments)
    fresh = {
        "batchNumber": book.take_batch_number(),
        "lines": [dict(line) for line in row["lines"]],
        "releasing": False,
        **({"status": HOLD} if arguments.get("hold") else {}),
    }
    return _shown(journals.put(book, {**row, **fresh}))


def _reverse(tenant: Tenant, arguments: Json) -> Json:
    """A released batch taken back: a mirrored one in the same period, released at once, which names the
    batch that it takes back. Whether it has its texts is a switch.
    """
    book, row = _document(tenant, arguments)
    if row["status"] in UNRELEASED:
        raise ValueError(f"batch {row['batchNumber']} is not released; it can be deleted")
    made = journals.mirror(book, row, row["period"], row["date"])
    made["releasing"] = True
    if book.switches["reversal_texts"] == "none":
        made["description"] = ""
        for line in made["lines"]:
            line["text"] = ""
    if not journals.finish_release(book, made):
        del book.batches[made["batchNumber"]]
        raise ValueError(str(made["error"]))
    return _shown(made)


def _edit(tenant: Tenant, arguments: Json) -> Json:
    """Change the description, or one line (`line`, from 1): amount, text, account, reference, project, task,
    segments, cost_center, dimensions. No rule is checked.
    """
    book, row = _document(tenant, arguments)
    if "description" in arguments:
        row["description"] = str(arguments["description"])
    wished = {name: arguments[name] for name in _EDITABLE if name in arguments}
    if not wished and "description" not in arguments:
        raise ValueError(f"edit takes one of description, {', '.join(_EDITABLE)}")
    if wished:
        place = int(arguments.get("line", 1))
        if not 1 <= place <= len(row["lines"]):
            raise KeyError(f"line {place}; the document has {len(row['lines'])}")
        _edit_line(book, row["lines"][place - 1], wished)
    return _shown(book.touch(row))


def _edit_line(book: Company, line: Row, wished: Json) -> None:
    if "account" in wished:
        coded(book.accounts, "account", wished)
    for name in ("text", "account", "reference", "project", "task"):
        if name in wished:
            line[name] = str(wished[name])
    if "amount" in wished:
        amount = Decimal(str(wished["amount"]))
        line["debit"], line["credit"] = max(amount, Decimal(0)), max(-amount, Decimal(0))
    values = [str(value) for value in wished.get("segments") or ()]
    named = _named_values(book, wished)
    if named:
        values = list(book.subaccounts[line["subaccount"]]["values"])
        for segment in book.segments():
            place = segment["segmentId"] - 1
            values[place] = named.get(segment["axis"], values[place])
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
    book = book_of(tenant, arguments)
    if kind == "segment":
        row = segment_of(book, arguments)
    else:
        tables = {"account": book.accounts, "subaccount": book.subaccounts, "department": book.departments}
        tables |= {"employee": book.employees, "project": book.projects}
        if kind not in tables:
            raise ValueError(f"kind: document, segment, {', '.join(tables)}")
        row = coded(tables[kind], kind, arguments)
    return {"kind": kind, "etag": etag(book.touch(row))}


def _book_by_hand(tenant: Tenant, arguments: Json) -> Json:
    """`{"journal": "GL", "date", "description", "lines": [{"account", "amount", "cost_center", "text",
    "reference", "dimensions": {axis: code}, "project", "task"}]}`; released unless `release` is false.

    A line names its subaccount by `cost_center` and `dimensions`, what it leaves out being the first active
    value; or whole, as `subaccount` or `segments`. `description` may be called `text`.
    """
    book = book_of(tenant, arguments)
    if arguments.get("journal", "GL") != "GL":
        raise KeyError(f"journal {arguments['journal']}; there is GL")
    day = datetime.fromisoformat(arguments["date"]) if "date" in arguments else None
    given: dict[str, Any] = {
        "hold": False,
        "transactionDate": day,
        "description": str(arguments.get("description", arguments.get("text", ""))),
    }
    lines = [_wish(book, line) for line in arguments["lines"]]
    try:
        row = journals.create(book, {**given, "journalTransactionLines": lines})
        if arguments.get("release", True):
            journals.begin_release(book, row)
            journals.finish_release(book, row)
    except Broken as broken:
        raise ValueError(str(broken)) from broken
    return _shown(row)


def _wish(book: Company, line: Json) -> Json:
    amount = Decimal(str(line["amount"]))
    texts = {"transactionDescription": "text", "referenceNumber": "reference", "project": "project"}
    return {
        "operation": "Insert",
        "accountNumber": str(line["account"]),
        "subaccount": [
            {"segmentId": number, "segmentValue": value} for number, value in _segments(book, line).items()
        ],
        **{field: str(line[name]) for field, name in texts.items() if line.get(name) is not None},
        **({"projectTask": str(line["task"])} if line.get("task") is not None else {}),
        "debitAmountInCurrency": max(amount, Decimal(0)),
        "creditAmountInCurrency": max(-amount, Decimal(0)),
    }


def _segments(book: Company, line: Json) -> dict[int, str]:
    """The segment values of a line by the segments' ids."""
    if "subaccount" in line:
        return dict(enumerate(split_number(book, str(line["subaccount"])), 1))
    if "segments" in line:
        return {int(number): str(value) for number, value in dict(line["segments"] or {}).items()}
    named = _named_values(book, line)
    return {
        segment["segmentId"]: named.get(segment["axis"], _first_value(segment)) for segment in book.segments()
    }


def _named_values(book: Company, given: Json) -> dict[str, str]:
    """Segment values by axis, from `cost_center` and `dimensions`."""
    named = dict(given.get("dimensions") or {})
    if given.get("cost_center") is not None:
        named["cost_center"] = given["cost_center"]
    axes = [segment["axis"] for segment in book.segments()]
    unknown = sorted(set(named) - set(axes))
    if unknown:
        raise KeyError(f"dimension {unknown[0]}; there are {', '.join(axes)}")
    return {axis: str(value) for axis, value in named.items()}


def _first_value(segment: Row) -> str:
    return next((code for code, value in segment["values"].items() if value["active"]), "")


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


def _revoke(tenant: Tenant, _: Json) -> Json:
    return {"revoked": tenant.sign_in.revoke()}


def _approval(approved: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        code = book_of(tenant, arguments).code
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
    return {"sent": tenant.webhooks.outbox.sent}


ACTIONS: dict[str, Callable[[Tenant, Json], Json]] = {
    **MASTER_ACTIONS,
    "delete": _delete,
    "double": _double,
    "reverse": _reverse,
    "edit": _edit,
    "touch": _touch,
    "book": _book_by_hand,
    "hold": _hold,
    "release": _release,
    "post": _post,
    "finish_queue": _finish_queue,
    "revoke": _revoke,
    "withdraw_approval": _approval(False),
    "approve": _approval(True),
    "scopes": _scopes,
    "subscribe": _subscribe,
    "notifications": _notifications,
}
