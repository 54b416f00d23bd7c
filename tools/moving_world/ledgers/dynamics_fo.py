"""A Dynamics 365 ledger: companies, journals that the environment's own job posts, and nothing posted is ever
deleted or changed.

    drafted ── the job, every so many seconds ──► posted ── people ──► taken back by a mirrored journal

A journal that waits for the job counts as booked: nobody has to do anything more. While it waits, people
delete it, edit it and word it anew as they like. A posted one is taken back by a mirrored journal, and back
again by another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Clock, Row
from ml_connector_sandbox.systems.dynamics_fo.routes import DynamicsFo
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

DIMENSION = "CostCenter"
JOB_SECONDS = 90
"""How often the environment's job posts what it finds."""


class DynamicsLedger:
    """One environment."""

    slug = "dynamics_fo"
    journals: tuple[str, ...] = ("95", "96")
    axes: tuple[str, ...] = ("cost_center",)
    signs_in = False
    lag_seconds = 0

    def __init__(
        self, name: str, entities: Sequence[str], cost_centers: Sequence[str], clock: Clock, seed: int
    ) -> None:
        self.name, self.entities = name, tuple(entities)
        ledger = {
            "companies": [{"code": code, "title": f"{name} {code}", "currency": "USD"} for code in entities],
            "calendar": {"id": "Fiscal", "first_year": 2026, "years": 1},
            "accounts": [
                *(_account(code, kind) for code, kind in KINDS.items()),
                *(_account(code, EXPENSES[0]) for code in OTHER_ACCOUNTS),
            ],
            "dimensions": [
                {
                    "name": DIMENSION,
                    "axis": "cost_center",
                    "values_from": "CostCenters",
                    "values": [{"code": code, "name": code} for code in cost_centers],
                }
            ],
            "formats": [
                {"name": "Integration", "kind": "ledger", "format": f"MainAccount-{DIMENSION}"},
                {"name": "Integration default", "kind": "default", "format": DIMENSION},
            ],
            "journal_names": [{"name": code, "title": "Payroll"} for code in self.journals],
        }
        switches = {"posting_job_seconds": JOB_SECONDS}
        self.vendor = DynamicsFo(data=ledger, clock=clock, seed=seed, profile="fast", switches=switches)
        self._seen = Seen()

    def settings(self, port: int, host: str = "127.0.0.1") -> dict[str, str]:
        """What somebody types in who connects it."""
        described = self.vendor.describe(f"http://{host}:{port}")
        return {
            **{name: described["credentials"][name] for name in ("token_url", "client_id", "client_secret")},
            "base_url": described["base_url"],
            "company": ",".join(self.entities),
            "dimensions": f"cost_center={DIMENSION}",
            "posting_seconds": "60",
            **TIMES,
        }

    def secrets(self) -> dict[str, str]:
        """The client secret and every token that lives."""
        tokens = enumerate(self.vendor.sign_in.tokens, 1)
        named = {f"token {number} of {self.name}": token for number, token in tokens}
        return {f"client secret of {self.name}": self.vendor.sign_in.client_secret, **named}

    def is_write(self, method: str, path: str) -> bool:
        """A journal, a batch of lines, or a deletion: whatever is no read and no sign-in."""
        return method != "GET" and path.lower().startswith("/data/")

    def catch_up(self) -> None:
        """The environment's job, whenever it was due."""
        self.vendor.catch_up()

    # --- sign-in --------------------------------------------------------------------------------------------

    def signed_in(self) -> None:
        """The app asks for tokens by itself."""

    def consent(self, url: str) -> str:
        """There is no sign-in page."""
        return url

    def admit(self) -> None:
        """Tokens are all that ends, and the app asks for new ones."""

    def revoke(self, what: str) -> None:
        """End every token."""
        self._do("revoke_tokens")

    # --- what the books hold --------------------------------------------------------------------------------

    def changed(self) -> Iterator[str]:
        """Companies whose journals changed since this was asked last."""
        for entity in self.entities:
            rows = [*self._headers(entity), *(line for line in self._lines() if _is_of(line, entity))]
            version = (len(rows), sum(row["RecVersion"] for row in rows))
            if self._seen.is_new(entity, version, lambda entity=entity: self.documents(entity)):  # type: ignore[misc]
                yield entity

    def balances(self, entity: str) -> dict[str, int]:
        """Cents by kind of account, debit positive, over every journal, posted or waiting to be."""
        return sums(line for document in self.documents(entity) for line in document.lines)

    def documents(self, entity: str) -> list[Document]:
        """Every journal of the company, in the order they were made."""
        headers = self._headers(entity)
        void = _void(headers)
        return [self._document(header, void) for header in headers]

    # --- what people do -------------------------------------------------------------------------------------

    def book(self, entity: str, day: date, colours: Mapping[int, int], center: str, text: str) -> str:
        """Enter and post a journal by hand; its number."""
        return self._post(entity, day, text, pay_lines(colours, center, text[:60]))

    def book_other(self, entity: str, day: date, text: str) -> str:
        """Enter and post a journal that is no pay; its number."""
        return self._post(entity, day, text, other_lines(text[:60]))

    def remove(self, document: Document) -> Removal | None:
        """Delete a journal that is not posted, take back one that is."""
        if not document.posted:
            self._do("delete", id=document.id, entity=document.entity)
            return Removal(f"deletes journal {document.number}, which was not posted")
        if document.void or not document.lines:
            return None
        taken = self._reverse(document.id, document.entity)
        if taken is None:
            return None
        return Removal(
            f"takes back {document.number} with {taken}", lambda: self._put_back(taken, document.entity)
        )

    def double(self, document: Document) -> str:
        """Copy a journal; the copy waits for the job. The copy's key."""
        copied = self._do("double", id=document.id, entity=document.entity, post=False)
        return f"{document.entity}/{copied['id']}"

    def post(self, document: Document) -> bool:
        """Post a journal that waits for the job."""
        return not document.posted and bool(self._do("run_posting_job", id=document.id)["posted"])

    def edit(self, document: Document, times: int, divisor: int = 1) -> bool:
        """Change every amount of a journal that waits for the job."""
        header = self.vendor.book["headers"].get(document.entity, document.id)
        if document.posted or header is None:
            return False
        for line in self.vendor.book.journal_lines(header):
            amount = (line["DebitAmount"] - line["CreditAmount"]) * times / Decimal(divisor)
            self._edit(document, line=int(line["LineNumber"]), amount=str(amount))
        return bool(document.lines)

    def reword(self, document: Document, text: str) -> bool:
        """Put another text on the first line of a journal that waits for the job."""
        if document.posted or not document.lines:
            return False
        self._edit(document, line=1, text=text)
        return True

    def close(self, entity: str, period: str, closed: bool) -> None:
        """Put a period on hold for the company's ledger, or open it."""
        self._do("close_period" if closed else "open_period", entity=entity, period=period)

    def block(self, entity: str, account: str, blocked: bool) -> None:
        """Allow manual entry on a main account, or not: companies share the chart."""
        self._do("block_account" if blocked else "unblock_account", code=account)

    def end_center(self, entity: str, code: str, ended: bool) -> None:
        """End a cost center before the year began, or bring it back: companies share them."""
        if ended:
            self._do("end_cost_center", cost_center=code, date="2025-12-31")
        else:
            self._do("reopen_cost_center", cost_center=code)

    # --- inside ---------------------------------------------------------------------------------------------

    def _headers(self, entity: str) -> list[Row]:
        return [header for header in self.vendor.book["headers"] if _is_of(header, entity)]

    def _lines(self) -> Iterator[Row]:
        return iter(self.vendor.book["lines"])

    def _document(self, header: Row, void: set[str]) -> Document:
        lines = self.vendor.book.journal_lines(header)
        number = header["JournalBatchNumber"]
        return Document(
            id=number,
            number=number,
            entity=header["dataAreaId"],
            period=f"{lines[0]['TransDate']:%Y-%m}" if lines else "",
            text=header["Description"],
            lines=tuple(
                (
                    line["_account"],
                    cents_of(line["DebitAmount"] - line["CreditAmount"]),
                    line["_dimensions"].get(DIMENSION, ""),
                )
                for line in lines
            ),
            posted=header["IsPosted"] == "Yes",
            void=number in void,
        )

    def _post(self, entity: str, day: date, text: str, lines: Sequence[Mapping[str, Any]]) -> str:
        made = self._do(
            "book",
            entity=entity,
            journal=self.journals[0],
            date=day.isoformat(),
            text=text[:60],
            lines=list(lines),
            post=True,
        )
        if made["failed"]:
            self._do("delete", id=made["id"], entity=entity)
            raise ValueError("; ".join(made["failed"][0]["messages"]))
        return str(made["number"])

    def _reverse(self, number: str, entity: str) -> str | None:
        """The mirrored journal's number; `None` when it cannot be posted."""
        made = self._do("reverse", id=number, entity=entity)
        if made["failed"]:
            self._do("delete", id=made["id"], entity=entity)
            return None
        return str(made["number"])

    def _put_back(self, number: str, entity: str) -> None:
        if self._reverse(number, entity) is None:
            raise RuntimeError(f"{self.name}: journal {number} cannot be taken back")

    def _edit(self, document: Document, **changes: Any) -> None:
        self._do("edit", id=document.id, entity=document.entity, **changes)

    def _do(self, action: str, **arguments: Any) -> Any:
        return self.vendor.control(action, arguments)


def _void(headers: Sequence[Row]) -> set[str]:
    """Numbers of journals that take each other back. The newest counts first: one that is taken back itself
    takes nothing back.
    """
    void: set[str] = set()
    for header in reversed(headers):
        taken, number = header.get("_reverses"), header["JournalBatchNumber"]
        if taken and number not in void:
            void |= {number, taken}
    return void


def _is_of(row: Row, entity: str) -> bool:
    return bool(row["dataAreaId"] == entity)


def _account(code: str, kind: str) -> dict[str, Any]:
    return {"code": code, "name": kind, "type": "Expense" if kind in EXPENSES else "Liability"}
