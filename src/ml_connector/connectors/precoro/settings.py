"""What a connection to Precoro is made of, and the checks on it that need no call.

A key leads to one company and sees what its user sees. Where a company keeps its accounts and cost centers is
its own choice, among the custom fields of lines and of documents: it is set here and never guessed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector.domain.lists import listed, pairs
from ml_connector.domain.money import AmountError, decimals
from ml_connector.domain.problem import Problem
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Field, Setting
from ml_connector.transport.address import host_problem
from ml_connector.transport.settings import (
    READ_DEADLINE,
    deadline_of_a_send,
    deadline_problems,
    number,
    numbers_of,
    secret_of,
    settling_time,
    text_of,
    visibility_time,
)

HOSTS = ("api.precoro.com", "api.precoro.us")
TOKEN = "token"
ITEM, DOCUMENT = "item", "document"
"""The two families of custom fields: of a line, and of a document."""
CODE, EXTERNAL_ID = "code", "external_id"
ISO, DOTTED = "iso", "dotted"
PAGE_ROWS = (10, 20, 50, 100, 200)
OVERLAP_MIN_SECONDS = 120
TENANT_BITS = 20
MEBIBYTE = 1024 * 1024
_AXIS = re.compile(r"[a-z][a-z0-9_]*")
_FIELD = re.compile(rf"({ITEM}|{DOCUMENT}):([0-9]{{1,18}})")

SETTINGS = (
    Setting(
        name="base_url",
        label="Address",
        default=f"https://{HOSTS[0]}",
        help=(
            f"https://{HOSTS[0]} for a company that signs in at app.precoro.com, https://{HOSTS[1]} for one"
            " at app.precoro.us. A company is on one of the two."
        ),
    ),
    Setting(
        name="email",
        label="E-mail of the user",
        help=(
            "Of the user whose key it is. Take a user with every role and access to all locations,"
            " departments and projects: the key sees what the user sees, and what it does not see is missing"
            " without a word."
        ),
        header=True,
    ),
    Setting(
        name=TOKEN,
        label="API key",
        help=(
            "Made by that user in Precoro under Configuration > Integrations > API Key, and shown once. A key"
            " is of one user and one company."
        ),
        field=Field.SECRET,
        header=True,
    ),
    Setting(
        name="fields",
        label="Custom fields",
        help=(
            "Which custom field holds which axis: item:12=account, item:15=cost_center, document:7=project."
            " The number is the id of the field; `item` is a field of lines, `document` one of the whole"
            " document."
        ),
        required=False,
    ),
    Setting(
        name="option_codes",
        label="What an option is known by",
        help=(
            "`code`: the code of the option, as mappings name it. `external_id`: the id in the ledger that it"
            " was made from."
        ),
        field=Field.CHOICE,
        choices=(CODE, EXTERNAL_ID),
        required=False,
        default=CODE,
    ),
    Setting(
        name="currency",
        label="Currency of the books",
        help=(
            "Of the company; of several legal entities each by its id: 12=EUR, 15=SEK. Only with it the"
            " exchange rate of a document in another currency is taken."
        ),
        required=False,
    ),
    Setting(
        name="time_zone",
        label="Time zone of days",
        help=(
            "Where the day of an invoice is counted, such as Europe/Amsterdam. Empty: the day as Precoro"
            " writes it."
        ),
        required=False,
    ),
    Setting(
        name="tenant",
        label="Name of the company",
        help=(
            "What the company is called in keys. Empty: host and some bits of a slow hash of the key. Enter"
            " the name that the connection shows now before the key is replaced by another one."
        ),
        required=False,
    ),
    Setting(
        name="logic_types",
        label="Kinds of invoices",
        help="The logicType of the invoices and credit notes that are asked for, separated by commas.",
        required=False,
        default="0, 1, 2, 5",
    ),
    Setting(
        name="date_filters",
        label="Form of date filters",
        help=(
            "How lists are asked for a day of approval: `iso` is approvalLeftDate, `dotted` is"
            " approvalDate[left_date] as DD.MM.YYYY. What comes is checked in any case."
        ),
        field=Field.CHOICE,
        choices=(ISO, DOTTED),
        required=False,
        default=ISO,
    ),
    Setting(
        name="file_hosts",
        label="Hosts of files",
        help=(
            "Other hosts that files may be fetched from, where Precoro answers with a link; separated by"
            " commas, such as files.example.com. The key is not sent there."
        ),
        required=False,
    ),
    number(
        "file_bytes_max",
        "Largest file",
        "In bytes. A larger one is refused; nothing is booked without it.",
        default=str(25 * MEBIBYTE),
    ),
    number("page_rows", "Rows per page", "10, 20, 50, 100 or 200.", default="200"),
    number(
        "poll_seconds",
        "Time between looks",
        "How often the list is read where no notification came; after one it is read at once.",
        default="600",
    ),
    number(
        "overlap_seconds",
        "Overlap",
        f"How far back each look begins before the last one; at least {OVERLAP_MIN_SECONDS}.",
        default="300",
    ),
    number("pace_seconds", "Time between calls", "Precoro takes one call a second.", default="1"),
    number(
        "same_read_seconds",
        "Time between the same reads",
        "Precoro refuses the same question within 60 seconds; one more is for the way.",
        default="61",
    ),
    number("calls_per_hour", "Calls an hour", "What Precoro allows; 0 counts none.", default="1500"),
    number("calls_per_day", "Calls a day", "What Precoro allows; 0 counts none.", default="3000"),
    Setting(
        name="payment_canceled",
        label="Status of a canceled payment",
        help=(
            "The number that Precoro gives a canceled payment as its status, several separated by commas:"
            " which one it is is not published."
        ),
        required=False,
        default="2",
    ),
    deadline_of_a_send("mark or payment", "100"),
    READ_DEADLINE,
    settling_time("600"),
    visibility_time("payment", "60"),
)
SANDBOX = {"settle_seconds": "5", "visible_seconds": "0"}
SETTLE_MARGIN_SECONDS = 60
"""What a settling time is longer than the deadline at the least, on a real host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one connection, read. `fields` is (family, id of the field) → axis."""

    text: Mapping[str, str]
    fields: Mapping[tuple[str, str], str]
    currencies: Mapping[str, str]
    zone: ZoneInfo | None
    logic_types: tuple[str, ...]
    canceled: tuple[str, ...]
    file_hosts: tuple[str, ...]
    numbers: Mapping[str, float]
    sandbox: bool

    def __getitem__(self, name: str) -> str:
        return self.text[name]

    def whole(self, name: str) -> int:
        """A setting that is a number."""
        return int(self.numbers[name])

    def currency_of(self, company: str) -> str:
        """The currency of the books of a legal entity, or of the company; empty where none is given."""
        return self.currencies.get(company) or self.currencies.get("", "")

    def tenant(self, vault: Vault) -> str:
        """The name given, or the host and some bits of a slow hash of the key: stable without a call, and too
        few bits to find the key by.
        """
        if self.text["tenant"]:
            return self.text["tenant"]
        host = urlsplit(self.text["base_url"]).hostname or ""
        if not (key := secret_of(vault, TOKEN)):
            return host
        digest = hashlib.scrypt(key.encode(), salt=host.encode(), n=2**12, r=8, p=1, dklen=4)
        return f"{host}-{int.from_bytes(digest) >> (32 - TENANT_BITS):05x}"


def read(settings: Mapping[str, str], sandbox: bool) -> tuple[Options, list[Problem]]:
    """The options, and every problem of the settings; the options may be used only where there is none."""
    text = {
        setting.name: text_of(settings, setting.name) or setting.default
        for setting in SETTINGS
        if setting.field is not Field.SECRET
    }
    text["base_url"] = text["base_url"].rstrip("/")
    problems: list[Problem] = []
    if problem := host_problem(text["base_url"], HOSTS, sandbox):
        problems.append(Problem("setting.host", "base_url", problem))
    if "@" not in text["email"]:
        why = "Enter the e-mail address of the user whose API key it is."
        problems.append(Problem("setting.email", "email", why))
    numbers = numbers_of(settings, SETTINGS, SANDBOX if sandbox else {}, problems)
    problems.extend((*deadline_problems(numbers), *_number_problems(numbers, sandbox), *_choices(text)))
    options = Options(
        text=text,
        fields=_fields(text["fields"], problems),
        currencies=_currencies(text["currency"], problems),
        zone=_zone(text["time_zone"], problems),
        logic_types=_logic_types(text["logic_types"], problems),
        canceled=_canceled(text["payment_canceled"], problems),
        file_hosts=listed(text["file_hosts"].lower()),
        numbers=numbers,
        sandbox=sandbox,
    )
    return options, problems


def _choices(text: Mapping[str, str]) -> Iterator[Problem]:
    for setting in SETTINGS:
        if setting.choices and text[setting.name] not in setting.choices:
            what = f"{text[setting.name]!r} is none of {', '.join(setting.choices)}."
            yield Problem("setting.choice", setting.name, what)


def _number_problems(numbers: Mapping[str, float], sandbox: bool) -> Iterator[Problem]:
    least = numbers["deadline_seconds"] + SETTLE_MARGIN_SECONDS
    if not sandbox and numbers["settle_seconds"] < least:
        what = f"The settling time is at least the deadline and {SETTLE_MARGIN_SECONDS} seconds: {least:.0f}."
        yield Problem("setting.settle", "settle_seconds", what)
    if numbers["page_rows"] not in PAGE_ROWS:
        what = f"Precoro has pages of {', '.join(map(str, PAGE_ROWS))} rows, and no others."
        yield Problem("setting.page_rows", "page_rows", what)
    if numbers["overlap_seconds"] < OVERLAP_MIN_SECONDS:
        what = f"The overlap is at least {OVERLAP_MIN_SECONDS} seconds, because clocks differ."
        yield Problem("setting.overlap", "overlap_seconds", what)
    if numbers["file_bytes_max"] < 1:
        yield Problem("setting.file_bytes", "file_bytes_max", "The largest file has one byte at the least.")


def _fields(text: str, problems: list[Problem]) -> dict[tuple[str, str], str]:
    """(family, id) → axis; an axis has one field in each family at the most."""
    found: dict[tuple[str, str], str] = {}
    given = pairs(text)
    for part in (*given.broken, *given.repeated):
        what = f"{part!r} is no pair, or is named twice. Write them as item:12=account."
        problems.append(Problem("setting.fields", "fields", what))
    for name, axis in given.found.items():
        match = _FIELD.fullmatch(name)
        if match is None or not _AXIS.fullmatch(axis):
            what = f"{name}={axis} is no field and axis. Write item:12=account or document:7=project."
            problems.append(Problem("setting.fields", "fields", what))
        elif any(axis == taken and family == match[1] for (family, _), taken in found.items()):
            what = f"The axis {axis} has two fields of the family {match[1]}. Name one."
            problems.append(Problem("setting.fields", "fields", what))
        else:
            found[match[1], match[2]] = axis
    return found


def _currencies(text: str, problems: list[Problem]) -> dict[str, str]:
    """Id of a legal entity → currency; the empty one is for all others."""
    found = {"": text} if text and "=" not in text else dict(pairs(text).found)
    given = pairs(text)
    broken = given.repeated + (given.broken if "=" in text else ())
    for part in broken:
        what = f"{part!r} is no legal entity and currency, or is named twice. Write EUR, or 12=EUR, 15=SEK."
        problems.append(Problem("setting.currency", "currency", what))
    for code in found.values():
        try:
            decimals(code)
        except AmountError as error:
            problems.append(Problem("setting.currency", "currency", f"{error}."))
    return found


def _zone(text: str, problems: list[Problem]) -> ZoneInfo | None:
    if not text:
        return None
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{text!r} is no time zone. Enter one such as Europe/Amsterdam."
        problems.append(Problem("setting.zone", "time_zone", what))
        return None


def _logic_types(text: str, problems: list[Problem]) -> tuple[str, ...]:
    if not (found := _numbers_in(text)):
        what = f"{text!r} is no list of numbers. Write 0, 1, 2, 5."
        problems.append(Problem("setting.logic_types", "logic_types", what))
    return found


def _canceled(text: str, problems: list[Problem]) -> tuple[str, ...]:
    if not (found := _numbers_in(text)):
        what = f"{text!r} is no list of numbers. Write 2."
        problems.append(Problem("setting.payment_canceled", "payment_canceled", what))
    return found


def _numbers_in(text: str) -> tuple[str, ...]:
    """The numbers of a list; nothing where one is none."""
    found = listed(text)
    return found if all(re.fullmatch("[0-9]{1,3}", part) for part in found) else ()
