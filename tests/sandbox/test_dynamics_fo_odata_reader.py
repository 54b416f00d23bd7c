"""The simulated Dynamics 365 as an OData library reads it that knows nothing of it or of us: `odatapy`, by
the description that the simulator gives of itself.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import odatapy.client
import pytest
from tests.sandbox.dynamics_fo_world import CROSS, HOST, DynamicsWorld

pytestmark = pytest.mark.slow


class Wire:
    """Its transport: the simulator's own client, signed in."""

    def __init__(self, world: DynamicsWorld) -> None:
        self._client = world.client

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        answer = self._client.request(method, url, headers=headers, content=body)
        return odatapy.client.ClientResponse(answer.status_code, dict(answer.headers), answer.content)


@pytest.fixture(scope="module")
def world() -> DynamicsWorld:
    """With a journal of wages."""
    world = DynamicsWorld()
    world.wages()
    return world


@pytest.fixture(scope="module")
def reader(world: DynamicsWorld) -> Any:
    return odatapy.client.EdmEnabledODataClient(f"{HOST}/data", Wire(world), odata_version="4.0")


def plain(value: Any) -> Any:
    """A moment as it is sent."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    "name", ["MainAccounts", "LegalEntities", "VendorsV2", "LedgerJournalHeaders", "LedgerJournalLines"]
)
def test_every_row_is_read_by_the_description(world: DynamicsWorld, reader: Any, name: str) -> None:
    """Each property is described, and has the value that is sent."""
    rows = list(reader.iter_entities(f"{HOST}/data/{name}?{CROSS}"))

    sent = world.rows(f"{name}?{CROSS}")
    assert len(sent) == len(rows) > 0
    for row, raw in zip(rows, sent, strict=True):
        assert [] == [one.name for one in row.properties if one.type is None]
        assert {key: value for key, value in raw.items() if not key.startswith("@")} == {
            one.name: plain(one.value) for one in row.properties
        }


def test_pages_are_followed_and_amounts_are_exact(world: DynamicsWorld, reader: Any) -> None:
    """By the links that the simulator gives; no amount becomes a float."""
    lines = f"{HOST}/data/LedgerJournalLines?{CROSS}"
    world.vendor.switches.set({"page_rows_max": 2})
    pages = list(reader.iter_pages(lines))
    world.vendor.switches.set({"page_rows_max": 10_000})
    rows = [{one.name: one.value for one in row.properties} for page in pages for row in page.entities]

    sent = world.rows(f"LedgerJournalLines?{CROSS}")
    assert len(pages) > 1
    assert len(sent) == len(rows)
    for side in ("DebitAmount", "CreditAmount"):
        assert all(isinstance(row[side], Decimal) for row in rows)
        assert sum(Decimal(row[side]) for row in sent) == sum(row[side] for row in rows) > 0
