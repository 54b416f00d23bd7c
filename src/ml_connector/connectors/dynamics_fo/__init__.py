"""Dynamics 365 Finance & Operations: general journals, posted by its own job. README.md and quality.toml list
what it can and cannot do.
"""

from ml_connector.connectors.dynamics_fo.connector import CONNECTOR

__all__ = ["CONNECTOR"]
