"""A stage for expense reports: what people spent in Findity, the books of two divisions of Exact Online, and
an installation of the product that is driven by its own commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stage import Product, Sandbox

from ml_connector_sandbox.core.scene import scene_of
from ml_connector_sandbox.scenarios import expenses
from ml_connector_sandbox.systems.findity import register

SCENARIO = ("--scenario", "expenses", "--profile", "fast")
SPENT, BOOKS = "spent", "books"
"""Names of the two connections."""
FINDITY, EXACT = "findity", "exact_online"
NO_VAT = "0"


@dataclass
class ExpenseStage:
    """Simulators and an installation."""

    sandbox: Sandbox
    product: Product

    def at_source(self, action: str, **body: Any) -> Any:
        """What a person does in Findity."""
        return self.sandbox.control(FINDITY, f"control/{action}", body)

    def at_ledger(self, action: str, **body: Any) -> Any:
        """What a person does in Exact."""
        return self.sandbox.control(EXACT, f"control/{action}", body)

    def spent(self) -> Any:
        """Everything that Findity holds."""
        return self.sandbox.control(FINDITY, "books")

    def books(self) -> Any:
        """Everything that the divisions hold."""
        return self.sandbox.control(EXACT, "books")

    def connect(self) -> None:
        """Both connections, with their sign-in."""
        findity = self.sandbox.systems[FINDITY]
        credentials = findity["credentials"]
        self._add(
            SPENT,
            FINDITY,
            {
                "base_url": findity["base_url"],
                "client_id": credentials["client_id"],
                "client_secret": credentials["client_secret"],
                "poll_seconds": "0",
                "take_back_seconds": "0",
            },
        )
        self.connect_books()

    def connect_books(self) -> None:
        """That to Exact, with its sign-in."""
        exact, scene = self.sandbox.systems[EXACT], scene_of("trading_company")
        settings = scene.settings(exact, [*expenses.ENTITY_OF.values()])
        self._add(BOOKS, EXACT, {**settings, **scene.unlimited})
        self.product.authorize(BOOKS)

    def _add(self, name: str, connector: str, values: Mapping[str, str]) -> None:
        given = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        self.product.run("connections", "add", name, "--connector", connector, "--sandbox", *given, "--json")

    def flow(self, mode: str = "approve", **options: str) -> None:
        """The flow of reports, as the company books what its people spent."""
        spent = self.spent()
        ids = {row["name"]: row["id"] for row in spent["organizations"]}
        divisions = {ids[name]: code for name, code in expenses.ENTITY_OF.items()}
        codes = {row["code"] for row in spent["vat_codes"]}
        wanted = {
            "entities": ",".join(f"{key}={code}" for key, code in divisions.items()),
            "countries": ",".join(
                f"{expenses.ENTITY_OF[name]}={country}"
                for name, country in ((register.HOLLAND, "NL"), (register.BELGIUM, "BE"))
            ),
            "journal": "60",
            "general_journal": "95",
            "vat_codes": ",".join(f"{code}={code}" for code in sorted(codes)),
            "no_vat": NO_VAT,
            "clearing": f"company_card={register.CARD}",
            "axes": "cost_center,cost_unit,project",
            "zone": "Europe/Amsterdam",
            **options,
        }
        given = [part for name, value in wanted.items() for part in ("--option", f"{name}={value}")]
        flow = ["--from", SPENT, "--to", BOOKS, "--kind", "expense_reports", "--mode", mode]
        self.product.run("flows", "set", *flow, "--starts-on", "2026-01-01", *given, "--json")
