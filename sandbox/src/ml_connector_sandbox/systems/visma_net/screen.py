"""What people do at the vendor's screens, where no rule of the API holds them back, and in its portal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core import screen
from ml_connector_sandbox.core.outbound import another_secret
from ml_connector_sandbox.core.screen import Screen, actions
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.visma_net import journals
from ml_connector_sandbox.systems.visma_net.background import Background
from ml_connector_sandbox.systems.visma_net.book import (
    BALANCED,
    HOLD,
    POSTED,
    UNPOSTED,
    UNRELEASED,
    Company,
    etag,
)
from ml_connector_sandbox.systems.visma_net.documents import members
from ml_connector_sandbox.systems.visma_net.masters import split_number
from ml_connector_sandbox.systems.visma_net.screen_masters import (
    MASTER_ACTIONS,
    book_of,
    coded,
    segment_of,
    set_account,
    set_cost_center,
    set_period,
)
from ml_connector_sandbox.systems.visma_net.signin import SCOPE_PREFIX, SCOPES, SignIn
from ml_connector_sandbox.systems.visma_net.webhooks import Webhooks


class Tenant(Protocol):
    """What the actions work on."""

    companies: dict[str, Company]
    sign_in: SignIn
    webhooks: Webhooks
    background: Background
    switches: Switches


@dataclass(frozen=True, slots=True)
class Ledger(screen.Ledger[Company]):
    """The companies as a screen sees them. A line names its subaccount by its dimensions, what it leaves out
    being the first active value; or whole, as `subaccount` or `segments`.
    """

    fields = ("description", "project", "task", "segments")
    tenant: Tenant

    def company(self, code: str | None) -> Company:
        return book_of(self.tenant, {} if code is None else {"company": code})

    def documents(self, company: Company | None) -> Iterable[tuple[Company, Row]]:
        books = self.tenant.companies.values() if company is None else [company]
        return ((book, row) for book in books for row in book.batches.values())

    def named(self, document: Row) -> dict[str, str]:
        return {"id": document["batchNumber"], "number": document["batchNumber"]}

    def shown(self, document: Row) -> Json:
        return {**self.named(document), "status": document["status"], "etag": etag(document)}

    def axes(self, company: Company) -> Mapping[str, str]:
        return {segment["axis"]: segment["axis"] for segment in company.segments()}

    def account(self, company: Company, code: str) -> Row:
        return coded(company.accounts, "account", {"account": code})

    def line(self, company: Company, document: Row, number: int) -> Row | None:
        return document["lines"][number - 1] if 1 <= number <= len(document["lines"]) else None

    def enter(self, company: Company, typed: Json, day: datetime | None, lines: list[Json]) -> Json:
        """Released unless `release` is false; its text may be called `description`."""
        if typed.get("journal", "GL") != "GL":
            raise KeyError(f"journal {typed['journal']}; there is GL")
        given: dict[str, Any] = {
            "hold": False,
            "transactionDate": day,
            "description": str(typed.get("description", typed.get("text", ""))),
            "journalTransactionLines": [_wish(company, line) for line in lines],
        }
        try:
            row = journals.create(company, given)
            if typed.get("release", True):
                journals.begin_release(company, row)
                journals.finish_release(company, row)
        except Broken as broken:
            raise ValueError(str(broken)) from broken
        return self.shown(row)

    def change(self, company: Company, document: Row, line: Row, changes: Json) -> None:
        """Of the line, and of the batch its `description`."""
        if "description" in changes:
            document["description"] = str(changes["description"])
        for name in ("text", "account", "reference", "project", "task"):
            if name in changes:
                line[name] = str(changes[name])
        if "amount" in changes:
            line["debit"], line["credit"] = _sides(changes["amount"])
        values = [str(value) for value in changes.get("segments") or ()]
        named = _named_values(changes)
        if named:
            values = list(company.subaccounts[line["subaccount"]]["values"])
            for segment in company.segments():
                place = segment["segmentId"] - 1
                values[place] = named.get(segment["axis"], values[place])
        if values:
            line["subaccount"] = company.subaccount_number(values)
            if line["subaccount"] not in company.subaccounts:
                company.add_subaccount(values)
        company.touch(document)

    def double(self, company: Company, document: Row, typed: Json) -> Json:
        """In the same state, or on hold with `"hold": true`."""
        fresh = {
            "batchNumber": company.take_batch_number(),
            "lines": [dict(line) for line in document["lines"]],
            "releasing": False,
            **({"status": HOLD} if typed.get("hold") else {}),
        }
        return self.shown(journals.put(company, {**document, **fresh}))

    def remove(self, company: Company, document: Row) -> None:
        del company.batches[document["batchNumber"]]

    def set_period(self, company: Company, typed: Json, *, closed: bool) -> Json:
        return set_period(company, typed, "closed", closed)

    def block(self, company: Company, account: Row, *, blocked: bool) -> Json:
        return set_account(self.tenant, company, account, active=not blocked)

    def end(self, company: Company, code: str, last: date | None) -> tuple[str, date]:
        """A value has no date: it ends at once."""
        today = company.now().date()
        if last is not None and last > today:
            raise ValueError("date: a segment value ends at once, it has no date to come")
        set_cost_center(self.tenant, company, code, active=False)
        return code, today

    def reopen(self, company: Company, code: str) -> str:
        set_cost_center(self.tenant, company, code, active=True)
        return code


def _document(tenant: Tenant, arguments: Json) -> tuple[Company, Row]:
    return Screen(Ledger(tenant)).document(arguments)


def _shown(tenant: Tenant, row: Row) -> Json:
    return Ledger(tenant).shown(row)


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
    return _shown(tenant, made)


def _touch(tenant: Tenant, arguments: Json) -> Json:
    """Save a row without changing it, as a colleague at the screen does: its version moves on."""
    kind = arguments.get("kind", "document")
    if kind == "document":
        book, row = _document(tenant, arguments)
        return _shown(tenant, book.touch(row))
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


def _wish(book: Company, line: Json) -> Json:
    debit, credit = _sides(line["amount"])
    texts = {"transactionDescription": "text", "referenceNumber": "reference", "project": "project"}
    return {
        "operation": "Insert",
        "accountNumber": line["account"],
        "subaccount": [
            {"segmentId": number, "segmentValue": value} for number, value in _segments(book, line).items()
        ],
        **{field: str(line[name]) for field, name in texts.items() if line.get(name) is not None},
        **({"projectTask": str(line["task"])} if line.get("task") is not None else {}),
        "debitAmountInCurrency": debit,
        "creditAmountInCurrency": credit,
    }


def _segments(book: Company, line: Json) -> dict[int, str]:
    """The segment values of a line by the segments' ids."""
    if "subaccount" in line:
        return dict(enumerate(split_number(book, str(line["subaccount"])), 1))
    if "segments" in line:
        return {int(number): str(value) for number, value in dict(line["segments"] or {}).items()}
    named = _named_values(line)
    return {
        segment["segmentId"]: named.get(segment["axis"], _first_value(segment)) for segment in book.segments()
    }


def _named_values(line: Json) -> dict[str, str]:
    """Segment values by axis."""
    return {axis: code for axis, code in (line.get("dimensions") or {}).items() if code is not None}


def _sides(amount: Decimal) -> tuple[Decimal, Decimal]:
    """An amount as debit and credit."""
    return max(amount, Decimal(0)), max(-amount, Decimal(0))


def _first_value(segment: Row) -> str:
    return next((code for code, value in segment["values"].items() if value["active"]), "")


def _hold(tenant: Tenant, arguments: Json) -> Json:
    book, row = _document(tenant, arguments)
    row["status"] = HOLD
    return _shown(tenant, book.touch(row))


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
    return _shown(tenant, row)


def _post(tenant: Tenant, arguments: Json) -> Json:
    book, row = _document(tenant, arguments)
    if row["status"] == UNPOSTED:
        row["status"] = POSTED
        book.touch(row)
    return _shown(tenant, row)


def _revoke(tenant: Tenant, _: Json) -> Json:
    return {"revoked": tenant.sign_in.tokens.revoke()}


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
    return {"done": tenant.background.finish()}


def _subscribe(tenant: Tenant, arguments: Json) -> Json:
    return tenant.webhooks.subscribe(str(arguments.get("url", "")), list(arguments.get("entities") or ()))


def _new_secret(tenant: Tenant, _: Json) -> Json:
    tenant.webhooks.secret = another_secret(tenant.webhooks.secret)
    return {"webhook_secret": tenant.webhooks.secret}


ACTIONS: dict[str, Callable[[Tenant, Json], Json]] = {
    **MASTER_ACTIONS,
    **actions(Ledger),
    "reverse": _reverse,
    "touch": _touch,
    "hold": _hold,
    "release": _release,
    "post": _post,
    "finish_queue": _finish_queue,
    "revoke": _revoke,
    "withdraw_approval": _approval(False),
    "approve": _approval(True),
    "scopes": _scopes,
    "subscribe": _subscribe,
    "members": lambda tenant, _: members(tenant.companies.values()),
    "notifications": lambda tenant, _: tenant.webhooks.outbox.describe(),
    "unsubscribe": lambda tenant, typed: tenant.webhooks.unsubscribe(str(typed.get("id", ""))),
    "new_webhook_secret": _new_secret,
    "deliver": lambda tenant, _: {"delivered": tenant.webhooks.outbox.deliver()},
}
