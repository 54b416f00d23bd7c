"""The settings of a connection to UKG Pro: forms, the command line and pages are made from them."""

from __future__ import annotations

from ml_connector.ports.systems import Field, Setting
from ml_connector.transport.settings import READ_DEADLINE, number, webhook_times, webhook_topics

GENERAL_LEDGER, THIRD_PARTY_PAY, FLAT_FILE = "general_ledger", "third_party_pay", "flat_file"
BASIC, BEARER = "basic", "bearer"
READ, WRITE = "read", "write"
BASE_SEGMENT, WHOLE_ACCOUNT = "base_segment", "general_ledger_account"
CODES, ACCOUNTS = "codes", "accounts"
PAGE_ROWS_MAX = 10_000

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
        header=True,
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
        header=True,
        help="Five characters, at the top of the page Service Account Administration.",
    ),
    Setting(
        name="user_api_key",
        label="User API key",
        field=Field.SECRET,
        required=False,
        header=True,
        help="Twelve characters, of the web service account. Only where UKG demands it.",
    ),
    Setting(
        name="user_key_header",
        label="Header of the user key",
        field=Field.CHOICE,
        choices=("x-api-key", "US-USER-API-KEY", "Api-Key"),
        default="x-api-key",
        required=False,
        help="Another one only where UKG demands it.",
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
        help="The Generate Token URL of the Developer Console: for bearer, and for webhook subscriptions.",
    ),
    Setting(
        name="client_id",
        label="Client id",
        required=False,
        field=Field.SECRET,
        help="Of the Developer Console, with the token address.",
    ),
    Setting(
        name="client_secret",
        label="Client secret",
        required=False,
        field=Field.SECRET,
        help="Of the Developer Console, with the token address.",
    ),
    Setting(
        name="audience",
        label="Audience",
        required=False,
        default="api.ukg.net",
        help="Of the Developer Console, with the token address.",
    ),
    Setting(
        name="organization",
        label="Organization",
        required=False,
        header=True,
        help="org_…, sent as global-tenant-id with a token of the Developer Console.",
    ),
    Setting(
        name="platform_url",
        label="Platform address",
        required=False,
        help="https:// and the host of webhook subscriptions; empty where it is the service address.",
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
    number("page_rows", "Rows per page", "UKG delivers 10,000 at the most.", default=str(PAGE_ROWS_MAX)),
    number(
        "calls_per_minute",
        "Calls a minute",
        "UKG publishes no number; 0 counts none, in a sandbox only.",
        default="60",
    ),
    READ_DEADLINE,
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
        name="third_party_both_paid",
        label="Third-Party Pay, both paid",
        required=False,
        help=(
            "Pairs of record ids that look like one pay and were both paid, as a held run names them:"
            " id=id, separated by commas."
        ),
    ),
    number(
        "third_party_repeat_days",
        "Third-Party Pay, repeats within",
        (
            "Days before and after a pay date in which a record posted again is looked for, at one list of"
            " records; 0 looks at the pay date alone."
        ),
        default="35",
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
            "Patterns such as gl_*.csv, separated by commas; other files of the folder are ignored. Empty"
            " reads every complete file."
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
        name="status_letters",
        label="Letters of employment status",
        default="A=active, L=leave, O=leave, S=leave, T=ended",
        required=False,
        help=(
            "What each of this tenant's status letters means: active, leave or ended. An employment with a"
            " letter that is not named here stays as it was."
        ),
    ),
    Setting(
        name="transfer_reasons",
        label="Reasons of a transfer",
        default="TRO",
        required=False,
        help=(
            "Reasons of termination, separated by commas, that mean a move to another company and nobody who"
            " left."
        ),
    ),
    Setting(
        name="job_history",
        label="Read the job history",
        field=Field.FLAG,
        default="yes",
        required=False,
        help=(
            "For employments before a rehire, and for changes on the day they take effect. The list also"
            " carries pay, which is passed over unread. Needs View for Employee Job History Details."
        ),
    ),
    Setting(
        name="org_levels",
        label="Org levels",
        field=Field.CHOICE,
        choices=(READ, WRITE),
        default=READ,
        required=False,
        help=(
            "write: a flow of dimensions from a ledger to UKG makes, renames and closes org levels. Needs Add"
            " and Edit for Company Configuration Integration."
        ),
    ),
    Setting(
        name="changes_path",
        label="Path of employee changes",
        default="/personnel/v1/employee-changes",
        required=False,
        help="Another one only where UKG's support names it for this tenant.",
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
    Setting(
        name="webhook_tenant",
        label="Tenant of notifications",
        required=False,
        help="As notifications name it, for example G0311: another one is refused. Empty compares none.",
    ),
    webhook_topics("Employee*"),
    *webhook_times("1296000"),
)
