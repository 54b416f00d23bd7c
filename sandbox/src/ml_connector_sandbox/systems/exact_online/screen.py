"""What a person at the vendor's screen, or an administrator, does to the books: the actions of the control
API.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.exact_online.book import STATUS_OPEN, DivisionBook
from ml_connector_sandbox.systems.exact_online.journals import post_entry, process_entry, write_entry
from ml_connector_sandbox.systems.exact_online.masters import cost_code
from ml_connector_sandbox.systems.exact_online.signin import SignIn
from ml_connector_sandbox.systems.exact_online.webhooks import ENTRIES, Webhooks

_EDITABLE = {
    "amount": "AmountFC",
    "text": "Description",
    "cost_center": "CostCenter",
    "cost_unit": "CostUnit",
    "account": "GLAccountCode",
    "reference": "OurRef",
}
_DIMENSIONS = ("cost_center", "cost_unit")


class Tenant(Protocol):
    """What the actions need of the vendor."""

    books_by_division: dict[int, DivisionBook]
    accessible: set[int]
    scopes: dict[str, str]
    sign_in: SignIn
    switches: Switches
    clock: Clock
    webhooks: Webhooks


def act(tenant: Tenant, action: str, arguments: Json) -> Json:
    """Carry out an action; `KeyError` for an action, division, document or code that does not exist."""
    if action not in ACTIONS:
        raise KeyError(f"action {action}; there are {', '.join(sorted(ACTIONS))}")
    return ACTIONS[action](tenant, arguments)


def _book(tenant: Tenant, arguments: Json) -> DivisionBook:
    code = arguments.get("division", arguments.get("entity"))
    if code is None:
        return next(iter(tenant.books_by_division.values()))
    if not str(code).isdigit() or int(code) not in tenant.books_by_division:
        raise KeyError(f"division {code}")
    return tenant.books_by_division[int(code)]


def _document(tenant: Tenant, arguments: Json) -> tuple[DivisionBook, Row]:
    """By `id`, by `number`, or, with neither, the last one booked; in one division where one is named."""
    is_chosen = "division" in arguments or "entity" in arguments
    books = [_book(tenant, arguments)] if is_chosen else list(tenant.books_by_division.values())
    found = [(book, entry) for book in books for entry in book["entries"]]
    if "id" in arguments:
        found = [(book, entry) for book, entry in found if entry["EntryID"] == arguments["id"]]
    elif "number" in arguments:
        found = [
            (book, entry) for book, entry in found if str(entry["EntryNumber"]) == str(arguments["number"])
        ]
    if not found:
        raise KeyError(f"document {arguments.get('id') or arguments.get('number') or '(none is booked)'}")
    return found[-1]


def _delete(tenant: Tenant, arguments: Json) -> Json:
    book, entry = _document(tenant, arguments)
    book.delete_entry(entry)
    tenant.webhooks.tell_of(book, ENTRIES, "Delete", entry)
    return {"deleted": entry["EntryID"], **_named(entry)}


def _named(entry: Row) -> Json:
    return {"id": entry["EntryID"], "number": str(entry["EntryNumber"])}


def _double(tenant: Tenant, arguments: Json) -> Json:
    book, entry = _document(tenant, arguments)
    lines = book.entry_lines(entry)
    fresh = {
        "EntryID": book.new_id(),
        "EntryNumber": book.next_number(entry["JournalCode"], entry["FinancialYear"]),
    }
    stamps = ("Created", "Modified", "Timestamp")
    header = {name: value for name, value in entry.items() if name not in stamps} | fresh
    rows = [
        {name: value for name, value in line.items() if name not in (*stamps, "ID", *fresh)} for line in lines
    ]
    made = write_entry(
        book, header, rows, [(line["FinancialYear"], line["FinancialPeriod"]) for line in lines]
    )
    tenant.webhooks.tell_of(book, ENTRIES, "Create", made)
    return _named(made)


def _edit(tenant: Tenant, arguments: Json) -> Json:
    """Change one line (`line`, from 1): amount, text, account, reference, cost_center, cost_unit, dimensions.
    No rule is checked.
    """
    book, entry = _document(tenant, arguments)
    arguments = {**arguments, **_dimensions(arguments)}
    lines = book.entry_lines(entry)
    number = int(arguments.get("line", 1))
    if not 1 <= number <= len(lines):
        raise KeyError(f"line {number}; the document has {len(lines)}")
    line = lines[number - 1]
    changes: dict[str, Any] = {
        field: arguments[name] for name, field in _EDITABLE.items() if name in arguments
    }
    if not changes:
        raise ValueError(f"edit takes one of {', '.join(_EDITABLE)}")
    if "AmountFC" in changes:
        changes["AmountFC"] = Decimal(str(changes["AmountFC"]))
        changes["AmountDC"] = changes["AmountFC"]
    if "OurRef" in changes:
        changes["OurRef"] = _whole(changes["OurRef"])
    for name in ("Description", "CostCenter", "CostUnit"):
        if changes.get(name) is not None:
            changes[name] = str(changes[name])
    if "GLAccountCode" in changes:
        account = _coded(book, "accounts", str(changes["GLAccountCode"]))
        changes |= {"GLAccount": account["ID"], "GLAccountDescription": account["Description"]}
    book.change("lines", line, changes)
    book.change("entries", entry, {})
    tenant.webhooks.tell_of(book, ENTRIES, "Update", entry)
    return {**_named(entry), "line": number, "changed": sorted(changes)}


def _book_by_hand(tenant: Tenant, arguments: Json) -> Json:
    """`{"journal", "date", "lines": [{"account", "amount", "cost_center", "dimensions", "text",
    "reference"}]}`: an entry without any marker. An entry of Exact has no text of its own.
    """
    book = _book(tenant, arguments)
    day = datetime.fromisoformat(arguments["date"]) if "date" in arguments else None
    lines = [
        {
            "GLAccount": _coded(book, "accounts", str(line["account"]))["ID"],
            "AmountFC": Decimal(str(line["amount"])),
            "CostCenter": _dimensions(line).get("cost_center"),
            "CostUnit": _dimensions(line).get("cost_unit"),
            "Description": _text(line.get("text")),
            "OurRef": _whole(line.get("reference")),
            "Date": day,
        }
        for line in arguments["lines"]
    ]
    made = post_entry(book, tenant.switches, {"JournalCode": arguments.get("journal", "90")}, lines)
    tenant.webhooks.tell_of(book, ENTRIES, "Create", made)
    return _named(made)


def _dimensions(given: Json) -> dict[str, str | None]:
    """Cost center and cost unit of a line, each by its own name or in `dimensions`."""
    named = dict(given.get("dimensions") or {})
    unknown = sorted(set(named) - set(_DIMENSIONS))
    if unknown:
        raise KeyError(f"dimension {unknown[0]}; there are {', '.join(_DIMENSIONS)}")
    named |= {name: given[name] for name in _DIMENSIONS if name in given}
    return {name: _text(value) for name, value in named.items()}


def _whole(value: Any) -> int | None:
    return None if value is None else int(str(value))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _process(tenant: Tenant, arguments: Json) -> Json:
    book, entry = _document(tenant, arguments)
    if entry["Status"] == STATUS_OPEN:
        process_entry(book, entry)
        tenant.webhooks.tell_of(book, ENTRIES, "Update", entry)
    return {**_named(entry), "status": entry["StatusDescription"]}


def _period(closed: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        book = _book(tenant, arguments)
        text = str(arguments.get("period", ""))
        year, _, period = text.partition("-") if "-" in text else (arguments.get("year", ""), "", text)
        if not str(year).isdigit() or not period.isdigit():
            raise ValueError('period: expected "2026-07" or {"year": 2026, "period": 7}')
        journals = book.set_closed(arguments.get("journal"), int(year), int(period), closed=closed)
        return {
            "division": str(book.code),
            "period": f"{int(year)}-{int(period):02d}",
            "journals": journals,
            "closed": closed,
        }

    return action


def _blocked(table: str, blocked: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        book = _book(tenant, arguments)
        row = _coded(book, table, str(arguments.get("code", arguments.get("account", ""))))
        book.change(
            table, row, {"Active": not blocked} if table == "cost_centers" else {"IsBlocked": blocked}
        )
        if table == "accounts":
            tenant.webhooks.tell_of(book, "financial/GLAccounts", "Update", row)
        return {"code": row["Code"], "blocked": blocked}

    return action


def _coded(book: DivisionBook, table: str, code: str) -> Row:
    row = book[table].first("Code", code)
    if row is None:
        raise KeyError(f"{table} {code}")
    return row


def _cost_center(tenant: Tenant, arguments: Json) -> tuple[DivisionBook, Row]:
    book = _book(tenant, arguments)
    code = str(arguments.get("cost_center", arguments.get("code", "")))
    found = cost_code(book, tenant.switches, "cost_centers", code)
    if found is None:
        raise KeyError(f"cost center {code}")
    return book, found


def _end_cost_center(tenant: Tenant, arguments: Json) -> Json:
    """`{"cost_center": "SALES", "date": "2026-07-31"}`: its last day, today unless given."""
    book, row = _cost_center(tenant, arguments)
    last = datetime.fromisoformat(arguments["date"]) if "date" in arguments else book.now()
    book.change("cost_centers", row, {"EndDate": last.replace(hour=0, minute=0, second=0, microsecond=0)})
    return {"cost_center": row["Code"], "ends": row["EndDate"].date().isoformat()}


def _reopen_cost_center(tenant: Tenant, arguments: Json) -> Json:
    """Open again, however it was closed."""
    book, row = _cost_center(tenant, arguments)
    book.change("cost_centers", row, {"EndDate": None, "Active": True})
    return {"cost_center": row["Code"], "ends": None}


def _remove_cost_center(tenant: Tenant, arguments: Json) -> Json:
    book, row = _cost_center(tenant, arguments)
    book.remove("cost_centers", row)
    return {"removed": row["Code"]}


def _revoke(tenant: Tenant, arguments: Json) -> Json:
    what = arguments.get("what", "refresh")
    if what not in ("access", "refresh"):
        raise ValueError("what: access or refresh")
    tokens = tenant.sign_in.tokens
    return {"what": what, "revoked": tokens.revoke_access() if what == "access" else tokens.revoke_chains()}


def _grant(tenant: Tenant, _: Json) -> Json:
    pair = tenant.sign_in.tokens.start_chain(tenant.clock.now())
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "expires_in": "600",
        "token_type": "bearer",
    }


def _division(accessible: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        code = _book(tenant, arguments).code
        (tenant.accessible.add if accessible else tenant.accessible.discard)(code)
        return {"accessible": sorted(str(division) for division in tenant.accessible)}

    return action


def _scope(tenant: Tenant, arguments: Json) -> Json:
    """`{"scope": "Financial accounting", "level": "manage"|"read"|"none"}`."""
    if arguments.get("scope") not in tenant.scopes:
        raise KeyError(f"scope {arguments.get('scope')}; there are {', '.join(sorted(tenant.scopes))}")
    if arguments.get("level") not in ("manage", "read", "none"):
        raise ValueError("level: manage, read or none")
    tenant.scopes[arguments["scope"]] = arguments["level"]
    return {"scopes": dict(tenant.scopes)}


ACTIONS: dict[str, Callable[[Tenant, Json], Json]] = {
    "delete": _delete,
    "double": _double,
    "edit": _edit,
    "book": _book_by_hand,
    "process": _process,
    "close_period": _period(True),
    "open_period": _period(False),
    "block_account": _blocked("accounts", True),
    "unblock_account": _blocked("accounts", False),
    "block_journal": _blocked("journals", True),
    "unblock_journal": _blocked("journals", False),
    "end_cost_center": _end_cost_center,
    "reopen_cost_center": _reopen_cost_center,
    "deactivate_cost_center": _blocked("cost_centers", True),
    "remove_cost_center": _remove_cost_center,
    "revoke": _revoke,
    "grant": _grant,
    "lose_division": _division(False),
    "regain_division": _division(True),
    "scope": _scope,
}
