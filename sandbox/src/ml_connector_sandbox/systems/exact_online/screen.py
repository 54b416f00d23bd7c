"""What a person at the vendor's screen, or an administrator, does to the books: the divisions for the actions
of every ledger, and the vendor's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol

from ml_connector_sandbox.core import screen
from ml_connector_sandbox.core.outbound import another_secret
from ml_connector_sandbox.core.screen import Screen, actions
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.exact_online import payables
from ml_connector_sandbox.systems.exact_online.book import STATUS_OPEN, DivisionBook
from ml_connector_sandbox.systems.exact_online.documents import chart, members
from ml_connector_sandbox.systems.exact_online.entries import process_entry
from ml_connector_sandbox.systems.exact_online.journals import post_entry
from ml_connector_sandbox.systems.exact_online.screen_entries import doubled, edited
from ml_connector_sandbox.systems.exact_online.screen_masters import MASTER_ACTIONS, book_of, member_of
from ml_connector_sandbox.systems.exact_online.screen_payments import PAYMENT_ACTIONS
from ml_connector_sandbox.systems.exact_online.screen_purchases import PURCHASE_ACTIONS
from ml_connector_sandbox.systems.exact_online.signin import SignIn
from ml_connector_sandbox.systems.exact_online.users import Rights
from ml_connector_sandbox.systems.exact_online.webhooks import Webhooks

_AXES = {"cost_center": "CostCenter", "cost_unit": "CostUnit"}


class Tenant(Protocol):
    """What the actions need of the vendor."""

    books_by_division: dict[int, DivisionBook]
    accessible: set[int]
    rights: Rights
    sign_in: SignIn
    switches: Switches
    clock: Clock
    webhooks: Webhooks


@dataclass(frozen=True, slots=True)
class Ledger(screen.Ledger[DivisionBook]):
    """The divisions as a screen sees them. Whatever is done to an entry or an account is told."""

    tenant: Tenant

    def company(self, code: str | None) -> DivisionBook:
        return book_of(self.tenant, code)

    def documents(self, company: DivisionBook | None) -> Iterable[tuple[DivisionBook, Row]]:
        books = self.tenant.books_by_division.values() if company is None else [company]
        return ((book, entry) for book in books for entry in book["entries"])

    def named(self, document: Row) -> dict[str, str]:
        return {"id": document["EntryID"], "number": str(document["EntryNumber"])}

    def axes(self, company: DivisionBook) -> Mapping[str, str]:
        return _AXES

    def account(self, company: DivisionBook, code: str) -> Row:
        return _coded(company, "accounts", code)

    def line(self, company: DivisionBook, document: Row, number: int) -> Row | None:
        lines = company.entry_lines(document)
        return lines[number - 1] if 1 <= number <= len(lines) else None

    def enter(self, company: DivisionBook, typed: Json, day: datetime | None, lines: list[Json]) -> Json:
        """An entry of Exact has no text of its own."""
        rows = [
            {
                "GLAccount": self.account(company, line["account"])["ID"],
                "AmountFC": line["amount"],
                "Description": line.get("text"),
                "OurRef": _whole(line.get("reference")),
                "Date": day,
                **dict.fromkeys(_AXES.values()),
                **(line.get("dimensions") or {}),
            }
            for line in lines
        ]
        header = {"JournalCode": typed.get("journal", "90")}
        made = post_entry(company, self.tenant.switches, header, rows)
        self._tell(company, "Create", made)
        return self.named(made)

    def change(self, company: DivisionBook, document: Row, line: Row, changes: Json) -> None:
        row: Json = dict(changes.get("dimensions", {}))
        if "text" in changes:
            row["Description"] = changes["text"]
        if "reference" in changes:
            row["OurRef"] = _whole(changes["reference"])
        if "amount" in changes:
            row |= {"AmountFC": changes["amount"], "AmountDC": changes["amount"]}
        if "account" in changes:
            account = self.account(company, changes["account"])
            row |= {
                "GLAccount": account["ID"],
                "GLAccountCode": account["Code"],
                "GLAccountDescription": account["Description"],
            }
        edited(company, document, line, row)
        self._tell(company, "Update", document)

    def double(self, company: DivisionBook, document: Row, typed: Json) -> Json:
        made = doubled(company, self.tenant.switches, document)
        self._tell(company, "Create", made)
        return self.named(made)

    def remove(self, company: DivisionBook, document: Row) -> None:
        payables.remove_entry(company, document)
        self._tell(company, "Delete", document)

    def set_period(self, company: DivisionBook, typed: Json, *, closed: bool) -> Json:
        text = str(typed.get("period", ""))
        year, _, period = text.partition("-") if "-" in text else (typed.get("year", ""), "", text)
        if not str(year).isdigit() or not period.isdigit():
            raise ValueError('period: expected "2026-07" or {"year": 2026, "period": 7}')
        journals = company.set_closed(typed.get("journal"), int(year), int(period), closed=closed)
        return {
            "division": str(company.code),
            "period": f"{int(year)}-{int(period):02d}",
            "journals": journals,
            "closed": closed,
        }

    def block(self, company: DivisionBook, account: Row, *, blocked: bool) -> Json:
        company.change("accounts", account, {"IsBlocked": blocked})
        self.tenant.webhooks.tell_of(company, "financial/GLAccounts", "Update", account)
        return {"code": account["Code"], "blocked": blocked}

    def end(self, company: DivisionBook, code: str, last: date | None) -> tuple[str, date]:
        row = self.cost_center(company, code)
        day = last or company.now().date()
        company.change("cost_centers", row, {"EndDate": datetime.combine(day, time())})
        return row["Code"], day

    def reopen(self, company: DivisionBook, code: str) -> str:
        row = self.cost_center(company, code)
        company.change("cost_centers", row, {"EndDate": None, "Active": True})
        return str(row["Code"])

    def cost_center(self, company: DivisionBook, code: str) -> Row:
        """The cost center; `KeyError` for none."""
        return member_of(self.tenant, company, "cost_center", code)

    def _tell(self, company: DivisionBook, action: str, entry: Row) -> None:
        journal = company["journals"].first("Code", entry["JournalCode"]) or {}
        self.tenant.webhooks.tell_of_entry(company, action, entry, journal.get("Type", 0))


def _whole(value: str | None) -> int | None:
    return None if value is None else int(value)


def _process(tenant: Tenant, arguments: Json) -> Json:
    ledger = Ledger(tenant)
    book, entry = Screen(ledger).document(arguments)
    if entry["Status"] == STATUS_OPEN:
        process_entry(book, entry)
        ledger._tell(book, "Update", entry)
    return {**ledger.named(entry), "status": entry["StatusDescription"]}


def _blocked(table: str, blocked: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        book = Screen(Ledger(tenant)).company(arguments)
        row = _coded(book, table, str(arguments.get("code", "")))
        book.change(
            table, row, {"Active": not blocked} if table == "cost_centers" else {"IsBlocked": blocked}
        )
        return {"code": row["Code"], "blocked": blocked}

    return action


def _coded(book: DivisionBook, table: str, code: str) -> Row:
    row = book[table].first("Code", code)
    if row is None:
        raise KeyError(f"{table} {code}")
    return row


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
        code = Screen(Ledger(tenant)).company(arguments).code
        (tenant.accessible.add if accessible else tenant.accessible.discard)(code)
        return {"accessible": sorted(str(division) for division in tenant.accessible)}

    return action


def _new_secret(tenant: Tenant, _: Json) -> Json:
    tenant.webhooks.secret = another_secret(tenant.webhooks.secret)
    return {"webhook_secret": tenant.webhooks.secret}


ACTIONS: dict[str, Callable[[Tenant, Json], Json]] = {
    **actions(Ledger),
    "process": _process,
    "block_journal": _blocked("journals", True),
    "unblock_journal": _blocked("journals", False),
    "deactivate_cost_center": _blocked("cost_centers", True),
    **MASTER_ACTIONS,
    **PURCHASE_ACTIONS,
    **PAYMENT_ACTIONS,
    "revoke": _revoke,
    "grant": _grant,
    "lose_division": _division(False),
    "regain_division": _division(True),
    "chart": lambda tenant, _: chart(tenant.books_by_division.values()),
    "members": lambda tenant, _: members(
        tenant.books_by_division.values(), last_day_counts=tenant.switches["end_date_takes_entries"]
    ),
    "notifications": lambda tenant, _: tenant.webhooks.outbox.describe(),
    "new_webhook_secret": _new_secret,
    "deliver": lambda tenant, _: {"delivered": tenant.webhooks.outbox.deliver()},
}
