"""`people`: who counts as a person where two are wanted; and how a command says which person gives it."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ml_connector.cli.main import service
from ml_connector.cli.output import USAGE, Json, errors, say, stop

people = typer.Typer(help="Named people, and whether two are wanted.", no_args_is_help=True)

As = typer.Option("", "--as", help="The named person who says this; their secret is asked for.")
AsSecret = typer.Option(None, "--secret-file", help="A file that holds the person's secret.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(people, name="people")


@people.command("add")
def add(
    name: str,
    secret_file: Path | None = typer.Option(None, help="A file with the secret of the new person."),
    by: str = As,
    by_secret_file: Path | None = typer.Option(
        None, "--as-secret-file", help="A file with the secret of the person of --as."
    ),
    as_json: bool = Json,
) -> None:
    """Add a person with a secret of their own, which is asked for twice. Where two people are wanted, a named
    person must do it.
    """
    with errors(as_json, keys=False):
        sign_in(by, by_secret_file, as_json)
        secret = _secret(f"Secret of {name}", secret_file, as_json, confirm=True)
        service().people.add(name, secret)
        say(as_json, {"ok": True, "person": name}, f"{name} is added.")


@people.command("list")
def list_(as_json: bool = Json) -> None:
    """Everybody who is known, and whether two people are wanted."""
    with errors(as_json, keys=False):
        names, two = service().people.names(), service().people.two_people
        text = "\n".join([*names, f"Two people are {'wanted' if two else 'not wanted'}."])
        say(as_json, {"ok": True, "people": names, "two_people": two}, text)


@people.command("policy")
def policy(
    two_people: str = typer.Option(..., help="yes or no"),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Whether two named people are wanted to approve and to settle."""
    with errors(as_json, keys=False):
        if two_people not in ("yes", "no"):
            stop(USAGE, "Say --two-people yes or --two-people no.", as_json)
        sign_in(by, secret_file, as_json)
        service().people.set_policy(two_people=two_people == "yes")
        wanted = "wanted" if two_people == "yes" else "not wanted"
        say(as_json, {"ok": True, "two_people": two_people == "yes"}, f"Two people are {wanted} from now on.")


def sign_in(name: str, secret_file: Path | None, as_json: bool) -> None:
    """Let the rest of this command be of the named person, who proves it; nothing without a name."""
    if name:
        service().sign_in(name, _secret(f"Secret of {name}", secret_file, as_json))
    elif secret_file is not None:
        stop(USAGE, "A secret file belongs to a person: say --as NAME.", as_json)


def _secret(label: str, file: Path | None, as_json: bool, *, confirm: bool = False) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            stop(USAGE, f"{file} holds no text. Save the secret as text in UTF-8.", as_json)
    if as_json or not sys.stdin.isatty():
        stop(USAGE, f"{label}: nobody can be asked here. Say it with --secret-file.", as_json)
    return str(typer.prompt(label, hide_input=True, confirmation_prompt=confirm, err=True))
