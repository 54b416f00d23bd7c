"""The purchase side of a simulated division as the worlds of its contract suites."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from ml_connector.contract.simulated import SimulatedLedger
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseChart, PurchaseEntry, PurchaseLine
from ml_connector.domain.vat import VatKind
from ml_connector.ports.sinks import Sink
from ml_connector.store.files import FolderFiles
from ml_connector.transport.exchange import encode

DAY = date(2026, 6, 15)
SUPPLIER, OTHER, JOURNAL = "20002", "20001", "60"
CODES = {VatKind.EXCLUDING: "21", VatKind.INCLUDING: "22", VatKind.NONE: "N", VatKind.BASE_ONLY: "0"}
CHARGED = "RC"


class Filed:
    """What the worlds of the three kinds have in common."""

    kind: type[Any] = PurchaseEntry
    path = "purchaseentry/PurchaseEntries"

    def __init__(self, exact: Any, folder: Path) -> None:
        self.exact, self.division, self.files = exact, exact.division, FolderFiles(folder)
        exact.authorize()
        exact.wiring = replace(exact.wiring, files=lambda: self.files)
        exact.system = exact.connector.open(exact.settings, exact.wiring)
        self.advance, self.said, self.secrets = exact.advance, exact.said, exact.secrets
        self.control = exact.control
        accounts = {
            row["Code"]: row["ID"] for row in self.rows("financial/GLAccounts", "Type eq 24", "ID,Code")
        }
        vat = {"GLToPay": accounts["1501"], "GLToClaim": accounts["1500"]}
        for code, kind, more in (
            ("21", "E", vat),
            ("22", "I", vat),
            ("RC", "E", {**vat, "Charged": True}),
            ("N", "N", {}),
        ):
            row = {"Code": code, "Description": code, "Type": kind, "VATTransactionType": "B", **more}
            self.call("POST", "vat/VATCodes", row)
            if more:
                self.control("set_vat_percentage", code=code, percentage="0.21", date="2020-01-01")
        exact.advance(60)

    # --- a person -------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, **query: str) -> httpx2.Response:
        """What a person's own program does, in the same division and beside the connection."""
        headers = {
            "Authorization": f"Bearer {self.exact.tokens.read().access_token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        url = httpx2.URL(
            f"{self.exact.base_url}/api/v1/{self.division}/{path}",
            params={f"${name}": value for name, value in query.items() if value},
        )
        content = None if body is None else encode(body)
        request = httpx2.Request(method, url, headers=headers, content=content)
        answer = self.exact.wire.inner.handle_request(request)
        answer.read()
        assert answer.status_code < 300, answer.text
        return answer

    def rows(self, path: str, where: str = "", select: str = "") -> list[dict[str, Any]]:
        """Rows of a set, sixty at the most."""
        found = json.loads(self.call("GET", path, filter=where, select=select).content, parse_float=Decimal)
        return list(found["d"]["results"] if isinstance(found["d"], dict) else found["d"])

    def row(self, reference: str) -> dict[str, Any]:
        """One of the kind."""
        return dict(json.loads(self.call("GET", f"{self.path}(guid'{reference}')").content)["d"])

    def copied(self, reference: str, *names: str, **otherwise: Any) -> str:
        """Another one with these fields; its reference."""
        held = self.row(reference)
        made = self.call("POST", self.path, {**{name: held[name] for name in names}, **otherwise})
        return str(json.loads(made.content)["d"]["ID"])

    def delete(self, reference: str) -> None:
        self.call("DELETE", f"{self.path}(guid'{reference}')")

    # --- the connection -------------------------------------------------------------------------------------

    @property
    def sink(self) -> Any:
        return self.exact.system.sink(self.kind)

    def reopen(self) -> Sink[Any, Any]:
        found: Sink[Any, Any] = self.exact.connector.open(self.exact.settings, self.exact.wiring).sink(
            self.kind
        )
        return found

    def known(self, document: Any) -> Mapping[str, Receipt]:
        return {}

    def references(self) -> list[str]:
        return [row["ID"] for row in self.rows(self.path, select="ID")]

    def fail_next(self, fault: str) -> None:
        """A write is a POST, or the deletion of one: whichever comes next."""
        for method in ("POST", "DELETE"):
            self.exact.writes = {"method": method, "path": f"/{self.path}"}
            SimulatedLedger.fail_next(self.exact, fault)


class Purchases(Filed):
    """A purchase journal of the division."""

    @property
    def facts(self) -> Any:
        return self.exact.system.source(PurchaseChart)

    def document(self, key: str = "bought:acme:1:0:1") -> PurchaseEntry:
        return entry(self.division, key)

    def code(self, kind: VatKind, *, charged: bool = False) -> str:
        return CHARGED if charged else CODES[kind]

    def supplier(self) -> tuple[str, str]:
        (row,) = self.rows("crm/Accounts", f"Code eq '{SUPPLIER:>18}'", "ID,Code")
        return row["ID"], SUPPLIER

    def block_supplier(self, code: str) -> None:
        self.control("block_supplier", code=code)

    def foreign(self) -> ExchangeRate:
        return ExchangeRate(currency="USD", rate=Decimal("1.0825"), source="the bank")

    def foreign_currency(self) -> str:
        return "EUR"

    def references(self) -> list[str]:
        documents = self.exact.host.vendor.books()["documents"]
        return [document["id"] for document in documents if document["journal"] == JOURNAL]

    def by_hand(self, **more: Any) -> str:
        lines = [{"account": "4100", "amount": "10.00", "vat_code": "21", "cost_center": "BOSADM"}]
        made = self.control(
            "book_purchase",
            **{
                "supplier": SUPPLIER,
                "date": DAY.isoformat(),
                "your_ref": "by hand",
                "text": "Typed in",
                "lines": lines,
                **more,
            },
        )
        return str(made["id"])

    def double(self, reference: str) -> str:
        return str(self.control("double", id=reference)["id"])

    def delete(self, reference: str) -> None:
        self.control("delete", id=reference)

    def edit(self, reference: str) -> None:
        self.control("edit_purchase", id=reference, line=1, line_set={"AmountFC": "101.00"})

    def pay(self, reference: str, minor: int | None = None) -> None:
        amount = {} if minor is None else {"amount": str(Decimal(minor) / 100)}
        self.control("pay", pays=[{"entry": reference, **amount}], date="2026-07-01")

    def process(self, reference: str) -> None:
        self.control("process", id=reference)

    def close_period(self, day: date) -> None:
        self.control("close_period", period=f"{day:%Y-%m}")


def entry(division: str, key: str = "bought:acme:1:0:1") -> PurchaseEntry:
    """An invoice whose VAT is a cent more than its percentage comes to."""
    lines = tuple(
        PurchaseLine(
            account="4100",
            net=Money.parse(net, "USD"),
            vat=Money.parse(vat, "USD"),
            vat_code="21",
            dimensions=dimensions({"cost_center": center}),
            text=text,
        )
        for net, vat, center, text in (
            ("100.00", "21.01", "BOSADM", "Paper"),
            ("50.00", "10.50", "BOSFIN", ""),
        )
    )
    return PurchaseEntry(
        key=key,
        entity=division,
        journal=JOURNAL,
        supplier=SUPPLIER,
        number=Marker.of(key).token[:8],
        invoice_date=DAY,
        currency="USD",
        text="Office goods",
        lines=lines,
    )


class Dossiers(Filed):
    """Documents of the division."""

    kind, path = Dossier, "documents/Documents"

    def document(self, key: str = "bought:acme:1:0:1") -> Dossier:
        return Dossier(
            key=key, entity=self.division, title="Invoice 77 of O'Brien", supplier=SUPPLIER, date=DAY
        )

    def by_hand(self) -> str:
        (supplier,) = self.rows("crm/Accounts", f"Code eq '{SUPPLIER:>18}'", "ID")
        body = {"Subject": "Scan", "Type": 20, "Account": supplier["ID"], "DocumentDate": DAY.isoformat()}
        return str(json.loads(self.call("POST", self.path, body).content)["d"]["ID"])

    def double(self, reference: str) -> str:
        return self.copied(reference, "Subject", "Type", "Account", DocumentDate=DAY.isoformat())

    def edit(self, reference: str) -> None:
        subject = f"! {self.row(reference)['Subject']}"
        self.call("PUT", f"{self.path}(guid'{reference}')", {"Subject": subject})


class Attachments(Filed):
    """Files in a document of the division."""

    kind, path = Attachment, "documents/DocumentAttachments"

    def __init__(self, exact: Any, folder: Path) -> None:
        super().__init__(exact, folder)
        self.dossier = Dossier(
            key="files:0:1", entity=self.division, title="Invoice 77", supplier=SUPPLIER, date=DAY
        )
        sink = exact.system.sink(Dossier)
        with sink.prepare(self.dossier, Marker.of(self.dossier.key)) as post:
            self.held = post(lambda: None)

    def known(self, document: Any) -> Mapping[str, Receipt]:
        return {self.dossier.key: self.held}

    def file(self, name: str, content: bytes, key: str = "bought:acme:1:0:1") -> Attachment:
        kept = self.files.put(io.BytesIO(content), 1 << 30)
        return Attachment(
            key=key,
            entity=self.division,
            name=name,
            sha256=kept.sha256,
            size=kept.size,
            refers=(self.dossier.key,),
        )

    def document(self, key: str = "bought:acme:1:0:1") -> Attachment:
        return self.file("invoice 77.pdf", b"%PDF-1.7 " + key.encode() * 20, key)

    def content(self, reference: str) -> bytes:
        url = f"{self.row(reference)['Url']}&Download=1"
        headers = {"Authorization": f"Bearer {self.exact.tokens.read().access_token}"}
        answer = self.exact.wire.inner.handle_request(httpx2.Request("GET", url, headers=headers))
        return bytes(answer.read())

    def lose(self, attachment: Attachment) -> None:
        self.files._path(attachment.sha256).write_bytes(b"other")

    def by_hand(self, name: str = "scan.pdf") -> str:
        body = {"Document": self.held.reference, "FileName": name, "Attachment": "JVBERi0="}
        return str(json.loads(self.call("POST", self.path, body).content)["d"]["ID"])

    def double(self, reference: str) -> str:
        return self.by_hand(str(self.row(reference)["FileName"]))


# --- answers in place of Exact's ----------------------------------------------------------------------------


def failure(status: int, text: str) -> httpx2.Response:
    """A refusal in Exact's form."""
    body = encode({"error": {"code": "", "message": {"lang": "", "value": text}}})
    return httpx2.Response(status, headers={"Content-Type": "application/json"}, content=body)


def refuse(world: Filed, said: str, text: str, status: int = 400) -> None:
    """Requests with this in their address are refused from now on."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        return failure(status, text) if said in f"{request.method} {request.url}" else response

    world.exact.wire.after = after


def doctored(world: Filed, path: str, change: Any) -> None:
    """Lists of a set are changed before the connection reads them."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "GET" or not request.url.path.endswith(path):
            return response
        body = json.loads(response.read())
        change(body["d"]["results"])
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=encode(body))

    world.exact.wire.after = after
