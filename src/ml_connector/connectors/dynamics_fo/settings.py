"""What a connection to Dynamics 365 F&O is made of, and the checks on it that need no call.

The environment's host and the sign-in's address are two settings, because neither follows from the other:
clouds of some countries sign in elsewhere. The companies are stored too; the calling user's default company
is never relied on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

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

HOSTS = ("*.operations.dynamics.com", "*.operations.eu.dynamics.com", "*.cloudax.dynamics.com")
"""Those seen in public material. Another region's is added once it was seen, because a guessed host could
belong to anybody.
"""
SIGN_IN_HOSTS = ("login.microsoftonline.com",)
_TOKEN_PATH = re.compile(r"/(?P<tenant>[A-Za-z0-9][A-Za-z0-9.-]*)/oauth2(?:/v2\.0)?/token")
LINES_MAX = 10_000
CHANGESET_MIN, CHANGESET_MAX, CHANGESET_STEP = 10, 200, 10
"""Lines of a changeset. A live system took 200 operations in a batch at the most; the advice is 100. Whole
tens, because a journal that another number of lines stands in was not left by a write of ours.
"""
SANDBOX = {"settle_seconds": "5", "posting_seconds": "1"}
AXES = "cost_center=CostCenter, department=Department, branch=BusinessUnit, project=Project"

SETTINGS = (
    Setting(
        name="base_url",
        label="Environment address",
        help=(
            "https:// and the environment's host, for example "
            "https://name.operations.dynamics.com, in small letters and without a path."
        ),
    ),
    Setting(
        name="company",
        label="Company",
        help="The legal entity that keeps the books, such as usmf. Several are separated by commas.",
    ),
    Setting(
        name="token_url",
        label="Sign-in address",
        help=(
            "https://login.microsoftonline.com/<tenant id>/oauth2/v2.0/token, or without "
            "/v2.0. The tenant is the environment's own, neither common nor organizations."
        ),
    ),
    Setting(
        name="scope",
        label="Scope",
        help=(
            "Only where it is not the environment's address: scope with /oauth2/v2.0/token, resource without."
        ),
        required=False,
    ),
    Setting(
        name="client_id",
        label="Client id",
        help="Of the app that is registered in the environment.",
        field=Field.SECRET,
    ),
    Setting(name="client_secret", label="Client secret", help="Of the app.", field=Field.SECRET),
    Setting(
        name="journals",
        label="Journal names",
        help=(
            "The journal names that entries may go to, separated by commas, each proven by "
            "the connection test. Empty: every one that takes our entries."
        ),
        required=False,
    ),
    Setting(
        name="dimensions",
        label="Dimensions",
        help="The financial dimension of each axis.",
        required=False,
        default=AXES,
    ),
    lines_per_entry("The vendor names about 10,000.", str(LINES_MAX)),
    number(
        "changeset_lines",
        "Lines per changeset",
        f"Lines of a journal, or dimension values, that are written at once, in tens from {CHANGESET_MIN} to"
        f" {CHANGESET_MAX}: fewer calls, or smaller ones. Environments have refused more than 200.",
        default="100",
    ),
    deadline_of_a_send("part", "120"),
    READ_DEADLINE,
    settling_time("900"),
    visibility_time("journal", "0"),
    number(
        "posting_seconds",
        "Posting interval",
        "How often a journal that waits for the environment's posting job is checked.",
        default="60",
    ),
    Setting(
        name="webhook_token_header",
        label="Webhook token header",
        help="A header that the endpoint sends along, for example X-Connector-Token.",
        required=False,
    ),
    Setting(
        name="webhook_token",
        label="Webhook token",
        help="The value of that header. Only for notifications.",
        field=Field.SECRET,
        required=False,
    ),
    *webhook_times("1296000"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one connection, read. `dimensions` is axis → name of the financial dimension."""

    base_url: str
    companies: tuple[str, ...]
    token_url: str
    scope: str
    journals: tuple[str, ...]
    dimensions: dict[str, str]
    lines_max: int
    changeset_lines: int
    deadline_seconds: float
    read_deadline_seconds: float
    window: Window
    token_header: str
    settle_seconds: float
    visible_seconds: float
    posting_seconds: float
    sandbox: bool

    @property
    def host(self) -> str:
        """The environment's host. A sandbox changes its port, so all of them are `sandbox`."""
        return "sandbox" if self.sandbox else urlsplit(self.base_url).hostname or ""


def read(settings: Mapping[str, str], sandbox: bool) -> tuple[Options, list[Problem]]:
    """The options, and every problem of the settings; the options may be used only where there is none."""
    problems: list[Problem] = []
    base_url = text_of(settings, "base_url").rstrip("/")
    token_url = text_of(settings, "token_url")
    if problem := host_problem(base_url, HOSTS, sandbox) or _address_problem(base_url):
        problems.append(Problem("setting.host", "base_url", problem))
    if problem := host_problem(token_url, SIGN_IN_HOSTS, sandbox, path=True) or _tenant_problem(token_url):
        problems.append(Problem("setting.host", "token_url", problem))
    companies = tuple(part.lower() for part in listed(text_of(settings, "company")))
    if not companies:
        problems.append(
            Problem("setting.missing", "company", "Name the company that keeps the books, for example usmf.")
        )
    problems.extend(
        Problem(
            "setting.company",
            "company",
            f"{company!r} is not a company; expected up to four letters or digits such as usmf.",
        )
        for company in companies
        if not (company.isascii() and company.isalnum() and len(company) <= 4)
    )
    numbers = numbers_of(settings, SETTINGS, SANDBOX if sandbox else {}, problems)
    problems.extend(ledger_problems(numbers, sandbox, LINES_MAX))
    if int(numbers["changeset_lines"]) not in range(CHANGESET_MIN, CHANGESET_MAX + 1, CHANGESET_STEP):
        text = f"A changeset has from {CHANGESET_MIN} to {CHANGESET_MAX} lines, in tens; 100 is advised."
        problems.append(Problem("setting.changeset_lines", "changeset_lines", text))
    options = Options(
        base_url=base_url,
        companies=companies,
        token_url=token_url,
        scope=text_of(settings, "scope"),
        journals=listed(text_of(settings, "journals")),
        dimensions=_axes(settings, problems),
        lines_max=int(numbers["lines_max"]),
        changeset_lines=int(numbers["changeset_lines"]),
        deadline_seconds=numbers["deadline_seconds"],
        read_deadline_seconds=numbers["read_deadline_seconds"],
        window=window_of(numbers),
        token_header=text_of(settings, "webhook_token_header"),
        settle_seconds=numbers["settle_seconds"],
        visible_seconds=numbers["visible_seconds"],
        posting_seconds=numbers["posting_seconds"],
        sandbox=sandbox,
    )
    return options, problems


def _address_problem(url: str) -> str | None:
    if url != url.lower():
        return f"{url!r} must be in small letters: the token is issued for exactly this text."
    return None


def _tenant_problem(url: str) -> str | None:
    found = _TOKEN_PATH.fullmatch(urlsplit(url).path)
    if found is None or found["tenant"] in ("common", "organizations", "consumers"):
        return (
            f"{url!r} is not the sign-in of one tenant. Expected https://login.microsoftonline.com/<tenant"
            " id>/oauth2/v2.0/token."
        )
    return None


def _axes(settings: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    axes, broken, repeated = pairs(text_of(settings, "dimensions") or AXES)
    names = [*axes.values()]
    wrong = [name for name in names if not name.replace("_", "a").isalnum() or names.count(name) > 1]
    for part in dict.fromkeys((*broken, *repeated, *wrong)):
        text = (
            f"{part!r} is not an axis with its financial dimension, each named once; expected"
            " cost_center=CostCenter."
        )
        problems.append(Problem("setting.dimensions", "dimensions", text))
    return axes
