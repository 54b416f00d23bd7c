"""`audit`, `backup`, `restore`, `keys`, `serve`, `recover`, `sandbox`: the installation itself."""

from __future__ import annotations

import json
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ml_connector.cli.output import (
    FAILED_COMMAND,
    NOT_ALLOWED,
    USAGE,
    Json,
    errors,
    out,
    print_json,
    say,
    stop,
)
from ml_connector.cli.session import person, service

if TYPE_CHECKING:
    from ml_connector.app.assemble import Assembly
    from ml_connector.app.audit import Report

audit = typer.Typer(
    name="audit", help="The audit log: what was done, when and by whom.", no_args_is_help=True
)
keys = typer.Typer(name="keys", help="Keys that encrypt the stored secrets.", no_args_is_help=True)
alone = typer.Typer()
"""Commands that belong to no group."""
LOOK_SECONDS = 30.0
"""How often `serve` asks whether a flow's time has come: a clock that slept or jumped is noticed so soon."""
SET_LOOK_SECONDS = 0.05
"""The same under a clock that somebody sets."""
SIGNAL_SECONDS = 1.0
"""A signal may come to another thread, and is seen when this one wakes."""


@audit.command("verify")
def verify(
    earlier: Path | None = typer.Option(
        None, "--from", help="An earlier export: none of its entries may be missing or different."
    ),
    as_json: bool = Json,
) -> None:
    """Check that the audit log and the records it names are unchanged.

    Entries: none is changed, removed or added. Signatures: they are by this installation's key. Records:
    mappings, settings, approvals, statements, journal entries, source blocks and the lines read from them
    have the hashes that the entries give.
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
    """What was checked and found, in sentences; claims no more than was checked."""
    from ml_connector.app.audit import NOT_LOOKED_AT

    yield from found.faults
    if not found.faults:
        yield f"Audit log: {found.entries} entries, no change or gap found."
    if not found.key:
        yield "Signatures were not checked: the key of the audit log is not in the home folder."
    else:
        left = found.entries - found.signed_to
        rest = f"; {left} later {'entry is' if left == 1 else 'entries are'} not signed yet" if left else ""
        yield f"Signed to entry {found.signed_to} with the key {found.key[:12]}…{rest}."
    if found.unsigned:
        yield f"Written without the key, and signed later or not yet: entry {_listed(found.unsigned)}."
    compared = ", ".join(f"{count} {what}" for what, count in found.compared.items() if count)
    if compared and not found.faults:
        yield from textwrap.wrap(f"Compared with the entries: {compared}.", 110)
        yield "Of source blocks the hash as delivered was compared; the bytes themselves are not kept."
    if old := ", ".join(f"{count} {what}" for what, count in found.earlier.items()):
        yield f"Not compared, because an upgrade rewrote these records: {old}."
    if rest := ", ".join(f"{count} {what}" for what, count in found.not_compared.items()):
        yield from textwrap.wrap(f"Not compared, because the audit log has no hash of them: {rest}.", 110)
    if gone := ", ".join(f"{count} {what}" for what, count in found.forgotten.items()):
        yield f"Deleted after their retention period, hash kept: {gone}."
    yield from textwrap.wrap(f"Not checked: {', '.join(NOT_LOOKED_AT)}.", 110)
    if earlier is None:
        yield "Entries removed from the end are found only by comparing with an earlier export (--from)."


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return f"{shown}, …" if len(numbers) > 10 else shown


@audit.command("export")
def export(
    path: Path | None = typer.Argument(None, help="File to write; standard output without one."),
    as_json: bool = Json,
) -> None:
    """Write the audit log, one JSON object a line, for `verify_audit.py` or the auditor's own tool."""
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


@alone.command("backup")
def backup(
    to: Path,
    keys_to: Path | None = typer.Option(
        None,
        help="Copy the key file there, and the audit key as NAME.audit. Store both apart from the backup.",
    ),
    as_json: bool = Json,
) -> None:
    """Write the database and the files that are kept to one file. Works while runs are carried out. The keys
    are not in it.
    """
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


@alone.command("restore")
def restore(
    source: Path,
    overwrite: bool = typer.Option(False, help="Replace an installation that is not empty."),
    as_json: bool = Json,
) -> None:
    """Replace this installation with a backup. Afterwards all flows only propose, approvals are void, and
    runs that were not finished are on hold. The keys are not needed.
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
                " Restore into an empty home folder or database, or give --overwrite.",
                as_json,
            )
        try:
            done = restores.restore(settings, source, actor=f"cli:{person()}")
        except BackupError as error:
            stop(FAILED_COMMAND, str(error), as_json)
        say(
            as_json,
            {"ok": True, "flows": done.flows, "runs": done.runs, "made_at": done.made_at},
            f"Restored. {done.flows} flows now only propose; {done.runs} runs are on hold.",
        )


@alone.command("serve")
def serve(
    once: bool = typer.Option(False, help="Do what is due now, then end."),
    listen: str = typer.Option(
        "", help="HOST:PORT at which notifications of vendors are taken, behind a proxy with TLS."
    ),
    intake: str = typer.Option(
        "", help="HOST:PORT at which expense reports are taken, behind a proxy with TLS."
    ),
    intake_folder: str = typer.Option(
        "", help="Folder with a folder for each organisation, in which tables of expense reports are put."
    ),
    as_json: bool = Json,
) -> None:
    """Carry out the runs that are due, until stopped. Flows with a schedule look for new work, and those that
    a notification woke. Renews sign-ins, and compares booked entries with the ledgers.
    """
    if once and (listen or intake):
        given = "--listen" if listen else "--intake"
        stop(USAGE, f"--once ends at once, so nothing is listened for. Leave out {given} or --once.", as_json)
    stopped, nudged = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        stopped.set()
        nudged.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with errors(as_json):
        _serve(stopped, nudged, once, (listen, intake, intake_folder), as_json)


def _serve(
    stopped: threading.Event, nudged: threading.Event, once: bool, at: tuple[str, str, str], as_json: bool
) -> None:
    """Until `stopped`; `nudged` ends a wait early. `at` is where notifications and reports are taken, and
    where tables of reports are put.
    """
    from ml_connector.app.upkeep import AGAIN_SECONDS, UPKEEP_SECONDS, try_upkeep, upkeep
    from ml_connector.app.work import at_work, idle
    from ml_connector.cli.expense_intake import Tables, listen

    svc = service()
    with at_work(svc.assembly) as working, ExitStack() as held:
        if not working:
            stop(
                NOT_ALLOWED,
                f"Another process already works as {svc.settings.executor!r}. Give this one its own"
                " ML_CONNECTOR_EXECUTOR.",
                as_json,
            )
        if not as_json:
            out.print(f"Working as {svc.settings.executor!r}. Stop with Ctrl-C.", markup=False)
        listen(svc.assembly, held, at[:2], nudged.set, as_json)
        tables = Tables(svc.assembly, at[2], as_json)
        clock = svc.assembly.clock
        upkeep_at = clock.monotonic()
        while not stopped.is_set():
            if clock.monotonic() >= upkeep_at:
                done = upkeep(svc.assembly) if once else try_upkeep(svc.assembly)
                upkeep_at = clock.monotonic() + (AGAIN_SECONDS if done is None else UPKEEP_SECONDS)
                if done is not None and as_json:
                    print_json({"upkeep": done})
            tables.look()
            _look_for_work(svc.assembly, as_json)
            _alert(svc.assembly, as_json)
            if once:
                idle(stopped)
                return
            seconds = min(tables.again_seconds(LOOK_SECONDS), max(0.0, upkeep_at - clock.monotonic()))
            _rest(svc.assembly, stopped, nudged, seconds, as_json)


def _rest(
    assembly: Assembly, stopped: threading.Event, nudged: threading.Event, seconds: float, as_json: bool
) -> None:
    """Wait, until nudged. Under a clock that somebody sets, say when there is nothing to do before it is set,
    and go on as soon as it is.
    """
    if not assembly.settings.clock_file:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not nudged.wait(SIGNAL_SECONDS):
            pass
        nudged.clear()
        return
    from ml_connector.app.work import idle, waits_until

    idle(stopped)
    if as_json:
        print_json({"rest": {"at": assembly.clock.now().isoformat(), "waits_until": waits_until()}})
    until = assembly.clock.monotonic() + seconds
    while assembly.clock.monotonic() < until and not nudged.wait(SET_LOOK_SECONDS):
        pass
    nudged.clear()


def _look_for_work(assembly: Assembly, as_json: bool) -> None:
    """Let every flow look whose time has come, and say a line of each."""
    from ml_connector.app.arrivals import try_arrive

    for arrival in try_arrive(assembly):
        if as_json:
            print_json({"arrival": arrival.shown()})
        else:
            out.print(str(arrival), markup=False)


def _alert(assembly: Assembly, as_json: bool) -> None:
    """Open and close alerts, say a line of each that was told, and send what is due."""
    from ml_connector.app.alert_delivery import try_deliver
    from ml_connector.app.alerts import try_watch

    for told in try_watch(assembly):
        if as_json:
            print_json({"alert": told.shown()})
        else:
            out.print(str(told), markup=False)
    try_deliver(assembly)


@alone.command("recover")
def recover(
    executor: str = typer.Option(..., help="Name of the worker that will not come back."),
    as_json: bool = Json,
) -> None:
    """Let another worker finish what a crashed worker left. Refused while that worker is still running."""
    with errors(as_json, keys=False):
        from ml_connector.app.work import recover as take_over

        count = take_over(service().assembly, executor)
        if count is None:
            stop(
                NOT_ALLOWED,
                f"{executor!r} is alive: it is still running, and its work would be done twice.",
                as_json,
            )
        say(
            as_json,
            {"ok": True, "workflows": count},
            f"{count} stage{'s' * (count > 1)} will be carried out by another worker."
            if count
            else "There is nothing to take over.",
        )


@alone.command("sandbox", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Start simulators of the vendors. Takes the arguments of `python -m ml_connector_sandbox serve`."""
    try:
        from ml_connector_sandbox.core.serve import main as serve_sandbox
    except ImportError:
        stop(FAILED_COMMAND, "The simulators are a separate package. Install ml-connector-sandbox.")
    raise typer.Exit(serve_sandbox(context.args))
