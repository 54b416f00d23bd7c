"""Precoro: approved supplier invoices and credit notes, and what became of them. README.md and quality.toml
list what it can and cannot do.
"""

from ml_connector.connectors.precoro.connector import CONNECTOR

__all__ = ["CONNECTOR"]
