"""What became of expense reports as signed webhooks, to a real receiver on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from tests.flows.test_alert_webhooks import Hooked, Receiver, signature
from tests.flows.test_alerts import DAY, HOUR, MINUTE

REPORTS = {"about": "reports"}


class Reported(Hooked):
    """An installation that was sent reports."""

    def reports(self, receiver: Receiver, name: str = "platform") -> str:
        return str(self.endpoints.add(name, receiver.url, internal=True, about="reports"))

    def receive(self, reference: str, organisation: Any = None) -> Any:
        """A report as it was stored."""
        from ml_connector.store.models import ApiToken, IntakeReport

        mine = organisation or self.access.organisation
        now = self.clock.now()
        token, _ = ApiToken.objects.get_or_create(
            organisation=mine,
            name="t",
            defaults={"digest": f"digest {mine.pk}", "scopes": [], "ends_at": now},
        )
        number = IntakeReport.objects.count() + 1
        return IntakeReport.objects.create(
            organisation=mine,
            identity=f"id-{reference}",
            number=number,
            change=number,
            reference=reference,
            revision=2,
            fingerprint="f",
            sent="{}",
            content="{}",
            token=token,
            received_at=now,
            changed_at=now,
        )

    def become(self, report: Any, state: str, message: str, *, dies: bool = False) -> None:
        """What stores the state of a report."""
        from django.db import transaction

        from ml_connector.app.access import Access
        from ml_connector.app.intake_outcomes import State, tell

        self._use()
        access = Access(report.organisation.slug)
        with transaction.atomic():
            tell(access, report.identity, State(state), message, self.clock.now())
            if dies:
                raise SystemExit("killed before the commit")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def world() -> Reported:
    return Reported()


def types(receiver: Receiver) -> list[tuple[str, str]]:
    return [(body["type"], body["data"]["externalId"]) for body in receiver.bodies()]


def test_what_became_of_a_report_is_sent_signed(world: Reported, receiver: Receiver) -> None:
    """First that it failed, then that it is booked after all; that it was received is told to nobody."""
    secret, report = world.reports(receiver), world.receive("rep-1")
    world.become(report, "received", "")
    world.become(report, "failed", "The period is closed.")
    world.round(MINUTE)
    world.become(report, "booked", "Booked as 26700001.")
    world.round(MINUTE)

    assert [("expense_report.failed", "rep-1"), ("expense_report.booked", "rep-1")] == types(receiver)
    body = receiver.bodies()[1]
    assert {
        "id": "id-rep-1",
        "externalId": "rep-1",
        "revision": 2,
        "state": "booked",
        "message": "Booked as 26700001.",
        "changedAt": body["timestamp"],
    } == body["data"]
    for head, content in receiver.calls:
        wanted = signature(secret, head["webhook-id"], head["webhook-timestamp"], content)
        assert wanted == head["webhook-signature"]
    assert 2 == len({head["webhook-id"] for head, _ in receiver.calls})


def test_an_endpoint_gets_what_it_is_about_and_nothing_else(world: Reported, receiver: Receiver) -> None:
    """Who sends reports is not told of alerts, which name people and amounts; nor the other way round."""
    operations = Receiver()
    try:
        world.reports(receiver)
        world.hook(operations)
        world.become(world.receive("rep-1"), "booked", "Booked as 1.")
        world.find("Añez")
        world.rounds(HOUR)
        since = world.clock.now()
        replayed = world.endpoints.replay(since.replace(year=since.year - 1), since)
        world.round(MINUTE)
    finally:
        operations.close()

    assert [("expense_report.booked", "rep-1")] * 2 == types(receiver)
    assert ["alert.opened"] * 2 == [body["type"] for body in operations.bodies()]
    assert 2 == replayed
    assert 1 == len({head["webhook-id"] for head, _ in receiver.calls})


def test_nothing_is_told_of_a_state_that_was_not_stored(world: Reported, receiver: Receiver) -> None:
    """The message is in the commit of the state."""
    world.reports(receiver)
    report = world.receive("rep-1")
    with pytest.raises(SystemExit):
        world.become(report, "booked", "Booked as 1.", dies=True)
    world.round(MINUTE)

    assert [] == receiver.calls


def test_a_message_is_sent_until_it_arrives_under_one_id(world: Reported, receiver: Receiver) -> None:
    """Also by another process than the one that stored it. One that never arrives disables the endpoint, and
    an alert says so; an endpoint that is enabled again gets it by a replay.
    """
    world.reports(receiver)
    receiver.status = 503
    world.become(world.receive("rep-1"), "booked", "Booked as 1.")
    world.rounds(2 * HOUR, 30 * MINUTE)
    tried = len(receiver.calls)
    world.rounds(2 * DAY, HOUR)
    at_last = len(receiver.calls)
    open_alerts = {code for code, _, _ in world.codes()}
    receiver.status = 204
    assert 1 == world.endpoints.enable("platform")
    now = world.clock.now()
    world.endpoints.replay(now.replace(year=now.year - 1), now)
    world.round(MINUTE)

    assert 1 < tried < at_last == 8
    assert "alerts.endpoint_disabled" in open_alerts
    assert 9 == len(receiver.calls)
    assert 1 == len({head["webhook-id"] for head, _ in receiver.calls})


def test_an_organisation_is_told_of_its_own_reports(world: Reported, receiver: Receiver) -> None:
    from ml_connector.store.models import Organisation

    world.reports(receiver)
    other = Organisation.objects.create(slug="other")
    world.become(world.receive("theirs", other), "booked", "Booked as 1.")
    world.become(world.receive("ours"), "booked", "Booked as 2.")
    world.round(MINUTE)

    assert [("expense_report.booked", "ours")] == types(receiver)


def test_the_log_says_which_report_and_no_words(world: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may name people and amounts."""
    from ml_connector.app import alert_delivery

    monkeypatch.setattr(alert_delivery, "log", structlog.get_logger())
    world.become(world.receive("rep-1"), "failed", "J. de Vries is unknown.")
    with capture_logs() as lines:
        world.round(MINUTE)

    (line,) = [one for one in lines if one["event"] == "expense_report.failed"]
    assert ("id-rep-1", 2) == (line["report"], line["revision"])
    assert "Vries" not in str(lines)
