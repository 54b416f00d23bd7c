"""What is booked of something already, as flows speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.proposal import Net
from ml_connector.ports.commits import CommitRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What one commit of another run has booked for our subjects: the lines, or parts, that pay for them."""

    row: CommitRow
    entry: JournalEntry
    net: Net

    @property
    def number(self) -> str:
        """The number that people know the document by."""
        return document_number(self.row)


def document_number(row: CommitRow) -> str:
    """The number that people know a commit's document by; its key where it has none."""
    receipt = codec.decode(row.receipt) if row.receipt else None
    return receipt.number if isinstance(receipt, Receipt) else row.key
