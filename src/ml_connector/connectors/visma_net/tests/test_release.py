"""Releasing: only what was compared, guarded by its version, whatever others do meanwhile and however long
Visma takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import locate, send
from ml_connector.errors import NotFound, OutcomeUnknown, Refused, SignInLost, Throttled


def meanwhile(
    world: Any, method: str, act: Callable[[], Any], times: int = 1, path: str = "/v2/journaltransaction"
) -> None:
    """Somebody acts just before a request of the connector's arrives."""
    left = [times]

    def before(request: httpx2.Request) -> None:
        if request.method == method and path in request.url.path and left[0]:
            left[0] -= 1
            act()

    world.wire.before = before


def test_held_compared_released(world: Any) -> None:
    """Off hold with the version that was looked at, then released with the one that came of it."""
    receipt = world.compared()
    assert (receipt.posted, world.document(receipt.reference)["status"]) == (False, "draft")

    released = world.ledger.release(receipt)

    assert released.posted
    assert world.document(receipt.reference)["status"] == "posted"
    path = f"v2/journaltransaction/{receipt.number}"
    assert world.changes() == ["POST v2/journaltransaction", f"PUT {path}", f"POST {path}/action/release"]
    put, release = [
        request
        for request in world.wire.requests
        if request.method != "GET" and "/connect/" not in request.url.path
    ][1:]
    assert put.content == b'{"hold":{"value":false}}'
    assert put.headers["if-match"] != release.headers["if-match"]
    assert put.headers["if-match"].startswith('"')


def test_asking_again_does_nothing(world: Any) -> None:
    """A posted batch is not touched, nor asked to be released."""
    released = world.ledger.release(world.compared())
    before = world.changes()

    assert world.ledger.release(released) == released
    assert world.reopen().release(released) == released
    assert world.changes() == before


def test_slow_release_is_waited_for_and_asked_once(make_world: Callable[..., Any]) -> None:
    """While it is queued the batch is looked at and left alone; posted when Visma has done it."""
    world = make_world(switches={"release_seconds": 30})
    receipt = world.compared()

    assert not world.ledger.release(receipt).posted
    before = world.changes()
    assert not world.ledger.release(receipt).posted
    assert world.changes() == before
    world.advance(31)

    assert world.ledger.release(receipt).posted


def test_slow_release_survives_a_restart(make_world: Callable[..., Any]) -> None:
    """A connector that remembers nothing reads, asks, is told that the batch is not releasable now, and waits
    on.
    """
    world = make_world(switches={"release_seconds": 30})
    receipt = world.compared()
    assert not world.ledger.release(receipt).posted

    anew = world.reopen()
    anew.read_back(receipt)
    assert not anew.release(receipt).posted
    world.advance(31)

    assert anew.release(receipt).posted


def test_release_that_is_never_done_is_asked_for_again(make_world: Callable[..., Any]) -> None:
    """A queued release that came to nothing leaves the batch balanced; after a while it is asked for once
    more.
    """
    world = make_world(switches={"release_seconds": 30})
    receipt = world.compared()
    world.ledger.release(receipt)
    world.close_period(world.entry().posting_date)
    world.advance(121)
    assert world.document(receipt.reference)["status"] == "draft"
    world.control("open_period", period="2026-06")

    assert not world.ledger.release(receipt).posted
    world.advance(31)

    assert world.ledger.release(receipt).posted


def test_company_that_does_not_post_on_release(make_world: Callable[..., Any]) -> None:
    """A released batch waits for a person's posting, and is not released twice."""
    world = make_world(switches={"release_seconds": 0, "auto_post": False})
    receipt = world.compared()

    assert not world.ledger.release(receipt).posted
    before = world.changes()
    assert not world.ledger.release(receipt).posted
    assert world.changes() == before
    world.control("post", id=receipt.reference)

    assert world.ledger.release(receipt).posted


# --- others at work -----------------------------------------------------------------------------------------


def test_save_that_changes_nothing_is_no_obstacle(world: Any) -> None:
    """Somebody saved the batch between our look and our write: 412, read again, the same, and released over
    the new version.
    """
    receipt = world.compared()
    meanwhile(world, "PUT", lambda: world.control("touch", id=receipt.reference))

    assert world.ledger.release(receipt).posted

    assert [call.split()[0] for call in world.changes()] == ["POST", "PUT", "PUT", "POST"]


def test_save_before_the_release_itself_is_no_obstacle(world: Any) -> None:
    """The same between the two writes."""
    receipt = world.compared()
    meanwhile(world, "POST", lambda: world.control("touch", id=receipt.reference), path="/action/release")

    assert world.ledger.release(receipt).posted


def test_version_stale_twice_is_said_and_nothing_overwritten(world: Any) -> None:
    """Somebody keeps saving: the text says what to do, and the batch is as they left it."""
    receipt = world.compared()
    meanwhile(world, "PUT", lambda: world.control("touch", id=receipt.reference), times=9)

    with pytest.raises(Refused) as caught:
        world.ledger.release(receipt)

    assert caught.value.problem.code == "document.contended"
    assert "Nothing was overwritten" in caught.value.problem.text
    assert world.document(receipt.reference)["status"] == "draft"
    assert [call.split()[0] for call in world.changes()] == ["POST", "PUT", "PUT"]


@pytest.mark.parametrize(
    ("edit", "shown"),
    [
        ({"line": 1, "amount": "1.00"}, "line 1: 5000 OSLADM-OSL"),
        ({"line": 2, "text": "bonus"}, "'lønn 2'"),
        ({"line": 1, "account": "5010"}, "→ 5010"),
        ({"line": 1, "segments": ["BERADM", "BER"]}, "BERADM-BER"),
        ({"description": "mine now"}, "→ mine now"),
    ],
    ids=str,
)
@pytest.mark.parametrize("moment", ["before the look", "after it", "a moment after comparing"])
def test_edit_after_comparing_stops_the_release(
    world: Any, edit: dict[str, Any], shown: str, moment: str
) -> None:
    """What changed is shown, nothing is overwritten, and nothing is released."""
    receipt = world.compared(0 if moment == "a moment after comparing" else 6)
    if moment == "after it":
        meanwhile(world, "PUT", lambda: world.control("edit", id=receipt.reference, **edit))
    else:
        world.control("edit", id=receipt.reference, **edit)

    with pytest.raises(Refused) as caught:
        world.ledger.release(receipt)

    assert caught.value.problem.code == "document.changed"
    assert shown in caught.value.problem.text
    assert "Nothing was released or overwritten" in caught.value.problem.text
    assert world.document(receipt.reference)["status"] == "draft"
    assert "POST" not in [call.split()[0] for call in world.changes()[1:]]


def test_batch_that_was_never_compared_is_not_released(world: Any) -> None:
    """A connector that remembers nothing takes no batch to the books that it has not read back."""
    receipt = send(world.ledger, world.entry())

    with pytest.raises(Refused) as caught:
        world.reopen().release(receipt)

    assert caught.value.problem.code == "document.changed"
    assert "was not read back" in caught.value.problem.text


def test_person_took_it_off_hold(world: Any) -> None:
    """Balanced already: released without another write."""
    receipt = world.compared()
    world.screen("PUT", f"/v2/journaltransaction/{receipt.number}", {"hold": {"value": False}})

    assert world.ledger.release(receipt).posted
    assert [call.split()[0] for call in world.changes()] == ["POST", "POST"]


def test_person_released_it(world: Any) -> None:
    """Nothing is left to do."""
    receipt = world.compared()
    world.control("release", id=receipt.reference)
    before = world.changes()

    assert world.ledger.release(receipt).posted
    assert world.changes() == before


def test_batch_that_was_just_read_back_is_not_read_again(world: Any) -> None:
    """Its version guards the write; a moment later, and once it was used, it is read."""
    receipt = world.compared(0)
    count = len(world.calls())

    assert world.ledger.release(receipt).posted
    assert [call.split()[0] for call in world.calls()[count:]] == ["PUT", "POST", "GET"]


@pytest.mark.parametrize("act", ["off hold", "released"])
def test_person_was_quicker_than_the_version(world: Any, act: str) -> None:
    """The write with the version that was read back is carried out for no other, and the batch is read."""
    receipt = world.compared(0)
    if act == "released":
        world.control("release", id=receipt.reference)
    else:
        world.screen("PUT", f"/v2/journaltransaction/{receipt.number}", {"hold": {"value": False}})

    assert world.ledger.release(receipt).posted
    assert world.journal_references() == [receipt.reference]


@pytest.mark.parametrize("seconds", [0, 6])
def test_person_deleted_it(world: Any, seconds: float) -> None:
    """Gone is said as gone."""
    receipt = world.compared(seconds)
    world.delete(receipt.reference)

    with pytest.raises(NotFound, match="not in company FJORD any more"):
        world.ledger.release(receipt)


# --- refused and lost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["status", "failed"])
def test_refused_release_is_said(make_world: Callable[..., Any], form: str) -> None:
    """With a status, or as a failed result: the vendor's words, and the batch stays a draft."""
    world = make_world(switches={"release_seconds": 0, "release_refusal": form})
    receipt = world.compared()
    world.close_period(world.entry().posting_date)

    with pytest.raises(Refused, match="period"):
        world.ledger.release(receipt)

    assert world.document(receipt.reference)["status"] == "draft"
    world.control("open_period", period="2026-06")
    assert world.ledger.release(receipt).posted


@pytest.mark.parametrize("kind", ["lost_before_commit", "lost_after_commit", "garbage"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_lost_answer_of_a_release_is_looked_at_again(world: Any, kind: str, method: str) -> None:
    """Whatever became of the write, asking again posts the batch once."""
    receipt = world.compared()
    match = {"method": method, "path": "/v2/journaltransaction/.+"}
    world.post("faults", {"kind": kind, "match": match, "times": 1})

    with pytest.raises(OutcomeUnknown):
        world.ledger.release(receipt)

    assert world.ledger.release(receipt).posted
    assert world.journal_references() == [receipt.reference] == locate(world.ledger, world.entry())


def test_throttled_release_says_how_long_to_wait(world: Any) -> None:
    """The engine waits, and goes on."""
    receipt = world.compared()
    fault = {
        "kind": "status",
        "status": 429,
        "headers": {"Retry-After": "30"},
        "match": {"method": "PUT"},
        "times": 1,
    }
    world.post("faults", fault)

    with pytest.raises(Throttled) as caught:
        world.ledger.release(receipt)

    assert caught.value.retry_after_seconds == 30
    assert world.ledger.release(receipt).posted


def test_token_revoked_before_the_release_is_renewed(world: Any) -> None:
    """A 401 proves that nothing was done, so it is done with a new token."""
    receipt = world.compared()
    meanwhile(world, "PUT", lambda: world.control("revoke"))

    assert world.ledger.release(receipt).posted


def test_approval_withdrawn_before_the_release(world: Any) -> None:
    """Nothing is released, and the text says who can mend it."""
    receipt = world.compared()
    world.withdraw_sign_in()

    with pytest.raises(SignInLost, match="Visma App Store"):
        world.ledger.release(receipt)

    assert world.document(receipt.reference)["status"] == "draft"


# --- other answers ------------------------------------------------------------------------------------------


def shown_as(world: Any, status: str) -> None:
    """The batch is shown in another state."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "GET" or "/journaltransaction/" not in request.url.path:
            return response
        body = response.read().replace(b'"status":"Hold"', f'"status":"{status}"'.encode())
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)

    world.wire.after = after


@pytest.mark.parametrize(
    ("status", "posted"), [("Posted", True), ("Completed", True), ("Unposted", False), ("Released", False)]
)
def test_states_after_a_release(world: Any, status: str, posted: bool) -> None:
    """Nothing more is written."""
    receipt = world.compared()
    shown_as(world, status)

    assert world.ledger.release(receipt).posted is posted
    assert world.changes() == ["POST v2/journaltransaction"]


@pytest.mark.parametrize("status", ["Voided", "Scheduled", "Something new", ""])
def test_states_that_a_person_must_look_at(world: Any, status: str) -> None:
    """Voided, scheduled, unknown: said by name, and left alone."""
    receipt = world.compared()
    shown_as(world, status)

    with pytest.raises(Refused, match=f"is {status or 'in no state'} in Visma"):
        world.ledger.release(receipt)

    assert world.changes() == ["POST v2/journaltransaction"]


def test_change_that_is_answered_without_a_version_is_read_again(world: Any) -> None:
    """The release is guarded by the version that is there then."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        return httpx2.Response(204) if request.method == "PUT" else response

    receipt = world.compared()
    world.wire.after = after

    assert world.ledger.release(receipt).posted
    assert '""' not in [request.headers.get("if-match") for request in world.wire.requests]


def test_edit_between_the_change_and_its_reading_stops_the_release(world: Any) -> None:
    """Off hold, edited, read again: it is not what was compared."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "PUT":
            return response
        world.control("edit", id=receipt.reference, line=2, text="bonus")
        return httpx2.Response(204)

    receipt = world.compared()
    world.wire.after = after

    with pytest.raises(Refused, match="after it was compared"):
        world.ledger.release(receipt)

    assert world.document(receipt.reference)["status"] == "draft"
