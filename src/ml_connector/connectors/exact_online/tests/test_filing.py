"""Documents and files: their limits, what is not recorded of them, and what an entry keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import (
    Attachments,
    Dossiers,
    Filed,
    entry,
    refuse,
)
from ml_connector.contract.sinks import found, send
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.errors import Refused, RightMissing

Make = Callable[..., Any]


@pytest.fixture
def files(make_world: Make, tmp_path: Path) -> Attachments:
    """A division with a document of ours."""
    return Attachments(make_world(), tmp_path)


def body_of(world: Any, method: str = "POST", path: str = "PurchaseEntries") -> dict[str, Any]:
    """The last body that was sent."""
    sent = [one for one in world.exact.wire.requests if one.method == method and one.url.path.endswith(path)]
    found: dict[str, Any] = json.loads(sent[-1].read())
    return found


def booked_with(world: Filed, held: Receipt) -> Receipt:
    """An entry that has the document."""
    document = replace(entry(world.division), refers=("bought:acme:1:0:1",))
    sink = world.exact.system.sink(PurchaseEntry)
    with sink.prepare(document, Marker.of(document.key), known={"bought:acme:1:0:1": held}) as post:
        found: Receipt = post(lambda: None)
    return found


def test_document_of_an_entry_is_not_withdrawn(make_world: Make, tmp_path: Path) -> None:
    """A booking keeps its papers; once it is withdrawn, they may go."""
    world = Dossiers(make_world(), tmp_path)
    held = send(world, world.document())
    receipt = booked_with(world, held)

    with pytest.raises(Refused) as caught:
        world.sink.end(held)
    assert caught.value.problem.code == "document.in_use"
    assert f"Entry {receipt.number}" in caught.value.problem.text

    world.exact.system.sink(PurchaseEntry).end(receipt)
    world.sink.end(held)
    assert world.references() == []


def test_bytes_of_files_are_not_recorded(files: Attachments) -> None:
    """No record of an exchange holds a file, in either direction and whatever became of it; the refusal of
    one is shown in Exact's words.
    """
    attachment = files.file("secret plans.pdf", b"secret plans " * 200)
    send(files, attachment)

    refuse(files, "POST", "The file is too large", 500)
    with pytest.raises(Refused) as caught:
        send(files, replace(attachment, key="other:0:1"))

    assert "The file is too large" in caught.value.problem.text
    recorded = [one for one in files.exact.wiring.exchanges.all if "DocumentAttachments" in one.url]
    assert len(recorded) == 2
    assert {(one.request_body, one.answer_body) for one in recorded} == {("", "")}


def test_limits_of_files_are_settings(make_world: Make, tmp_path: Path) -> None:
    """7 million bytes and the types of one integrator, unless a person enters others; nothing is booked for a
    file that does not pass, and it passes once the limit is raised.
    """
    world = Attachments(make_world(), tmp_path)
    scan = replace(world.document(), size=24_000_000)
    text = replace(world.document(), name="invoice.XML")
    raised = make_world(attachment_megabytes="25", attachment_types=".XML, pdf")

    problems = [problem for one in (scan, text) for problem in world.sink.check(one)]
    other = Attachments(raised, tmp_path / "raised")

    assert [problem.code for problem in problems] == ["attachment.size", "attachment.type"]
    assert "24,000,000 bytes, and this connection sends 7,000,000" in problems[0].text
    assert [other.sink.check(one) for one in (scan, text)] == [(), ()]
    assert (other.sink.limits.bytes_max, other.sink.limits.types) == (25_000_000, {"xml", "pdf"})


def test_file_that_is_shorter_than_approved_is_not_sent(files: Attachments) -> None:
    """The hash holds, and the size that was approved does not."""
    with pytest.raises(Exception, match="were approved") as caught:
        send(files, replace(files.document(), size=7))

    assert getattr(caught.value, "code", "") == "not_sent"
    assert files.references() == []


def test_file_is_not_looked_for_in_documents_of_others(files: Attachments) -> None:
    """A file with our token that a person put elsewhere is not ours."""
    attachment = files.document()
    receipt = send(files, attachment)
    made = files.call("POST", "documents/Documents", {"Subject": "Theirs", "Type": 20})
    other = json.loads(made.content)["d"]["ID"]
    body = {"Document": other, "FileName": files.row(receipt.reference)["FileName"], "Attachment": "JVBERi0="}
    files.call("POST", files.path, body)

    assert [receipt] == found(files, attachment)


def test_type_of_documents_is_a_setting(make_world: Make, tmp_path: Path) -> None:
    """20 is that of purchase invoices; a division may have another."""
    types = []
    for given in ({}, {"document_type": "55"}):
        world = Dossiers(make_world(**given), tmp_path)
        send(world, world.document())
        types.append(body_of(world, path="documents/Documents")["Type"])

    assert types == [20, 55]


def test_user_of_a_portal_is_told(make_world: Make, tmp_path: Path) -> None:
    """The right that is missing is named."""
    world = Dossiers(make_world(), tmp_path)
    world.exact.post("switches", {"portal_user": True})

    with pytest.raises(RightMissing) as caught:
        send(world, world.document())

    assert "portal" in caught.value.problem.text


def test_entry_is_linked_with_the_document_of_its_files(make_world: Make, tmp_path: Path) -> None:
    """The id that Exact drew for the dossier, by the key that the entry names; Exact makes no other."""
    world = Dossiers(make_world(), tmp_path)
    held = send(world, world.document())

    receipt = booked_with(world, held)

    (row,) = world.rows("purchaseentry/PurchaseEntries", f"EntryID eq guid'{receipt.reference}'", "Document")
    assert (held.reference, [held.reference]) == (row["Document"], world.references())
