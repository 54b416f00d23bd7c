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
        meaning="a text longer than its field (60, a relation's name 50): `refuse` or `truncate`",
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
    *DELIVERY_SWITCHES,
)
