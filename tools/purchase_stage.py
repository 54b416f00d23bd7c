"""A stage for invoices: a simulated company in Precoro, its books in two divisions of Exact Online, and an
installation of the product that is driven by its own commands.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stage import Product, Sandbox

from ml_connector_sandbox.scenarios import procurement
from ml_connector_sandbox.systems.precoro import register

SCENARIO = ("--scenario", "procurement", "--profile", "fast")
BOUGHT, BOOKS = "bought", "books"
"""Names of the two connections."""
PRECORO, EXACT = "precoro", "exact_online"
FIELDS = "item:21=account,item:22=cost_unit,document:31=cost_center,document:32=project"
JOURNAL = "60"


@dataclass
class PurchaseStage:
    """Simulators and an installation."""

    sandbox: Sandbox
    product: Product

    def at_source(self, action: str, **body: Any) -> Any:
        """What a person does in Precoro."""
        return self.sandbox.control(PRECORO, f"control/{action}", body)

    def at_ledger(self, action: str, **body: Any) -> Any:
        """What a person does in Exact."""
        return self.sandbox.control(EXACT, f"control/{action}", body)

    def bought(self) -> Any:
        """Everything that Precoro holds."""
        return self.sandbox.control(PRECORO, "books")

    def books(self) -> Any:
        """Everything that the divisions hold."""
        return self.sandbox.control(EXACT, "books")

    def connect(self, source: Mapping[str, str] | None = None) -> None:
        """Both connections, with their sign-in; `source` are further settings of the first."""
        precoro, exact = self.sandbox.systems[PRECORO], self.sandbox.systems[EXACT]
        credentials = precoro["credentials"]
        self._add(
            BOUGHT,
            PRECORO,
            {
                "base_url": precoro["base_url"],
                "email": credentials["email"],
                "token": credentials["token"],
                "fields": FIELDS,
                "currency": "EUR",
                "poll_seconds": "0",
                "pace_seconds": "0",
                "calls_per_hour": "0",
                "calls_per_day": "0",
                "same_read_seconds": "0",
                **(source or {}),
            },
        )
        from ml_connector_sandbox.core.scene import scene_of

        scene = scene_of("trading_company")
        settings = scene.settings(exact, [*procurement.DIVISIONS.values()])
        self._add(BOOKS, EXACT, {**settings, **scene.unlimited})
        self.product.authorize(BOOKS)

    def supply(self) -> None:
        """Every supplier of Precoro stands in the division that it sends invoices to, by its id there."""
        bought = self.bought()
        names = {row["id"]: row["name"] for row in bought["entities"]}
        sends_to = {row["supplier"]: names.get(int(row["entity"] or 0)) for row in bought["invoices"]}
        for row in bought["suppliers"]:
            entity = sends_to.get(row["id"]) or register.HOLLAND
            made = self.at_ledger(
                "put_relation",
                code=row["code"].removeprefix("S"),
                division=procurement.DIVISIONS[entity],
                set={"Name": row["name"], "IsSupplier": True, "StartDate": "2020-01-01"},
            )
            self.mark_supplier(row["id"], made["id"])

    def mark_supplier(self, supplier: int, external: str) -> None:
        """Give a supplier of Precoro its id in the ledger."""
        precoro = self.sandbox.systems[PRECORO]
        request = urllib.request.Request(
            f"{precoro['base_url']}/suppliers/{supplier}",
            data=urllib.parse.urlencode({"externalId": external}).encode(),
            headers={
                "X-AUTH-TOKEN": precoro["credentials"]["token"],
                "email": precoro["credentials"]["email"],
            },
            method="PATCH",
        )
        urllib.request.urlopen(request, timeout=30).close()

    def _add(self, name: str, connector: str, values: Mapping[str, str]) -> None:
        given = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        self.product.run("connections", "add", name, "--connector", connector, "--sandbox", *given, "--json")

    def flow(self, mode: str = "approve", **options: str) -> None:
        """The flow of invoices, with the taxes that the ledger has a code for."""
        bought = self.bought()
        taxes = {row["name"]: row["id"] for row in bought["taxes"]}
        terms = ",".join(f"{row['id']}={row['days']}" for row in bought["terms"])
        vat = ",".join(f"{taxes[name]}={code}" for name, code in procurement.TAX_OF.items() if name in taxes)
        entities = {row["name"]: row["id"] for row in bought["entities"]}
        companies = ",".join(f"{entities[name]}={code}" for name, code in procurement.DIVISIONS.items())
        wanted = {
            "journal": JOURNAL,
            "entities": companies,
            "vat_codes": vat,
            "no_vat": "0",
            "terms": terms,
            "axes": "cost_center,cost_unit,project",
            **options,
        }
        given = [part for name, value in wanted.items() for part in ("--option", f"{name}={value}")]
        flow = ["--from", BOUGHT, "--to", BOOKS, "--kind", "supplier_invoices", "--mode", mode]
        self.product.run("flows", "set", *flow, "--starts-on", "2026-01-01", *given, "--json")


__all__ = ["BOOKS", "BOUGHT", "PurchaseStage", "register"]
