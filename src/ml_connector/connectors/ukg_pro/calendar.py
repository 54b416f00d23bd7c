"""The pay periods of UKG as what runs are expected for: one call. A regular payroll and an off-cycle one of
the same days are told apart by their period controls, and a pay date that moves moves what is due.
"""

from __future__ import annotations

from datetime import date

from ml_connector.connectors.ukg_pro import client, recheck, wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.domain.expected import Expected
from ml_connector.errors import VendorChanged


class UkgCalendar:
    """As `ports.calendar.Calendar`, for runs of the general ledger."""

    def __init__(self, ukg: UkgClient) -> None:
        self._ukg = ukg

    def planned(self, since: date, until: date) -> tuple[Expected, ...]:
        """By pay date, then pay group."""
        found = []
        for period in self._ukg.rows(client.PAY_PERIODS, wire.PayPeriodRow):
            try:
                due = wire.day(period.payDate)
            except ValueError as error:
                text = f"Pay period {period.periodControl} of {period.payGroup} has no date: {error}."
                raise VendorChanged(text, where=client.PAY_PERIODS) from error
            if since <= due <= until:
                closed = recheck.is_closed(period)
                subject = recheck.subject_of(period)
                found.append(Expected(subject=subject, group=period.payGroup, due=due, closed=closed))
        return tuple(sorted(found, key=lambda one: (one.due, one.group, one.subject)))
