"""Who may call: a key of one user, sent with the user's e-mail, and what that user may see."""

from __future__ import annotations

import hashlib

from ml_connector_sandbox.core.oauth import same_secret
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Request, Row
from ml_connector_sandbox.systems.precoro.answers import Refused
from ml_connector_sandbox.systems.precoro.book import DOCUMENTS, Book

ACCESSES = ("locations", "legalentities", "options")
"""By what a user's view is cut: None is everything, else the ids that are seen. Departments and projects are
options of document custom fields.
"""
OWNERS = {1: "invoices", 2: "purchaseorders", 4: "receipts", 5: "expenses", 8: "suppliers"}
"""What an attachment can belong to, by its object type."""


def key_of(seed: int, email: str, edition: int) -> str:
    """The key of a user; a new one with every edition."""
    return hashlib.sha256(f"precoro {seed} {email} {edition}".encode()).hexdigest()[:48]


def signed_in(request: Request, book: Book, switches: Switches) -> Row:
    """The user who calls; `Refused` for anybody else."""
    token, email = request.headers.get("x-auth-token", ""), request.headers.get("email", "")
    for user in book.rows("users"):
        if same_secret(token, user["key"]) and email.strip().lower() == user["email"].lower():
            if not user["active"]:
                raise Refused(int(switches["inactive_user_status"]), "User is not active")
            return user
    raise Refused(int(switches["bad_key_status"]), "Invalid credentials")


def is_unrestricted(user: Row, table: str) -> bool:
    """Whether the user sees every record of a table that can be seen at all."""
    cut = user["withheld"] or any(user[name] is not None for name in ACCESSES)
    return not cut and table != "attachments"


def sees(book: Book, user: Row, table: str, row: Row) -> bool:
    """Whether a record exists for this user."""
    if table in user["withheld"]:
        return False
    if is_unrestricted(user, table):
        return True
    if table in DOCUMENTS:
        return _sees_document(user, row)
    if table == "payments":
        table, key = (
            ("invoices", row["invoice"]) if row["invoice"] else ("purchaseorders", row["purchaseOrder"])
        )
        owner = book.get(table, key)
        return owner is not None and sees(book, user, table, owner)
    if table == "attachments":
        table = OWNERS[row["objectType"]]
        owner = book.get(table, row["object"])
        return owner is not None and sees(book, user, table, owner)
    if table == "suppliers":
        entities = row["legalEntities"]
        return user["legalentities"] is None or not entities or bool(set(entities) & user["legalentities"])
    if table in ("locations", "legalentities"):
        return user[table] is None or row["id"] in user[table]
    if table == "documentcustomfields_options":
        return user["options"] is None or row["id"] in user["options"]
    return True


def _sees_document(user: Row, row: Row) -> bool:
    chosen = [value for value in row["values"].values() if isinstance(value, int)]
    return (
        (user["locations"] is None or row["location"] in user["locations"])
        and (user["legalentities"] is None or row["legalEntity"] in user["legalentities"])
        and (user["options"] is None or not chosen or bool(set(chosen) & user["options"]))
    )
