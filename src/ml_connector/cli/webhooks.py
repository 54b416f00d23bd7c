"""`connections webhooks`: where vendors notify a connection, and their subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer

from ml_connector.cli.connections import secret_of
from ml_connector.cli.output import FAILED_COMMAND, USAGE, Json, errors, out, say, stop, table
from ml_connector.cli.session import service

webhooks = typer.Typer(
    name="webhooks", help="Notifications of a connected system, and its subscriptions.", no_args_is_help=True
)
Name = typer.Argument(..., help="Name of the connection.")
COLUMNS = ["State", "Address", "Topics", "Company", "Id"]


@webhooks.command("show")
def show(name: str = Name, as_json: bool = Json) -> None:
    """Show the address, when something was heard last, and what came: by topic, with the flows it wakes."""
    with errors(as_json):
        shown = service().webhooks.show(name)
        if as_json:
            say(True, {"ok": True, **shown})
            return
        out.print(f"{name} is notified at {shown['address']}", markup=False)
        out.print(f"Heard last: {shown['heard_at'] or 'nothing yet'}", markup=False)
        if until := shown["earlier_secret_until"]:
            out.print(f"The secret of before is good until {until}.", markup=False)
        if shown["why"]:
            out.print(f"Not renewed ({shown['failures']}): {shown['why']}", markup=False)
        rows = [
            (one["topic"], one["count"], one["last"], ", ".join(map(str, one["wakes"])) or "–")
            for one in shown["topics"]
        ]
        table("Notifications", ["Topic", "Count", "Last", "Wakes flows"], rows)
        table("Refused", ["Why", "Count"], [*shown["refused"].items()])


@webhooks.command("make")
def make(
    name: str = Name,
    address: str = typer.Option("", help="Where vendors reach `serve --listen`: https:// and the host."),
    as_json: bool = Json,
) -> None:
    """Make the address, and subscribe at the vendor; where it has no interface for that, say what to do."""
    with errors(as_json):
        _said(service().webhooks.make(name, address), name, as_json)


@webhooks.command("check")
def check(name: str = Name, as_json: bool = Json) -> None:
    """List what the vendor has, ours or not, and what is missing. Changes nothing."""
    with errors(as_json):
        lines = [line.shown() for line in service().webhooks.check(name)]
        ok = all(line["state"] in ("ours", "not ours") for line in lines)
        if as_json:
            say(True, {"ok": ok, "subscriptions": lines})
        elif lines:
            table("Subscriptions", COLUMNS, [_row(line) for line in lines])
        else:
            out.print(
                f"The vendor cannot be asked. See what came: ml-connector connections webhooks show {name}"
            )
        if not ok:
            raise typer.Exit(FAILED_COMMAND)


@webhooks.command("renew")
def renew(name: str = Name, as_json: bool = Json) -> None:
    """Make anew what is missing at the vendor, and remove what is ours and not needed. `serve` does so."""
    with errors(as_json):
        _said(service().webhooks.renew(name), name, as_json)


@webhooks.command("remove")
def remove(name: str = Name, as_json: bool = Json) -> None:
    """Remove our subscriptions at the vendor, and the address."""
    with errors(as_json):
        count = service().webhooks.remove(name)
        text = f"{name} takes no notifications any more; {count} removed at the vendor."
        say(as_json, {"ok": True, "removed": count}, text)


@webhooks.command("rotate")
def rotate(
    name: str = Name,
    secret_file: str = typer.Option("", help="File with the new secret, where the vendor makes it."),
    until: datetime | None = typer.Option(
        None, help="How long the one of before is good, UTC, as 2026-07-01T09:00:00; a day without it."
    ),
    path: bool = typer.Option(False, "--path", help="A new address instead of a new secret."),
    as_json: bool = Json,
) -> None:
    """Change the secret, or the address. Both are good until a time, so that nothing under way is refused."""
    with errors(as_json):
        if path and secret_file:
            stop(USAGE, "--path changes the address, --secret-file the secret. Give one of them.", as_json)
        secret = secret_of(secret_file, as_json) if secret_file else ""
        end = until.replace(tzinfo=UTC) if until else None
        done = service().webhooks.rotate(name, secret, end, path=path)
        if not as_json:
            out.print(f"The one of before is good until {done['until']}.", markup=False)
        _said(done, name, as_json)


def _said(done: dict[str, Any], name: str, as_json: bool) -> None:
    """What was made and removed, and what is left for a person."""
    if as_json:
        say(True, {"ok": True, "connection": name, **done})
        return
    out.print(f"{name} is notified at {done['address']}", markup=False)
    for what in ("made", "removed"):
        for line in done[what]:
            out.print(f"{what}: {', '.join(line['topics'])} {line['company']}".rstrip(), markup=False)
    for number, step in enumerate(done["steps"], start=1):
        out.print(f"{number}. {step}", markup=False)


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    state = line["state"] if line["active"] else f"{line['state']}, not active"
    return (state, line["address"], ", ".join(line["topics"]), line["company"], line["id"])
