"""Which run is to bring a code to a ledger: a journal that names one waits for that run.

A pass that has not planned yet, or whose plan has the codes, is waited for. Where none is under way one is
started, but for a pass that has looked within the hour: what that did not plan, payroll does not have. A pass
that read no codes of the ledger, because nothing had changed at payroll, has not looked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from ml_connector.app.access import Actor
from ml_connector.app.assemble import Assembly
from ml_connector.app.operations import Operations
from ml_connector.app.passes import UNDER_WAY
from ml_connector.domain.dimension import DimensionValue
from ml_connector.flows.flow import PolicyError, flows
from ml_connector.ports.registers import Register
from ml_connector.ports.runs import RunState
from ml_connector.store.models import Flow, Run
from ml_connector.store.plans import StoredPlans

AGAIN = timedelta(hours=1)
"""A pass that began so long ago says nothing of what payroll has now."""
OPEN = (*UNDER_WAY, RunState.AWAITING_APPROVAL, RunState.HELD)
SYSTEM = Actor("system", "system")


def brought_by(assembly: Assembly, settings: Flow, missing: Sequence[DimensionValue]) -> str:
    """The pass that is to bring all of the codes to the ledger of the flow, the first of several; empty
    where one of the codes is brought by none.
    """
    system = assembly.system(settings.target)
    if not missing or DimensionValue not in system.registers:
        return ""
    register, found = system.register(DimensionValue), []
    for axis in sorted({value.axis for value in missing}):
        keeper = next(_keepers(assembly, settings, axis), None)
        keys = {_key(register, value) for value in missing if value.axis == axis}
        run = _pass_of(assembly, keeper, keys) if keeper is not None else ""
        if not run:
            return ""
        found.append(run)
    return found[0]


def _keepers(assembly: Assembly, settings: Flow, axis: str) -> Iterator[Flow]:
    """Flows that make and close the codes of the axis in this ledger."""
    for flow in Flow.objects.filter(organisation=settings.organisation, target=settings.target).order_by(
        "id"
    ):
        record = flows()[flow.kind]
        try:
            if record.passes and axis in record.keeps(assembly.policy(flow)):
                yield flow
        except PolicyError:
            continue


def _key(register: Register[DimensionValue], value: DimensionValue) -> str:
    entity = "" if register.limits.shared else value.entity
    return register.normal(replace(value, entity=entity)).key


def _pass_of(assembly: Assembly, keeper: Flow, keys: Collection[str]) -> str:
    plans = StoredPlans()
    newest = Run.objects.filter(settings=keeper, dry=False).order_by("-number").first()
    if newest is not None and newest.state in OPEN:
        planned = bool(plans.fingerprint(newest.id))
        if plans.opens(newest.id, keys) if planned else newest.state in UNDER_WAY:
            return str(newest.id)
    now = assembly.clock.now()
    if newest is not None and _looked(newest, plans) and now - newest.created_at < AGAIN:
        return ""
    operations = Operations(assembly.access(keeper.organisation.slug), assembly, SYSTEM)
    source, target = keeper.source.name, keeper.target.name
    references, _ = operations.new(keeper.kind, source, target, None)
    if not references:
        return str(newest.id) if newest is not None else ""
    return operations.start(keeper.kind, source, target, references[0]).id


def _looked(run: Run, plans: StoredPlans) -> bool:
    return run.state != RunState.DONE or bool(plans.fingerprint(run.id))
