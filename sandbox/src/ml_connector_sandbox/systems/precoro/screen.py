"""What people do at the vendor's screens besides documents and master data: users and their rights, keys,
webhooks, and what a test needs to be played at the right moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.precoro import screen_documents, screen_masters
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.entering import one
from ml_connector_sandbox.systems.precoro.limits import Limits
from ml_connector_sandbox.systems.precoro.screen_documents import invoice_of
from ml_connector_sandbox.systems.precoro.webhooks import TYPES, UPDATED, Webhooks

RIGHTS = (
    *("invoices", "payments", "suppliers", "purchaseorders", "receipts", "expenses", "taxes", "paymentterms"),
    *(
        "itemcustomfields",
        "documentcustomfields",
        "items",
        "locations",
        "legalentities",
        "contracts",
        "users",
    ),
    "attachments",
)
"""What a user can be kept from, by the resource that is silently empty then."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An action that somebody takes just before a record is read."""

    action: str
    arguments: Json


class Tenant(Protocol):
    """What the actions need of the vendor."""

    book: Book
    switches: Switches
    webhooks: Webhooks
    limits: Limits
    clock: Clock
    planned: dict[int, list[Planned]]

    def new_key(self, user: Row) -> str:
        """Another key for a user."""


Action = Callable[[Any, Json], Json]


def _user(tenant: Tenant, typed: Json) -> Row:
    """By e-mail; the first one, whose key the connection has, unless said."""
    if "email" not in typed:
        return next(tenant.book.rows("users"))
    return one(tenant.book, "users", "email", typed["email"])


def _shown(user: Row) -> Json:
    cuts = {
        name: None if user[name] is None else sorted(user[name])
        for name in ("locations", "legalentities", "options")
    }
    return {"email": user["email"], "active": user["active"], "withheld": sorted(user["withheld"]), **cuts}


def _restrict(tenant: Tenant, typed: Json) -> Json:
    """The user sees records of these locations, entities and options only; others are silently missing."""
    user, book = _user(tenant, typed), tenant.book
    chosen: Row = {}
    if "locations" in typed:
        chosen["locations"] = {
            one(book, "locations", "uniqueCode", code)["id"] for code in typed["locations"]
        }
    if "entities" in typed:
        chosen["legalentities"] = {
            one(book, "legalentities", "name", name)["id"] for name in typed["entities"]
        }
    if "options" in typed:
        rows = book.tables["documentcustomfields_options"].values()
        wanted = {str(code) for code in typed["options"]}
        chosen["options"] = {row["id"] for row in rows if row["code"] in wanted}
    if not chosen:
        raise ValueError("restrict_user takes locations, entities or options")
    user.update(chosen, updateDate=book.now())
    return _shown(user)


def _unrestrict(tenant: Tenant, typed: Json) -> Json:
    user = _user(tenant, typed)
    user.update(locations=None, legalentities=None, options=None, updateDate=tenant.book.now())
    user["withheld"].clear()
    return _shown(user)


def _right(granted: bool) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        user, right = _user(tenant, typed), typed.get("right")
        if right not in RIGHTS:
            raise ValueError(f"right: one of {', '.join(RIGHTS)}")
        (user["withheld"].discard if granted else user["withheld"].add)(right)
        return _shown(user)

    return action


def _active(active: bool) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        user = _user(tenant, typed)
        others = [row for row in tenant.book.rows("users") if row["active"] and row is not user]
        if not active and not others:
            raise ValueError("somebody must stay active")
        user["active"] = active
        return _shown(user)

    return action


def _new_key(tenant: Tenant, typed: Json) -> Json:
    user = _user(tenant, typed)
    return {"email": user["email"], "token": tenant.new_key(user)}


def _add_webhook(tenant: Tenant, typed: Json) -> Json:
    """At most five; without types or actions, all of them."""
    types = [int(kind) for kind in typed.get("types", ())]
    actions = [int(kind) for kind in typed.get("actions", ())]
    return tenant.webhooks.add(str(typed.get("url", "")), types, actions, _user(tenant, typed))


def _remove_webhook(tenant: Tenant, typed: Json) -> Json:
    held = tenant.webhooks.endpoints
    kept = [endpoint for endpoint in held if endpoint["url"] != typed.get("url")]
    if len(kept) == len(held):
        raise KeyError(f"webhook {typed.get('url')}")
    held[:] = kept
    return {"endpoints": [dict(endpoint) for endpoint in kept]}


def _send_webhook(tenant: Tenant, typed: Json) -> Json:
    """A notification about a record that did not change, as the vendor sends one now and then."""
    table = str(typed.get("table", "invoices"))
    if table not in TYPES:
        raise ValueError(f"table: one of {', '.join(TYPES)}")
    row = invoice_of(tenant, typed) if table == "invoices" else one(tenant.book, table, "id", typed.get("id"))
    tenant.webhooks.tell(tenant.book, table, row, int(typed.get("action", UPDATED)))
    return {"id": row["id"]}


def _before_detail(tenant: Tenant, typed: Json) -> Json:
    """`{"idn": "1001", "do": "revise", "arguments": {…}}`: done when that invoice is read the next time."""
    invoice, action = invoice_of(tenant, typed), str(typed.get("do", "comment"))
    if action not in screen_documents.ACTIONS:
        raise ValueError(f"do: one of {', '.join(sorted(screen_documents.ACTIONS))}")
    arguments = {"idn": invoice["idn"], **dict(typed.get("arguments") or {})}
    tenant.planned.setdefault(invoice["id"], []).append(Planned(action, arguments))
    return {"idn": invoice["idn"], "do": action}


def _use_up(tenant: Tenant, typed: Json) -> Json:
    """`second` and `same_get` refuse the next call, `hour` and `day` every one until the window ends."""
    key = _user(tenant, typed)["key"]
    tenant.limits.use_up(key, str(typed.get("what", "day")), tenant.clock.now())
    return dict(tenant.limits.standing(key, tenant.clock.now()))


ACTIONS: dict[str, Action] = {
    **screen_documents.ACTIONS,
    **screen_masters.ACTIONS,
    "restrict_user": _restrict,
    "unrestrict_user": _unrestrict,
    "withdraw_right": _right(False),
    "grant_right": _right(True),
    "deactivate_user": _active(False),
    "activate_user": _active(True),
    "new_key": _new_key,
    "add_webhook": _add_webhook,
    "remove_webhook": _remove_webhook,
    "send_webhook": _send_webhook,
    "notifications": lambda tenant, _: tenant.webhooks.outbox.describe(),
    "deliver": lambda tenant, _: {"delivered": tenant.webhooks.outbox.deliver()},
    "before_detail": _before_detail,
    "use_up": _use_up,
    "quotas": lambda tenant, typed: tenant.limits.standing(_user(tenant, typed)["key"], tenant.clock.now()),
}
