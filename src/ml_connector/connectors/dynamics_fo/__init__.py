"""Dynamics 365 Finance & Operations: general journals, posted by its own job. What it can and cannot do
stands in README.md and quality.toml.
"""

from ml_connector.connectors.dynamics_fo.connector import CONNECTOR

__all__ = ["CONNECTOR"]
