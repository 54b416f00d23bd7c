"""`organisations`: the clients of an installation; `tokens`: what their programs call us with."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from ml_connector.cli.output import Json, errors, say, table
from ml_connector.cli.session import service

organisations = typer.Typer(
    name="organisations", help="The clients of this installation.", no_args_is_help=True
)
tokens = typer.Typer(name="tokens", help="Tokens that programs of a client call with.", no_args_is_help=True)
Name = typer.Argument(..., help="What it is called here.")


@organisations.command("add")
def add(name: str = Name, as_json: bool = Json) -> None:
    """Add an organisation, with connections, tokens and an audit log of its own."""
    with errors(as_json, keys=False):
        service().organisations.add(name)
        text = f"{name} is added. Work for it with ML_CONNECTOR_ORGANISATION={name}."
        say(as_json, {"ok": True, "name": name}, text)


@organisations.command("list")
def list_(as_json: bool = Json) -> None:
    """List the organisations of this installation."""
    with errors(as_json, keys=False):
        rows = service().organisations.list()
        if as_json:
            say(True, {"ok": True, "organisations": [row.shown() for row in rows]})
            return
        shown = [(row.name, row.connections, row.tokens, "yes" if row.two_people else "no") for row in rows]
        table("Organisations", ["Name", "Connections", "Tokens", "Two people"], shown, right=(1, 2))


@tokens.command("add")
def add_token(
    name: str = Name,
    scope: list[str] = typer.Option(
        ..., help="What it is good for, each once: reports:write, reports:read, master_data:read."
    ),
    until: datetime | None = typer.Option(
        None, help="How long it is good, UTC, as 2027-07-01T09:00:00; a year without it."
    ),
    signed: bool = typer.Option(False, help="Calls are signed with a secret that never leaves the client."),
    as_json: bool = Json,
) -> None:
    """Add a token of the organisation, and show it this once: only its hash is kept. Of one whose calls are
    signed the secret is kept, encrypted.
    """
    ends_at = until.replace(tzinfo=UTC) if until else None
    if signed:
        with errors(as_json):
            svc = service()
            key, secret = svc.api_tokens.add_signed(name, scope, svc.assembly.keys, ends_at)
            shown = f"{name} is added. Its key: {key} Its secret: {secret}"
            say(as_json, {"ok": True, "name": name, "key": key, "secret": secret}, shown)
        return
    with errors(as_json, keys=False):
        text = service().api_tokens.add(name, scope, ends_at)
        say(as_json, {"ok": True, "name": name, "token": text}, f"{name} is added. The token: {text}")


@tokens.command("list")
def list_tokens(as_json: bool = Json) -> None:
    """List the tokens of the organisation, and when each was used last."""
    with errors(as_json, keys=False):
        rows = service().api_tokens.list()
        if as_json:
            say(True, {"ok": True, "tokens": [row.shown() for row in rows]})
            return
        shown = [
            (
                row.name,
                ", ".join(row.scopes),
                "yes" if row.signed else "no",
                row.state,
                f"{row.ends_at:%Y-%m-%d %H:%M}",
                f"{row.used_at:%Y-%m-%d %H:%M}" if row.used_at else "never",
            )
            for row in rows
        ]
        columns = ["Name", "Scopes", "Signed", "State", "Good until (UTC)", "Used"]
        table("Tokens", columns, shown) if shown else say(False, {}, "There is no token.")


@tokens.command("revoke")
def revoke(name: str = typer.Argument(..., help="As `tokens list` shows it."), as_json: bool = Json) -> None:
    """End a token: the next call with it is refused."""
    with errors(as_json, keys=False):
        service().api_tokens.revoke(name)
        say(as_json, {"ok": True, "name": name}, f"{name} is revoked.")
