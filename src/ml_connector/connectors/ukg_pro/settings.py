"""What a connection to UKG Pro is made of, and the checks on it that need no call.

A general-ledger row carries neither currency nor pay date. Both are settled here, by settings that a person
gives once, and never guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector.connectors.ukg_pro.layout import Layout, LayoutError, read_layout
from ml_connector.connectors.ukg_pro.wire import FieldsError, ThirdPartyFields, read_fields
from ml_connector.domain.money import AmountError, decimals
from ml_connector.domain.problem import Problem
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Field, Setting, System, Wiring
from ml_connector.transport.http import host_problem
from ml_connector.transport.settings import Product, list_of, text_of

HOSTS = ("*.ultipro.com", "*.ultipro.ca")
TOKEN_HOSTS = (*HOSTS, "*.ukg.com", "*.ukg.net", "*.ukg.dev")
GENERAL_LEDGER, THIRD_PARTY_PAY, FLAT_FILE = "general_ledger", "third_party_pay", "flat_file"
BASIC, BEARER = "basic", "bearer"
BASE_SEGMENT, WHOLE_ACCOUNT = "base_segment", "general_ledger_account"
CODES, ACCOUNTS = "codes", "accounts"
PAGE_ROWS_MAX = 10_000
TENANT_BITS = 20

SETTINGS = (
    Setting(
        name="base_url",
        label="Service address",
        help=(
            "The host under System Configuration > Security > Web Services, for example "
            "https://service5.ultipro.com; a company's own address at ultipro.com does as well."
        ),
    ),
    Setting(
        name="username",
        label="Web service user",
        required=False,
        help="Of the web service account, not of a person.",
    ),
    Setting(
        name="password",
        label="Password",
        required=False,
        field=Field.SECRET,
        help="Of the web service account.",
    ),
    Setting(
        name="customer_api_key",
        label="Customer API key",
        field=Field.SECRET,
        help="Five characters, at the top of the page Service Account Administration.",
    ),
    Setting(
        name="user_api_key",
        label="User API key",
        field=Field.SECRET,
        required=False,
        help="Twelve characters, of the web service account. Only where UKG demands it.",
    ),
    Setting(
        name="auth",
        label="Sign-in",
        field=Field.CHOICE,
        choices=(BASIC, BEARER),
        default=BASIC,
        required=False,
        help=(
            "basic: user, password and customer key. bearer: a token of the Developer Console, once UKG"
            " accepts it for these calls."
        ),
    ),
    Setting(
        name="token_url",
        label="Token address",
        required=False,
        help="bearer only: the Generate Token URL of the Developer Console.",
    ),
    Setting(name="client_id", label="Client id", required=False, field=Field.SECRET, help="bearer only."),
    Setting(
        name="client_secret", label="Client secret", required=False, field=Field.SECRET, help="bearer only."
    ),
    Setting(name="audience", label="Audience", required=False, default="api.ukg.net", help="bearer only."),
    Setting(
        name="organization",
        label="Organization",
        required=False,
        help="bearer only: org_…, sent as global-tenant-id.",
    ),
    Setting(
        name="source",
        label="Where pay runs are read",
        field=Field.CHOICE,
        choices=(GENERAL_LEDGER, THIRD_PARTY_PAY, FLAT_FILE),
        default=GENERAL_LEDGER,
        required=False,
        help="Never mix sources for one company: each names its runs in its own way.",
    ),
    Setting(
        name="companies",
        label="Companies",
        required=False,
        help="Company codes, separated by commas; empty reads all of them.",
    ),
    Setting(
        name="currency",
        label="Currency",
        required=False,
        help=(
            "One ISO code for all companies, or by company: ACME1=USD, ACME2=CAD. "
            "UKG's ledger rows name none, so a run of a company without one is refused."
        ),
    ),
    Setting(
        name="account",
        label="Source account",
        field=Field.CHOICE,
        choices=(BASE_SEGMENT, WHOLE_ACCOUNT),
        default=BASE_SEGMENT,
        required=False,
        help=(
            "Which field of a ledger row the mapping starts from: baseSegment, or generalLedgerAccount as a"
            " whole."
        ),
    ),
    Setting(
        name="pay_periods",
        label="Pay period of a run",
        required=False,
        help=(
            "Only for runs whose pay period is not certain: run id = "
            "period control, for example 20240=202501172, separated by commas."
        ),
    ),
    Setting(
        name="closed_only",
        label="Closed periods only",
        field=Field.FLAG,
        default="yes",
        required=False,
        help="Refuse a run whose pay period is open: its payroll was undone, or may still change.",
    ),
    Setting(
        name="register",
        label="Tie to the pay register",
        field=Field.FLAG,
        default="yes",
        required=False,
        help="Read the pay register of the period: control totals, and how many workers each code has.",
    ),
    Setting(
        name="source_tz",
        label="Time zone of UKG",
        default="America/New_York",
        required=False,
        help="UKG writes local times without an offset.",
    ),
    Setting(
        name="page_rows",
        label="Rows per page",
        field=Field.NUMBER,
        default=str(PAGE_ROWS_MAX),
        required=False,
        help="UKG delivers 10,000 at the most.",
    ),
    Setting(
        name="calls_per_minute",
        label="Calls a minute",
        field=Field.NUMBER,
        default="60",
        required=False,
        help="UKG publishes no number; 0 counts none, in a sandbox only.",
    ),
    Setting(
        name="third_party_path",
        label="Third-Party Pay path",
        default="/services/payroll/v1/third-party-pay",
        required=False,
        help="As UKG's support names it for this tenant.",
    ),
    Setting(
        name="third_party_rows",
        label="Third-Party Pay rows",
        field=Field.CHOICE,
        choices=(CODES, ACCOUNTS),
        default=CODES,
        required=False,
        help=(
            "codes: earnings and deductions by code. accounts: account segments with debit, credit and cost"
            " center."
        ),
    ),
    Setting(
        name="third_party_fields",
        label="Third-Party Pay fields",
        required=False,
        help="JSON: our name to UKG's, where this tenant's differ from the defaults in the README.",
    ),
    Setting(
        name="file_path",
        label="Flat file",
        required=False,
        help="A file, or a folder of files, of UKG's general-ledger export.",
    ),
    Setting(
        name="file_names",
        label="Names of the files",
        required=False,
        help=(
            "Patterns such as gl_*.csv, separated by commas; other files of the folder are passed over."
            " Empty looks at every complete file."
        ),
    ),
    Setting(
        name="file_layout",
        label="Layout of the flat file",
        default="L1",
        required=False,
        help="L1, L2, L3, or a layout as JSON, as the connector's README shows.",
    ),
    Setting(
        name="tenant",
        label="Name of the tenant",
        required=False,
        help=(
            "Part of every commit key; never change it once something was "
            "posted. Empty makes it from the host and the customer key."
        ),
    ),
    Setting(
        name="webhook_header",
        label="Webhook signature header",
        default="X-UKG-Signature",
        required=False,
        help="As UKG states it.",
    ),
    Setting(
        name="webhook_algorithm",
        label="Webhook hash",
        field=Field.CHOICE,
        choices=("sha256", "sha512", "sha1"),
        default="sha256",
        required=False,
        help="As UKG states it.",
    ),
    Setting(
        name="webhook_encoding",
        label="Webhook encoding",
        field=Field.CHOICE,
        choices=("hex", "base64"),
        default="hex",
        required=False,
        help="As UKG states it.",
    ),
    Setting(
        name="webhook_prefix",
        label="Webhook prefix",
        required=False,
        help="Text before the signature, for example sha256=.",
    ),
    Setting(
        name="webhook_secret",
        label="Webhook secret",
        field=Field.SECRET,
        required=False,
        help="Of the subscription, shown once.",
    ),
    Setting(
        name="webhook_token_header",
        label="Webhook token header",
        required=False,
        help="A header of our own that the subscription sends along, for example X-Connector-Token.",
    ),
    Setting(
        name="webhook_token",
        label="Webhook token",
        field=Field.SECRET,
        required=False,
        help="The value of that header.",
    ),
)
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
    layout: Layout
    file_names: tuple[str, ...]
    fields: ThirdPartyFields
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
        try:
            key = vault.read("customer_api_key")
        except KeyError:
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
    problems = [*_sign_in(text, sandbox), *_choices(text)]
    currencies = _pairs(text, "currency", problems)
    for code in currencies.values():
        try:
            decimals(code)
        except AmountError as error:
            problems.append(Problem("setting.currency", "currency", f"{error}."))
    pay_periods = _pairs(text, "pay_periods", problems)
    page_rows, calls = _number(text, "page_rows", problems), _number(text, "calls_per_minute", problems)
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
    if problems or zone is None or layout is None or fields is None:
        return None, problems
    options = Options(
        text=text,
        companies=frozenset(list_of(text["companies"])),
        currencies=currencies,
        pay_periods=pay_periods,
        closed_only=_FLAGS[text["closed_only"].lower()],
        register=_FLAGS[text["register"].lower()],
        zone=zone,
        page_rows=page_rows,
        calls_per_minute=calls,
        layout=layout,
        file_names=list_of(text["file_names"]),
        fields=fields,
        sandbox=sandbox,
    )
    return options, problems


def _sign_in(text: Mapping[str, str], sandbox: bool) -> list[Problem]:
    problems = []
    if text["source"] == FLAT_FILE:
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
    if text["auth"] == BEARER:
        if problem := host_problem(text["token_url"], TOKEN_HOSTS, sandbox):
            problems.append(Problem("setting.host", "token_url", problem))
        if not text["organization"]:
            problems.append(
                Problem(
                    "setting.missing",
                    "organization",
                    "Enter the organization of the Developer Console, org_…",
                )
            )
    elif not text["username"]:
        problems.append(Problem("setting.missing", "username", "Enter the user of the web service account."))
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
    """`a=x, b=y`, or for the currency a single code, kept under the empty name."""
    pairs: dict[str, str] = {}
    for part in list_of(text[name]):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals and name == "currency":
            key, value = "", key
        if not value or key in pairs:
            problems.append(
                Problem(
                    f"setting.{name}",
                    name,
                    f"{part!r} is not read: expected pairs such as {_EXAMPLES[name]}, each once.",
                )
            )
        pairs[key] = value
    return pairs


_EXAMPLES = {"currency": "ACME1=USD", "pay_periods": "20240=202501171"}


def _number(text: Mapping[str, str], name: str, problems: list[Problem]) -> int:
    if text[name].isascii() and text[name].isdecimal():
        return int(text[name])
    problems.append(
        Problem(
            "setting.number",
            name,
            f"{text[name]!r} is not a number; expected one such as {_BY_NAME[name].default}.",
        )
    )
    return int(_BY_NAME[name].default)


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
    except LayoutError as error:
        problems.append(Problem("setting.layout", "file_layout", f"The layout is not read: {error}."))
        return None


def _fields(text: Mapping[str, str], problems: list[Problem]) -> ThirdPartyFields | None:
    try:
        return read_fields(text["third_party_fields"])
    except FieldsError as error:
        problems.append(
            Problem("setting.fields", "third_party_fields", f"The field names are not read: {error}.")
        )
        return None


def connect(options: Options, wiring: Wiring) -> System:
    """The system behind checked options; its parts are imported when one is opened."""
    from ml_connector.connectors.ukg_pro.system import open_system

    return open_system(options, wiring)


CONNECTOR = Product(slug="ukg_pro", title="UKG Pro", settings=SETTINGS, read=read, connect=connect)
