"""Findity: approved expense reports as vouchers, and what became of them. README.md and quality.toml list
what it can and cannot do.
"""

from ml_connector.connectors.findity.connector import CONNECTOR

__all__ = ["CONNECTOR"]
