"""The reference register keeps every claim of the suite, as it writes and as it hands over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.contract.registers import RegisterContract, RegisterWorld
from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row whose text the vendor writes in capitals, cut to eight characters."""

    key: str
    text: str
    open: bool = True


class World:
    """The reference rows in the words of the suite."""

    def __init__(self, *, imports: bool = False, guarded: bool = True) -> None:
        self.rows = ReferenceRows(
            normal=lambda row: replace(row, text=row.text.upper()[:8]),
            container_of=lambda key: key[:2],
            imports=imports,
            guarded=guarded,
        )

    def record(self, number: int, *, again: bool = False) -> Any:
        return Row(key=f"R{number:03}", text=f"{'other' if again else 'text'} of {number}")

    def within(self) -> tuple[str, str]:
        return "R0", "R1"

    def edit(self, record: Any) -> None:
        self.rows.edit(record)

    def unfit(self) -> Any:
        row = Row(key="R999", text="text")
        self.rows.unfit.add(row.key)
        return row

    def fail_next(self, fault: str) -> None:
        kinds = {LOST_BEFORE: "lost before write", LOST_AFTER: "lost after write"}
        self.rows.fault = kinds.get(fault, fault)

    def writes(self) -> int:
        return len(self.rows.puts)

    def finish(self) -> None:
        self.rows.take_in()


@pytest.fixture(
    params=[{}, {"imports": True}, {"guarded": False}], ids=["writes", "hands over", "keeps no versions"]
)
def world(request: pytest.FixtureRequest) -> RegisterWorld:
    return World(**request.param)


@pytest.fixture
def register(world: World) -> ReferenceRegister:
    return ReferenceRegister(world.rows)


class TestRegister(RegisterContract):
    """The suite, on the reference."""
