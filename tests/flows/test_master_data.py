"""The lists of a ledger in another system, carried out by the product, the vendors at their ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.invoice_world import OPTIONS, coded
from tests.payday import SOURCE, TARGET, World
from tests.unit.domain.invoices import invoice

from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.list_value import ListValue, closed_below
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.flows.master_data import read_policy
from ml_connector.ports.registers import RegisterLimits
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System

AXIS, KIND = "cost_center", "cost_centers"


def value(code: str, parent: str | None = "", **more: Any) -> ListValue:
    basics = {"axis": AXIS, "identity": f"id-{code}", "code": code, "title": f"Name of {code}"}
    return ListValue(**{**basics, "parent": parent, **more})


class Lists:
    """A `ListSource`."""

    axes = frozenset({AXIS})

    def __init__(self) -> None:
        self.held: list[ListValue] = []

    def values(self, entity: str, axis: str) -> Iterator[ListValue]:
        assert ("10", AXIS) == (entity, axis)
        return iter(self.held)


class Register(ReferenceRegister):
    """A place that keeps a value below another only where that is there, and never two of one code."""

    def __init__(self, rows: ReferenceRows) -> None:
        super().__init__(rows, RegisterLimits(settle_seconds=5, shared=True, axes=frozenset({AXIS}), batch=1))
        self.held, self.order = rows, list[str]()

    def put(self, changes: Any, seen: Any) -> Any:
        for change in changes:
            known = {row.identity for row in self.held.rows.values()}
            assert change.after.parent in {"", None, *known}
            self.order.append(f"{change.act} {change.after.code}")
        return super().put(changes, seen)


class Master(World):
    """An installation that keeps the cost centers of a ledger elsewhere."""

    def __init__(self, mode: Mode = Mode.AUTOMATIC, **options: str) -> None:
        self.lists, self.kept = Lists(), ReferenceRows()
        self.register = Register(self.kept)
        super().__init__()
        self.access.set_flow(
            kind=KIND,
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping="",
            options={"entity": "10", **options},
        )

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, ListValue: self.lists})
        return replace(inner, registers={ListValue: self.register})

    def align(self) -> RunRow:
        """The next pass, as far as it goes by itself."""
        references, _ = self.operations.new(KIND, SOURCE, TARGET, None)
        run = self.operations.start(KIND, SOURCE, TARGET, references[0]).id
        self.run_to_rest()
        return self.at(run)

    def waits(self, number: str, code: str, state: RunState) -> None:
        """A run of an invoice that names the code."""
        from ml_connector.domain import codec
        from ml_connector.store.models import Run
        from ml_connector.store.runs import StoredArtifacts, StoredRuns

        flow = self.access.set_flow(
            kind="supplier_invoices",
            source=self.access.connection(TARGET),
            target=self.access.connection(SOURCE),
            mode=Mode.AUTOMATIC,
            starts_on=date(2026, 1, 1),
            mapping="",
            options=OPTIONS,
        )
        runs = StoredRuns(self.access.organisation)
        run = runs.create(flow="supplier_invoices", stage="read", input={}, settings=flow.pk).id
        lines = (replace(coded("10.00", "2.10"), codes=dimensions({AXIS: code, "account": "4000"})),)
        held = invoice(*lines, net="10.00", gross="12.10", number=number)
        StoredArtifacts().record(run, "read/1/invoice", codec.encode(held))
        Run.objects.filter(id=run).update(state=state)

    def plan_of(self, run: str) -> str:
        from ml_connector.store.plans import StoredPlans

        return StoredPlans().fingerprint(run)

    def there(self) -> dict[str, ListValue]:
        return {row.code: row for row in self.kept.rows.values()}

    def acts(self, run: str) -> dict[str, str]:
        return {row.change.key: str(row.change.act) for row in self.operations.records.plan(run, 100)}


def test_parents_come_before_what_stands_below_them_and_are_closed_behind_it() -> None:
    """However the ledger lists them; opened again they come first again."""
    world = Master()
    world.lists.held = [value("A1", "id-Z"), value("A11", "id-A1"), value("Z")]
    assert RunState.DONE == world.align().state
    assert ["create Z", "create A1", "create A11"] == world.register.order

    world.register.order.clear()
    world.lists.held[2] = value("Z", open=False)
    world.align()
    assert ["close A11", "close A1", "close Z"] == world.register.order
    assert not any(row.open for row in world.there().values())

    world.register.order.clear()
    world.lists.held[2] = value("Z")
    world.align()
    assert ["reopen Z", "reopen A1", "reopen A11"] == world.register.order
    assert 3 == len(world.there())


def test_a_code_that_invoices_wait_with_is_closed_with_consent_only() -> None:
    """They are listed first; one that is booked, canceled or names another code does not count."""
    world = Master()
    world.lists.held = [value("A"), value("B")]
    world.align()
    world.waits("F-1", "A", RunState.HELD)
    world.waits("F-2", "A", RunState.DONE)
    world.waits("F-3", "C", RunState.HELD)

    world.lists.held = [value("A", open=False), value("B", open=False)]
    at = world.align()

    assert RunState.AWAITING_APPROVAL == at.state
    lines = {row.change.after.code: row.change.why for row in world.operations.records.plan(at.id, 9)}
    assert lines["B"] is None
    assert (
        "A Name of A is named by 1 of the invoices that are not booked yet: F-1. Book them first"
        in lines["A"]
    )
    assert all(row.open for row in world.there().values())
    world.operations.approve(at.id, world.plan_of(at.id))
    world.run_to_rest()
    assert not any(row.open for row in world.there().values())


def test_a_circle_is_closed_nowhere() -> None:
    one, two = value("A", "id-B"), value("B", "id-A")
    below = value("C", "id-B", open=True)
    assert set() == closed_below({each.identity: each for each in (one, two, below)})
    closed = replace(two, open=False)
    assert {"id-A", "id-B", "id-C"} == closed_below({each.identity: each for each in (one, closed, below)})


def test_what_is_there_without_an_id_is_taken_over_with_consent() -> None:
    """In automatic mode too; of several with one code none is."""
    world = Master()
    for place, code in (("1", "A"), ("2", "B"), ("3", "B")):
        row = value(code, identity="", place=place, title=f"There {place}")
        world.kept.edit(row)
    world.lists.held = [value("A"), value("B")]

    run = world.align()

    assert RunState.AWAITING_APPROVAL == run.state
    assert {
        f"{AXIS}/=1": "change",
        f"{AXIS}/=2": "theirs",
        f"{AXIS}/=3": "theirs",
        f"{AXIS}/id-B": "create",
    } == world.acts(run.id)


def test_an_edit_of_what_was_just_taken_over_is_a_conflict() -> None:
    """It was agreed on under the number of the row, and has the ledger's id since."""
    world = Master()
    row = value("A", identity="", place="1", title="There")
    world.kept.edit(row)
    world.lists.held = [value("A")]
    run = world.align()
    world.operations.approve(run.id, world.operations.records.fingerprint(run.id))
    world.run_to_rest()
    assert RunState.DONE == world.at(run.id).state
    world.kept.rows = {value("A").key: value("A", title="Edited")}

    edited = world.align()

    assert {value("A").key: "conflict"} == world.acts(edited.id)
    assert "Edited" == world.there()["A"].title


def test_an_order_that_the_ledger_does_not_have_is_left_as_it_is() -> None:
    """People's tree stays, whatever else changes."""
    world = Master()
    world.lists.held = [value("A", None), value("B", None)]
    world.align()
    world.kept.edit(value("B", "id-A"))
    world.lists.held = [value("A", None), value("B", None, title="Renamed")]

    assert RunState.DONE == world.align().state
    assert ("id-A", "Renamed") == (world.there()["B"].parent, world.there()["B"].title)


def test_only_codes_that_are_wanted_are_kept() -> None:
    world = Master(codes="4, 7")
    world.lists.held = [value("4000"), value("1600"), value("7100")]
    world.align()

    assert {"4000", "7100"} == world.there().keys()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "'entity' is missing"),
        ({"entity": "10", "same": "2"}, "same has '2'"),
        ({"entity": "10", "same": "2=7, 3=7"}, "twice"),
        ({"entity": "10", "axes": "x"}, "unknown option 'axes'"),
    ],
)
def test_settings_that_say_nothing_are_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        read_policy("approve", date(2026, 1, 1), options)
