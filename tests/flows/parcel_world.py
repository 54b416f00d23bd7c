"""An installation with the toy flow of `toy/parcels.py`, which the product did not know before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.payday import SOURCE, TARGET, World

import ml_connector.flows as package
from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.flows.flow import Mode, flows
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System
from ml_connector.runs.inline import Inline


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    """The toy flow among the flows of the product."""
    package.__path__.append(str(Path(__file__).parent / "toy"))
    flows.cache_clear()
    yield
    package.__path__.pop()
    flows.cache_clear()


def parcel(number: int, place: str = "Utrecht", **more: Any) -> Any:
    from ml_connector.flows.parcels import Parcel  # type: ignore[import-not-found]

    return Parcel(key=f"P{number:06}", place=place, **more)


class Parcels(World):
    """An installation with the toy flow between two systems that know nothing of pay."""

    def __init__(self, rows: ReferenceRows | None = None, *, mode: Mode = Mode.APPROVE) -> None:
        self.vendor_rows = rows or ReferenceRows()
        self.register = ReferenceRegister(self.vendor_rows)
        self.wished: list[Any] = []
        super().__init__()
        self.access.set_flow(
            kind="parcels",
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping="",
            options={},
        )

    def system(self, name: str) -> System:
        kind = type(parcel(1))
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, kind: lambda: iter(self.wished)})
        return replace(inner, registers={kind: self.register})

    def align(self) -> RunRow:
        """A pass, as far as it goes by itself."""
        run = self.operations.start("parcels", SOURCE, TARGET, "now").id
        self.run_to_rest()
        return self.at(run)

    def consent(self, at: RunRow) -> RunRow:
        """Approve the plan as it is shown."""
        self.operations.approve(at.id, self.operations.records.fingerprint(at.id))
        self.run_to_rest()
        return self.at(at.id)

    def aligned(self) -> RunRow:
        """A pass with consent."""
        return self.consent(self.align())

    def pass_once(self, run: str) -> RunState:
        """Carry out what can be done now, and go to when more can be; how the run stood in between."""
        engine = Inline(self.workshop(), self.runs, self._advance_to)
        while able := engine.able():
            engine.step(able[0])
        state, due = self.at(run).state, self.runs.next_due()
        if due is not None:
            self._advance_to(due)
        return state

    def plan(self, run: str) -> dict[str, int]:
        from ml_connector.store.plans import StoredPlans

        self._use()
        return {str(state): count for state, count in StoredPlans().counts(run).items()}

    def worklist(self) -> Any:
        from ml_connector.app.worklist import Worklist

        self._use()
        return Worklist(self.access, self._actor)
