"""Findity's exports: vouchers in every grouping, and what becomes of reports when a status comes back."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from tests.sandbox.findity_world import World

from ml_connector_sandbox.systems.findity.vouchers import ACCOUNTING, GROUPINGS, PAYMENT_ONLY

READY = ["London in a day", "Auditor's visit", "Antwerp by car", "New keyboard"]


def exported(world: World, grouping: str | None = None, *titles: str) -> tuple[str, list[dict[str, Any]]]:
    """An export of these reports, of all that are ready unless named, and its vouchers."""
    named = {"reports": list(titles)} if titles else {}
    made = world.control("make_export", grouping=grouping, **named)
    return made["id"], world.vouchers(made["id"])


def per_account(rows: list[dict[str, Any]]) -> dict[Any, Decimal]:
    """The sums of rows by type, account and VAT code."""
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["rowType"], row["accountNumber"], row["taxCode"]] += Decimal(row["amount"])
    return {key: value for key, value in sums.items() if value}


def expected(world: World, titles: list[str]) -> dict[Any, Decimal]:
    """The same from what people typed, as the books hold it."""
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for title in titles:
        for expense in world.report(title)["expenses"]:
            for line in expense["lines"]:
                sums["DEBIT", line["account"], line["vat_code"]] += Decimal(line["net"])
                sums["VAT", line["vat_account"], line["vat_code"]] += Decimal(line["vat"])
            sums["CREDIT", expense["credit_account"], None] += Decimal(expense["gross"])
    return {key: value for key, value in sums.items() if value}


@pytest.mark.parametrize("grouping", ACCOUNTING)
def test_every_grouping_with_accounts_comes_to_the_same(grouping: str) -> None:
    """Each voucher balances, and together they are what was spent, to the cent."""
    world = World()
    wanted = expected(world, READY)
    _, vouchers = exported(world, grouping)
    rows = [row for voucher in vouchers for row in voucher["rows"]]
    assert wanted == per_account(rows)
    for voucher in vouchers:
        sides = {"DEBIT": 1, "VAT": 1, "CREDIT": -1}
        assert 0 == sum(sides[row["rowType"]] * Decimal(row["amount"]) for row in voucher["rows"])
        assert grouping == voucher["verificationListsType"]


@pytest.mark.parametrize(
    ("grouping", "count"),
    [
        ("REPORT_PER_EXPENSE", 4),
        ("REPORT_PER_ACCOUNT", 4),
        ("USER_PER_EXPENSE", 4),
        ("USER_PER_ACCOUNT", 4),
        ("EXPENSE", 8),
        ("REPORT_PER_REPORT_PAID", 3),
        ("REPORT_PER_EXPENSE_PAID", 3),
        ("USER_PER_REPORT_PAID", 3),
    ],
)
def test_a_grouping_says_how_many_vouchers_there_are(grouping: str, count: int) -> None:
    """Per report, per person or per expense; a report that only the card paid has nothing to pay back."""
    assert count == len(exported(World(), grouping)[1])


def test_a_person_with_two_reports_has_one_voucher_per_user() -> None:
    world = World()
    made = next(row for row in world.books()["exports"] if row["grouping"] == "USER_PER_ACCOUNT")
    voucher = world.vouchers(made["id"])[0]
    assert ["Customers in Zwolle", "Customers in Breda"] == [row["title"] for row in voucher["reports"]]
    assert {None} == {row["reportId"] for row in voucher["rows"]}
    mileage = [row["amount"] for row in voucher["rows"] if row["accountNumber"] == "4340"]
    assert [Decimal("38.07")] == mileage
    assert [Decimal("1.53")] == [row["amount"] for row in voucher["rows"] if row["rowType"] == "VAT"]


def test_payment_only_has_what_is_paid_back_and_nothing_else() -> None:
    """Own money per report or expense, no accounts of costs, no card."""
    for grouping in PAYMENT_ONLY:
        world = World()
        _, vouchers = exported(world, grouping)
        rows = [row for voucher in vouchers for row in voucher["rows"]]
        owed = sum(
            Decimal(expense["gross"])
            for title in READY
            for expense in world.report(title)["expenses"]
            if expense["reimbursable"]
        )
        assert {"CREDIT"} == {row["rowType"] for row in rows}
        assert {"1600"} == {row["accountNumber"] for row in rows}
        assert owed == sum(row["amount"] for row in rows)
        assert (7 if grouping == "REPORT_PER_EXPENSE_PAID" else 3) == len(rows)


def test_rows_carry_tax_dimensions_and_the_pay_code() -> None:
    world = World()
    expense = {
        "category": "Hotel",
        "amount": "121.00",
        "vat": "2",
        "salary_code": "1234",
        "codes": {"Cost center": "IT", "Project": "P200"},
    }
    world.control("add_report", user="Bram O'Connor", title="Rows", approved=True, expenses=[expense])
    _, (voucher,) = exported(world, None, "Rows")
    debit, vat, credit = voucher["rows"]
    assert ("4310", Decimal("100.00"), "2", Decimal("21")) == tuple(
        debit[name] for name in ("accountNumber", "amount", "taxCode", "taxPercentage")
    )
    assert [("Cost center", "IT"), ("Project", "P200")] == [
        (row["dimension"], row["code"]) for row in debit["dimensions"]
    ]
    assert ("1520", Decimal("21.00"), "1600", Decimal("121.00")) == (
        *(vat["accountNumber"], vat["amount"]),
        *(credit["accountNumber"], credit["amount"]),
    )
    assert {"1234"} == {row["salaryCode"] for row in voucher["rows"]}
    assert {voucher["expenses"][0]["expenseId"]} == {row["expenseId"] for row in voucher["rows"]}
    world.control("set_recipient", bookkeeping=False, journal="91")
    world.control("add_report", user="Bram O'Connor", title="Rows 2", approved=True, expenses=[expense])
    _, (voucher,) = exported(world, None, "Rows 2")
    assert ["DEBIT", "VAT"] == [row["rowType"] for row in voucher["rows"]]
    assert "91" == voucher["journalCode"]


def test_the_vendor_computes_mileage_per_diem_and_foreign_money() -> None:
    """There and back counts twice; a rate is what one unit costs; two rates stand on one receipt."""
    world = World()
    made = {row["grouping"]: row["id"] for row in world.books()["exports"]}["REPORT_PER_EXPENSE"]
    groningen, chicago = world.vouchers(made)
    by_type = {row["expenseType"]: row for row in groningen["expenses"]}
    drive = by_type["CarSpecification"]
    assert (Decimal("380"), Decimal("0.23"), Decimal("87.40")) == (
        *(drive["mileage"][name] for name in ("distance", "rate")),
        drive["grossAmount"],
    )
    assert {"2": Decimal("25.20"), "4": Decimal("2.70")} == {
        row["taxCode"]: row["amount"] for row in groningen["rows"] if row["rowType"] == "VAT"
    }
    inn = chicago["expenses"][0]
    assert ("USD", Decimal("640.80"), Decimal("0.9204"), Decimal("589.79")) == tuple(
        inn[name] for name in ("originalCurrency", "originalAmount", "exchangeRate", "grossAmount")
    )
    days = next(row for row in chicago["expenses"] if row["expenseType"] == "SubsistenceAllowance")
    assert (Decimal("190.00"), None) == (days["grossAmount"], days["allowance"].get("vat"))
    course = world.report("Course bookkeeping")["expenses"]
    assert [("500.00", "105.00")] * 2 == [(line["net"], line["vat"]) for line in course[0]["lines"]]
    assert "6.32" == world.report("Warehouse tools")["expenses"][0]["vat"]


def test_receipts_are_fetched_in_each_of_three_ways() -> None:
    """The bytes are those in the books; two files may have one name."""
    for form in ("binary", "base64", "url"):
        world = World(attachment_download=form)
        _, (voucher,) = exported(world, None, "Auditor's visit")
        assert ["../bon.pdf", "bon.pdf", "bon.pdf"] == [row["fileName"] for row in voucher["attachments"]]
        held = [row for expense in world.report("Auditor's visit")["expenses"] for row in expense["receipts"]]
        for told, kept in zip(voucher["attachments"], held, strict=True):
            answer = world.get(f"/attachments/{told['attachmentId']}")
            content = answer.content
            if form == "base64":
                content = base64.b64decode(answer.json()["content"])
            elif form == "url":
                content = world.client.get(answer.json()["url"], headers={"Authorization": ""}).content
            assert (kept["sha256"], told["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert 404 == world.client.get("/files/x").status_code


# --- status back --------------------------------------------------------------------------------------------


def test_a_report_is_sent_when_all_its_vouchers_are_booked() -> None:
    """Until then nobody can edit it."""
    world = World()
    made = next(row for row in world.books()["exports"] if row["grouping"] == "EXPENSE")
    vouchers = world.vouchers(made["id"])
    assert 400 == world.refused("edit_expense", report="Warehouse tools", expense=1, set={"amount": "1"})
    assert 400 == world.refused("attach", report="Warehouse tools")
    for voucher in vouchers[:-1]:
        assert 200 == world.answer(voucher, externalReference="26600001")
    assert "TRANSFER" == world.report("Warehouse tools")["status"]
    assert made["id"] in [row["exportId"] for row in world.rows("/exports", status="UNPROCESSED")]
    assert 200 == world.answer(vouchers[-1], externalReference="26600002")
    report = world.report("Warehouse tools")
    assert ("SENT", [1, 1, 1]) == (report["status"], [row["revision"] for row in report["booked"]])
    assert [made["id"]] == [row["exportId"] for row in world.rows("/exports", status="PROCESSED")]
    assert ["26600001", "26600001", "26600002"] == [
        row["externalReference"] for row in world.vouchers(made["id"])
    ]


def test_one_that_failed_goes_back_and_the_other_stays() -> None:
    """With the message for whoever mends it; it comes again in another export, under the same ids."""
    world = World()
    made = next(row for row in world.books()["exports"] if row["grouping"] == "REPORT_PER_EXPENSE")
    groningen, chicago = world.vouchers(made["id"])
    assert 200 == world.answer(groningen)
    assert 200 == world.answer(chicago, "FAILED", message="Account 4350 is blocked")
    report = world.report("Fair in Chicago")
    assert ("READY_TO_SEND", "Account 4350 is blocked", 1) == (
        *(report["status"], report["message"]),
        report["returns"],
    )
    assert "SENT" == world.report("Customers in Groningen")["status"]
    world.control("edit_expense", report="Fair in Chicago", expense=2, set={"amount": "40.00"})
    _, (again,) = exported(world, None, "Fair in Chicago")
    assert again["voucherId"] != chicago["voucherId"]
    assert [row["reportId"] for row in chicago["reports"]] == [row["reportId"] for row in again["reports"]]
    assert [row["expenseId"] for row in chicago["expenses"]] == [
        row["expenseId"] for row in again["expenses"]
    ]
    assert 200 == world.answer(again)
    assert "SENT" == world.report("Fair in Chicago")["status"]


def test_a_report_may_be_booked_in_part_and_comes_again_whole() -> None:
    """One voucher per expense: the one that was booked is in the next export too, under its id."""
    world = World()
    made = next(row for row in world.books()["exports"] if row["grouping"] == "EXPENSE")
    gloves, tape, lamp = world.vouchers(made["id"])
    world.answer(tape, "FAILED", message="No cost unit U01")
    world.answer(gloves)
    assert "TRANSFER" == world.report("Warehouse tools")["status"]
    world.answer(lamp)
    report = world.report("Warehouse tools")
    kept = [row["expenses"][0]["expenseId"] for row in (gloves, lamp)]
    assert ("READY_TO_SEND", kept) == (report["status"], [row["id"] for row in report["booked"]])
    _, again = exported(world, "EXPENSE", "Warehouse tools")
    assert 3 == len(again)
    assert set(kept) < {row["expenses"][0]["expenseId"] for row in again}


def test_a_voucher_of_two_reports_that_failed_takes_both_back() -> None:
    world = World()
    made = next(row for row in world.books()["exports"] if row["grouping"] == "USER_PER_EXPENSE")
    (voucher,) = world.vouchers(made["id"])
    world.answer(voucher, "FAILED")
    assert {"READY_TO_SEND"} == {world.report(f"{name} June")["status"] for name in ("Software", "Telephone")}


def test_the_same_status_again_is_taken_and_another_is_not() -> None:
    world = World()
    _, (voucher,) = exported(world, None, "London in a day")
    assert [200, 200, 409] == [
        world.answer(voucher),
        world.answer(voucher),
        world.answer(voucher, "FAILED", message="x"),
    ]
    assert 2 == world.books()["exports"][-1]["vouchers"][0]["answers"]
    assert 409 == _second(World(status_again="refused"))
    assert 400 == world.answer(voucher, "MAYBE")
    path = f"/exports/{voucher['exportId']}/vouchers/{voucher['voucherId']}/status"
    for body in ({}, {"status": None}, {"status": 5}, [1], {"status": "BOOKED", "message": 7}):
        assert 400 == world.send("PUT", path, body).status_code
    assert 415 == world.client.put(world.path(path), content="status=BOOKED").status_code
    assert 405 == world.send("POST", path, {"status": "BOOKED"}).status_code


def _second(world: World) -> int:
    _, (voucher,) = exported(world, None, "London in a day")
    world.answer(voucher)
    return world.answer(voucher)


def test_a_status_may_be_told_of_the_export_as_a_whole() -> None:
    """All or none; the path of a voucher does not exist then."""
    world = World(status_of="export", status_method="POST", status_answer=204)
    key, vouchers = exported(world, "EXPENSE")
    assert 404 == world.answer(vouchers[0])
    answer = world.send("POST", f"/exports/{key}/status", {"status": "BOOKED", "externalReference": "9"})
    assert (204, b"") == (answer.status_code, answer.content)
    assert {"SENT"} == {world.report(title)["status"] for title in READY}
    assert 204 == world.send("POST", f"/exports/{key}/status", {"status": "BOOKED"}).status_code
    assert 409 == world.send("POST", f"/exports/{key}/status", {"status": "FAILED"}).status_code


def test_the_answer_to_a_status_is_lost_and_it_holds_all_the_same() -> None:
    world = World()
    _, (voucher,) = exported(world, None, "London in a day")
    match = {"method": "PUT", "path": "/status"}
    rule = {"kind": "lost_after_commit", "match": match}
    world.client.post("/__sandbox__/faults", json=rule).raise_for_status()
    with pytest.raises(httpx2.TransportError):
        world.answer(voucher)
    assert "SENT" == world.report("London in a day")["status"]
    rule = {"kind": "status", "status": 503, "after_commit": True, "match": match}
    world.client.post("/__sandbox__/faults", json=rule).raise_for_status()
    assert [503, 200] == [world.answer(voucher), world.answer(voucher)]


# --- people -------------------------------------------------------------------------------------------------


def test_a_report_that_was_sent_is_opened_corrected_and_sent_again() -> None:
    """One id, the next revision; until the ledger has that, it holds the one before."""
    world = World()
    _, (first,) = exported(world, None, "New keyboard")
    world.answer(first)
    assert 400 == world.refused("edit_expense", report="New keyboard", expense=1, set={"amount": "1"})
    world.control("reopen", report="New keyboard")
    world.control("edit_expense", report="New keyboard", expense=1, set={"amount": "119.99"})
    world.control("attach", report="New keyboard", name="other.pdf")
    report = world.report("New keyboard")
    assert [1, 2] == [len(report[name][0]["receipts"]) for name in ("booked", "expenses")]
    assert first["attachments"] == world.vouchers(first["exportId"])[0]["attachments"]
    assert ("DRAFT", 2, "129.99", "119.99") == (
        *(report["status"], report["revision"]),
        *(report["booked"][0]["gross"], report["expenses"][0]["gross"]),
    )
    assert first["rows"] == world.vouchers(first["exportId"])[0]["rows"]
    world.control("approve", report="New keyboard")
    _, (second,) = exported(world, None, "New keyboard")
    assert [row["reportId"] for row in first["reports"]] == [row["reportId"] for row in second["reports"]]
    world.answer(second)
    (booked,) = world.report("New keyboard")["booked"]
    assert (2, "119.99") == (booked["revision"], booked["gross"])


def test_the_steps_of_approval_are_in_order() -> None:
    world = World()
    assert 400 == world.refused("make_export", reports=["Not yet approved"])
    assert 400 == world.refused("approve", report="Being written")
    assert 400 == world.refused("reopen", report="New keyboard")
    world.control("reject", report="Not yet approved")
    world.control("submit", report="Not yet approved")
    world.control("approve", report="Not yet approved")
    world.control("take_back", report="Not yet approved")
    assert "DRAFT" == world.control("remove_expense", report="Not yet approved", expense=1)["status"]
    assert 400 == world.refused("submit", report="Not yet approved")
    assert 404 == world.refused("approve", report="No such report")
    assert 400 == world.refused("make_export", organization="NK-BE", reports=["New keyboard"])
    assert 400 == world.refused("make_export", grouping="PER_COFFEE")
    exported(world)
    assert 400 == world.refused("make_export")


def test_what_cannot_be_typed_is_refused_and_leaves_nothing() -> None:
    """Lines that do not come to the whole, VAT on a per diem, a category that does not exist."""
    world = World()
    count = len(world.books()["reports"])
    wrong: list[tuple[int, dict[str, Any]]] = [
        (404, {"category": "Coffee", "amount": "1"}),
        (404, {"category": "Hotel", "amount": "1", "vat": "99"}),
        (404, {"category": "Hotel", "amount": "1", "paid_by": "Barter"}),
        (404, {"category": "Hotel", "amount": "1", "codes": {"Cost center": "NONE"}}),
        (400, {"category": "Hotel", "amount": "much"}),
        (400, {"category": "Hotel", "amount": "1", "rate": "0"}),
        (400, {"category": "Hotel", "amount": "1", "rate": "1e-999999999"}),
        (400, {"category": "Hotel", "amount": "1e999999999"}),
        (400, {"category": "Hotel", "amount": "NaN"}),
        (400, {"category": "Hotel", "amount": "1", "vat_amount": "0.10"}),
        (400, {"category": "Hotel", "amount": "3", "lines": [{"amount": "1"}, {"amount": "1"}]}),
        (400, {"category": "Hotel", "amount": "3", "type": "gift"}),
        (400, {"category": "Per diem", "type": "per_diem", "vat": "2", "per_diem": {"days": 1, "rate": 50}}),
    ]
    for status, expense in wrong:
        got = world.refused("add_report", user="Esra Yılmaz", expenses=[expense])
        assert status == got, expense
    assert 404 == world.refused("add_report", user="Nobody")
    assert count == len(world.books()["reports"])


def test_switches_change_how_a_voucher_is_written() -> None:
    world = World(row_amounts="signed", money_as="text", row_names_expenses=True, voucher_date="last_expense")
    _, (voucher,) = exported(world, "REPORT_PER_ACCOUNT", "London in a day")
    assert 0 == sum(Decimal(row["amount"]) for row in voucher["rows"])
    assert all(isinstance(row["amount"], str) and row["expenseIds"] for row in voucher["rows"])
    assert "2026-06-23" == voucher["voucherDate"]
    world = World(
        money_as="cents", expenses_in_voucher=False, voucher_date="export", voucher_off_by_cent=True
    )
    _, (voucher,) = exported(world, None, "New keyboard")
    assert [10_744, 2_256, 12_999] == [row["amount"] for row in voucher["rows"]]
    assert ("2026-07-01", False) == (voucher["voucherDate"], "expenses" in voucher)


def test_lists_come_in_pages_and_move_while_they_are_read() -> None:
    world = World()
    key, vouchers = exported(world, "EXPENSE")
    path = f"/exports/{key}/vouchers"
    ids = [row["voucherId"] for row in vouchers]

    def page(**query: Any) -> list[str]:
        return [row["voucherId"] for row in world.rows(path, **query)]

    assert [ids[:3], ids[3:6], ids[6:], []] == [page(page=number, pageSize=3) for number in (1, 2, 3, 4)]
    assert 8 == world.read(path, pageSize=3)["totalCount"]
    assert [400] * 3 == [world.get(path, page=text).status_code for text in ("0", "x", "-1")]
    world.turn(page_drift="skip")
    assert ids[4:7] == page(page=2, pageSize=3)
    world.turn(page_drift="repeat")
    assert ids[2:5] == page(page=2, pageSize=3)
    world.turn(page_drift="none", page_by="offset", list_as="array", page_size=2)
    assert ids[5:7] == [row["voucherId"] for row in world.read(path, offset=5)]
    world.turn(page_by="none")
    assert 8 == len(world.read(path))
    assert 400 == world.get("/exports", status="LOST").status_code


def test_every_grouping_is_named_and_set() -> None:
    world = World()
    for grouping in GROUPINGS:
        world.control("set_grouping", grouping=grouping)
        assert grouping == world.rows("/recipients")[0]["verificationListsType"]
    assert 400 == world.refused("set_grouping", grouping="x")


def test_more_reports_come_from_the_seed_and_a_reset_takes_everything_back() -> None:
    world = World(more_reports=30)
    before = world.books()["reports"]
    assert 47 == len(before)
    exported(world)
    world.client.post("/__sandbox__/reset").raise_for_status()
    assert before == world.books()["reports"]
    assert before == World(more_reports=30).books()["reports"]
