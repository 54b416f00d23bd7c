"""The contract suite of registers on the lists of the simulator."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.precoro.tests.simulated_world import BASE_URL, SimulatedCompany
from ml_connector.contract import world as faults
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.list_value import TAX, TERM, ListValue
from ml_connector.ports.registers import Register
from ml_connector_sandbox.core.transport import SandboxTransport

EXPENSES, TERMS = "/itemcustomfields/21/options", "/paymentterms"
SAME: dict[str, Any] = {"parent": ""}


class Lists(SimulatedCompany):
    """As `RegisterWorld`, for one list; calls cost no time."""

    axis = "account"
    path = EXPENSES

    def __init__(self, **switches: Any) -> None:
        super().__init__(switches=switches)

    def record(self, number: int, *, again: bool = False) -> ListValue:
        return ListValue(
            axis=self.axis,
            identity=f"guid-{number:03d}",
            code=f"X{number:03d}",
            title=f"X{number:03d} {'Other name' if again else 'Name'}",
            **SAME,
        )

    def within(self) -> tuple[str, str]:
        return f"{self.axis}/", "cost_unit/" if self.axis != "cost_unit" else "account/"

    def unfit(self) -> ListValue:
        return replace(self.record(1), title=" ")

    def edit(self, record: ListValue) -> None:
        """With the key of another user, whose calls are counted apart."""
        self.advance(2)
        other = self.users[-1]
        headers = {"X-AUTH-TOKEN": other["token"], "email": other["email"]}
        rows = self.call("GET", f"{self.path}?per_page=200&at={self.now().timestamp()}", headers=headers)
        found = [row for row in rows["data"] if row["externalId"] == record.identity]
        self.advance(2)
        form = {"name": record.title, "externalId": record.identity, "percent": "21", "code": record.code}
        path = f"{self.path}/{found[0]['id']}" if found else self.path
        self._write("PUT" if found else "POST", path, form, headers)

    def _write(self, method: str, path: str, form: dict[str, str], headers: dict[str, str]) -> None:
        with httpx2.Client(transport=SandboxTransport(self.host), base_url=BASE_URL) as other:
            answer = other.request(method, path, data=form, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    def fail_next(self, fault: str) -> None:
        rules = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        match = {"method": "POST", "path": self.path}
        self.call("POST", "/__sandbox__/faults", json={**rules[fault], "match": match, "times": 1})

    def finish(self) -> None:
        """Nothing is handed over."""


class Taxes(Lists):
    """The taxes."""

    axis, path = TAX, "/taxes"

    def record(self, number: int, *, again: bool = False) -> ListValue:
        return replace(super().record(number, again=again), percentage=Decimal("21.00"))


class Terms(Lists):
    """The payment terms."""

    axis, path = TERM, TERMS

    def record(self, number: int, *, again: bool = False) -> ListValue:
        return replace(super().record(number, again=again), days=0)

    def unfit(self) -> ListValue:
        return replace(self.record(1), month_ends=1)


class TestOptions(RegisterContract):
    """Options of a custom field of lines, with codes, at the newer form of paging."""

    @pytest.fixture
    def world(self) -> Lists:
        return Lists()

    @pytest.fixture
    def register(self, world: Lists) -> Register[Any]:
        return world.system.register(ListValue)


class TestTaxes(TestOptions):
    """Taxes, which have no code and are never closed, at the older form of paging."""

    @pytest.fixture
    def world(self) -> Lists:
        return Taxes(paging="old", money="text", unset_reference="null")


class TestTerms(TestOptions):
    """Payment terms."""

    @pytest.fixture
    def world(self) -> Lists:
        return Terms()
