"""`run`: starting a flow, with a command for each that is made from its record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ml_connector.app.flows import Flow
from ml_connector.cli.carry_out import finish, show_set_aside
from ml_connector.cli.made import Given, dashed, parameter, startable, with_options
from ml_connector.cli.output import HELD, errors, problems_json, say
from ml_connector.cli.people import SIGNED_IN, sign_in
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.domain.problem import Problem

run = typer.Typer(name="run", help="Start a flow.", no_args_is_help=True)


def _start_command(flow: Flow) -> Callable[..., None]:
    """`run KIND`, made from the record of the flow."""

    def start(
        *,
        source: str,
        target: str,
        reference: list[str],
        since: datetime | None,
        until: datetime | None,
        dry_run: bool,
        detach: bool,
        by: str,
        secret_file: Path | None,
        as_json: bool,
        given: Given,
    ) -> None:
        with errors(as_json):
            sign_in(by, secret_file, as_json)
            operations, references = service().operations, list(reference)
            aside: tuple[Problem, ...] = ()
            if not references:
                days = [moment.date() if moment else None for moment in (since, until)]
                found, aside = operations.new(flow.kind, source, target, *days)
                references = list(found)
            rows = [
                operations.start(flow.kind, source, target, one, dry_run=dry_run, given=given)
                for one in references
            ]
            if rows or aside:
                _started([row.id for row in rows], aside, detach, as_json)
            else:
                say(as_json, {"ok": True, "runs": []}, f"No new {flow.record}.")

    start.__doc__ = f"{flow.title}: read, propose, and post if the mode of the flow allows it."
    dry = typer.Option(False, help="Stop at the proposal.")
    later = typer.Option(False, help="Only create the run; `serve` carries it out.")
    since = typer.Option(None, formats=["%Y-%m-%d"], help="Only records that end on this day or later.")
    until = typer.Option(None, formats=["%Y-%m-%d"], help="Only records that end on this day or earlier.")
    which = f"Reference of the {flow.record}; without it, every new one."
    fixed = [
        parameter("source", str, typer.Option(..., "--from", help="Connection to read.")),
        parameter("target", str, typer.Option(..., "--to", help="Connection to write to.")),
        parameter("reference", list[str], typer.Option([], dashed(flow.reference), help=which)),
        parameter("since", datetime | None, since),
        parameter("until", datetime | None, until),
        parameter("dry_run", bool, dry),
        parameter("detach", bool, later),
        *SIGNED_IN,
    ]
    return with_options(start, fixed, flow.given)


def _started(identities: list[str], aside: tuple[Problem, ...], detach: bool, as_json: bool) -> None:
    """Carry out the runs that were made, or leave them to `serve`."""
    if not detach:
        finish(identities, as_json, aside)
        return
    left: dict[str, Any] = {"problems": problems_json(aside)} if aside else {}
    say(as_json, {"ok": not aside, "runs": identities, **left}, "\n".join(identities))
    if aside:
        show_set_aside(() if as_json else aside)
        raise typer.Exit(HELD)


for _flow in startable():
    run.command(_flow.kind)(_start_command(_flow))
