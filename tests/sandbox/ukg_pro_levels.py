"""Writes of org levels as the tests of them send them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.sandbox.ukg_pro_world import UkgWorld

LEVELS = "/configuration/v1/org-levels"
NEW = {"level": 1, "code": "BOSNEW", "description": "New"}
FIELDS = {
    *("level", "code", "levelDescription", "description", "glSegment", "budgetGroup", "reportingCategory"),
    *("isActive", "currentYearBudgetFTE", "currentYearBudgetSalary", "lastYearBudgetFTE"),
    "lastYearBudgetSalary",
}


def post(world: UkgWorld, *rows: Any) -> Any:
    """The JSON of a POST that was answered with a 207."""
    body = json.dumps(rows).encode()
    answer = world.client.post(LEVELS, headers=world.headers(), content=body)
    assert 207 == answer.status_code, answer.text
    return json.loads(answer.content, parse_float=Decimal)


def one(world: UkgWorld, row: Any) -> Any:
    """What the 207 says of a row that was sent alone."""
    (result,) = post(world, row)["multistatus"]
    return result


def change(world: UkgWorld, method: str, said: Mapping[str, Any], key: str = "1/BOSFIN") -> Any:
    """The answer of a PUT or PATCH that was carried out."""
    answer = world.call(method, f"{LEVELS}/{key}", body=dict(said))
    assert 200 == answer.status_code, answer.text
    return json.loads(answer.content, parse_float=Decimal)


def refused(world: UkgWorld, method: str, said: Any, key: str = "1/BOSFIN") -> str:
    """The field that a 400 names; nothing is written then."""
    before = world.get(LEVELS).content
    answer = world.call(method, f"{LEVELS}/{key}", body=said)
    assert (400, before) == (answer.status_code, world.get(LEVELS).content), answer.text
    return str(answer.json()["modelstate"]["fieldname"])


def audit(world: UkgWorld) -> list[tuple[str, ...]]:
    """The audit of org levels: code, field, old, new, action."""
    since = "startDateTime=2026-07-01T00:00:00&endDateTime=2026-08-01T00:00:00&fieldName="
    names = ("audKey2Value", "audFieldName", "audOldValue", "audNewValue", "audAction")
    rows = [
        row
        for field in ("code", "description", "glSegment", "isActive")
        for row in world.rows(f"/personnel/v1/audit-details?tableName=OrgLevel&{since}{field}")
    ]
    return [tuple(row[name] for name in names) for row in rows]
