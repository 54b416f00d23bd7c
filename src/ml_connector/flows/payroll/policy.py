"""What a payroll flow is told by its settings, read from plain text once and checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from string import Formatter
from typing import TypeVar, cast

from ml_connector.domain.journal import ExchangeRate, JournalEntry
from ml_connector.domain.lists import listed, pairs
from ml_connector.domain.money import DECIMALS
from ml_connector.domain.period import YEARS, ClosedPeriodRule, PostingDatePolicy, PostingDateRule
from ml_connector.domain.problem import Problem
from ml_connector.domain.schedule import ScheduleError, read_zone
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.domain.text import DEFAULT_TEXT
from ml_connector.flows.flow import Mode, Option, PolicyError
from ml_connector.flows.given_settings import axis_problems
from ml_connector.ports.ledger import JournalSink
from ml_connector.ports.payroll import PayRunRef
from ml_connector.ports.systems import System

T = TypeVar("T", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollPolicy:
    """Settings of one payroll flow. `entities` is payroll company → legal entity, `journals` legal entity →
    journal; `axes` are the dimensions its ledger is asked about."""

    mode: Mode
    starts_on: date
    journals: Mapping[str, str]
    entities: Mapping[str, str]
    axes: frozenset[str]
    text: str
    posting_date: PostingDatePolicy = field(default_factory=PostingDatePolicy)
    detail_groups: frozenset[str] = frozenset()
    minimum_workers: int = 0
    roll_up_axis: str = "cost_center"
    roll_up_code: str = ""
    pay_groups: frozenset[str] = frozenset()

    def takes(self, run: PayRunRef, last: date) -> bool:
        """Whether the run ends on the last day or before and pays a group of the flow, or may, where the list
        names none.
        """
        if run.period_end > last:
            return False
        return not self.pay_groups or not run.groups or not self.pay_groups.isdisjoint(run.groups)


TEXT_NAMES = ("run", "period_end", "pay_date", "subject")
"""What can be filled in into the text of an entry."""
USUAL_AXIS = "cost_center"
"""What is meant where no axis is named, whether or not the ledger has it."""
_DATES = ("period_end", "pay_date")
_SAMPLES = (
    {"run": "20240", "period_end": date(2026, 6, 26), "pay_date": date(2026, 7, 3), "subject": "BIWEEK 1"},
    {"run": "Run-7", "period_end": date(2027, 11, 13), "pay_date": date(2027, 12, 18), "subject": "SEMI 2"},
)
"""Two pay runs that differ in every sign of what can be filled in."""
_LETTERS = re.compile("(?<![a-z])(?:d{1,2}|m{2,4}|y{2,4})+(?![a-z])", re.IGNORECASE)
"""Letters that stand for a date elsewhere: `DD.MM.YYYY` is shown as it is written."""

OPTIONS = (
    Option(
        name="journal",
        help="Journal of the entries, required; legal entity=journal pairs, separated by commas, if each has"
        " its own",
    ),
    Option(name="entities", help="Payroll company=legal entity, required; several pairs separated by commas"),
    Option(name="axes", help="Dimension axes that the mapping uses, separated by commas (cost_center)"),
    Option(name="text", help="Text of the entry; {run}, {period_end}, {pay_date}, {subject} are filled in"),
    Option(name="posting_date", help="period_end, pay_date, or a date YYYY-MM-DD"),
    Option(name="closed_period", help="hold, ask or next_open"),
    Option(name="detail_groups", help="Account groups booked line by line, separated by commas"),
    Option(name="minimum_workers", help="Groups with fewer workers are combined; 0 for never"),
    Option(name="roll_up_axis", help="Axis of the groups (cost_center)"),
    Option(name="roll_up_code", help="Code that small groups are booked on"),
    Option(name="pay_groups", help="Pay groups whose runs the flow takes, separated by commas (all)"),
    Option(
        name="expected_groups", help="Pay groups whose runs are expected, separated by commas (pay_groups)"
    ),
    Option(name="expected_zone", help="Time zone of the days on which runs are due (that of the schedule)"),
)
"""What the settings of the flow may say."""
_HELP = {option.name: option.help for option in OPTIONS}


def read_policy(mode: str, starts_on: date, options: Mapping[str, str]) -> PayrollPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    if unknown := sorted(options.keys() - _HELP.keys()):
        raise PolicyError(f"unknown option {unknown[0]!r}; expected one of {', '.join(_HELP)}")
    for name in ("journal", "entities"):
        if not options.get(name):
            raise PolicyError(f"option {name!r} is missing: {_HELP[name]}")
    minimum = options.get("minimum_workers", "0")
    if not minimum.isdecimal() or len(minimum) > 9:
        raise PolicyError(f"minimum_workers is {minimum!r}, expected a whole number")
    if int(minimum) > 1 and not options.get("roll_up_code"):
        raise PolicyError("roll_up_code is missing: the code that groups under minimum_workers are booked on")
    entities = _pairs("entities", options["entities"], "company=legal entity")
    _zone(options.get("expected_zone", ""))
    return PayrollPolicy(
        mode=_choice(Mode, "mode", mode),
        starts_on=starts_on,
        journals=_journals(options["journal"], frozenset(entities.values())),
        entities=entities,
        axes=frozenset(listed(options.get("axes", USUAL_AXIS))),
        text=_text(options.get("text", DEFAULT_TEXT)),
        posting_date=_posting_date(options),
        detail_groups=frozenset(listed(options.get("detail_groups", ""))),
        minimum_workers=int(minimum),
        roll_up_axis=options.get("roll_up_axis", USUAL_AXIS),
        roll_up_code=options.get("roll_up_code", ""),
        pay_groups=frozenset(listed(options.get("pay_groups", ""))),
    )


def _zone(name: str) -> None:
    try:
        _ = read_zone(name) if name else None
    except ScheduleError as error:
        raise PolicyError(f"expected_zone: {error}") from None


def spelled(options: Mapping[str, str], legal_entities: Collection[str]) -> dict[str, str]:
    """The options with each legal entity as the ledger spells it, so that `USMF` and `usmf` are one. Raises
    `PolicyError` for one that the ledger's connection does not have.
    """
    found: dict[str, str] = {}
    for entity in dict.fromkeys(_pairs("entities", options["entities"], "company=legal entity").values()):
        code = vendor_spelling(entity, legal_entities, what="legal entity")
        if isinstance(code, Problem):
            raise PolicyError(f"entities: {code.text}")
        found[entity] = code
    journal = options["journal"]
    if "=" in journal:
        pairs = _pairs("journal", journal, "one journal, or legal entity=journal for each")
        journal = _joined({found.get(entity, entity): code for entity, code in pairs.items()})
    pairs = _pairs("entities", options["entities"], "company=legal entity")
    entities = _joined({company: found[entity] for company, entity in pairs.items()})
    return {**options, "entities": entities, "journal": journal}


def _joined(pairs: Mapping[str, str]) -> str:
    return ",".join(f"{key}={code}" for key, code in pairs.items())


def _text(value: str) -> str:
    """A text that can be filled in: tried when it is set, not when a pay run is due."""
    try:
        places = [place for place in Formatter().parse(value) if place[1] is not None]
    except ValueError:
        raise PolicyError(
            f"text is {value!r}, which is no text with places to fill in; double a brace that is meant"
        ) from None
    if unknown := [name for _, name, _, _ in places if name not in TEXT_NAMES]:
        raise PolicyError(
            f"text holds {{{unknown[0]}}}; it may hold {', '.join(f'{{{name}}}' for name in TEXT_NAMES)}"
        )
    for place in places:
        _filled_in(*place[1:])
    return value


def _filled_in(name: str | None, form: str | None, conversion: str | None) -> list[str]:
    """What a place shows of each sample. Raises `PolicyError` for a form that does not go with the value."""
    place = f"{{{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}}}"
    why = f"text holds {place}, which cannot be filled in: write {{{name}}}"
    if name in _DATES:
        why += f", or a date such as {{{name}:%d.%m.%Y}}"
    if form and ("{" in form or re.search("[0-9]{4}", form)):
        raise PolicyError(why)
    try:
        return [place.format_map(values) for values in _SAMPLES]
    except (ValueError, TypeError):
        raise PolicyError(why) from None


def check_new(options: Mapping[str, str], groups: Collection[str]) -> None:
    """What is refused of options that are set now, and works where an earlier release stored it. `groups` are
    those of the mapping's rules. Raises `PolicyError`.
    """
    text = options.get("text", DEFAULT_TEXT)
    for place in Formatter().parse(text):
        _, name, form, _ = place
        if name is None:
            continue
        first, second = _filled_in(*place[1:])
        if first == second or (name in _DATES and _LETTERS.search(re.sub("%.", "", form or ""))):
            raise PolicyError(
                f"text holds {{{name}:{form}}}, which shows {first!r} for every pay run: write {{{name}}}"
                + (f", or a date such as {{{name}:%d.%m.%Y}}" if name in _DATES else "")
            )
    for name in ("axes", "detail_groups", "entities", "pay_groups", "expected_groups"):
        if ";" in options.get(name, ""):
            raise PolicyError(f"{name} is {options[name]!r}, which holds a semicolon; expected commas")
    missing = sorted(set(listed(options.get("detail_groups", ""))) - set(groups))
    if missing:
        raise PolicyError(
            f"detail_groups names {missing[0]!r}, which no rule of the mapping has as its group; there"
            f" {'is' if len(groups) == 1 else 'are'} {', '.join(sorted(groups)) or 'none'}"
        )
    rule = options.get("posting_date", "period_end")
    if rule[:1].isdigit() and not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", rule):
        raise _no_posting_date(rule)


def _posting_date(options: Mapping[str, str]) -> PostingDatePolicy:
    closed = _choice(ClosedPeriodRule, "closed_period", options.get("closed_period", "hold"))
    rule = options.get("posting_date", "period_end")
    if rule in ("period_end", "pay_date"):
        return PostingDatePolicy(rule=PostingDateRule(rule), closed=closed)
    try:
        day = date.fromisoformat(rule)
    except ValueError:
        raise _no_posting_date(rule) from None
    if day.year not in YEARS:
        raise PolicyError(
            f"posting_date is {rule}, and no pay is of that year; expected a date from {YEARS[0]} to"
            f" {YEARS[-1]}"
        )
    return PostingDatePolicy(rule=PostingDateRule.OVERRIDE, override=day, closed=closed)


def _no_posting_date(rule: str) -> PolicyError:
    return PolicyError(
        f"posting_date is {rule!r}, expected period_end, pay_date or a date such as 2026-06-30"
    )


def _choice(kind: type[T], name: str, value: str) -> T:
    try:
        return kind(value)
    except ValueError:
        raise PolicyError(f"{name} is {value!r}, expected one of {', '.join(kind)}") from None


def _pairs(name: str, value: str, expected: str) -> dict[str, str]:
    found, broken, repeated = pairs(value)
    if broken:
        raise PolicyError(f"{name} holds {broken[0]!r}, expected {expected}")
    if repeated:
        raise PolicyError(f"{name} names {repeated[0]!r} twice")
    return found


def _journals(value: str, entities: frozenset[str]) -> dict[str, str]:
    if "=" not in value:
        return dict.fromkeys(sorted(entities), value.strip())
    journals = _pairs("journal", value, "one journal, or legal entity=journal for each")
    if different := sorted(entities ^ journals.keys()):
        raise PolicyError(f"journal and entities do not name the same legal entities: {', '.join(different)}")
    return journals


def read_rates(given: PayrollInput) -> dict[str, ExchangeRate]:
    """Rates given for one run, by the currency of the books: `rates` is `EUR=0.9215`, comma between,
    `rate_source` who says so.

    Raises `PolicyError` for what is no rate, and for rates without a source.
    """
    rates: dict[str, ExchangeRate] = {}
    for part in listed(given.rates):
        currency, _, text = (word.strip() for word in part.partition("="))
        if currency in rates:
            raise PolicyError(
                f"rates names {currency} twice: {rates[currency].rate} and {text}. Give one rate for each"
                " currency of the books."
            )
        if currency not in DECIMALS or not re.fullmatch(r"\d{1,9}(?:\.\d{1,12})?", text) or not Decimal(text):
            raise PolicyError(
                f"rates holds {part!r}, expected the currency of the books and what one unit of the pay run's"
                " is in it: EUR=0.9215"
            )
        rates[currency] = ExchangeRate(
            currency=currency, rate=Decimal(text), source=given.rate_source.strip()
        )
    if rates and not given.rate_source.strip():
        raise PolicyError("rate_source is missing: say where the rate comes from, such as ECB 2026-06-30")
    return rates


_COMMA = re.compile(r"\s*([A-Z]{3}\s*=\s*[0-9]+),([0-9]+)\s*")
GIVEN = (
    Option(
        name="rate",
        help="For books in another currency: CURRENCY=RATE, what one unit of the pay run's currency is in"
        " it.",
        many=True,
    ),
    Option(name="rate_source", help="Where the rates come from, such as 'ECB 2026-06-30'."),
)
"""What one run may be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollInput:
    """What one run was given: exchange rates, comma between, and who says so; see `read_rates`."""

    rates: str = ""
    rate_source: str = ""


def read_given(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The input of a run from what a person gave; nothing without rates. Raises `PolicyError` for what is no
    rate, also for one with a decimal comma: commas stand between rates.
    """
    rates, source = values.get("rate", ()), "".join(values.get("rate_source", ()))
    for rate in rates:
        if found := _COMMA.fullmatch(rate):
            raise PolicyError(
                f"rate is {rate.strip()}. Write its decimals behind a point: {found[1]}.{found[2]}"
            )
    given = {"rates": ", ".join(rates), "rate_source": source} if rates else {}
    read_rates(PayrollInput(**given))
    return given


def strange_axes(policy: PayrollPolicy, _: System, ledger: System) -> Iterator[Problem]:
    """Axes of the settings on which the ledger has no codes."""
    sink = cast(JournalSink, ledger.sink(JournalEntry))
    known = sink.limits.axes
    yield from axis_problems("axes", policy.axes - {USUAL_AXIS}, known, "target")
    yield from axis_problems("roll_up_axis", {policy.roll_up_axis} - {USUAL_AXIS}, known, "target")
