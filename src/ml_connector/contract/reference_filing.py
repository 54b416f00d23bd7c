"""The reference system's documents that hold the files of an entry, and the files, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ml_connector.contract.reference_purchases import ENTITY, Books, ReferenceSink, Row, known_code
from ml_connector.domain.checks import REMEDY
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.problem import Problem
from ml_connector.domain.purchase import Attachment, BookedAttachment, BookedDossier, Dossier
from ml_connector.errors import NotSent
from ml_connector.ports.purchases import AttachmentLimits, AttachmentSink, DossierSink
from ml_connector.ports.sinks import SinkLimits

UNSAFE = '/\\<>:"|?*'


class ReferenceDossiers(ReferenceSink, DossierSink):
    """A `DossierSink`."""

    kind = Dossier
    limits = SinkLimits(settle_seconds=10, visible_seconds=0)

    def made(self, document: Dossier, marker: Marker) -> Row:
        """Its title and whose it is."""
        if document.supplier:
            known_code("supplier", document.supplier, [one.code for one in self.books.suppliers.values()])
        receipt = Receipt(reference="", number="", entity=ENTITY, posted=True)
        return Row(
            booked=BookedDossier(
                receipt=receipt, title=document.title, supplier=document.supplier, marker=marker.token
            )
        )

    def compare(self, document: Dossier, booked: BookedDossier) -> tuple[Problem, ...]:
        """Its title."""
        same = document.title == booked.title
        text = f"The title is {booked.title} in the ledger and was written as {document.title}. {REMEDY}"
        return () if same else (Problem("read_back.header", "title", text),)


class ReferenceAttachments(ReferenceSink, AttachmentSink):
    """An `AttachmentSink`. `files` are the bytes that are kept, by hash."""

    kind = Attachment
    limits = AttachmentLimits(
        bytes_max=2_000_000,
        types=frozenset({"pdf", "png"}),
        name_max=100,
        settle_seconds=10,
        visible_seconds=0,
    )

    def __init__(self, books: Books, files: Mapping[str, bytes]) -> None:
        super().__init__(books)
        self._files = files

    def check(self, document: Attachment) -> tuple[Problem, ...]:
        """Size and type."""
        found = [*super().check(document)]
        if not 0 < document.size <= self.limits.bytes_max:
            found.append(Problem("attachment.size", document.name, "Make the file smaller."))
        if document.name.rpartition(".")[2].lower() not in self.limits.types:
            found.append(Problem("attachment.type", document.name, "Attach a PDF."))
        return tuple(found)

    def made(self, document: Attachment, marker: Marker) -> Row:
        """The bytes that were approved, and a name of its own."""
        content = self._files[document.sha256]
        if hashlib.sha256(content).hexdigest() != document.sha256:
            raise NotSent("The file was changed.", code="files.changed")
        booked = BookedAttachment(
            receipt=Receipt(reference="", number="", entity=ENTITY, posted=True),
            name=_named(document.name, marker),
            size=len(content),
            marker=marker.token,
        )
        return Row(booked=booked, content=content)

    def compare(self, document: Attachment, booked: BookedAttachment) -> tuple[Problem, ...]:
        """Size and name."""
        wished = (document.size, _named(document.name, Marker.of(document.key)))
        text = f"The file is {booked.name} of {booked.size} bytes. {REMEDY}"
        same = wished == (booked.size, booked.name)
        return () if same else (Problem("read_back.header", document.name, text),)


def _named(name: str, marker: Marker) -> str:
    """Without folders and unsafe signs, with the token before the ending."""
    stem, _, last = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    plain = "".join("_" if one in UNSAFE or not one.isprintable() else one for one in stem)
    return f"{plain[:80]}-{marker.token}.{last.lower()}"
