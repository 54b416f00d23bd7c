"""Marks: the id in the ledger and the text beside it."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.errors import NotFound, Refused, VendorChanged


@pytest.mark.parametrize(
    ("held", "shown"), [(None, ""), ("", ""), ("guid", "guid"), (4711, "4711"), ([], "")]
)
def test_the_id_in_the_ledger_may_be_a_number_a_text_or_none(it: Any, held: Any, shown: str) -> None:
    """Precoro gives it in each of these forms."""
    invoice = it.company.add(externalId=held)

    assert shown == it.source.marks.assigned(str(invoice["id"]))
    (ref,) = it.source.changed("", it.clock.now().replace(hour=0)).found
    assert shown == ref.external


def test_an_invoice_is_written_by_idn_and_looked_up_once(it: Any) -> None:
    """By its id; the look-up is the check for a conflict too."""
    invoice = it.company.add(idn="INV/7 & 8")
    it.company.invoices = {"INV/7 & 8": invoice}

    it.source.marks.assign(str(invoice["id"]), "guid", "Booked as 1")

    assert ["GET", "PATCH"] == [call.split()[0] for call in it.calls()]
    assert it.calls()[-1].endswith("/invoices/INV%2F7%20%26%208")
    assert ("guid", "Booked as 1") == (invoice["externalId"], invoice["externalIntegrationLog"])


def test_a_note_at_an_invoice_that_was_read_is_one_call(it: Any) -> None:
    invoice = it.company.add()
    source = it.source
    source.changed("", it.clock.now().replace(hour=0))
    source.marks.note(str(invoice["id"]), "Account 2290 is not mapped")

    assert (2, "Account 2290 is not mapped") == (len(it.calls()), invoice["externalIntegrationLog"])


def test_what_was_read_for_a_conflict_is_good_for_one_mark_within_the_minute(it: Any) -> None:
    """The same question would be refused; a later mark asks anew."""
    invoice = it.company.add()
    key, marks = str(invoice["id"]), it.source.marks
    marks.assigned(key)
    marks.assign(key, "guid")
    assert 2 == len(it.calls())
    marks.assigned(key)
    it.clock.advance(60)
    it.company.edit(invoice, externalId="another")
    it.clock.advance(5)

    with pytest.raises(Refused):
        marks.assign(key, "guid")
    assert "another" == invoice["externalId"]


def test_another_id_stays(it: Any) -> None:
    """The refusal names both."""
    invoice = it.company.add(externalId=4711)
    with pytest.raises(Refused) as refused:
        it.source.marks.assign(str(invoice["id"]), "guid")

    assert ("invoice.external", 4711) == (refused.value.problem.code, invoice["externalId"])
    assert all(word in refused.value.problem.text for word in ("4711", "guid"))


def test_the_same_id_is_not_written_again(it: Any) -> None:
    """A text that comes along is."""
    invoice = it.company.add(externalId="guid")
    it.source.marks.assign(str(invoice["id"]), "guid")
    assert all(call.startswith("GET") for call in it.calls())
    it.clock.advance(61)
    it.source.marks.assign(str(invoice["id"]), "guid", "Booked")
    assert "Booked" == invoice["externalIntegrationLog"]


def test_a_list_that_does_not_show_the_id_is_not_believed(it: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record itself is asked."""
    invoice = it.company.add(externalId="guid")
    monkeypatch.setattr("ml_connector.connectors.precoro.tests.company.SENT", ("id", "idn", "updateDate"))

    assert "guid" == it.source.marks.assigned(str(invoice["id"]))
    assert it.calls()[-1].endswith("/invoices/1")


def test_a_filter_that_is_not_applied_marks_no_other_invoice(it: Any) -> None:
    """The row that comes is compared with what was asked for."""
    it.company.add()
    it.company._matches = lambda row, request: True
    with pytest.raises(NotFound):
        it.source.marks.assign("4000", "guid")

    assert all(call.startswith("GET") for call in it.calls())


def test_an_id_of_another_form_is_an_error(it: Any) -> None:
    invoice = it.company.add(externalId={"id": 1})
    with pytest.raises(VendorChanged):
        it.source.marks.assigned(str(invoice["id"]))
