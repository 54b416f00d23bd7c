"""A Visma.net ledger: companies, and batches that are held, balanced, released and posted. Nothing released
is ever deleted or changed.

    on hold ──► balanced ──► release accepted ──► posted ── people ──► taken back by a mirrored batch

A batch counts as booked once its release was accepted: nobody has to do anything more. One that is on hold
or balanced is in no balance of Visma's, and may stay there. People delete it and change it as they like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.visma_net.book import RELEASED, UNRELEASED, Company
from ml_connector_sandbox.systems.visma_net.routes import VismaNet
from moving_world.clock import TrueClock
from moving_world.ledgers.ledger import (
    EXPENSES,
    KINDS,
    OTHER_ACCOUNTS,
    TIMES,
    Document,
    Removal,
    Seen,
    cents_of,
    other_lines,
    pay_lines,
    sums,
)


class VismaLedger:
    """One application and its companies."""

    slug = "visma_net"
    journals: tuple[str, ...] = ("1",)
    axes: tuple[str, ...] = ("cost_center",)
    signs_in = False

    def __init__(
        self,
        name: str,
        entities: Sequence[str],
        cost_centers: Sequence[str],
        clock: TrueClock,
        seed: int,
        *,
        lag_seconds: int = 0,
        reversals_keep_texts: bool = True,
    ) -> None:
        self.name, self.entities, self.lag_seconds = name, tuple(entities), lag_seconds
        ledger = {
            "companies": [{"code": code, "title": f"{name} {code}", "currency": "USD"} for code in entities],
            "ledgers": [{"code": code, "description": "Actual ledger"} for code in self.journals],
            "segments": [
                {
                    "id": 1,
                    "title": "Cost center",
                    "length": max(map(len, cost_centers)),
                    "axis": "cost_center",
                    "values": [{"code": code, "description": code} for code in cost_centers],
                }
            ],
            "accounts": [
                *(_account(code, kind) for code, kind in KINDS.items()),
                *(_account(code, EXPENSES[0]) for code in OTHER_ACCOUNTS),
            ],
            "periods": {"first_year": 2026, "years": 1},
        }
        switches = {
            "visibility_lag_seconds": lag_seconds,
            "calls_per_hour": 0,
            "reversal_texts": "keep" if reversals_keep_texts else "none",
        }
        self.vendor = VismaNet(data=ledger, clock=clock, seed=seed, profile="fast", switches=switches)
        self._seen = Seen()

    def settings(self, port: int, host: str = "127.0.0.1") -> dict[str, str]:
        """What somebody types in who connects it."""
        described = self.vendor.describe(f"http://{host}:{port}")
        tenants = [f"{row['code']}={row['tenant_id']}" for row in described["entities"]]
        return {
            **{name: described["credentials"][name] for name in ("token_url", "client_id", "client_secret")},
            "base_url": described["base_url"],
            "company": ",".join(self.entities),
            "tenant_id": ",".join(tenants),
            "segments": "cost_center=1",
            "calls_per_hour": "0",
            "posting_seconds": "60",
            **TIMES,
        }

    def secrets(self) -> dict[str, str]:
        """The client secret and every token that lives."""
        tokens = enumerate(self.vendor.sign_in.tokens, 1)
        named = {f"token {number} of {self.name}": token for number, token in tokens}
        return {f"client secret of {self.name}": self.vendor.sign_in.client_secret, **named}

    def is_write(self, method: str, path: str) -> bool:
        """A batch, its way off hold, or its release: whatever is no read and no sign-in."""
        return method != "GET" and not path.startswith("/connect/")

    def catch_up(self) -> None:
        """Releases that waited in the queue."""
        self.vendor.background.settle()

    # --- sign-in --------------------------------------------------------------------------------------------

    def signed_in(self) -> None:
        """The application asks for tokens by itself."""

    def consent(self, url: str) -> str:
        """There is no sign-in page."""
        return url

    def admit(self) -> None:
        """The administrator of each company approves the application again."""
        for entity in self.entities:
            self._do("approve", company=entity)

    def revoke(self, what: str) -> None:
        """End every token, or each company's approval."""
        if what == "access":
            self._do("revoke")
            return
        for entity in self.entities:
            self._do("withdraw_approval", company=entity)

    # --- what the books hold --------------------------------------------------------------------------------

    def changed(self) -> Iterator[str]:
        """Companies whose batches changed since this was asked last."""
        for entity in self.entities:
            rows = self._book(entity).batches.values()
            version = (len(rows), sum(row["_version"] * 2 + row["releasing"] for row in rows))
            if self._seen.is_new(entity, version, lambda entity=entity: self.documents(entity)):  # type: ignore[misc]
                yield entity

    def balances(self, entity: str) -> dict[str, int]:
        """Cents by kind of account, debit positive, over every batch whose release was accepted."""
        booked = (document.lines for document in self.documents(entity) if document.booked)
        return sums(line for lines in booked for line in lines)

    def documents(self, entity: str) -> list[Document]:
        """Every batch of the company, in the order they were made."""
        book = self._book(entity)
        void = _void([*book.batches.values()])
        return [_document(book, row, void) for row in book.batches.values()]

    # --- what people do -------------------------------------------------------------------------------------

    def book(self, entity: str, day: date, colours: Mapping[int, int], center: str, text: str) -> str:
        """Enter and release a batch by hand; its number."""
        return self._post(entity, day, text, pay_lines(colours, center, text))

    def book_other(self, entity: str, day: date, text: str) -> str:
        """Enter and release a batch that is no pay; its number."""
        return self._post(entity, day, text, other_lines(text))

    def remove(self, document: Document) -> Removal | None:
        """Delete a batch that is not released, take back one that is."""
        if not document.booked:
            self._do("delete", id=document.id, company=document.entity)
            return Removal(f"deletes batch {document.number} of {document.entity}, which was not released")
        if document.void or not document.posted:
            return None
        try:
            taken = self._reverse(document.id, document.entity)
        except ValueError:
            return None
        return Removal(
            f"takes back {document.name} with {taken}", lambda: self._put_back(taken, document.entity)
        )

    def double(self, document: Document) -> str:
        """Copy a batch; the copy is on hold. Its key."""
        copied = self._do("double", id=document.id, company=document.entity, hold=True)
        return f"{document.entity}/{copied['id']}"

    def post(self, document: Document) -> bool:
        """Take a batch off hold and release it."""
        if document.booked:
            return False
        try:
            released = self._do("release", id=document.id, company=document.entity)
        except ValueError:
            return False
        return bool(released["status"] in RELEASED)

    def edit(self, document: Document, times: int, divisor: int = 1) -> bool:
        """Change every amount of a batch that is not released."""
        if document.booked:
            return False
        for number, line in enumerate(self._book(document.entity).batches[document.id]["lines"], 1):
            amount = (line["debit"] - line["credit"]) * times / Decimal(divisor)
            self._do("edit", id=document.id, company=document.entity, line=number, amount=str(amount))
        return True

    def reword(self, document: Document, text: str) -> bool:
        """Put another text on the first line of a batch that is not released."""
        if document.booked:
            return False
        self._do("edit", id=document.id, company=document.entity, line=1, text=text)
        return True

    def close(self, entity: str, period: str, closed: bool) -> None:
        """Close or open a period."""
        self._do("close_period" if closed else "open_period", company=entity, period=period)

    def block(self, entity: str, account: str, blocked: bool) -> None:
        """Make an account inactive, or active."""
        self._do("block_account" if blocked else "unblock_account", company=entity, code=account)

    def end_center(self, entity: str, code: str, ended: bool) -> None:
        """Make a segment value inactive, or active."""
        self._do("end_cost_center" if ended else "reopen_cost_center", company=entity, cost_center=code)

    # --- inside ---------------------------------------------------------------------------------------------

    def _book(self, entity: str) -> Company:
        return self.vendor.companies[entity]

    def _post(self, entity: str, day: date, text: str, lines: Sequence[Mapping[str, Any]]) -> str:
        made = self._do("book", company=entity, date=day.isoformat(), text=text, lines=list(lines))
        return str(made["number"])

    def _reverse(self, number: str, entity: str) -> str:
        return str(self._do("reverse", id=number, company=entity)["number"])

    def _put_back(self, number: str, entity: str) -> None:
        self._reverse(number, entity)

    def _do(self, action: str, **arguments: Any) -> Any:
        return self.vendor.control(action, arguments)


def _document(book: Company, row: Row, void: set[str]) -> Document:
    return Document(
        id=row["batchNumber"],
        number=row["batchNumber"],
        entity=book.code,
        period=f"{row['period'][:4]}-{row['period'][4:]}",
        text=row["description"],
        lines=tuple(
            (line["account"], cents_of(line["debit"] - line["credit"]), line["subaccount"] or "")
            for line in row["lines"]
        ),
        booked=row["status"] not in UNRELEASED or row["releasing"],
        posted=row["status"] in RELEASED,
        void=row["batchNumber"] in void,
    )


def _void(batches: Sequence[Row]) -> set[str]:
    """Numbers of batches that take each other back. The newest counts first: one that is taken back itself
    takes nothing back.
    """
    void: set[str] = set()
    for row in reversed(batches):
        taken, number = row["originalBatchNumber"], row["batchNumber"]
        if taken and number not in void:
            void |= {number, taken}
    return void


def _account(code: str, kind: str) -> dict[str, Any]:
    return {"code": code, "description": kind, "type": "Expense" if kind in EXPENSES else "Liability"}
