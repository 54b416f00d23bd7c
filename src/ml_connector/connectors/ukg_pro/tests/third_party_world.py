"""The simulated tenant, read by Third-Party Pay: its records, and how others would have written them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2

from ml_connector.connectors.ukg_pro.tests.world import UkgWorld
from ml_connector.contract.payroll_world import ExpectedRun
from ml_connector.domain.money import Money
from ml_connector.ports.payroll import PayrollSource
from ml_connector.transport.auth import basic
from ml_connector_sandbox.core.vendor import Request

THIRD_PARTY = "/services/payroll/v1/third-party-pay"
COMPANY, PAY_DATE = "HTC01", date(2026, 7, 3)


class ThirdPartyWorld(UkgWorld):
    """The same tenant, read by Third-Party Pay: records of earnings and deductions."""

    source_name = "third_party_pay"

    def __init__(self, **settings: str) -> None:
        self.changed: list[Callable[[list[dict[str, Any]]], Any]] = []
        super().__init__(**settings)
        self.wire = _Changing(self.wire, self.changed)
        self.system = self.open()

    def call(self, method: str, path: str, value: Any = None) -> Any:
        headers = {
            "authorization": basic(self.credentials["username"], self.credentials["password"]),
            "us-customer-api-key": self.credentials["customer_api_key"],
            "content-type": "application/json",
        }
        body = json.dumps(value).encode() if value is not None else b""
        response = self.host.exchange(
            Request(method=method, target=path, headers=headers, body=body)
        ).response
        assert response.status < 300, (response.status, response.body)
        return json.loads(response.body, parse_float=Decimal) if response.body else None

    def records(self) -> list[dict[str, Any]]:
        return self.call("GET", f"{THIRD_PARTY}?$expand=Earnings,Deductions&$top=1000")

    def newest(self) -> str:
        return self.source.pay_runs(date(2026, 6, 1))[-1].reference

    def expected(self, reference: str) -> ExpectedRun:
        records = [record for record in self.records() if record["IsVoided"] == "N"]
        rows = sum(len(record["Earnings"]) + len(record["Deductions"]) + 1 for record in records)
        debit = sum(
            (row["EarningCurrentAmount"] for record in records for row in record["Earnings"]), Decimal(0)
        )
        return ExpectedRun(rows=rows, debit=Money(debit, "USD"), pay_date=PAY_DATE, companies=(COMPANY,))

    def rerun(self) -> str:
        record = json.loads(json.dumps(self.records()[0], default=float))
        bonus = {"EarningCode": "BON", "EarningDescription": "Bonus", "EarningCurrentAmount": 100.5}
        self.call(
            "PUT", f"{THIRD_PARTY}/{record['Id']}", {**record, "Earnings": [*record["Earnings"], bonus]}
        )
        return self.newest()

    def undo(self) -> None:
        for record in self.records():
            self.call("DELETE", f"{THIRD_PARTY}/{record['Id']}")

    def change(self) -> None:
        self.rerun()

    def again(self, **members: Any) -> str:
        """A record posted once more under an id of its own, with these members changed; its id."""
        record = json.loads(json.dumps(self.records()[0], default=float))
        record.pop("Id")
        return str(self.call("POST", THIRD_PARTY, {**record, **members})["Id"])

    def void(self) -> tuple[PayrollSource, str]:
        record = json.loads(json.dumps(self.records()[0], default=float))
        self.call("PUT", f"{THIRD_PARTY}/{record['Id']}", {**record, "IsVoided": "Y"})
        return self.source, self.newest()

    def large(self) -> tuple[PayrollSource, str]:
        return self.source, self.newest()

    def cut_short(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.changed.append(lambda records: records[:-1])
        return self.source, reference

    def twice(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.changed.append(lambda records: [*records, records[0]])
        return self.source, reference

    def uncertain(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.changed.append(
            lambda records: [{"PeriodEndDate": "2026-06-26T00:00:00Z", **record} for record in records]
        )
        self._first(lambda record: record.update(PeriodEndDate="2026-06-12T00:00:00Z"))
        return self.source, reference

    def amount(self, text: str, currency: str) -> tuple[PayrollSource, str]:
        self._first(
            lambda record: record.update(
                Deductions=[], Earnings=[{"EarningCode": "REG", "EarningCurrentAmount": _Digits(text)}]
            )
        )
        source = self.with_settings(currency=currency)
        return source, source.pay_runs(PAY_DATE)[-1].reference

    def both_sides(self) -> None:
        return None

    def garbage(self) -> tuple[PayrollSource, str]:
        reference = self.newest()
        self.post("faults", {"kind": "garbage", "match": {"path": THIRD_PARTY}, "times": 1})
        return self.source, reference

    def _first(self, change: Callable[[dict[str, Any]], None]) -> None:
        def apply(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if records:
                change(records[0])
            return records

        self.changed.append(apply)


class _Digits(str):
    """Text that is written into JSON as it is."""


class _Changing(httpx2.BaseTransport):
    """Changes lists of records on their way, as another tenant would have written them."""

    def __init__(
        self, inner: httpx2.BaseTransport, changes: list[Callable[[list[dict[str, Any]]], Any]]
    ) -> None:
        self._inner, self._changes = inner, changes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        body = response.read()
        if (
            not self._changes
            or response.status_code != 200
            or not body.startswith(b"[")
            or THIRD_PARTY not in request.url.path
        ):
            return response
        records = json.loads(body, parse_float=_Digits)
        for change in self._changes:
            records = change(records) if records else records
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=_written(records).encode()
        )


def _written(value: Any) -> str:
    if isinstance(value, _Digits):
        finite = Decimal(value).is_finite()
        return str(value) if finite else f'"{value}"'
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(name)}:{_written(member)}" for name, member in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)
