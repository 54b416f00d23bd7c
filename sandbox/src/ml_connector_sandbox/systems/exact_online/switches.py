"""Every fact about the vendor that its public material leaves open, as a named switch with a default.

The README's table is compared with this list by a test.
"""

from __future__ import annotations

from ml_connector_sandbox.core.outbound import DELIVERY_SWITCHES
from ml_connector_sandbox.core.switches import Switch

SWITCHES = (
    Switch(
        name="auto_approve",
        default=True,
        meaning="the login page answers with the code at once; else it shows a form to approve",
    ),
    Switch(
        name="reuse_ends_chain",
        default=True,
        meaning="an old refresh token, presented again, ends the whole consent",
    ),
    Switch(
        name="one_consent",
        default=False,
        meaning="a new consent of the user for the app ends the ones before",
    ),
    Switch(
        name="unauthorized_as",
        default="html",
        choices=("html", "json"),
        meaning="body of an API 401: `html` page or `json` error",
    ),
    Switch(
        name="ignores_our_ref",
        default=False,
        meaning="`OurRef` on a general journal line is dropped silently",
    ),
    Switch(name="our_ref_filter", default=True, meaning="`OurRef` can be filtered on; else 400"),
    Switch(
        name="keeps_entry_id", default=False, meaning="an `EntryID` or line `ID` sent by the client is kept"
    ),
    Switch(
        name="unique_entry_number", default=True, meaning="a repeated `EntryNumber` of a journal is refused"
    ),
    Switch(
        name="text_overflow",
        default="refuse",
        choices=("refuse", "truncate"),
        meaning="a text longer than its field (60, a relation's name 50, `YourRef` 30): `refuse`, `truncate`",
    ),
    Switch(
        name="text_spaces",
        default="keep",
        choices=("keep", "trim", "fold"),
        meaning="blanks in a record's text or name: `keep`, `trim` at its ends, or `fold` runs of them too",
    ),
    Switch(
        name="hr_writes",
        default=False,
        meaning="`payroll/Employees` and `Employments` take POST and PUT, as a partner's API might; else 405",
    ),
    Switch(
        name="closed_period_suffix",
        default=False,
        meaning="the closed-period message ends with year and month",
    ),
    Switch(
        name="cost_analysis",
        default=True,
        meaning="the divisions use cost analysis; else the sets of cost centers and cost units are a 404",
    ),
    Switch(
        name="inactive_cost_centers",
        default="refuse",
        choices=("refuse", "accept"),
        meaning="booking on an inactive cost center",
    ),
    Switch(
        name="cost_codes_ignore_case",
        default=True,
        meaning="codes of cost centers and cost units that differ in case are one; else two",
    ),
    Switch(
        name="used_cost_code_delete",
        default="refuse",
        choices=("refuse", "accept"),
        meaning="deleting a cost center or cost unit that was booked on",
    ),
    Switch(
        name="end_date_takes_entries",
        default=True,
        meaning="the `EndDate` of a cost center or cost unit is the last day it can be booked on",
    ),
    Switch(
        name="end_date_judged_by",
        default="entry",
        choices=("entry", "today"),
        meaning="an `EndDate` is compared with the date of the `entry`, or with `today`",
    ),
    Switch(
        name="visibility_lag_seconds", default=0, meaning="for so long a new entry is missing from list reads"
    ),
    Switch(
        name="mandatory_filtering",
        default=True,
        meaning="sets with a sync twin demand a `$filter` on one of a few fields",
    ),
    Switch(
        name="bulk_filter_fields",
        default="limited",
        choices=("limited", "any"),
        meaning="fields a bulk set can be filtered on",
    ),
    Switch(
        name="select_required",
        default=True,
        meaning="general journal entries are listed only with `$select` or `$top=1`",
    ),
    Switch(
        name="error_velocity_status",
        default=403,
        meaning="status of every call while the key is blocked for its errors",
    ),
    Switch(name="webhooks_need_https", default=True, meaning="a callback address must be https"),
    Switch(
        name="webhooks_same_domain",
        default=True,
        meaning="a callback must be on the domain of the registered redirect address",
    ),
    Switch(
        name="webhooks_only_loopback",
        default=True,
        meaning="a guard of ours: nothing is ever sent beyond this machine",
    ),
    Switch(
        name="webhook_validation",
        default=True,
        meaning="creating a subscription sends an empty POST to the callback, which must give 200",
    ),
    Switch(
        name="purchase_entries_scope",
        default="Financial accounting",
        choices=("Financial accounting", "Purchase invoices"),
        meaning="the permission that purchase entries take",
    ),
    Switch(
        name="duplicate_check",
        default="matrix",
        choices=("matrix", "your_ref", "off"),
        meaning="an invoice is a repetition by supplier, `YourRef`, date and amount (`matrix`), by supplier"
        " and `YourRef`, or never",
    ),
    Switch(
        name="credit_notes",
        default="negative",
        choices=("negative", "type_31"),
        meaning="a credit note is sent with negative amounts, or with `Type` 31 and positive ones",
    ),
    Switch(
        name="vat_rounding",
        default="line",
        choices=("line", "code"),
        meaning="VAT that was not sent is rounded for each line, or over all lines of a code",
    ),
    Switch(
        name="header_vat",
        default="null",
        choices=("null", "total"),
        meaning="`VATAmountFC` and `VATAmountDC` of a purchase entry's header",
    ),
    Switch(
        name="vat_line_type",
        default=1,
        meaning="`LineType` of the VAT lines of a purchase entry; the number is invented",
    ),
    Switch(
        name="payable_line_type",
        default=2,
        meaning="`LineType` of the line that is owed; the number is invented",
    ),
    Switch(
        name="purchase_rate",
        default="fc_times_rate",
        choices=("fc_times_rate", "fc_per_dc"),
        meaning="what the `Rate` of a purchase entry is: FC times rate is DC, or FC divided by it",
    ),
    Switch(
        name="exchange_rates_are",
        default="dc_per_fc",
        choices=("dc_per_fc", "fc_per_dc"),
        meaning="what a rate of `financial/ExchangeRates` says: the worth of one of the foreign currency, or"
        " how many of them are worth one",
    ),
    Switch(
        name="foreign_vat_unbalances",
        default=False,
        meaning="VAT on an invoice in another currency leaves the entry a cent out of balance",
    ),
    Switch(
        name="blocked_supplier",
        default="refuse",
        choices=("refuse", "accept"),
        meaning="a purchase entry for a blocked supplier",
    ),
    Switch(
        name="ended_supplier",
        default="refuse",
        choices=("refuse", "accept"),
        meaning="a purchase entry for a supplier after its `EndDate`",
    ),
    Switch(
        name="ended_supplier_judged_by",
        default="today",
        choices=("today", "entry"),
        meaning="a supplier's `EndDate` is compared with `today`, or with the date of the `entry`",
    ),
    Switch(
        name="auto_document", default=True, meaning="a purchase entry without a document gets one of its own"
    ),
    Switch(
        name="attachment_limit_mb", default=0, meaning="largest attachment in MB; 0 = 25 in NL and BE, else 7"
    ),
    Switch(
        name="attachment_types",
        default="any",
        choices=("any", "listed"),
        meaning="files that can be attached: any, or pdf, jpg, jpeg, png, gif, bmp",
    ),
    Switch(
        name="portal_user",
        default=False,
        meaning="the user is one of an accountant's portal and may make no documents",
    ),
    Switch(
        name="payables_sign",
        default="positive",
        choices=("positive", "negative"),
        meaning="sign of what is to be paid in `cashflow/Payments` and its like",
    ),
    Switch(
        name="split_row_keeps",
        default="rest",
        choices=("rest", "paid"),
        meaning="which part of a payable keeps its row when a part of it is paid",
    ),
    Switch(
        name="end_date_from",
        default="invoices",
        choices=("invoices", "all"),
        meaning="`EndDate` of a matched payable is the last date of its invoices, or of all items matched",
    ),
    Switch(
        name="fully_paid_on_payables",
        default=True,
        meaning="`IsFullyPaid` is kept for payables; else it stays false",
    ),
    Switch(
        name="open_payments_follow_main",
        default=True,
        meaning="open payables without an account of their own follow a supplier's new main bank account",
    ),
    *DELIVERY_SWITCHES,
)
