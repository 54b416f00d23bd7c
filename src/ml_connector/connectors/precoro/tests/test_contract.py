"""The contract suite of invoice sources on the simulator."""

from __future__ import annotations

import pytest

from ml_connector.connectors.precoro.tests.simulated_world import SimulatedCompany
from ml_connector.contract.invoices import InvoiceSourceContract


class TestInvoices(InvoiceSourceContract):
    """A company that keeps accounts and cost units at lines, in the newer form of paging."""

    @pytest.fixture
    def world(self) -> SimulatedCompany:
        """With the vendor's limits of calls."""
        return SimulatedCompany()


class TestOlderForms(InvoiceSourceContract):
    """The same in the older form of paging, with the older name of a parent, dates with dots, amounts as
    text, negative credit notes, approvals that stay in a revision, and files in base64.
    """

    @pytest.fixture
    def world(self) -> SimulatedCompany:
        """With the vendor's limits of calls."""
        older = {"paging": "old", "money": "text", "parent_as": "parentIdn", "credit_note_sums": "negative"}
        more = {
            "attachment_download": "base64",
            "revision_clears_approval_date": False,
            "unset_reference": "null",
        }
        return SimulatedCompany(switches={**older, **more}, date_filters="dotted")
