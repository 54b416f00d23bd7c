"""Which invoices of a procurement system were taken up and are not booked yet."""

from __future__ import annotations

from collections.abc import Iterator

from ml_connector.domain import codec
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.ports.runs import RunState
from ml_connector.store.models import Flow, Run
from ml_connector.store.runs import StoredArtifacts

INVOICES = "supplier_invoices"
WAITING = (RunState.READY, RunState.RUNNING, RunState.WAITING, RunState.HELD, RunState.AWAITING_APPROVAL)


def invoices_waiting(flow: Flow) -> Iterator[SupplierInvoice]:
    """Of the target of the flow, as they were read last, the oldest first. One that no run has read yet is
    not known.
    """
    runs = Run.objects.filter(
        organisation=flow.organisation,
        flow=INVOICES,
        settings__source=flow.target,
        state__in=WAITING,
        dry=False,
    ).order_by("number")
    artifacts = StoredArtifacts()
    for run in runs.values_list("id", flat=True):
        text = artifacts.newest(run, "read", "invoice")
        if text is not None and isinstance(found := codec.decode(text), SupplierInvoice):
            yield found
