"""Exports that are taken back, told of, sent again; the sign-in and the ping."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.findity import CONNECTOR
from ml_connector.connectors.findity.events import TOPICS, FindityEvents
from ml_connector.connectors.findity.settings import read
from ml_connector.connectors.findity.tests.simulated_world import SimulatedOrganization, is_first
from ml_connector.contract.expense_world import SPENT, handed_over, ids
from ml_connector.domain.expense import ExpenseReport
from ml_connector.errors import NotSent, OutcomeUnknown, Refused, SignInLost
from ml_connector.transport.signature import BODY_BYTES_MAX


def test_an_export_that_was_taken_back_comes_again_under_the_same_reference() -> None:
    """So what was booked of it meanwhile is not booked twice, and the new export is told."""
    world = SimulatedOrganization()
    since = world.now()
    report = handed_over(world, "E-1")
    (first,) = world.source.changed("", since).found
    world.advance(600)
    world.return_export(report.partition("/")[2])
    assert () == world.source.changed("", since).found
    with pytest.raises(Refused) as refused:
        world.source.report(first.reference)
    assert "expense.moved" == refused.value.problem.code
    assert () == world.source.exported(first.export)

    world.advance(600)
    world.control("make_export", reports=[report.partition("/")[2]])
    (again,) = world.source.changed("", since).found

    assert first.reference == again.reference
    assert first.export != again.export
    world.source.marks.assign(again.reference, "booked", "Booked as 1")
    assert "booked" == world.status(again.reference)


def test_a_young_export_waits_until_it_cannot_be_taken_back() -> None:
    """The next look finds it, whatever the cursor says."""
    world = SimulatedOrganization(take_back_seconds="60")
    since = world.now()
    report = handed_over(world, "E-1")
    world.advance(59)
    look = world.source.changed("", since)
    assert () == look.found
    world.advance(7_200)

    assert {report} == ids(world.source.changed(look.cursor, since).found)


def test_a_report_that_failed_comes_again_when_it_is_sent_again() -> None:
    """Under the same reference where it was not approved again; until then nobody waits for an answer."""
    world = SimulatedOrganization()
    since = world.now()
    report = handed_over(world, "E-1")
    (first,) = world.source.changed("", since).found
    world.source.marks.assign(first.reference, "failed", "Account 4600 is closed")
    with pytest.raises(Refused) as refused:
        world.source.report(first.reference)
    assert "expense.moved" == refused.value.problem.code
    with pytest.raises(Refused) as refused:
        world.source.marks.assign(first.reference, "booked", "Booked as 1")
    assert "expense.status" == refused.value.problem.code

    world.advance(600)
    world.control("make_export", reports=[report.partition("/")[2]])
    (again,) = world.source.changed("", since).found

    assert (first.reference, "") == (again.reference, again.status)
    assert world.source.report(again.reference).lines


def test_looks_lie_apart_unless_a_notification_came() -> None:
    """A look without need asks nothing."""
    world = SimulatedOrganization(poll_seconds="600")
    since = world.now()
    source = world.source
    cursor = source.changed("", since).cursor
    report = handed_over(world, "E-1")
    world.advance(10)
    asked = len(world.wire.requests)
    assert () == source.changed(cursor, since).found
    assert asked == len(world.wire.requests)

    object.__setattr__(world.wiring, "heard", lambda topics, after: ["an export"])
    assert {report} == ids(world.source.changed(cursor, since).found)


def test_a_part_that_was_told_is_told_to_the_end() -> None:
    """Where a report is several vouchers, one answer of them is lost: it waits until the next try tells
    all.
    """
    world = SimulatedOrganization(grouping="EXPENSE")
    since = world.now()
    handed_over(world, "E-1")
    (ref,) = world.source.changed("", since).found
    world.fail_next("lost after commit")
    with pytest.raises(OutcomeUnknown):
        world.source.marks.assign(ref.reference, "booked", "Booked as 1")
    assert "" == world.source.marks.assigned(ref.reference)
    told = world.writes()
    with pytest.raises(Refused) as refused:
        world.source.marks.assign(ref.reference, "failed", "No")
    assert ("expense.status", told) == (refused.value.problem.code, world.writes())

    world.source.marks.assign(ref.reference, "booked", "Booked as 1")
    assert "booked" == world.source.marks.assigned(ref.reference)


def test_all_organizations_are_read_where_none_is_named() -> None:
    """Each report says of which one it is."""
    world = SimulatedOrganization(organizations="")
    since, belgium = world.now(), world.system.entities()[1].code
    world.control("make_export", organization=belgium)
    handed_over(world, "E-1", SPENT[:1])

    assert ["Noordkade Handel B.V.", "Noordkade Belgium BV"] == [
        each.title for each in world.system.entities()
    ]
    found = world.source.changed("", since).found
    assert {world.organization, belgium} == {ref.export.partition("/")[0] for ref in found}
    assert {belgium, world.organization} == {
        world.source.report(ref.reference).company for ref in world.source.unmarked(since)
    }


@pytest.mark.parametrize("list_as", ["object", "array"])
def test_a_list_that_lost_a_row_is_not_used(list_as: str) -> None:
    """While it was read a row slipped past: read again it is whole, and where that does not help it is an
    error.
    """
    world = SimulatedOrganization(switches={"list_as": list_as})
    since = world.now()
    every = {handed_over(world, f"E-{number}", SPENT[:1]) for number in range(6)}
    lost = [1]

    def lose(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if is_first(request) or not request.url.path.endswith("/exports") or not lost[0]:
            return response
        lost[0] -= 1
        body = json.loads(response.read())
        rows = body["items"] if list_as == "object" else body
        del rows[-1:]
        return httpx2.Response(200, json=body)

    world.wire.after = lose
    assert every == ids(world.source.changed("", since).found)
    if list_as == "object":
        lost[0] = 100
        with pytest.raises(OutcomeUnknown):
            world.source.changed("", since)


# --- sign-in ------------------------------------------------------------------------------------------------


def test_the_refresh_token_is_spent_once_and_credentials_make_up_for_a_lost_answer() -> None:
    """That it is spent is on record before it is sent; a lost answer asks no person."""
    world = SimulatedOrganization()
    world.system.check()
    world.advance(3_600)
    world.system.check()
    assert ["client_credentials", "refresh_token"] == world.grants()

    world.advance(3_600)
    rule = {"kind": "lost_after_commit", "match": {"path": "/oauth/token/"}, "times": 1}
    world.call("POST", "/__sandbox__/faults", json=rule)
    with pytest.raises(NotSent):
        world.system.entities()
    assert world.wiring.tokens.read().renewing_since is not None
    world.system.entities()

    assert ["refresh_token", "client_credentials"] == world.grants()[2:]
    assert world.wiring.tokens.read().renewing_since is None


def test_a_refused_refresh_token_is_made_up_for_by_the_credentials() -> None:
    """Somebody burnt it: nobody has to do anything."""
    world = SimulatedOrganization()
    world.system.check()
    world.control("burn_refresh_token")
    world.advance(3_600)

    assert all(right.granted for right in world.system.check())
    assert ["client_credentials", "refresh_token", "client_credentials"] == world.grants()


def test_a_wrong_secret_is_named_by_the_ping() -> None:
    """And a person is asked."""
    world = SimulatedOrganization()
    world.control("new_secret")
    (right,) = world.system.check()
    assert ("sign in", False) == (right.name, right.granted)
    with pytest.raises(SignInLost):
        world.system.entities()


def test_an_organization_that_is_not_let_in_is_named_by_the_ping() -> None:
    """With what to do in Findity."""
    world = SimulatedOrganization(organizations="75582ce5-0000-0000-0000-000000000000")
    (wrong,) = (right for right in world.system.check() if not right.granted)
    assert "API connectivity" in wrong.text

    world = SimulatedOrganization()
    world.control("disable_api", organization=world.organization)
    assert [right for right in world.system.check() if not right.granted]


def test_no_secret_and_no_name_of_a_person_is_recorded() -> None:
    """Neither in exchanges nor in an error."""
    world = SimulatedOrganization()
    since = world.now()
    handed_over(world, "E-1")
    (ref,) = world.source.changed("", since).found
    world.source.marks.assign(ref.reference, "booked", "Booked as 1")
    with pytest.raises(Refused):
        world.source.marks.assign(ref.reference, "failed", "No")

    said = world.wiring.exchanges.text()  # type: ignore[attr-defined]
    hidden = [world.credentials["client_secret"], *world.wire.tokens, "Anouk", "40019"]
    assert [] == [secret for secret in hidden if secret in said]


# --- notifications ------------------------------------------------------------------------------------------


def sent(**more: Any) -> bytes:
    body = {"exportId": "e-1", "numberOfVouchers": 2, "numberOfReports": 1, "organizationId": "o-1"}
    return json.dumps({**body, "externalOrganizationId": None, "clientApplicationId": "c", **more}).encode()


def events(**settings: str) -> FindityEvents:
    return FindityEvents(read(settings, sandbox=True)[0])


def test_an_export_is_told_of_by_its_key() -> None:
    """That `exported` takes; a repeat is the same event, another export is another one."""
    found = events().verify({}, sent())

    assert ("o-1/e-1", "export made", True) == (found.key, found.topic, found.ours)
    assert found == events().verify({}, sent())
    assert found.id != events().verify({}, sent(exportId="e-2")).id
    assert ("export *",) == TOPICS[ExpenseReport]


def test_an_export_of_an_organization_that_is_not_named_is_not_ours() -> None:
    """Another connection may have it."""
    assert not events(organizations="o-2").verify({}, sent()).ours
    assert events(organizations="o-2, o-1").verify({}, sent()).ours


def test_what_the_simulator_sends_names_an_export() -> None:
    """As it leaves."""
    world = SimulatedOrganization()
    bodies: list[bytes] = []
    world.host.vendor.webhooks.send = lambda url, body, headers: bodies.append(body) or 200
    world.host.vendor.webhooks.outbox.background = False
    world.control("set_webhook", url="http://127.0.0.1:1/hook")
    report = handed_over(world, "E-1")

    event = world.system.events.verify({}, bodies[-1])  # type: ignore[union-attr]

    assert [report] == [ref.report for ref in world.source.exported(event.key)]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"<html>", b"\xff\xfe", b"[" * 9_000, sent(exportId=""), sent(exportId=1)],
)
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    """It ends in no defect."""
    with pytest.raises(Refused) as refused:
        events().verify({}, body)
    assert "event.shape" == refused.value.problem.code


def test_a_body_above_the_limit_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        events().verify({}, sent() + b" " * BODY_BYTES_MAX)
    assert "event.size" == refused.value.problem.code


# --- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"base_url": "https://findity.example"}, "setting.host"),
        ({"base_url": "http://expense.findity.com"}, "setting.host"),
        ({"names": "voucher=id"}, "setting.names"),
        ({"names": "voucher_id"}, "setting.names"),
        ({"names": "path_exports=/organizations/bookings"}, "setting.names"),
        ({"names": "path_exports=https://evil.example/{organization}"}, "setting.names"),
        ({"names": "method_status=DELETE"}, "setting.names"),
        ({"axes": "Project"}, "setting.axes"),
        ({"axes": "A=project, B=project"}, "setting.axes"),
        ({"axes": "A=Cost Center"}, "setting.axes"),
        ({"paid_with": "Card=own_money"}, "setting.paid_with"),
        ({"amounts": "euros"}, "setting.choice"),
        ({"overlap_seconds": "10"}, "setting.overlap"),
        ({"page_rows": "0"}, "setting.page_rows"),
        ({"file_bytes_max": "0"}, "setting.file_bytes"),
        ({"poll_seconds": "soon"}, "setting.number"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, str], code: str) -> None:
    """Each is named, once."""
    assert [code] == [problem.code for problem in CONNECTOR.check_settings(settings, sandbox=False)]


def test_default_settings_are_good_for_a_real_host() -> None:
    """A young export waits a minute there."""
    assert [] == CONNECTOR.check_settings({}, sandbox=False)
    assert 60 == read({}, sandbox=False)[0].numbers["take_back_seconds"]
