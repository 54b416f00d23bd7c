"""A report from being written to being in the ledger.

DRAFT ─submit─► SUBMITTED ─approve─► READY_TO_SEND ─export─► TRANSFER ─every voucher booked─► SENT

one voucher failed, or the webhook was not taken    TRANSFER ─► READY_TO_SEND
rejected, or taken back before it is exported       SUBMITTED, READY_TO_SEND ─► DRAFT
opened again                                        SENT ─► DRAFT, the next revision
"""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.findity import vouchers
from ml_connector_sandbox.systems.findity.answers import Refused
from ml_connector_sandbox.systems.findity.book import Book

DRAFT, SUBMITTED, READY, TRANSFER, SENT = "DRAFT", "SUBMITTED", "READY_TO_SEND", "TRANSFER", "SENT"
EDITABLE = (DRAFT, SUBMITTED, READY)
UNPROCESSED, PROCESSED, RETURNED = "UNPROCESSED", "PROCESSED", "RETURNED"
_STEPS = {
    "submit": ((DRAFT,), SUBMITTED),
    "approve": ((DRAFT, SUBMITTED), READY),
    "reject": ((SUBMITTED,), DRAFT),
    "take_back": ((SUBMITTED, READY), DRAFT),
    "reopen": ((SENT,), DRAFT),
}


def step(book: Book, report: Row, name: str) -> None:
    """One step that a person takes; `ValueError` where it cannot be taken."""
    allowed, after = _STEPS[name]
    if report["status"] not in allowed:
        raise ValueError(f"report {report['number']} is {report['status']}")
    if name in ("submit", "approve") and not report["expenses"]:
        raise ValueError(f"report {report['number']} has no expense")
    report["status"] = after
    if name == "approve":
        report.update(approved_at=book.now(), approved_by="Approver", message=None)
    if name == "reopen":
        report["revision"] += 1


def editable(report: Row) -> Row:
    """The same report; `ValueError` while nobody may edit it."""
    if report["status"] not in EDITABLE:
        raise ValueError(f"report {report['number']} is {report['status']}: nobody can edit it")
    return report


def export(
    book: Book, switches: Switches, organization: Row, reports: Sequence[Row], grouping: str | None = None
) -> Row:
    """Send these reports together; `ValueError` where one is not ready, or there is none."""
    waiting = [report["number"] for report in reports if report["status"] != READY]
    if waiting or not reports:
        raise ValueError(
            f"report {waiting[0]} is not READY_TO_SEND" if waiting else "no report is READY_TO_SEND"
        )
    chosen = grouping or organization["grouping"]
    if chosen not in vouchers.GROUPINGS:
        raise ValueError(f"grouping: one of {', '.join(vouchers.GROUPINGS)}")
    made = book.add(
        "exports",
        {
            "organization": organization["id"],
            "grouping": chosen,
            "made_at": book.now(),
            "status": UNPROCESSED,
            "reports": [report["id"] for report in reports],
            "vouchers": [],
            "of_report": {},
            "pending": 0,
            "webhook": None,
        },
    )
    vouchers.make(book, switches, made, reports)
    for report in reports:
        report["status"] = TRANSFER
    for report in reports:
        if report["id"] not in made["of_report"]:
            _finish(book, made, report)
    if not made["vouchers"]:
        made["status"] = PROCESSED
    return made


def answer(
    book: Book, switches: Switches, voucher: Row, status: str, message: str | None, reference: str | None
) -> None:
    """What became of a voucher in the ledger; `Refused` where that cannot be told any more."""
    held = book.tables["exports"][voucher["export"]]
    if voucher["status"] == status and switches["status_again"] == "taken":
        voucher["answers"] += 1
        return
    if held["status"] != UNPROCESSED or voucher["status"] != vouchers.PENDING:
        raise Refused(409, "The voucher is no longer in transfer")
    voucher.update(status=status, message=message, reference=reference, answered_at=book.now())
    voucher["answers"] += 1
    held["pending"] -= 1
    for part in voucher["reports"]:
        report = book.tables["reports"][part["id"]]
        if status == vouchers.BOOKED:
            _booked(report, held, voucher)
        _finish(book, held, report)
    if not held["pending"]:
        held["status"] = PROCESSED


def come_back(book: Book, held: Row) -> None:
    """The webhook of an export was not taken: its reports are ready to be sent again."""
    if held["status"] != UNPROCESSED or held["pending"] != len(held["vouchers"]):
        return
    held["status"] = RETURNED
    for key in held["reports"]:
        _ready(book.tables["reports"][key], "The integration did not take it")


def _finish(book: Book, held: Row, report: Row) -> None:
    """Move a report all of whose vouchers have a status."""
    own = [book.tables["vouchers"][key] for key in held["of_report"].get(report["id"], ())]
    if report["status"] != TRANSFER or any(row["status"] == vouchers.PENDING for row in own):
        return
    failed = next((row for row in own if row["status"] == vouchers.FAILED), None)
    if failed:
        _ready(report, failed["message"] or "The integration could not book it")
    else:
        _sent(book, report, held, own)


def _ready(report: Row, message: str) -> None:
    report.update(status=READY, message=message)
    report["returns"] += 1


def _sent(book: Book, report: Row, held: Row, own: Sequence[Row]) -> None:
    """The report is in the ledger, with the expenses it had when it was exported and no others."""
    report.update(status=SENT, sent_at=book.now(), message=None, booked={})
    for voucher in own:
        _booked(report, held, voucher)


def _booked(report: Row, held: Row, voucher: Row) -> None:
    """These expenses of a report are in the ledger, though others of it may not be."""
    mine = set(report["expenses"])
    for expense in voucher["expenses"]:
        if expense["id"] in mine:
            report["booked"][expense["id"]] = {
                **expense,
                "export": held["id"],
                "revision": report["revision"],
            }
