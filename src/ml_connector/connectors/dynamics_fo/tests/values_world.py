"""The simulated environment as a register of dimension values."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2

from ml_connector.contract import world as faults
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.ports.registers import Register

BATCHES = {"method": "POST", "path": r"/data/\$batch"}
VALUES = "FinancialDimensionValues"
TODAY = date(2026, 7, 1)


class ValuesWorld:
    """The environment as a register of dimension values; `inner` is the connector's own world."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.register: Register[Any] = inner.system.register(DimensionValue)

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return value(f"W{number:05}", f"Worker {number}{' again' if again else ''}")

    def within(self) -> tuple[str, str]:
        return "/project/", "/branch/"

    def unfit(self) -> DimensionValue:
        return value("W" * 31, "Too long")

    def edit(self, record: DimensionValue) -> None:
        about = {"dimension": "Project", "code": record.code, "name": record.title}
        there = self.row(record.code)
        self.inner.control("rename_dimension_value" if there else "add_dimension_value", **about)

    def fail_next(self, fault: str) -> None:
        rules = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        self.inner.post("faults", {**rules[fault], "match": BATCHES, "times": 1})

    def writes(self) -> int:
        return sum(request.method == "POST" and "batch" in request.url.path for request in self.requests)

    def finish(self) -> None:
        pass

    # --- more than the suite asks ---------------------------------------------------------------------------

    @property
    def requests(self) -> list[httpx2.Request]:
        found: list[httpx2.Request] = self.inner.wire.requests
        return found

    def calls(self) -> list[str]:
        found: list[str] = self.inner.calls()
        return found

    def rows(self, code: str, dimension: str = "Project") -> list[dict[str, Any]]:
        """What the vendor keeps under the code, the rows of companies included."""
        inner = self.inner
        token = inner.wire.tokens[-1] if inner.wire.tokens else ""
        where = f"FinancialDimension eq '{dimension}' and DimensionValue eq '{code}'"
        with httpx2.Client(transport=inner.wire.inner, base_url=inner.base_url) as screen:
            answer = screen.get(
                f"/data/{VALUES}",
                params={"$filter": where, "cross-company": "true"},
                headers={"Authorization": f"Bearer {token}"},
            )
        return list(answer.json()["value"]) if answer.is_success else []

    def row(self, code: str) -> dict[str, Any] | None:
        """The shared row."""
        list(self.register.rows(("/project/",))) if not self.inner.wire.tokens else None
        return next((row for row in self.rows(code) if not row["LegalEntityId"]), None)

    def now(self, code: str, axis: str = "project") -> DimensionValue:
        """As the register reads it."""
        key = f"/{axis}/{code}"
        found: DimensionValue = self.register.read([key])[key].record
        return found


def value(code: str, title: str = "Kari Lund", axis: str = "project", **more: Any) -> DimensionValue:
    return DimensionValue(entity="", axis=axis, code=code, title=title, **more)


def changed(before: DimensionValue, **more: Any) -> Change:
    after = DimensionValue(
        **{name: getattr(before, name) for name in ("entity", "axis", "code", "title", "open", "until")}
        | {"spelled": before.spelled}
        | more
    )
    return Change(key=before.key, act=Act.CHANGE, before=before, after=after)


def change(world: ValuesWorld, code: str, **more: Any) -> Any:
    """Wish another content of a row as it is now; the answer."""
    fresh = world.register.read([f"/project/{code}"])
    (row,) = fresh.values()
    return world.register.put([changed(row.record, **more)], {row.key: row.version})[0]


def answering(world: ValuesWorld, change_row: Callable[[dict[str, Any]], Any]) -> None:
    """The list of values is answered with other rows: none, another, or several."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not (request.method == "GET" and request.url.path.endswith(VALUES) and response.is_success):
            return response
        said = json.loads(response.read())
        rows: list[Any] = []
        for row in said["value"]:
            new = change_row(row)
            rows += new if isinstance(new, list) else [] if new is None else [new]
        return httpx2.Response(200, headers={"content-type": "application/json"}, json=said | {"value": rows})

    world.inner.wire.after = after
