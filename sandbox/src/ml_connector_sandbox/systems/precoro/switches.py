"""Every fact about the vendor that its public material leaves open or contradicts, as a named switch with
the likeliest answer as default, and what goes wrong there on purpose.

The README's table is compared with this list by a test.
"""

from __future__ import annotations

from ml_connector_sandbox.core.outbound import DELIVERY_SWITCHES
from ml_connector_sandbox.core.switches import Switch


def _choice(name: str, choices: tuple[str, ...], meaning: str) -> Switch:
    """A text, the first choice unless turned."""
    return Switch(name=name, default=choices[0], choices=choices, meaning=meaning)


LIMITS = (
    Switch(name="calls_per_hour", default=1_500, meaning="calls of a key in an hour"),
    Switch(name="calls_per_day", default=3_000, meaning="calls of a key in a day (UTC)"),
    Switch(name="pace_milliseconds", default=1_000, meaning="least time between two calls of a key"),
    Switch(name="same_get_seconds", default=60, meaning="for so long the same GET is refused"),
    Switch(name="same_get_per_hour", default=30, meaning="the same GET in an hour; 0 = no such limit"),
    Switch(
        name="any_parameter_differs",
        default=True,
        meaning="a parameter that no endpoint knows makes it another GET; else only known ones count",
    ),
    Switch(name="pace_limit_type", default="Limiter by second", meaning="`RateLimit-Type` of the pace"),
    _choice(
        "limit_headers",
        ("none", "rate_limit", "retry_after"),
        "headers of a 429: `none`, the `rate_limit` values of the body, or the standard `retry_after`",
    ),
)
ERRORS = (
    Switch(name="bad_key_status", default=401, meaning="status without, or with an unknown, key or e-mail"),
    Switch(name="inactive_user_status", default=403, meaning="status for the key of an inactive user"),
    _choice(
        "error_as",
        ("message", "error", "text"),
        "an error that is of no field: the JSON key `message` or `error`, or plain `text`",
    ),
    _choice(
        "field_errors", ("nested", "flat"), "errors of fields: `nested` twice under `errors`, or `flat` once"
    ),
    Switch(name="created_status", default=201, meaning="status of a write that made a record"),
    _choice("invisible_as", ("404", "403"), "status of a record that the user may not see"),
    _choice(
        "json_body",
        ("ignored", "refused"),
        "a JSON body where a form is expected: `ignored`, or `refused` with 415",
    ),
)
LISTS = (
    _choice(
        "paging",
        ("new", "old", "both"),
        "`meta.pagination`: `new` has_next_page and current_page, `old` totals and links, or `both`",
    ),
    Switch(name="per_page_default", default=20, meaning="rows of a page without `per_page`"),
    _choice(
        "odd_per_page",
        ("default", "refuse"),
        "a `per_page` that is none of 10, 20, 50, 100, 200: the `default` size, or `refuse` with 400",
    ),
    _choice(
        "order",
        ("id", "newest_first", "updated", "updated_first"),
        "order of a list: by `id`, `newest_first`, last `updated` at the end or `updated_first`",
    ),
    _choice(
        "page_drift",
        ("none", "skip", "repeat"),
        "from the second page on, a row is missing (`skip`) or comes again (`repeat`), as when a list moves",
    ),
    Switch(name="modified_since_inclusive", default=True, meaning="`modifiedSince` includes its own second"),
    Switch(
        name="modified_since_hours",
        default=0,
        meaning="hours that the zone of `modifiedSince` and of dates in filters is ahead of UTC",
    ),
    _choice(
        "payments_by_external_id",
        ("works", "ignored"),
        "`external_id[]` on payments: `works`, or is `ignored` and gives every row",
    ),
    Switch(
        name="credit_notes_unfiltered",
        default=True,
        meaning="a list of invoices without `logicType[]` holds credit notes too",
    ),
    Switch(name="sent_flag_follows_id", default=True, meaning="what has an `externalId` counts as sent"),
)
SHAPES = (
    _choice(
        "money",
        ("mixed", "text", "number"),
        "amounts: `mixed` (paid sums are text, others numbers), all `text`, or all `number`",
    ),
    _choice("unset_reference", ("array", "null"), "a reference that is not set: an empty `array` or `null`"),
    _choice(
        "exchange_rate_as",
        ("object", "number"),
        "`exchangeRate`: an `object` (empty array for none), `number`",
    ),
    _choice(
        "exchange_rate_direction",
        ("company_per_document", "document_per_company"),
        "an `exchangeRate` is what one unit of the document's, or of the company's currency costs",
    ),
    _choice(
        "field_value_as",
        ("id", "name", "object"),
        "`value` of a custom field with options: the option's `id` or `name` as text, or the `object`",
    ),
    _choice("option_ids_as", ("text", "list"), "`allDocumentCustomFieldOptionsIds`: `text` or a `list`"),
    _choice(
        "parent_as",
        ("parentData", "parentIdn"),
        "a child of a split invoice names its parent in `parentData.idn`, or in the older flat `parentIdn`",
    ),
    _choice(
        "credit_note_sums", ("positive", "negative"), "amounts of a credit note: `positive` or `negative`"
    ),
    _choice(
        "attachment_download",
        ("binary", "base64", "url"),
        "`GET /attachments/{id}`: the `binary` file, or JSON with its `base64` or its `url` in `file`",
    ),
    _choice("php_dates", ("attachments", "none"), "`uploadDate` of attachments is a PHP date object"),
    Switch(name="payment_status_active", default=1, meaning="`status` of a payment that stands"),
    Switch(name="payment_status_cancelled", default=2, meaning="`status` of a cancelled payment"),
    Switch(name="supplier_status_pending", default=1, meaning="`status` of a supplier in approval"),
    Switch(name="supplier_status_rejected", default=3, meaning="`status` of a rejected supplier"),
)
RULES = (
    _choice(
        "new_supplier", ("approved", "pending"), "a supplier made through the API is `approved` or `pending`"
    ),
    Switch(name="put_clears_missing", default=False, meaning="PUT of a supplier empties what is left out"),
    Switch(
        name="unique_code_enforced",
        default=True,
        meaning="a second `uniqueCode` or code of an option is refused",
    ),
    Switch(
        name="external_id_unique", default=False, meaning="an `externalId` that another record has is refused"
    ),
    Switch(name="external_id_overwritable", default=True, meaning="an `externalId` can be set again"),
    Switch(name="patch_bumps_update_date", default=True, meaning="PATCH of `externalId` moves `updateDate`"),
    Switch(name="patch_notifies", default=True, meaning="PATCH of `externalId` sends a webhook"),
    _choice(
        "paid_text",
        ("already", "exceeds"),
        "refusal of a payment when nothing is left: `already` fully paid, or the amount `exceeds` 0",
    ),
    Switch(name="credit_note_payments", default=False, meaning="a credit note can be paid"),
    Switch(
        name="revision_clears_approval_date",
        default=True,
        meaning="an invoice on revise has no `approvalDate` until it is approved again",
    ),
    Switch(
        name="pending_receipt_is_approved",
        default=False,
        meaning="an invoice that waits for its receipt (9) has an `approvalDate`",
    ),
    Switch(
        name="text_max",
        default=0,
        meaning="characters of a name or code of options, taxes and terms, which no source states; 0 = any",
    ),
    Switch(name="disabled_options_hidden", default=False, meaning="lists of options leave out disabled ones"),
)
EVENTS = (
    Switch(name="custom_field_webhooks", default=True, meaning="custom fields have webhooks (10, 11)"),
    Switch(name="webhook_retries", default=0, meaning="how often a webhook that was not taken is sent again"),
    Switch(
        name="webhooks_only_loopback",
        default=True,
        meaning="a guard of ours: nothing is ever sent beyond this machine",
    ),
    *DELIVERY_SWITCHES,
)
AMOUNTS = (
    Switch(name="more_suppliers", default=0, meaning="so many suppliers more, from the next reset on"),
    Switch(name="more_invoices", default=0, meaning="so many approved invoices more, from the next reset on"),
)
SWITCHES = (*LIMITS, *ERRORS, *LISTS, *SHAPES, *RULES, *EVENTS, *AMOUNTS)
