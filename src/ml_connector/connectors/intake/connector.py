"""The intake as a connector: it has no settings, because what it reads was sent to this installation."""

from __future__ import annotations

from ml_connector.ports.systems import System, Wiring
from ml_connector.transport.settings import Product


def connect(_: object, wiring: Wiring) -> System:
    """The system; its parts are imported when one is opened."""
    from ml_connector.connectors.intake.system import open_system

    return open_system(wiring)


CONNECTOR = Product(
    slug="intake", title="Expense intake", settings=(), read=lambda *_: (None, []), connect=connect
)
