"""Expense intake: the approved expense reports that a client's programs sent to us, and what became of them.
README.md and quality.toml list what it can and cannot do.
"""

from ml_connector.connectors.intake.connector import CONNECTOR

__all__ = ["CONNECTOR"]
