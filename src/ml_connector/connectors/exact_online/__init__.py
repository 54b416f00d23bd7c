"""Exact Online: general journal entries, read back line by line. What it can and cannot do stands in
README.md and quality.toml.
"""

from ml_connector.connectors.exact_online.connector import CONNECTOR

__all__ = ["CONNECTOR"]
