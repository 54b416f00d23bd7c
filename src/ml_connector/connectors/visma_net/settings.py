"""What a connection to Visma.net ERP is made of, and the checks on it that need no call.

A tenant id leads into one company, so a connection has one for each of its companies; the company's code is
stored beside it and compared with what Visma shows, because a token of the wrong company works and books in
the wrong place. A subaccount has several segments, and Visma needs each of them on every line. Every other
setting, such as segments, ledgers and the branch, holds for all companies of the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from ml_connector.domain.lists import listed, pairs
from ml_connector.domain.problem import Problem
from ml_connector.ports.systems import Field, Setting
from ml_connector.transport.address import host_problem
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
    window_of,
)

HOSTS = ("api.finance.visma.net",)
SIGN_IN_HOSTS = ("connect.visma.com",)
LINES_MAX = 10_000
SANDBOX = {"settle_seconds": "5", "visible_seconds": "0", "posting_seconds": "1", "calls_per_hour": "0"}
SCOPE = " ".join(f"vismanet_erp_service_api:{verb}" for verb in ("create", "read", "update"))
BRANCH, PROJECT = "branch", "project"
"""Axes that are fields of a line, not segments of its subaccount."""
EMPLOYEE, CODE = "employee", "{code}"
EMPLOYEE_NEEDS = ("class", "branch", "calendar", "department", "email")
EMPLOYEES_KEPT = (
    f"Its setting employee_defaults gives what Visma wants of a new employee: {', '.join(EMPLOYEE_NEEDS)}."
)

SETTINGS = (
    Setting(
        name="base_url",
        label="Address",
        default=f"https://{HOSTS[0]}",
        help=(
            "Only the host, without a path. The address that Visma's "
            "portal calls the audience, and the old host integration.visma.net, are not it."
        ),
    ),
    Setting(
        name="token_url",
        label="Sign-in address",
        default=f"https://{SIGN_IN_HOSTS[0]}/connect/token",
        help="Of Visma Connect.",
    ),
    Setting(
        name="tenant_id",
        label="Company tenant id",
        help=(
            "Of the company, from Visma Admin. The customer's tenant id looks the same and also gives a"
            " token, but Visma refuses it afterwards. Of several companies each by its code: FJORD=4e95…,"
            " VERFT=2072…"
        ),
    ),
    Setting(
        name="company",
        label="Company",
        help=(
            "Code of the company that the tenant id leads into, as Visma shows it under organisations. "
            "Several are separated by commas."
        ),
    ),
    Setting(
        name="client_id",
        label="Client id",
        help="Of the service application, such as isv_name.",
        field=Field.SECRET,
    ),
    Setting(name="client_secret", label="Client secret", help="Of the application.", field=Field.SECRET),
    Setting(
        name="webhook_secret",
        label="Webhook secrets",
        help="Of the application; several that are active are separated by blanks. Only for notifications.",
        field=Field.SECRET,
        required=False,
    ),
    *webhook_times("1296000"),
    Setting(
        name="scope",
        label="Scope",
        help="What the application may do; the company approves it.",
        required=False,
        default=SCOPE,
    ),
    Setting(
        name="ledger",
        label="Ledgers",
        help="The ledgers that entries may go to, separated by commas. Empty: every one of type Actual.",
        required=False,
    ),
    Setting(
        name="branch",
        label="Branch",
        help="Of lines without a code on the axis branch. Empty: the main branch.",
        required=False,
    ),
    Setting(
        name="segments",
        label="Segments",
        help="The segment of the subaccount for each axis, by number or name. Every segment is named.",
        required=False,
        default="cost_center=1",
    ),
    Setting(
        name="segment_defaults",
        label="Segment defaults",
        help=(
            "The value that a line without a code on the axis gets, such as "
            "cost_center=0000. An axis without one is needed on every line."
        ),
        required=False,
    ),
    Setting(
        name="employee_defaults",
        label="Employee defaults",
        help=(
            "What Visma wants of a new employee, where workers are kept as such: class=EMPSTAND, branch=1,"
            " calendar=NO, department=HR, email={code}@payroll.example. {code} is the number. Empty: they are"
            " not kept."
        ),
        required=False,
    ),
    Setting(
        name="non_project",
        label="Non-project code",
        help="The code that stands for no project.",
        required=False,
        default="X",
    ),
    lines_per_entry("Visma publishes no maximum and cuts requests off after four minutes.", "1000"),
    deadline_of_a_send("batch", "240"),
    READ_DEADLINE,
    settling_time("900"),
    visibility_time("batch", "60"),
    number(
        "posting_seconds",
        "Posting interval",
        "How often a batch whose release is not finished is checked.",
        default="60",
    ),
    number(
        "calls_per_hour",
        "Calls an hour",
        (
            "The limit until Visma states its own for this company and application. 0 means no limit, in a"
            " sandbox only."
        ),
        default="500",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one connection, read.

    `companies` is code → tenant id, in the order of the setting; `segments` is axis → number or name of a
    segment, `defaults` axis → value. `employee_defaults` has each of `EMPLOYEE_NEEDS`, or nothing.
    """

    base_url: str
    token_url: str
    companies: dict[str, str]
    scope: str
    ledgers: tuple[str, ...]
    branch: str
    segments: dict[str, str]
    defaults: dict[str, str]
    employee_defaults: dict[str, str]
    non_project: str
    lines_max: int
    deadline_seconds: float
    read_deadline_seconds: float
    window: Window
    settle_seconds: float
    visible_seconds: float
    posting_seconds: float
    calls_per_hour: int

    @property
    def axes(self) -> frozenset[str]:
        """Every axis that a line can have a code on."""
        return frozenset({*self.segments, BRANCH, PROJECT})

    def axis_of(self, number: int, name: str | None) -> str | None:
        """The axis of a segment, or `None`."""
        names = {str(number), (name or "").strip().casefold()}
        return next((axis for axis, segment in self.segments.items() if segment.casefold() in names), None)


def read(settings: Mapping[str, str], sandbox: bool) -> tuple[Options, list[Problem]]:
    """The options, and every problem of the settings; the options may be used only where there is none."""
    problems: list[Problem] = []
    base_url = _text(settings, "base_url").rstrip("/")
    token_url = _text(settings, "token_url")
    if problem := host_problem(base_url, HOSTS, sandbox):
        problems.append(Problem("setting.host", "base_url", problem))
    if problem := host_problem(token_url, SIGN_IN_HOSTS, sandbox, path=True) or _token_problem(token_url):
        problems.append(Problem("setting.host", "token_url", problem))
    companies = _companies(settings, problems)
    numbers = numbers_of(settings, SETTINGS, SANDBOX if sandbox else {}, problems)
    problems.extend(_limits(numbers, sandbox))
    segments = _pairs(settings, "segments", problems)
    options = Options(
        base_url=base_url,
        token_url=token_url,
        companies=companies,
        scope=" ".join(_text(settings, "scope").split()),
        ledgers=listed(_text(settings, "ledger")),
        branch=_text(settings, "branch"),
        segments=segments,
        defaults=_pairs(settings, "segment_defaults", problems),
        employee_defaults=_pairs(settings, "employee_defaults", problems),
        non_project=_text(settings, "non_project"),
        lines_max=int(numbers["lines_max"]),
        deadline_seconds=numbers["deadline_seconds"],
        read_deadline_seconds=numbers["read_deadline_seconds"],
        window=window_of(numbers),
        settle_seconds=numbers["settle_seconds"],
        visible_seconds=numbers["visible_seconds"],
        posting_seconds=numbers["posting_seconds"],
        calls_per_hour=int(numbers["calls_per_hour"]),
    )
    problems.extend(_segment_problems(options, _text(settings, "segments")))
    problems.extend(
        Problem("setting.employee_defaults", "employee_defaults", text)
        for text in _employee_problems(options)
    )
    return options, problems


_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def _text(settings: Mapping[str, str], name: str) -> str:
    return text_of(settings, name) or _DEFAULTS[name]


def _token_problem(url: str) -> str | None:
    return (
        None
        if urlsplit(url).path == "/connect/token"
        else f"{url!r} is not Visma Connect's: expected {_DEFAULTS['token_url']}."
    )


def _companies(settings: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    """The tenant id of each company, by code. One company may give it bare."""
    codes = listed(_text(settings, "company"))
    if not codes:
        problems.append(
            Problem(
                "setting.missing",
                "company",
                "Name the company that the tenant id leads into, by its code in Visma.",
            )
        )
    problems.extend(
        Problem("setting.company", "company", f"Company {code} is named twice. Name each once.")
        for code in dict.fromkeys(codes)
        if codes.count(code) > 1
    )
    bare = _text(settings, "tenant_id")
    if len(codes) <= 1 and not {"=", ","} & set(bare):
        tenants = dict.fromkeys(codes or ("",), bare)
    else:
        tenants = _pairs(settings, "tenant_id", problems)
    for code in dict.fromkeys((*codes, *tenants)):
        if problem := _pairing_problem(code, codes, tenants):
            problems.append(Problem("setting.tenant_id", "tenant_id", problem))
    return {code: tenants[code] for code in codes if code in tenants}


def _pairing_problem(code: str, codes: tuple[str, ...], tenants: Mapping[str, str]) -> str | None:
    if code not in tenants:
        return f"Company {code} has no tenant id. Write each company and its own: {_EXAMPLES['tenant_id']}."
    tenant = tenants[code]
    if codes and code not in codes:
        return (
            f"The tenant id of {code} is there, and {code} is not among the companies. Name it under company,"
            " or remove its tenant id."
        )
    if not _is_uuid(tenant):
        return (
            f"{tenant!r} is not a tenant id. Copy the company's tenant id from Visma Admin: 32 hexadecimal"
            " digits in five groups."
        )
    other = next(
        (other for other, its in tenants.items() if other != code and its.lower() == tenant.lower()), None
    )
    return (
        other
        and f"{code} and {other} have the same tenant id, and one leads into one company. "
        "Take each from Visma Admin."
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _pairs(settings: Mapping[str, str], name: str, problems: list[Problem]) -> dict[str, str]:
    found, broken, repeated = pairs(_text(settings, name))
    whats = {
        "tenant_id": "a company and its tenant id, each company",
        "employee_defaults": "a name and its value, each name",
    }
    what = whats.get(name, "an axis and its value, each axis")
    for part in (*broken, *repeated):
        text = f"{part!r} is not {what} once; expected for example {_EXAMPLES[name]}."
        problems.append(Problem(f"setting.{name}", name, text))
    return found


_EXAMPLES = {
    "segments": "cost_center=1, plant=2",
    "segment_defaults": "cost_center=0000",
    "employee_defaults": "class=EMPSTAND, branch=1",
    "tenant_id": "FJORD=4e95f4b9-…, VERFT=2072dc1f-…",
}


def _segment_problems(options: Options, given: str) -> list[Problem]:
    problems = []
    if not options.segments and not given:
        problems.append(
            Problem(
                "setting.segments",
                "segments",
                "Name every segment of the subaccount with its axis: cost_center=1.",
            )
        )
    for axis in sorted({BRANCH, PROJECT} & options.segments.keys()):
        text = (
            f"{axis} is a field of the line and not a segment of the subaccount. Give the segment another"
            " axis."
        )
        problems.append(Problem("setting.segments", "segments", text))
    if len({segment.casefold() for segment in options.segments.values()}) < len(options.segments):
        problems.append(
            Problem("setting.segments", "segments", "Two axes name the same segment. Give each axis its own.")
        )
    for axis in sorted(options.defaults.keys() - options.segments.keys()):
        problems.append(
            Problem(
                "setting.segment_defaults",
                "segment_defaults",
                f"{axis} has no segment. Name it under segments first.",
            )
        )
    return problems


def _employee_problems(options: Options) -> Iterator[str]:
    given = options.employee_defaults
    if not given:
        return
    if missing := [name for name in EMPLOYEE_NEEDS if name not in given]:
        yield f"{', '.join(missing)} is missing. Visma wants of a new employee {', '.join(EMPLOYEE_NEEDS)}."
    if unknown := sorted(given.keys() - set(EMPLOYEE_NEEDS)):
        yield f"{', '.join(unknown)} is none of {', '.join(EMPLOYEE_NEEDS)}. Remove it."
    email = given.get("email", "@")
    if "@" not in email or set("{} ") & set(email.replace(CODE, "")):
        yield f"{email!r} is no e-mail address. Only {CODE} is replaced in it, by the number of the employee."
    if EMPLOYEE in options.segments:
        yield "A segment has the axis employee already. Give the segment another, or leave employees out."


def _limits(numbers: Mapping[str, float], sandbox: bool) -> list[Problem]:
    problems = ledger_problems(numbers, sandbox, LINES_MAX)
    if not sandbox and numbers["calls_per_hour"] < 1:
        problems.append(
            Problem(
                "setting.calls",
                "calls_per_hour",
                "Visma limits calls, so they are counted: enter at least 1 an hour.",
            )
        )
    return problems
