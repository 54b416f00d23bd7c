"""Exact Online: general journal entries, read back line by line. README.md and quality.toml list what it can
and cannot do.
"""

from ml_connector.connectors.exact_online.connector import CONNECTOR

__all__ = ["CONNECTOR"]
