"""The ledger, or the way to it, is not as it should be: the run stops before anything is booked, says what to
do, and goes on once that is done.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from scenes import PAYROLL
from stage import LEDGER, MAPPING, SOURCE, TARGET
from tests.stand import Stand

pytestmark = pytest.mark.slow


def problem(held: Any) -> tuple[str, str, str]:
    """Code, place and owner of the first problem."""
    first = held["problems"][0]
    return first["code"], first["where"], first["owner"]


def period(stand: Stand, run: str) -> str:
    """The month the pay run's period ends in, as the ledger names it."""
    rows = stand.sandbox.control(PAYROLL, "books")["runs"]
    return str(next(row["period_end"][:7] for row in rows if row["run_id"] == run))


def resumes(stand: Stand, held: Any, run: str) -> Any:
    """The held run goes on and is booked, once."""
    done = stand.ask("runs", "resume", held["run"])
    stand.assert_booked(run)
    return done


def test_a_closed_period_holds_the_run(stand: Stand, run: str) -> None:
    """The month of the posting date is closed: a person opens it, or chooses another day."""
    month = period(stand, run)
    stand.at_ledger("close_period", period=month, journal="95")

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert ("period.closed", "posting_date", "controller") == problem(held)
    assert held["problems"][0]["text"].startswith(
        f"{month} is closed for this journal. Reopen it, or choose a posting date from "
    )
    stand.at_ledger("open_period", period=month, journal="95")
    resumes(stand, held, run)


def test_a_closed_period_moves_the_date_in_sight_when_the_flow_says_so(stand: Stand, run: str) -> None:
    """With `closed_period=next_open` the entry goes to the first day of the next open period, and the
    proposal shows that day.
    """
    month = period(stand, run)
    year, number = int(month[:4]), int(month[5:])
    first = f"{year + number // 12}-{number % 12 + 1:02d}-01"
    stand.at_ledger("close_period", period=month, journal="95")
    stand.flow(closed_period="next_open")
    try:
        shown = stand.post(run, "--dry-run")
        posted = stand.post(run)
    finally:
        stand.flow()
        stand.at_ledger("open_period", period=month, journal="95")

    assert ([first], [first]) == tuple(
        [entry["date"] for entry in result["entries"]] for result in (shown, posted)
    )
    assert first == stand.documents()[-1]["date"][:10]
    stand.assert_booked(run)


def test_a_blocked_account_holds_the_run(stand: Stand, run: str) -> None:
    """The account is named, and both ways out: unblock it, or map to another."""
    stand.at_ledger("block_account", code="4010")

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert ("account.blocked", "account 4010", "controller") == problem(held)
    assert (
        "GL account 4010 (Overtime) is blocked in 1204. Unblock it, or map to another."
        == held["problems"][0]["text"]
    )
    stand.at_ledger("unblock_account", code="4010")
    resumes(stand, held, run)


def test_an_account_blocked_after_approval_is_refused_by_the_ledger_and_booked_later(
    stand: Stand, run: str
) -> None:
    """What the preflight could not know yet: the ledger's own refusal stops the run, and proves that nothing
    was booked.
    """
    stand.flow("approve")
    try:
        proposed = stand.post(run, code=4)
        stand.at_ledger("block_account", code="4010")
        held = stand.approve(proposed["run"], code=3)
        stand.assert_booked()
        assert "4010" in held["problems"][0]["text"]
        stand.at_ledger("unblock_account", code="4010")
        resumes(stand, held, run)
    finally:
        stand.flow()


def test_a_cost_center_that_the_ledger_lacks_holds_the_run(stand: Stand, run: str) -> None:
    """The code is named with the account it stands beside; it is added in the ledger, and the run goes on."""
    code = next(line["dimensions"]["cost_center"] for line in lines_of(stand, stand.runs.pop(0)))
    stand.at_ledger("remove_cost_center", code=code)

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert code in held["problems"][0]["where"] + held["problems"][0]["text"]
    assert "1204" in held["problems"][0]["text"]
    add_cost_center(stand, code)
    resumes(stand, held, run)


def lines_of(stand: Stand, run: str) -> Any:
    """The lines of another pay run's document, booked for the purpose."""
    stand.post(run)
    stand.assert_booked(run)
    return stand.documents()[-1]["lines"]


def add_cost_center(stand: Stand, code: str) -> None:
    """As an administrator of the ledger adds one."""
    token = stand.at_ledger("grant")["access_token"]
    system = stand.sandbox.systems[LEDGER]
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(
        f"{system['base_url']}/api/v1/{system['entities'][0]['code']}/hrm/Costcenters",
        data=json.dumps({"Code": code, "Description": code}).encode(),
        headers=headers,
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert 201 == answer.status


def test_an_access_token_revoked_in_mid_run_is_renewed(stand: Stand, run: str) -> None:
    """Between proposal and posting the token dies: the 401 proves that nothing was booked, a new token is
    taken, and the entry goes out once.
    """
    stand.flow("approve")
    try:
        proposed = stand.post(run, code=4)
        stand.at_ledger("revoke", what="access")
        assert "done" == stand.approve(proposed["run"])["state"]
    finally:
        stand.flow()
    stand.assert_booked(run)


def test_a_consent_revoked_in_mid_run_is_given_again(stand: Stand, run: str) -> None:
    """Between proposal and posting the whole consent is withdrawn: a person signs in again, and the approved
    run goes on.
    """
    stand.flow("approve")
    try:
        proposed = stand.post(run, code=4)
        stand.at_ledger("revoke", what="refresh")
        held = stand.approve(proposed["run"], code=3)
        stand.assert_booked()
        assert ("sign_in.lost", "administrator") == (problem(held)[0], problem(held)[2])
        assert held["problems"][0]["text"].endswith("connections authorize NAME.")
        warned = {line["name"]: line["warning"] for line in stand.ask("connections", "list")["connections"]}
        assert "The vendor ended the sign-in" in warned[TARGET]
        stand.product.authorize(TARGET)
        resumes(stand, held, run)
    finally:
        stand.flow()


@pytest.mark.parametrize("approved", [False, True], ids=["before the proposal", "before the posting"])
def test_a_division_that_the_user_lost_holds_the_run(stand: Stand, run: str, approved: bool) -> None:
    """The vendor's reason is told in words, with who can mend it."""
    stand.flow("approve")
    try:
        proposed = stand.post(run, code=4) if approved else None
        stand.at_ledger("lose_division", division="1204")
        held = stand.approve(proposed["run"], code=3) if proposed else stand.post(run, code=3)
        stand.at_ledger("regain_division", division="1204")
        stand.assert_booked()
        assert "right.missing" == problem(held)[0]
        assert "the user has no access to this division any more" in held["problems"][0]["text"]
        stand.flow()
        resumes(stand, held, run)
    finally:
        stand.at_ledger("regain_division", division="1204")
        stand.flow()


def test_a_scope_taken_from_the_app_is_named(stand: Stand, run: str) -> None:
    """The ledger may still be read, not written: the refusal says that the app lacks the scope."""
    stand.at_ledger("scope", scope="Financial accounting", level="read")

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert "right.missing" == problem(held)[0]
    assert "Add the scope to the app, then authorise the connection again." in held["problems"][0]["text"]
    stand.at_ledger("scope", scope="Financial accounting", level="manage")
    resumes(stand, held, run)


@pytest.mark.parametrize("body", ["html", "truncated"])
def test_a_page_instead_of_the_chart_of_accounts_stops_the_run(stand: Stand, run: str, body: str) -> None:
    """A read that gives no JSON proves nothing and is not taken for an empty chart."""
    stand.fail(LEDGER, "garbage", "GET", "GLAccounts", body=body)

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert "vendor_changed" == problem(held)[0]
    assert "GLAccounts" in held["problems"][0]["where"]
    resumes(stand, held, run)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("garbage", {"body": "html"}),
        ("lost_after_commit", {}),
        ("lost_before_commit", {}),
        ("status", {"status": 502}),
        ("status", {"status": 429}),
    ],
    ids=[
        "a page instead of the receipt",
        "lost after it was booked",
        "lost before it was booked",
        "a gateway's 502",
        "throttled",
    ],
)
def test_an_answer_to_a_posting_that_proves_nothing_is_looked_up(
    stand: Stand, run: str, kind: str, more: dict[str, Any]
) -> None:
    """The entry may be booked: the run waits, looks by the marker, adopts what it finds and sends again only
    what is certainly not there.
    """
    stand.fail(LEDGER, kind, "POST", "GeneralJournalEntries", **more)

    assert "done" == stand.post(run)["state"]
    stand.assert_booked(run)


def by_hand(stand: Stand, run: str, amount: str) -> Any:
    """Somebody books an entry in the payroll journal."""
    lines = [{"account": "4100", "amount": amount}, {"account": "4101", "amount": f"-{amount}"}]
    return stand.at_ledger("book", journal="95", date=f"{period(stand, run)}-10", lines=lines)


def test_an_entry_of_others_that_may_be_the_pay_holds_the_run(stand: Stand, run: str) -> None:
    """Somebody booked the same total in the payroll journal by hand: is it this pay? A person looks, and
    accepts that document by its number. One that is nothing like the pay holds nobody.
    """
    (entry,) = stand.post(run, "--dry-run")["entries"]
    small, booked = by_hand(stand, run, "1.00"), by_hand(stand, run, entry["debit"])
    name = f"1204/{booked['number']}"

    held = stand.post(run, code=3)

    assert ("ledger.look_alike", name, "controller") == problem(held)
    assert str(small["number"]) not in held["problems"][0]["text"]
    assert "done" == stand.ask("runs", "resume", held["run"], "--accept", name)["state"]
    for each in (small, booked):
        stand.at_ledger("delete", id=each["id"])
    stand.assert_booked(run)


def test_an_account_that_the_mapping_sends_nowhere_is_named_and_mapped(
    stand: Stand, run: str, tmp_path: Path
) -> None:
    """A source account without a rule holds the run; `resume` takes the mapping that was imported since."""
    rules = MAPPING.read_text().splitlines(keepends=True)
    without = tmp_path / "without.csv"
    without.write_text("".join(line for line in rules if ",5110," not in line))
    stand.ask("mappings", "import", "payroll", str(without))

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert ("mapping.unmapped", True) == (problem(held)[0], "5110" in held["problems"][0]["text"])
    left = stand.ask("mappings", "suggest", "payroll", "--from", SOURCE, "--pay-run", run)
    assert ["5110"] == [row["account"] for row in left["unmapped"]]
    stand.ask("mappings", "import", "payroll", str(MAPPING))
    resumes(stand, held, run)
