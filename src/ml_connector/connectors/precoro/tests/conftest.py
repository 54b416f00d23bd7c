"""A company in Precoro, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stamina

from ml_connector.connectors.precoro import CONNECTOR
from ml_connector.connectors.precoro.invoices import PrecoroInvoices
from ml_connector.connectors.precoro.tests.company import EMAIL, KEY, Company
from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.ports.systems import System, Wiring

BASE_URL = "http://127.0.0.1:9107"


@dataclass
class Connected:
    """The company, and what the product has of it."""

    company: Company
    wiring: Wiring
    settings: dict[str, str]

    @property
    def clock(self) -> VirtualClock:
        return self.company.clock

    @property
    def system(self) -> System:
        """The connection, remembering nothing."""
        return CONNECTOR.open(self.settings, self.wiring)

    @property
    def source(self) -> PrecoroInvoices:
        found = self.system.source(SupplierInvoice)
        assert isinstance(found, PrecoroInvoices)
        return found

    def read(self, invoice: dict[str, Any]) -> SupplierInvoice:
        """The invoice by the reference that a list gives it."""
        source = self.source
        refs = source.changed("", self.clock.now().replace(hour=0)).found
        (ref,) = (each for each in refs if each.invoice == str(invoice["id"]))
        return source.invoice(ref.reference)

    def calls(self) -> list[str]:
        """What was asked so far."""
        return [f"{each.method} {each.url.raw_path.decode()}" for each in self.company.asked]


@pytest.fixture
def connect() -> Callable[..., Connected]:
    """A company without invoices, connected with these settings."""

    def made(**settings: str) -> Connected:
        clock = VirtualClock()
        company = Company(clock)
        wiring = memory_wiring(clock=clock, secrets={"token": KEY}, wire=company)
        return Connected(company, wiring, {"base_url": BASE_URL, "email": EMAIL, **settings})

    return made


@pytest.fixture
def it(connect: Callable[..., Connected]) -> Connected:
    """A connected company."""
    return connect()


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are not repeated, and nobody pauses but for the vendor's limits."""
    with stamina.set_testing(True):
        yield
