"""The simulated environment as a register of default dimensions of employments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from ml_connector.connectors.dynamics_fo.tests.values_world import BATCHES
from ml_connector.contract import world as faults
from ml_connector.domain.worker import Assignment
from ml_connector.ports.registers import Register

ZONE = ZoneInfo("America/New_York")
"""In which the days of both companies begin."""
SEGMENTS = ("department", "cost_center", "branch", "project")
"""The axes of the environment's format for default dimensions, in its order."""
NAMES = {"cost_center": "CostCenter", "project": "Project", "department": "Department"}


class EmploymentsWorld:
    """The environment as a register of assignments; `inner` is the connector's own world."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.register: Register[Any] = inner.system.register(Assignment)

    @property
    def today(self) -> date:
        day: date = self.inner.clock.now().astimezone(ZONE).date()
        return day

    def entities(self) -> tuple[str, str]:
        return "usmf", "dat"

    def axes(self) -> tuple[str, str]:
        return "cost_center", "project"

    def codes(self, axis: str) -> tuple[str, str]:
        return {"cost_center": ("AKRASM", "LINE-7"), "project": ("P0001", "P-2026-01")}[axis]

    def other(self) -> tuple[str, str]:
        return "department", "010"

    def employ(self, worker: str, entity: str, start: date, **codes: str) -> None:
        person = {"number": worker, "first_name": "Kari", "last_name": "Lund", "company": entity}
        self.inner.control("put_worker", **person, start=midnight(start), dimensions=text_of(codes))

    def end(self, worker: str, entity: str, last: date) -> None:
        moment = datetime.combine(last + timedelta(days=1), time(), ZONE) - timedelta(seconds=1)
        self.inner.control(
            "put_worker", number=worker, company=entity, end=moment.astimezone(UTC).isoformat()
        )

    def edit(self, worker: str, entity: str, **codes: str) -> None:
        self.inner.control("put_worker", number=worker, company=entity, dimensions=text_of(codes))

    def held(self, worker: str, entity: str) -> list[Mapping[str, str]]:
        people = self.inner.control("members")["people"]
        mine = [row for row in people if (row["number"], row["entity"]) == (worker, entity)]
        named = {"business_unit": "branch"}
        return [
            {named.get(axis, axis): code for axis, code in row["dimensions"].items()}
            for row in sorted(mine, key=lambda row: str(row["from"]))
        ]

    def close(self, axis: str, code: str, entity: str) -> None:
        self.inner.control("suspend_dimension_value", dimension=NAMES[axis], code=code, company=entity)

    def fail_next(self, fault: str) -> None:
        rules = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        self.inner.post("faults", {**rules[fault], "match": BATCHES, "times": 1})

    def writes(self) -> int:
        return len(self.batches())

    def written(self) -> int:
        return sum(request.content.count(b"PATCH http") for request in self.batches())

    # --- more than the suite asks ---------------------------------------------------------------------------

    def batches(self) -> list[httpx2.Request]:
        found: list[httpx2.Request] = self.inner.wire.requests
        return [request for request in found if request.method == "POST" and "batch" in request.url.path]

    def sent(self) -> list[dict[str, Any]]:
        """The bodies of all writes, in order."""
        found = []
        for request in self.batches():
            lines = request.content.decode().split("\r\n")
            found += [json.loads(line) for line in lines if line.startswith("{")]
        return found

    def calls(self) -> list[str]:
        found: list[str] = self.inner.calls()
        return found

    def text(self, worker: str, entity: str = "usmf") -> str:
        """The default dimensions of the newest employment, as the vendor shows them."""
        return str(self.rows(worker, entity)[-1]["DimensionDisplayValue"])

    def rows(self, worker: str, entity: str = "usmf") -> list[dict[str, Any]]:
        """The employments of the worker, oldest first."""
        inner = self.inner
        if not inner.wire.tokens:
            list(self.register.rows())
        with httpx2.Client(transport=inner.wire.inner, base_url=inner.base_url) as screen:
            answer = screen.get(
                "/data/EmploymentsV2",
                params={
                    "$filter": f"PersonnelNumber eq '{worker}' and LegalEntityId eq '{entity}'",
                    "cross-company": "true",
                },
                headers={"Authorization": f"Bearer {inner.wire.tokens[-1]}"},
            )
        return sorted(answer.json()["value"], key=lambda row: str(row["EmploymentStartDate"]))


def midnight(day: date) -> str:
    """The instant at which the day begins in the companies."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC).isoformat()


def text_of(codes: Mapping[str, str]) -> str:
    """Default dimensions as a person enters them, blanks at the end left out."""
    return "-".join(codes.get(axis, "").replace("-", "\\-") for axis in SEGMENTS).rstrip("-")
