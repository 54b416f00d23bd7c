"""The purchase side of a division, put together: opened by the flows that need it, and by no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from ml_connector.connectors.exact_online.attachments import ExactAttachments
from ml_connector.connectors.exact_online.client import ExactClient
from ml_connector.connectors.exact_online.divisions import Divisions
from ml_connector.connectors.exact_online.dossiers import Documents, ExactDossiers
from ml_connector.connectors.exact_online.ledger import ExactLedger
from ml_connector.connectors.exact_online.lists import ExactLists
from ml_connector.connectors.exact_online.new_suppliers import ExactNewSuppliers
from ml_connector.connectors.exact_online.payments import ExactPayments
from ml_connector.connectors.exact_online.purchase_entries import ExactPurchases
from ml_connector.connectors.exact_online.purchases import ExactPurchaseFacts, VatCodes
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.connectors.exact_online.supplier_register import ExactSuppliers
from ml_connector.connectors.exact_online.suppliers import Suppliers
from ml_connector.domain.list_value import ListValue
from ml_connector.domain.payment import Settlement
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseChart, PurchaseEntry
from ml_connector.domain.supplier import NewSupplier, Supplier
from ml_connector.ports.storage import Files
from ml_connector.ports.systems import Wiring

Made = Mapping[type[Any], Callable[[], Any]]


class Purchasing:
    """What the parts share: suppliers and VAT codes are remembered once."""

    def __init__(
        self, options: Options, wiring: Wiring, client: ExactClient, divisions: Divisions, ledger: ExactLedger
    ) -> None:
        self._options, self._wiring, self._client = options, wiring, client
        self._divisions, self._ledger = divisions, ledger
        self._suppliers, self._vat = Suppliers(client), VatCodes(client)

    def _files(self) -> Files | None:
        return self._wiring.files() if self._wiring.files is not None else None

    def sinks(self) -> Made:
        """Where purchase entries, their documents and files are written."""
        documents = Documents(self._options, self._client)
        return {
            PurchaseEntry: lambda: ExactPurchases(
                self._options, self._client, self._divisions, self._ledger, self._suppliers, self._vat
            ),
            Dossier: lambda: ExactDossiers(self._options, documents, self._suppliers),
            NewSupplier: lambda: ExactNewSuppliers(self._options, self._client, self._kept),
            Attachment: lambda: ExactAttachments(self._options, documents, self._files()),
        }

    @cached_property
    def _kept(self) -> ExactSuppliers:
        return ExactSuppliers(
            divisions=self._options.divisions,
            client=self._client,
            clock=self._wiring.clock,
            settle_seconds=self._options.settle_seconds,
        )

    def registers(self) -> Made:
        """Where suppliers are kept."""
        return {Supplier: lambda: self._kept}

    def sources(self) -> Made:
        """The facts that purchase entries are checked with, the lists that documents choose from,
        suppliers, and what is settled of entries.
        """
        return {
            **self.registers(),
            Settlement: lambda: ExactPayments(self._client, self._divisions, self._ledger),
            ListValue: lambda: ExactLists(
                client=self._client,
                clock=self._wiring.clock,
                divisions=self._options.divisions,
                vat=self._vat,
                suppliers=lambda: self._kept,
            ),
            PurchaseChart: lambda: ExactPurchaseFacts(
                self._client, self._wiring.clock, self._divisions, self._ledger, self._suppliers, self._vat
            ),
        }
