"""What a connection to Findity is made of, and the checks on it that need no call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ml_connector.connectors.findity import names
from ml_connector.connectors.findity.names import Names
from ml_connector.domain.expense import PaidWith
from ml_connector.domain.lists import listed, pairs
from ml_connector.domain.problem import Problem
from ml_connector.ports.systems import Field, Setting
from ml_connector.transport.address import host_problem
from ml_connector.transport.settings import (
    READ_DEADLINE,
    deadline_of_a_send,
    deadline_problems,
    number,
    numbers_of,
    text_of,
)

HOSTS = ("expense.findity.com", "stage-api.findity.com")
CLIENT_ID, CLIENT_SECRET = "client_id", "client_secret"
UNITS, CENTS = "units", "cents"
FLOW, VOUCHER = "flow", "voucher"
PAGE, OFFSET = "page", "offset"
MEBIBYTE = 1024 * 1024
OVERLAP_MIN_SECONDS = 120
_AXIS = re.compile(r"[a-z][a-z0-9_]*")
PAID = tuple(kind.value for kind in PaidWith if kind is not PaidWith.OWN_MONEY)

SETTINGS = (
    Setting(
        name="base_url",
        label="Address",
        default=f"https://{HOSTS[0]}",
        help=(
            f"https://{HOSTS[0]} for real companies, https://{HOSTS[1]} for Findity's stage, which is emptied"
            " now and then."
        ),
    ),
    Setting(
        name=CLIENT_ID,
        label="Client id",
        help=(
            "In Findity an administrator first switches API connectivity on, then makes a key in the Admin"
            " Portal under Administrators > API keys. This is its id."
        ),
        field=Field.SECRET,
    ),
    Setting(
        name=CLIENT_SECRET,
        label="Client secret",
        help="Of the same key, shown when it is made. A new one is made there and entered here.",
        field=Field.SECRET,
    ),
    Setting(
        name="organizations",
        label="Organizations",
        help=(
            "Ids of the organizations whose reports are taken, separated by commas; `connections test` lists"
            " those that the key reaches. Empty: all of them."
        ),
        required=False,
    ),
    Setting(
        name="axes",
        label="Axes of dimensions",
        help=(
            "Which dimension is which axis, by its name in Findity: Kostenplaats=cost_center,"
            " Project=project. One that is not named is the axis of its own name, so Cost center is"
            " cost_center without saying so."
        ),
        required=False,
    ),
    Setting(
        name="paid_with",
        label="Ways of paying",
        help=(
            "What an expense was paid with that the employee does not get back, by the name of the way of"
            f" paying in Findity: Invoice=company_account, Advance=cash_advance. One of {', '.join(PAID)};"
            " one that is not named is company_card."
        ),
        required=False,
    ),
    Setting(
        name="posting_date",
        label="Day of the entry",
        help=(
            "`flow`: as the flow says. `voucher`: the date of the voucher, as it is set in Findity at the"
            " recipient."
        ),
        field=Field.CHOICE,
        choices=(FLOW, VOUCHER),
        required=False,
        default=FLOW,
    ),
    Setting(
        name="amounts",
        label="Form of amounts",
        help="`units`: 12.50, as a number or as text. `cents`: 1250.",
        field=Field.CHOICE,
        choices=(UNITS, CENTS),
        required=False,
        default=UNITS,
    ),
    Setting(
        name="names",
        label="Other names",
        help=(
            "Findity does not publish every path, field and value of its interface. Where `connections test`"
            " or a report says that one is missing, name the right one: voucher_id=id,"
            " value_booked=DONE. The README of the connector lists all of them."
        ),
        required=False,
    ),
    Setting(
        name="file_hosts",
        label="Hosts of files",
        help=(
            "Other hosts that receipts may be fetched from, where Findity answers with a link; separated by"
            " commas. The token is not sent there."
        ),
        required=False,
    ),
    number(
        "file_bytes_max",
        "Largest file",
        "In bytes. A larger receipt is refused; nothing is booked without it.",
        default=str(25 * MEBIBYTE),
    ),
    Setting(
        name="paging",
        label="Paging",
        help="`page`: lists are asked for by the number of a page, from 1. `offset`: by rows that were read.",
        field=Field.CHOICE,
        choices=(PAGE, OFFSET),
        required=False,
        default=PAGE,
    ),
    number("page_rows", "Rows per page", "How many rows of a list are asked for at once.", default="200"),
    number(
        "poll_seconds",
        "Time between looks",
        "How often the list of exports is read where no notification came.",
        default="600",
    ),
    number(
        "overlap_seconds",
        "Overlap",
        f"How far back each look begins before the last one; at least {OVERLAP_MIN_SECONDS}.",
        default="300",
    ),
    number(
        "take_back_seconds",
        "Age of an export",
        "Findity takes an export back where its notification was not answered. A younger one is not read"
        " yet, so that nothing is booked of an export that is taken back meanwhile.",
        default="60",
    ),
    number("calls_per_minute", "Calls a minute", "No limit is published; 0 counts none.", default="0"),
    deadline_of_a_send("status", "100"),
    READ_DEADLINE,
)
SANDBOX = {"take_back_seconds": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one connection, read. `axes` is name of a dimension → axis."""

    text: Mapping[str, str]
    names: Names
    organizations: tuple[str, ...]
    axes: Mapping[str, str]
    paid_with: Mapping[str, PaidWith]
    file_hosts: tuple[str, ...]
    numbers: Mapping[str, float]
    sandbox: bool

    def __getitem__(self, name: str) -> str:
        return self.text[name]

    def whole(self, name: str) -> int:
        """A setting that is a number."""
        return int(self.numbers[name])

    def axis(self, dimension: str) -> str:
        """The axis of a dimension by its name."""
        own = re.sub("[^a-z0-9]+", "_", dimension.lower()).strip("_")
        return self.axes.get(dimension.lower(), own)

    @property
    def host(self) -> str:
        """The host, which is the name of the tenant with the organizations."""
        return urlsplit(self.text["base_url"]).hostname or ""


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
    numbers = numbers_of(settings, SETTINGS, SANDBOX if sandbox else {}, problems)
    called, wrong = names.read(text["names"])
    problems.extend((*deadline_problems(numbers), *_number_problems(numbers), *_choices(text), *wrong))
    options = Options(
        text=text,
        names=called,
        organizations=listed(text["organizations"]),
        axes=_axes(text["axes"], problems),
        paid_with=_paid_with(text["paid_with"], problems),
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


def _number_problems(numbers: Mapping[str, float]) -> Iterator[Problem]:
    if numbers["overlap_seconds"] < OVERLAP_MIN_SECONDS:
        what = f"The overlap is at least {OVERLAP_MIN_SECONDS} seconds, because clocks differ."
        yield Problem("setting.overlap", "overlap_seconds", what)
    if numbers["page_rows"] < 1:
        yield Problem("setting.page_rows", "page_rows", "A page has one row at the least.")
    if numbers["file_bytes_max"] < 1:
        yield Problem("setting.file_bytes", "file_bytes_max", "The largest file has one byte at the least.")


def _axes(text: str, problems: list[Problem]) -> dict[str, str]:
    """Name of a dimension in small letters → axis."""
    given = pairs(text)
    wrong = [f"{part!r} is no pair, or is named twice" for part in (*given.broken, *given.repeated)]
    wrong += [f"{axis!r} is no axis" for axis in given.found.values() if not _AXIS.fullmatch(axis)]
    axes = list(given.found.values())
    wrong += [f"the axis {axis} has two dimensions" for axis in {*axes} if axes.count(axis) > 1]
    problems += [
        Problem("setting.axes", "axes", f"{why}. Write pairs such as Kostenplaats=cost_center.")
        for why in wrong
    ]
    return {name.lower(): axis for name, axis in given.found.items()}


def _paid_with(text: str, problems: list[Problem]) -> dict[str, PaidWith]:
    """Name of a way of paying in small letters → what it is."""
    given = pairs(text)
    wrong = [f"{part!r} is no pair, or is named twice" for part in (*given.broken, *given.repeated)]
    wrong += [f"{kind!r} is none of {', '.join(PAID)}" for kind in given.found.values() if kind not in PAID]
    problems += [
        Problem("setting.paid_with", "paid_with", f"{why}. Write pairs such as Advance=cash_advance.")
        for why in wrong
    ]
    return {name.lower(): PaidWith(kind) for name, kind in given.found.items() if kind in PAID}
