"""Calls: the sign-in, the limits, the forms of paging, and answers that differ from the usual."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.precoro.client import INVOICES, PrecoroClient
from ml_connector.connectors.precoro.settings import read
from ml_connector.connectors.precoro.tests.company import EMAIL, KEY, answer
from ml_connector.errors import (
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    RightMissing,
    SignInLost,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.storage import Priority, RateLimit


def client(it: Any) -> PrecoroClient:
    """The calls of the connection."""
    return PrecoroClient(read(it.settings, True)[0], it.wiring)


def planned(it: Any, *answers: httpx2.Response) -> None:
    """What comes next, whatever is asked; then the company again."""
    left = list(answers)
    it.company.before = lambda request: left.pop(0) if left else None


def test_key_and_email_are_sent_and_seen_nowhere(it: Any) -> None:
    """Both headers sign a request in; no record has the key."""
    planned(it, answer({"message": f"bad key {KEY}"}, 500))
    with pytest.raises(OutcomeUnknown) as caught:
        client(it).get(INVOICES)

    sent = it.company.asked[0].headers
    assert (KEY, EMAIL) == (sent["x-auth-token"], sent["email"])
    assert KEY not in it.wiring.exchanges.text() + caught.value.support


def test_without_a_key_nothing_is_sent(it: Any) -> None:
    """It is to be entered."""
    it.wiring.vault.write("token", "")
    with pytest.raises(NotSent) as caught:
        client(it).get(INVOICES)

    assert ("secret.missing", []) == (caught.value.problem.code, it.calls())


def test_calls_are_a_second_apart(it: Any) -> None:
    """Reads and writes, also of another process: the company refuses what comes sooner."""
    invoice = it.company.add()
    for number in range(1, 4):
        client(it).page(INVOICES, number=number)
        client(it).patch(f"{INVOICES}/{invoice['idn']}", (("externalIntegrationLog", "x"),))

    assert 6 == len(it.company.asked)
    assert 5 <= it.clock.monotonic() < 6


def test_the_pace_is_counted_from_the_answer(it: Any) -> None:
    """A call that took long on its way reaches the vendor late."""

    def slow(request: httpx2.Request) -> None:
        it.clock.advance(0.7)

    it.company.before = slow
    calls = client(it)
    calls.page(INVOICES, number=1)
    before = it.clock.monotonic()
    calls.page(INVOICES, number=2)

    assert 1.7 == pytest.approx(it.clock.monotonic() - before)


def test_the_same_read_waits_a_minute(it: Any) -> None:
    """In every process: the company refuses it before."""
    client(it).get(INVOICES)
    client(it).get(INVOICES)

    assert (2, 61) == (len(it.company.asked), it.clock.monotonic())


def test_a_form_keeps_every_letter(it: Any) -> None:
    """Names with brackets, text with `&` and umlauts."""
    invoice = it.company.add()
    said = 'O\'Brien & Söhne = "100 %" + €'
    client(it).patch(f"{INVOICES}/{invoice['idn']}", (("externalIntegrationLog", said),))

    assert said == invoice["externalIntegrationLog"]
    assert "application/x-www-form-urlencoded" == it.company.asked[-1].headers["content-type"]


@pytest.mark.parametrize("newer", [True, False])
def test_both_forms_of_paging_lead_to_the_end(connect: Callable[..., Any], newer: bool) -> None:
    """A client that knows one of them alone reads the first page and is content."""
    it = connect(page_rows="10")
    it.company.newer = newer
    for _ in range(25):
        it.company.add()

    assert [10, 10, 5] == [len(page.rows) for page in client(it).pages(INVOICES)]


def test_a_list_that_does_not_say_is_read_until_a_page_is_empty(it: Any) -> None:
    """A short page proves nothing: the vendor may cut pages down."""
    rows = [{"id": number, "idn": str(number)} for number in range(3)]
    planned(it, answer({"data": rows}), answer({"data": rows[:1]}), answer({"data": []}))

    assert [3, 1, 0] == [len(page.rows) for page in client(it).pages(INVOICES)]


def test_an_empty_page_that_is_not_the_last_is_an_error(it: Any) -> None:
    """The list is not whole."""
    planned(it, answer({"data": [], "meta": {"pagination": {"has_next_page": True}}}))

    with pytest.raises(VendorChanged):
        list(client(it).pages(INVOICES))


def test_a_list_without_an_end_is_given_up(connect: Callable[..., Any]) -> None:
    """It is no list of this company."""
    it = connect(calls_per_hour="0", calls_per_day="0")
    more = {"data": [{"id": 1, "idn": "1"}], "meta": {"pagination": {"has_next_page": True}}}
    it.company.before = lambda request: answer(more)

    with pytest.raises(VendorChanged, match="more than 1000 pages"):
        list(client(it).pages(INVOICES))


@pytest.mark.parametrize(
    "body", [b"<html>sign in</html>", b'{"data": 1}', b"[]", b'{"data": [', b"\xff", b"[" * 5000]
)
def test_a_list_of_another_form_is_an_error(it: Any, body: bytes) -> None:
    """And no empty list."""
    planned(it, httpx2.Response(200, content=body, headers={"content-type": "application/json"}))

    with pytest.raises(VendorChanged):
        client(it).page(INVOICES)


# --- limits -------------------------------------------------------------------------------------------------


def limited(it: Any, kind: str, seconds: float, in_body: bool = True) -> httpx2.Response:
    """The refusal of a limit."""
    until = it.clock.now() + timedelta(seconds=seconds)
    said = {"RateLimit-Type": kind, "RateLimit-Limit": 3000}
    if in_body:
        return answer({"error": "Too many", **said, "RateLimit-Retry-After": f"{until:%F %T} UTC"}, 429)
    headers = {"RateLimit-Type": kind, "RateLimit-Retry-After": until.isoformat()}
    return answer({"error": "Too many"}, 429, **headers)


@pytest.mark.parametrize("in_body", [True, False])
@pytest.mark.parametrize(
    ("kind", "name", "length"), [("Daily limiter", "day", 86_400), ("Hourly limiter", "hour", 3600)]
)
def test_a_limit_that_is_reached_stops_every_call_until_its_end(
    it: Any, in_body: bool, kind: str, name: str, length: int
) -> None:
    """The time is in the body, or in a header: nobody asks again before, writes neither."""
    it.company.add()
    planned(it, limited(it, kind, 3000, in_body))
    with pytest.raises(Throttled) as caught:
        client(it).get(INVOICES)
    assert 3000 == caught.value.retry_after_seconds
    assert kind in caught.value.problem.text

    for act in (lambda: client(it).get("/users"), lambda: client(it).patch(f"{INVOICES}/1", (("a", "b"),))):
        with pytest.raises(Throttled):
            act()
    assert 1 == len(it.company.asked)
    it.clock.advance(3001)
    client(it).patch(f"{INVOICES}/1", (("a", "b"),))
    assert 2 == len(it.company.asked)


def test_the_vendors_clock_counts(it: Any) -> None:
    """Ours is behind: what lasts five minutes there lasts five minutes here."""
    there = it.clock.now() + timedelta(hours=2)
    body = {"RateLimit-Retry-After": f"{there + timedelta(minutes=5):%F %T} UTC"}
    planned(it, answer(body, 429, date=f"{there:%a, %d %b %Y %T} GMT"))

    with pytest.raises(Throttled) as caught:
        client(it).get(INVOICES)
    assert 300 == caught.value.retry_after_seconds


@pytest.mark.parametrize("said", ["soon", "", None, 5, "2026-13-45 99:00:00 UTC"])
def test_a_limit_that_does_not_say_until_when_is_one(it: Any, said: Any) -> None:
    """`Retry-After` counts then."""
    planned(it, answer({"RateLimit-Retry-After": said}, 429, **{"Retry-After": "7"}))

    with pytest.raises(Throttled) as caught:
        client(it).get(INVOICES)
    assert 7 == caught.value.retry_after_seconds


def test_reads_leave_calls_of_the_day_for_marks(connect: Callable[..., Any]) -> None:
    """An invoice that was booked is marked also on a busy day."""
    it = connect(calls_per_day="20", calls_per_hour="0", pace_seconds="0")
    it.company.add()
    day = RateLimit(name="day", limit=20, seconds=86_400)
    while it.wiring.budget.take("test/", (day,), Priority.READ) == 0:
        pass

    with pytest.raises(Throttled):
        client(it).get(INVOICES)
    client(it).patch(f"{INVOICES}/1", (("externalIntegrationLog", "x"),))
    assert 1 == len(it.company.asked)


# --- refusals -----------------------------------------------------------------------------------------------


def test_a_sign_in_that_is_refused_names_all_that_could_be_wrong(it: Any) -> None:
    """Precoro does not say which it is."""
    it.wiring.vault.write("token", "another-key-altogether")
    with pytest.raises(SignInLost) as caught:
        client(it).get(INVOICES)

    assert all(word in caught.value.problem.text for word in ("e-mail", "API key", "region", "Integrations"))


def test_a_right_that_is_missing_says_what_to_give(it: Any) -> None:
    planned(it, answer({"message": "Access Denied."}, 403))
    with pytest.raises(RightMissing, match="every role"):
        client(it).get(INVOICES)


def test_what_is_not_there_is_not_found(it: Any) -> None:
    with pytest.raises(NotFound):
        client(it).get(f"{INVOICES}/7")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"errors": {"errors": {"sumPaid": "The Invoice is already fully paid."}}},
            "sumPaid: The Invoice is",
        ),
        ({"errors": {"externalId": ["Too long.", "Bad."]}}, "externalId: Too long; externalId: Bad"),
        ({"message": "No.", "errors": [{"name": "x"}]}, "No; name: x"),
        ({"error": "Nothing"}, "Nothing"),
        ({}, "it does not say why"),
        ([1, None, True], "it does not say why"),
    ],
)
def test_a_refusal_shows_the_vendors_words(it: Any, body: Any, said: str) -> None:
    """However deep they are."""
    planned(it, answer(body, 422))
    with pytest.raises(Refused) as caught:
        client(it).patch(f"{INVOICES}/1", (("externalId", "x"),))

    assert ("request.refused", True) == (caught.value.problem.code, said in caught.value.problem.text)


def test_a_refusal_that_is_a_page_shows_its_beginning(it: Any) -> None:
    planned(it, httpx2.Response(400, text="<h1>Bad Request</h1>"))
    with pytest.raises(Refused, match="<h1>Bad Request</h1>"):
        client(it).get(INVOICES)


def test_a_write_that_failed_is_not_known_to_have_failed(it: Any) -> None:
    """It may have been carried out, and is not sent again by itself."""
    planned(it, answer({}, 502))
    with pytest.raises(OutcomeUnknown):
        client(it).patch(f"{INVOICES}/1", (("externalId", "x"),))

    assert 1 == len(it.company.asked)


def test_what_names_people_is_on_no_record(it: Any) -> None:
    """The list of users."""
    planned(it, answer({"data": [{"email": "someone@acme.example"}]}, 500))
    with pytest.raises(OutcomeUnknown) as caught:
        client(it).get("/users")

    assert "someone" not in it.wiring.exchanges.text() + caught.value.support
