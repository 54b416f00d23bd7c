"""`audit`, `backup`, `restore`, `keys`, `serve`, `recover`, `sandbox`: the installation itself."""

from __future__ import annotations

import json
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ml_connector.cli.output import FAILED_COMMAND, NOT_ALLOWED, Json, errors, out, print_json, say, stop
from ml_connector.cli.session import person, service

if TYPE_CHECKING:
    from ml_connector.app.audit import Report

audit = typer.Typer(help="The chain of what was done.", no_args_is_help=True)
keys = typer.Typer(help="Keys of the vault.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit, name="audit")
    app.add_typer(keys, name="keys")
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("serve")(serve)
    app.command("recover")(recover)
    app.command("sandbox", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
        sandbox
    )


@audit.command("verify")
def verify(
    earlier: Path | None = typer.Option(
        None, "--from", help="An export of another day: nothing of it may be gone or other."
    ),
    as_json: bool = Json,
) -> None:
    """Look whether entries, signatures and records are still as they were.

    Of entries: none is changed, removed or added. Of signatures: they are by this installation's key. Of
    records: mappings, settings, approvals, statements, journal entries, source blocks and the lines read from
    them are what the entries say.
    """
    with errors(as_json, keys=False):
        from ml_connector.app.audit import NOT_LOOKED_AT, audit_report

        found = audit_report(service().access, earlier)
        if as_json:
            print_json(
                {
                    "ok": not found.faults,
                    "entries": found.entries,
                    "signatures": "checked" if found.key else "not looked at",
                    "signed_to": found.signed_to if found.key else None,
                    "public_key": found.key,
                    "written_without_key": found.unsigned,
                    "compared": found.compared,
                    "forgotten": found.forgotten,
                    "of_an_earlier_release": found.earlier,
                    "not_compared": found.not_compared,
                    "not_looked_at": NOT_LOOKED_AT,
                    "faults": found.faults,
                }
            )
        else:
            out.print("\n".join(verdict(found, earlier)), markup=False)
        if found.faults:
            raise typer.Exit(FAILED_COMMAND)


def verdict(found: Report, earlier: Path | None) -> Iterator[str]:
    """What was looked at and found, in sentences; says no more than was looked at."""
    from ml_connector.app.audit import NOT_LOOKED_AT

    yield from found.faults
    if not found.faults:
        yield f"{found.entries} entries, each follows the one before it."
    if not found.key:
        yield "The key of the chain is not at hand: whose signatures they are was not looked at."
    else:
        left = found.entries - found.signed_to
        rest = f"; {left} later {'entry is' if left == 1 else 'entries are'} not signed yet" if left else ""
        yield f"Signed to entry {found.signed_to} with the key {found.key[:12]}…{rest}."
    if found.unsigned:
        yield f"Written without the key, and sealed afterwards or not yet: entry {_listed(found.unsigned)}."
    compared = ", ".join(f"{count} {what}" for what, count in found.compared.items() if count)
    if compared and not found.faults:
        yield from textwrap.wrap(f"Compared with the entries: {compared}.", 110)
        yield "Of source blocks the hash as delivered was compared; the bytes themselves are not kept."
    if old := ", ".join(f"{count} {what}" for what, count in found.earlier.items()):
        yield f"Not compared, because the upgrade from an earlier release rewrote what they are of: {old}."
    if rest := ", ".join(f"{count} {what}" for what, count in found.not_compared.items()):
        yield from textwrap.wrap(f"Not compared, because the chain holds no hash of it: {rest}.", 110)
    if gone := ", ".join(f"{count} {what}" for what, count in found.forgotten.items()):
        yield f"Forgotten by retention, hash kept: {gone}."
    yield from textwrap.wrap(f"Not looked at: {', '.join(NOT_LOOKED_AT)}.", 110)
    if earlier is None:
        yield "Entries cut off at the end with their seals show only against an earlier export (--from)."


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return f"{shown}, …" if len(numbers) > 10 else shown


@audit.command("export")
def export(
    path: Path | None = typer.Argument(None, help="File to write; standard output without one."),
    as_json: bool = Json,
) -> None:
    """Write the chain as one JSON object a line, for `verify_audit.py` or any tool of the auditor's."""
    with errors(as_json, keys=False):
        from ml_connector.app.audit import audit_lines

        target = path.open("w", encoding="utf-8") if path else sys.stdout
        count = 0
        for line in audit_lines(service().access):
            count += 1
            target.write(json.dumps(line, ensure_ascii=False) + "\n")
        if path:
            target.close()
        if path and as_json:
            say(True, {"ok": True, "file": str(path), "lines": count})


@keys.command("rotate")
def rotate(as_json: bool = Json) -> None:
    """Make a new key, re-encrypt every secret with it, and drop the old ones."""
    with errors(as_json):
        from ml_connector.app.key_rotation import rotate_keys

        count = rotate_keys(service().assembly, service().access, service().actor)
        say(
            as_json,
            {"ok": True, "secrets": count},
            f"{count} secrets are encrypted with a new key. Back up the key file again.",
        )


def backup(
    to: Path,
    keys_to: Path | None = typer.Option(
        None, help="Copy the key file there, and that of the audit chain as NAME.audit; keep both apart."
    ),
    as_json: bool = Json,
) -> None:
    """Write the database to a file, consistent while in use. Keys are never in it."""
    from ml_connector.app import backup as backups

    with errors(as_json, keys=False):
        backups.require_free(to, keys_to)
        size = backups.backup(service().settings, to)
        if keys_to is not None:
            backups.backup_keys(service().settings, keys_to)
        say(
            as_json,
            {"ok": True, "bytes": size},
            f"{to}: {size} bytes. The keys are not in it{f'; they are in {keys_to}' if keys_to else ''}.",
        )


def restore(
    source: Path,
    overwrite: bool = typer.Option(False, help="Replace an installation that holds something."),
    as_json: bool = Json,
) -> None:
    """Put a backup in place. Afterwards all flows only propose, approvals are void, and runs that were under
    way are held; the keys are not needed for it.
    """
    from ml_connector.app import restore as restores
    from ml_connector.app.backup import BackupError
    from ml_connector.app.settings import Settings

    settings = Settings()
    source.open("rb").close()
    with errors(as_json, start=False), restores.alone(settings) as is_alone:
        if not is_alone:
            stop(NOT_ALLOWED, "A worker is running on this installation. Stop it first.", as_json)
        if not overwrite and restores.holds_anything(settings):
            stop(
                NOT_ALLOWED,
                "This installation holds connections, runs or other records, and a restore replaces them all."
                " Restore into an empty home folder or database, or say --overwrite.",
                as_json,
            )
        try:
            done = restores.restore(settings, source, actor=f"cli:{person()}")
        except BackupError as error:
            stop(FAILED_COMMAND, str(error), as_json)
        say(
            as_json,
            {"ok": True, "flows": done.flows, "runs": done.runs, "made_at": done.made_at},
            f"Restored. {done.flows} flows now only propose; {done.runs} runs are held.",
        )


def serve(once: bool = typer.Option(False, help="Do what is due, then end."), as_json: bool = Json) -> None:
    """Carry out runs until stopped; keeps sign-ins alive."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with errors(as_json):
        _serve(stopped, once, as_json)


def _serve(stopped: threading.Event, once: bool, as_json: bool) -> None:
    from ml_connector.app.upkeep import AGAIN_SECONDS, UPKEEP_SECONDS, try_upkeep, upkeep
    from ml_connector.app.work import at_work, idle

    svc = service()
    with at_work(svc.assembly) as working:
        if not working:
            stop(
                NOT_ALLOWED,
                f"Another process already works as {svc.settings.executor!r}. Give this one its own"
                " ML_CONNECTOR_EXECUTOR.",
                as_json,
            )
        if not as_json:
            out.print(f"Working as {svc.settings.executor!r}. Stop with Ctrl-C.", markup=False)
        while not stopped.is_set():
            done = upkeep(svc.assembly) if once else try_upkeep(svc.assembly)
            if done is None:
                stopped.wait(AGAIN_SECONDS)
                continue
            if as_json:
                print_json({"upkeep": done})
            if once:
                idle(stopped)
                return
            stopped.wait(UPKEEP_SECONDS)


def recover(
    executor: str = typer.Option(..., help="Id of the worker that is gone for good."), as_json: bool = Json
) -> None:
    """Hand the work of a dead worker to those alive. Refused while its lock is held."""
    with errors(as_json, keys=False):
        from ml_connector.app.work import recover as take_over

        count = take_over(service().assembly, executor)
        if count is None:
            stop(NOT_ALLOWED, f"{executor!r} is alive. Recovering it would do its work twice.", as_json)
        say(as_json, {"ok": True, "workflows": count}, f"{count} stages were put back on their queues.")


def sandbox(context: typer.Context) -> None:
    """Start simulators of the vendors; arguments as for `python -m ml_connector_sandbox serve`."""
    try:
        from ml_connector_sandbox.core.serve import main as serve_sandbox
    except ImportError:
        stop(FAILED_COMMAND, "The simulators are a distribution of their own: install ml-connector-sandbox.")
    raise typer.Exit(serve_sandbox(context.args))
