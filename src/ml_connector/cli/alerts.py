"""`alerts`: what people have to know of, and how they are told."""

from __future__ import annotations

import typer

from ml_connector.cli.output import Json, errors, say, table
from ml_connector.cli.session import service

alerts = typer.Typer(
    name="alerts", help="What people have to know of, and how they are told.", no_args_is_help=True
)


@alerts.command("list")
def list_(
    every: bool = typer.Option(False, "--all", help="Those that are over, too, newest first."),
    as_json: bool = Json,
) -> None:
    """List the alerts that are open, oldest first."""
    with errors(as_json, keys=False):
        from ml_connector.app.alerts import lines

        rows = lines(service().access, ended=every)
        if as_json:
            say(True, {"ok": True, "alerts": [row.shown() for row in rows]})
            return
        shown = [
            (
                row.id,
                f"{row.opened_at:%Y-%m-%d %H:%M}",
                f"{row.over_at:%Y-%m-%d %H:%M}" if row.over_at else "open",
                row.owner,
                row.place,
                row.text,
            )
            for row in rows
        ]
        columns = ["Id", "Since (UTC)", "Until", "Who", "Where", "Text"]
        table("Alerts", columns, shown) if shown else say(False, {}, "No alert is open.")
