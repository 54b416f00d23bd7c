"""UKG Pro: pay runs from the general ledger, Third-Party Pay or the flat file. README.md and quality.toml
list what it can and cannot do.
"""

from ml_connector.connectors.ukg_pro.connector import CONNECTOR

__all__ = ["CONNECTOR"]
