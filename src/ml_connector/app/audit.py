"""The audit chain as auditors see it: exported, and verified as far as this installation can.

Three things are looked at: that every entry follows the one before it; that heads are signed with the key of
this installation; and that what the entries speak of (mappings, settings, approvals, statements, entries,
source blocks and the lines read from them) is still what it was, and nothing of these is there that no entry
speaks of. Of source blocks that is the hash as delivered: the bytes are not kept. The lines are, and each is
hashed again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ml_connector.app.access import Access
from ml_connector.app.audit_commits import compare_commits
from ml_connector.app.content_hashes import connection_sha256, flow_sha256, journals_sha256
from ml_connector.domain import codec
from ml_connector.domain.expense_proposal import ExpenseProposal
from ml_connector.domain.proposal import Proposal
from ml_connector.domain.purchase_proposal import PurchaseProposal
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.runs import RunState
from ml_connector.runs.audit import Seal, verify, verify_seals
from ml_connector.store.models import Approval, Artifact, Resolution, Run
from ml_connector.store.plans import StoredPlans
from ml_connector.store.runs import ENDED
from ml_connector.store.seals import seal_key
from ml_connector.store.staging import StoredStaging

SHOWN = 20
CONSENT = ("run.approved", "run.approved_by_one")
NOT_LOOKED_AT = (
    "runs with their state, input and answers",
    "records of runs that are no approved proposal",
    "sends",
    "sign-ins and secrets",
    "people and their policy",
    "incidents",
    "pauses",
)
"""What the chain holds no hash of, or what is not compared with it."""
FIRST_KIND = "payroll"
UPGRADED, KEYS_HAVE_THEIR_TEXT = "installation.upgraded", "0006_carry_over"
"""Action of an upgrade, and the change of the tables since which proposals are as they were approved."""


class ExportError(Exception):
    """The file is not an export of the audit log."""


@dataclass(slots=True)
class Report:
    """What was looked at and what is wrong, in words. `signed_to` is the last entry under a seal of this
    installation's key, `unsigned` the entries written while the key was not at hand, `compared` how many
    records of each kind were compared with their hashes, `forgotten` how many are gone by retention,
    `earlier` how many an earlier release made, and the upgrade rewrote. `not_compared` is how many are there
    that no entry has a hash of, because an earlier release wrote it or their run is not at its end.
    """

    entries: int = 0
    signed_to: int = 0
    key: str = ""
    unsigned: list[int] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    forgotten: Counter[str] = field(default_factory=Counter)
    earlier: Counter[str] = field(default_factory=Counter)
    not_compared: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def audit_report(access: Access, earlier: Path | None = None) -> Report:
    """Everything that can be verified here; with `earlier`, an export of another day, that nothing of it is
    gone or other. Raises `ExportError` for a file that is no export.
    """
    entries, head, seals = list(access.audit.entries()), access.audit.head(), access.audit.seals()
    key = seal_key()
    report = Report(entries=len(entries), key=key.public if key else "")
    report.faults += verify(entries, head)
    hashes = {number: hashed for number, _, hashed in entries}
    report.faults += verify_seals(access.organisation.slug, hashes, seals, report.key)
    _seals(report, seals, len(entries))
    if earlier is not None:
        report.faults += _against(earlier, hashes)
    _contents(report, access, [cast(dict[str, Any], codec.decode(text)) for _, text, _ in entries])
    return report


def audit_lines(access: Access) -> Iterator[dict[str, Any]]:
    """The chain as `verify_audit.py` reads it: entries in order with their seals, then the head with the
    public key.
    """
    seals = {seal.number: seal for seal in access.audit.seals()}
    for number, text, hashed in access.audit.entries():
        line: dict[str, Any] = {"number": number, "hash": hashed, "text": text}
        if (seal := seals.get(number)) is not None:
            line["seal"] = {name: getattr(seal, name) for name in ("at", "public_key", "signature")}
        yield line
    number, hashed = access.audit.head()
    key = seal_key()
    yield {
        "head": {"number": number, "hash": hashed},
        "organisation": access.organisation.slug,
        "public_key": key.public if key else "",
    }


# --- seals and earlier exports ------------------------------------------------------------------------------


def _seals(report: Report, seals: Iterable[Seal], entries: int) -> None:
    for seal in seals:
        if not seal.signature:
            report.unsigned.append(seal.number)
        elif not report.key or seal.public_key == report.key:
            report.signed_to = max(report.signed_to, seal.number)
    if entries and report.key and not report.signed_to:
        report.faults.append(
            "No entry is sealed, though this installation has the key of an audit log. Compare with an"
            " earlier"
            " export: audit verify --from EXPORT."
        )


def _against(earlier: Path, hashes: dict[int, str]) -> Iterator[str]:
    try:
        lines = [json.loads(line) for line in earlier.read_text(encoding="utf-8").splitlines()]
        head = next(line["head"] for line in reversed(lines) if "head" in line)
        number, hashed = int(head["number"]), str(head["hash"])
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ExportError(f"{earlier.name} is not an export of the audit log: {error!r}.") from error
    if number and number not in hashes:
        yield (
            f"The earlier export ends at entry {number}; this audit log ends before it. Entries were"
            " removed from the end."
        )
    elif number and hashes[number] != hashed:
        yield (
            f"Entry {number} is not the one that the earlier export ends with: the audit log was written"
            " again."
        )


# --- what the entries speak of ------------------------------------------------------------------------------


def _contents(report: Report, access: Access, entries: list[dict[str, Any]]) -> None:
    by_action: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_action.setdefault(entry["action"], []).append(entry)
    for check in (_mappings, _connections, _flows, _approvals, _statements, _entries, _blocks, _lines):
        report.faults.extend(check(report, access, by_action))


def _mappings(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    imported = {
        (entry["subject"], entry["detail"].get("version")): entry
        for entry in by_action.get("mapping.imported", [])
    }
    for row in access.mappings():
        entry = imported.pop((row.name, row.version), None)
        if entry is None:
            yield (
                f"Mapping {row.name} version {row.version} is in no entry of the audit log: nobody"
                " imported it."
            )
            continue
        if not (sha256 := entry["detail"].get("sha256")):
            report.not_compared["mappings without a hash"] += 1
            continue
        report.compared["mappings"] += 1
        if codec.digest(row.content) != sha256 or row.fingerprint != sha256:
            yield (
                f"Mapping {row.name} version {row.version} is not what was imported (entry"
                f" {entry['number']})."
            )
    for (name, version), entry in imported.items():
        number = entry["number"]
        yield f"Mapping {name} version {version} is not what was imported (entry {number}): it is gone."


def _connections(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    last = {entry["subject"]: entry for entry in by_action.get("connection.stored", [])}
    for row in access.connections():
        entry = last.pop(row.name, None)
        if entry is None:
            yield f"Connection {row.name} is in no entry of the audit log."
            continue
        if not (sha256 := entry["detail"].get("sha256")):
            report.not_compared["connections without a hash"] += 1
            continue
        report.compared["connections"] += 1
        if connection_sha256(row) != sha256:
            yield f"Connection {row.name} is not as it was stored (entry {entry['number']})."
    for name, entry in last.items():
        yield f"Connection {name} is not as it was stored (entry {entry['number']}): it is gone."


def _flows(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    last = {_flow_of(entry): entry for entry in by_action.get("flow.stored", [])}
    restored = max((entry["number"] for entry in by_action.get("restored", [])), default=0)
    for row in access.flows():
        name = f"{row.source.name} → {row.target.name}"
        entry = last.pop((row.kind, name), None)
        if entry is None:
            yield f"Flow {name} is in no entry of the audit log."
            continue
        detail = entry["detail"]
        modes = {detail.get("mode"), *(["propose"] if restored > entry["number"] else [])}
        report.compared["flows"] += 1
        if not detail.get("sha256") or not detail.get("journals_before"):
            report.not_compared["flows without a hash of all their options"] += 1
        same = detail.get("sha256") in (None, flow_sha256(row)) and row.mode in modes
        if not same or detail.get("journals_before") not in (None, journals_sha256(row)):
            yield f"Flow {name} is not as it was stored (entry {entry['number']})."
    for (_, name), entry in last.items():
        yield f"Flow {name} is not as it was stored (entry {entry['number']}): it is gone."


def _flow_of(entry: dict[str, Any]) -> tuple[str, str]:
    """Kind and both connections, of which two may have several flows. Release 0.1.0 had one kind, and did not
    say it.
    """
    return entry["detail"].get("kind", FIRST_KIND), entry["subject"]


def _approvals(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    given = [
        entry
        for action in CONSENT
        for entry in by_action.get(action, [])
        if entry["detail"].get("fingerprint")
    ]
    given.sort(key=lambda entry: entry["number"])
    yield from _given(report, access, given, by_action)
    rewritten = max((entry["number"] for entry in by_action.get(UPGRADED, []) if _rewrote(entry)), default=0)
    if old := sum(entry["number"] < rewritten for entry in given):
        report.earlier["approvals"] += old
    given = [entry for entry in given if entry["number"] > rewritten]
    for run in {entry["subject"] for entry in given}:
        records = Artifact.objects.filter(run_id=run, name__endswith="/proposal")
        texts = records.filter(forgotten_at__isnull=True).values_list("text", flat=True)
        proposals = [codec.decode(text) for text in texts]
        if not proposals and records.exists():
            report.forgotten["proposals"] += 1
            continue
        made = {
            proposal_fingerprint(found)
            for found in proposals
            if isinstance(found, Proposal | PurchaseProposal | ExpenseProposal)
        }
        if not records.exists():
            made = _plans(run, by_action.get("run.planned", []))
        for entry in given:
            if entry["subject"] == run and entry["detail"]["fingerprint"] not in made:
                yield f"No proposal of run {run} is what entry {entry['number']} says was approved."


def _plans(run: str, planned: list[dict[str, Any]]) -> set[str]:
    """Fingerprints of the plans that a pass proposed: as the chain says, but for the one that stands, which
    is hashed again.
    """
    made = {entry["detail"]["sha256"] for entry in planned if entry["subject"] == run}
    stands = StoredPlans().fingerprint(run)
    return (made - {stands}) | {StoredPlans().hashed(run)} if stands else made


def _given(
    report: Report, access: Access, given: list[dict[str, Any]], by_action: dict[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """Each approval with its entry: those of the same entries by the same person in the same order."""
    rows: dict[tuple[str, str, str], list[Approval]] = {}
    for row in Approval.objects.filter(run__organisation=access.organisation).order_by("id"):
        rows.setdefault((row.run_id, row.fingerprint, f"{row.channel}:{row.actor}"), []).append(row)
    report.compared["approvals"] += sum(map(len, rows.values()))
    for entry in given:
        run, fingerprint, actor = entry["subject"], entry["detail"]["fingerprint"], entry["actor"]
        if not (found := rows.get((run, fingerprint, actor))):
            yield f"The approval of run {run} by {actor} ({fingerprint[:12]}) is gone, or was changed."
            continue
        if wrong := _unlike(found.pop(0), entry, by_action):
            number = entry["number"]
            yield f"The approval of run {run} by {actor} ({fingerprint[:12]}) {wrong} (entry {number})."
    for (run, fingerprint, actor), left in rows.items():
        for _ in left:
            yield f"An approval of run {run} by {actor} ({fingerprint[:12]}) is in no entry of the audit log."


def _unlike(row: Approval, entry: dict[str, Any], by_action: dict[str, list[dict[str, Any]]]) -> str:
    """What is not as the chain says about an approval; empty for nothing. It is void once its run was
    proposed again, and when the database was restored before its run had ended. Of a run that is at work, the
    entry may be there and the approval not yet void.
    """
    if row.person != entry["detail"].get("person", ""):
        return f"was given by {row.person or 'nobody by name'}, and by another person in the audit log"
    if row.complete != (entry["action"] == "run.approved"):
        return "is complete in one and not in the other"
    after = entry["number"]
    changed = any(
        one["subject"] == row.run_id and one["number"] > after for one in by_action.get("run.changed", [])
    )
    restored = any(one["number"] > after for one in by_action.get("restored", []))
    if row.voided_at is not None:
        return "" if changed or restored else "is void, and nothing in the audit log made it so"
    void = (changed and row.run.state != RunState.RUNNING) or (restored and row.run.state not in ENDED)
    return "counts, though the audit log made it void" if void else ""


def _rewrote(entry: dict[str, Any]) -> bool:
    """Whether this upgrade was from a release whose keys, and proposals with them, have another text."""
    return str(entry["detail"].get("tables", "")).partition(" ")[0] < KEYS_HAVE_THEIR_TEXT


def _statements(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    rows = Resolution.objects.filter(commit__organisation=access.organisation).select_related("commit")
    keys = {row.commit.marked_by: row.commit.key for row in rows}
    noted = Counter(
        (
            keys.get(entry["subject"], entry["subject"]),
            entry["detail"].get("statement"),
            entry["actor"],
            entry["detail"].get("person", ""),
        )
        for entry in by_action.get("commit.stated", [])
    )
    stored = Counter(
        (row.commit.key, row.statement, f"{row.channel}:{row.actor}", row.person) for row in rows
    )
    report.compared["statements"] += stored.total()
    for key, statement, actor, person in stored - noted:
        by = f"{person} ({actor})" if person else actor
        yield f"The statement of {by} on {key} ({statement}) is in no entry of the audit log."
    for key, statement, actor, person in noted - stored:
        by = f"{person} ({actor})" if person else actor
        yield f"The statement of {by} on {key} ({statement}) is gone, or was changed."


def _entries(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    entries = sorted((one for found in by_action.values() for one in found), key=lambda one: one["number"])
    yield from compare_commits(access.organisation.pk, entries, report.compared, report.not_compared)


def _read(by_action: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The last entry on what each run has read, for runs that have not begun to read it anew since."""
    last = {entry["subject"]: entry for entry in by_action.get("run.read", [])}
    for again in by_action.get("run.read_again", []):
        if again["subject"] in last and last[again["subject"]]["number"] < again["number"]:
            del last[again["subject"]]
    return last


def _blocks(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for run, entry in _read(by_action).items():
        sha256, of_blocks = (entry["detail"].get(name) for name in ("sha256", "blocks_sha256"))
        if not sha256 and not of_blocks:
            continue
        if Run.objects.filter(id=run, organisation=access.organisation, forgotten_at__isnull=False).exists():
            report.forgotten["source blocks"] += 1
            continue
        report.compared["source blocks"] += 1
        if not of_blocks:
            report.not_compared["source blocks without a hash of their number and problems"] += 1
        staging = StoredStaging()
        same = staging.sha256(run) == sha256
        if not same or of_blocks not in (None, staging.blocks_sha256(run)):
            yield f"The source blocks of run {run} are not those that were read (entry {entry['number']})."


def _lines(report: Report, access: Access, by_action: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The lines that entries were made of; those of a run read by an earlier release have no hash."""
    last = _read(by_action)
    gone = Run.objects.filter(organisation=access.organisation, forgotten_at__isnull=False)
    forgotten, staging = set(gone.values_list("id", flat=True)), StoredStaging()
    for run, entry in last.items():
        if run in forgotten or not entry["detail"].get("lines"):
            continue
        report.compared["runs' source lines"] += 1
        changed = list(dict.fromkeys(staging.changed_blocks(run)))
        if changed:
            blocks = ", ".join(map(str, changed[:SHOWN]))
            yield (
                f"Source lines of run {run} are not those that were read, in block {blocks} (entry"
                f" {entry['number']})."
            )
        elif staging.lines_sha256(run) != entry["detail"]["lines"]:
            yield f"The source lines of run {run} are not those that were read (entry {entry['number']})."
