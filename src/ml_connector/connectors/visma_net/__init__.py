"""Visma.net ERP: general ledger batches, kept on hold until proven. What it can and cannot do stands in
README.md and quality.toml.
"""

from ml_connector.connectors.visma_net.connector import CONNECTOR

__all__ = ["CONNECTOR"]
