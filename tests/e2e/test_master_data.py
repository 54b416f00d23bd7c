"""The lists of a division of Exact Online in Precoro, with the commands a person types; what is there is
asked of the simulators.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scenes import scene_of
from stage import Sandbox
from tests.stand import Installation

pytestmark = pytest.mark.slow

LEDGER, BUYING, DIVISION = "ledger", "buying", "3010"
FIELDS = "item:21=account, item:22=cost_unit, document:31=cost_center, document:32=project"
QUICK = {"pace_seconds": "0", "same_read_seconds": "0", "calls_per_hour": "0", "calls_per_day": "0"}
HELD, APPROVAL = 3, 4


class Company:
    """Both systems, and an installation that is connected to them."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.product = sandbox, Installation(home)
        exact, precoro = sandbox.systems["exact_online"], sandbox.systems["precoro"]
        scene = scene_of("trading_company")
        self.exact_settings = {**scene.settings(exact, [DIVISION]), **scene.unlimited}
        self.product._add(LEDGER, "exact_online", self.exact_settings)
        self.product.authorize(LEDGER)
        key = precoro["credentials"]
        basics = {"base_url": precoro["base_url"], "email": key["email"], "token": key["token"]}
        self.settings = {**basics, "fields": FIELDS, **QUICK}
        self.product._add(BUYING, "precoro", self.settings)

    def ask(self, *arguments: str, code: int = 0) -> Any:
        done = self.product.command(*arguments, "--json")
        assert (code, "") == (done.code, done.stderr), f"{arguments}: {done}"
        return done.json

    def flow(self, kind: str, mode: str = "approve", **options: str) -> None:
        given = [f"--option={name}={value}" for name, value in {"entity": DIVISION, **options}.items()]
        self.ask(
            *("flows", "set", "--from", LEDGER, "--to", BUYING, "--kind", kind, "--mode", mode),
            *("--starts-on", "2026-01-01", *given),
        )

    def align(self, kind: str, code: int = 0) -> Any:
        return self.ask("run", kind, "--from", LEDGER, "--to", BUYING, code=code)

    def carry_out(self, kind: str, code: int = 0) -> dict[str, int]:
        """A pass with consent; how often it did what."""
        run = self.align(kind, APPROVAL)
        self.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=code)
        return acts(run)

    def exact(self, action: str, **body: Any) -> Any:
        body = {"division": DIVISION, **body}
        return self.sandbox.control("exact_online", f"control/{action}", body)

    def precoro(self, action: str, **body: Any) -> Any:
        return self.sandbox.control("precoro", f"control/{action}", body)

    def books(self) -> Any:
        return self.sandbox.control("precoro", "books")

    def options(self, axis: str) -> dict[str, Any]:
        """By code."""
        return {row["code"]: row for row in self.books()["options"] if row["axis"] == axis}

    def typed(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command at which a person types this."""
        command, environment = self.product._command(*arguments), self.product._env()
        return subprocess.run(command, env=environment, input=text, capture_output=True, text=True)

    def slow_down(self) -> None:
        """So that there is time between two writes."""
        self.product._add(
            BUYING, "precoro", {**self.settings, "pace_seconds": "0.2", "deadline_seconds": "5"}
        )

    def calls(self) -> tuple[int, int]:
        """Reads and writes so far."""
        calls = self.books()["calls"]
        return calls["read"], calls["write"]


def acts(run: Any) -> dict[str, int]:
    """What is done, and how often; what is known there only is left out."""
    return Counter(row["act"] for row in run["plan"]["changes"] if row["act"] != "theirs")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(["--profile", "fast", "--scenario", "procurement"]) as sandbox:
        yield sandbox


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[Company]:
    sandbox.control("precoro", "switches", {"text_max": 0})
    sandbox.control("precoro", "reset", {})
    sandbox.control("exact_online", "reset", {})
    with tempfile.TemporaryDirectory(prefix="ml-connector-e2e-") as home:
        yield Company(sandbox, Path(home))


def test_a_first_sync_takes_over_what_is_there_and_makes_the_rest(company: Company) -> None:
    """Each value once, known by the ledger's id; then a pass with nothing to do, in one call."""
    company.exact("add_cost_center", code="NEW", description="New team")
    company.flow("cost_centers")
    before = company.calls()

    done = company.carry_out("cost_centers")

    there = company.options("cost_center")
    assert {"change": 6, "create": 1} == done
    assert (True, "New team") == (there["NEW"]["open"], there["NEW"]["name"])
    marked = [row["external_id"] for code, row in there.items() if code != "OLD"]
    assert (7, True) == (len(set(marked)), all(marked))
    assert there["OPS"]["id"] == there["OPSWH"]["parent"], "the order is Precoro's own and stays"
    reads, writes = (after - one for after, one in zip(company.calls(), before, strict=True))
    assert (3, 7) == (reads, writes), "one read to plan, before writing and behind it; a write for each value"

    before = company.calls()
    assert "nothing to change" in company.align("cost_centers")["summary"]
    assert (before[0] + 1, before[1]) == company.calls()


def test_a_value_keeps_its_option_whatever_changes_in_the_ledger(company: Company) -> None:
    """Renamed, under another code, closed and opened again: one option, with the id it began with."""
    company.flow("cost_centers", "automatic")
    company.carry_out("cost_centers")
    first = company.options("cost_center")["FIN"]

    company.exact("rename_cost_center", code="FIN", description="Finance and control")
    company.exact("recode_cost_center", code="FIN", to="FIN2")
    assert "done" == company.align("cost_centers")["state"]
    renamed = company.options("cost_center")
    assert ("FIN" in renamed, "Finance and control") == (False, renamed["FIN2"]["name"])
    assert (first["id"], first["external_id"]) == (renamed["FIN2"]["id"], renamed["FIN2"]["external_id"])

    company.exact("deactivate_cost_center", code="FIN2")
    company.align("cost_centers")
    assert not company.options("cost_center")["FIN2"]["open"]
    company.exact("reopen_cost_center", cost_center="FIN2")
    company.align("cost_centers")
    opened = company.options("cost_center")
    assert (True, first["id"], len(renamed)) == (opened["FIN2"]["open"], opened["FIN2"]["id"], len(opened))


def test_what_somebody_edited_is_shown_and_not_overwritten(company: Company) -> None:
    company.flow("cost_centers", "automatic")
    company.carry_out("cost_centers")
    company.precoro("edit_option", axis="cost_center", code="IT", name="Ours, we say")
    company.exact("rename_cost_center", code="SALES", description="Sales and service")
    before = company.calls()

    run = company.align("cost_centers", HELD)

    assert [("plan.conflict", True)] == [
        (problem["code"], "Ours, we say" in problem["text"]) for problem in run["problems"]
    ]
    there = company.options("cost_center")
    assert ("Ours, we say", "Sales and service") == (there["IT"]["name"], there["SALES"]["name"])
    assert 1 == company.calls()[1] - before[1]


def test_what_precoro_does_not_take_is_named_and_the_others_are_done(company: Company) -> None:
    """A text that is longer than Precoro's, of which nothing is published: its refusal says so."""
    company.sandbox.control("precoro", "switches", {"text_max": 40})
    company.flow("cost_units")
    company.exact("add_cost_unit", code="U90", description="A name of more than forty characters, in full")
    company.exact("add_cost_unit", code="U91", description="Short")

    run = company.align("cost_units", APPROVAL)
    held = company.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)

    assert ["plan.refused"] == [problem["code"] for problem in held["problems"]]
    assert "too long" in held["problems"][0]["text"]
    there = company.options("cost_unit")
    assert (False, "Short") == ("U90" in there, there["U91"]["name"])


def test_taxes_offer_what_may_be_used_with_the_percentage_of_today(company: Company) -> None:
    """Those that a person names are taken over, the others made; one that is blocked later stays, because a
    tax cannot be closed, and is for people.
    """
    ids = {row["name"]: str(row["id"]) for row in company.books()["taxes"]}
    company.exact("block_vat_code", code="8")
    company.flow("taxes", same=f"2={ids['21% High']}, 4={ids['9% Low']}")

    assert {"change": 2, "create": 6} == company.carry_out("taxes")
    there = {row["name"]: row for row in company.books()["taxes"] if row["external_id"]}
    assert {ids["21% High"], ids["9% Low"]} <= {str(row["id"]) for row in there.values()}
    shown = {name: str(row["percent"]) for name, row in there.items()}
    assert "21" == shown["2 VAT 21% excluding (excluding)"]
    assert "0" == shown["7 EU services, reverse charge (no VAT owed)"]
    assert not any(name.startswith("8 ") for name in shown)

    company.exact("set_vat_percentage", code="4", percentage="0.10", date="2026-01-01")
    company.exact("block_vat_code", code="3")
    changed = company.carry_out("taxes")
    assert {"change": 1, "stays": 1} == changed
    after = {row["name"]: row for row in company.books()["taxes"] if row["external_id"]}
    assert there.keys() == after.keys()
    assert "10" == str(after["4 VAT 9% excluding (excluding)"]["percent"])
    items = [item["text"] for item in company.ask("worklist", "list")["items"]]
    assert any("3 VAT 21% including" in text and "no way to close it" in text for text in items)


def test_terms_that_precoro_cannot_count_are_named(company: Company) -> None:
    """The end of a month is none of Precoro's rules: such a term would show wrong due dates."""
    company.flow("payment_terms", "automatic")
    run = company.align("payment_terms", HELD)

    refused = {problem["where"] for problem in run["problems"]}
    assert refused
    assert all("end of a month" in problem["text"] for problem in run["problems"])
    made = [row for row in company.books()["terms"] if row["external_id"]]
    assert made
    assert not {f"payment_term/{row['external_id']}" for row in made} & refused


def test_a_process_that_is_killed_between_two_writes_makes_nothing_twice(company: Company) -> None:
    """What was written is found again, by the ledger's id; the rest is made."""
    for number in range(8):
        company.exact("add_cost_unit", code=f"K{number}", description=f"Unit {number}")
    company.flow("cost_units", "approve")
    run = company.align("cost_units", APPROVAL)
    company.slow_down()
    process = company.product.start(
        *("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], "--json")
    )
    while company.calls()[1] < 4:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    written = company.calls()[1]

    company.ask("runs", "follow", run["run"])

    there = [row for row in company.books()["options"] if row["axis"] == "cost_unit"]
    assert (11, 11) == (len(there), len({row["external_id"] for row in there}))
    assert 4 <= written < 11 <= company.calls()[1] <= 12


def flows_of(shown: Any) -> dict[str, Any]:
    return {row["name"]: row for row in shown["flows"]}


PREFERENCES = (
    *("pairs", "set", LEDGER, BUYING, "--mode", "automatic", "--starts-on", "2026-01-01"),
    *("--option", f"entity={DIVISION}", "--want", "cost_units=every 6h"),
)


def test_preferences_of_a_pair_are_the_settings_of_its_flows(company: Company) -> None:
    """Switched off and on again, a flow has lost nothing: neither its settings nor what it agreed on."""
    before = flows_of(company.ask("pairs", "show", LEDGER, BUYING))
    assert {"accounts", "cost_centers", "cost_units", "payment_terms", "projects", "taxes"} <= before.keys()
    assert {"not set"} == {row["state"] for row in before.values()}

    flow = flows_of(company.ask(*PREFERENCES, "--option", "cost_units.codes=U"))["cost_units"]
    assert ("on", "every 6h") == (flow["state"], flow["schedule"])
    stored = company.ask("flows", "show", str(flow["id"]))
    assert ({"entity": DIVISION, "codes": "U"}, "automatic") == (stored["options"], stored["mode"])
    assert flow["next_look"], "it looks at once"
    company.carry_out("cost_units")

    off = flows_of(company.ask("pairs", "set", BUYING, LEDGER, "--off", "cost_units"))["cost_units"]
    assert ("off", "every 6h", "") == (off["state"], off["schedule"], off["next_look"])
    company.precoro("edit_option", axis="cost_unit", code="U01", name="Edited meanwhile")
    company.exact("rename_cost_unit", code="U02", description="Renamed meanwhile")
    company.exact("end_cost_unit", code="U03", date="2026-01-31")
    company.ask("run", "cost_units", "--from", LEDGER, "--to", BUYING, "--detach")
    writes = company.calls()[1]

    on = flows_of(company.ask("pairs", "set", LEDGER, BUYING, "--want", "cost_units=every 6h"))["cost_units"]
    assert ("on", flow["id"], stored["options"]) == (
        on["state"],
        on["id"],
        company.ask("flows", "show", str(on["id"]))["options"],
    )
    run = company.ask("runs", "list")["runs"][0]["id"]
    held = company.ask("runs", "follow", run, code=HELD)
    assert ["plan.conflict"] == [problem["code"] for problem in held["problems"]]
    there = company.options("cost_unit")
    assert ("Edited meanwhile", "Renamed meanwhile") == (there["U01"]["name"], there["U02"]["name"])
    assert (False, writes + 2) == (there["U03"]["open"], company.calls()[1])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--want", "nothing=every 6h"), "has no flow 'nothing'"),
        (("--want", "taxes=every 6h", "--off", "taxes"), "Say one"),
        (("--want", "taxes=sometimes", "--starts-on", "2026-01-01", "--option", "entity=3010"), "sometimes"),
        (("--want", "taxes=every 6h"), "--starts-on"),
        (("--want", "taxes=", "--starts-on", "2026-01-01"), "'entity' is missing"),
        (("--want", "taxes=", "--starts-on", "2026-01-01", "--option", "entiti=1"), "'entiti'"),
    ],
)
def test_preferences_that_cannot_be_are_refused_and_nothing_is_stored(
    company: Company, given: tuple[str, ...], said: str
) -> None:
    good = ("--want", "projects=every 6h") if "--starts-on" in given and "entiti=1" not in given else ()
    done = company.product.command("pairs", "set", LEDGER, BUYING, *good, *given, "--json")

    assert done.code != 0
    assert said in done.stdout
    shown = flows_of(company.ask("pairs", "show", LEDGER, BUYING))
    assert {"not set"} == {row["state"] for row in shown.values()}


def test_a_first_sync_begins_by_itself_once_both_sides_are_signed_in(company: Company) -> None:
    """Before, it waits for its schedule."""
    company.product._add("later", "exact_online", company.exact_settings)
    wanted = ("--starts-on", "2026-01-01", "--option", f"entity={DIVISION}", "--want", "projects=every 6h")
    flow = flows_of(company.ask("pairs", "set", "later", BUYING, *wanted))["projects"]
    assert datetime.fromisoformat(flow["next_look"]) > datetime.now(UTC)

    company.product.authorize("later")

    due = company.ask("flows", "show", str(flow["id"]))["next_look"]
    assert datetime.fromisoformat(due) <= datetime.now(UTC)


def test_a_person_is_asked_once_for_each_flow(company: Company) -> None:
    """And for each option of those that are wanted; the next time the answers of before are offered."""
    known = company.ask("pairs", "show", LEDGER, BUYING)["flows"]
    answers = {"accounts": "every 6h", "projects": "daily 03:00 Europe/Amsterdam"}
    lines = [answers.get(one["name"], "off") for one in known]
    options = [DIVISION, "4", ""]
    command = ("pairs", "set", LEDGER, BUYING, "--starts-on", "2026-01-01")
    done = company.typed("\n".join([*lines, *options, ""]), *command)

    assert 0 == done.returncode, done.stderr
    shown = flows_of(company.ask("pairs", "show", LEDGER, BUYING))
    assert answers == {name: row["schedule"] for name, row in shown.items() if row["state"] == "on"}
    stored = company.ask("flows", "show", str(shown["accounts"]["id"]))
    assert {"entity": DIVISION, "codes": "4"} == stored["options"]
    again = company.typed("\n" * 40, "pairs", "set", LEDGER, BUYING)
    assert 0 == again.returncode, again.stderr
    assert shown == flows_of(company.ask("pairs", "show", LEDGER, BUYING))
