"""`alerts`: what people have to know of, and how they are told."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from ml_connector.cli.output import FAILED_COMMAND, Json, errors, out, say, table
from ml_connector.cli.session import service

alerts = typer.Typer(
    name="alerts", help="What people have to know of, and how they are told.", no_args_is_help=True
)

endpoints = typer.Typer(name="endpoints", help="Where signed webhooks go.", no_args_is_help=True)
alerts.add_typer(endpoints)
Name = typer.Argument(..., help="As `alerts endpoints list` shows it.")


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


@alerts.command("test")
def every_channel(as_json: bool = Json) -> None:
    """Send a test by every channel, and say what came of it."""
    with errors(as_json):
        from ml_connector.app.alerts import try_channels

        svc = service()
        found = try_channels(svc.assembly, svc.access)
        ok = not any(why for _, why in found)
        if as_json:
            say(True, {"ok": ok, "channels": [{"channel": name, "error": why} for name, why in found]})
        else:
            for name, why in found:
                out.print(f"{name}: {why or 'sent.'}", markup=False)
        if not ok:
            raise typer.Exit(FAILED_COMMAND)


@alerts.command("replay")
def replay(
    since: datetime = typer.Option(..., help="UTC, as 2026-07-01T09:00:00."),
    until: datetime | None = typer.Option(None, help="UTC; now without it."),
    as_json: bool = Json,
) -> None:
    """Send endpoints again what was told in a time. Each message keeps its id; `serve` sends them."""
    with errors(as_json):
        to = until.replace(tzinfo=UTC) if until else service().assembly.clock.now()
        count = service().endpoints.replay(since.replace(tzinfo=UTC), to)
        many = "" if count == 1 else "s"
        say(as_json, {"ok": True, "messages": count}, f"{count} message{many} will be sent by serve.")


@endpoints.command("add")
def add(
    name: str = typer.Argument(..., help="What it is called here."),
    url: str = typer.Option(..., help="Its https address."),
    allow_internal: bool = typer.Option(
        False, help="It may be inside our own network, also without encryption."
    ),
    about: str = typer.Option("alerts", help="What it is told of: alerts, or reports that were sent to us."),
    as_json: bool = Json,
) -> None:
    """Add an endpoint, and show its secret this once: the receiver checks the signatures with it."""
    with errors(as_json):
        secret = service().endpoints.add(name, url, internal=allow_internal, about=about)
        say(as_json, {"ok": True, "name": name, "secret": secret}, f"{name} is added. Its secret: {secret}")


@endpoints.command("list")
def list_endpoints(as_json: bool = Json) -> None:
    """List the endpoints, and what each has not got."""
    with errors(as_json, keys=False):
        rows = service().endpoints.list()
        if as_json:
            say(True, {"ok": True, "endpoints": [row.shown() for row in rows]})
            return
        shown = [
            (
                row.name,
                row.about,
                row.url,
                "disabled" if row.disabled_at else "enabled",
                row.undelivered,
                row.why,
            )
            for row in rows
        ]
        columns = ["Name", "About", "Address", "State", "Not delivered", "Reason"]
        table("Endpoints", columns, shown) if shown else say(False, {}, "There is no endpoint.")


@endpoints.command("remove")
def remove(name: str = Name, as_json: bool = Json) -> None:
    """Remove an endpoint with its secrets. What waits for it is not sent any more."""
    with errors(as_json):
        service().endpoints.remove(name)
        say(as_json, {"ok": True, "name": name}, f"{name} is removed.")


@endpoints.command("enable")
def enable(name: str = Name, as_json: bool = Json) -> None:
    """Let an endpoint that was disabled have new messages again."""
    with errors(as_json):
        count = service().endpoints.enable(name)
        text = f"{name} is enabled."
        if count:
            text += f" It has not got {count}: ml-connector alerts replay --since TIME sends them again."
        say(as_json, {"ok": True, "name": name, "undelivered": count}, text)


@endpoints.command("rotate")
def rotate(name: str = Name, as_json: bool = Json) -> None:
    """Make a new secret and show it this once. For a day each webhook is signed with both."""
    with errors(as_json):
        secret = service().endpoints.renew(name)
        text = f"{name} has a new secret: {secret} The one of before signs for a day more."
        say(as_json, {"ok": True, "name": name, "secret": secret}, text)
