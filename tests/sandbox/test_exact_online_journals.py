"""General journal entries: what is booked, what is refused and in which words, what can be undone."""

from __future__ import annotations

from typing import Any

import pytest


def test_balanced_entry_is_booked_as_sent(world: Any) -> None:
    """Number = two digits of the year, journal, sequence; open; amounts to the cent; our reference on its
    line.
    """
    made = world.book()

    assert made.status_code == 201
    row = made.json()["d"]
    assert tuple(
        row[name]
        for name in ("EntryNumber", "Status", "StatusDescription", "Type", "FinancialYear", "FinancialPeriod")
    ) == (26900001, 20, "Open", 90, 2026, 7)
    assert "GeneralJournalEntryLines" in row["GeneralJournalEntryLines"]["__deferred"]["uri"]
    [document] = world.documents()
    assert {
        "id": row["EntryID"],
        "number": "26900001",
        "entity": "1204",
        "journal": "90",
        "date": "2026-07-01",
        "period": "2026-07",
        "status": "open",
        "currency": "USD",
        "lines": [
            {
                "account": "4000",
                "amount": "100.25",
                "dimensions": {"cost_center": "SALES"},
                "text": "July",
                "reference": "77",
                "notes": "",
            },
            {
                "account": "1700",
                "amount": "-100.25",
                "dimensions": {},
                "text": "",
                "reference": "",
                "notes": "",
            },
        ],
    } == document


def test_amounts_keep_every_digit(world: Any) -> None:
    """A cent on nine hundred billion survives, where a binary float would be close to its end."""
    lines = ",".join(
        f'{{"Date":"2026-07-01","GLAccount":"{world.account("1700")}","AmountFC":{amount}}}'
        for amount in ("900000000000.07", "-900000000000.07")
    )
    body = f'{{"JournalCode":"90","GeneralJournalEntryLines":[{lines}]}}'
    url = "/api/v1/1204/generaljournalentry/GeneralJournalEntries"
    assert (
        world.client.post(url, content=body, headers={"Content-Type": "application/json"}).status_code == 201
    )

    assert world.documents()[0]["lines"][0]["amount"] == "900000000000.07"
    assert (
        '"AmountFC":900000000000.07'
        in world.get("generaljournalentry/GeneralJournalEntryLines?$select=AmountFC").text
    )


def test_unbalanced_entry_is_refused_per_period(world: Any) -> None:
    """The difference is named with year, period and currency; nothing is booked."""
    assert (
        world.refusal(world.line("4000", 1100), world.line("1700", -100))
        == "This entry is not balanced on: 2026 / 7 (Type: Other) - Difference: USD 1.000,00"
    )
    two_months = world.refusal(world.line("4000", 5, Date="2026-06-30"), world.line("1700", -5))
    assert [line.split(": ")[1].split(" (")[0] for line in two_months.splitlines()] == [
        "2026 / 6",
        "2026 / 7",
    ]
    assert world.documents() == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"GLAccount": None}, "Mandatory: G/L account"),
        ({"GLAccount": "00000000-0000-4000-8000-000000000000"}, "Invalid reference: G/L account"),
        ({"CostCenter": None}, "Mandatory: Cost center"),
        ({"CostCenter": "NOWHERE"}, "Invalid reference: Cost center"),
        ({"CostCenter": "OLD"}, "Invalid reference: Cost center"),
        ({"CostUnit": "NOPE"}, "Invalid reference: Cost unit"),
        ({"VATCode": "21"}, "Not allowed: VAT code"),
        ({"Account": "00000000-0000-4000-8000-000000000000"}, "Invalid reference: Account"),
        ({"Description": "x" * 61}, "Description is too long. Maximum: 60"),
        ({"Date": "1999-01-01"}, "Unknown: Financial year (Period-date table)"),
        ({"AmountFC": 1e20}, "Invalid: Amount"),
    ],
)
def test_line_rules(world: Any, line: dict[str, Any], message: str) -> None:
    """Each broken rule of a line has its words."""
    assert message in world.refusal(world.line("4000", 10, **line), world.line("1700", -10)).splitlines()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"JournalCode": None}, "Mandatory: Journal"),
        ({"JournalCode": "12"}, "Invalid reference: Journal"),
        ({"JournalCode": "60"}, "Invalid journal. The journal must be a general journal."),
        ({"JournalCode": "99"}, "Blocked: Journal"),
        ({"FinancialYear": 2050, "FinancialPeriod": 1}, "Unknown: Financial year (Period-date table)"),
        ({"FinancialYear": 2026, "FinancialPeriod": 5}, "Period is closed"),
        ({"Currency": "XXX"}, "Invalid reference: Currency"),
        ({"ExchangeRate": 1.2}, "Not allowed: Exchange rate"),
        ({"GeneralJournalEntryLines": []}, "Mandatory: General journal entry lines"),
    ],
)
def test_header_rules(world: Any, header: dict[str, Any], message: str) -> None:
    """Each broken rule of the header has its words."""
    assert message == world.refusal(**header)


def test_every_broken_rule_is_named_at_once(world: Any) -> None:
    """Messages are collected, one line each, no message twice."""
    text = world.refusal(
        world.line("4099", 1, CostCenter="X"), world.line("4099", 1, CostCenter="X"), JournalCode=None
    )
    assert text.splitlines() == [
        "Mandatory: Journal",
        "Blocked: G/L account: 4099",
        "Invalid reference: Cost center",
    ]


def test_payable_accounts_need_a_relation_and_some_accounts_refuse_cost_centers(world: Any) -> None:
    """Use of relation and cost center is a property of the account."""
    assert world.refusal(world.line("1600", 0)) == "Mandatory: Account"
    assert world.refusal(world.line("4010", 0, CostCenter="SALES")) == "Not allowed: Cost center"


def test_closing_and_opening_a_period(world: Any) -> None:
    """The status list says beforehand what the posting would be told."""
    where = (
        "read/financial/JournalStatusList?$filter=Journal eq '90' and Year eq 2026 and Period eq"
        " 7&$select=Status"
    )
    world.control("close_period", period="2026-07", journal="90")
    assert world.rows(where)[0]["Status"] == 1
    assert world.refusal() == "Period is closed"
    assert world.book(world.entry(JournalCode="91")).status_code == 201

    world.control("open_period", period="2026-07", journal="90")
    assert world.rows(where)[0]["Status"] == 0
    assert world.book().status_code == 201


def test_repeated_entry_number_is_refused(world: Any) -> None:
    """A number given by the client makes a second booking impossible; without one the same entry is booked
    twice.
    """
    assert world.book(world.entry(EntryNumber=26900500)).status_code == 201
    assert world.refusal(EntryNumber=26900500) == "In use: Entry number"
    assert [world.book().status_code for _ in range(2)] == [201, 201]
    assert len(world.documents()) == 3


def test_what_may_not_be_set_is_dropped_and_what_does_not_exist_is_refused(world: Any) -> None:
    """`AmountDC` is read-only: it is ignored and zero is booked. A misspelt name is a 400."""
    lines = [{**world.line(code, None), "AmountDC": 5} for code in ("4000", "1700")]
    assert world.book(world.entry(*lines)).status_code == 201
    assert [line["amount"] for line in world.documents()[0]["lines"]] == ["0.00", "0.00"]
    answer = world.book({**world.entry(), "Notes": "x"})
    assert (answer.status_code, "Notes" in answer.text) == (400, True)
    broken = world.book(world.entry(world.line("4000", 1, GLAccount="4000")))
    assert (broken.status_code, "'GLAccount' to type 'Guid'" in broken.text) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"JournalCode":"90","GeneralJournalEntryLines":[{"AmountFC":NaN}]}',
        '{"JournalCode":90}',
        "\xff",
    ],
)
def test_bodies_nobody_can_read(world: Any, body: str) -> None:
    """Broken JSON, NaN and wrong types are 400, never a crash, and book nothing."""
    answer = world.client.post(
        "/api/v1/1204/generaljournalentry/GeneralJournalEntries", content=body.encode("latin-1")
    )
    assert (answer.status_code, answer.text.startswith('{"error"')) == (400, True)
    assert world.documents() == []


def test_open_entry_can_be_deleted_once(world: Any) -> None:
    """204, then 404; the deletion feed names the lines; a processed entry stays."""
    made = world.book().json()["d"]["EntryID"]
    url = f"/api/v1/1204/generaljournalentry/GeneralJournalEntries(guid'{made}')"
    assert [world.client.delete(url).status_code for _ in range(2)] == [204, 404]
    assert {1} == {row["EntityType"] for row in world.rows("sync/Deleted?$filter=Timestamp gt 1L")}

    kept = world.book().json()["d"]["EntryID"]
    world.control("process")
    assert world.client.delete(url.replace(made, kept)).status_code == 500
    assert [document["status"] for document in world.documents()] == ["processed"]


def test_an_entry_cannot_be_changed(world: Any) -> None:
    """There is no PUT for entries."""
    made = world.book().json()["d"]["EntryID"]
    answer = world.client.put(
        f"/api/v1/1204/generaljournalentry/GeneralJournalEntries(guid'{made}')", json={}
    )
    assert (answer.status_code, answer.json()["error"]["message"]["value"]) == (
        405,
        "Method PUT is not allowed for this resource.",
    )


def test_a_line_alone_must_keep_the_entry_in_balance(world: Any) -> None:
    """A line can be posted to an open entry only if nothing is out of balance afterwards."""
    made = world.book().json()["d"]["EntryID"]
    path = "generaljournalentry/GeneralJournalEntryLines"
    assert world.post(path, {**world.line("1700", 0), "EntryID": made}).status_code == 201
    assert world.post(path, {**world.line("1700", 1), "EntryID": made}).status_code == 500
    assert world.post(path, world.line("1700", 0)).status_code == 500
    assert len(world.documents()[0]["lines"]) == 3


def test_switches_for_what_nobody_could_confirm(make_world: Any) -> None:
    """Our reference may vanish silently, long texts may be cut, ids may be kept."""
    world = make_world(
        ignores_our_ref=True, text_overflow="truncate", keeps_entry_id=True, closed_period_suffix=True
    )
    wish = "11111111-2222-4333-8444-555555555555"
    made = world.book(world.entry(world.line("4000", 0, OurRef=9, Description="y" * 70), EntryID=wish))
    assert wish == made.json()["d"]["EntryID"]
    assert tuple(world.documents()[0]["lines"][0][name] for name in ("reference", "text")) == ("", "y" * 60)
    assert world.refusal(FinancialYear=2026, FinancialPeriod=5) == "Period is closed: 2026 - 5"


def test_the_bookkeeper_at_the_screen(world: Any) -> None:
    """Delete, double, edit and book by hand: what reconciliation has to notice."""
    first = world.book().json()["d"]["EntryID"]
    world.control("double", id=first)
    world.control("edit", id=first, line=2, amount="-99.00", text="changed")
    world.control(
        "book",
        date="2026-07-02",
        lines=[{"account": "1700", "amount": "1"}, {"account": "1700", "amount": "-1"}],
    )
    assert [[line["amount"] for line in document["lines"]] for document in world.documents()] == [
        ["100.25", "-99.00"],
        ["100.25", "-100.25"],
        ["1.00", "-1.00"],
    ]
    world.control("delete", id=first)
    assert len(world.documents()) == 2
    assert world.client.post("/__sandbox__/control/delete", json={"id": first}).status_code == 404
    assert (
        world.client.post(
            "/__sandbox__/control/book", json={"lines": [{"account": "1700", "amount": "1"}]}
        ).status_code
        == 400
    )


def test_a_document_of_twenty_thousand_lines(make_world: Any) -> None:
    """A large entry is booked, found by its reference in one call, and read back in twenty."""
    world = make_world(profile="fast")
    lines = [
        world.line("1700", 1, OurRef=4711),
        *(world.line("1700", amount) for amount in [1, -1] * 9_999),
        world.line("1700", -1),
    ]
    world.book(world.entry(*lines)).raise_for_status()

    [found] = world.rows(
        "generaljournalentry/GeneralJournalEntryLines?$filter=OurRef eq 4711&$select=EntryID"
    )
    path = (
        "bulk/Financial/TransactionLines?$filter=EntryID eq"
        f" guid'{found['EntryID']}'&$select=LineNumber,AmountFC"
    )
    back = world.every_row(path)

    assert (len(back), sum(row["AmountFC"] for row in back)) == (20_000, 0)
    assert {*range(1, 20_001)} == {row["LineNumber"] for row in back}
    calls = world.client.get("/__sandbox__/books").json()["calls"]["by_endpoint"]
    assert calls["GET bulk/Financial/TransactionLines"] == 20
