"""`mappings`: import, export, suggest, check."""

from __future__ import annotations

from pathlib import Path

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
    """Import a table of rules as a new version."""
    with errors(as_json):
        for path in (rules, codes):
            if path is not None and not path.is_file():
                stop(USAGE, f"There is no file {path}.", as_json)
        mapping = service().setup.import_mapping(
            name, rules.read_bytes(), codes.read_bytes() if codes else None
        )
        text = (
            f"{name} version {mapping.version}: {len(mapping.rules)} rules, {len(mapping.translations)}"
            " codes."
        )
        say(
            as_json,
            {"ok": True, "mapping": name, "version": mapping.version, "rules": len(mapping.rules)},
            text,
        )


@mappings.command("export")
def export(name: str, version: int | None = None, as_json: bool = Json) -> None:
    """Print the rules of a mapping as a table."""
    with errors(as_json, keys=False):
        rules, codes = service().setup.export_mapping(name, version, for_spreadsheet=not as_json)
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
        found = service().setup.suggest(name, source, reference)
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
        problems = svc.setup.check_mapping(name, svc.access.flow(kind, source, target))
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
