"""The purchase side: what it costs in calls, what is remembered, and what goes wrong at Exact's side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import (
    OTHER,
    SUPPLIER,
    Purchases,
    doctored,
    refuse,
)
from ml_connector.contract.sinks import differences, found, send
from ml_connector.domain.document import Marker
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import Dossier, PurchaseEntry
from ml_connector.errors import Inexpressible, OutcomeUnknown, Refused, VendorChanged

Make = Callable[..., Any]


@pytest.fixture
def world(make_world: Make, tmp_path: Path) -> Purchases:
    """A division with a purchase journal."""
    return Purchases(make_world(), tmp_path)


def calls(world: Any, since: int = 0) -> list[str]:
    """Requests so far without token calls: `GET hrm/Costcenters`."""
    asked = [one for one in world.exact.wire.requests[since:] if "/oauth2/" not in one.url.path]
    return [f"{one.method} {one.url.path.partition(f'/{world.division}/')[2]}" for one in asked]


# --- calls --------------------------------------------------------------------------------------------------


def test_calls_of_an_entry_are_at_the_floor(world: Purchases) -> None:
    """Once codes and suppliers are known: a look-up 1, a write 1, a reading back 3."""
    first = world.document("first:0:1")
    differences(world, first, send(world, first))
    document, since = world.document(), len(world.exact.wire.requests)

    assert found(world, document) == []
    receipt = send(world, document)
    assert differences(world, document, receipt) == ()

    assert [
        "GET purchaseentry/PurchaseEntries",
        "POST purchaseentry/PurchaseEntries",
        "GET purchaseentry/PurchaseEntries",
        "GET bulk/Financial/TransactionLines",
        "GET cashflow/Payments",
    ] == calls(world, since)


def test_twenty_entries_are_looked_for_in_one_question(world: Purchases) -> None:
    """Forty in two, whether they are there or not, each under its own key."""
    documents = [world.document(f"bought:{number}:0:1") for number in range(40)]
    receipts = {one.key: send(world, one) for one in documents[::7]}
    since = len(world.exact.wire.requests)

    located = world.sink.locate([(one, Marker.of(one.key)) for one in documents], None)

    assert {one.key: [receipts[one.key]] if one.key in receipts else [] for one in documents} == {
        key: list(receipts) for key, receipts in located.items()
    }
    assert ["GET purchaseentry/PurchaseEntries"] * 2 == calls(world, since)


def test_payroll_opens_nothing_of_the_purchase_side() -> None:
    """A run of payroll that opens a system and asks for its ledger loads none of these modules."""
    code = """
import sys
from ml_connector.connectors.exact_online import CONNECTOR
from ml_connector.contract.memory import memory_wiring
from ml_connector.domain.journal import JournalEntry
settings = {"base_url": "http://127.0.0.1:9", "division": "1", "redirect_uri": "http://127.0.0.1/x"}
system = CONNECTOR.open(settings, memory_wiring())
assert JournalEntry in system.sinks and system.sink(JournalEntry) is system.ledger
assert next(iter(system.sinks.values())) is system.ledger
print([name for name in sys.modules if "purchas" in name or "dossier" in name or "attachm" in name])
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_kind_is_offered(world: Purchases) -> None:
    """A flow finds out what is there without naming a product."""
    names = {kind.__name__ for kind in (*world.exact.system.sinks, *world.exact.system.sources)}

    assert {"PurchaseEntry", "Dossier", "Attachment", "PurchaseChart", "JournalEntry"} <= names


# --- finding ------------------------------------------------------------------------------------------------


def test_search_that_is_refused_goes_by_supplier_and_number(world: Purchases) -> None:
    """Should Exact not search in descriptions, number and supplier find the entry and the token proves it;
    the refused search is not tried again.
    """
    document = world.document()
    receipt = send(world, document)
    namesake = replace(world.document("another:0:1"), number=document.number, lines=document.lines[:1])
    send(world, namesake)
    refuse(world, "substringof", "This $filter parameter is not supported for this resource")
    since = len(world.exact.wire.requests)

    for _ in range(2):
        assert [receipt] == found(world, document)
    assert found(world, replace(document, supplier="98765")) == []

    searches = [one for one in calls(world, since) if "PurchaseEntries" in one]
    assert len(searches) == 1 + 2


def test_entry_with_another_number_and_supplier_is_found(world: Purchases) -> None:
    """A person corrected both: the marker still tells that it is ours, and reading back shows the change."""
    document = world.document()
    receipt = send(world, document)
    (other,) = world.rows("crm/Accounts", f"Code eq '{OTHER:>18}'", "ID")
    corrected = {"YourRef": "corrected", "Supplier": other["ID"]}
    world.control("edit_purchase", id=receipt.reference, set=corrected)

    assert [receipt] == found(world, document)
    texts = " ".join(problem.text for problem in differences(world, document, receipt))
    assert "The supplier is 20001 in the ledger" in texts
    assert "The number of the invoice is corrected" in texts


def test_entry_of_a_supplier_that_was_merged_is_found(world: Purchases) -> None:
    """A person merged the supplier into another one: the entry is found, and its supplier is a difference."""
    document = world.document()
    receipt = send(world, document)

    world.control("merge_supplier", code=SUPPLIER, into=OTHER)

    assert [receipt] == found(world, document, world.reopen())
    (problem,) = differences(world, document, receipt)
    assert f"The supplier is {OTHER} in the ledger and was written as {SUPPLIER}." in problem.text


def test_default_code_of_an_account_is_never_taken(world: Purchases) -> None:
    """A line that means no VAT says so, and the account's own code of 21 % adds none."""
    (account,) = world.rows("financial/GLAccounts", "Code eq '4100'", "ID")
    world.call("PUT", f"financial/GLAccounts(guid'{account['ID']}')", {"VATCode": "21"})
    nothing = Money.parse("0.00", "USD")
    line = replace(world.document().lines[0], vat=nothing, vat_code="N")
    document = replace(world.document(), lines=(line,))

    booked = world.sink.read_back(send(world, document))

    assert Money.parse("100.00", "USD") == booked.payable
    assert world.sink.compare(document, booked) == ()


def test_quotes_in_a_number_are_data(world: Purchases) -> None:
    """Whatever the supplier printed is sent, found and compared as it is."""
    refuse(world, "substringof", "This $filter parameter is not supported for this resource")
    document = replace(world.document(), number="O'Brien & Söhne #7")

    receipt = send(world, document)

    assert [receipt] == found(world, document)
    assert differences(world, document, receipt) == ()


def test_same_invoice_under_another_key_is_refused_by_exact(world: Purchases) -> None:
    """Supplier, number, date and amount are one already: nothing is booked, and the text says what to do."""
    document = world.document()
    send(world, document)

    with pytest.raises(Refused) as caught:
        send(world, replace(document, key="other:0:1"))

    assert caught.value.problem.code == "purchase.duplicate"
    assert len(world.references()) == 1


# --- writing ------------------------------------------------------------------------------------------------


def test_two_documents_of_one_entry_are_said_before_sending(world: Purchases) -> None:
    """Exact links one."""
    (problem,) = world.sink.check(replace(world.document(), refers=("a:0:1", "b:0:1")))

    assert problem.code == "document.several"


def test_cost_on_an_account_of_payables_is_not_sent(world: Purchases) -> None:
    """It could not be told from what the supplier is owed, for it is by accounts that an entry is read."""
    line = replace(world.document().lines[0], account="1603")

    with pytest.raises(Inexpressible) as caught:
        send(world, replace(world.document(), lines=(line,)))

    assert caught.value.problem.code == "account.payables"
    assert "account 1603" in caught.value.problem.text
    assert world.references() == []


def test_vat_code_that_is_new_is_read(world: Purchases) -> None:
    """A code that was made after the connection was opened is found at the next entry that uses it."""
    send(world, world.document("first:0:1"))
    world.call("POST", "vat/VATCodes", {"Code": "9", "Description": "Low", "Type": "E"})
    world.control("set_vat_percentage", code="9", percentage="0.09", date="2020-01-01")
    line = replace(world.document().lines[0], vat_code="9")
    document = replace(world.document(), lines=(line,))

    assert differences(world, document, send(world, document)) == ()


@pytest.mark.parametrize("code", ["vat.blocked", "vat.sales"])
def test_vat_code_that_may_not_be_used(world: Purchases, code: str) -> None:
    """Nothing is sent on a code that is blocked or for sales."""
    (high,) = world.rows("vat/VATCodes", "Code eq '21'", "ID")
    sales = {"VATTransactionType": "S"} if code == "vat.sales" else {"IsBlocked": True}
    world.call("PUT", f"vat/VATCodes(guid'{high['ID']}')", sales)

    with pytest.raises(Inexpressible) as caught:
        send(world, world.document())

    assert code == caught.value.problem.code
    assert world.references() == []


def test_rate_of_its_own_is_compared(world: Purchases) -> None:
    """Exact that takes another rate than the entry's is a difference."""
    document = replace(world.document(), currency="EUR", rate=world.foreign())
    lines = tuple(
        replace(line, net=Money(line.net.amount, "EUR"), vat=Money(line.vat.amount, "EUR"))
        for line in document.lines
    )
    document = replace(document, lines=lines)
    receipt = send(world, document)
    assert differences(world, document, receipt) == ()

    world.control("edit_purchase", id=receipt.reference, set={"Rate": "1"})

    (problem,) = differences(world, document, receipt)
    assert "The exchange rate is 1 in the ledger and was written as 1.0825." in problem.text


@pytest.mark.parametrize("body", [b'{"d":{"EntryID":""}}', b'{"d":{}}', b"<html>", b'{"d":'])
def test_answer_that_names_nothing_is_unknown(world: Purchases, body: bytes) -> None:
    """Booked or not, nobody knows from such an answer."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "POST" or "PurchaseEntries" not in request.url.path:
            return response
        kind = "text/html" if body == b"<html>" else "application/json"
        return httpx2.Response(201, headers={"Content-Type": kind}, content=body)

    world.exact.wire.after = after

    with pytest.raises(OutcomeUnknown):
        send(world, world.document())
    assert len(found(world, world.document())) == 1


# --- reading ------------------------------------------------------------------------------------------------


def test_entries_of_others_that_are_odd_are_read_all_the_same(world: Purchases) -> None:
    """A line without an account is left out, an entry without a number has none."""
    world.by_hand(your_ref="")

    def odd(rows: list[dict[str, Any]]) -> None:
        rows.append({**rows[0], "GLAccountCode": None, "AmountFC": 0})

    doctored(world, "TransactionLines", odd)
    (booked,) = world.sink.near(world.document())

    assert ("", 1, "") == (booked.number, len(booked.lines), booked.marker)


def test_ledger_lines_are_read_in_small_pages_where_bulk_is_refused(world: Purchases) -> None:
    """The same entry by the other address; the refused one is not tried again."""
    document = world.document()
    receipt = send(world, document)

    refuse(world, "/bulk/Financial/TransactionLines", "Filtering on these fields is not supported: EntryID")
    for _ in range(2):
        assert differences(world, document, receipt) == ()

    assert calls(world).count("GET bulk/Financial/TransactionLines") == 1


def test_amounts_that_cannot_be_read_stop(world: Purchases) -> None:
    """More decimals than the currency has."""
    receipt = send(world, world.document())
    doctored(world, "TransactionLines", lambda rows: rows[0].update(AmountFC=100.001))

    with pytest.raises(VendorChanged):
        world.sink.read_back(receipt)


def test_supplier_with_an_account_of_payables_of_its_own(world: Purchases) -> None:
    """Its code is given, so that it can be compared with the journal's; without one it is empty."""
    identity, _ = world.supplier()
    accounts = {row["Code"]: row["ID"] for row in world.rows("financial/GLAccounts", "Type eq 22", "ID,Code")}
    assert world.facts.suppliers(world.division, [identity])[identity].creditor == ""

    world.exact.control(
        "put_relation", code=SUPPLIER, set={"GLAP": accounts["1603"], "EndDate": "2026-12-31"}
    )
    (supplier,) = world.facts.suppliers(world.division, [identity, "no guid"]).values()

    assert ("1603", "2026-12-31") == (supplier.creditor, str(supplier.end))


# --- ending -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["selected", "processed", "paid"])
def test_entry_in_a_payment_run_is_not_withdrawn(world: Purchases, status: str) -> None:
    """Selected, in a bank file or matched: it stays, and nothing is sent to delete it."""
    receipt = send(world, world.document())
    if status == "paid":
        world.pay(receipt.reference)
    else:
        world.control("set_payment_status", entries=[receipt.reference], status=status)

    with pytest.raises(Refused) as caught:
        world.sink.end(receipt)

    assert caught.value.problem.code == "document.paid"
    assert not [one for one in calls(world) if one.startswith("DELETE")]


def test_entry_that_is_processed_is_not_withdrawn(world: Purchases) -> None:
    """It is final: nothing is sent to delete it, and the text says what to do."""
    receipt = send(world, world.document())
    world.process(receipt.reference)

    with pytest.raises(Refused) as caught:
        world.sink.end(receipt)

    assert caught.value.problem.code == "document.processed"
    assert "Reverse it." in caught.value.problem.text
    assert not [one for one in calls(world) if one.startswith("DELETE")]


def test_withdrawal_that_exact_refuses_changes_nothing(world: Purchases) -> None:
    """Somebody paid it in the moment between: Exact's own words are shown."""
    receipt = send(world, world.document())

    def pay(request: httpx2.Request) -> None:
        if request.method == "DELETE":
            world.pay(receipt.reference)

    world.exact.wire.before = pay
    with pytest.raises(Refused) as caught:
        world.sink.end(receipt)

    assert "Exact refused" in caught.value.problem.text
    assert [receipt.reference] == world.references()


# --- the ping -----------------------------------------------------------------------------------------------


def test_rights_of_the_purchase_side_are_optional(world: Purchases) -> None:
    """Each is asked for by name; a payroll connection is fine without."""
    rights = {right.name: right for right in world.exact.system.check()}

    wanted = {
        "read VAT codes 1204",
        "read payment conditions 1204",
        "read payments 1204",
        "write purchase entries 1204",
        "delete purchase entries 1204",
        "write documents 1204",
        "write attachments 1204",
    }
    assert wanted <= rights.keys()
    assert dict.fromkeys(wanted, True) == {name: rights[name].optional for name in wanted}


def test_dossier_and_entry_share_no_key(world: Purchases) -> None:
    """The same connection writes both kinds, each in its own place."""
    assert world.exact.system.sink(Dossier) is not world.exact.system.sink(PurchaseEntry)
