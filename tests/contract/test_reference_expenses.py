"""The reference source of expense reports keeps every claim of the suite, and each fault breaks one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.contract.expense_world import SPENT, Spent
from ml_connector.contract.expenses import CanceledReportsClaims, ExpenseSourceContract, RemoteExpenseClaims
from ml_connector.contract.memory import VirtualClock
from ml_connector.contract.reference_expenses import ReferenceExpenses, ReferenceReports
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.expense import (
    DistanceUnit,
    ExpenseLine,
    ExpenseReport,
    Mileage,
    PaidWith,
    PerDiem,
    ReceiptFile,
    ReportState,
    Vehicle,
)
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import total
from ml_connector.domain.money import Money
from ml_connector.errors import OutcomeUnknown


class World:
    """The reference reports in the words of the suite."""

    axes = ("account", "cost_center")
    says = frozenset({"mileage", "per_diem", "paid_with"})

    def __init__(
        self, *, together: bool = True, source: Callable[..., ReferenceExpenses] = ReferenceExpenses
    ) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 20, 9, 0, tzinfo=UTC))
        self.vendor = ReferenceReports(clock=self.clock, together=together)
        self.together, self._source = together, source

    @property
    def source(self) -> ReferenceExpenses:
        return self._source(self.vendor)

    def codes(self, axis: str) -> Sequence[str]:
        return {"account": ("4500", "4700"), "cost_center": ("100", "200")}[axis]

    def write(self, number: str, spent: Sequence[Spent] = SPENT) -> str:
        report = f"R{len(self.vendor.kept)}"
        self._put(report, number, spent, ReportState.OPEN)
        return report

    def _put(
        self, report: str, number: str, spent: Sequence[Spent], state: ReportState, revision: int = 1
    ) -> None:
        lines = tuple(self._line(report, at, each) for at, each in enumerate(spent))
        self.vendor.put(
            ExpenseReport(
                reference="",
                report=report,
                number=number,
                state=state,
                revision=revision,
                company="NL01",
                employee=f"emp-{report}",
                currency="EUR",
                approved_at=self.clock.now(),
                gross=total((line.gross for line in lines), "EUR"),
                lines=lines,
            )
        )

    def _line(self, report: str, at: int, spent: Spent) -> ExpenseLine:
        money = Money.parse(spent.gross, "EUR")
        vat = StatedVat(tax="high", amount=Money.parse(spent.vat or "0", "EUR"), percentage=Decimal(21))
        drive = Mileage(
            distance=Decimal(spent.distance or 0),
            unit=DistanceUnit.KM,
            rate=Decimal(spent.rate or 0),
            vehicle=Vehicle.PRIVATE_CAR,
        )
        days = PerDiem(days=Decimal(spent.days or 0), rate=Decimal(spent.rate or 0))
        key = f"{report}-{at}-receipt"
        self.vendor.files[key] = b"%PDF"
        return ExpenseLine(
            number=f"{report}-{at}",
            date=self.clock.now().date(),
            gross=money,
            paid_with=PaidWith.COMPANY_CARD if spent.by_card else PaidWith.OWN_MONEY,
            taxes=(vat,) if spent.vat else (),
            codes=dimensions(dict(zip(self.axes, spent.codes, strict=False))),
            mileage=drive if spent.distance else None,
            per_diem=days if spent.days else None,
            files=() if spent.rate else (ReceiptFile(key=key, name="photo.jpg"),),
        )

    def hand_over(self, *reports: str) -> None:
        self.vendor.hand_over(*reports)

    def take_back(self, report: str, spent: Sequence[Spent]) -> None:
        before = self.vendor.kept[report].report
        self._put(report, before.number, spent, ReportState.TAKEN_BACK, before.revision)

    def cancel(self, report: str) -> None:
        self.vendor.put(replace(self.vendor.kept[report].report, state=ReportState.CANCELED))

    def attach(self, report: str, name: str, content: bytes) -> None:
        key = f"file {len(self.vendor.files)}"
        self.vendor.files[key] = content
        of = self.vendor.kept[report].report
        first, *rest = of.lines
        more = replace(first, files=(*first.files, ReceiptFile(key=key, name=name)))
        self.vendor.put(replace(of, lines=(more, *rest)))

    def unknown(self) -> tuple[str, str]:
        return "R999:1", "X999"

    def status(self, reference: str) -> str:
        return self.vendor.told.get(reference, ("", ""))[0]

    def noted(self, reference: str) -> str:
        return self.vendor.told.get(reference, ("", ""))[1]

    def many(self) -> int:
        return 8

    def edit_while_read(self, report: str) -> None:
        left = [report]
        self.vendor.before_page = lambda: self.vendor.touch(left.pop()) if left else None

    def break_lists(self) -> None:
        def broken() -> None:
            raise OutcomeUnknown("No answer came back.", where="network")

        self.vendor.before_page = broken

    def fail_next(self, fault: str) -> None:
        self.vendor.fault = fault

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def writes(self) -> int:
        return self.vendor.writes


class TestTogether(ExpenseSourceContract, RemoteExpenseClaims, CanceledReportsClaims):
    """Reports that are handed over at once are one export."""

    @pytest.fixture
    def world(self) -> World:
        return World()


class TestAlone(ExpenseSourceContract, RemoteExpenseClaims, CanceledReportsClaims):
    """Each report is handed over by itself."""

    @pytest.fixture
    def world(self) -> World:
        return World(together=False)


# --- the suite finds what is wrong --------------------------------------------------------------------------


class Careless(ReferenceExpenses):
    """Reads a list once, whatever happens meanwhile."""

    def _read(self) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(self._vendor.rows()), 3):
            if start:
                self._vendor.before_page()
            found += self._vendor.rows()[start : start + 3]
        return found


class Late(ReferenceExpenses):
    """Looks without an overlap, from a moment after it was asked."""

    def changed(self, cursor: str, since: datetime) -> Any:
        found = super().changed("", since)
        start = datetime.fromisoformat(cursor) if cursor else since
        return replace(found, found=tuple(ref for ref in found.found if ref.changed_at >= start))


class Loose(ReferenceExpenses):
    """Gives a report as it is now, whatever was asked for."""

    def report(self, reference: str) -> ExpenseReport:
        return replace(self._vendor.kept[reference.partition(":")[0]].report, reference=reference)


class Partial(ReferenceExpenses):
    """Leaves the last report of an export out."""

    def exported(self, export: str) -> Any:
        found = super().exported(export)
        return found[:-1] if len(found) > 1 else found


class Eager(ReferenceExpenses):
    """Finds what waits as well."""

    def unmarked(self, since: datetime) -> Any:
        yield from super().unmarked(since)
        for kept in self._vendor.kept.values():
            if kept.handed_at is None:
                yield self._ref(kept)


class Forgetful(ReferenceExpenses):
    """Tells a vendor anything."""

    def __init__(self, vendor: ReferenceReports) -> None:
        super().__init__(vendor)
        self.marks.assign = vendor.tell  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        (Careless, "what_is_edited_while_the_list_is_read_hides_nothing"),
        (Late, "what_changes_while_it_is_looked_for_is_found_by_the_next_look"),
        (Loose, "a_report_that_was_approved_again_is_not_read_as_before"),
        (Partial, "an_export_is_whole"),
        (Eager, "what_nothing_was_told_of_is_found_whatever_the_cursor"),
        (Forgetful, "what_is_booked_is_never_said_to_have_failed"),
    ],
)
def test_a_source_with_a_fault_breaks_a_claim(source: Callable[..., ReferenceExpenses], claim: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(TestTogether(), f"test_{claim}")(World(source=source))
