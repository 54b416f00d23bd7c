"""Exact Online as the place of files, each in a document of ours.

locate     Documents ⌈n/20⌉ and DocumentAttachments ⌈documents/20⌉
prepare    1; the file is sent whole, as base64
read_back  1
near       as locate
end        1

A file is looked for in the documents with the marker of the one that it belongs to. Its name ends with `-`
and its own token, before the ending: two files of one name stay two.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

from ml_connector.connectors.exact_online import file_names, purchase_wire, wire
from ml_connector.connectors.exact_online.client import fields
from ml_connector.connectors.exact_online.dossiers import Documents
from ml_connector.connectors.exact_online.purchase_entries import ASKED
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.connectors.exact_online.writes import differs, gone, posting, remove
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import Attachment, BookedAttachment
from ml_connector.errors import Inexpressible, NotSent
from ml_connector.ports.purchases import AttachmentLimits, AttachmentSink
from ml_connector.ports.sinks import NONE_KNOWN, Ending, Send
from ml_connector.ports.storage import Files
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import encode

ATTACHMENTS = "documents/DocumentAttachments"
PIECE = 3 * 256 * 1024
"""Bytes of a file that are encoded at a time: a multiple of three, so that the pieces make one whole."""


class ExactAttachments(AttachmentSink):
    """An `AttachmentSink`."""

    ends = Ending.WITHDRAW

    def __init__(self, options: Options, documents: Documents, files: Files | None) -> None:
        self._options, self._documents, self._files = options, documents, files
        self.limits = AttachmentLimits(
            bytes_max=options.attachment_bytes,
            types=frozenset(options.attachment_types),
            name_max=file_names.BYTES_MAX,
            deadline_seconds=options.deadline_seconds,
            settle_seconds=options.settle_seconds,
            visible_seconds=options.visible_seconds,
        )

    def check(self, document: Attachment) -> tuple[Problem, ...]:
        """A file that is too large, empty, or of a type that is not taken; nothing of it is left out."""
        found, name = [], document.name
        if document.entity not in self._options.divisions:
            found.append(foreign_entity(document.entity, self._options.divisions))
        if document.size > self.limits.bytes_max:
            text = f"{name} has {document.size:,} bytes, and this connection sends {self.limits.bytes_max:,}."
            text += " Raise attachment_megabytes if the division takes more, or make the file smaller."
            found.append(Problem("attachment.size", name, text))
        if document.size <= 0:
            text = f"{name} is empty. Attach the file again at the source."
            found.append(Problem("attachment.size", name, text))
        ending = file_names.ending(name)
        if self.limits.types and ending not in self.limits.types:
            taken = ", ".join(sorted(self.limits.types))
            text = (
                f"{name} is of the type {ending or 'none'}, and this connection sends {taken}. Attach a PDF,"
            )
            found.append(Problem("attachment.type", name, f"{text} or add the type to attachment_types."))
        if len(document.refers) != 1:
            text = f"{name} belongs to {len(document.refers)} documents, and to one it has to."
            found.append(Problem("document.several", name, text, Owner.SUPPORT))
        return tuple(found)

    def locate(
        self, wanted: Sequence[tuple[Attachment, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every file with the token, in the documents with the marker of the one it belongs to."""
        found: dict[str, list[Receipt]] = {attachment.key: [] for attachment, _ in wanted}
        for entity in dict.fromkeys(attachment.entity for attachment, _ in wanted):
            ours = [(one, marker) for one, marker in wanted if one.entity == entity]
            holders = dict.fromkeys(key for one, _ in ours for key in one.refers)
            documents = self._documents.with_tokens(entity, [Marker.of(key) for key in holders])
            rows = self._rows_in(entity, [row.ID for rows in documents.values() for row in rows])
            for one, marker in ours:
                found[one.key] += [
                    self._receipt(entity, row)
                    for row in rows
                    if file_names.token_in(row.FileName) == marker.token
                ]
        return {
            key: tuple(sorted(receipts, key=lambda one: (one.number, one.reference)))
            for key, receipts in found.items()
        }

    def _rows_in(self, entity: str, documents: Sequence[str]) -> list[purchase_wire.DocumentAttachment]:
        found: list[purchase_wire.DocumentAttachment] = []
        for start in range(0, len(documents), ASKED):
            some = [odata.guid(identity) for identity in documents[start : start + ASKED]]
            found += self._rows(entity, odata.any_of("Document", some))
        return found

    def _rows(self, entity: str, where: str) -> list[purchase_wire.DocumentAttachment]:
        shape = purchase_wire.DocumentAttachment
        client = self._documents.client
        return list(client.rows(entity, ATTACHMENTS, shape, select=fields(shape), where=where))

    def _receipt(self, entity: str, row: purchase_wire.DocumentAttachment) -> Receipt:
        return self._documents.receipt(entity, row.ID, row.FileName, ATTACHMENTS)

    @contextmanager
    def prepare(
        self,
        document: Attachment,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. The bytes are read in pieces, and are whole in memory once, as base64.
        Raises `Inexpressible` for what `check` would have said, `NotSent` for bytes that are not there or are
        others than were approved.
        """
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        body = self._body(document, marker, known[document.refers[0]].reference)

        def receipt_of(answer: Answer) -> Receipt:
            row = answer.decode(wire.One[purchase_wire.DocumentAttachment]).d
            return self._receipt(document.entity, row)

        client = self._documents.client
        with posting(client, document.entity, ATTACHMENTS, body, receipt_of) as send:
            yield send

    def _body(self, document: Attachment, marker: Marker, holder: str) -> bytes:
        """The JSON of the file."""
        if self._files is None:
            raise NotSent("This connection was given no folder of files.", where=document.name)
        head = encode({"Document": holder, "FileName": file_names.fitted(document.name, marker)})
        body, size = bytearray(head[:-1] + b',"Attachment":"'), 0
        with self._files.open(document.sha256) as content:
            while piece := content.read(PIECE):
                size += len(piece)
                body += base64.b64encode(piece)
        if size != document.size:
            text = f"{document.name} has {size:,} bytes, and {document.size:,} were approved."
            raise NotSent(f"{text} Nothing was sent.", where=document.name, code="files.changed")
        body += b'"}'
        return bytes(body)

    def release(self, receipt: Receipt) -> Receipt:
        """A file is there as soon as it is sent."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """A file is taken completely or not at all."""

    def read_back(self, receipt: Receipt) -> BookedAttachment:
        """Its name and size; the bytes stay where they are."""
        rows = self._rows(receipt.entity, f"ID eq {odata.guid(receipt.reference)}")
        if not rows:
            raise gone("Attachment", receipt)
        return self._booked(receipt.entity, rows[0])

    def near(self, document: Attachment, last: date | None = None) -> tuple[BookedAttachment, ...]:
        """Every file in the documents that carry the marker of the one it belongs to."""
        markers = [Marker.of(key) for key in document.refers]
        found = self._documents.with_tokens(document.entity, markers)
        rows = self._rows_in(document.entity, [row.ID for rows in found.values() for row in rows])
        return tuple(self._booked(document.entity, row) for row in rows)

    def _booked(self, entity: str, row: purchase_wire.DocumentAttachment) -> BookedAttachment:
        return BookedAttachment(
            receipt=self._receipt(entity, row),
            name=row.FileName or "",
            size=int(row.FileSize or Decimal(0)),
            marker=file_names.token_in(row.FileName),
        )

    def compare(self, document: Attachment, booked: BookedAttachment) -> tuple[Problem, ...]:
        """Its size, and its name as it was written."""
        name = file_names.fitted(document.name, Marker.of(document.key))
        pairs = (("size", document.size, booked.size), ("name", name, booked.name))
        return tuple(differs(booked.receipt, *pair) for pair in pairs if pair[1] != pair[2])

    def takes_back(self, booked: BookedAttachment, document: Attachment) -> bool:
        """No file takes another one back."""
        return False

    def cancels(self, booked: BookedAttachment, other: BookedAttachment) -> bool:
        """No file cancels another one."""
        return False

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether the file is gone."""
        return not self._rows(receipt.entity, f"ID eq {odata.guid(receipt.reference)}")

    def end(self, receipt: Receipt) -> None:
        """Delete the file."""
        remove(self._documents.client, ATTACHMENTS, receipt)
