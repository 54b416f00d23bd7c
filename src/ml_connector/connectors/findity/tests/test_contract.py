"""The contract suite of sources of expense reports on the simulator."""

from __future__ import annotations

import httpx2
import pytest

from ml_connector.connectors.findity.tests.simulated_world import SimulatedOrganization
from ml_connector.contract.expense_world import SPENT
from ml_connector.contract.expenses import ExpenseSourceContract, RemoteExpenseClaims
from ml_connector.contract.world import LOST_AFTER


class ToldInParts(SimulatedOrganization):
    """Where a report is several vouchers, the answer to the last of them is the one that is lost."""

    def fail_next(self, fault: str) -> None:
        if fault != LOST_AFTER:
            super().fail_next(fault)
            return
        left = [*SPENT]

        def lose(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
            if request.method == "PUT" and left:
                left.pop()
                if not left:
                    raise httpx2.ReadError("lost")
            return response

        self.wire.after = lose


class TestExpenses(ExpenseSourceContract, RemoteExpenseClaims):
    """Vouchers per report with a row for each expense."""

    @pytest.fixture
    def world(self) -> SimulatedOrganization:
        """As the simulator is by itself."""
        return SimulatedOrganization()


class TestOneVoucherForEachExpense(ExpenseSourceContract, RemoteExpenseClaims):
    """A report is several vouchers, and each is told of."""

    @pytest.fixture
    def world(self) -> SimulatedOrganization:
        """With another grouping."""
        return ToldInParts(grouping="EXPENSE")


class TestOtherForms(ExpenseSourceContract, RemoteExpenseClaims):
    """What the public material leaves open, the other way: bare lists, amounts as text, credits below nought,
    receipts in base64, an export that was taken back is gone, the same status is refused.
    """

    @pytest.fixture
    def world(self) -> SimulatedOrganization:
        """With other switches."""
        other = {"list_as": "array", "money_as": "text", "row_amounts": "signed", "status_again": "refused"}
        return SimulatedOrganization(switches={**other, "attachment_download": "base64"})


class TestCents(ExpenseSourceContract, RemoteExpenseClaims):
    """Amounts in cents, receipts by a link, and other names for paths and fields."""

    @pytest.fixture
    def world(self) -> SimulatedOrganization:
        """With switches that the connection has settings for."""
        called = {
            "name_voucher_id": "id",
            "value_booked": "DONE",
            "path_exports": "/organizations/{organization}/bookings",
            "parameter_size": "limit",
            "page_by": "offset",
        }
        names = (
            "report_number=title, voucher_id=id, value_booked=DONE, page_size=limit,"
            " path_exports=/organizations/{organization}/bookings"
        )
        switches = {"money_as": "cents", "attachment_download": "url", **called}
        return SimulatedOrganization(switches=switches, amounts="cents", names=names, paging="offset")
