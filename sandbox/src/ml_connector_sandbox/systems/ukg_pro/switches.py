"""Every fact about the vendor that public material leaves open, as a named switch with a default.

The README's table is compared with this list by a test.
"""

from __future__ import annotations

from ml_connector_sandbox.core.switches import Switch, Value


def _switch(name: str, default: Value, meaning: str, *choices: str) -> Switch:
    return Switch(name=name, default=default, meaning=meaning, choices=choices)


SEEDING = (
    *("runs", "workers", "block_rows", "bench_rows", "bench_groups", "off_cycle", "void", "unbalanced"),
    *("dual_company", "rehired", "negative_as", "account_form", "periods_ahead", "runs_ahead", "pay_groups"),
)
"""These decide what is seeded: turned later, they take effect at the next reset."""

_ORG_LEVELS = (
    _switch(
        "org_level_writes",
        "open",
        "writes of org levels: `open` to whoever has the right, or every one answered with `403` or `405`",
        "open",
        "403",
        "405",
    ),
    _switch(
        "org_level_post",
        "either",
        "what a POST of org levels takes: an `array`, one `object`, or `either`",
        "either",
        "array",
        "object",
    ),
    _switch("org_level_rows_max", 1_000, "org levels in one POST; more are a 400 and none is made"),
    _switch(
        "org_level_answer",
        "object",
        "the 207: one `object` for all rows, or an `array` of such objects, one a row, as of employee-ids",
        "object",
        "array",
    ),
    _switch(
        "org_level_row",
        "level",
        "`body` of a row that was made: the `level`, the level under `schema`, its `key`, or `none`",
        "level",
        "schema",
        "key",
        "none",
    ),
    _switch(
        "org_level_status",
        "201",
        "`status` of a row that was made: `201`, `200`, or a `word`: success, and error for one refused",
        "201",
        "200",
        "word",
    ),
    _switch(
        "org_level_duplicate",
        "400",
        "a POST of a level and code that are there: refused with `400` or `409`, or taken as an `update`",
        "400",
        "409",
        "update",
    ),
    _switch("org_level_unknown_level", "400", "a POST to another level than 1 to 4", "400", "404"),
    _switch("org_level_unnamed_levels", True, "levels 3 and 4 take codes, although the tenant uses 1 and 2"),
    _switch("org_level_code_max", 10, "characters of a code; 0 = no limit"),
    _switch(
        "org_level_code_case",
        "kept",
        "a code that is written is `kept` as it is, or stored in `upper` case and then found in any",
        "kept",
        "upper",
    ),
    _switch(
        "org_level_too_long", "400", "a text that is too long: refused with `400`, or `cut`", "400", "cut"
    ),
    _switch(
        "org_level_description_missing",
        "400",
        "no description, or a blank one: refused with `400`, or the `code` is taken",
        "400",
        "code",
    ),
    _switch(
        "org_level_active_left_out", True, "`isActive` where a POST, or a PUT that replaces, leaves it out"
    ),
    _switch(
        "org_level_put",
        "replace",
        "what a PUT leaves out: is emptied (`replace`), stays (`keep`), or is refused with 400 (`all`)",
        "replace",
        "keep",
        "all",
    ),
    _switch("org_level_key_in_body", False, "PUT and PATCH demand `level` and `code` in the body as well"),
    _switch(
        "org_level_fixed",
        "400",
        "another `level`, `code` or `levelDescription` in the body: refused with `400`, or `ignored`",
        "400",
        "ignored",
    ),
    _switch("org_level_used_closes", True, "an org level that somebody is in can be made inactive"),
)
"""The vendor publishes paths, fields and lengths of these writes, and nothing else."""

SWITCHES = (
    _switch("runs", 1, "biweekly pay runs, the newest last; older ones have other amounts"),
    _switch("periods_ahead", 1, "pay periods in the calendar after the newest run"),
    _switch("runs_ahead", 0, "so many of them will be closed and run when the clock reaches them"),
    _switch(
        "pay_groups",
        "",
        "more pay groups, paid weekly, biweekly, semimonthly, monthly, and members: `MONTH=M:HTC02+BOSFIN,…`",
    ),
    _switch(
        "pay_follows_people",
        False,
        "a run pays who is employed in its period, in the department of the last day; else the register",
    ),
    _switch("workers", 0, "keep only the first so many workers of the register; 0 = all"),
    _switch("block_rows", 10_000, "rows in a block of a general-ledger run"),
    _switch("bench_rows", 0, "rows of the synthetic run `BENCH`; 0 = no such run"),
    _switch("bench_groups", 20_000, "distinct (account, org level 1) pairs in `BENCH`"),
    _switch("off_cycle", False, "an off-cycle bonus run for the newest period as well"),
    _switch("void", False, "a run that voids the first check of the newest run as well"),
    _switch("unbalanced", False, "the newest run is one dollar out of balance"),
    _switch("dual_company", False, "a second company, in which the first worker has a second employment"),
    _switch("rehired", False, "the second worker left and came back: two rows in employee changes"),
    _switch(
        "negative_as",
        "same_side",
        "a negative amount: `same_side` = negative debit, `other_side` = positive credit",
        "same_side",
        "other_side",
    ),
    _switch(
        "account_form",
        "base",
        "`generalLedgerAccount`: `base`, or `company-base-org` joined by hyphens",
        "base",
        "company-base-org",
    ),
    _switch("undone_runs_listed", True, "rows of an undone run can still be read"),
    _switch(
        "clock_gates_runs",
        False,
        "periods close, and runs and checks appear, only when the clock reaches them",
    ),
    _switch("strict_user_key", False, "demand the user key in the header `user_key_header`"),
    _switch(
        "user_key_header",
        "x-api-key",
        "header of the user key: `x-api-key`, `US-USER-API-KEY` or `Api-Key`",
        "x-api-key",
        "US-USER-API-KEY",
        "Api-Key",
    ),
    _switch(
        "core_bearer",
        False,
        "core endpoints also accept a platform bearer token, which then stands for the keys too",
    ),
    _switch("token_seconds", 3600, "lifetime of both kinds of token"),
    _switch("gl_permission", "Payroll Integration", "permission that opens the general ledger"),
    _switch("third_party_permission", "Third Party Pay", "permission that opens Third-Party Pay"),
    _switch(
        "without_permissions", "", "permissions the account lacks, comma-separated; `Name` or `Name:Add`"
    ),
    _switch("quota_per_minute", 60, "core calls per fixed minute; profile `vendor` only; 0 = no limit"),
    _switch("retry_after", False, "a 429 names the seconds in `Retry-After`"),
    _switch("page_rows_max", 10_000, "largest and default page of the list endpoints"),
    _switch("changes_path", "/personnel/v1/employee-changes", "path of the delta endpoint"),
    _switch(
        "changes_guard",
        True,
        "a new sweep of the delta endpoint within three hours is 429; profile `vendor` only",
    ),
    _switch(
        "changes_without_dates",
        "all",
        "delta endpoint without dates: `all` or `last_3_hours`",
        "all",
        "last_3_hours",
    ),
    _switch(
        "changes_name",
        "changed",
        "the delta endpoint names whose record was `changed` in the span, or `created` in it",
        "changed",
        "created",
    ),
    _switch(
        "employees_changed",
        False,
        "serve the delta endpoint at `/personnel/v1/employees/changed` too; 404 without it",
    ),
    _switch(
        "changes_show",
        "now",
        "a snapshot of the delta endpoint shows what holds `now`, or all that is `entered` for later too",
        "now",
        "entered",
    ),
    _switch(
        "future_hire",
        "row",
        "somebody whose first day is to come: a `row` with that day, or `hidden` until then",
        "row",
        "hidden",
    ),
    _switch(
        "future_termination",
        "history",
        "an end that is to come: in the job `history` alone, or its date `ahead` in details and changes too",
        "history",
        "ahead",
    ),
    _switch(
        "transfer_back",
        False,
        "a transfer into a company whose record carries a transfer already is carried out, not refused",
    ),
    _switch("transfer_out_reason", "TRO", "reason of the end in the company that a transfer leaves"),
    _switch("transfer_in_reason", "TRI", "reason of the row in the company that a transfer goes to"),
    _switch("blank_fields", "", "fields of people that are empty for everybody, comma-separated"),
    _switch("people_hidden", 0, "so many people, the last ones, are missing from every list"),
    *_ORG_LEVELS,
    _switch("company_zones", "", "zone of a company's days where it is another: `HTC02=Europe/Oslo,…`"),
    _switch("source_tz", "America/New_York", "zone of the vendor's times, which carry no offset"),
    _switch("third_party_path", "/services/payroll/v1/third-party-pay", "path of Third-Party Pay"),
    _switch(
        "third_party_envelope",
        "array",
        "answer of a Third-Party Pay list: `array`, `d.results` or `value`",
        "array",
        "d.results",
        "value",
    ),
    _switch(
        "third_party_gl", False, "Third-Party Pay rows carry account segments, debit, credit and cost center"
    ),
    _switch(
        "event_org_level_change",
        "EmployeeOrgLevelChangeEvent",
        "name of the webhook event for another department",
    ),
    _switch("event_status_change", "EmployeeStatusChangeEvent", "name of the event for another status"),
    _switch("event_termination", "EmployeeTerminationEvent", "name of the event for an employment that ends"),
    _switch("event_rehire", "EmployeeRehireEvent", "name of the event for somebody who comes back"),
    _switch("event_hire", "EmployeeNewHireEvent", "name of the event for a new employment"),
    _switch("event_transfer", "EmployeeTransferEvent", "name of the event for a move to another company"),
    _switch(
        "event_job_change", "EmployeeJobChangeEvent", "name of the event for another job, place, type or boss"
    ),
    _switch(
        "event_hire_date_change",
        "EmployeeHireDateChangeEvent",
        "name of the event for a hire that is moved or withdrawn",
    ),
    _switch(
        "event_termination_change",
        "EmployeeTerminationChangeEvent",
        "name of the event for an end that is moved or withdrawn",
    ),
    _switch("webhook_header", "X-UKG-Signature", "header of the webhook signature"),
    _switch(
        "webhook_algorithm",
        "sha256",
        "hash of the webhook signature, as `hashlib` names it",
        "sha256",
        "sha1",
        "sha512",
    ),
    _switch(
        "webhook_encoding", "hex", "encoding of the webhook signature: `hex` or `base64`", "hex", "base64"
    ),
    _switch("webhook_prefix", "", "text before the webhook signature, e.g. `sha256=`"),
    _switch("webhook_retry_minutes", "1,5,15", "minutes between the tries of a delivery"),
    _switch("webhook_retention_days", 14, "days a message can be replayed"),
    _switch("webhook_lose_every", 0, "lose every n-th event for ever; 0 = none"),
    _switch("webhook_duplicate_every", 0, "send every n-th event twice; 0 = none"),
    _switch("webhook_reorder", False, "send waiting events newest first"),
    _switch("webhook_any_host", False, "deliver to other than loopback addresses"),
)
