"""Visma.net ERP: general ledger batches, kept on hold until proven. README.md and quality.toml list what it
can and cannot do.
"""

from ml_connector.connectors.visma_net.connector import CONNECTOR

__all__ = ["CONNECTOR"]
