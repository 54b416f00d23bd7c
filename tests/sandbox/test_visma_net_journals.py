"""Batches: what is booked, what is refused and in which words, hold and release, and two people at one
batch.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sandbox.visma_net_world import JOURNALS, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_batch_is_created_on_hold_and_answered_with_nothing(world: World) -> None:
    """201, no body; number and version stand in the headers."""
    made = world.post()

    assert (201, b"") == (made.status_code, made.content)
    assert "http://visma/v2/journaltransaction/100001" == made.headers["Location"]
    read = world.get(f"{JOURNALS}/100001")
    assert made.headers["ETag"] == read.headers["ETag"] == f'"{read.json()["timeStamp"]}"'
    assert ("Hold", True, "ModuleGL", "072026") == tuple(
        read.json()[name] for name in ("status", "hold", "module", "postPeriod")
    )
    [document] = world.documents()
    assert {
        "id": "100001",
        "number": "100001",
        "entity": "TEST",
        "journal": "GL",
        "date": "2026-07-10",
        "period": "2026-07",
        "status": "draft",
        "vendor_status": "Hold",
        "currency": "NOK",
        "text": "PAY 7f3a",
        "lines": [
            {
                "account": "5000",
                "amount": "100.25",
                "dimensions": {"cost_center": "0100", "plant": "OSL", "branch": "1"},
                "text": "July",
                "reference": "7f3a",
            },
            {
                "account": "2930",
                "amount": "-100.25",
                "dimensions": {"cost_center": "0000", "plant": "OSL", "branch": "1"},
                "text": "",
                "reference": "",
            },
        ],
    } == document


def test_hold_off_release_posted(world: World) -> None:
    """A batch on hold cannot be released; balanced it is queued, and posted when the queue comes to it."""
    number = world.booked()
    assert "Batch Status invalid for processing." in world.release(number).json()["message"]
    assert world.change(number, {"hold": {"value": False}}).status_code == 204
    assert "Balanced" == world.status(number)

    answer = world.release(number)
    assert (200, "Queued") == (answer.status_code, answer.json()["actionResult"])
    assert "Balanced" == world.status(number)
    world.clock.advance(1)
    assert "Posted" == world.status(number)
    assert ["posted"] == [document["status"] for document in world.documents()]


def test_a_release_at_once_and_one_that_is_not_posted() -> None:
    """Switches: no queue, and a company that does not post on release."""
    world = World(release_seconds=0, auto_post=False)
    number = world.booked(hold=False)
    assert "Done" == world.release(number).json()["actionResult"]
    assert "Unposted" == world.status(number)
    world.control("post", id=number)
    assert "Posted" == world.status(number)


def test_the_same_body_twice_is_two_batches(world: World) -> None:
    """No duplicate detection."""
    assert [world.booked(), world.booked()] == ["100001", "100002"]


def test_a_number_of_our_own_is_taken_only_once(world: World) -> None:
    """With the override flag; without it the number is ignored."""
    assert "100001" == world.booked(batchNumber="7F3A91C2")
    assert "7F3A91C2" == world.booked(batchNumber="7F3A91C2", overrideNumberSeries=True)
    assert "already exists" in world.refusal(batchNumber="7F3A91C2", overrideNumberSeries=True)
    assert "100001" == World(override_number_series=False).booked(
        batchNumber="7F3A91C2", overrideNumberSeries=True
    )


def test_amounts_keep_every_digit(world: World) -> None:
    """An øre on nine hundred billion survives, where a binary float would be close to its end."""
    amount = "900000000000.07"
    body = json.dumps(world.batch(world.line("5000", 0), world.line("2930", -1)))
    body = body.replace(
        '"debitAmountInCurrency": {"value": 0}', f'"debitAmountInCurrency": {{"value": {amount}}}'
    )
    body = body.replace(
        '"creditAmountInCurrency": {"value": 1}', f'"creditAmountInCurrency": {{"value": {amount}}}'
    )
    assert world.client.post(JOURNALS, content=body).status_code == 201

    assert [amount, "-" + amount] == [line["amount"] for line in world.documents()[0]["lines"]]
    assert f'"debitAmountInCurrency":{amount},' in world.get(f"{JOURNALS}/100001").text


def test_an_unbalanced_batch_can_only_stay_on_hold(world: World) -> None:
    """It is saved on hold, cannot be taken off, and cannot be created without."""
    lines = (world.line("5000", 100), world.line("2930", -99))
    number = world.booked(*lines)
    text = "Batch is out of balance, please review."
    assert text in world.change(number, {"hold": {"value": False}}).json()["message"]
    assert "Hold" == world.status(number)
    assert text in world.refusal(*lines, hold=False)


def test_without_a_word_a_batch_is_on_hold_or_not_as_the_company_prefers() -> None:
    """The preference "Hold batches on entry"."""
    bodies = [world.batch() for world in (World(), World())]
    for body in bodies:
        del body["hold"]
    world, other = World(), World(hold_on_entry=False)
    world.post(bodies[0])
    other.post(bodies[1])
    assert ("Hold", "Balanced") == (world.status("100001"), other.status("100001"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"accountNumber": None}, "'Account' cannot be empty."),
        ({"accountNumber": "9999"}, "Account '9999' cannot be found in the system."),
        ({"accountNumber": "5099"}, "Account is inactive."),
        ({"accountNumber": "2980"}, "Cannot post transactions directly to Year to Date Net Income."),
        ({"accountNumber": "2400"}, "manual entry is not allowed"),
        (
            {"accountNumber": "1950"},
            "Denominated GL Account currency is different from transaction currency.",
        ),
        ({"project": "NOPE"}, "Project 'NOPE' cannot be found in the system."),
        ({"project": "P200", "projectTask": "10"}, "Project 'P200' is not active."),
        ({"project": "P300", "projectTask": "10"}, "not visible in the module GL"),
        ({"project": "P100"}, "'Project Task' cannot be empty."),
        ({"project": "P100", "projectTask": "20"}, "Project Task '20' cannot be found in the system."),
        ({"project": "P100", "projectTask": "90"}, "Task '90' of project 'P100' is not active."),
        ({"projectTask": "10"}, "Project Task '10' cannot be found in the system."),
        ({"branch": "7"}, "Branch '7' cannot be found in the system."),
        ({"branch": "9"}, "Branch is inactive."),
        ({"vatCodeId": "99"}, "Tax Category '99' cannot be found in the system."),
        ({"referenceNumber": "x" * 16}, "field RefNbr : Error: The text is longer than 15 characters."),
        (
            {"transactionDescription": "x" * 257},
            "field TranDesc : Error: The text is longer than 256 characters.",
        ),
        ({"creditAmountInCurrency": 5}, "A line has a debit amount or a credit amount, not both."),
    ],
)
def test_line_rules(world: World, line: dict[str, Any], message: str) -> None:
    """Each broken rule of a line has its words, in the vendor's wrapping."""
    text = world.refusal(
        {**world.line("5000", 10), **{name: {"value": value} for name, value in line.items()}},
        world.line("2930", -10),
    )
    assert text.startswith("VismaId: ")
    assert ". Error inserting the journal transaction. " in text
    assert message in text
    assert world.documents() == []


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"financialPeriod": "202605"}, "The 05-2026 financial period is closed."),
        ({"financialPeriod": "202612"}, "The 12-2026 financial period is inactive."),
        ({"financialPeriod": "205001"}, "Financial Period cannot be found in the system."),
        ({"financialPeriod": "2026x7"}, "Invalid Year or Period format."),
        (
            {"financialPeriod": None, "transactionDate": "1999-01-01"},
            "Financial Period cannot be found in the system.",
        ),
        ({"ledger": "77"}, "Ledger '77' cannot be found in the system."),
        ({"currencyId": "XXX"}, "Currency 'XXX' cannot be found in the system."),
        ({"currencyId": "CHF"}, "Currency Rate is not defined."),
        ({"branch": "7"}, "Branch '7' cannot be found in the system."),
        ({"description": "x" * 257}, "field Description : Error: The text is longer than 256 characters."),
    ],
)
def test_header_rules(world: World, header: dict[str, Any], message: str) -> None:
    """Each broken rule of the header has its words."""
    assert message in world.refusal(**header)


@pytest.mark.parametrize(
    ("subaccount", "message"),
    [
        (World.sub(plant=None), "field Subaccount : Error: Anlegg of Subaccount do not exist."),
        (World.sub("0200"), "field Subaccount : Error: Avdeling of Subaccount do not exist."),
        ([], "field Subaccount : Error: Avdeling of Subaccount do not exist."),
        (World.sub("0900"), "Subaccount 0900-OSL is inactive."),
        ([*World.sub(), {"segmentId": 3, "segmentValue": "1"}], "there is no segment 3"),
    ],
)
def test_a_subaccount_needs_every_segment(world: World, subaccount: Any, message: str) -> None:
    """Missing, unlisted and inactive parts are refused by name."""
    assert message in world.refusal(world.line("5000", 10, subaccount=subaccount), world.line("2930", -10))


def test_a_posting_may_make_a_new_combination_of_listed_values() -> None:
    """Unless the company has that switched off; then the subaccount must be there before."""
    world, strict = World(), World(subaccounts_on_the_fly=False)
    for each in (world, strict):
        each.control("put_segment_value", segment="plant", code="BER", description="Bergen")
    lines = (world.line("5000", 1, subaccount=world.sub("0100", "BER")), world.line("2930", -1))
    world.booked(*lines)
    assert "0100-BER" in [row["subaccountNumber"] for row in world.rows("/v1/subaccount")]
    assert "Subaccount '0100-BER' cannot be found in the system." in strict.refusal(*lines)
    strict.control("add_subaccount", values=["0100", "BER"])
    assert strict.booked(*lines) == "100001"


def test_every_broken_rule_is_named_once(world: World) -> None:
    """Joined with CRLF behind a line that says that there are several."""
    bad = world.line("5099", 1, branch="9")
    lines = world.refusal(bad, bad, financialPeriod="202605").split("\r\n")
    assert "raised at least one error. Please review the errors." in lines[0]
    assert lines[1:] == [
        "Error: The 05-2026 financial period is closed.",
        "Error: Account is inactive.",
        "Error: Branch is inactive.",
        *lines[4:],
    ]


def test_one_line_is_no_batch(world: World) -> None:
    """Two at least."""
    assert "A batch needs at least two lines." in world.refusal(world.line("5000", 0))


def test_a_project_stands_on_its_line_beside_the_subaccount(world: World) -> None:
    """Project and task are fields of a line; the non-project code means none."""
    wages = world.line("5000", 5, project="P100", projectTask="10")
    world.booked(wages, world.line("2930", -5, project="X"))
    dimensions = [line["dimensions"] for line in world.documents()[0]["lines"]]
    assert ("P100", "10") == (dimensions[0]["project"], dimensions[0]["project_task"])
    assert "project" not in dimensions[1]
    row = world.get(f"{JOURNALS}/100001").json()["journalTransactionLines"][0]
    assert ("P100", "10") == (row["project"]["id"], row["projectTask"]["id"])


def test_decimals_follow_the_currency() -> None:
    """Øre and cents have two, yen none, dinars three; more are rounded, or refused by switch."""
    for currency, given, kept in (
        ("NOK", "10.005", "10.01"),
        ("JPY", "10.5", "11"),
        ("KWD", "10.0005", "10.001"),
    ):
        world = World()
        body = json.dumps(
            world.batch(world.line("5000", 7), world.line("2930", -7), currencyId=currency)
        ).replace(": 7}", f": {given}}}")
        assert world.client.post(JOURNALS, content=body).status_code == 201
        assert kept == world.documents()[0]["lines"][0]["amount"]
    strict = World(excess_decimals="refuse")
    assert "Too many decimals" in strict.refusal(strict.line("5000", 10.005), strict.line("2930", -10.005))


def test_a_foreign_batch_takes_the_rate_it_is_given_or_the_one_of_the_day(world: World) -> None:
    """Base amounts are computed; only amounts in the batch's currency are written."""
    world.booked(currencyId="EUR")
    world.booked(currencyId="EUR", exchangeRate=11)
    rows = [world.rows(f"{JOURNALS}/{number}") for number in (100001, 100002)]
    assert ["1152.88", "1102.75"] == [str(row["debitTotal"]) for row in rows]
    assert [100.25, 100.25] == [float(row["debitTotalInCurrency"]) for row in rows]


def test_switches_for_what_nobody_could_confirm() -> None:
    """Long texts cut, closed periods allowed, dates held to their period, tasks filled in, control accounts
    open.
    """
    world = World(
        text_overflow="truncate", closed_periods="allow", missing_task="first", manual_entry_check=False
    )
    world.booked(
        world.line("5000", 1, project="P100", referenceNumber="y" * 20),
        world.line("2400", -1),
        financialPeriod="202605",
    )
    line = world.documents()[0]["lines"][0]
    assert ("y" * 15, "10") == (line["reference"], line["dimensions"]["project_task"])
    strict = World(date_outside_period="refuse", validation_status=500)
    answer = strict.post(strict.batch(transactionDate="2026-06-30"))
    assert (500, True) == (
        answer.status_code,
        "The date is outside the range of the selected financial period." in answer.text,
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        "\xff",
        '{"description": "not wrapped"}',
        '{"hold": {"value": 1}}',
        '{"journalTransactionLines": {"value": []}}',
        '{"transactionDate": {"value": "2026-02-30"}}',
        '{"journalTransactionLines": [{"debitAmountInCurrency": {"value": NaN}}]}',
        '{"journalTransactionLines": [{"debitAmountInCurrency": {"value": 1e400}}]}',
        '{"journalTransactionLines": [{"debitAmountInCurrency": {"value": 1e15}}]}',
        '{"journalTransactionLines": [{"lineNumber": {"value": 1.5}}]}',
    ],
)
def test_bodies_nobody_can_read(world: World, body: str) -> None:
    """Broken JSON, scalars that are not wrapped and numbers that are none are 400, never a crash, and book
    nothing.
    """
    answer = world.client.post(JOURNALS, content=body.encode("latin-1"))
    assert (400, True) == (answer.status_code, answer.json()["Message"].startswith("The request is invalid."))
    assert world.documents() == []


def test_names_are_matched_whatever_their_case_and_strange_ones_dropped(world: World) -> None:
    """As the vendor's reader does."""
    body = {name.upper(): value for name, value in world.batch().items()}
    assert world.post({**body, "nonsense": 1}).status_code == 201
    assert "PAY 7f3a" == world.documents()[0]["text"]


def test_a_stale_version_is_refused_and_changes_nothing(world: World) -> None:
    """412 for change and release; absent the header, the last writer wins."""
    made = world.post()
    old = made.headers["ETag"]
    fresh = world.change("100001", {"description": {"value": "first"}}, old)
    assert (204, True) == (fresh.status_code, fresh.headers["ETag"] != old)

    stale = world.change("100001", {"description": {"value": "second"}}, old)
    assert (412, "JournalTransaction version does not match with If-Match header") == (
        stale.status_code,
        stale.json()["message"],
    )
    assert (
        412
        == world.change(
            "100001", {"description": {"value": "unquoted"}}, fresh.headers["ETag"].strip('"')
        ).status_code
    )
    assert "first" == world.documents()[0]["text"]
    assert 204 == world.change("100001", {"hold": {"value": False}}).status_code
    assert 412 == world.release("100001", fresh.headers["ETag"]).status_code
    assert 200 == world.release("100001", world.get(f"{JOURNALS}/100001").headers["ETag"]).status_code


def test_somebody_at_the_screen_moves_the_version_on(world: World) -> None:
    """Saved without a change, it is another version all the same."""
    made = world.post()
    world.control("touch", id="100001")
    assert 412 == world.change("100001", {"hold": {"value": False}}, made.headers["ETag"]).status_code


def test_lines_are_changed_by_their_number(world: World) -> None:
    """Insert, update, delete; what is not named stays; a number that does not exist is refused."""
    number = world.booked()
    lines = [
        {"operation": "Update", "lineNumber": {"value": 1}, "debitAmountInCurrency": {"value": 60}},
        {"operation": "Delete", "lineNumber": {"value": 2}},
        world.line("2930", -60),
    ]
    assert world.change(number, {"journalTransactionLines": lines}).status_code == 204
    assert [("5000", "60.00", "July"), ("2930", "-60.00", "")] == [
        (line["account"], line["amount"], line["text"]) for line in world.documents()[0]["lines"]
    ]
    wrong = world.change(
        number, {"journalTransactionLines": [{"operation": "Delete", "lineNumber": {"value": 9}}]}
    )
    assert (400, True) == (wrong.status_code, "Line Number '9' cannot be found" in wrong.json()["message"])


def test_a_released_batch_stays_as_it_is(world: World) -> None:
    """Neither changed nor released again, from the moment it is in the queue."""
    number = world.booked(hold=False)
    world.release(number)
    for _ in range(2):
        assert 400 == world.change(number, {"description": {"value": "x"}}).status_code
        assert 400 == world.release(number).status_code
        world.clock.advance(1)
    assert ("Posted", "PAY 7f3a") == (world.status(number), world.documents()[0]["text"])


def test_a_period_that_closes_before_the_release_stops_it(world: World) -> None:
    """Refused when it is known in time; a queued release that finds it closed leaves the batch balanced."""
    number = world.booked(hold=False)
    world.release(number)
    world.control("close_period", period="2026-07")
    world.clock.advance(1)
    row = world.get(f"{JOURNALS}/{number}").json()
    assert "Balanced" == row["status"]
    assert "The 07-2026 financial period is closed." in row["errorInfo"]
    assert "closed" in world.release(number).json()["message"]
    world.control("open_period", period="2026-07")
    world.release(number)
    world.clock.advance(1)
    assert "Posted" == world.status(number)


def test_a_failed_release_can_be_a_200() -> None:
    """By switch: the result says so, not the status."""
    world = World(release_refusal="failed")
    answer = world.release(world.booked())
    assert (200, "Failed") == (answer.status_code, answer.json()["actionResult"])
    assert "Batch Status invalid for processing." in answer.json()["errorInfo"]


def test_an_auto_reversing_batch_leaves_its_mirror(world: World) -> None:
    """At the start of the next period, naming the first; to be released like any other."""
    number = world.post_and_release(autoReversing=True)
    mirror = world.get(f"{JOURNALS}/100002").json()
    assert (True, number, "202608", "Balanced") == tuple(
        mirror[name] for name in ("reversingEntry", "originalBatchNumber", "financialPeriod", "status")
    )
    assert ["-100.25", "100.25"] == [line["amount"] for line in world.documents()[1]["lines"]]


def test_a_file_can_be_attached(world: World) -> None:
    """To the batch; the same name again replaces it as the next revision."""
    number = world.booked()
    url = f"{JOURNALS}/module/GL/{number}/attachment"
    made = world.client.post(url, files={"file": ("slip.pdf", b"%PDF", "application/pdf")})
    assert made.status_code == 201
    assert b"%PDF" == world.client.get(made.headers["Location"]).content
    world.client.post(url, files={"file": ("slip.pdf", b"%PDF 2", "application/pdf")})
    assert [("slip.pdf", 2)] == [
        (row["name"], row["revision"]) for row in world.get(f"{JOURNALS}/{number}").json()["attachments"]
    ]
    assert (
        404
        == world.client.post(
            f"{JOURNALS}/module/GL/{number}/99/attachment", files={"file": ("a", b"b")}
        ).status_code
    )


def test_the_bookkeeper_at_the_screen(world: World) -> None:
    """Delete, double, edit, hold, release and book by hand: what reconciliation has to notice."""
    first = world.booked()
    world.control("double", id=first)
    world.control("edit", id=first, line=2, amount="-99.00", text="changed", cost_center="0100")
    lines = [
        {"account": "5000", "amount": "1", "subaccount": "0100-OSL"},
        {"account": "2930", "amount": "-1", "subaccount": "0000-OSL"},
    ]
    world.control("book", date="2026-07-02", description="by hand", lines=lines)
    documents = world.documents()
    assert [["100.25", "-99.00"], ["100.25", "-100.25"], ["1.00", "-1.00"]] == [
        [line["amount"] for line in d["lines"]] for d in documents
    ]
    assert "0100" == documents[0]["lines"][1]["dimensions"]["cost_center"]
    assert ["draft", "draft", "posted"] == [document["status"] for document in documents]
    world.control("release", id="100002")
    world.control("delete", id=first)
    assert [("100002", "posted"), ("100003", "posted")] == [
        (d["number"], d["status"]) for d in world.documents()
    ]
    assert 404 == world.client.post("/__sandbox__/control/delete", json={"id": first}).status_code
    assert 400 == world.client.post("/__sandbox__/control/book", json={"lines": lines[:1]}).status_code


def test_a_released_batch_is_taken_back_by_a_mirrored_one(world: World) -> None:
    """In the same period, with the same texts and the name of the other, released at once. Nothing is left
    of one that the period refuses; a copy may wait on hold, and what is not released is deleted instead.
    """
    first = world.booked()
    world.control("release", id=first)

    back = world.control("reverse", id=first)["number"]
    copy = world.control("double", id=first, hold=True)["number"]

    found = {document["number"]: document for document in world.documents()}
    assert ["-100.25", "100.25"] == [line["amount"] for line in found[back]["lines"]]
    assert ["posted", "posted", "draft"] == [found[number]["status"] for number in (first, back, copy)]
    shown = world.get(f"/v2/journaltransaction/{back}").json()
    assert (True, first) == (shown["reversingEntry"], shown["originalBatchNumber"])
    assert shown["description"] == world.get(f"/v2/journaltransaction/{first}").json()["description"]
    world.control("close_period", period=found[back]["period"])
    for number in (back, copy):
        answer = world.client.post("/__sandbox__/control/reverse", json={"id": number})
        assert (400, [*found]) == (answer.status_code, [d["number"] for d in world.documents()])


def test_a_batch_reversed_at_the_screen_may_lose_its_texts() -> None:
    """The public material does not say: by switch the mirrored batch has none."""
    world = World(reversal_texts="none")
    first = world.booked()
    world.control("release", id=first)

    back = world.control("reverse", id=first)["number"]

    texts = {}
    for number in (first, back):
        shown = world.get(f"/v2/journaltransaction/{number}").json()
        lines = [line["transactionDescription"] for line in shown["journalTransactionLines"]]
        texts[number] = (shown["description"], *lines)
    assert ("PAY 7f3a", "July", "") == texts[first]
    assert not any(texts[back])
