"""What a connection to Exact Online is made of, and the checks on it that need no call.

The region's host and the divisions are stored with the connection. A token of one region is worthless in
another, and the division a person last looked at in the browser ("current") drifts, so neither is ever
guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import urlsplit

from ml_connector.domain.lists import listed
from ml_connector.domain.problem import Problem
from ml_connector.ports.systems import Field, Setting
from ml_connector.transport.address import form_problem, host_problem, is_loopback
from ml_connector.transport.settings import (
    READ_DEADLINE,
    Window,
    deadline_of_a_send,
    ledger_problems,
    lines_per_entry,
    number,
    numbers_of,
    settling_time,
    text_of,
    visibility_time,
    webhook_times,
    webhook_topics,
    window_of,
)

HOSTS = tuple(f"start.exactonline.{region}" for region in ("nl", "be", "de", "fr", "es", "co.uk", "com"))
LINES_MAX = 1000
ERRORS_MAX = 4
"""Twice this number is below the ten in an hour that block an app, so it does not matter when the hour
begins.
"""
EMPLOYEES = NOT_KEPT, BY_FILE, BY_API = "no", "file", "api"
GRANTED_BY = (
    "Exact opens it to partners only: its partner team does so for the app; an administrator grants the app"
    " the scope Hrm payroll and its user the role Manage employees. Or set employees=file."
)
"""Writing HR records."""
PROJECT_TYPES = {"campaign": 1, "fixed_price": 2, "time_and_material": 3, "non_billable": 4, "prepaid": 5}
"""Exact's numbers of the types of projects."""
NON_BILLABLE = "non_billable"
CREDIT_NOTES = BY_SIGN, BY_TYPE = "negative", "type"
ATTACHMENT_TYPES = "pdf,jpg,jpeg,png,gif,bmp"
ATTACHMENT_MEGABYTES_MAX = 25
SANDBOX = {"settle_seconds": "5", "visible_seconds": "0"}
TOPICS = "GLAccounts"

SETTINGS = (
    Setting(
        name="base_url",
        label="Region address",
        default="https://start.exactonline.nl",
        help=f"The address people of this company sign in at: https:// and one of {', '.join(HOSTS)}.",
    ),
    Setting(
        name="division",
        label="Division",
        help=(
            "Number of the division that keeps the books, as in the browser's address after _Division_=."
            " Several are separated by commas. It is never taken from the division that a user opened last."
        ),
    ),
    Setting(
        name="redirect_uri",
        label="Redirect address",
        help="Exactly as registered for the app: https, and not localhost.",
    ),
    Setting(name="client_id", label="Client id", help="Of the app, from the app centre.", field=Field.SECRET),
    Setting(
        name="client_secret",
        label="Client secret",
        help="Of the app, from the app centre.",
        field=Field.SECRET,
    ),
    Setting(
        name="webhook_secret",
        label="Webhook secret",
        help="Of the app; it is not the client secret. Only for notifications.",
        field=Field.SECRET,
        required=False,
    ),
    webhook_topics(TOPICS),
    *webhook_times("1296000"),
    Setting(
        name="employees",
        label="HR records",
        help=(
            "Whether employees of Exact's HR are kept as payroll has them (axis employee): no; file, which HR"
            " takes in by hand; api, which Exact opens to partners only."
        ),
        field=Field.CHOICE,
        required=False,
        default="no",
        choices=EMPLOYEES,
    ),
    Setting(
        name="project_type",
        label="Type of new projects",
        help=(
            "The type of projects that are made in Exact as payroll has them; others keep theirs."
            f" One of {', '.join(PROJECT_TYPES)}."
        ),
        field=Field.CHOICE,
        required=False,
        default=NON_BILLABLE,
        choices=tuple(PROJECT_TYPES),
    ),
    Setting(
        name="hr_folder",
        label="Folder for HR files",
        help="Where the files for HR are put, an absolute path on the machine that runs this. Only for file.",
        required=False,
    ),
    number(
        "attachment_megabytes",
        "Size of a file",
        (
            "In millions of bytes; a larger one is not sent. Exact publishes no limit; 7 is known to pass,"
            " and 25 in NL and BE."
        ),
        default="7",
    ),
    Setting(
        name="attachment_types",
        label="Types of files",
        help="Endings of the names of files that are sent, separated by commas.",
        required=False,
        default=ATTACHMENT_TYPES,
    ),
    number(
        "document_type",
        "Type of documents",
        "Number of the document type of purchase invoices, which hold the files.",
        default="20",
    ),
    Setting(
        name="credit_notes",
        label="Credit notes",
        help=(
            "How they are written: negative amounts, or type, which is positive amounts with the type of a"
            " credit note. Exact does not say which; each is read back and compared."
        ),
        field=Field.CHOICE,
        required=False,
        default="negative",
        choices=CREDIT_NOTES,
    ),
    lines_per_entry("Exact publishes no maximum; 500 is gentle on a slow division.", str(LINES_MAX)),
    deadline_of_a_send("posting", "100"),
    READ_DEADLINE,
    settling_time("600"),
    visibility_time("entry", "60"),
    number(
        "calls_per_minute",
        "Calls a minute",
        "Exact's limit for one app and division; 0 counts none, in a sandbox only.",
        default="60",
    ),
    number(
        "calls_per_day",
        "Calls a day",
        "Exact's limit for one app and division; 0 counts none, in a sandbox only.",
        default="5000",
    ),
    number(
        "errors_per_hour",
        "Errors an hour",
        (
            "Client errors of one endpoint after which it is left alone: Exact blocks an app "
            "for an hour at ten. 0 counts none, in a sandbox only."
        ),
        default="4",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one connection, read."""

    base_url: str
    divisions: tuple[str, ...]
    redirect_uri: str
    lines_max: int
    deadline_seconds: float
    read_deadline_seconds: float
    window: Window
    topics: tuple[str, ...]
    settle_seconds: float
    visible_seconds: float
    calls_per_minute: int
    calls_per_day: int
    errors_per_hour: int
    sandbox: bool
    employees: str = NOT_KEPT
    hr_folder: str = ""
    project_type: str = NON_BILLABLE
    attachment_bytes: int = 7_000_000
    attachment_types: tuple[str, ...] = listed(ATTACHMENT_TYPES)
    document_type: int = 20
    credit_notes: str = BY_SIGN

    @property
    def host(self) -> str:
        """The region's host: division numbers are unique in it. A sandbox changes its port, so all of them
        are `sandbox`.
        """
        return "sandbox" if self.sandbox else urlsplit(self.base_url).hostname or ""


def read(settings: Mapping[str, str], sandbox: bool) -> tuple[Options, list[Problem]]:
    """The options, and every problem of the settings; the options may be used only where there is none."""
    problems: list[Problem] = []
    base_url = (settings.get("base_url") or "").strip().rstrip("/")
    if problem := host_problem(base_url, HOSTS, sandbox):
        problems.append(Problem("setting.host", "base_url", problem))
    divisions = listed(text_of(settings, "division"))
    if not divisions:
        problems.append(
            Problem(
                "setting.missing", "division", "Name the division that keeps the books, for example 123456."
            )
        )
    problems.extend(
        Problem(
            "setting.division",
            "division",
            f"{division!r} is not a division number; expected digits such as 123456.",
        )
        for division in divisions
        if not (division.isascii() and division.isdigit())
    )
    redirect_uri = text_of(settings, "redirect_uri")
    if problem := _redirect_problem(redirect_uri, sandbox):
        problems.append(Problem("setting.redirect", "redirect_uri", problem))
    numbers = numbers_of(settings, SETTINGS, SANDBOX if sandbox else {}, problems)
    problems.extend(_limits(numbers, sandbox))
    options = Options(
        base_url=base_url,
        divisions=divisions,
        redirect_uri=redirect_uri,
        lines_max=int(numbers["lines_max"]),
        deadline_seconds=numbers["deadline_seconds"],
        read_deadline_seconds=numbers["read_deadline_seconds"],
        window=window_of(numbers),
        topics=listed(text_of(settings, "webhook_topics") or TOPICS),
        settle_seconds=numbers["settle_seconds"],
        visible_seconds=numbers["visible_seconds"],
        calls_per_minute=int(numbers["calls_per_minute"]),
        calls_per_day=int(numbers["calls_per_day"]),
        errors_per_hour=int(numbers["errors_per_hour"]),
        sandbox=sandbox,
        employees=text_of(settings, "employees") or NOT_KEPT,
        hr_folder=text_of(settings, "hr_folder"),
        project_type=text_of(settings, "project_type") or NON_BILLABLE,
        attachment_bytes=int(numbers["attachment_megabytes"] * 1_000_000),
        attachment_types=tuple(
            one.strip(".").lower()
            for one in listed(text_of(settings, "attachment_types") or ATTACHMENT_TYPES)
        ),
        document_type=int(numbers["document_type"]),
        credit_notes=text_of(settings, "credit_notes") or BY_SIGN,
    )
    problems.extend(_employees(options))
    if options.project_type not in PROJECT_TYPES:
        text = f"project_type is {options.project_type!r}, expected one of {', '.join(PROJECT_TYPES)}."
        problems.append(Problem("setting.project_type", "project_type", text))
    problems.extend(_purchases(options))
    return options, problems


def _employees(options: Options) -> list[Problem]:
    """What is wrong with how HR records are kept."""
    if options.employees not in EMPLOYEES:
        text = f"employees is {options.employees!r}, expected one of {', '.join(EMPLOYEES)}."
        return [Problem("setting.employees", "employees", text)]
    if options.employees == BY_FILE and not PurePath(options.hr_folder).is_absolute():
        text = "Name the folder for HR files, an absolute path."
        return [Problem("setting.folder", "hr_folder", text)]
    return []


def _purchases(options: Options) -> Iterator[Problem]:
    """What is wrong with how purchase entries and their files are written."""
    if options.credit_notes not in CREDIT_NOTES:
        text = f"credit_notes is {options.credit_notes!r}, expected one of {', '.join(CREDIT_NOTES)}."
        yield Problem("setting.credit_notes", "credit_notes", text)
    if not 0 < options.attachment_bytes <= ATTACHMENT_MEGABYTES_MAX * 1_000_000:
        text = f"A file has from 1 to {ATTACHMENT_MEGABYTES_MAX} million bytes."
        yield Problem("setting.attachments", "attachment_megabytes", text)


def _redirect_problem(url: str, sandbox: bool) -> str | None:
    """The address is the user's own, so its host, port and path are free; the code comes back to it."""
    if problem := form_problem(url):
        return f"{problem} Enter the redirect address exactly as it is registered for the app."
    parts = urlsplit(url)
    if sandbox or (parts.scheme == "https" and not is_loopback(parts.hostname or "")):
        return None
    return (
        f"{url!r} is not an https address of another machine than this. Enter the redirect address exactly as"
        " it is registered for the app."
    )


def _limits(numbers: Mapping[str, float], sandbox: bool) -> list[Problem]:
    problems = ledger_problems(numbers, sandbox)
    if not sandbox and not (0 < numbers["calls_per_minute"] <= 60 and 0 < numbers["calls_per_day"] <= 5000):
        text = (
            "Exact allows 60 calls a minute and 5,000 a day for one app and division; enter no more, and"
            " not 0."
        )
        problems.append(Problem("setting.calls", "calls_per_minute", text))
    if not sandbox and not 0 < numbers["errors_per_hour"] <= ERRORS_MAX:
        text = (
            "Exact blocks an app for an hour at ten client errors of one endpoint; enter at most"
            f" {ERRORS_MAX}, and not 0."
        )
        problems.append(Problem("setting.errors", "errors_per_hour", text))
    return problems
