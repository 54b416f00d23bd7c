"""General journals in the simulated Dynamics 365, from the first line to what the posting job leaves in the
ledger.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.dynamics_fo_world import CROSS, DynamicsWorld, statuses


@pytest.fixture
def world() -> DynamicsWorld:
    return DynamicsWorld()


def test_the_server_numbers_journals_lines_and_vouchers(world: DynamicsWorld):
    """The caller gives none of them, and the description defaults from the journal name."""
    made = world.post("LedgerJournalHeaders", {"dataAreaId": "USMF", "JournalName": "payroll"})
    journal = made.json()["JournalBatchNumber"]
    numbers = [world.add(journal, "230100", amount).json() for amount in ("-1", "-2")]

    assert (made.status_code, made.json()["Description"], made.json()["AccountingCurrency"]) == (
        201,
        "Payroll journal",
        "",
    )
    assert world.header(journal)["AccountingCurrency"] == "USD"
    assert [row["LineNumber"] for row in numbers] == [1, 2]
    assert {row["Voucher"] for row in numbers} == {"PAYR00000001"}


def test_the_same_header_twice_makes_two_journals(world: DynamicsWorld):
    """No key protects against a repetition; not even a batch number of one's own."""
    bodies = [
        {"dataAreaId": "usmf", "JournalName": "PAYROLL", "Description": "R7", "JournalBatchNumber": "MINE"}
    ] * 2
    numbers = [world.post("LedgerJournalHeaders", body).json()["JournalBatchNumber"] for body in bodies]

    assert len(set(numbers)) == 2
    assert "MINE" not in numbers
    assert len(world.rows(f"LedgerJournalHeaders?{CROSS}&$filter=Description eq 'r7'")) == 2


def test_amounts_are_exact_and_totals_follow_the_lines(world: DynamicsWorld):
    """Also when a line is changed or deleted."""
    journal = world.journal()
    body = json.dumps(world.line(journal, "230100", "1")).replace("1.0", "98765432109876.37")
    world.client.post("/data/LedgerJournalLines", content=body).raise_for_status()
    world.add(journal, "230100", "-0.10")
    assert world.lines(journal)[0]["DebitAmount"] == Decimal("98765432109876.37")

    assert world.patch(f"{world.key(journal, 1)}?{CROSS}", {"DebitAmount": 0.3}).status_code == 204
    assert (world.header(journal)["JournalTotalDebit"], world.header(journal)["JournalTotalCredit"]) == (
        0.3,
        0.1,
    )
    assert world.client.delete(f"/data/{world.key(journal, 1)}?{CROSS}").status_code == 204
    assert world.header(journal)["JournalTotalDebit"] == 0


@pytest.mark.parametrize(
    ("account", "text"),
    [
        ("999999--AKRASM", "Dimension MainAccount with value 999999 as no record exists"),
        ("601100--NOWHERE", "Dimension CostCenter with value NOWHERE as no record exists"),
        ("601100--OLD1", "CostCenter OLD1 is suspended"),
        ("601100--OLD2", "CostCenter OLD2 is blocked for manual entry"),
        ("601900--AKRASM", "Main account 601900 is blocked for manual entry"),
        ("601999--AKRASM", "Main account 601999 is suspended"),
        ("605119", "Main account 605119 is suspended"),
        ("", "The Main account must be filled in"),
    ],
)
def test_a_line_on_what_cannot_be_booked_is_refused_at_once(world: DynamicsWorld, account: str, text: str):
    """The log says what is wrong; nothing is stored."""
    journal = world.journal()
    refusal = world.refusal(world.add(journal, account, "1"))

    assert refusal.startswith(
        "Write failed for table row of type 'LedgerJournalLineEntity'. Infolog: Warning: "
    )
    assert text in refusal
    assert world.lines(journal) == []


def test_all_that_is_wrong_with_a_line_is_said(world: DynamicsWorld):
    """Two unknown values, two messages."""
    refusal = world.refusal(world.add(world.journal(), "999--NOWHERE", "1"))
    assert refusal.count("Unable to return DimensionAttributeValue record") == 2


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"CurrencyCode": "XXX"}, "The value 'XXX' in field 'Currency' is not found"),
        ({"JournalBatchNumber": "NONE"}, "The value 'NONE' in field 'Journal batch number' is not found"),
        ({"CreditAmount": 1}, "either a debit or a credit amount"),
        (
            {"AccountType": "Vend", "AccountDisplayValue": "nobody"},
            "The value 'nobody' in field 'Account' is not found",
        ),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(world: DynamicsWorld, fields: dict[str, Any], text: str):
    """With the vendor's words where they are known."""
    assert text in world.refusal(world.add(world.journal(), "601100--AKRASM", "1", **fields))


def test_a_vendor_number_with_the_delimiter_is_escaped(world: DynamicsWorld):
    """In an account that is no ledger account, too."""
    journal = world.journal()
    world.add(journal, "US\\-0001", "-5", AccountType="Vend").raise_for_status()
    assert world.lines(journal)[0]["AccountDisplayValue"] == "US\\-0001"


def test_a_too_long_text_is_cut_or_refused():
    """Nobody has published which."""
    cut, refused = DynamicsWorld(), DynamicsWorld(text_overflow="refuse")
    journal = cut.journal(Description="x" * 70)

    assert len(cut.header(journal)["Description"]) == 60
    assert "the maximum is 20" in refused.refusal(
        refused.add(refused.journal(), "230100", "1", Document="y" * 21)
    )


def test_one_read_only_field_refuses_the_whole_change(world: DynamicsWorld):
    """Posting cannot be asked for by changing the journal."""
    journal = world.journal()
    answer = world.patch(f"{world.key(journal)}?{CROSS}", {"Description": "new", "IsPosted": "Yes"})

    assert (answer.status_code, answer.json()["error"]["innererror"]["message"]) == (
        403,
        "update not allowed for field 'IsPosted'",
    )
    assert world.header(journal)["Description"] == "Payroll journal"


def test_a_journal_with_lines_cannot_be_deleted(world: DynamicsWorld):
    """Lines first, then the journal."""
    journal = world.wages()
    answer = world.client.delete(f"/data/{world.key(journal)}?{CROSS}")
    assert "cannot be deleted while dependent Journal lines exist" in world.refusal(answer)

    for line in (1, 2):
        world.client.delete(f"/data/{world.key(journal, line)}?{CROSS}").raise_for_status()
    assert world.client.delete(f"/data/{world.key(journal)}?{CROSS}").status_code == 204
    assert world.documents() == []


def test_the_job_posts_what_balances_and_leaves_the_rest(world: DynamicsWorld):
    """Nothing else posts; the ledger holds the lines signed, with their marker."""
    whole, part = world.wages(Document="R7"), world.journal()
    world.add(part, "601100--AKRASM", "0.01")
    empty = world.journal()

    result = world.control("run_posting_job")

    assert result["posted"] == [whole]
    assert result["failed"][0]["messages"] == [
        "The transactions on voucher PAYR00000002 do not balance as per 7/10/2026. (accounting currency: 0.01"
        " - reporting currency: 0.01)"
    ]
    assert [world.header(journal)["IsPosted"] for journal in (whole, part, empty)] == ["Yes", "No", "No"]
    entries = world.rows("GeneralJournalEntryBiEntities?$filter=SubledgerVoucher eq 'PAYR00000001'")
    lines = world.rows(
        f"GeneralJournalAccountEntryBiEntities?$filter=GeneralJournalEntry eq {entries[0]['SourceKey']}"
    )
    assert [(row["LedgerAccount"], row["TransactionCurrencyAmount"], row["IsCredit"]) for row in lines] == [
        ("601100--AKRASM", Decimal("100.25"), "No"),
        ("230100--AKRASM", Decimal("-100.25"), "Yes"),
    ]
    assert entries[0]["AccountingDate"] == "2026-07-10T12:00:00Z"


def test_a_part_that_balances_is_posted_like_a_whole(world: DynamicsWorld):
    """The job cannot know that lines are still to come; they are refused afterwards."""
    journal = world.wages()
    world.control("run_posting_job")

    refusal = world.refusal(world.add(journal, "601100--AKRASM", "5"))

    assert f"Journal {journal} is posted and cannot be changed" in refusal
    assert [(document["status"], len(document["lines"])) for document in world.documents()] == [("posted", 2)]


def test_the_job_comes_by_itself_when_it_is_scheduled():
    """Every 900 seconds of the clock, whoever calls first."""
    world = DynamicsWorld(posting_job_seconds=900)
    journal = world.wages()
    world.clock.advance(899)
    assert world.header(journal)["IsPosted"] == "No"
    world.clock.advance(1)
    assert world.header(journal)["IsPosted"] == "Yes"


@pytest.mark.parametrize(
    ("account", "text"),
    [
        (
            "699999",
            "The account type for main account 699999 is not valid. The main account type must be Financial.",
        ),
        ("601100", "You must select a value in the CostCenter field"),
    ],
)
def test_what_only_posting_checks(world: DynamicsWorld, account: str, text: str):
    """Totals accounts, and dimensions the account demands."""
    journal = world.journal()
    world.add(journal, account, "1").raise_for_status()
    world.add(journal, "230100", "-1").raise_for_status()

    assert text in world.control("run_posting_job")["failed"][0]["messages"][0]


def test_a_closed_period_stops_the_job_and_not_the_line(world: DynamicsWorld):
    """Until it is opened again; a switch moves the check to the line."""
    world.control("close_period", period="2026-07", entity="usmf")
    journal = world.wages()
    assert "not open" in world.control("run_posting_job")["failed"][0]["messages"][0]
    rows = world.rows(
        "LedgerFiscalPeriods?$filter=PeriodStatus ne Microsoft.Dynamics.DataEntities.FiscalPeriodStatus'Open'"
    )
    assert {(row["LegalEntityId"], row["YearName"], row["PeriodName"]) for row in rows} >= {
        ("usmf", "FY2027", "Period 1")
    }
    world.control("open_period", period="2026-07")
    assert world.control("run_posting_job")["posted"] == [journal]

    strict = DynamicsWorld(closed_period_check="insert")
    assert "not open" in strict.refusal(strict.add(strict.journal(), "230100", "1", TransDate="2026-05-31"))


def test_one_voucher_on_two_days_must_balance_on_each(world: DynamicsWorld):
    """The same number with another date is another paper."""
    journal = world.journal()
    world.add(journal, "230100", "1")
    world.add(journal, "230100", "-1", TransDate="2026-07-11")
    assert len(world.control("run_posting_job")["failed"][0]["messages"]) == 2


def test_the_journal_name_decides_on_vouchers(world: DynamicsWorld):
    """One for all; a new one after each balance; the caller's; or another one at posting."""

    def vouchers(name: str) -> list[str]:
        journal = world.journal(name)
        for number, amount in enumerate(("1", "-1", "2", "-2")):
            world.add(journal, "230100", amount, Voucher=f"V{number // 2}").raise_for_status()
        before = [row["Voucher"] for row in world.lines(journal)]
        world.control("run_posting_job", id=journal)
        return [*before, *(row["Voucher"] for row in world.lines(journal))]

    one, fresh, own, late = (vouchers(name) for name in ("PAYROLL", "GenJrn", "MANUAL", "ATPOST"))

    assert len(set(one)) == 1
    assert fresh[0] == fresh[1] != fresh[2] == fresh[3]
    assert own == ["V0", "V0", "V1", "V1"] * 2
    assert set(late[:4]).isdisjoint(late[4:])


def test_lines_can_vanish_when_they_are_posted(world: DynamicsWorld):
    """The set no longer shows them; the ledger and the books do."""
    journal = world.wages("DELLINES")
    world.control("run_posting_job")

    assert world.lines(journal) == []
    assert len(world.rows("GeneralJournalAccountEntryBiEntities")) == 2
    assert len(world.documents()[0]["lines"]) == 2


def test_a_journal_that_needs_approval_waits(world: DynamicsWorld):
    """The job passes it over with a reason, until somebody consents."""
    journal = world.wages("APPROVE")
    assert "is not approved" in world.control("run_posting_job")["failed"][0]["messages"][0]
    world.control("approve", id=journal)
    assert world.control("run_posting_job")["posted"] == [journal]


def test_other_journal_types_cannot_be_created(world: DynamicsWorld):
    """The set holds daily journals only."""
    answer = world.post("LedgerJournalHeaders", {"dataAreaId": "usmf", "JournalName": "PERIODIC"})
    assert "not of the type Daily" in world.refusal(answer)
    assert "not found in the related table 'Journal names'" in world.refusal(
        world.post("LedgerJournalHeaders", {"dataAreaId": "usmf", "JournalName": "NONE"})
    )


@pytest.mark.parametrize(
    ("currency", "given", "kept"),
    [("JPY", "10.5", "11"), ("KWD", "1.2345", "1.235"), ("EUR", "1.005", "1.01")],
)
def test_amounts_are_rounded_to_the_currency(world: DynamicsWorld, currency: str, given: str, kept: str):
    """No, two and three decimals; totals are in the company's own currency, by the rate per hundred."""
    journal = world.journal()
    body = world.line(journal, "230100", "1", CurrencyCode=currency)
    world.client.post(
        "/data/LedgerJournalLines", content=json.dumps(body).replace("1.0", given)
    ).raise_for_status()

    row = world.lines(journal)[0]
    rate = {"JPY": "0.67", "KWD": "325", "EUR": "112.5"}[currency]
    assert (row["DebitAmount"], row["ExchRate"]) == (Decimal(kept), Decimal(rate))


def test_a_changeset_is_done_whole_or_not_at_all(world: DynamicsWorld):
    """The answer is 200 either way; the one part that failed names itself."""
    journal = world.journal()
    good = [("POST", "LedgerJournalLines", world.line(journal, "601100--AKRASM", "1"))] * 3
    bad = [*good[:1], ("POST", "/data/LedgerJournalLines", world.line(journal, "999", "1")), *good[:1]]

    answer = world.batch(good, bad, ("GET", f"LedgerJournalHeaders?{CROSS}", None))

    assert (answer.status_code, statuses(answer)) == (200, [201, 201, 201, 400, 200])
    assert "Content-ID: 2" in answer.text.partition("HTTP/1.1 400")[0].rpartition("--changesetresponse_")[2]
    assert [row["LineNumber"] for row in world.lines(journal)] == [1, 2, 3]
    assert world.header(journal)["JournalTotalDebit"] == 3


def test_a_batch_has_a_limit(world: DynamicsWorld):
    """200 operations; none of 201 is done. JSON batches are not understood."""
    journal = world.journal()
    call = ("POST", "LedgerJournalLines", world.line(journal, "230100", "1"))

    assert world.batch([call] * 201).status_code == 400
    assert world.lines(journal) == []
    assert world.client.post("/data/$batch", json={"requests": []}).status_code == 400


def test_an_update_conflict_leaves_nothing(world: DynamicsWorld):
    """The next try succeeds."""
    journal = world.journal()
    world.control("update_conflict", times=1)

    assert "An update conflict occurred" in world.refusal(world.add(journal, "230100", "1"))
    world.add(journal, "230100", "1").raise_for_status()
    assert len(world.lines(journal)) == 1


def test_an_outdated_etag_is_refused(world: DynamicsWorld):
    """The journal changed since it was read; `*` and no header at all pass."""
    journal = world.journal()
    seen = world.header(journal)["@odata.etag"]
    path = f"{world.key(journal)}?{CROSS}"

    assert world.patch(path, {"Description": "a"}, **{"If-Match": seen}).status_code == 204
    assert world.patch(path, {"Description": "b"}, **{"If-Match": seen}).status_code == 412
    assert world.patch(path, {"Description": "c"}, **{"If-Match": "*"}).status_code == 204
    assert world.header(journal)["Description"] == "c"


def test_the_screen_can_book_double_edit_and_delete(world: DynamicsWorld):
    """What a person does shows in the books and in the ledger."""
    lines = [
        {"account": "601100", "amount": "7.00", "dimensions": {"cost_center": "AKRASM"}},
        {"account": "230100", "amount": "-7.00"},
    ]
    first = world.control("book", entity="usmf", journal="GenJrn", date="2026-07-09", post=True, lines=lines)[
        "id"
    ]
    second = world.control("double", id=first)["id"]
    world.control("edit", id=second, line=1, amount="8.00")

    booked = {document["id"]: document for document in world.documents()}
    assert [booked[first]["status"], booked[second]["status"]] == ["posted", "posted"]
    assert booked[first]["lines"][0]["dimensions"] == {"cost_center": "AKRASM"}
    assert [line["amount"] for line in booked[second]["lines"]] == ["8.00", "-7.00"]
    assert sorted(
        row["TransactionCurrencyAmount"] for row in world.rows("GeneralJournalAccountEntryBiEntities")
    ) == [-7, -7, 7, 8]
    world.control("delete", id=second)
    assert [document["id"] for document in world.documents()] == [first]
    assert len(world.rows("GeneralJournalAccountEntryBiEntities")) == 2


def test_a_posted_journal_is_taken_back_by_a_mirrored_one(world: DynamicsWorld) -> None:
    """On the same day, posted at once; while the period is closed it stays unposted and says why. A copy may
    wait for the job, and what is not posted is deleted instead.
    """
    lines = [{"account": "601100", "amount": "7.00", "cost_center": "AKRASM"}]
    lines.append({"account": "230100", "amount": "-7.00"})
    first = world.control("book", entity="usmf", journal="GenJrn", date="2026-07-09", post=True, lines=lines)

    back = world.control("reverse", id=first["id"])
    copy = world.control("double", id=first["id"], post=False)
    world.control("close_period", entity="usmf", period="2026-07")
    late = world.control("reverse", id=back["id"])

    found = {document["id"]: document for document in world.documents()}
    mirrored = found[back["id"]]
    assert ["-7.00", "7.00"] == [line["amount"] for line in mirrored["lines"]]
    assert {"cost_center": "AKRASM"} == mirrored["lines"][0]["dimensions"]
    assert ("posted", "2026-07-09", f"Reversal of {first['id']}") == tuple(
        mirrored[name] for name in ("status", "date", "text")
    )
    assert ["draft", "draft"] == [found[journal["id"]]["status"] for journal in (copy, late)]
    assert "not open" in late["failed"][0]["messages"][0]
    assert 400 == world.client.post("/__sandbox__/control/reverse", json={"id": copy["id"]}).status_code


def test_reset_returns_to_the_seed(world: DynamicsWorld):
    """Journals are gone, tokens too, and numbers begin again."""
    first = world.wages()
    world.client.post("/__sandbox__/reset").raise_for_status()
    world.sign_in()
    assert world.documents() == []
    assert world.wages() == first
