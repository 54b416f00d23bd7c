"""`pairs`: what two connections do for each other, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from ml_connector.cli.connections import pairs_of
from ml_connector.cli.output import Json, errors, say, table
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.app.pairs import Preference, Wanted

pairs = typer.Typer(
    name="pairs", help="What two connections do for each other, and how often.", no_args_is_help=True
)
First = typer.Argument(..., help="Name of a connection.")
Second = typer.Argument(..., help="Name of the other one.")
NEVER = "off"


@pairs.command("show")
def show(first: str = First, second: str = Second, as_json: bool = Json) -> None:
    """Show every flow that the two can have, in both directions: whether it is wanted, and how often."""
    with errors(as_json):
        _say(first, second, service().pairs.show(first, second), as_json)


@pairs.command("set")
def set_(
    first: str = First,
    second: str = Second,
    want: list[str] = typer.Option(
        [], help="flow=schedule, as `pairs show` names it: 'projects=every 6h'; 'projects=' for on request."
    ),
    off: list[str] = typer.Option([], help="A flow that is not wanted now; it keeps all it has."),
    mode: str = typer.Option("", help="propose, approve or automatic, of all that are wanted."),
    starts_on: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="First day of those that are wanted for the first time."
    ),
    mapping: str = typer.Option("", help="Name of the mapping, for flows that need one."),
    option: list[str] = typer.Option([], "--option", help="option=value of all, flow.option=value of one."),
    as_json: bool = Json,
) -> None:
    """Say which flows are wanted and how often; without --want and --off each is asked for."""
    with errors(as_json):
        from ml_connector.app.pairs import Wanted

        schedules, options = (
            pairs_of(name, given, as_json) for name, given in (("--want", want), ("--option", option))
        )
        day = starts_on.date() if starts_on else None
        wanted = Wanted(
            schedules=schedules, off=off, mode=mode, starts_on=day, mapping=mapping, options=options
        )
        if not want and not off and not as_json:
            wanted = _asked(service().pairs.show(first, second), wanted)
        _say(first, second, service().pairs.set(first, second, wanted), as_json)


def _asked(known: Iterable[Preference], given: Wanted) -> Wanted:
    """The same, with what a person says of each flow, and of each option of those that are wanted."""
    from dataclasses import replace

    wanted: dict[str, str] = {}
    asked: dict[str, str] = {}
    typer.echo("How often? 'every 3h', 'daily 03:00 Europe/Oslo', empty for on request, or off.")
    for one in known:
        before = one.schedule if one.state == "on" else NEVER
        said = typer.prompt(f"{one.name}, {one.source} → {one.target}", default=before).strip()
        if said != NEVER:
            wanted[one.name] = said
    options = dict(given.options)
    for one in known:
        kept = one.stored.options if one.stored else {}
        for option in one.record.options if one.name in wanted else ():
            if option.name not in {**options, **asked}:
                typer.echo(option.help)
                asked[option.name] = typer.prompt(option.name, default=kept.get(option.name, "")).strip()
    options |= {name: value for name, value in asked.items() if value}
    off = [one.name for one in known if one.name not in wanted and one.stored is not None]
    return replace(given, schedules=wanted, off=off, options=options)


def _say(first: str, second: str, found: Iterable[Preference], as_json: bool) -> None:
    rows = [_shown(one) for one in found]
    if as_json:
        say(True, {"ok": True, "pair": [first, second], "flows": rows})
        return
    names = ["Flow", "From", "To", "State", "Mode", "Schedule", "Next look", "Id"]
    table(f"{first} and {second}", names, [[value or "–" for value in row.values()] for row in rows])


def _shown(one: Preference) -> dict[str, Any]:
    due = one.next_look
    return {
        "name": one.name,
        "from": one.source,
        "to": one.target,
        "state": one.state,
        "mode": one.stored.mode if one.stored else "",
        "schedule": one.schedule,
        "next_look": f"{due:%Y-%m-%dT%H:%M:%SZ}" if due else "",
        "id": one.stored.pk if one.stored else None,
    }
