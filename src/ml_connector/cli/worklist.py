"""`worklist`: what people have to look at."""

from __future__ import annotations

from pathlib import Path

import typer

from ml_connector.cli.output import Json, errors, say, table
from ml_connector.cli.people import As, AsSecret, sign_in
from ml_connector.cli.session import service

worklist = typer.Typer(name="worklist", help="What people have to look at.", no_args_is_help=True)


@worklist.command("list")
def list_(
    ended: bool = typer.Option(False, help="What people have ended with a reason, and looks still find."),
    as_json: bool = Json,
) -> None:
    """List what is open, oldest first."""
    with errors(as_json, keys=False):
        rows = service().worklist.ended() if ended else service().worklist.open()
        if as_json:
            say(True, {"ok": True, "items": [row.shown() for row in rows]})
            return
        columns = ["Id", "Since", "Who", "What", "Reason" if ended else "Text"]
        shown = [
            (row.id, f"{row.opened_at:%Y-%m-%d}", row.owner, row.subject, row.why if ended else row.text)
            for row in rows
        ]
        table("Worklist", columns, shown) if shown else say(False, {}, "Nothing is open.")


@worklist.command("done")
def done(
    item: int = typer.Argument(..., help="As `worklist list` shows it."),
    why: str = typer.Option(..., help="Why nothing is left to do."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """End an item with a reason. It is not asked again while looks go on to find the same."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        row = service().worklist.done(item, why)
        say(as_json, {"ok": True, "item": item}, f"{row.subject}: ended. {why}")
