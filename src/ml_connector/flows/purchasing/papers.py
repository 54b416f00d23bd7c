"""The files of an invoice, or of an expense report: what holds them in the ledger, and each of them once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from ml_connector.domain import codec
from ml_connector.domain.invoice import KeptFile
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import Attachment, Dossier
from ml_connector.flows.purchasing.names import FILE, PAPERS, numbered
from ml_connector.ports.commits import Commits
from ml_connector.ports.storage import Files

BYTES_MAX = 1 << 30
PDF = b"%PDF-"
HEAD_BYTES = 1024


def papers_of(
    commits: Commits, dossier: Dossier, files: Sequence[KeptFile], family: str
) -> tuple[tuple[Dossier, ...], tuple[Attachment, ...]]:
    """What holds the files, under its key, and each of them once. Its key says what it says, so that a
    revision with another number or supplier has papers of its own.
    """
    if not files:
        return (), ()
    said = f"{PAPERS}{family}:{_digest(codec.encode(dossier))}"
    holds = numbered(commits, said, lambda key: replace(dossier, key=key))
    found: dict[str, Attachment] = {}
    for file in files:
        attachment = Attachment(
            key="",
            entity=holds.entity,
            name=file.name,
            sha256=file.sha256,
            size=file.size,
            refers=(holds.key,),
        )
        if file.sha256 not in found:
            of = f"{FILE}{holds.key}:{_digest(codec.encode(attachment))}"
            found[file.sha256] = numbered(commits, of, partial(_keyed, attachment))
    return (holds,), tuple(found.values())


def kept_file(files: Files, key: str, name: str, content: BinaryIO) -> KeptFile:
    """The bytes of a file, kept by their hash."""
    stored = files.put(content, BYTES_MAX)
    with files.open(stored.sha256) as held:
        is_named = not name.lower().endswith(".pdf") or PDF in held.read(HEAD_BYTES)
    return KeptFile(key=key, name=name, sha256=stored.sha256, size=stored.size, is_named=is_named)


def file_problems(what: str, files: Sequence[KeptFile], owner: Owner) -> Iterator[Problem]:
    """A problem for every file of `what` whose bytes are not what its name says."""
    for file in files:
        if not file.is_named:
            text = (
                f"{file.name} of {what} is not what its name says: its bytes are of another kind. Attach the"
                " right file at the source, and approve it again."
            )
            yield Problem("attachment.content", file.name, text, owner)


def _keyed(attachment: Attachment, key: str) -> Attachment:
    return replace(attachment, key=key)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
