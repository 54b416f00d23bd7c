"""Plays a case of this folder in one process: files in a folder, the flow, the simulator of the ledger, and
what a person is told. Nothing sleeps: both sides share one clock that is moved.

    case.json           scenario; currency, entities, journal, mode, options of the flow; layout; deliver:
                        lists of files, each put into the folder and followed by one run; control: what a
                        person does at the simulator, with a run before and after each
    expected.json       outcomes; a case holds if one of them is met in full
    STEM.layout.json    a layout that reads STEM to the right figure
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
from scenes import PAYROLL, scene_of
from tests.payday import MAPPING, World

from ml_connector.app.mapping_csv import read_mapping
from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Problem
from ml_connector.domain.text import DEFAULT_TEXT
from ml_connector.flows.flow import Mode
from ml_connector.flows.payroll.policy import spelled
from ml_connector.ports.payroll import PayrollSource, SetsAside
from ml_connector.ports.runs import RunState
from ml_connector.ports.systems import Field, System
from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import Host, open_system
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.core.vendor import Request

CASES = Path(__file__).parent
BASE_URL = "http://127.0.0.1:9100"
START = datetime(2026, 7, 16, 9, 0, 7, tzinfo=UTC)
EVER = date(2015, 1, 1)
CODES = {RunState.DONE: 0, RunState.HELD: 3, RunState.AWAITING_APPROVAL: 4, RunState.FAILED: 6}
ATTENTION = (0, 5, 4, 3, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answered: exit code, all of its text, codes of problems, entity → date and debit."""

    code: int
    text: str
    problems: tuple[str, ...] = ()
    proposes: tuple[tuple[str, str, str], ...] = ()


class _Clock(VirtualClock):
    """Our time and the simulators', moved together."""

    def __init__(self, sandbox: SandboxClock) -> None:
        super().__init__(START)
        self._sandbox = sandbox

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._sandbox.advance(seconds)


class _Delivered:
    """A source as the world of the flow tests takes it: every reference may be asked for."""

    def __init__(self, source: PayrollSource) -> None:
        self._source = source
        self.runs = _Everything()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


class _Everything:
    def __contains__(self, reference: object) -> bool:
        return True


@dataclass
class Play:
    """One installation and the simulators it is connected to."""

    folder: Path
    home: Path
    layout: str = ""
    post: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.told = json.loads((self.folder / "case.json").read_text())
        self.scene = scene_of(self.told.get("scenario", "trading_company"))
        self.clock = SandboxClock(start=START, frozen=True)
        self.ours = _Clock(self.clock)
        self.taken: set[str] = set()
        self.home.mkdir(exist_ok=True)

    # --- the two sides --------------------------------------------------------------------------------------

    def host(self, slug: str) -> Host:
        switches = {
            name.partition("=")[0].partition(".")[2]: name.partition("=")[2]
            for name in [
                *self.told.get("sandbox", [])[1::2],
                *(f"{self.scene.ledger}.{key}={value}" for key, value in self.scene.switches.items()),
            ]
            if name.startswith(f"{slug}.")
        }
        turned = {name: int(value) for name, value in switches.items()}
        return open_system(
            slug, scenario=self.scene.scenario, clock=self.clock, profile="fast", switches=turned
        )

    def connect(self, slug: str, host: Host, settings: Mapping[str, str]) -> System:
        connector = import_module(f"ml_connector.connectors.{slug}").CONNECTOR
        secret = {each.name for each in connector.settings if each.field is Field.SECRET}
        wire = SandboxTransport(host)
        wiring = memory_wiring(
            clock=self.ours, secrets={k: v for k, v in settings.items() if k in secret}, wire=wire
        )
        system: System = connector.open({k: v for k, v in settings.items() if k not in secret}, wiring)
        if system.sign_in is not None and self.scene.signs_in:
            with httpx2.Client(transport=wire) as browser:
                location = browser.get(system.sign_in.authorize_url("state")).headers["location"]
            system.sign_in.exchange(str(location), "state")
        return system

    def open(self) -> None:
        """The ledger, the source, the mapping and the flow, as an administrator sets them up."""
        self.books = self.host(self.scene.ledger)
        described = self.books.vendor.describe(BASE_URL)
        entities = [entity["code"] for entity in described["entities"]]
        settings = {**self.scene.settings(described, entities), **self.scene.unlimited}
        system = self.connect(self.scene.ledger, self.books, settings)
        ledger, legal_entities = system.sink(JournalEntry), system.legal_entities
        self.payroll = self._source()
        mode = Mode.APPROVE if self.post else Mode(self.told.get("mode", "approve"))
        options = {
            "journal": self.told.get("journal", "95"),
            "entities": self.told.get("entities", "HTC01=1204"),
            "text": DEFAULT_TEXT,
            **self.told.get("options", {}),
        }
        self.world = World(
            clock=self.ours,
            payroll=_Delivered(self.payroll.source(PayRun)),  # type: ignore[arg-type]
            ledger=ledger,  # type: ignore[arg-type]
            mode=mode,
            starts_on=EVER,
            **spelled(options, legal_entities),
        )
        self.world.mapping = read_mapping(MAPPING.name, 1, self.scene.mapping.read_bytes())
        self._say("flows set", Answer(code=0, text=""))

    def _source(self) -> System:
        settings = {
            "base_url": BASE_URL,
            "currency": self.told.get("currency", "USD"),
            "calls_per_minute": "0",
        }
        if "control" in self.told:
            self.people = self.host(PAYROLL)
            credentials = self.people.vendor.describe(BASE_URL)["credentials"]
            names = ("username", "password", "customer_api_key")
            settings |= {name: credentials[name] for name in names}
            return self.connect(PAYROLL, self.people, settings)
        return self.connect(PAYROLL, self.books, {**settings, **self.files()})

    def files(self) -> dict[str, str]:
        """The settings of a connection to the folder."""
        layout = self.layout or self.told.get("layout", "L1")
        place = self.folder / layout
        text = place.read_text() if place.is_file() else layout
        return {"source": "flat_file", "file_path": str(self.home), "file_layout": text, "tenant": "case"}

    # --- what people do -------------------------------------------------------------------------------------

    def play(self, deliver: list[list[str]] | None = None) -> None:
        """Play the case to its end; `deliver` instead of the files that it names."""
        connector = import_module(f"ml_connector.connectors.{PAYROLL}").CONNECTOR
        problems = connector.check_settings({"base_url": BASE_URL, **self.files()}, True)
        self._say("connections add", Answer(code=2 if problems else 0, **_told(problems)))
        if problems:
            return
        self.open()
        for files in deliver or self.told.get("deliver", []):
            for file in files:
                shutil.copy(self.folder / file, self.home / file)
            self._say("run payroll", self.run())
        if "control" in self.told:
            self._say("run payroll", self.run())
            for _vendor, action, body in self.told["control"]:
                self.control(action, body)
                self._say("run payroll", self.run())
        if "deliver" in self.told:
            rights = self.payroll.check()
            text = json.dumps([[right.name, right.text] for right in rights], ensure_ascii=False)
            self.answers["connections test files"] = Answer(
                code=0 if all(right.granted for right in rights) else 1, text=text
            )

    def control(self, action: str, body: Any) -> None:
        """A person at the payroll's screen."""
        self.people.exchange(
            Request(method="POST", target=f"/__sandbox__/control/{action}", body=json.dumps(body).encode())
        )

    def run(self) -> Answer:
        """Every new pay run as far as the flow goes; what was set aside is told as well."""
        source = self.payroll.source(PayRun)
        assert source is not None
        new = [ref.reference for ref in source.pay_runs(EVER) if ref.reference not in self.taken]
        aside = source.set_aside() if isinstance(source, SetsAside) else ()
        dry = "--dry-run" in self.told.get("run", []) and not self.post
        told, codes, proposes = list(aside), [3] * bool(aside), []
        summaries = []
        for reference in new:
            if not dry:
                self.taken.add(reference)
            row = self.world.post(reference, dry_run=dry)
            if self.post and row.state is RunState.AWAITING_APPROVAL:
                row = self.world.approve(row.id)
            told += self.world.problem_list(row.id)
            codes.append(CODES.get(row.state, 5))
            summaries.append(row.summary)
            proposes += self._entries(row.id)
        code = max(codes, key=ATTENTION.index, default=0)
        return Answer(code=code, proposes=tuple(proposes), **_told(told, *summaries))

    def _entries(self, run: str) -> Iterator[tuple[str, str, str]]:
        try:
            entries = self.world.proposal(run).entries
        except KeyError:
            return
        for entry in entries:
            yield entry.entity, str(entry.posting_date), str(entry.debit.amount)

    def _say(self, command: str, answer: Answer) -> None:
        number = sum(1 for name in self.answers if name.startswith(command)) + 1
        self.answers[f"{command} {number}"] = answer

    def ledger(self) -> list[dict[str, Any]]:
        """Every document of ours that the simulator holds."""
        return [each for each in self.books.vendor.books()["documents"] if not each.get("seeded")]


def _told(problems: Any, *summaries: str) -> dict[str, Any]:
    found: list[Problem] = list(problems)
    lines = [*summaries, *(f"{each.code} {each.where} {each.text}" for each in found)]
    return {"text": "\n".join(lines), "problems": tuple(each.code for each in found)}


# --- judging ------------------------------------------------------------------------------------------------


def unmet(expected: Mapping[str, Any], play: Play) -> list[str]:
    """What keeps every outcome of `one_of` from being met: empty when one is met in full."""
    reasons = []
    for outcome in expected["one_of"]:
        found = [reason for key, value in outcome.items() for reason in _unmet_one(key, value, play)]
        if not found:
            return []
        reasons += [f"{outcome.get('outcome', '')}: {reason}" for reason in found]
    return reasons


def _unmet_one(key: str, value: Any, play: Play) -> list[str]:
    if key == "outcome":
        return []
    if key == "ledger":
        return _unmet_books(value, play.ledger() if hasattr(play, "books") else [])
    if key == "on_record":
        text = play.answers["connections test files"].text
        return [] if value in text else [f"{value} is not on record"]
    if key not in play.answers:
        return [f"{key} was not played"]
    tables = value if isinstance(value, list) else [value]
    found = [_unmet_answer(table, play.answers[key]) for table in tables]
    return [] if [] in found else [f"{key}: {reason}" for reason in found[0]]


def _unmet_answer(table: Mapping[str, Any], answer: Answer) -> list[str]:
    reasons = []
    proposed = {entity: (day, debit) for entity, day, debit in answer.proposes}
    if answer.code not in table.get("exit", [answer.code]):
        reasons.append(f"exit {answer.code}: {answer.text}")
    for name, holds in (("says", True), ("says_exactly", True), ("says_not", False)):
        for words in table.get(name, []):
            choices = words if isinstance(words, list) else [words]
            if holds is not any(_says(choice, answer.text, name == "says_exactly") for choice in choices):
                reasons.append(f"{name} {words}: {answer.text}")
    if "problem" in table and table["problem"] not in answer.problems:
        reasons.append(f"problem {table['problem']}: {answer.problems}")
    if "proposes" in table:
        wanted = table["proposes"]
        if wanted.keys() != proposed.keys():
            reasons.append(f"proposes {proposed}, expected {wanted}: {answer.text}")
        for entity in wanted.keys() & proposed.keys():
            day, debit = proposed[entity]
            if wanted[entity].get("date", day) != day or Decimal(wanted[entity]["debit"]) != Decimal(debit):
                reasons.append(f"proposes {proposed}, expected {wanted}")
    if "debits_among" in table and not {debit for _, debit in proposed.values()} <= set(
        table["debits_among"]
    ):
        reasons.append(f"proposes {proposed}")
    if {day for day, _ in proposed.values()} & set(table.get("not_dated", [])):
        reasons.append(f"dated {proposed}")
    return reasons


def _says(words: str, text: str, exactly: bool) -> bool:
    if not exactly:
        words, text = words.lower(), text.lower()
    if len(words) <= 2:
        return bool(re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text))
    return words in text


def _unmet_books(expected: Mapping[str, Any], documents: list[dict[str, Any]]) -> list[str]:
    reasons = []
    if expected.keys() != {each["entity"] for each in documents}:
        reasons.append(f"the ledger holds documents of {[each['entity'] for each in documents]}")
    for entity, wanted in expected.items():
        ours = [each for each in documents if each["entity"] == entity]
        sums: dict[str, Decimal] = {}
        for line in (line for each in ours for line in each["lines"]):
            sums[line["account"]] = sums.get(line["account"], Decimal(0)) + Decimal(line["amount"])
        found = {
            "documents": len(ours),
            "date": next((each["date"] for each in ours), ""),
            "debit": str(sum((value for value in sums.values() if value > 0), Decimal(0))),
            "balances": {account: str(value) for account, value in sums.items() if value},
        }
        reasons += [
            f"{entity} has {name} {found[name]}, expected {value}"
            for name, value in wanted.items()
            if found[name] != value
        ]
    return reasons
