"""What the audit log says of flows that make passes, and of consent to their plans, is what is stored."""

from __future__ import annotations

from datetime import date

from tests.flows.parcel_world import Parcels, parcel, toy  # noqa: F401
from tests.flows.test_arrivals import Watch
from tests.payday import SOURCE, TARGET, World


def faults(world: World, word: str) -> list[str]:
    """What is wrong, of which this word is said; people did not set up everything in these worlds."""
    from ml_connector.app.audit import audit_report

    return [fault for fault in audit_report(world.access).faults if word in fault]


def test_consent_to_a_plan_is_in_the_chain_and_the_plan_is_as_it_was() -> None:
    """A plan that was given up for another one is as approved, too; one that somebody changed is not."""
    world = Parcels()
    world.wished = [parcel(1)]
    first = world.align()
    world.consent(first)
    world.wished = [parcel(1), parcel(2)]
    run = world.consent(world.align()).id
    assert [] == faults(world, "approved") == faults(world, "approval")

    from ml_connector.store.models import PlannedChange

    (row,) = PlannedChange.objects.filter(run_id=run)
    PlannedChange.objects.filter(pk=row.pk).update(change=row.change.replace("P000002", "P000003"))

    (fault,) = faults(world, "approved")
    assert fault.startswith(f"No proposal of run {run} is what entry")


def test_two_flows_between_the_same_connections_are_two() -> None:
    """Each is compared with what was stored of it last."""
    world = Watch()
    from ml_connector.app.setup import Setup
    from ml_connector.store.models import Flow

    row = Flow.objects.get(kind="payroll")
    Setup(world.access, world._assembly, world._actor).set_flow(
        *(SOURCE, TARGET), mode=row.mode, starts_on=row.starts_on, mapping=row.mapping, options=row.options
    )
    assert [] == faults(world, "Flow")

    Flow.objects.filter(kind="workers").update(starts_on=date(2026, 2, 1))

    (fault,) = faults(world, "Flow")
    assert "is not as it was stored" in fault
