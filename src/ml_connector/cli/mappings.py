"""`mappings`: import, export, suggest, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ml_connector.cli.made import dashed, startable
from ml_connector.cli.output import (
    HELD,
    USAGE,
    Json,
    errors,
    out,
    problems_json,
    say,
    show_problems,
    stop,
    table,
)
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.app.mappings import Compared

_REFERENCES = sorted({dashed(flow.reference) for flow in startable() if flow.unmapped is not None})
mappings = typer.Typer(
    name="mappings",
    help="Tables from the codes of a source to GL accounts and dimensions.",
    no_args_is_help=True,
)


@mappings.command("import")
def import_(
    name: str,
    rules: Path,
    codes: Path | None = typer.Option(None, help="Table that translates codes: axis,source_code,code."),
    as_json: bool = Json,
) -> None:
    """Import a table of rules as a new version. One that books on a total of a ledger is refused."""
    with errors(as_json):
        for path in (rules, codes):
            if path is not None and not path.is_file():
                stop(USAGE, f"There is no file {path}.", as_json)
        mapping, found = service().mappings.import_(
            name, rules.read_bytes(), codes.read_bytes() if codes else None
        )
        text = (
            f"{name} version {mapping.version}: {len(mapping.rules)} rules, {len(mapping.translations)}"
            " codes."
        )
        stored = {"ok": True, "mapping": name, "version": mapping.version, "rules": len(mapping.rules)}
        say(as_json, {**stored, **compared_json(found)}, text)
        if not as_json:
            say_compared(name, found)


def compared_json(found: Compared) -> dict[str, Any]:
    """What a mapping was compared with, as plain values."""
    return {
        "compared_with": found.ledgers,
        "not_compared_with": [{"ledger": ledger, "why": why} for _, ledger, why in found.unread],
        "problems": problems_json(found.problems),
    }


def say_compared(name: str, found: Compared) -> None:
    """For people: which ledgers a mapping was compared with and which not, and what to mend."""
    if not found.ledgers and not found.unread:
        out.print("No flow books by it, so its targets were not checked. `flows set` checks them.")
    if found.ledgers:
        mend = f"{len(found.problems)} problems, to mend before anything is posted:"
        mend = mend if found.problems else "no problem found."
        out.print(f"Its targets were checked in {', '.join(found.ledgers)}: {mend}")
        show_problems(found.problems)
    for source, ledger, why in found.unread:
        out.print(
            f"Its targets were NOT checked in {ledger}: {why} Check them before anything is posted:"
            f" ml-connector mappings check {name} --from {source} --to {ledger}"
        )


@mappings.command("export")
def export(name: str, version: int | None = None, as_json: bool = Json) -> None:
    """Print the rules of a mapping as a table."""
    with errors(as_json, keys=False):
        rules, codes = service().mappings.export(name, version, for_spreadsheet=not as_json)
        if as_json:
            say(True, {"rules": rules, "codes": codes})
        else:
            out.out(rules, end="")


@mappings.command("suggest")
def suggest(
    source: str = typer.Option(..., "--from"),
    reference: str = typer.Option(..., *_REFERENCES, help="Which record of the source to read."),
    name: str | None = typer.Argument(None),
    as_json: bool = Json,
) -> None:
    """List the source accounts of a record that have no mapping rule yet."""
    with errors(as_json):
        found = service().mappings.suggest(name, source, reference)
        if as_json:
            say(True, {"unmapped": [{"account": a, "lines": n, "first_codes": c} for a, n, c in found]})
        else:
            table("Not mapped", ["Source account", "Lines", "Codes of the first line"], found, right=[1])


@mappings.command("check")
def check(
    name: str,
    source: str = typer.Option(..., "--from"),
    target: str = typer.Option(..., "--to"),
    as_json: bool = Json,
) -> None:
    """Check a mapping against the ledger: journals, accounts, dimensions and codes."""
    with errors(as_json):
        svc = service()
        kind = svc.setup.kind_between(source, target).kind
        problems = svc.mappings.check(name, svc.access.flow(kind, source, target))
        say(
            as_json,
            {"ok": not problems, "problems": problems_json(problems)},
            f"{name}: {len(problems)} problems."
            if problems
            else f"{name}: no problem found. Journals, accounts, dimensions and codes were checked in"
            f" {target}. Codes that come from {source} are checked in each run.",
        )
        if problems:
            if not as_json:
                show_problems(problems)
            raise typer.Exit(HELD)
