"""Findity as a connector: its settings, and how a connection is opened."""

from __future__ import annotations

from ml_connector.connectors.findity.settings import SETTINGS, Options, read
from ml_connector.ports.systems import System, Wiring
from ml_connector.transport.settings import Product


def connect(options: Options, wiring: Wiring) -> System:
    """The system behind checked options; its parts are imported when one is opened."""
    from ml_connector.connectors.findity.system import open_system

    return open_system(options, wiring)


CONNECTOR = Product(slug="findity", title="Findity", settings=SETTINGS, read=read, connect=connect)
