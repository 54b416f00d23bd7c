"""Every fact about the vendor that its public material leaves open, as a named switch with a default.

The README's table is compared with this list by a test.
"""

from __future__ import annotations

from ml_connector_sandbox.core.outbound import DELIVERY_SWITCHES
from ml_connector_sandbox.core.switches import Switch

SWITCHES = (
    Switch(name="token_seconds", default=3599, meaning="life of an access token"),
    Switch(
        name="unknown_resource",
        default="refuse",
        choices=("refuse", "issue"),
        meaning="a token for an address without an environment: AADSTS500011, or one that opens nothing",
    ),
    Switch(
        name="default_company",
        default="",
        meaning="company of the calling user; empty: the one the scenario names",
    ),
    Switch(
        name="gl_sets",
        default="bi",
        choices=("none", "bi", "published"),
        meaning="public sets of posted entries; `published` adds `GeneralJournalAccountEntries`",
    ),
    Switch(name="page_rows_max", default=10_000, meaning="rows of a page before a nextLink"),
    Switch(
        name="honours_page_size",
        default=False,
        meaning="`Prefer: odata.maxpagesize` makes pages smaller; else it is ignored",
    ),
    Switch(
        name="next_link",
        default="skiptoken",
        choices=("skiptoken", "skip"),
        meaning="how a nextLink says where to go on",
    ),
    Switch(
        name="next_link_host",
        default="",
        meaning="another scheme and host for nextLinks; empty: the one that was called",
    ),
    Switch(
        name="substring_functions",
        default=True,
        meaning="`contains()`, `startswith()` and `endswith()` work; else 400",
    ),
    Switch(
        name="missing_row_body",
        default="error",
        choices=("error", "empty"),
        meaning="body of the 404 for a key that does not exist",
    ),
    Switch(
        name="write_failure_status",
        default=400,
        meaning="status of a write the business rules refuse: 400, or 500 as in older captures",
    ),
    Switch(
        name="metadata_levels",
        default=True,
        meaning="`odata.metadata` none and full are answered; else every answer is minimal",
    ),
    Switch(
        name="stale_etag",
        default=412,
        meaning="status for an outdated If-Match: 412, or 400 with the update-conflict text",
    ),
    Switch(
        name="read_only_on_create",
        default="refuse",
        choices=("refuse", "ignore"),
        meaning="a read-only field in a POST",
    ),
    Switch(
        name="key_in_update",
        default="refuse",
        choices=("refuse", "ignore"),
        meaning="a key field in a PATCH, as some clients repeat it",
    ),
    Switch(
        name="keeps_batch_number",
        default=False,
        meaning="a `JournalBatchNumber` in a POST is kept; else the server draws its own",
    ),
    Switch(
        name="keeps_line_number",
        default=False,
        meaning="a `LineNumber` in a POST is kept, and a second one refused",
    ),
    Switch(
        name="integration_key_writable",
        default=True,
        meaning="`IntegrationKey` of a journal is stored; else it stays empty",
    ),
    Switch(
        name="text_overflow",
        default="truncate",
        choices=("truncate", "refuse"),
        meaning="a text longer than its field",
    ),
    Switch(
        name="text_spaces",
        default="keep",
        choices=("keep", "trim", "fold"),
        meaning="blanks in a record's text or name: `keep`, `trim` at its ends, or `fold` runs of them too",
    ),
    Switch(
        name="both_amounts",
        default="refuse",
        choices=("refuse", "net"),
        meaning="a line with debit and credit",
    ),
    Switch(
        name="manual_entry_check",
        default="insert",
        choices=("insert", "post"),
        meaning="when an account or value blocked for manual entry is refused",
    ),
    Switch(
        name="closed_period_check",
        default="post",
        choices=("insert", "post"),
        meaning="when a date in a closed period is refused",
    ),
    Switch(
        name="structure_check",
        default="post",
        choices=("insert", "post"),
        meaning="when a dimension the account demands is missed",
    ),
    Switch(
        name="closed_period_status",
        default="OnHold",
        choices=("OnHold", "Stopped", "Closed", "PermanentlyClosed"),
        meaning="`PeriodStatus` of a closed period",
    ),
    Switch(
        name="trims_trailing_blanks",
        default=True,
        meaning="display values are given without blank trailing segments",
    ),
    Switch(name="batch_operations_max", default=200, meaning="operations a `$batch` may hold"),
    Switch(
        name="batch_continues", default=True, meaning="parts of a `$batch` behind a failed one are still done"
    ),
    Switch(
        name="failed_changeset",
        default="nested",
        choices=("nested", "flat"),
        meaning="the one part of a failed changeset stands in a changeset response, or bare",
    ),
    Switch(
        name="posting_job_seconds",
        default=0,
        meaning="the job Post journals runs every so many seconds; 0: only when asked",
    ),
    Switch(
        name="user_limits",
        default=True,
        meaning="6,000 requests in 300 seconds per app, besides the limits by load",
    ),
    Switch(
        name="pressure_every",
        default=0,
        meaning="every so manieth operation meets a busy server and gets 429; 0: none",
    ),
    Switch(name="retry_after_seconds", default=10, meaning="`Retry-After` of a 429 by load"),
    Switch(name="hr_writable", default=True, meaning="employees, employments and workers can be written"),
    Switch(
        name="default_dimension_check",
        default="refuse",
        choices=("refuse", "accept"),
        meaning="a value that is suspended or not active in the company, as default dimension of people",
    ),
    Switch(
        name="rename_seconds", default=0, meaning="for so long a renamed dimension value shows its old text"
    ),
    Switch(
        name="unused_backed_values",
        default="list",
        choices=("list", "hide"),
        meaning="values that stand for another record, before they are used: listed or not yet",
    ),
    Switch(
        name="general_journal_event",
        default=False,
        meaning="posting a general journal raises a business event; the catalog of 2019 has none",
    ),
    Switch(
        name="events_twice",
        default=False,
        meaning="every business event is delivered twice, as at least once allows",
    ),
    Switch(
        name="events_disorder",
        default=False,
        meaning="control numbers of business events arrive out of order",
    ),
    Switch(
        name="events_only_loopback",
        default=True,
        meaning="a guard of ours: no event is ever sent beyond this machine",
    ),
    *DELIVERY_SWITCHES,
)
