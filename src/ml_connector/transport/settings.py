"""Settings of a connection, read from plain text: what every product's settings have in common, and the
connector that is made of them.

A product's own `settings.py` declares what is asked for and reads it into its `Options`, naming every
problem; `Product` does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ml_connector.domain.problem import Problem
from ml_connector.errors import NotSent, Refused
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Field, Setting, System, Wiring
from ml_connector.transport.exchange import control_problem, header_problem
from ml_connector.transport.redact import PUBLIC, SECRET_MIN

SETTLE_MARGIN_SECONDS = 60
"""On a real host the settling time exceeds the deadline of a send by so much: a request may sit that long on
its way.
"""


def number(name: str, label: str, help: str, *, default: str) -> Setting:
    """A setting that is a number, with the default of the vendor's manual."""
    return Setting(name=name, label=label, help=help, field=Field.NUMBER, required=False, default=default)


def lines_per_entry(maximum: str, default: str) -> Setting:
    """Of a ledger; `maximum` is what the vendor says of it."""
    help = f"A larger entry is split where its lines so far balance. {maximum}"
    return number("lines_max", "Lines per entry", help, default=default)


def deadline_of_a_send(document: str, default: str) -> Setting:
    """Of a ledger; `document` is what is sent at a time."""
    help = (
        f"A {document} that has not left by then is not sent. For one that is not answered by then, the"
        " ledger is searched."
    )
    return number("deadline_seconds", "Deadline of a send", help, default=default)


def settling_time(default: str) -> Setting:
    """Of a ledger."""
    help = (
        "How long the ledger may still book after an answer was lost; at least the deadline and 60 seconds on"
        " a real host."
    )
    return number("settle_seconds", "Settling time", help, default=default)


def visibility_time(document: str, default: str) -> Setting:
    """Of a ledger; `document` is what its searches find."""
    help = f"How long a booked {document} may be missing from searches."
    return number("visible_seconds", "Visibility time", help, default=default)


WEBHOOK_AGE_MAX = 28 * 86_400
"""Received notifications are kept for a few days more, so that a repeat is recognised for as long."""


def webhook_times(age: str) -> tuple[Setting, ...]:
    """How old a notification may be, and how far in the future, where the vendor writes a time into it."""
    return (
        number(
            "webhook_age_seconds",
            "Age of a notification",
            "An older one is refused, which a poll makes up for. 0 looks at no time.",
            default=age,
        ),
        number(
            "webhook_ahead_seconds",
            "Notification ahead of time",
            "How far in the future its time may be, for clocks that differ.",
            default="300",
        ),
    )


def webhook_topics(default: str) -> Setting:
    """Which notifications are subscribed, where the vendor has an interface for it."""
    return Setting(
        name="webhook_topics",
        label="Topics to subscribe",
        help="The vendor's names, separated by commas, as `connections webhooks make` subscribes them.",
        required=False,
        default=default,
    )


READ_DEADLINE = number(
    "read_deadline_seconds",
    "Deadline of a read",
    "A read whose answer is not complete by then is stopped and tried later.",
    default="300",
)
"""Of every connector: also an answer that never ends is over then."""
_WHOLE, _SECONDS = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
"""ASCII digits: a number of calls, lines or errors is whole, a time may have a fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How old a notification may be, and how far in the future, by the time that the vendor wrote into it;
    0 for an age that is not looked at.
    """

    age_seconds: float
    ahead_seconds: float

    def check(self, occurred: datetime | None, now: datetime) -> None:
        """Raises `Refused` for a time outside; a notification without one passes."""
        if occurred is None or not self.age_seconds:
            return
        if now - occurred > timedelta(seconds=self.age_seconds):
            text = f"The notification is of {occurred:%Y-%m-%d %H:%M} UTC, which is too old. It was not used."
            raise Refused(text, where="time", code="event.old")
        if occurred - now > timedelta(seconds=self.ahead_seconds):
            text = (
                f"The notification is of {occurred:%Y-%m-%d %H:%M} UTC, which is still to come. Check the"
                " clock of this machine, and the time zone of the connection."
            )
            raise Refused(text, where="time", code="event.ahead")


def window_of(numbers: Mapping[str, float]) -> Window:
    """The window of a connection's settings."""
    return Window(age_seconds=numbers["webhook_age_seconds"], ahead_seconds=numbers["webhook_ahead_seconds"])


Read = Callable[[Mapping[str, str], bool], tuple[Any, list[Problem]]]
"""Settings and whether this is a sandbox → options, and every problem; the options may be used only where
there is none.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A `Connector`: checks settings and opens systems. Makes no call. `connect` builds the system behind
    checked options.
    """

    slug: str
    title: str
    settings: tuple[Setting, ...]
    read: Read
    connect: Callable[[Any, Wiring], System]

    def check_settings(self, settings: Mapping[str, str], sandbox: bool) -> list[Problem]:
        """Every problem of the settings, a host that is not the vendor's among them."""
        return [*header_problems(self.settings, settings), *self.read(settings, sandbox)[1]]

    def open(self, settings: Mapping[str, str], wiring: Wiring) -> System:
        """The connected system. Raises `NotSent` for settings that `check_settings` refuses."""
        if problems := self.check_settings(settings, wiring.sandbox):
            first = problems[0]
            raise NotSent(first.text, where=first.where, code=first.code)
        options, _ = self.read(settings, wiring.sandbox)
        return self.connect(options, wiring)


def header_problems(declared: Sequence[Setting], values: Mapping[str, str]) -> list[Problem]:
    """Values that are sent as a header and cannot be; they are not repeated."""
    return [
        Problem("setting.header", setting.name, f"{setting.label} {why}. Enter it again.")
        for setting in declared
        if setting.header and (why := header_problem(text_of(values, setting.name)))
    ]


def secret_problems(declared: Sequence[Setting], values: Mapping[str, str]) -> list[Problem]:
    """Secrets that could not be sent, or not be hidden in messages and records; no value is repeated."""
    problems = []
    for setting in declared:
        value = values.get(setting.name, "")
        if setting.field is not Field.SECRET or not value:
            continue
        why = header_problem(value) if setting.header else control_problem(value)
        if why is None and len(value) < SECRET_MIN and setting.name not in PUBLIC:
            why = f"has fewer than {SECRET_MIN} characters and could not be kept out of messages"
        if why:
            text = f"{setting.label} {why}. Enter it again."
            problems.append(Problem("setting.secret", setting.name, text))
    return problems


def text_of(settings: Mapping[str, str], name: str) -> str:
    """The value without blanks around it; empty where there is none."""
    return (settings.get(name) or "").strip()


def secret_of(vault: Vault, name: str) -> str:
    """The secret; empty where none was ever stored."""
    try:
        return vault.read(name)
    except KeyError:
        return ""


def numbers_of(
    settings: Mapping[str, str],
    declared: Sequence[Setting],
    defaults: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, float]:
    """Every setting that is declared a number, of at least 0; `defaults` stand in for those of the settings.
    Adds a problem for what is none, and for a fraction of a call, a line or an error.
    """
    found = {}
    for setting in declared:
        if setting.field is Field.NUMBER:
            text = text_of(settings, setting.name) or defaults.get(setting.name, setting.default)
            fraction = setting.name.endswith("_seconds")
            if not (_SECONDS if fraction else _WHOLE).fullmatch(text):
                kind = "number" if fraction else "whole number"
                what = f"{text[:40]!r} is not a {kind}; expected one such as {setting.default}."
                problems.append(Problem("setting.number", setting.name, what))
                text = setting.default
            found[setting.name] = float(text)
    return found


def deadline_problems(numbers: Mapping[str, float]) -> list[Problem]:
    """Deadlines that nothing could keep, and ages of notifications whose repeats would not be recognised."""
    old = numbers.get("webhook_age_seconds", 0) > WEBHOOK_AGE_MAX
    text = f"A notification is at most {WEBHOOK_AGE_MAX} seconds old, which is 28 days."
    return [Problem("setting.webhook_age", "webhook_age_seconds", text)] * old + [
        Problem("setting.deadline", name, "A deadline is a number of seconds above 0.")
        for name in ("deadline_seconds", "read_deadline_seconds")
        if numbers.get(name, 1) <= 0
    ]


def ledger_problems(
    numbers: Mapping[str, float], sandbox: bool, lines_max: int | None = None
) -> list[Problem]:
    """What is wrong with the numbers that every ledger has: lines of an entry, deadline and settling time,
    and where there is one the interval of looking at a document that awaits posting."""
    problems = []
    if numbers["lines_max"] < 2 or numbers["lines_max"] > (lines_max or numbers["lines_max"]):
        text = (
            f"An entry has from 2 to {lines_max} lines."
            if lines_max
            else "An entry has two lines at the least."
        )
        problems.append(Problem("setting.lines_max", "lines_max", text))
    problems.extend(deadline_problems(numbers))
    least = numbers["deadline_seconds"] + SETTLE_MARGIN_SECONDS
    if not sandbox and numbers["settle_seconds"] < least:
        text = (
            f"The settling time is {numbers['settle_seconds']:.0f} s and must be at least {least:.0f} s: the"
            " deadline and 60 s."
        )
        problems.append(Problem("setting.settle", "settle_seconds", text))
    if numbers.get("posting_seconds", 1) <= 0:
        problems.append(
            Problem(
                "setting.posting", "posting_seconds", "The posting interval is a number of seconds above 0."
            )
        )
    return problems
