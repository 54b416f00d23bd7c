"""How a run is shown: to people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ml_connector.cli.output import err, label, out, problems_json, say, show_problems, table
from ml_connector.cli.session import service
from ml_connector.domain.changes import fields_changed

if TYPE_CHECKING:
    from ml_connector.app.records import AnyProposal, Entry, Found
    from ml_connector.domain.changes import Change
    from ml_connector.domain.tie_out import TieRow
    from ml_connector.ports.plans import PlannedRow
    from ml_connector.ports.runs import RunRow

CHANGES_SHOWN = 20
"""Of a plan, where nobody asks for more."""
CHANGES_IN_JSON = 1_000


def show_run(row: RunRow, as_json: bool, lines: int = 0) -> None:
    """One run with its entries, tie-out and problems; `lines` of each entry."""
    if as_json:
        say(True, run_json(row))
        return
    records = service().records
    problems, proposal = records.problems(row), records.proposal(row.id)
    due = f", due {row.due_at:%Y-%m-%d %H:%M:%S} UTC" if row.due_at else ""
    out.print(f"{row.id}: {label(row.state)}{due}. {row.summary}", markup=False)
    if row.notice and row.notice not in row.summary:
        out.print(row.notice, markup=False)
    if told := records.told(row):
        out.print(told, markup=False)
    for text in records.forgotten(row.id):
        out.print(text, markup=False)
    _show_entries(records.entries(row.id, proposal), lines)
    _show_taken_back(proposal)
    _show_plan(records.plan(row.id, lines or CHANGES_SHOWN), records.planned(row.id))
    tie = records.tie_out(row.id, proposal)
    if tie:
        show_tie_out(tie, records.flow(row).books)
    show_incidents(records.incidents(row.id))
    if problems:
        count = len(problems)
        err.print(f"{count} problem{'s' * (count > 1)} to fix; nothing more was sent:", markup=False)
        show_problems(problems)
    _show_next(row, records.fingerprint(row.id, proposal))


def _show_entries(entries: Sequence[Entry], lines: int) -> None:
    if not entries:
        return
    shown = [
        (e.entry.key, e.date, len(e.entry.lines), e.amount.amount, e.entry.currency, label(e.state))
        for e in entries
    ]
    amount = "Owed" if _is_purchase(entries[0]) else "Debit = credit"
    table("Entries", ["Key", "Date", "Lines", amount, "Currency", "State"], shown, right=[2, 3])
    for rate in dict.fromkeys(filter(None, (entry.rate for entry in entries))):
        out.print(f"Rate: {rate}", markup=False)
    for found in entries if lines else ():
        of_entry: Sequence[Any] = found.entry.lines
        shown_lines = [
            (
                n,
                x.account,
                ", ".join(f"{label(d.axis)} {d.code}" for d in x.dimensions),
                *(amount.amount for amount in x.amounts),
                x.text,
            )
            for n, x in enumerate(of_entry[:lines], 1)
        ]
        amounts = ["Net", "VAT"] if _is_purchase(found) else ["Amount"]
        titles = ["Line", "Account", "Dimensions", *amounts, "Text"]
        table(found.entry.key, titles, shown_lines, right=range(3, 3 + len(amounts)))


def _is_purchase(found: Entry) -> bool:
    """Whether it is what a supplier is owed, with VAT, and no journal entry."""
    return hasattr(found.entry, "payable")


def _show_taken_back(proposal: AnyProposal | None) -> None:
    if proposal is None or not proposal.takes_back:
        return
    rows = [(t.document, t.entity, t.debit, t.run or "booked elsewhere") for t in proposal.takes_back]
    table("Changes what is booked", ["Document", "Legal entity", "Debit", "Run"], rows, right=[2])


def _show_plan(changes: Sequence[PlannedRow], counts: Mapping[str, int]) -> None:
    if not changes:
        return
    rows = [
        (one.number, label(one.change.act), one.change.key, _changed(one.change), _became(one))
        for one in changes
    ]
    table("Plan", ["No.", "What", "Key", "Fields", "State"], rows)
    if (left := sum(counts.values()) - len(changes)) > 0:
        out.print(f"{left} more changes: --lines {len(changes) + left} shows all.", markup=False)


def _changed(change: Change) -> str:
    if change.after is None:
        # Shown and left as it is.
        return ", ".join(f"{label(name)} {before}" for name, before, _ in fields_changed(change))
    texts = (
        f"{label(name)} {after}"
        if before is None
        else f"{label(name)} {before} → {'–' if after is None else after}"
        for name, before, after in fields_changed(change)
    )
    return ", ".join(texts)


def _became(row: PlannedRow) -> str:
    return f"{label(row.state)}: {row.detail}" if row.detail else label(row.state)


def _plan_json(run: str) -> dict[str, Any]:
    records = service().records
    return {
        "counts": records.planned(run),
        "changes": [
            {
                "number": one.number,
                "act": one.change.act,
                "key": one.change.key,
                "fields": {
                    name: {"before": before, "after": after}
                    for name, before, after in fields_changed(one.change)
                },
                "state": one.state,
                "detail": one.detail,
            }
            for one in records.plan(run, CHANGES_IN_JSON)
        ],
    }


def _show_next(row: RunRow, fingerprint: str) -> None:
    from ml_connector.domain.proposal import FINGERPRINT_SHOWN

    if row.state == "awaiting_approval" and fingerprint:
        shown = fingerprint[:FINGERPRINT_SHOWN]
        out.print(
            f"Next: ml-connector runs show {row.id} --lines 50, then ml-connector runs approve {row.id}"
            f" --fingerprint {shown}",
            markup=False,
        )
    elif row.state in ("held", "failed"):
        out.print(f"Next: fix this, then ml-connector runs resume {row.id}", markup=False)


def run_json(row: RunRow) -> dict[str, Any]:
    """The same for programs. `fingerprint` is what an approval names; `compared` is whether a pass read
    what it keeps in the other system.
    """
    records = service().records
    proposal, flow = records.proposal(row.id), records.flow(row)
    fingerprint = records.fingerprint(row.id, proposal)
    return {
        "ok": row.state == "done",
        "run": row.id,
        "flow": row.flow,
        "state": row.state,
        "stage": row.stage,
        "summary": row.summary,
        "notice": row.notice,
        "due_at": row.due_at,
        "reference": row.reference,
        flow.reference: row.reference,
        **dict.fromkeys(flow.figures),
        **records.shown(row),
        "dry_run": row.dry,
        "fingerprint": fingerprint,
        "problems": problems_json(records.problems(row)),
        "entries": [_entry_json(entry) for entry in records.entries(row.id, proposal)],
        "takes_back": [
            {
                "run": taken.run,
                "document": taken.document,
                "entity": taken.entity,
                "debit": str(taken.debit.amount),
                "currency": taken.debit.currency,
            }
            for taken in (proposal.takes_back if proposal else ())
        ],
        "plan": _plan_json(row.id),
        **({"compared": bool(fingerprint)} if flow.passes else {}),
        "accepted": list(proposal.accepted) if proposal else [],
        "already_booked": list(proposal.already_booked) if proposal else [],
        "incidents": [
            {"code": i.code, "text": i.text, "found_at": i.found_at, "key": i.key}
            for i in records.incidents(row.id)
        ],
        "forgotten": list(records.forgotten(row.id)),
        "tie_out": [tie_json(line) for line in records.tie_out(row.id, proposal)],
    }


def _entry_json(found: Entry) -> dict[str, Any]:
    entry, receipt = found.entry, found.receipt
    return {
        "key": entry.key,
        "entity": entry.entity,
        "date": found.date,
        "lines": len(entry.lines),
        **_amounts_json(found),
        "currency": entry.currency,
        "text": entry.text,
        "state": found.state,
        "reference": receipt.reference if receipt else "",
        "document": receipt.number if receipt else "",
        "rate": found.rate,
    }


def _amounts_json(found: Entry) -> dict[str, Any]:
    entry: Any = found.entry
    if _is_purchase(found):
        vat = {code: str(amount.amount) for code, amount in entry.vat_by_code().items()}
        return {
            "supplier": entry.supplier,
            "number": entry.number,
            "owed": str(entry.payable.amount),
            "vat": vat,
        }
    return {"debit": str(entry.debit.amount), "credit": str(entry.credit.amount)}


def show_incidents(incidents: Iterable[Found]) -> None:
    """What the nightly check found, on standard error."""
    for incident in incidents:
        err.print(f"Incident since {incident.found_at:%Y-%m-%d %H:%M} UTC: {incident.text}", markup=False)


def tie_json(row: TieRow) -> dict[str, Any]:
    """A row of a reconciliation; amounts as text, `null` where a system does not report it.
    `instead_of_posted` is what was read of the ledger where it does not tell what is posted.
    """
    amounts = {
        name: None if (value := getattr(row, name)) is None else str(value.amount)
        for name in ("register", "run", "journal", "ledger")
    }
    return {
        "company": row.company,
        "what": row.what,
        **amounts,
        "difference": str(row.difference.amount),
        "instead_of_posted": row.stand_in,
    }


def show_tie_out(rows: Iterable[TieRow], books: Sequence[str]) -> None:
    """The table of a reconciliation; `books` are the titles of what is compared."""
    known = list(rows)
    shown = [
        (
            "All companies" if r.company == "*" else r.company,
            label(r.what),
            *("–" if v is None else v.amount for v in (r.register, r.run, r.journal, r.ledger)),
            r.difference.amount,
        )
        for r in known
    ]
    currencies = ", ".join(dict.fromkeys(r.run.currency for r in known)) or "no figures"
    table(
        f"Reconciliation, {currencies} (– = not reported by this system)",
        ["Company", "", *books, "Difference"],
        shown,
        right=range(2, 7),
    )
    for text in dict.fromkeys(row.stand_in for row in known if row.stand_in):
        out.print(f"{books[-1]}: posted entries were not compared, only {text}.", markup=False)
