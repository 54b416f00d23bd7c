"""`make demo SCENARIO=unattended`: three months of `serve` alone, in less than two minutes.

Two payrolls with their ledgers: one paid every other week, which books itself in Exact Online; and a
Norwegian one paid by the month, whose journals for Visma.net wait for a person, who is away. `serve` is the
real command, in one time with the simulators. The payrolls notify of their people; nothing tells of a pay.
The Norwegian's notifications go where nobody listens, and are older than the payroll keeps them when the next
run comes. What a pay calendar planned, `serve` finds by looking.

One pay never comes, one receiver of alerts is dead, one sign-in ends, and `serve` is killed once with an
entry on its way. A judge counts from the simulators' books and from the messages that arrived. At the end the
person comes back and approves what waits.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from alarm_posts import MAIL, WEBHOOK, Posts, free_port
from people_hooks import platform
from scenes import PAYROLL, Scene, payroll_scene, scene_of
from stage import Product, Sandbox
from unattended_world import World

from ml_connector_sandbox.judges.books import read_books
from ml_connector_sandbox.judges.notified import Notified, notified
from ml_connector_sandbox.judges.unattended import (
    OPENED,
    Cause,
    Paid,
    alarms,
    documents,
    longest_pause_days,
    paid,
    youngest_days,
)

START = datetime(2026, 7, 6, 12, tzinfo=UTC)
FIRST_PERIOD = date(2026, 7, 10)
"""What ended before is booked by hand."""
EVENT_DAYS = 14
"""So long UKG keeps an event."""
CONSENT_DAYS, WARNING_DAYS = 30, 7
TOLD_AFTER, TOLD_EVERY = timedelta(days=2), timedelta(days=31)
"""When people at the payrolls change something: days after the run of each month."""
CHANGED = 3
DEAD = "old-chat"
HARBOR, FJORD, ARCHIVE = "harbor", "fjord", "archive"
LATE_SECONDS = 1.5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What happens when. `runs` are made of each payroll before `until`, but for the one that is `skipped`;
    the process dies with the first entry after `killed` on its way; `mended` is when a person signs in again.
    """

    until: datetime
    runs: Mapping[str, int]
    skipped: str
    killed: datetime
    mended: datetime


THREE_MONTHS = Plan(
    until=datetime(2026, 10, 9, 20, tzinfo=UTC),
    runs={HARBOR: 7, FJORD: 3},
    skipped="202608141",
    killed=datetime(2026, 8, 24, tzinfo=UTC),
    mended=datetime(2026, 8, 3, 9, tzinfo=UTC),
)
FIVE_WEEKS = Plan(
    until=datetime(2026, 8, 8, 20, tzinfo=UTC),
    runs={HARBOR: 2, FJORD: 1},
    skipped="202607311",
    killed=datetime(2026, 7, 13, tzinfo=UTC),
    mended=datetime(2026, 8, 3, 9, tzinfo=UTC),
)


@dataclass(kw_only=True)
class Place:
    """A payroll with its ledger, and how a flow between them is set."""

    name: str
    scene: Scene
    scenario: str
    mode: str
    schedule: str
    zone: str
    sandbox: Sandbox = field(default_factory=Sandbox)

    @property
    def payroll(self) -> str:
        return f"{self.name}-payroll"

    @property
    def books(self) -> str:
        return f"{self.name}-books"

    def read(self, slug: str) -> Any:
        """The books of one of its simulators."""
        return read_books(self.sandbox.systems[slug]["control_url"])

    def paid(self, until: date) -> Paid:
        """What became of its pays."""
        slugs = (PAYROLL, self.scene.ledger)
        return paid(
            self.read(PAYROLL), self.read(self.scene.ledger), since=FIRST_PERIOD, until=until, slugs=slugs
        )


def places() -> tuple[Place, Place, Place]:
    """The company that books by itself, the one whose person is away, and a ledger that is hardly used."""
    harbor, norway = scene_of("trading_company"), scene_of("norway")
    return (
        Place(
            name=HARBOR,
            scene=harbor,
            scenario="trading_company",
            mode="automatic",
            schedule="daily 07:00 America/New_York, 19:00",
            zone="America/New_York",
        ),
        Place(
            name=FJORD,
            scene=norway,
            scenario="norway_monthly",
            mode="approve",
            schedule="daily 08:00 Europe/Oslo",
            zone="Europe/Oslo",
        ),
        Place(name=ARCHIVE, scene=harbor, scenario="trading_company", mode="", schedule="", zone=""),
    )


def play(folder: Path, say: Callable[[str], None], plan: Plan = THREE_MONTHS) -> Any:
    """Play it in this folder; what the judge says of it."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(folder / "clock", say)
    harbor, fjord, archive = everywhere = places()
    with ExitStack() as stack:
        for place in everywhere:
            place.sandbox = stack.enter_context(Sandbox(_switches(place, plan)))
        world.sandboxes = [place.sandbox for place in everywhere]
        world.set(START)
        posts = stack.enter_context(Posts(world.now))
        product = Product(folder / "home", _environment(world, posts))
        stack.callback(world.stop)
        say("1. Two payrolls and their ledgers are connected; a mail server and a receiver wait for alerts.")
        _set_up(product, posts, world.address, harbor, fjord, archive)
        harbor.sandbox.control(PAYROLL, "control/skip_run", {"period_control": plan.skipped})
        say(f"2. serve is left alone from {START:%d %b} to {plan.until:%d %b %Y}.")
        world.start(product)
        _live(world, product, plan, harbor, fjord, archive)
        waiting = documents(fjord.read(fjord.scene.ledger))
        say("4. The person is back, and approves what waits.")
        world.stop()
        for run in product.run("runs", "list", "--json")["runs"]:
            if run["state"] == "awaiting_approval":
                product.run("runs", "approve", run["id"], *product.consent(run["id"]), "--json")
        return _verdict(world, posts, plan, (harbor, fjord), waiting)


def _switches(place: Place, plan: Plan) -> list[str]:
    switches = {"runs_ahead": plan.runs.get(place.name, 0), "clock_gates_runs": True, "workers": 24}
    given = [part for name, value in switches.items() for part in ("--switch", f"{PAYROLL}.{name}={value}")]
    return ["--scenario", place.scenario, "--start", START.isoformat(), *given]


def _environment(world: World, posts: Posts) -> dict[str, str]:
    return {
        "ML_CONNECTOR_CLOCK_FILE": str(world.clock_file.absolute()),
        "ML_CONNECTOR_MAIL_HOST": "127.0.0.1",
        "ML_CONNECTOR_MAIL_PORT": str(posts.mail_port),
        "ML_CONNECTOR_MAIL_TLS": "none",
        "ML_CONNECTOR_MAIL_FROM": "connector@example.org",
        "ML_CONNECTOR_MAIL_TO": "finance@example.org",
    }


def _set_up(
    product: Product, posts: Posts, address: str, harbor: Place, fjord: Place, archive: Place
) -> None:
    """What an administrator types before leaving. The archive's sign-in cannot be renewed from then on."""
    for place in (harbor, fjord, archive):
        systems, scene = place.sandbox.systems, place.scene
        ledger = scene.settings(systems[scene.ledger], [*scene.entities(systems).values()])
        _connect(product, place.books, scene.ledger, ledger)
        if scene.signs_in:
            product.authorize(place.books)
        if not place.mode:
            continue
        payroll = {**payroll_scene().settings(systems[PAYROLL]), **platform(systems[PAYROLL])}
        _connect(product, place.payroll, PAYROLL, payroll)
        product.run("mappings", "import", place.name, str(scene.mapping), "--json")
        entities = ",".join(f"{company}={entity}" for company, entity in scene.entities(systems).items())
        options = {**scene.options, "entities": entities, "expected_zone": place.zone}
        product.run(
            *("flows", "set", "--from", place.payroll, "--to", place.books, "--mapping", place.name),
            *("--starts-on", str(FIRST_PERIOD), "--mode", place.mode, "--schedule", place.schedule),
            *("--wake", "Employee*"),
            *(part for name, value in options.items() for part in ("--option", f"{name}={value}")),
            "--json",
        )
    nowhere = f"http://127.0.0.1:{free_port()}"
    for place, heard_at in ((harbor, address), (fjord, nowhere)):
        product.run("connections", "webhooks", "make", place.payroll, "--address", heard_at, "--json")
    token = {"kind": "status", "status": 429, "match": {"path": "oauth2/token"}, "times": 1_000_000}
    archive.sandbox.control(archive.scene.ledger, "faults", token)
    endpoints = ("alerts", "endpoints", "add")
    posts.secret = product.run(*endpoints, "ops", "--url", posts.url, "--allow-internal", "--json")["secret"]
    nobody = f"http://127.0.0.1:{free_port()}/alerts"
    product.run(*endpoints, DEAD, "--url", nobody, "--allow-internal", "--json")


def _connect(product: Product, name: str, connector: str, values: Mapping[str, str]) -> None:
    given = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    product.run("connections", "add", name, "--connector", connector, "--sandbox", *given, "--json")


def _live(world: World, product: Product, plan: Plan, harbor: Place, fjord: Place, archive: Place) -> None:
    """The months go by."""
    ledger = harbor.scene.ledger

    def sign_in_again() -> None:
        archive.sandbox.control(archive.scene.ledger, "faults", method="DELETE")
        product.authorize(archive.books)
        world.say(f"   {world.now():%d %b %H:%M}  a person signs in to {archive.books} again")

    def struck() -> bool:
        return bool(harbor.sandbox.control(ledger, "faults")["fired"])

    def die() -> None:
        late = {"kind": "late_commit", "seconds": LATE_SECONDS, "answer": "hold", "times": 1}
        harbor.sandbox.control(ledger, "faults", {**late, **harbor.scene.posting[0]})
        world.pass_until(plan.until, struck)
        world.kill()
        world.say(f"3. {world.now():%d %b %H:%M}  serve is killed with an entry on its way; started in a day")
        world.set(world.now() + timedelta(days=1))
        world.start(product)

    def change_names() -> None:
        for place in (harbor, fjord):
            people = place.sandbox.control(PAYROLL, "control/people", {})["people"]
            for number, row in enumerate(people[:CHANGED], start=1):
                wish = {"employee": row["person"], "last_name": f"{world.now():%B} {number}"}
                place.sandbox.control(PAYROLL, "control/change_employee", wish)
        world.pass_until(world.now() + timedelta(minutes=1))

    told = [START + TOLD_AFTER + month * TOLD_EVERY for month in range(12)]
    acts = [(plan.mended, sign_in_again), (plan.killed, die)]
    acts += [(moment, change_names) for moment in told if moment < plan.until]
    for moment, act in sorted(acts, key=lambda one: one[0]):
        world.pass_until(moment)
        act()
    world.pass_until(plan.until)


def _verdict(
    world: World, posts: Posts, plan: Plan, judged: tuple[Place, Place], documents_before: int
) -> Any:
    """The judge's figures: nothing in them comes from the product."""
    harbor, fjord = (place.paid(plan.until.date()) for place in judged)
    payrolls = [place.read(PAYROLL) for place in judged]
    rung = alarms(_causes(plan, *payrolls), posts.heard)
    pause = longest_pause_days(payrolls[1], fjord.came)
    wrong = [*harbor.problems, *fjord.problems, *rung.problems]
    if documents_before:
        wrong.append(f"{documents_before} documents of {FJORD} were booked before anybody approved")
    if (plan.skipped,) != harbor.never_came or fjord.never_came:
        wrong.append(f"these pays never came: {harbor.never_came + fjord.never_came}")
    if posts.refused:
        wrong.append(f"{posts.refused} webhooks were signed wrongly")
    if len(fjord.came) > 1 and pause <= EVENT_DAYS:
        wrong.append(f"the events of {FJORD} are not old when the next run comes: {pause} days")
    told = {place.name: _told(payroll) for place, payroll in zip(judged, payrolls, strict=True)}
    age = youngest_days(payrolls[1], fjord.came)
    if told[HARBOR].undelivered or told[FJORD].delivered or not all(one.published for one in told.values()):
        wrong.append(f"notifications came where they should not, or did not: {told}")
    if fjord.came and age <= EVENT_DAYS:
        wrong.append(f"a notification of {FJORD} is {age} days old when the next run comes, and still kept")
    for text in wrong:
        world.say(f"   {text}")
    opened = len([one for one in posts.of(MAIL) if one.event == OPENED])
    causes = len(rung.rung)
    say = f"5. {opened} alerts were opened for {causes} causes: a dead endpoint is two, that it gets nothing"
    world.say(f"{say} and that it is given up.")
    duplicates, missed = harbor.duplicates + fjord.duplicates, harbor.missed + fjord.missed
    return {
        "ok": not wrong and not duplicates and not missed and world.kills == 1,
        "expected": harbor.planned + fjord.planned,
        "found": harbor.booked + fjord.booked,
        "posted": harbor.booked,
        "proposed": fjord.booked,
        "never_came": len(harbor.never_came + fjord.never_came),
        "alarms": causes,
        "alerts_opened": opened,
        "messages": {channel: len(posts.of(channel)) for channel in (MAIL, WEBHOOK)},
        "missed": missed,
        "duplicates": duplicates,
        "days": (plan.until - START).days,
        "days_between_monthly_runs": pause,
        "webhooks": {name: one.shown for name, one in told.items()},
        "webhook_days": age,
        "kills": world.kills,
    }


def _told(payroll: Any) -> Notified:
    """What the payroll told of its people."""
    books = payroll["webhooks"]
    return notified(books["events"] + books["lost"], books["lost"], books["taken"])


def _causes(plan: Plan, harbor: Any, fjord: Any) -> list[Cause]:
    """What people have to hear of, and when: by the calendars, and by what was done to them."""
    (due,) = (row["pay_date"] for row in harbor["calendar"] if row["period_control"] == plan.skipped)
    payday = datetime.fromisoformat(due).replace(tzinfo=UTC)
    first = min(run["ran_at"] for run in fjord["runs"] if run["period_end"] >= str(FIRST_PERIOD))
    waits = datetime.fromisoformat(first).replace(tzinfo=UTC)
    day, channels = timedelta(days=1), (MAIL, WEBHOOK)
    ends = START + CONSENT_DAYS * day
    causes = {
        f"pay {plan.skipped} does not come": ((plan.skipped,), payday, payday + 2 * day, 1),
        "proposals wait": ((f"{FJORD}-books", "approval"), waits + day, waits + 3 * day, 1),
        "a sign-in ends": ((f"{ARCHIVE}-books",), ends - (WARNING_DAYS + 1) * day, ends, 1),
        # First that it gets nothing, then that it is given up.
        "an endpoint is dead": ((DEAD,), START, plan.until, 2),
    }
    return [
        Cause(name=name, words=words, first=start, last=end, channels=channels, most=most)
        for name, (words, start, end, most) in causes.items()
    ]


def main() -> int:
    """Play five weeks, for a test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="five weeks instead of three months")
    short = parser.parse_args().short
    with tempfile.TemporaryDirectory(prefix="ml-connector-unattended-") as folder:
        found = play(Path(folder), print, FIVE_WEEKS if short else THREE_MONTHS)
    print(json.dumps(found), flush=True)
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
