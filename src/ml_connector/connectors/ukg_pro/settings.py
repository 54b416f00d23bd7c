"""What a connection to UKG Pro is made of, and the checks on it that need no call.

A general-ledger row carries neither currency nor pay date. Both are settled here, by settings that a person
gives once, and never guessed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector.connectors.ukg_pro.currency_signs import currencies_of
from ml_connector.connectors.ukg_pro.declared import BEARER, FLAT_FILE, PAGE_ROWS_MAX, SETTINGS
from ml_connector.connectors.ukg_pro.layout import Layout, LayoutError
from ml_connector.connectors.ukg_pro.read_layout import read_layout
from ml_connector.connectors.ukg_pro.wire import FieldsError, ThirdPartyFields, read_fields
from ml_connector.domain.lists import listed, pairs
from ml_connector.domain.money import AmountError, decimals
from ml_connector.domain.problem import Problem
from ml_connector.domain.worker import EmploymentState
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Field
from ml_connector.transport.address import host_problem
from ml_connector.transport.settings import (
    Window,
    deadline_problems,
    numbers_of,
    secret_of,
    text_of,
    window_of,
)

HOSTS = ("*.ultipro.com", "*.ultipro.ca")
TOKEN_HOSTS = (*HOSTS, "*.ukg.com", "*.ukg.net", "*.ukg.dev")
TENANT_BITS = 20
REPEAT_DAYS_MAX = 366

_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_FLAGS = {
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
    "off": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one connection, read."""

    text: Mapping[str, str]
    companies: frozenset[str]
    currencies: Mapping[str, str]
    pay_periods: Mapping[str, str]
    closed_only: bool
    register: bool
    zone: ZoneInfo
    page_rows: int
    calls_per_minute: int
    read_deadline_seconds: float
    window: Window
    layout: Layout
    file_names: tuple[str, ...]
    fields: ThirdPartyFields
    both_paid: frozenset[frozenset[str]]
    repeat_days: int
    status_letters: Mapping[str, EmploymentState]
    transfer_reasons: frozenset[str]
    job_history: bool
    sandbox: bool

    def __getitem__(self, name: str) -> str:
        return self.text[name]

    def takes(self, company: str) -> bool:
        """Whether the connection reads this company."""
        return not self.companies or company in self.companies

    def currency_of(self, company: str) -> str:
        """The currency given for the company; empty where none is."""
        return self.currencies.get(company) or self.currencies.get("", "")

    def tenant(self, vault: Vault) -> str:
        """The name given, or the host and some bits of a slow hash of the customer key: stable without a
        call, and too few bits to find the key by. A key that UKG replaces, or another address of the same
        tenant, needs the name to be given."""
        if self.text["tenant"]:
            return self.text["tenant"]
        host = "sandbox" if self.sandbox else urlsplit(self.text["base_url"]).hostname or ""
        if not (key := secret_of(vault, "customer_api_key")):
            return host
        bits = int.from_bytes(
            hashlib.scrypt(key.encode(), salt=host.encode(), n=2**12, r=8, p=1, dklen=4)
        ) >> (32 - TENANT_BITS)
        return f"{host}-{bits:05x}"


def read(settings: Mapping[str, str], sandbox: bool) -> tuple[Options | None, list[Problem]]:
    """The options, or every problem of the settings."""
    text = {
        name: text_of(settings, name) or setting.default.strip()
        for name, setting in _BY_NAME.items()
        if setting.field is not Field.SECRET
    }
    text["base_url"] = text["base_url"].rstrip("/")
    text["platform_url"] = text["platform_url"].rstrip("/")
    problems = [*_sign_in(text, sandbox), *_choices(text)]
    currencies = _pairs(text, "currency", problems)
    for code in currencies.values():
        try:
            decimals(code)
        except AmountError as error:
            problems.append(Problem("setting.currency", "currency", f"{error}."))
    pay_periods = _pairs(text, "pay_periods", problems)
    numbers = numbers_of(settings, SETTINGS, {}, problems)
    both_paid, repeat_days = _both_paid(text, problems), int(numbers["third_party_repeat_days"])
    if repeat_days > REPEAT_DAYS_MAX:
        why = f"Repeats are looked for within {REPEAT_DAYS_MAX} days at the most, not {repeat_days}."
        problems.append(Problem("setting.days", "third_party_repeat_days", why))
    page_rows, calls = int(numbers["page_rows"]), int(numbers["calls_per_minute"])
    problems.extend(deadline_problems(numbers))
    letters = _letters(text, problems)
    if not 1 <= page_rows <= PAGE_ROWS_MAX:
        problems.append(
            Problem(
                "setting.page_rows", "page_rows", f"A page has 1 to {PAGE_ROWS_MAX} rows, not {page_rows}."
            )
        )
    if not calls and not sandbox:
        problems.append(
            Problem(
                "setting.calls",
                "calls_per_minute",
                "Enter a number of calls a minute; 60 is a careful start.",
            )
        )
    zone, layout, fields = _zone(text, problems), _layout(text, problems), _fields(text, problems)
    if layout is not None and text["source"] == FLAT_FILE:
        problems.extend(_other_currency(layout, currencies.values()))
    if problems or zone is None or layout is None or fields is None:
        return None, problems
    options = Options(
        text=text,
        companies=frozenset(listed(text["companies"])),
        currencies=currencies,
        pay_periods=pay_periods,
        closed_only=_FLAGS[text["closed_only"].lower()],
        register=_FLAGS[text["register"].lower()],
        zone=zone,
        page_rows=page_rows,
        calls_per_minute=calls,
        read_deadline_seconds=numbers["read_deadline_seconds"],
        window=window_of(numbers),
        layout=layout,
        file_names=listed(text["file_names"]),
        fields=fields,
        both_paid=both_paid,
        repeat_days=repeat_days,
        status_letters=letters,
        transfer_reasons=frozenset(listed(text["transfer_reasons"])),
        job_history=_FLAGS[text["job_history"].lower()],
        sandbox=sandbox,
    )
    return options, problems


def _sign_in(text: Mapping[str, str], sandbox: bool) -> list[Problem]:
    problems = []
    if text["source"] == FLAT_FILE:
        for name in ("file_names", "companies"):
            if ";" in text[name]:
                what = f"{text[name]!r} holds a semicolon. Write commas between the parts."
                problems.append(Problem("setting.separator", name, what))
        if not text["file_path"]:
            problems.append(
                Problem(
                    "setting.missing",
                    "file_path",
                    "Name the file, or the folder, that UKG's export is delivered to.",
                )
            )
        return problems
    if problem := host_problem(text["base_url"], HOSTS, sandbox):
        problems.append(Problem("setting.host", "base_url", problem))
    for name in ("third_party_path", "changes_path"):
        if not _PATH.fullmatch(text[name]):
            what = f"{text[name]!r} is not a path such as {_BY_NAME[name].default}."
            problems.append(Problem("setting.path", name, what))
    if text["platform_url"] and (problem := host_problem(text["platform_url"], TOKEN_HOSTS, sandbox)):
        problems.append(Problem("setting.host", "platform_url", problem))
    if text["auth"] == BEARER or text["token_url"]:
        if problem := host_problem(text["token_url"], TOKEN_HOSTS, sandbox, path=True):
            problems.append(Problem("setting.host", "token_url", problem))
        if not text["organization"]:
            problems.append(
                Problem(
                    "setting.missing",
                    "organization",
                    "Enter the organization of the Developer Console, org_…",
                )
            )
    if text["auth"] != BEARER and (not text["username"] or ":" in text["username"]):
        what = "Enter the user of the web service account; its name has no colon."
        problems.append(Problem("setting.missing", "username", what))
    return problems


def _choices(text: Mapping[str, str]) -> list[Problem]:
    problems = []
    for name, setting in _BY_NAME.items():
        if setting.field is Field.CHOICE and text[name] not in setting.choices:
            problems.append(
                Problem("setting.choice", name, f"{text[name]!r} is none of {', '.join(setting.choices)}.")
            )
        if setting.field is Field.FLAG and text[name].lower() not in _FLAGS:
            problems.append(Problem("setting.flag", name, f"{text[name]!r} is neither yes nor no."))
    return problems


def _pairs(text: Mapping[str, str], name: str, problems: list[Problem]) -> dict[str, str]:
    """`a=x, b=y`, or for the currency a single code, stored under the empty name."""
    found, broken, repeated = pairs(text[name])
    wrong = [*broken, *repeated]
    if name == "currency" and (bare := next((part for part in broken if "=" not in part), None)):
        found[""] = bare
        wrong.remove(bare)
    problems.extend(
        Problem(
            f"setting.{name}",
            name,
            f"{part!r} is not read: expected pairs such as {_EXAMPLES[name]}, each once.",
        )
        for part in wrong
    )
    return found


_EXAMPLES = {"currency": "ACME1=USD", "pay_periods": "20240=202501171", "status_letters": "A=active"}


def _letters(text: Mapping[str, str], problems: list[Problem]) -> dict[str, EmploymentState]:
    """The letters that the connection knows, by what they mean."""
    states = {state.value: state for state in EmploymentState if state is not EmploymentState.UNKNOWN}
    found: dict[str, EmploymentState] = {}
    for letter, meaning in _pairs(text, "status_letters", problems).items():
        if meaning.lower() in states:
            found[letter] = states[meaning.lower()]
        else:
            why = f"{letter}={meaning} is not read: a letter means {', '.join(states)}."
            problems.append(Problem("setting.status_letters", "status_letters", why))
    return found


def _both_paid(text: Mapping[str, str], problems: list[Problem]) -> frozenset[frozenset[str]]:
    """Pairs of record ids; a record may be in several."""
    pairs = []
    for part in listed(text["third_party_both_paid"]):
        ids = frozenset(piece.strip() for piece in part.split("="))
        if len(ids) != 2 or "" in ids or part.count("=") != 1:
            why = f"{part!r} is not read: expected two record ids with = between, as a held run names them."
            problems.append(Problem("setting.third_party_both_paid", "third_party_both_paid", why))
        pairs.append(ids)
    return frozenset(pairs)


def _zone(text: Mapping[str, str], problems: list[Problem]) -> ZoneInfo | None:
    try:
        return ZoneInfo(text["source_tz"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(
            Problem(
                "setting.zone",
                "source_tz",
                f"{text['source_tz']!r} is not a time zone such as America/New_York.",
            )
        )
        return None


def _layout(text: Mapping[str, str], problems: list[Problem]) -> Layout | None:
    try:
        return read_layout(text["file_layout"])
    except (LayoutError, RecursionError) as error:
        problems.append(Problem("setting.layout", "file_layout", f"The layout is not read: {error}."))
        return None


def _other_currency(layout: Layout, currencies: Collection[str]) -> Iterator[Problem]:
    """Signs of the layout that are those of no currency of the connection."""
    numbers = [layout.numbers, *(column.numbers for column in layout.columns if column.numbers)]
    for sign in dict.fromkeys(each.currency for each in numbers):
        means = currencies_of(sign)
        if means and currencies and means.isdisjoint(currencies):
            why = (
                f"The layout's numbers are in {sign}, and the connection books in"
                f" {', '.join(sorted(set(currencies)))}. Change the currency of one of them."
            )
            yield Problem("setting.currency", "file_layout", why)


def _fields(text: Mapping[str, str], problems: list[Problem]) -> ThirdPartyFields | None:
    try:
        return read_fields(text["third_party_fields"])
    except FieldsError as error:
        problems.append(
            Problem("setting.fields", "third_party_fields", f"The field names are not read: {error}.")
        )
        return None
