"""The nightly look at the mappings: what they name that is blocked, closed or renamed in a ledger, or
closed in payroll, and the places of workers whose pay is due soon and has no target. All of it is for people.

Names are compared with those at the first look after the version of the mapping was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import structlog

from ml_connector.app.access import Access
from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected, read_failure
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.journal import Chart
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.domain.problem import Problem
from ml_connector.domain.worker import Worker
from ml_connector.flows.flow import flows
from ml_connector.flows.payroll import mapping_watch as watch
from ml_connector.flows.worker_reading import KIND as WORKERS
from ml_connector.ports.ledger import LedgerFacts
from ml_connector.store.models import ExpectedRun, Flow
from ml_connector.store.plans import StoredLinks
from ml_connector.store.snapshots import StoredSnapshots
from ml_connector.store.work import StoredWorklist

EVERY = timedelta(hours=24)
AHEAD = timedelta(days=14)
"""A pay that is due within so many days is looked ahead for."""
TITLE = "title"
DEFECT = "The look failed because of a defect. Nothing was changed. Send the log to the maintainers."
log = structlog.get_logger("drift")


def watch_mappings(
    access: Access,
    assembly: Assembly,
    *,
    now: bool = False,
    failed: Callable[[str, str], None] = lambda name, why: None,
) -> int:
    """Look at the mapping of every flow whose last look was 24 hours ago, or of all of them `now`; how many
    things are open for people. What cannot be read is reported in the log and to `failed`, and asked again.
    """
    moment, count = assembly.clock.now(), 0
    for flow in access.flows():
        if (
            not flow.mapping
            or flows()[flow.kind].unmapped is None
            or not (now or flow.watched_at is None or moment - flow.watched_at >= EVERY)
        ):
            continue
        try:
            problems = list(_drifted(assembly, flow, moment))
        except expected() as error:
            why = read_failure(error).text
            log.warning("mapping.not_watched", mapping=flow.mapping, why=why)
            failed(f"mapping {flow.mapping}", why)
            continue
        except Exception as error:
            # A defect, of this one only.
            log.error("mapping.not_watched", mapping=flow.mapping, exc_info=error)
            failed(f"mapping {flow.mapping}", DEFECT)
            continue
        count += StoredWorklist(flow.organisation, f"mapping {flow.pk}").found(str(moment), problems)
        Flow.objects.filter(pk=flow.pk).update(watched_at=moment)
    return count


class _Facts:
    """A ledger whose charts are read once."""

    def __init__(self, ledger: LedgerFacts) -> None:
        self._ledger = ledger
        self.chart = cache(ledger.chart)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def _drifted(assembly: Assembly, flow: Flow, moment: datetime) -> Iterator[Problem]:
    record, policy, mapping = flows()[flow.kind], assembly.policy(flow), assembly.mapping(flow)
    ledger: Any = _Facts(assembly.system(flow.target).facts())
    yield from record.misfits(mapping, policy, ledger)
    axes = {axis for rule in mapping.rules for target in rule.targets for axis, _ in target.dimensions}
    charts = {
        entity: ledger.chart(entity, policy.journals[entity], policy.axes | axes)
        for entity in sorted(set(policy.entities.values()))
    }
    yield from _renamed(assembly, flow, mapping, charts)
    yield from _closed(assembly, flow, mapping)
    day = moment.date()
    due = _next_due(flow, day)
    if due is not None:
        groups = watch.placed(_workers(assembly, flow), policy.entities, day, due)
        yield from watch.without_target(mapping, policy.entities, groups, charts, due)


def _renamed(
    assembly: Assembly, flow: Flow, mapping: CodeMapping, charts: dict[str, Chart]
) -> Iterator[Problem]:
    links, version = StoredLinks(flow.target), f"{flow.organisation.slug}/{mapping.name} v{mapping.version}/"
    now = dict(_titles(assembly, flow, mapping, charts))
    known = {key.removeprefix(version): name for key, name in links.bases(TITLE) if key.startswith(version)}
    links.agree(TITLE, {version + key: name for key, name in now.items() if key not in known})
    yield from watch.renamed(mapping, known, now)


def _titles(
    assembly: Assembly, flow: Flow, mapping: CodeMapping, charts: dict[str, Chart]
) -> Iterator[tuple[str, str]]:
    """What the ledger calls what the mapping names, by legal entity; where it keeps the names of codes."""
    uses = watch.named_codes(mapping)
    for entity, chart in charts.items():
        for code, account in chart.accounts.items():
            if (watch.ACCOUNT, code) in uses:
                yield f"{axis_of(entity, watch.ACCOUNT)}{code}", account.description
    registers = assembly.system(flow.target).registers
    if DimensionValue not in registers:
        return
    register = registers[DimensionValue]
    axes = sorted({axis for axis, _ in uses} & register.limits.axes)
    entities = ("",) if register.limits.shared else tuple(charts)
    for row in register.rows([axis_of(entity, axis) for entity in entities for axis in axes]) if axes else ():
        value = row.record
        if (value.axis, value.written) in uses:
            yield f"{axis_of(value.entity, value.axis)}{value.written}", value.title


def _closed(assembly: Assembly, flow: Flow, mapping: CodeMapping) -> Iterator[Problem]:
    sources = assembly.system(flow.source).sources
    if DimensionValue not in sources:
        return
    source = sources[DimensionValue]
    named = {axis for rule in mapping.rules for axis, _ in rule.codes} | {
        row.axis for row in mapping.translations
    }
    if axes := sorted(named & source.axes):
        yield from watch.closed_in_payroll(mapping, axes, source.values(axes))


def _next_due(flow: Flow, day: date) -> date | None:
    """The first day on which a pay of the flow is due that has not come."""
    waited = ExpectedRun.objects.filter(flow=flow, run="", due__range=(day, day + AHEAD))
    first: date | None = waited.order_by("due").values_list("due", flat=True).first()
    return first


def _workers(assembly: Assembly, flow: Flow) -> Iterator[Worker]:
    """The workers of the payroll: as they were read last where a flow keeps them, else read now."""
    kept = StoredSnapshots(flow.source)
    if kept.followed(WORKERS) is not None:
        yield from kept.rows(WORKERS)
    elif Worker in (sources := assembly.system(flow.source).sources):
        yield from (found for found in sources[Worker].workers() if isinstance(found, Worker))
