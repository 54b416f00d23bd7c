"""UKG Pro: pay runs from the general ledger, Third-Party Pay or the flat file. What it can and cannot do
stands in README.md and quality.toml.
"""

from ml_connector.connectors.ukg_pro.connector import CONNECTOR

__all__ = ["CONNECTOR"]
