"""`people`: who counts as a person where two must agree; and how a command names the person who gives it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ml_connector.cli.made import parameter
from ml_connector.cli.output import USAGE, Json, errors, say, stop
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.app.access import Actor

people = typer.Typer(name="people", help="Named people, and whether two must agree.", no_args_is_help=True)

As = typer.Option("", "--as", help="The named person who does this; their secret is asked for.")
AsSecret = typer.Option(None, "--secret-file", help="A file that holds the person's secret.")
OF_AS, OF_SECOND = "--as-secret-file", "--second-secret-file"
SIGNED_IN = (
    parameter("by", str, As),
    parameter("secret_file", Path | None, AsSecret),
    parameter("as_json", bool, Json),
)
"""Of commands that are made from records: who gives them, and how they answer."""
OfAs = typer.Option(None, OF_AS, help="A file with the secret of the person of --as.")
Second = typer.Option("", "--second", help="The second named person who agrees, where two are required.")
OfSecond = typer.Option(None, OF_SECOND, help="A file with the secret of the person of --second.")


@people.command("add")
def add(
    name: str,
    secret_file: Path | None = typer.Option(None, help="A file with the secret of the new person."),
    by: str = As,
    by_secret_file: Path | None = OfAs,
    second: str = Second,
    second_secret_file: Path | None = OfSecond,
    as_json: bool = Json,
) -> None:
    """Add a person with a secret of their own, which is asked for twice. Where two people are required, two
    named people must agree.
    """
    with errors(as_json, keys=False):
        sign_in(by, by_secret_file, as_json, option=OF_AS)
        other = _proved(second, second_secret_file, as_json)
        secret = _secret(f"Secret of {name}", secret_file, as_json, confirm=True)
        service().people.add(name, secret, other)
        say(as_json, {"ok": True, "person": name}, f"{name} is added.")


@people.command("set-secret")
def set_secret(
    name: str,
    secret_file: Path | None = typer.Option(None, help="A file with the new secret."),
    by: str = typer.Option("", "--as", help="Another named person, if the old secret is forgotten."),
    by_secret_file: Path | None = typer.Option(
        None, OF_AS, help="A file with the old secret, or with that of the person of --as."
    ),
    second: str = Second,
    second_secret_file: Path | None = OfSecond,
    as_json: bool = Json,
) -> None:
    """Give a person a new secret, which is asked for twice. The old one is asked for first. If it is
    forgotten, another person gives theirs; where two people are required and there are two others, both do.
    """
    with errors(as_json, keys=False):
        label = "" if by else f"Old secret of {name}"
        sign_in(by or name, by_secret_file, as_json, label=label, option=OF_AS)
        other = _proved(second, second_secret_file, as_json)
        secret = _secret(f"New secret of {name}", secret_file, as_json, confirm=True)
        service().people.set_secret(name, secret, other)
        say(as_json, {"ok": True, "person": name}, f"{name} has a new secret.")


@people.command("remove")
def remove(
    name: str,
    by: str = As,
    by_secret_file: Path | None = OfAs,
    second: str = Second,
    second_secret_file: Path | None = OfSecond,
    as_json: bool = Json,
) -> None:
    """Remove a person. What they approved stays recorded as theirs. Where two people are required, two named
    people must agree, and two people must be left.
    """
    with errors(as_json, keys=False):
        sign_in(by, by_secret_file, as_json, option=OF_AS)
        service().people.remove(name, _proved(second, second_secret_file, as_json))
        say(as_json, {"ok": True, "person": name}, f"{name} is removed.")


@people.command("list")
def list_(as_json: bool = Json) -> None:
    """List the named people, and whether two must agree."""
    with errors(as_json, keys=False):
        names, two = service().people.names(), service().people.two_people
        text = "\n".join([*names, f"Two people are {'required' if two else 'not required'}."])
        say(as_json, {"ok": True, "people": names, "two_people": two}, text)


@people.command("policy")
def policy(
    two_people: str = typer.Option(..., help="yes or no"),
    by: str = As,
    secret_file: Path | None = AsSecret,
    second: str = Second,
    second_secret_file: Path | None = OfSecond,
    as_json: bool = Json,
) -> None:
    """Require two named people, or one again. With yes, approving a run and settling an unknown outcome take
    two named people. Going back to one takes two as well.
    """
    with errors(as_json, keys=False):
        if two_people not in ("yes", "no"):
            stop(USAGE, "Give --two-people yes or --two-people no.", as_json)
        sign_in(by, secret_file, as_json)
        other = _proved(second, second_secret_file, as_json)
        service().people.set_policy(two_people=two_people == "yes", second=other)
        wanted = "required" if two_people == "yes" else "not required"
        say(as_json, {"ok": True, "two_people": two_people == "yes"}, f"Two people are {wanted} from now on.")


def sign_in(
    name: str, secret_file: Path | None, as_json: bool, *, label: str = "", option: str = "--secret-file"
) -> None:
    """Let the rest of this command be of the named person, who proves it; nothing without a name. `option` is
    how the file is given.
    """
    if name:
        asked = label or f"Secret of {name}"
        service().sign_in(name, _secret(asked, secret_file, as_json, option=option))
    elif secret_file is not None:
        stop(USAGE, "A secret file belongs to a person: give --as NAME.", as_json)


def _proved(name: str, secret_file: Path | None, as_json: bool) -> Actor | None:
    """The second named person, who proves it; none without a name."""
    if name:
        return service().people.sign_in(
            name, _secret(f"Secret of {name}", secret_file, as_json, option=OF_SECOND)
        )
    if secret_file is not None:
        stop(USAGE, "A secret file belongs to a person: give --second NAME.", as_json)
    return None


def _secret(
    label: str, file: Path | None, as_json: bool, *, option: str = "--secret-file", confirm: bool = False
) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            stop(USAGE, f"{file} is not text. Save the secret as text in UTF-8.", as_json)
    if as_json or not sys.stdin.isatty():
        stop(USAGE, f"{label}: it cannot be asked for here. Give it with {option}.", as_json)
    return str(typer.prompt(label, hide_input=True, confirmation_prompt=confirm, err=True))
