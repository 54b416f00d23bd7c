"""Lists: which invoices are found, how often Precoro is asked, and what a list must prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.precoro.tests.company import answer, text
from ml_connector.domain.invoice import InvoiceState
from ml_connector.errors import NotFound, OutcomeUnknown, Refused, VendorChanged


def found(it: Any, cursor: str = "") -> dict[str, Any]:
    """What a look finds, by id."""
    refs = it.source.changed(cursor, it.clock.now() - timedelta(days=1)).found
    return {ref.invoice: ref for ref in refs}


# --- which --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0, InvoiceState.OPEN),
        (1, InvoiceState.OPEN),
        (2, InvoiceState.APPROVED),
        (3, InvoiceState.CANCELED),
        (4, InvoiceState.PART_PAID),
        (5, InvoiceState.PAID),
        (6, InvoiceState.OPEN),
        (7, InvoiceState.ON_REVISE),
        (8, InvoiceState.CANCELED),
        (9, InvoiceState.OPEN),
        (10, InvoiceState.OPEN),
        (11, InvoiceState.APPROVED),
        ("2", InvoiceState.APPROVED),
        (12, InvoiceState.UNKNOWN),
        (-1, InvoiceState.UNKNOWN),
        (None, InvoiceState.UNKNOWN),
    ],
)
def test_every_status_has_its_state_and_an_unknown_one_none(
    it: Any, status: Any, state: InvoiceState
) -> None:
    """What was approved once is found whatever its status is now."""
    invoice = it.company.add(status=status)

    assert state == found(it)[str(invoice["id"])].state


@pytest.mark.parametrize("status", [2, 4, 5, 11, 12])
def test_what_carries_no_mark_is_found_in_every_state_that_was_approved(it: Any, status: int) -> None:
    """Paid or closed meanwhile, or in a status that nobody knows yet."""
    invoice = it.company.add(status=status)
    since = it.clock.now() - timedelta(days=1)

    assert [str(invoice["id"])] == [ref.invoice for ref in it.source.unmarked(since)]


def test_what_was_taken_back_is_found_also_where_its_approval_is_gone(it: Any) -> None:
    """It may be booked. What never was approved is not found."""
    revised = it.company.add(status=7, approvalDate=None)
    canceled = it.company.add(status=8, approvalDate=None)
    it.company.add(status=1, approvalDate=None)
    cursor = (it.clock.now() - timedelta(hours=1)).isoformat()

    refs = found(it, cursor)

    assert {str(revised["id"]), str(canceled["id"])} == refs.keys()
    assert 2 == len({ref.reference for ref in refs.values()})


@pytest.mark.parametrize(
    "share",
    [
        {"parentData": {"idn": "1"}},
        {"parentData": {"idn": 1}},
        {"parentIdn": "1"},
        {"parentIdn": 1},
        {"parentIdn": "1", "parentData": []},
    ],
)
def test_a_share_of_costs_is_left_out_however_its_parent_is_named(
    it: Any, monkeypatch: pytest.MonkeyPatch, share: dict[str, Any]
) -> None:
    """The name changed once without a word, and shares were booked beside their invoices."""
    names = ("id", "idn", "status", "approvalDate", "updateDate", "externalId", "parentData", "parentIdn")
    monkeypatch.setattr("ml_connector.connectors.precoro.tests.company.SENT", names)
    whole, part = it.company.add(), it.company.add()
    del part["parentData"]
    part.update(share)

    assert {str(whole["id"])} == found(it).keys()
    it.clock.advance(120)
    unmarked = it.source.unmarked(it.clock.now() - timedelta(days=1))
    assert [str(whole["id"])] == [ref.invoice for ref in unmarked]


@pytest.mark.parametrize(
    "none", [{"parentData": None}, {"parentData": []}, {"parentIdn": None}, {"parentIdn": ""}]
)
def test_what_names_no_parent_is_an_invoice(it: Any, none: dict[str, Any]) -> None:
    invoice = it.company.add()
    del invoice["parentData"]
    invoice.update(none)

    assert "" == it.read(invoice).parent


def test_a_share_that_only_the_record_shows_says_whose_it_is(
    it: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list may show less."""
    names = ("id", "idn", "status", "approvalDate", "updateDate")
    monkeypatch.setattr("ml_connector.connectors.precoro.tests.company.SENT", names)

    assert "17" == it.read(it.company.add(parentData={"idn": 17})).parent


def test_a_record_without_the_field_of_the_parent_is_not_used(it: Any) -> None:
    """The canary: a third name for it, and every share would look like an invoice."""
    invoice = it.company.add()
    del invoice["parentData"]

    with pytest.raises(VendorChanged, match="share of the costs"):
        it.read(invoice)


def test_what_waits_for_another_connector_is_left_to_it(it: Any) -> None:
    """Also where it began to wait after it was listed."""
    it.company.add(integrationStatus=8)
    late = it.company.add()
    source = it.source
    (ref,) = source.changed("", it.clock.now() - timedelta(days=1)).found
    late["integrationStatus"] = 8

    assert str(late["id"]) == ref.invoice
    with pytest.raises(Refused) as refused:
        source.invoice(ref.reference)
    assert "invoice.waiting" == refused.value.problem.code
    assert [] == list(it.source.unmarked(it.clock.now() - timedelta(days=1)))


def test_credit_notes_of_both_kinds_are_asked_for(it: Any) -> None:
    """And whatever a connection names beside them."""
    for kind in (0, 1, 2, 5):
        it.company.add(logicType=kind)

    assert 4 == len(found(it))
    assert [str(kind) for kind in (0, 1, 2, 5)] == it.company.asked[-1].url.params.get_list("logicType[]")


@pytest.mark.parametrize(
    ("form", "name", "value"),
    [("iso", "approvalLeftDate", "2026-06-29T09:00:00"), ("dotted", "approvalDate[left_date]", "29.06.2026")],
)
def test_both_forms_of_date_filters_are_spoken(
    connect: Callable[..., Any], form: str, name: str, value: str
) -> None:
    """A day wider than asked for; what comes is looked at."""
    it = connect(date_filters=form)
    it.company.add(approvalDate=text(it.clock.now() - timedelta(hours=25)))
    invoice = it.company.add()

    assert {str(invoice["id"])} == found(it).keys()
    assert value == it.company.asked[-1].url.params[name]


# --- how often ----------------------------------------------------------------------------------------------


def test_a_look_that_comes_too_early_makes_no_call(it: Any) -> None:
    """The cursor stays, so that nothing is passed over."""
    since = it.clock.now()
    cursor = it.source.changed("", since).cursor
    it.company.add()
    it.clock.advance(599)

    early = it.source.changed(cursor, since)

    assert (cursor, (), 1) == (early.cursor, early.found, len(it.calls()))
    it.clock.advance(1)
    assert 1 == len(it.source.changed(early.cursor, since).found)


def test_a_notification_is_a_reason_to_look_at_once(it: Any) -> None:
    """One that came before the last look is none."""
    since = it.clock.now()
    cursor = it.source.changed("", since).cursor
    heard: list[Any] = []
    it.wiring = replace(it.wiring, heard=lambda topics, after: heard.append((topics, after)) or ("5001",))
    it.clock.advance(5)
    it.company.add()

    assert 1 == len(it.source.changed(cursor, since).found)
    assert [(("invoice *",), since)] == heard


def test_every_look_asks_another_question(it: Any) -> None:
    """The time moves on, so no look waits a minute; each begins before the last one did."""
    since, cursor = it.clock.now(), ""
    for _ in range(3):
        before = it.clock.monotonic()
        cursor = it.source.changed(cursor, since).cursor
        assert it.clock.monotonic() - before <= 1
        it.clock.advance(600)

    asked = [request.url.params.get("modifiedSince") for request in it.company.asked]
    assert [None, "2026-07-01T08:55:00", "2026-07-01T09:05:00"] == asked


# --- whole --------------------------------------------------------------------------------------------------


def filled(connect: Callable[..., Any], count: int = 25) -> Any:
    """A company with more than two pages of invoices, of which the last one was edited long ago."""
    it = connect(page_rows="10")
    for _ in range(count):
        it.company.add()
        it.clock.advance(2)
    it.clock.advance(3600)
    return it


def edits(it: Any, idn: str, times: int) -> None:
    """Each time a page behind the first is asked for, somebody edits this one just before."""
    left = [times]

    def edit(request: httpx2.Request) -> None:
        if request.url.params.get("page") == "2" and left[0]:
            left[0] -= 1
            it.company.edit(it.company.invoices[idn])

    it.company.before = edit


def test_a_row_that_moved_while_pages_were_read_hides_no_other(connect: Callable[..., Any]) -> None:
    """Row 1 goes to the end, row 11 to the first page: it is on none that was read. So it is read again."""
    it = filled(connect)
    edits(it, "1", 1)

    assert 25 == len(found(it))
    assert 2 * (3 + 1) == len(it.calls())


def test_a_list_that_never_rests_is_given_up(connect: Callable[..., Any]) -> None:
    """It is read again later; the cursor stays."""
    it = filled(connect)
    edits(it, "1", 99)

    with pytest.raises(OutcomeUnknown, match="kept changing"):
        found(it)


def test_what_left_the_list_while_it_was_read_counts_as_a_change(connect: Callable[..., Any]) -> None:
    """Another program marked the first one: it is in no page of unmarked ones any more, and row 11 moved."""
    it = filled(connect)
    done: list[int] = []

    def mark(request: httpx2.Request) -> None:
        if request.url.params.get("page") == "2" and not done:
            done.append(1)
            it.company.edit(it.company.invoices["1"], externalId="guid")

    it.company.before = mark

    assert 24 == len(list(it.source.unmarked(it.clock.now() - timedelta(days=1))))


def test_marking_while_the_list_is_given_takes_none_out(connect: Callable[..., Any]) -> None:
    """All pages are read before the first invoice is given."""
    it = filled(connect)
    marked = []
    for ref in it.source.unmarked(it.clock.now() - timedelta(days=1)):
        it.company.edit(it.company.invoices[ref.reference.split("/")[1]], externalId="guid")
        marked.append(ref.invoice)

    assert 25 == len(set(marked)) == len(marked)


def test_a_list_of_one_page_is_one_call(it: Any) -> None:
    """Nothing can move between two pages."""
    it.company.add()
    found(it)

    assert 1 == len(it.calls())


@pytest.mark.parametrize(
    "row",
    [
        {"idn": "1"},
        {"id": "x", "idn": "1"},
        {"id": 1, "idn": "1"},
        {"id": 1, "idn": "1", "updateDate": "yesterday"},
        {"id": 1, "idn": "1", "updateDate": "2026-07-01T09:00:00", "status": "approved"},
        {"id": 1, "idn": "1", "updateDate": "2026-07-01T09:00:00", "parentData": {"id": 7}},
        {"id": 1, "idn": "1", "updateDate": "2026-07-01T09:00:00", "externalId": {}},
        7,
        None,
    ],
)
def test_a_row_that_cannot_be_read_is_an_error(it: Any, row: Any) -> None:
    """A list with a row left out would be no list."""
    it.company.before = lambda request: answer(
        {"data": [row]} if "page=1" in str(request.url) else {"data": []}
    )

    with pytest.raises(VendorChanged):
        found(it)


# --- one ----------------------------------------------------------------------------------------------------


def test_an_invoice_is_one_call(it: Any) -> None:
    """By its idn, which the reference holds."""
    invoice = it.company.add()
    it.read(invoice)

    assert ["GET /invoices/1"] == it.calls()[1:]


def test_a_number_may_hold_a_slash(it: Any) -> None:
    """Companies number as they like."""
    invoice = it.company.add(idn="2026/07")
    it.company.invoices = {"2026/07": invoice}

    assert f"{invoice['id']}/2026/07/20260701T090000" == it.read(invoice).reference
    assert "GET /invoices/2026%2F07" == it.calls()[-1]


def test_another_invoice_under_the_number_is_not_taken_for_it(it: Any) -> None:
    """Ids are Precoro's, numbers the company's."""
    invoice = it.company.add()
    source = it.source
    (ref,) = source.changed("", it.clock.now() - timedelta(days=1)).found
    invoice["id"] = 9999

    with pytest.raises(NotFound, match="another invoice"):
        source.invoice(ref.reference)


def test_an_approval_is_known_to_the_second(it: Any) -> None:
    """Whatever form its time is written in."""
    invoice = it.company.add(approvalDate="2026-07-01T08:00:00+00:00")
    source = it.source
    (ref,) = source.changed("", it.clock.now() - timedelta(days=1)).found
    for written in (
        "2026-07-01T10:00:00+02:00",
        "2026-07-01T08:00:00",
        {"date": "2026-07-01 08:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
        {"date": "2026-07-01 10:00:00.000000", "timezone_type": 3, "timezone": "Europe/Amsterdam"},
        {"date": "2026-07-01 10:00:00.000000", "timezone_type": 1, "timezone": "+02:00"},
    ):
        invoice["approvalDate"] = written
        it.clock.advance(61)
        assert ref.reference == source.invoice(ref.reference).reference
    invoice["approvalDate"] = "2026-07-01T08:00:01+00:00"
    it.clock.advance(61)
    with pytest.raises(Refused) as refused:
        source.invoice(ref.reference)
    assert "invoice.moved" == refused.value.problem.code
