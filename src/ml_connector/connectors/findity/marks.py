"""What Findity is told of a report: each voucher of it gets the same status and text."""

from __future__ import annotations

from collections.abc import Callable

from ml_connector.connectors.findity import faults
from ml_connector.connectors.findity.client import FindityClient, unreadable
from ml_connector.connectors.findity.exports import Unit, status_of
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused
from ml_connector.ports.expenses import ReportStatus

TEXT_MAX = 500
"""Characters for people; how many Findity takes is not published."""


class FindityMarks:
    """As `ports.expenses.ExpenseMarks`. `find` gives the report by its reference, read afresh."""

    def __init__(self, findity: FindityClient, find: Callable[[str], Unit]) -> None:
        self._findity, self._find = findity, find

    def assigned(self, reference: str) -> str:
        """What Findity was told; empty as long as one voucher waits."""
        return self._find(reference).status

    def assign(self, reference: str, value: str, text: str = "") -> None:
        """Tell it of every voucher. Those that have the status already are told again, for the text; where
        one of several was not reached the next try tells all.
        """
        unit, names = self._find(reference), self._findity.names
        booked = value == ReportStatus.BOOKED
        try:
            told = [status_of([voucher]) for voucher in unit.vouchers]
        except ValueError as error:
            raise unreadable(unit.key, error) from error
        wanted = ReportStatus.BOOKED if booked else ReportStatus.FAILED
        if any(status and status != wanted for status in told):
            raise _too_late(unit, wanted)
        body = {names["status"]: names["value_booked" if booked else "value_failed"]}
        if text:
            body[names["message"]] = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
        for voucher, status in zip(unit.vouchers, told, strict=True):
            path = names.path(
                "voucher_status",
                organization=unit.export.organization,
                export=unit.export.id,
                voucher=voucher.needed("voucher_id"),
            )
            try:
                self._findity.write(names["method_status"], path, body)
            except Refused as error:
                if error.problem.code != faults.CONFLICT:
                    raise
                if status != wanted:  # one that has it already may refuse to be told again
                    raise _too_late(unit, wanted) from error


def _too_late(unit: Unit, wanted: str) -> Refused:
    text = (
        f"Findity takes no answer any more that report {unit.report} is {wanted}: it was told otherwise, or"
        " took the export back. Look at the report there; if it is sent again it is not booked twice."
    )
    return Refused(text, where=f"report {unit.reference}", owner=Owner.EXPENSES, code="expense.status")
