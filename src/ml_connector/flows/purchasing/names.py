"""What the documents of an invoice are called: their numbers, texts and commit keys.

A key is made of what the document says of the invoice, and ends with a revision. A document that says the
same as the newest one keeps its key; any other is the next revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.domain.invoice_number import fitted, normal
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseEntry
from ml_connector.ports.commits import Commits

INVOICE, PAPERS, FILE = "invoice:", "papers:", "invoice-file:"
"""Beginning of the commit keys of an entry, of the document with its files, and of each file."""
NUMBER_LETTERS, SHOWN = 30, 10
D = TypeVar("D", PurchaseEntry, JournalEntry, Dossier, Attachment)


def numbered(commits: Commits, family: str, made: Callable[[str], D]) -> D:
    """The document under the key of its newest revision where it says the same, else of the next one."""
    keys = {row.key: CommitKey.parse(row.key) for row in commits.of_reference(f"{family}:")}
    rows = {key.revision: commits.get(text) for text, key in keys.items() if key.family == family}
    newest = max(rows, default=0)
    row = rows.get(newest)
    if row is not None and not row.reversed_by:
        document = made(row.key)
        if codec.fingerprint(document) == row.fingerprint:
            return document
    return made(str(CommitKey(family, 0, newest + 1)))


def supplier_links(connection: str, entity: str) -> str:
    """Under which the links of suppliers of a source with those of a legal entity are kept."""
    return f"supplier {connection} {entity}"


def number_of(invoice: SupplierInvoice) -> str:
    """The supplier's number; one made of the source's id where people entered that there is none."""
    return invoice.number.strip() if normal(invoice.number) else f"ID {invoice.identity}"


def cut_texts(invoice: SupplierInvoice, length: int, line_length: int | None) -> Iterator[str]:
    """What of the invoice's texts the ledger has no room for, for whoever looks at the proposal."""
    title = f"{number_of(invoice)} {invoice.title}".strip()
    if len(title) > len(text_of(invoice, length)):
        yield f"its title and number are cut to {text_of(invoice, length)!r}, because {length} characters fit"
    long = [
        str(number)
        for number, line in enumerate(invoice.lines, 1)
        if line_length is not None and len(line.text) > line_length
    ]
    if long:
        shown = ", ".join(long[:SHOWN]) + (f" and {len(long) - SHOWN} more" if len(long) > SHOWN else "")
        texts = f"text of line {shown} is" if len(long) == 1 else f"texts of lines {shown} are"
        yield f"the {texts} cut to the {line_length} characters that fit, and whole at the source"


def text_of(invoice: SupplierInvoice, length: int) -> str:
    """What people see of the entry first: the supplier's number, and what the source calls it."""
    number = fitted(number_of(invoice), min(length, NUMBER_LETTERS))
    return f"{number} {invoice.title}"[:length].strip()
