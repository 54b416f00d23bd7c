"""`connections` and `flows`: what is connected, and what runs between."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from ml_connector.cli.made import startable
from ml_connector.cli.mappings import compared_json, say_compared
from ml_connector.cli.output import FAILED_COMMAND, USAGE, Json, errors, label, out, say, stop, table
from ml_connector.cli.people import As, AsSecret, sign_in
from ml_connector.cli.session import service

connections = typer.Typer(name="connections", help="Connected systems.", no_args_is_help=True)
flows = typer.Typer(name="flows", help="Flows between two connections.", no_args_is_help=True)


@connections.command("add")
def add(
    name: str = typer.Argument(help="Your name for the connection."),
    connector: str = typer.Option(
        ..., help="Which product; `connections settings` lists them with their settings."
    ),
    set_: list[str] = typer.Option(
        [], "--set", help="setting=value, as often as needed; a secret only with --sandbox."
    ),
    secret_file: list[str] = typer.Option(
        [], "--secret-file", help="setting=path of a file that holds the secret."
    ),
    sandbox: bool = typer.Option(False, help="The system is a simulator on this machine."),
    as_json: bool = Json,
) -> None:
    """Store a connection, or change one. Secrets are asked for when they are not given with --secret-file;
    --set takes them for a simulator only.
    """
    with errors(as_json):
        setup = service().setup
        values = pairs_of("--set", set_, as_json)
        _, settings = setup.connectors().get(connector, ("", ()))
        shown = [setting.name for setting in settings if setting.field == "secret" and setting.name in values]
        if shown and not sandbox:
            stop(USAGE, _not_in_sight(shown), as_json)
        files = pairs_of("--secret-file", secret_file, as_json)
        if twice := sorted(files.keys() & values.keys()):
            stop(USAGE, f"{twice[0]} is given with --set and with --secret-file. Give it once.", as_json)
        values |= {key: secret_of(path, as_json) for key, path in files.items()}
        missing = [x for x in settings if x.field == "secret" and x.required and x.name not in values]
        if missing and out.is_terminal and not as_json:
            setup.check_connection(name, connector, values, sandbox=sandbox)
            for setting in missing:
                values[setting.name] = typer.prompt(setting.label, hide_input=True)
        setup.add_connection(name, connector, values, sandbox=sandbox)
        say(
            as_json,
            {"ok": True, "connection": name},
            f"{name} is stored. Next: ml-connector connections test {name}",
        )


@connections.command("settings")
def settings(as_json: bool = Json) -> None:
    """List every product that can be connected, with its settings."""
    with errors(as_json):
        known = service().setup.connectors()
        if as_json:
            say(
                True,
                {
                    slug: {"title": title, "settings": [s.name for s in items]}
                    for slug, (title, items) in known.items()
                },
            )
            return
        for slug, (title, items) in known.items():
            rows = [
                (s.name, "required" if s.required else "", s.field.value, s.default, s.help) for s in items
            ]
            table(f"{title} ({slug})", ["Setting", "", "Kind", "Default", "What it is"], rows)


@connections.command("list")
def list_(as_json: bool = Json) -> None:
    """List every connection. Simulators are marked SANDBOX."""
    with errors(as_json):
        lines = service().setup.connections()
        if as_json:
            say(
                True,
                {
                    "connections": [
                        {
                            "name": line.name,
                            "connector": line.connector,
                            "sandbox": line.sandbox,
                            "signed_in": line.signed_in,
                            "consent_ends": line.consent_ends,
                            "warning": line.warning,
                        }
                        for line in lines
                    ]
                },
            )
            return
        rows = [
            (line.name, line.connector, "SANDBOX" if line.sandbox else "", line.consent_ends, line.warning)
            for line in lines
        ]
        table("Connections", ["Name", "Product", "", "Sign-in ends", "Warning"], rows)


@connections.command("test")
@connections.command("ping")
def ping(name: str, as_json: bool = Json) -> None:
    """Check the connection: list each right that our user needs, and whether it is there. Changes nothing."""
    with errors(as_json):
        rights = service().setup.test_connection(name)
        missing = [right for right in rights if not right.granted and not right.optional]
        names = ("name", "granted", "needed_for", "text", "optional")
        rows = [{name: getattr(right, name) for name in names} for right in rights]
        if as_json:
            say(True, {"ok": not missing, "rights": rows})
        else:
            lacks = {True: "not there", False: "MISSING"}
            shown = [
                ("yes" if r.granted else lacks[r.optional], r.name, r.needed_for, r.text) for r in rights
            ]
            table(f"{name}", ["", "Right", "Needed for", ""], shown)
        if missing:
            raise typer.Exit(FAILED_COMMAND)


@connections.command("same-books")
def same_books(name: str, as_json: bool = Json) -> None:
    """Confirm that a connection leads to the same books as before. After a change of its address or name
    its runs are on hold until then.
    """
    with errors(as_json):
        now = service().setup.same_books(name)
        say(
            as_json,
            {"ok": True, "connection": name, "books": now},
            f"{name} is recorded as the same books as before, now {', '.join(now)}. Next: ml-connector runs"
            " resume RUN",
        )


@connections.command("authorize")
def authorize(
    name: str,
    redirect: str = typer.Argument(
        "", help="The whole address that the browser shows at the end, in quotes."
    ),
    as_json: bool = Json,
) -> None:
    """Sign in. Without an address it prints where to give consent; with the address it completes the
    sign-in.
    """
    with errors(as_json):
        setup = service().setup
        if not redirect:
            url = setup.authorize_url(name)
            text = (
                f"1. Open {url}\n2. Give consent.\n3. Paste the whole address that the browser shows at the"
                f" end, in quotes: ml-connector connections authorize {name} '<address>'"
            )
            say(as_json, {"ok": True, "authorize_url": url}, text)
            return
        setup.authorize(name, redirect)
        say(
            as_json,
            {"ok": True, "connection": name},
            f"{name} is signed in. Next: ml-connector connections test {name}",
        )


@flows.command("set")
def set_flow(
    source: str = typer.Option(..., "--from", help="Connection to read."),
    target: str = typer.Option(..., "--to", help="Connection to write to."),
    mapping: str = typer.Option("", help="Name of the mapping; for flows that need one."),
    starts_on: datetime = typer.Option(
        ..., formats=["%Y-%m-%d"], help="What ended before this day is never posted."
    ),
    mode: str = typer.Option("propose", help="propose, approve or automatic."),
    kind: str = typer.Option("", help="Which flow, where the two can have several; see `flows options`."),
    option: list[str] = typer.Option([], "--option", help="option=value; `flows options` lists them."),
    schedule: str | None = typer.Option(
        None, help="When `serve` looks for new work: 'every 3h', 'daily 03:00 Europe/Oslo'; '' for never."
    ),
    wake: list[str] | None = typer.Option(
        None,
        help="Topic of notifications that makes `serve` look at once, as often as needed: 'Employee*'; '' for"
        " none. Without it those of the connections' products.",
    ),
    as_json: bool = Json,
) -> None:
    """Store the settings of a flow between two connections. A mapping onto a total is refused."""
    with errors(as_json):
        options = pairs_of("--option", option, as_json)
        stored, found = service().setup.set_flow(
            source,
            target,
            mode=mode,
            starts_on=starts_on.date(),
            mapping=mapping,
            options=options,
            kind=kind,
            schedule=schedule,
            wake=wake,
        )
        say(
            as_json,
            {
                "ok": True,
                "kind": stored.kind,
                "from": source,
                "to": target,
                "mode": mode,
                **(compared_json(found) if mapping else {}),
            },
            f"Flow {stored.kind} from {source} to {target} is set, mode {mode}.",
        )
        if (found.ledgers or found.unread) and not as_json:
            say_compared(mapping, found)


@flows.command("show")
def show_flow(
    identity: int = typer.Argument(..., help="Id of the flow, as `flows list` shows it."),
    as_json: bool = Json,
) -> None:
    """Show the settings of a flow, and when it looks for new work next."""
    with errors(as_json):
        from ml_connector.app.hooks import wake_of
        from ml_connector.app.schedules import shown as settings_of

        flow = service().access.flow_numbered(identity)
        shown = settings_of(flow, wake_of(service().assembly, flow))
        from ml_connector.app.expected_changes import shown as expected_of

        expected = expected_of(flow)
        if as_json:
            say(True, {"ok": True, **shown, "expected": expected})
            return
        options = shown.pop("options")
        shown["wake"] = ", ".join(shown["wake"])
        rows = [*shown.items(), *((f"option {name}", value) for name, value in options.items())]
        table(f"Flow {identity}", ["", ""], [(label(name), value or "–") for name, value in rows])
        _expected(expected)


@flows.command("expect")
def expect(
    identity: int = typer.Argument(..., help="Id of the flow, as `flows list` shows it."),
    run: str = typer.Option("", help="A run that the source plans, as `flows show` names it."),
    group: str = typer.Option("", help="The group of one more that is expected; with --on."),
    on: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="The day on which it is due."),
    none: bool = typer.Option(False, "--none", help="No run is expected for it."),
    as_planned: bool = typer.Option(False, "--as-planned", help="Take back what was said of it."),
    why: str = typer.Option(..., help="Why it is so."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Say when a planned run is due, that none is, or that one more is."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        from ml_connector.app.expected_changes import Wish

        day = on.date() if on else None
        wish = Wish(subject=run, group=group, due=day, none=none, as_planned=as_planned, why=why)
        expected = service().expected.say(identity, wish)
        if as_json:
            say(True, {"ok": True, "expected": expected})
        else:
            _expected(expected)


def _expected(expected: list[dict[str, Any]]) -> None:
    if expected:
        names = ("due", "expected", "run", "said", "planned", "why", "by")
        rows = [[one.get(name) or "–" for name in names] for one in expected]
        table("Expected runs", ["Due", "Run", "Came as", "Said", "Planned", "Why", "By"], rows)


@flows.command("options")
def options(as_json: bool = Json) -> None:
    """List the options of each flow."""
    with errors(as_json, keys=False):
        known = {flow.kind: {option.name: option.help for option in flow.options} for flow in startable()}
        if as_json:
            say(True, next(iter(known.values())) if len(known) == 1 else known)
            return
        for kind, options_of in known.items():
            table(f"Options of flow {kind}", ["Option", "What it is"], options_of.items())


@flows.command("list")
def list_flows(as_json: bool = Json) -> None:
    """List every flow with its mode."""
    with errors(as_json, keys=False):
        rows = [
            (
                f.pk,
                f.kind,
                f.source.name,
                f.target.name,
                f.mode,
                f.starts_on,
                f.mapping,
                "SANDBOX" if f.target.sandbox else "",
            )
            for f in service().access.flows()
        ]
        names = ("id", "kind", "from", "to", "mode", "starts_on", "mapping", "sandbox")
        if as_json:
            say(True, {"flows": [dict(zip(names, row, strict=True)) for row in rows]})
        else:
            table("Flows", ["Id", "Kind", "From", "To", "Mode", "Starts on", "Mapping", ""], rows)


def _not_in_sight(names: list[str]) -> str:
    """Why secrets are not taken from the command line."""
    return (
        f"{', '.join(names)}: a secret given with --set can be read by every user of this machine while the"
        " command runs, and stays in the shell's history. Leave it out and it is asked for, or give it with"
        f" --secret-file {names[0]}=FILE. Only simulators, with --sandbox, take secrets from --set."
    )


def secret_of(path: str, as_json: bool) -> str:
    """The secret in a file."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        stop(USAGE, f"{path} is not text. Save the secret as text in UTF-8.", as_json)


def pairs_of(option: str, texts: list[str], as_json: bool) -> dict[str, str]:
    """What an option says that is given as often as needed, each name once. A value is not repeated in what
    is refused: it may be a secret.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign:
            stop(USAGE, f"{text!r} does not have the form name=value.", as_json)
        if name in pairs:
            stop(USAGE, f"{option} names {name} twice. Give each name once.", as_json)
        pairs[name] = value
    return pairs
