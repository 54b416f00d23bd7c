"""`status`: how the installation stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ml_connector.cli.output import Json, errors, label, out, say, table
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.app.status import Line, Status

alone = typer.Typer()


@alone.command("status")
def status(as_json: bool = Json) -> None:
    """Show what runs, what waits for people, and what comes next. Asks no vendor."""
    with errors(as_json, keys=False):
        from ml_connector.app.status import status as status_of

        found = status_of(service().access, int(service().settings.zone_data_days))
        if as_json:
            say(True, {"ok": True, **found.shown()})
            return
        _runs("At work", found.at_work, found.counts["at_work"])
        _runs("For people", found.for_people, found.counts["for_people"])
        rows = [
            (one.flow, one.name, one.schedule or "–", f"{one.at:%Y-%m-%d %H:%M} UTC" if one.at else "by hand")
            for one in found.next
        ]
        if rows:
            table("Next look for new work", ["Flow", "From → to", "Schedule", "Next"], rows)
        if found.to_come:
            steps = [(one.flow, label(one.step), one.count, one.first) for one in found.to_come]
            table("Entered for later days", ["Flow", "What", "How many", "First on"], steps, right=[2])
            flow = found.to_come[0].flow
            out.print(f"Who and when: ml-connector headcount coming --flow {flow}", markup=False)
        if found.calls:
            calls = [
                (one.name, f"{one.used:,} of {one.limit:,}", f"{one.forecast:,}" if one.forecast else "–")
                for one in found.calls
            ]
            table("Calls of the vendors' day", ["Connection", "Used", "At this pace"], calls)
        if found.items:
            many = "s" if found.items > 1 else ""
            out.print(f"{found.items} item{many} to look at: ml-connector worklist list", markup=False)
        if found.incidents:
            many = "s" if found.incidents > 1 else ""
            out.print(f"{found.incidents} incident{many} in the ledgers: ml-connector look", markup=False)
        _alerts(found)
        if not (found.at_work or found.for_people or found.items or found.incidents or found.alerts):
            out.print("No run is at work, and nothing waits for people.", markup=False)
        out.print(str(found.zone_data), markup=False)


def _runs(title: str, lines: tuple[Line, ...], count: int) -> None:
    if not lines:
        return
    shown = [(one.run, one.flow, one.reference, label(one.state), one.summary) for one in lines]
    table(title, ["Run", "Flow", "Reference", "State", ""], shown)
    if count > len(lines):
        out.print(f"{count - len(lines)} more: ml-connector runs list", markup=False)


def _alerts(found: Status) -> None:
    """What is open, what did not arrive, and a `serve` that does not look any more."""
    from ml_connector.app.alerts import silent

    if found.alerts:
        many = "s" if len(found.alerts) > 1 else ""
        out.print(f"{len(found.alerts)} open alert{many}: ml-connector alerts list", markup=False)
    if found.undelivered:
        many = "s of alerts are" if found.undelivered > 1 else " of an alert is"
        out.print(f"{found.undelivered} message{many} not delivered yet.", markup=False)
    if silent(found.alerts_at):
        said = f"since {found.alerts_at:%Y-%m-%d %H:%M} UTC" if found.alerts_at else "yet"
        out.print(f"Nobody has looked for alerts {said}: ml-connector serve is not running.", markup=False)
