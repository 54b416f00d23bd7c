"""The files of an invoice: what holds them in the ledger, and each of them once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from ml_connector.domain import codec
from ml_connector.domain.invoice import KeptFile, SupplierInvoice
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import Attachment, Dossier
from ml_connector.flows.purchasing.names import FILE, PAPERS, numbered, text_of
from ml_connector.ports.commits import Commits


def papers_of(
    commits: Commits,
    invoice: SupplierInvoice,
    files: Sequence[KeptFile],
    supplier: str,
    entity: str,
    family: str,
    text_max: int,
) -> tuple[tuple[Dossier, ...], tuple[Attachment, ...]]:
    """What holds the files, and each of them once. Its key says what it says, so that a revision with
    another number or supplier has papers of its own.
    """
    if not files:
        return (), ()
    dossier = Dossier(
        key="", entity=entity, title=text_of(invoice, text_max), supplier=supplier, date=invoice.issued
    )
    said = f"{PAPERS}{family}:{_digest(codec.encode(dossier))}"
    dossier = numbered(commits, said, lambda key: replace(dossier, key=key))
    found: dict[str, Attachment] = {}
    for file in files:
        attachment = Attachment(
            key="", entity=entity, name=file.name, sha256=file.sha256, size=file.size, refers=(dossier.key,)
        )
        if file.sha256 not in found:
            of = f"{FILE}{dossier.key}:{_digest(codec.encode(attachment))}"
            found[file.sha256] = numbered(commits, of, partial(_keyed, attachment))
    return (dossier,), tuple(found.values())


def file_problems(invoice: SupplierInvoice, files: Sequence[KeptFile]) -> Iterator[Problem]:
    for file in files:
        if not file.is_named:
            text = (
                f"{file.name} of invoice {invoice.number} is not what its name says: its bytes are of another"
                " kind. Attach the right file at the source, and approve the invoice again."
            )
            yield Problem("attachment.content", file.name, text, Owner.PROCUREMENT)


def _keyed(attachment: Attachment, key: str) -> Attachment:
    return replace(attachment, key=key)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
