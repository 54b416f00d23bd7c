"""Notifications of vendors: stored once, counted, and the looks that they lead to."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.flows.test_arrivals import HOURS, Watch
from tests.flows.test_workers import worker
from tests.payday import SOURCE, TARGET
from tests.tables import settings

from ml_connector.connectors.ukg_pro.events import TOPICS, UkgEvents
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.contract.memory import MemoryVault
from ml_connector.ports.runs import RunState
from ml_connector.ports.systems import Challenge, Subscription, System

SECRET = "a-secret-of-the-subscription"
BASE = "https://hooks.example.com"
UKG = {
    "base_url": "https://service5.ultipro.com",
    "username": "u",
    "currency": "USD",
    "source_tz": "UTC",
    "webhook_tenant": "G0311",
}


class Listening(Watch):
    """The installation of workers, whose payroll notifies it: like UKG, by UKG's own verifier."""

    def __init__(self, schedule: str = "every 3h") -> None:
        self.challenged, self.subscribed = False, Vendor()
        self.problem: Callable[[], None] = lambda: None
        super().__init__(schedule)
        self.look()
        from ml_connector.store.hooks import HookPaths

        self._use()
        self.connection = self.access.connection(SOURCE)
        self.connection.connector = "ukg_pro"
        self.connection.save()
        self.paths = HookPaths(self.connection, self._assembly.keys)
        self.address = self.paths.make(BASE, self.clock.now())
        self.number = 1_000

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name != SOURCE:
            return inner
        options, _ = read(UKG, False)
        assert options is not None
        events = UkgEvents(options, MemoryVault({"webhook_secret": SECRET}), self.clock)
        if self.challenged:
            events = Challenged()  # type: ignore[assignment]
        return replace(inner, events=events, topics=TOPICS, subscriptions=lambda: self.subscribed)

    def event(self, key: str = "E01", topic: str = "EmployeePersonNameChangeEvent", **changes: Any) -> bytes:
        """What UKG sends of one change."""
        self.number += 1
        return json.dumps(
            {
                "EventId": self.number,
                "EventTime": self.clock.now().replace(tzinfo=None).isoformat(),
                "EventType": topic,
                "Operation": "Update",
                "Payload": {"CoId": "UWLN6", "EeId": key},
                "Tenant": "G0311",
                **changes,
            }
        ).encode()

    def call(self, body: bytes, secret: str = SECRET, token: str = "") -> int:
        """Send it to the path; the status of the answer."""
        from ml_connector.app.hooks import receive

        self._use()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        token = token or self.address.rpartition("/")[2]
        status, _ = receive(self._assembly, token, {"x-ukg-signature": signature}, body)
        return status

    def counts(self) -> dict[tuple[str, str], int]:
        """What came, by kind and name."""
        from ml_connector.store.hooks import counted

        self._use()
        return {(row.what, row.name): row.count for row in counted(self.connection)}

    def stored(self) -> list[tuple[str, str, str]]:
        from ml_connector.store.models import HookEvent

        self._use()
        return list(HookEvent.objects.order_by("id").values_list("topic", "key", "company"))

    @property
    def webhooks(self) -> Any:
        from ml_connector.app.webhooks import Webhooks

        return Webhooks(self.access, self._assembly, self._actor)


class Challenged:
    """A vendor that asks first whether anybody is there."""

    def verify(self, headers: Any, body: bytes) -> Challenge:
        return Challenge(status=200, body=b"yes")


class Vendor:
    """Subscriptions at a vendor that signs each with a secret of ours."""

    takes_secret = True

    def __init__(self) -> None:
        self.rows: list[Subscription] = []
        self.secrets: dict[str, str] = {}
        self.number = 0
        self.topics = ["Employee*"]
        self.down = False
        self.refuses: Callable[[Subscription], bool] = lambda wanted: False

    def every(self) -> Sequence[Subscription]:
        if self.down:
            from ml_connector.errors import NotSent

            raise NotSent("UKG was not reached.")
        return list(self.rows)

    def wanted(self, address: str) -> Sequence[Subscription]:
        return [Subscription(id="", address=address, topics=(topic,)) for topic in self.topics]

    def make(self, wanted: Subscription, secret: str) -> None:
        if self.refuses(wanted):
            from ml_connector.errors import Refused

            raise Refused("The address is of another domain.", code="webhook.domain")
        self.number += 1
        self.rows.append(replace(wanted, id=f"s{self.number}"))
        self.secrets[f"s{self.number}"] = secret

    def remove(self, identity: str) -> None:
        self.rows = [row for row in self.rows if row.id != identity]


@pytest.fixture(autouse=True)
def started() -> None:
    """The tables can be imported."""
    settings()


# --- what is stored -----------------------------------------------------------------------------------------


def test_an_event_is_stored_once_whatever_comes_how_often() -> None:
    """By the event's own id; a repeat is answered like the first, and counted."""
    world = Listening()
    body = world.event()

    assert [204, 204, 204] == [world.call(body) for _ in range(3)]

    assert [("EmployeePersonNameChangeEvent", "E01", "UWLN6")] == world.stored()
    topic = "EmployeePersonNameChangeEvent"
    assert {("event", topic): 1, ("repeat", topic): 2} == world.counts()


def test_nothing_of_a_person_is_stored_but_the_key() -> None:
    """Whatever a body may hold one day."""
    world = Listening()
    world.call(world.event(Payload={"CoId": "UWLN6", "EeId": "E01", "LastName": "Moss"}))

    from ml_connector.store.models import HookEvent

    world._use()
    assert "Moss" not in repr(list(HookEvent.objects.values()))


@pytest.mark.parametrize(
    ("body", "secret", "status", "code"),
    [
        ({}, "another-secret-of-somebody", 401, "event.signature"),
        ({"Tenant": "G0999"}, SECRET, 403, "event.entity"),
        ({"EventTime": "2026-06-01T00:00:00"}, SECRET, 400, "event.old"),
        ({"EventTime": "2026-08-01T00:00:00"}, SECRET, 400, "event.ahead"),
        ({"EventId": "x"}, SECRET, 400, "event.shape"),
    ],
)
def test_what_is_refused_is_counted_and_wakes_nobody(
    body: dict[str, Any], secret: str, status: int, code: str
) -> None:
    world = Listening()

    assert status == world.call(world.event(**body), secret)

    assert {("refused", code): 1} == world.counts()
    assert [] == world.stored()
    assert None is world.row().woken_at


def test_a_path_that_is_nobodys_is_not_found() -> None:
    """As is one that has ended; nothing is counted for them."""
    world = Listening()
    old = world.address.rpartition("/")[2]
    world.address = world.paths.make(BASE, world.clock.now(), world.clock.now() + timedelta(hours=1))

    assert 204 == world.call(world.event(), token=old)
    world.clock.sleep(HOURS)
    assert [404, 404] == [world.call(world.event(), token=token) for token in (old, "A" * 43)]
    assert 204 == world.call(world.event())
    assert 2 == len(world.stored())


def test_the_database_alone_gives_no_path_away() -> None:
    from ml_connector.store.models import HookPath

    world = Listening()
    world._use()

    token = world.address.rpartition("/")[2]
    assert token not in repr(list(HookPath.objects.values()))
    assert world.address == world.paths.address()


def test_a_challenge_is_answered_and_proves_nothing() -> None:
    world = Listening()
    world.challenged = True

    assert 200 == world.call(b"")

    assert {("challenge", ""): 1} == world.counts()
    assert None is world.paths.hook.heard_at
    assert None is world.row().woken_at


def test_a_topic_that_nobody_waits_for_is_kept_and_counted() -> None:
    world = Listening()

    assert 204 == world.call(world.event(topic="BudgetEvent"))

    assert {("event", "BudgetEvent"): 1} == world.counts()
    assert None is world.row().woken_at
    (line,) = world.webhooks.show(SOURCE)["topics"]
    assert ("BudgetEvent", 1, []) == (line["topic"], line["count"], line["wakes"])


def test_a_database_that_is_down_lets_the_vendor_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is answered with 2xx that is not stored."""
    from django.db import OperationalError

    from ml_connector.store import hooks

    world = Listening()
    world._use()
    body = world.event()

    def down(*_: Any) -> bool:
        raise OperationalError("disk I/O error")

    from django.db import connections

    with monkeypatch.context() as patched:
        patched.setattr(hooks, "keep", down)
        patched.setattr(connections, "close_all", lambda: None)
        assert 503 == world.call(body)
    assert ([], None) == (world.stored(), world.row().woken_at)

    assert 204 == world.call(body)
    assert 1 == len(world.stored())


def test_events_are_forgotten_and_what_is_counted_stays() -> None:
    """Later than a repeat of them would be taken for new."""
    from ml_connector.app.retention import EVENTS, forget
    from ml_connector.transport.settings import WEBHOOK_AGE_MAX

    assert (EVENTS.days or 0) * 86_400 > WEBHOOK_AGE_MAX + 86_400
    world = Listening()
    world.call(world.event())
    world.clock.sleep(35 * 86_400 - 1)
    world._use()
    assert 0 == forget(world._assembly)["events"]
    world.clock.sleep(2)

    assert 1 == forget(world._assembly)["events"]
    assert [] == world.stored()
    assert 1 == sum(world.counts().values())


# --- what wakes ---------------------------------------------------------------------------------------------


def test_many_events_make_one_look() -> None:
    """The flow looks before its time, once, and then at its times again."""
    world = Listening()
    slot = world.row().slot_at
    for number in range(46):
        world.call(world.event(key=f"E{number % 2}"))

    (arrival,) = world.look()

    assert (True, 1) == (arrival.woken, len(arrival.runs))
    assert RunState.DONE is world.at(arrival.runs[0]).state
    assert ([], slot) == (world.look(60), world.row().slot_at)
    assert "A notification woke it." in str(arrival)


def test_a_flow_without_a_schedule_is_woken_too() -> None:
    world = Listening("")
    assert [] == world.look(HOURS)
    world.call(world.event())

    assert 1 == len(world.look())

    assert (None, None, []) == (world.row().slot_at, world.row().woken_at, world.look(24 * HOURS))


def test_an_event_during_a_look_makes_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look may have read before it."""
    from ml_connector.app import arrivals

    world = Listening()
    start = arrivals._start

    def beside(assembly: Any, flow: Any) -> Any:
        found = start(assembly, flow)
        world.call(world.event())
        return found

    world.call(world.event())
    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "_start", beside)
        assert 1 == len(world.look())

    assert 1 == len(world.look())
    assert [] == world.look()


def test_an_event_during_a_pass_waits_for_its_end() -> None:
    """A pass that is under way may have read before it; the flow is not looked at in vain meanwhile."""
    from ml_connector.app.arrivals import try_arrive

    world = Listening()
    world.call(world.event())
    world._use()
    (first,) = try_arrive(world._assembly)
    world.call(world.event())
    world._use()
    assert [] == list(try_arrive(world._assembly))

    world.run_to_rest()

    (second,) = world.look()
    assert (1, True) == (len(first.runs), second.woken)
    assert [] == world.look()


def test_a_process_that_dies_in_a_woken_look_leaves_it_due() -> None:
    """Another one takes it over when the claim is old."""
    from ml_connector.app import arrivals

    for schedule in ("every 3h", ""):
        world = Listening(schedule)
        world.call(world.event())
        world._use()
        assert arrivals._claim(world.row(), world.clock.now())
        assert [] == world.look(60)

        assert 1 == len(world.look(600))
        assert [] == world.look()


def test_two_processes_share_a_woken_flow() -> None:
    from ml_connector.app import arrivals

    world = Listening("")
    world.call(world.event())
    first, second = world.row(), world.row()
    world._use()

    assert arrivals._claim(first, world.clock.now())
    arrivals._look(world._assembly, first, world.clock.now())
    assert not arrivals._claim(second, world.clock.now())


def test_which_topics_wake_is_a_setting_with_wildcards() -> None:
    from ml_connector.app.hooks import wake_of
    from ml_connector.app.refusals import SetupError
    from ml_connector.app.setup import Setup

    world = Listening()

    def wake(*patterns: str) -> tuple[str, ...]:
        world._use()
        given = {"mode": "automatic", "starts_on": world.row().starts_on, "mapping": "", "kind": "workers"}
        setup = Setup(world.access, world._assembly, world._actor)
        options = dict(world.row().options)
        setup.set_flow(SOURCE, TARGET, options=options, wake=list(patterns) or None, **given)
        world._use()
        return wake_of(world._assembly, world.row())

    assert ("Employee*",) == wake()
    assert ("budget*", "*rehire?vent") == wake("budget*", "*rehire?vent")
    assert ("budget*", "*rehire?vent") == wake()
    for topic, woken in [("EmployeeEvent", 0), ("BudgetEvent", 1), ("EmployeeRehireEvent", 1)]:
        world.call(world.event(topic=topic))
        assert woken == len(world.look()), topic
    assert () == wake("")
    world.call(world.event(topic="BudgetEvent"))
    assert [] == world.look()
    for wrong in (("a", ""), (" a",), ("x" * 101,), tuple(f"t{n}" for n in range(51))):
        with pytest.raises(SetupError):
            wake(*wrong)


def test_payroll_would_be_looked_for_by_an_event_that_ukg_does_not_send_today() -> None:
    """A flow of pay runs waits for topics of payroll, and not for those of people."""
    from ml_connector.store.models import Flow

    world = Listening("")
    world.call(world.event())
    world._use()
    payroll = Flow.objects.get(kind="payroll")
    assert None is payroll.woken_at

    world.call(world.event(topic="PayrollClosedEvent"))

    world._use()
    assert world.clock.now() == Flow.objects.get(kind="payroll").woken_at


def test_an_event_of_a_company_that_is_not_ours_wakes_nobody() -> None:
    """It is kept, because the client has it."""
    from ml_connector.app import hooks
    from ml_connector.ports.systems import Event

    world = Listening()
    world._use()
    event = Event(id="1", topic="EmployeeEvent", key="E01", company="US9", ours=False)
    hooks._store(world._assembly, world.connection, event, world.clock.now())

    assert (1, None) == (len(world.stored()), world.row().woken_at)
    from ml_connector.store.hooks import keys_heard

    assert () == keys_heard(world.connection, ("Employee*",), world.clock.now())


def writes(world: Listening) -> list[str]:
    """Every key that was written, as often as it was."""
    return [key for keys in world.ledger_rows.puts for key in keys]


# --- order and loss -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_each_event_three_times_in_any_order_is_done_once(seed: int) -> None:
    """What is there now counts, not what came last: a leaving before a change of name leaves the worker
    left, with the new name.
    """
    world = Listening("")
    for number in ("01", "02", "03"):
        world.people.put(worker(number))
    world.call(world.event())
    world.look()
    events = []
    for number in ("01", "02", "03"):
        world.people.put(worker(number, name=f"New {number}"))
        topics = ("EmployeePersonNameChangeEvent", "EmployeeStatusChangeEvent")
        events += [world.event(key=f"E{number}", topic=topic) for topic in topics]
    deliveries = [body for body in events for _ in range(3)]
    random.Random(seed).shuffle(deliveries)
    before, reads = len(writes(world)), world.people.calls.count("read")

    for body in deliveries:
        assert 204 == world.call(body)
        if random.Random(body).random() < 0.2:
            world.look()
    world.look()

    assert 3 == len(set(writes(world)[before:])) == len(writes(world)) - before
    assert len(events) + 1 == len(world.stored())
    assert world.people.calls.count("read") - reads <= len(deliveries)
    assert [] == world.look()


def test_when_every_event_is_lost_the_schedule_finds_all_of_it() -> None:
    world = Listening()
    world.look(3 * HOURS)
    for number in ("02", "03", "04"):
        world.people.put(worker(number))
        world.event()

    world.look(3 * HOURS)

    assert {"01", "02", "03", "04"} == {key.rpartition("/")[2] for key in world.members()}
    assert [] == world.stored()


# --- subscriptions ------------------------------------------------------------------------------------------


def test_making_it_twice_and_moving_it_leaves_one_subscription() -> None:
    """And names what somebody else has."""
    world = Listening()
    vendor = world.subscribed
    foreign = Subscription(id="x", address="https://old.example.org/secret-path", topics=("*",))
    vendor.rows.append(foreign)

    first = world.webhooks.make(SOURCE, "")
    second = world.webhooks.make(SOURCE, BASE)

    assert (1, 0) == (len(first["made"]), len(second["made"]))
    moved = world.webhooks.make(SOURCE, "https://other.example.com/in")
    assert moved["address"].startswith("https://other.example.com/in/hooks/")
    assert first["address"].rpartition("/")[2] == moved["address"].rpartition("/")[2]
    assert {"not ours", "ours"} == {line.state for line in world.webhooks.check(SOURCE)}
    assert [foreign.address, moved["address"]] == [row.address for row in vendor.rows]
    assert "secret-path" not in repr([line.shown() for line in world.webhooks.check(SOURCE)])


def refused(world: Listening, base: str) -> None:
    """The vendor refuses a new address."""
    from ml_connector.errors import Refused

    with pytest.raises(Refused, match="another domain") as caught:
        world.webhooks.make(SOURCE, base)
    assert "webhook.domain" == caught.value.problem.code


@pytest.mark.parametrize("topics", [["Employee*"], ["Employee*", "Job*"]])
def test_an_address_that_the_vendor_refuses_leaves_nothing_behind(topics: list[str]) -> None:
    """However often it is tried, and where it took the first of two: no address, nothing at the vendor, and
    nothing that the upkeep tries again. Another address is made then like the first.
    """
    from ml_connector.app.webhooks import renew_all

    world = Listening()
    vendor = world.subscribed
    world.webhooks.remove(SOURCE)
    foreign = Subscription(id="x", address="https://old.example.org/path", topics=("*",))
    vendor.rows, vendor.topics = [foreign], topics
    vendor.refuses = lambda wanted: "evil" in wanted.address and wanted.topics[0] == topics[-1]

    for _ in range(2):
        refused(world, "https://evil.example.org")
        assert [foreign] == vendor.rows
        world._use()
        assert (None, "", 0) == (world.paths.hook, world.paths.address(), renew_all(world._assembly))

    made = world.webhooks.make(SOURCE, BASE)
    assert (len(topics), BASE) == (len(made["made"]), made["address"].partition("/hooks/")[0])


def test_a_move_that_the_vendor_refuses_leaves_it_where_it_was() -> None:
    world = Listening()
    before = world.webhooks.make(SOURCE, "")["address"]
    world.subscribed.refuses = lambda wanted: not wanted.address.startswith(BASE)

    for _ in range(2):
        refused(world, "https://evil.example.org")

    assert (before, "") == (world.webhooks.show(SOURCE)["address"], world.webhooks.show(SOURCE)["why"])
    assert [before] == [row.address for row in world.subscribed.rows]
    assert 204 == world.call(world.event(), token=before.rpartition("/")[2])


def test_an_address_that_was_left_half_made_goes_when_the_vendor_refuses_it() -> None:
    """The vendor was not there at first."""
    from ml_connector.errors import NotSent

    world = Listening()
    world.webhooks.remove(SOURCE)
    world.subscribed.down = True
    with pytest.raises(NotSent):
        world.webhooks.make(SOURCE, "https://evil.example.org")
    assert "not reached" in world.webhooks.show(SOURCE)["why"]
    world.subscribed.down = False
    world.subscribed.refuses = lambda wanted: "evil" in wanted.address

    refused(world, "")

    world._use()
    assert (None, []) == (world.paths.hook, world.subscribed.rows)


def test_a_limit_of_calls_is_no_refusal_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upkeep makes the rest."""
    from ml_connector.app.webhooks import renew_all
    from ml_connector.errors import Throttled

    world = Listening()
    world.webhooks.remove(SOURCE)

    def limited(*_: Any) -> None:
        raise Throttled("The call limit is reached.")

    with monkeypatch.context() as patched:
        patched.setattr(world.subscribed, "make", limited)
        with pytest.raises(Throttled):
            world.webhooks.make(SOURCE, BASE)
    world._use()
    assert 0 == renew_all(world._assembly)
    assert [world.paths.address()] == [row.address for row in world.subscribed.rows]


def test_a_second_subscription_to_the_same_is_taken_away() -> None:
    world = Listening()
    world.webhooks.make(SOURCE, "")
    world.subscribed.make(world.subscribed.wanted(world.address)[0], "s")

    assert ["ours", "ours, twice"] == [line.state for line in world.webhooks.check(SOURCE)]
    assert 1 == len(world.webhooks.renew(SOURCE)["removed"])
    assert ["ours"] == [line.state for line in world.webhooks.check(SOURCE)]


def test_a_subscription_that_is_gone_is_made_anew_by_the_upkeep() -> None:
    """With the secret that is stored; one that was put to sleep counts as gone."""
    from ml_connector.app.webhooks import renew_all

    world = Listening()
    world.webhooks.make(SOURCE, "")
    secret = world.subscribed.secrets["s1"]
    for change in (lambda row: [], lambda row: [replace(row, active=False)]):
        world.subscribed.rows = change(world.subscribed.rows[0])
        assert "missing" in [line.state for line in world.webhooks.check(SOURCE)]
        world._use()

        assert 0 == renew_all(world._assembly)

        (row,) = world.subscribed.rows
        assert (True, secret) == (row.active, world.subscribed.secrets[row.id])


def test_a_renewal_that_fails_three_times_is_an_alert() -> None:
    """Once, until it goes well."""
    from ml_connector.app.alert_conditions import conditions
    from ml_connector.app.webhooks import renew_all

    world = Listening()
    world.webhooks.make(SOURCE, "")

    def found() -> list[str]:
        world._use()
        codes = [code for code, _ in conditions(world._assembly, world.access.organisation)]
        return [code for code in codes if "webhook" in code]

    world.subscribed.down = True
    for expected in ([], [], ["webhook.not_renewed"], ["webhook.not_renewed"]):
        world._use()
        assert 1 == renew_all(world._assembly)
        assert expected == found()
    assert (4, "UKG was not reached.") == (world.paths.hook.failures, world.paths.hook.why)
    world.subscribed.down = False
    world._use()
    assert 0 == renew_all(world._assembly)
    assert [] == found()


def test_a_new_secret_and_the_one_before_are_both_good_for_a_day() -> None:
    """The vendor has one subscription throughout, signed with the new one."""
    from ml_connector.store.secrets import StoredVault
    from ml_connector.transport.signature import in_use

    world = Listening()
    world.webhooks.make(SOURCE, "")
    world._use()
    vault = StoredVault(world.connection, world._assembly.keys)
    old = vault.read("webhook_secret")

    world.webhooks.rotate(SOURCE, "", None, path=False)

    world._use()
    new = vault.read("webhook_secret")
    (row,) = world.subscribed.rows
    assert new == world.subscribed.secrets[row.id] != old
    now = world.clock.now()
    assert [new, old] == in_use(vault, "webhook_secret", now + timedelta(hours=24, seconds=-1))
    assert [new] == in_use(vault, "webhook_secret", now + timedelta(hours=24))
    assert world.webhooks.show(SOURCE)["earlier_secret_until"] is not None


def test_a_new_path_moves_the_subscription_and_the_one_before_is_good_for_a_day() -> None:
    world = Listening()
    before = world.webhooks.make(SOURCE, "")["address"]

    after = world.webhooks.rotate(SOURCE, "", None, path=True)["address"]

    assert before != after
    assert [after] == [row.address for row in world.subscribed.rows]
    token = before.rpartition("/")[2]
    assert 204 == world.call(world.event(), token=token)
    world.clock.sleep(24 * HOURS)
    assert 404 == world.call(world.event(), token=token)
    assert 204 == world.call(world.event(), token=after.rpartition("/")[2])


def test_what_is_taken_away_is_gone_on_both_sides() -> None:
    world = Listening()
    world.webhooks.make(SOURCE, "")

    assert 1 == world.webhooks.remove(SOURCE)

    assert [] == world.subscribed.rows
    assert 404 == world.call(world.event())


def test_it_takes_an_address_and_a_product_that_notifies() -> None:
    from ml_connector.app.refusals import NotAllowed, SetupError

    world = Listening()
    world.webhooks.remove(SOURCE)
    for base in ("", "hooks.example.com", "http://hooks.example.com"):
        with pytest.raises(SetupError):
            world.webhooks.make(SOURCE, base)
    with pytest.raises(NotAllowed, match="sends no notifications"):
        world.webhooks.make(TARGET, BASE)
    for ask in (world.webhooks.check, world.webhooks.renew, world.webhooks.remove, world.webhooks.show):
        with pytest.raises(NotAllowed, match="webhooks make"):
            ask(SOURCE)


# --- silence ------------------------------------------------------------------------------------------------


def test_a_hook_that_is_silent_while_looks_find_changes_is_an_alert() -> None:
    """After a day, once, and over with the next event."""
    from ml_connector.app.alert_conditions import conditions

    world = Listening()
    world.call(world.event())
    world.look()

    def found() -> list[str]:
        world._use()
        return [
            condition.text
            for (code, _), condition in conditions(world._assembly, world.access.organisation).items()
            if code == "webhook.silent"
        ]

    def hire(numbers: range) -> None:
        world.people.put(*(worker(f"{number}") for number in numbers))

    # What the first look after an event finds may be what that event told of.
    hire(range(10, 30))
    world.look(3 * HOURS)
    world.look(30 * HOURS)
    assert [] == found()
    hire(range(30, 39))
    world.look(3 * HOURS)
    assert [] == found()

    hire(range(39, 50))
    world.look(3 * HOURS)
    (text,) = found()
    assert "silent since 2026-07-15" in text
    assert "20 changes" in text

    world.call(world.event())
    assert [] == found()


def test_a_hook_that_is_silent_for_less_than_a_day_is_none() -> None:
    from ml_connector.app.alert_conditions import conditions

    world = Listening()
    for numbers in (range(10, 11), range(11, 40)):
        world.people.put(*(worker(f"{number}") for number in numbers))
        world.look(6 * HOURS)
    world._use()

    found = conditions(world._assembly, world.access.organisation)
    assert [] == [code for code, _ in found if "webhook" in code]
