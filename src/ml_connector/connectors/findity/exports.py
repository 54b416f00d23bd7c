"""Exports and their vouchers, and the reports in them as they are told of: what one status counts for.

    export → voucher → rows, reports, expenses

A voucher of one report is told of with all others of that report, which grouping by expense makes. One that
adds up several reports of a user cannot be told of in parts, so these reports are one here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_connector.connectors.findity.client import FindityClient, unreadable
from ml_connector.connectors.findity.names import EXPORT_ID
from ml_connector.connectors.findity.wire import Record
from ml_connector.domain.expense import ReportState
from ml_connector.errors import VendorChanged
from ml_connector.ports.expenses import ReportRef, ReportStatus

SEVERAL = "several-"
"""Begins the id of several reports that are one voucher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export. `waits`: not every voucher has a status yet; `returned`: it was taken back."""

    organization: str
    id: str
    created_at: datetime
    waits: bool
    returned: bool

    @property
    def key(self) -> str:
        """As `ReportRef.export` has it."""
        return f"{self.organization}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Vouchers of one export that are one report. `report` is its id, `approved_at` when the last of its
    reports was approved.
    """

    export: Export
    report: str
    approved_at: datetime
    vouchers: tuple[Record, ...]
    status: str

    @property
    def key(self) -> str:
        """Of the report, whatever was approved."""
        return f"{self.export.organization}/{self.report}"

    @property
    def reference(self) -> str:
        """Of this approval. The export is not in it: one that is taken back comes again in another one."""
        return f"{self.key}/{self.approved_at:%Y%m%dT%H%M%S%f}"

    @property
    def ref(self) -> ReportRef:
        """As a list shows it."""
        return ReportRef(
            reference=self.reference,
            report=self.key,
            export=self.export.key,
            state=ReportState.APPROVED,
            changed_at=self.export.created_at,
            status=self.status,
        )


def read_exports(findity: FindityClient, organization: str) -> list[Export]:
    """Every export of an organization, the oldest first."""
    path = findity.names.path("exports", organization=organization)
    try:
        found = [_export(row, organization) for row in findity.every(path, EXPORT_ID)]
    except ValueError as error:
        raise unreadable(path, error) from error
    return sorted(found, key=lambda export: export.created_at)


def _export(row: Record, organization: str) -> Export:
    status, names = row.needed("status"), row.names
    known = {names[f"value_{name}"]: name for name in ("unprocessed", "processed", "returned")}
    if status not in known:
        raise ValueError(f"{names['status']} of an export is {status!r}, which is none of {', '.join(known)}")
    return Export(
        organization=organization,
        id=row.known(EXPORT_ID),
        created_at=row.moment("created_date"),
        waits=known[status] == "unprocessed",
        returned=known[status] == "returned",
    )


def read_units(findity: FindityClient, export: Export) -> list[Unit]:
    """The reports of an export, in the order of their first vouchers. Raises `NotFound` for an export that is
    not there any more.
    """
    path = findity.names.path("vouchers", organization=export.organization, export=export.id)
    vouchers = findity.every(path, findity.names["voucher_id"])
    try:
        return [*units(export, vouchers)]
    except ValueError as error:
        raise unreadable(path, error) from error


def units(export: Export, vouchers: Sequence[Record]) -> Iterator[Unit]:
    """Vouchers put together by what is told of together. Raises `ValueError` for what cannot be read."""
    together: dict[str, list[Record]] = {}
    approved: dict[str, datetime] = {}
    for voucher in vouchers:
        reports = voucher.parts("reports")
        if not reports:
            raise ValueError(f"a voucher has no {voucher.names['reports']}")
        key = report_id([report.needed("report_id") for report in reports])
        together.setdefault(key, []).append(voucher)
        moments = [report.moment("approved_date") for report in reports]
        approved[key] = max([*moments, *((approved[key],) if key in approved else ())])
    for key, found in together.items():
        status = status_of(found)
        yield Unit(export=export, report=key, approved_at=approved[key], vouchers=tuple(found), status=status)


def report_id(reports: Sequence[str]) -> str:
    """The id of one report; of several the name of these and no others."""
    if len(set(reports)) == 1:
        return reports[0]
    joined = "\n".join(sorted(set(reports)))
    return SEVERAL + hashlib.sha256(joined.encode()).hexdigest()[:24]


def status_of(vouchers: Sequence[Record]) -> str:
    """What Findity was told of all of these: nothing as long as one waits, and failed where one did."""
    names = vouchers[0].names
    known = {names["value_pending"]: "", names["value_booked"]: "booked", names["value_failed"]: "failed"}
    found = [voucher.needed("status") for voucher in vouchers]
    if unknown := sorted({status for status in found if status not in known}):
        raise ValueError(f"{names['status']} of a voucher is {unknown[0]!r}, none of {', '.join(known)}")
    told = {known[status] for status in found}
    if "" in told:
        return ""
    return ReportStatus.FAILED if "failed" in told else ReportStatus.BOOKED


def one_organization(key: str) -> tuple[str, str]:
    """Organization and the rest of a key. Raises `VendorChanged` for one that is none of ours."""
    organization, found, rest = key.partition("/")
    if not (organization and found and rest):
        raise VendorChanged(f"{key!r} names nothing in Findity.", where=key)
    return organization, rest
