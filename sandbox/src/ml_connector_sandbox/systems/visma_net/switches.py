"""Every fact about the vendor that its public material leaves open, as a named switch with a default.

The README's table is compared with this list by a test.
"""

from __future__ import annotations

from ml_connector_sandbox.core.outbound import DELIVERY_SWITCHES
from ml_connector_sandbox.core.switches import Switch, Value


def _switch(name: str, default: Value, meaning: str, *choices: str) -> Switch:
    return Switch(name=name, default=default, meaning=meaning, choices=choices)


SWITCHES = (
    _switch("token_seconds", 3600, "life of an access token"),
    _switch(
        "unauthorized_body",
        "gateway",
        "body of a 401: of the API `gateway`, or the older `ipp` object",
        "gateway",
        "ipp",
    ),
    _switch("release_scope", "update", "scope a release needs", "update", "create", "either"),
    _switch(
        "company_header",
        "ignore",
        "`ipp-company-id`: `ignore` it, or `filter`: another company's gives empty lists",
        "ignore",
        "filter",
    ),
    _switch("calls_per_hour", 15_000, "calls per company and client in an hour; 0: no limit"),
    _switch("burst_calls", 0, "calls per company and client in a burst window, a limit some report; 0: none"),
    _switch("burst_seconds", 10, "length of the burst window"),
    _switch("page_lines_max", 1_000, "largest page, also the size of a page nobody asked a size for"),
    _switch("project_page_max", 500, "largest page of projects"),
    _switch(
        "release_seconds", 1, "a release is `Queued` so long before the batch is posted; 0: `Done` at once"
    ),
    _switch("background_seconds", 1, "a background operation starts after so long"),
    _switch("auto_post", True, "automatically post on release; else a released batch stays `Unposted`"),
    _switch("hold_on_entry", True, "a batch without `hold` is put on hold"),
    _switch(
        "release_refusal",
        "status",
        "a release that is not possible: `status` 400, or 200 with a `failed` result",
        "status",
        "failed",
    ),
    _switch("validation_status", 400, "status of a write the business rules refuse: 400 or 500"),
    _switch("segment_failure_status", 500, "status of a segment update that fails"),
    _switch("released_edit_status", 400, "status of a change to a released batch"),
    _switch(
        "lenient_if_match",
        False,
        "a bare or weak tag in `If-Match` counts as that version; else it matches nothing",
    ),
    _switch(
        "version_moves_after_write",
        False,
        "the version that answers a change is no longer the newest at the next read",
    ),
    _switch("text_overflow", "refuse", "a text longer than its field", "refuse", "truncate"),
    _switch(
        "text_spaces",
        "keep",
        "blanks in a record's text or name: `keep`, `trim` at its ends, or `fold` runs of them too",
        "keep",
        "trim",
        "fold",
    ),
    _switch("header_text_max", 256, "longest description of a batch"),
    _switch("excess_decimals", "round", "an amount with more decimals than its currency", "round", "refuse"),
    _switch(
        "closed_periods",
        "refuse",
        "posting to a closed period: `refuse`, or `allow` as the preference can",
        "refuse",
        "allow",
    ),
    _switch(
        "date_outside_period",
        "accept",
        "a date outside the chosen period: a warning (`accept`), or `refuse`",
        "accept",
        "refuse",
    ),
    _switch("manual_entry_check", True, "an account that allows no manual entry is refused"),
    _switch(
        "missing_task",
        "refuse",
        "a project without a task: `refuse`, or take the project's `first` active one",
        "refuse",
        "first",
    ),
    _switch(
        "subaccounts_on_the_fly",
        True,
        "a posting may make a new combination of listed segment values; else it must exist",
    ),
    _switch(
        "override_number_series",
        True,
        "`overrideNumberSeries` with a `batchNumber` is honoured and a second one refused; else ignored",
    ),
    _switch(
        "reversal_texts",
        "keep",
        "texts of a batch that is reversed at the screen: the mirrored one has them (`keep`), or none",
        "keep",
        "none",
    ),
    _switch(
        "journal_condition",
        False,
        "`lastModifiedDateTimeCondition` works on journals and balances too; else it is ignored and `>=`"
        " holds",
    ),
    _switch(
        "modified_offset_minutes", 0, "server time stamps are UTC plus so many minutes, without saying so"
    ),
    _switch("visibility_lag_seconds", 0, "for so long a new or changed batch is missing from list reads"),
    _switch(
        "employee_create_status",
        201,
        "status of a created employee: 201, or 200 as the published schema says",
    ),
    _switch(
        "insert_existing_value",
        "refuse",
        "inserting a segment value that exists: `refuse`, or `update` it",
        "refuse",
        "update",
    ),
    _switch("location_host", "", "another scheme and host for `Location`; empty: the one that was called"),
    _switch("webhooks_only_loopback", True, "a guard of ours: nothing is ever sent beyond this machine"),
    *DELIVERY_SWITCHES,
)
