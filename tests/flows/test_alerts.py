"""Alerts: what is the case is told once, again each day, and when it is over; by every channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.payday import SOURCE, TARGET, World

from ml_connector.domain.problem import Owner, Problem
from ml_connector.ports.runs import RunState
from ml_connector.ports.storage import RateLimit, TokenState

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Watched(World):
    """An installation whose `serve` is a loop of the test's."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.looks = 0
        self.looked_at()

    def looked_at(self) -> None:
        """The ledger was compared just now."""
        from ml_connector.store.models import Connection

        self._use()
        Connection.objects.update(looked_at=self.clock.now())

    def round(self, seconds: float = 0, *, deliver: bool = True) -> list[str]:
        """What `serve` does about alerts after so long; which were told."""
        from ml_connector.app.alert_delivery import deliver as send
        from ml_connector.app.alerts import watch

        self._use()
        self.clock.sleep(seconds)
        told = [f"{one.event} {one.alert.code} {one.alert.place}" for one in watch(self._assembly)]
        if deliver:
            send(self._assembly)
        self.told.extend(told)
        return told

    def rounds(self, seconds: int, every: int = MINUTE) -> list[str]:
        """Rounds for so long."""
        return [one for _ in range(seconds // every) for one in self.round(every)]

    def find(self, *subjects: str, code: str = "member.unknown", about: str = "flow 1") -> None:
        """A look finds exactly these."""
        from ml_connector.store.work import StoredWorklist

        self.looks += 1
        found = [Problem(code, one, f"Look at {one}.", Owner.CONTROLLER) for one in subjects]
        StoredWorklist(self.access.organisation, about).found(f"look {self.looks}", found)

    def open(self) -> list[Any]:
        from ml_connector.app.alerts import lines

        return lines(self.access)

    def codes(self) -> list[tuple[str, str, str]]:
        """Open alerts: code, place, owner."""
        return [(one.code, one.place, one.owner) for one in self.open()]

    def connection(self) -> Any:
        return self.access.connection(TARGET)


@pytest.fixture
def world() -> Watched:
    return Watched()


# --- opening, repeating, closing ----------------------------------------------------------------------------


def test_nothing_is_told_of_an_installation_that_is_well(world: Watched) -> None:
    assert [] == world.rounds(HOUR)
    assert [] == world.open()


def test_what_lasts_is_told_once_then_daily_and_once_when_it_is_over(world: Watched) -> None:
    world.find("a")
    assert [] == world.round()
    assert [] == world.round(MINUTE)

    assert [f"opened member.unknown {TARGET}"] == world.round(MINUTE)
    assert [] == world.rounds(DAY - MINUTE, 10 * MINUTE - 1)
    world.looked_at()
    assert [f"repeated member.unknown {TARGET}"] == world.rounds(HOUR)
    assert [("member.unknown", TARGET, "controller")] == world.codes()

    world.find()
    assert [] == world.rounds(10 * MINUTE)
    assert [f"closed member.unknown {TARGET}"] == world.rounds(20 * MINUTE)
    assert [] == world.open()


@pytest.mark.parametrize(("about", "place"), [("flow", TARGET), ("look", SOURCE), ("expected", SOURCE)])
def test_an_alert_names_the_system_that_it_is_about(world: Watched, about: str, place: str) -> None:
    """A plan is about where it writes; a look, and what is expected, about where it reads."""
    world.find("a", about=f"{about} {world._flow.pk}")
    world.rounds(5 * MINUTE)

    assert [("member.unknown", place, "controller")] == world.codes()


def test_what_comes_and_goes_is_one_alert_and_a_new_episode_another(world: Watched) -> None:
    """On and off every minute for an hour, and once more the next day."""

    def flap() -> None:
        for number in range(60):
            world.find(*["a"] * (number % 2 == 0))
            world.round(MINUTE)
        world.find()
        world.rounds(30 * MINUTE)

    flap()
    assert [f"opened member.unknown {TARGET}", f"closed member.unknown {TARGET}"] == world.told
    world.clock.sleep(DAY)
    world.looked_at()
    flap()
    assert [f"opened member.unknown {TARGET}", f"closed member.unknown {TARGET}"] * 2 == world.told


def test_what_was_there_for_a_moment_is_never_told(world: Watched) -> None:
    from ml_connector.store.models import Alert

    world.find("a")
    world.round()
    world.find()

    assert [] == world.rounds(HOUR)
    assert 0 == Alert.objects.count()


def test_many_causes_of_one_kind_at_one_connection_are_one_message_with_a_count(world: Watched) -> None:
    world.find(*(f"code {number:04}" for number in range(5_000)))

    assert [f"opened member.unknown {TARGET}"] == world.rounds(3 * MINUTE)

    (alert,) = world.open()
    assert (5_000, "5000 of this kind. The first: Look at code 0000.") == (alert.count, alert.text)


def test_two_processes_share_the_rounds(world: Watched) -> None:
    """The second that looks in the same minute finds the round taken."""
    world.find("a")
    world.rounds(2 * MINUTE)

    assert [f"opened member.unknown {TARGET}"] == [*world.round(MINUTE), *world.round(), *world.round(9)]


def test_a_defect_in_one_organisation_keeps_no_other_from_its_alerts(world: Watched) -> None:
    from ml_connector.store.models import Organisation, Run

    Organisation.objects.create(slug="other")
    Run.objects.create(
        id="broken",
        organisation=Organisation.objects.get(slug="other"),
        flow="payroll",
        state=RunState.HELD,
        problems="not readable",
    )
    Run.objects.update(updated_at=world.clock.now() - timedelta(days=2))
    world.find("a")
    with capture_logs() as lines:
        world.rounds(3 * MINUTE)

    assert [f"opened member.unknown {TARGET}"] == world.told
    assert "other" in {line["organisation"] for line in lines if line["event"] == "alerts.failed"}


# --- the conditions -----------------------------------------------------------------------------------------


def lasting(world: Watched) -> list[tuple[str, str, str]]:
    world.rounds(3 * MINUTE)
    return world.codes()


@pytest.mark.parametrize(
    ("state", "code", "owner"),
    [
        (RunState.AWAITING_APPROVAL, "run.unapproved", "controller"),
        (RunState.HELD, "run.on_hold", "payroll"),
        (RunState.FAILED, "run.failed", "support"),
    ],
)
def test_a_run_that_waits_longer_than_its_limit(
    world: Watched, state: RunState, code: str, owner: str
) -> None:
    from ml_connector.domain import codec
    from ml_connector.store.models import Run

    why = codec.encode((Problem("x", "y", "Z.", Owner.PAYROLL),)) if state is RunState.HELD else ""
    Run.objects.create(
        id="payroll-1",
        organisation=world.access.organisation,
        flow="payroll",
        state=state,
        settings=world.access.flows()[0],
        problems=why,
        updated_at=world.clock.now(),
    )
    world.clock.sleep(DAY - HOUR)
    assert [] == lasting(world)
    world.clock.sleep(HOUR)

    assert [(code, TARGET, owner)] == lasting(world)
    assert "ml-connector runs show payroll-1" in world.open()[0].text


def test_what_was_handed_over_and_is_not_taken_in_after_a_day(world: Watched) -> None:
    from ml_connector.store.models import PlannedChange, Run

    run = Run.objects.create(
        id="workers-1",
        organisation=world.access.organisation,
        flow="workers",
        state=RunState.WAITING,
        settings=world.access.flows()[0],
        updated_at=world.clock.now(),
    )
    for number in (1, 2):
        PlannedChange.objects.create(
            run=run,
            number=number,
            key=f"10/employee/{number}",
            change="",
            state="handed_over",
            detail="file 1",
            sent_at=world.clock.now(),
        )
    world.clock.sleep(DAY - HOUR)
    assert [] == lasting(world)
    world.clock.sleep(HOUR)

    assert [("plan.not_taken_in", TARGET, "administrator")] == lasting(world)
    text = world.open()[0].text
    assert "2 of this kind" in text
    assert "10/employee/1" in text
    run.state = RunState.CANCELLED
    run.save()
    assert [f"closed plan.not_taken_in {TARGET}"] == world.rounds(20 * MINUTE)


def test_an_incident_of_the_nightly_look(world: Watched) -> None:
    from ml_connector.store.models import Incident

    row = Incident.objects.create(
        connection=world.connection(), entity="10", document="7", code="entry.changed", text="7 was edited."
    )

    assert [("entry.changed", TARGET, "controller")] == lasting(world)
    assert "7 was edited." == world.open()[0].text
    row.over_at = world.clock.now()
    row.save()
    assert [f"closed entry.changed {TARGET}"] == world.rounds(20 * MINUTE)


def sign_in(world: Watched, **state: Any) -> None:
    from ml_connector.store.secrets import StoredTokens

    world._assembly.keys.create()
    StoredTokens(world.connection(), world._assembly.keys, world._assembly.locks).write(TokenState(**state))


def test_a_consent_that_ends_within_a_week(world: Watched) -> None:
    sign_in(world, access_token="x", consent_expires_at=world.clock.now() + timedelta(days=7, hours=1))
    assert [] == lasting(world)
    world.clock.sleep(HOUR)

    assert [("sign_in.ends", TARGET, "administrator")] == lasting(world)
    assert f"connections authorize {TARGET}" in world.open()[0].text


def test_a_sign_in_that_is_lost(world: Watched) -> None:
    sign_in(world, lost="The sign-in was refused. Sign in again.")

    assert [("sign_in.lost", TARGET, "administrator")] == lasting(world)


def test_a_sign_in_that_cannot_be_read_does_not_close_what_was_known_of_it(world: Watched) -> None:
    from ml_connector.store.models import Token

    sign_in(world, access_token="x", consent_expires_at=world.clock.now() + timedelta(days=1))
    lasting(world)
    Token.objects.update(ciphertext="damaged")

    assert [f"opened sign_in.unreadable {TARGET}"] == world.rounds(HOUR)
    assert ["sign_in.ends", "sign_in.unreadable"] == [code for code, _, _ in world.codes()]


@pytest.mark.parametrize(
    ("used", "hours", "seconds", "short"),
    [
        (60, 12, DAY, True),
        (49, 6, DAY, False),
        (60, 15, DAY, False),
        (100, 1, DAY, True),
        (99, 12, HOUR, False),
    ],
)
def test_calls_that_will_not_last_the_day(
    world: Watched, used: int, hours: int, seconds: int, short: bool
) -> None:
    """Of 100; at noon 60 are too many, in the afternoon they are not."""
    from ml_connector.store.limits import StoredBudget
    from ml_connector.store.models import BudgetWindow

    ends = world.clock.now() + timedelta(hours=24 - hours)
    window = RateLimit(name="calls", limit=100, seconds=seconds, remaining=100 - used, resets_at=ends)
    StoredBudget().learn(f"{world.connection().pk}/10", [window])
    assert seconds == BudgetWindow.objects.get().seconds

    assert ([("budget.short", TARGET, "administrator")] if short else []) == lasting(world)


@pytest.mark.parametrize(("hours", "forecast"), [(1, None), (6, 240), (12, 120), (24 * 59 / 60, 61)])
def test_the_calls_of_the_day_are_shown_with_what_they_come_to(
    world: Watched, hours: float, forecast: int | None
) -> None:
    """Of 100, 60 are used; a limit of an hour is none of a day."""
    from ml_connector.app.status import status
    from ml_connector.store.limits import StoredBudget

    ends = world.clock.now() + timedelta(hours=24 - hours)
    budget, scope = StoredBudget(), f"{world.connection().pk}/10"
    budget.learn(scope, [RateLimit(name="calls", limit=100, seconds=DAY, remaining=40, resets_at=ends)])
    budget.learn(scope, [RateLimit(name="burst", limit=100, seconds=HOUR, remaining=40, resets_at=ends)])

    (day,) = status(world.access).shown()["calls"]
    assert (TARGET, "10", 60, 100, forecast) == (
        *(day["connection"], day["scope"]),
        *(day["used"], day["limit"], day["forecast"]),
    )


def test_a_poller_that_stands_still_is_bad_news_of_that_one_only(world: Watched) -> None:
    from ml_connector.store.models import Flow

    flow = world.access.flows()[0]
    Flow.objects.filter(pk=flow.pk).update(schedule="every 3h", slot_at=world.clock.now())
    world.clock.sleep(50 * MINUTE)
    assert [] == lasting(world)
    world.clock.sleep(40 * MINUTE)

    assert [("flow.late", flow.source.name, "administrator")] == lasting(world)
    Flow.objects.filter(pk=flow.pk).update(slot_at=world.clock.now() + timedelta(hours=3))
    assert [f"closed flow.late {flow.source.name}"] == world.rounds(20 * MINUTE)


def test_a_flow_that_a_person_paused_is_not_late(world: Watched) -> None:
    from ml_connector.store.models import Flow, Pause

    flow = world.access.flows()[0]
    Flow.objects.filter(pk=flow.pk).update(schedule="every 3h", slot_at=world.clock.now())
    Pause.objects.create(organisation=world.access.organisation, scope=f"flow:{flow.pk}", by="anna")
    world.clock.sleep(5 * HOUR)

    assert [] == lasting(world)


def test_a_ledger_that_is_not_compared_any_more(world: Watched) -> None:
    world.clock.sleep(2 * DAY - HOUR)
    assert [] == lasting(world)
    world.clock.sleep(HOUR)

    assert [("look.late", TARGET, "administrator")] == lasting(world)


# --- the log ------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def test_the_log_names_an_alert_and_not_its_text(world: Watched, logged: list[Any]) -> None:
    world.find("Ada Lovelace")
    world.rounds(3 * MINUTE)

    (line,) = logged
    assert ("alert.opened", "warning", "member.unknown", TARGET, "controller", 1) == tuple(
        line[name] for name in ("event", "log_level", "code", "place", "owner", "count")
    )
    assert "Lovelace" not in str(line)


def test_a_process_that_dies_before_it_has_sent_loses_nothing(world: Watched, logged: list[Any]) -> None:
    """The alert is stored with its message; another process sends it."""
    world.find("a")
    for _ in range(4):
        world.round(MINUTE, deliver=False)
    assert ["opened"] == [line.split()[0] for line in world.told]
    assert [] == logged

    world.round(HOUR)

    assert ["alert.opened"] == [line["event"] for line in logged]
