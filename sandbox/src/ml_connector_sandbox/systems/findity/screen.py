"""What people do at the vendor's screens besides reports: how an organization is set, its master data, the
client's access, and its webhook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.findity import masters, screen_reports, vouchers
from ml_connector_sandbox.systems.findity.book import MASTERS, Book
from ml_connector_sandbox.systems.findity.limits import Limits
from ml_connector_sandbox.systems.findity.screen_reports import organization_of
from ml_connector_sandbox.systems.findity.signin import SignIn
from ml_connector_sandbox.systems.findity.webhooks import Webhooks


class Tenant(Protocol):
    """What the actions need of the vendor."""

    book: Book
    switches: Switches
    webhooks: Webhooks
    limits: Limits
    clock: Clock
    sign_in: SignIn

    def tell(self, export: Row) -> None:
        """Tell of an export."""


Action = Callable[[Any, Json], Json]


def _set_grouping(tenant: Tenant, typed: Json) -> Json:
    held, grouping = organization_of(tenant, typed), typed.get("grouping")
    if grouping not in vouchers.GROUPINGS:
        raise ValueError(f"grouping: one of {', '.join(vouchers.GROUPINGS)}")
    held["grouping"] = grouping
    return {"organization": held["id"], "grouping": grouping}


def _set_recipient(tenant: Tenant, typed: Json) -> Json:
    """Whether there are credit rows, and the journal that vouchers name."""
    held = organization_of(tenant, typed)
    if "bookkeeping" in typed:
        held["bookkeeping"] = bool(typed["bookkeeping"])
    if "journal" in typed:
        held["journal"] = None if typed["journal"] is None else str(typed["journal"])[:40]
    return {"organization": held["id"], "bookkeeping": held["bookkeeping"], "journal": held["journal"]}


def _api(on: bool) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        held = organization_of(tenant, typed)
        held["api"] = on
        return {"organization": held["id"], "api": on}

    return action


def _owner(tenant: Tenant, typed: Json, table: str) -> Row:
    owner: Row = {"organization": organization_of(tenant, typed)["id"]}
    if table == "dimension_values":
        owner["dimension"] = tenant.book.one("dimensions", **owner, name=str(typed.get("dimension", "")))[
            "id"
        ]
    return owner


def _table(typed: Json) -> str:
    table = typed.get("table")
    if table not in MASTERS:
        raise ValueError(f"table: one of {', '.join(MASTERS)}")
    return str(table)


def _add_master(tenant: Tenant, typed: Json) -> Json:
    """A record with the vendor's own names, whatever a client may make."""
    table = _table(typed)
    owner = _owner(tenant, typed, table)
    row, _ = masters.create(tenant.book, tenant.switches, table, owner, dict(typed.get("set") or {}))
    return masters.written(table, row, tenant.switches)


def _edit_master(tenant: Tenant, typed: Json) -> Json:
    """By `key`, its number, code or name."""
    table, key = _table(typed), str(typed.get("key", ""))
    row = masters.same_key(tenant.book, table, _owner(tenant, typed, table), key)
    if row is None:
        raise KeyError(f"{table} {key}")
    masters.update(tenant.book, tenant.switches, table, row, dict(typed.get("set") or {}))
    return masters.written(table, row, tenant.switches)


def _attach_account(tenant: Tenant, typed: Json) -> Json:
    """The account of a category, of a payment method or of a VAT code; no check is made."""
    table = _table(typed)
    if table not in ("categories", "payment_methods", "vat_codes"):
        raise ValueError("table: categories, payment_methods or vat_codes")
    row = masters.same_key(tenant.book, table, _owner(tenant, typed, table), str(typed.get("key", "")))
    if row is None:
        raise KeyError(f"{table} {typed.get('key')}")
    row["account"] = None if typed.get("account") is None else str(typed["account"])[:40]
    return masters.written(table, row, tenant.switches)


def add_user(book: Book, organization: Row, typed: Json) -> Row:
    """Somebody who writes reports."""
    name = str(typed["name"])[:120]
    number = typed.get("employee_number")
    supplier = typed.get("supplier_number")
    return book.add(
        "users",
        {
            "organization": organization["id"],
            "name": name,
            "email": str(typed.get("email", f"{name.split()[0].lower()}@noordkade.example"))[:200],
            "employee_number": None if number is None else str(number)[:40],
            "supplier_number": None if supplier is None else str(supplier)[:40],
        },
    )


def _add_user(tenant: Tenant, typed: Json) -> Json:
    if not str(typed.get("name", "")).strip():
        raise ValueError("name: who it is")
    return dict(add_user(tenant.book, organization_of(tenant, typed), typed))


def _edit_user(tenant: Tenant, typed: Json) -> Json:
    row = tenant.book.one("users", name=str(typed.get("user", "")))
    changes = dict(typed.get("set") or {})
    unknown = set(changes) - {"name", "email", "employee_number", "supplier_number"}
    if unknown:
        raise ValueError(f"set: {sorted(unknown)[0]} is not known")
    row.update({name: None if value is None else str(value)[:200] for name, value in changes.items()})
    return dict(row)


def _set_webhook(tenant: Tenant, typed: Json) -> Json:
    tenant.webhooks.set_url(str(typed.get("url", "")))
    return {"url": tenant.webhooks.url}


def _remove_webhook(tenant: Tenant, _: Json) -> Json:
    tenant.webhooks.url = None
    return {"url": None}


def _send_webhook(tenant: Tenant, typed: Json) -> Json:
    """Tell of an export again, by its id or number; of the last one unless said."""
    rows = list(tenant.book.rows("exports"))
    if "export" in typed:
        rows = [row for row in rows if str(typed["export"]) in (row["id"], row["number"])]
    if not rows:
        raise KeyError(f"export {typed.get('export', '')}")
    tenant.tell(rows[-1])
    return {"export": rows[-1]["id"]}


def _new_secret(tenant: Tenant, _: Json) -> Json:
    tenant.sign_in.new_secret()
    return {"client_id": tenant.sign_in.client_id, "client_secret": tenant.sign_in.client_secret}


def _burn(tenant: Tenant, _: Json) -> Json:
    tenant.sign_in.burn_refresh_token(tenant.clock.now())
    return {"burnt": True}


def _use_up(tenant: Tenant, typed: Json) -> Json:
    tenant.limits.force(int(typed.get("calls", 1)))
    return {"refused_next": tenant.limits.forced}


ACTIONS: dict[str, Action] = {
    **screen_reports.ACTIONS,
    "set_grouping": _set_grouping,
    "set_recipient": _set_recipient,
    "enable_api": _api(True),
    "disable_api": _api(False),
    "add_master": _add_master,
    "edit_master": _edit_master,
    "attach_account": _attach_account,
    "add_user": _add_user,
    "edit_user": _edit_user,
    "set_webhook": _set_webhook,
    "remove_webhook": _remove_webhook,
    "send_webhook": _send_webhook,
    "notifications": lambda tenant, _: tenant.webhooks.outbox.describe(),
    "deliver": lambda tenant, _: {"delivered": tenant.webhooks.outbox.deliver()},
    "new_secret": _new_secret,
    "revoke_tokens": lambda tenant, _: {"ended": tenant.sign_in.revoke()},
    "burn_refresh_token": _burn,
    "use_up": _use_up,
}
