"""The contracts of the places of documents that hold the files of an entry, and of the files.

A connector's tests subclass them and give the fixture `world` of the kind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import pytest

from ml_connector.contract.sinks import SinkContract, SinkWorld, differences, found, send
from ml_connector.domain import codec
from ml_connector.domain.document import Marker
from ml_connector.domain.purchase import Attachment, Dossier
from ml_connector.errors import CodeUnknown, Inexpressible, NotSent
from ml_connector.ports.purchases import AttachmentSink, DossierSink


class DossierWorld(SinkWorld, Protocol):
    """A ledger that documents are made in."""

    @property
    def sink(self) -> DossierSink: ...

    def document(self, key: str = "bought:acme:1:0:1") -> Dossier: ...

    def edit(self, reference: str) -> None:
        """A person changes the title; the marker stays."""
        ...


class DossierSinkContract(SinkContract):
    """Claims that hold for every place of documents that hold files."""

    def test_edited_title_is_seen(self, world: DossierWorld) -> None:
        """A person changed the title: the document is found, and reading back shows it."""
        document = world.document()
        receipt = send(world, document)

        world.edit(receipt.reference)

        assert [receipt.reference] == [one.reference for one in found(world, document)]
        assert [problem.code for problem in differences(world, document, receipt)] == ["read_back.header"]

    def test_unknown_supplier_is_named(self, world: DossierWorld) -> None:
        """A supplier that is not there stops the document."""
        with pytest.raises(CodeUnknown) as caught:
            send(world, replace(world.document(), supplier="98765"))

        assert "98765" in caught.value.problem.text
        assert world.references() == []

    def test_booked_document_has_a_canonical_form(self, world: DossierWorld) -> None:
        """It can be kept and read again."""
        booked = world.sink.read_back(send(world, world.document()))

        assert booked == codec.decode(codec.encode(booked))


class AttachmentWorld(SinkWorld, Protocol):
    """A ledger with a document of ours that files go into."""

    @property
    def sink(self) -> AttachmentSink: ...

    def document(self, key: str = "bought:acme:1:0:1") -> Attachment:
        """A file of some hundred bytes, which are kept, in the document of ours."""
        ...

    def file(self, name: str, content: bytes, key: str = "bought:acme:1:0:1") -> Attachment:
        """A file of these bytes, which are kept, in the document of ours."""
        ...

    def content(self, reference: str) -> bytes:
        """The bytes that the ledger holds."""
        ...

    def lose(self, attachment: Attachment) -> None:
        """Change the bytes that are kept of it."""
        ...


class AttachmentSinkContract(SinkContract):
    """Claims that hold for every place of files."""

    def test_bytes_arrive_as_they_were_approved(self, world: AttachmentWorld) -> None:
        """Every byte, whatever it is, and however many there are of them up to the most."""
        whole = bytes(range(256)) * 4097
        for number, content in enumerate((b"x", whole, whole[:-1], whole[:-2])):
            attachment = world.file("scan.pdf", content[: world.sink.limits.bytes_max], f"bytes:{number}:0:1")

            receipt = send(world, attachment)

            assert world.content(receipt.reference) == content[: world.sink.limits.bytes_max]
            assert differences(world, attachment, receipt) == ()

    def test_two_files_of_one_name_stay_two(self, world: AttachmentWorld) -> None:
        """Each has its own name and its own bytes, and is found by its own key."""
        files = [world.file("invoice.pdf", bytes([number]), f"same:{number}:0:1") for number in (1, 2)]

        receipts = [send(world, one) for one in files]

        assert [b"\x01", b"\x02"] == [world.content(receipt.reference) for receipt in receipts]
        assert len({world.sink.read_back(receipt).name for receipt in receipts}) == 2
        assert receipts == [receipt for one in files for receipt in found(world, one)]

    @pytest.mark.parametrize(
        "name",
        [
            "../../etc/x.pdf",
            r"C:\mail\x.pdf",
            "é" * 200 + ".pdf",
            "a<b>|?*#%\u202e.PDF",
            "x'y & z.pdf",
            "日本.png",
        ],
    )
    def test_unsafe_name_is_made_safe(self, world: AttachmentWorld, name: str) -> None:
        """No path, no sign that means something elsewhere, and no more letters than fit; the ending stays."""
        attachment = world.file(name, b"content")

        receipt = send(world, attachment)

        booked = world.sink.read_back(receipt).name
        assert not set(booked) & set('/\\<>:"|?*\u202e')
        assert ".." not in booked
        assert len(booked) <= world.sink.limits.name_max
        assert booked.lower().endswith(name[-4:].lower())
        assert differences(world, attachment, receipt) == ()
        assert [receipt] == found(world, attachment)

    def test_what_is_not_taken_is_said_before_anything_is_booked(self, world: AttachmentWorld) -> None:
        """A file over the limit, an empty one, one of another type: a problem that names the file and what to
        do, without a call.
        """
        attachment, most = world.document(), world.sink.limits.bytes_max
        before = world.said()

        problems = [
            world.sink.check(replace(attachment, size=most)),
            world.sink.check(replace(attachment, size=most + 1)),
            world.sink.check(replace(attachment, size=0)),
        ]
        if world.sink.limits.types:
            problems.append(world.sink.check(replace(attachment, name="run.exe")))

        codes = [[problem.code for problem in found] for found in problems]
        expected = [[], ["attachment.size"], ["attachment.size"], ["attachment.type"]]
        assert expected[: len(codes)] == codes
        assert before == world.said()
        with pytest.raises(Inexpressible):
            send(world, replace(attachment, size=most + 1))

    def test_bytes_that_changed_are_not_sent(self, world: AttachmentWorld) -> None:
        """What was approved is what is sent, or nothing."""
        attachment = world.document()
        world.lose(attachment)

        with pytest.raises(NotSent):
            send(world, attachment)

        assert world.references() == []

    def test_file_goes_into_the_document_it_refers_to(self, world: AttachmentWorld) -> None:
        """It is found there by one that remembers nothing, and by its token alone."""
        attachment = world.document()
        receipt = send(world, attachment)

        assert [receipt] == found(world, attachment, world.reopen())
        assert Marker.of(attachment.key).token in world.sink.read_back(receipt).name
