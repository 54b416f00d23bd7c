"""Dynamics, or the way to it, is not as it should be: the run stops before anything wrong is booked, says
what to do, and ends booked once.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.mending import (
    Cause,
    Worker,
    approving,
    do,
    goes_on,
    killed,
    mend_each,
    patient,
    posted_as,
    problem,
    serving,
    switch,
    text,
)
from tests.stand import Stand, given

from ml_connector_sandbox.systems.dynamics_fo.scene import SCENE as DYNAMICS_FO

pytestmark = pytest.mark.slow

SLUG = DYNAMICS_FO.ledger
SCENE = replace(DYNAMICS_FO, unlimited={"settle_seconds": "1.5", "posting_seconds": "0.2"})
DEPARTMENTS = (*(f"DEP{number:02}" for number in range(1, 15)), "LINE-7")
"""Fifteen, so that an entry needs two changesets; one has the delimiter of dimensions in its code."""
RUNS = 23
FORMAT = (
    "set_dimension_format",
    {"format": "MainAccount-Department-CostCenter-BusinessUnit-Project", "name": "Integration"},
)
SETUP = (
    "General ledger > Chart of accounts > Dimensions > Financial dimension configuration for integrating"
    " applications"
)
HEADER = {"method": "POST", "path": "LedgerJournalHeaders"}
CHANGESET = {"method": "POST", "path": r"\$batch"}
OVERTIME = {"account": "601200"}
DEP03 = {"dimension": "CostCenter", "code": "DEP03"}


def journal_name(**fields: str) -> tuple[str, dict[str, Any]]:
    """The journal name of the flow gets these settings."""
    return "set_journal_name", {"name": "PAYROLL", "set": fields}


NO_FORMAT = Cause(
    broken=[("deactivate_format", {})],
    mended=[FORMAT],
    found=("format.missing", "dimension format", "administrator"),
    words=[f"No dimension format for ledger accounts is active. Activate one under {SETUP}."],
)
SHORT_FORMAT = Cause(
    broken=[("set_dimension_format", {"format": "MainAccount-Department", "name": "Budget tool"})],
    mended=[FORMAT],
    found=("dimension.format", "line 1", "administrator"),
    words=[
        (
            "The active dimension format has no CostCenter, so DEP01 and every other cost_center would be"
            " dropped."
        ),
        f"Add CostCenter under {SETUP}",
    ],
)
HALF_DELIMITER = Cause(
    broken=[("set_delimiter", {"delimiter": "DoubleHyphen"})],
    mended=[("set_delimiter", {"delimiter": "Hyphen"})],
    found=("dimension.delimiter", "line 99", "administrator"),
    words=[
        "The code 'LINE-7' of CostCenter holds '-', of which the delimiter '--' is made;",
        "Map it to another code.",
    ],
)
DELETES_LINES = Cause(
    broken=[journal_name(DeleteLinesAfterPosting="Yes")],
    mended=[journal_name(DeleteLinesAfterPosting="No")],
    found=("journal.unusable", "journal PAYROLL", "administrator"),
    words=[
        "Journal name PAYROLL of company usmf deletes lines after posting",
        "Turn that off, or choose another.",
    ],
)
BEFORE = {
    "the dimension format": [NO_FORMAT, SHORT_FORMAT, HALF_DELIMITER],
    "accounts and codes": [
        Cause(
            broken=[("block_account", OVERTIME)],
            mended=[("unblock_account", OVERTIME)],
            found=("account.blocked", "account 601200", "controller"),
            words=["GL account 601200 (Overtime) is blocked in usmf. Unblock it, or map to another."],
        ),
        Cause(
            broken=[("suspend_dimension_value", DEP03)],
            mended=[("activate_dimension_value", DEP03)],
            found=("code.inactive", "cost_center DEP03", "administrator"),
            words=[
                "cost_center DEP03 is not active in usmf. Activate it there, or translate the code in the"
                " mapping."
            ],
        ),
        Cause(
            broken=[("remove_dimension_value", {**DEP03, "force": True})],
            mended=[("add_dimension_value", DEP03)],
            found=("code.unknown", "cost_center DEP03", "administrator"),
            words=["cost_center DEP03 does not exist in usmf. Create it there"],
        ),
    ],
    "the journal and the period": [
        DELETES_LINES,
        Cause(
            broken=[("close_period", {"period": "2026-07"})],
            mended=[("open_period", {"period": "2026-07"})],
            found=("period.closed", "posting_date", "controller"),
            words=[
                "2027-01 is closed for this journal. Reopen it, or choose a posting date from 2026-08-01."
            ],
        ),
    ],
}
AFTER = [
    NO_FORMAT,
    SHORT_FORMAT,
    DELETES_LINES,
    Cause(
        broken=[("block_account", OVERTIME)],
        mended=[("unblock_account", OVERTIME)],
        found=("code.unknown", "/data/$batch", "administrator"),
        words=[
            "Main account 601200 is blocked for manual entry.",
            "Correct the code in Dynamics, or map to one that may be used.",
        ],
    ),
    Cause(
        broken=[("suspend_dimension_value", DEP03)],
        mended=[("activate_dimension_value", DEP03)],
        found=("code.unknown", "/data/$batch", "administrator"),
        words=["CostCenter DEP03 is suspended."],
    ),
]


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """An installation that posts by itself, and the process that carries it out."""
    with serving(SCENE, RUNS, DEPARTMENTS, tmp_path_factory.mktemp("register")) as worker:
        yield worker


@pytest.fixture
def stand(worker: Worker) -> Stand:
    """The installation."""
    return worker.stand


@pytest.fixture
def run(stand: Stand) -> str:
    """A pay run that nobody has touched."""
    return stand.runs.pop(0)


def service(stand: Stand, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """As a colleague's tool calls the service."""
    system = stand.sandbox.systems[SLUG]
    known = system["credentials"]
    form = {
        "grant_type": "client_credentials",
        **{name: known[name] for name in ("client_id", "client_secret", "scope")},
    }
    with urllib.request.urlopen(
        known["token_url"], data=urllib.parse.urlencode(form).encode(), timeout=30
    ) as answer:
        headers = {
            "Authorization": f"Bearer {json.load(answer)['access_token']}",
            "Content-Type": "application/json",
        }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{system['base_url']}/data/{path}", data=data, method=method, headers=headers
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def test_a_code_with_the_delimiter_is_escaped_and_one_with_a_backslash_is_named(
    stand: Stand, run: str, tmp_path: Path
) -> None:
    """How the vendor reads a backslash is not known, so the mapping that leads there must be corrected;
    LINE-7 goes out with one and comes back.
    """
    stand.at_ledger("add_dimension_value", dimension="CostCenter", code="DEP\\1")
    codes = tmp_path / "codes.csv"
    codes.write_text("axis,source_code,code\norg_level_1,DEP01,DEP\\1\n")
    stand.ask("mappings", "import", "payroll", str(SCENE.mapping), "--codes", str(codes))
    try:
        held = stand.post(run, code=3)
    finally:
        stand.ask("mappings", "import", "payroll", str(SCENE.mapping))

    stand.assert_booked()
    assert ("dimension.delimiter", "administrator") == (problem(held)[0], problem(held)[2])
    assert text(held).startswith(r"The code 'DEP\\1' of CostCenter holds a backslash; ")
    assert text(held).endswith("Map it to another code.")
    goes_on(stand, held, run)
    rows = service(
        stand,
        "GET",
        f"LedgerJournalLines?$filter=JournalBatchNumber%20eq%20'{stand.documents()[-1]['number']}'&cross-company=true",
    )
    assert r"601100--LINE\-7" in [row["AccountDisplayValue"] for row in rows["value"]]


def test_where_nothing_posted_is_published_the_reconciliation_says_so(stand: Stand, run: str) -> None:
    """The lines of the journal are compared then, as a table and for programs; elsewhere what is posted."""
    switch(stand, gl_sets="none")
    try:
        by_lines = stand.post(run)["run"]
    finally:
        switch(stand, gl_sets="bi")
    posted_as(stand, run)

    said = "Ledger: posted entries were not compared, only the journal's lines: neither GeneralJournal"
    for command in (("runs", "show", by_lines), ("tie-out", by_lines)):
        assert said in " ".join(stand.command(*command).stdout.split())
    rows = stand.ask("tie-out", by_lines)["rows"]
    assert {True} == {(row["instead_of_posted"] is None) == (row["ledger"] is None) for row in rows}


@pytest.mark.parametrize("what", BEFORE)
def test_what_is_wrong_in_dynamics_holds_the_run(stand: Stand, run: str, what: str) -> None:
    """Each cause is said with its value and its remedy, once and not for every line; nothing is sent."""
    mend_each(stand, run, BEFORE[what])


def test_what_went_wrong_after_approval_leaves_no_journal_behind(stand: Stand, run: str) -> None:
    """What the checks could not know yet stops the posting; a journal that was begun is removed, and the same
    entries are booked later.
    """
    with approving(stand, run) as approve:
        mend_each(stand, run, AFTER, approve)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "slow", "seconds": 0.5, "match": HEADER},
        {"kind": "late_commit", "seconds": 0.5, "skip": 1, "match": CHANGESET},
    ],
    ids=["with the journal created", "with its second half on the way"],
)
def test_a_journal_that_was_half_created_by_a_crash_is_completed(
    worker: Worker, run: str, fault: dict[str, Any]
) -> None:
    """The process is killed with `kill -9`; the next one finds the journal by its marker, and adds what is
    missing to it.
    """
    stand = worker.stand
    identity = killed(worker, run, fault)
    (begun_as,) = [row["number"] for row in stand.documents() if row["status"] == "draft"]

    worker.start()
    ended = stand.ask("runs", "follow", identity)

    assert ("done", begun_as, 105) == (
        ended["state"],
        posted_as(stand, run)["number"],
        len(posted_as(stand, run)["lines"]),
    )


def test_a_half_journal_that_somebody_added_a_line_to_is_shown_and_left_alone(
    worker: Worker, run: str
) -> None:
    """Nothing is added to it, posted or deleted while the line of a colleague stands in it; afterwards it is
    completed.
    """
    stand = worker.stand
    identity = killed(worker, run, {"kind": "lost_before_commit", "skip": 1, "match": CHANGESET})
    number = stand.documents()[-1]["number"]
    journal = {"dataAreaId": "usmf", "JournalBatchNumber": number}
    line = service(
        stand,
        "POST",
        "LedgerJournalLines",
        {
            **journal,
            "AccountType": "Ledger",
            "AccountDisplayValue": "605101--DEP01",
            "DebitAmount": 1,
            "Text": "Taxi",
            "TransDate": "2026-07-10T12:00:00Z",
            "CurrencyCode": "USD",
        },
    )["LineNumber"]

    worker.start()
    held = stand.ask("runs", "follow", identity, code=3)

    assert ("journal.changed", f"journal {number}", "controller") == problem(held)
    shown = (
        f"Journal {number} is not posted and holds a line that is not of this entry, such as line 101:"
        " 605101--DEP01, debit 1, 'Taxi'."
    )
    assert (
        f"{shown} Nothing was added, posted or deleted. Move them to another journal in Dynamics, then go on."
        == text(held)
    )
    stand.ask("runs", "resume", identity, code=3)
    assert ("draft", 101) == (stand.documents()[-1]["status"], len(stand.documents()[-1]["lines"]))
    service(
        stand,
        "DELETE",
        f"LedgerJournalLines(dataAreaId='usmf',JournalBatchNumber='{number}',LineNumber={line})?cross-company=true",
    )
    goes_on(stand, held, run)


@pytest.mark.parametrize("refused", [False, True], ids=["never comes", "refuses"])
def test_a_journal_that_the_job_has_not_posted_is_waited_for(
    worker: Worker, stand: Stand, run: str, refused: bool
) -> None:
    """Created is not booked: the run says that it waits, exits so, and is done when the job has posted the
    journal.
    """
    with patient(worker, posting_job_seconds=0):
        if refused:
            do(stand, [journal_name(IsApprovalActive="Yes")])
        waits = stand.post(run, code=5)
        number = waits["entries"][0]["reference"]
        assert ("waiting", "draft", []) == (waits["state"], waits["entries"][0]["state"], waits["problems"])
        assert f"Document {number} is created and awaits posting by the ledger." == waits["summary"]
        if refused:
            assert [f"Journal {number} is not approved"] == stand.at_ledger("run_posting_job")["failed"][0][
                "messages"
            ]
            stand.at_ledger("approve", id=number)
            do(stand, [journal_name(IsApprovalActive="No")])
        assert "waiting" == stand.ask("runs", "resume", waits["run"], code=5)["state"]

        assert [number] == stand.at_ledger("run_posting_job")["posted"]
        goes_on(stand, waits, run)


def test_a_posted_journal_whose_lines_are_gone_is_never_posted_again(
    worker: Worker, stand: Stand, run: str
) -> None:
    """The journal name began to delete lines between creation and posting: the entry is booked and cannot be
    compared, and nobody may call it deleted.
    """
    with patient(worker, posting_job_seconds=0):
        waits = stand.post(run, code=5)
        do(stand, [*DELETES_LINES.broken, ("run_posting_job", {}), *DELETES_LINES.mended])
        held = stand.ask("runs", "resume", waits["run"], code=3)

    number = posted_as(stand, run)["number"]
    assert ("journal.lines_deleted", f"journal {number}", "controller") == problem(held)
    assert text(held).startswith(
        f"Journal {number} is posted and shows no lines: journal name PAYROLL deletes them after posting."
    )
    assert "must not be posted again" in stand.ask("runs", "deleted", waits["run"], code=3)["error"]
    stand.post(run, code=3)
    stand.assert_booked()


def test_a_changeset_that_was_undone_is_sent_again(stand: Stand, run: str) -> None:
    """The server is busy inside the batch, then somebody writes at the same time: nothing was done, and the
    run waits as long as it is told.
    """
    stand.at_ledger("pressure", operations=1, skip=3, where="part", retry_after=1)
    stand.at_ledger("update_conflict", times=1)

    assert "done" == stand.post(run)["state"]

    assert 105 == len(posted_as(stand, run)["lines"])


def test_a_client_secret_revoked_in_mid_run_is_entered_anew(worker: Worker, stand: Stand, run: str) -> None:
    """Between proposal and posting the secret expires and tokens end: nothing is booked, and the approved
    entries go out once it is replaced.
    """
    said = {
        "error": "invalid_client",
        "error_description": "AADSTS7000222: The provided client secret keys for app are expired.",
    }
    fault = {
        "kind": "status",
        "status": 401,
        "times": 1000,
        "body": json.dumps(said),
        "headers": {"Content-Type": "application/json"},
    }
    with approving(stand, run) as approve:
        stand.at_ledger("revoke_tokens")
        stand.sandbox.control(SLUG, "faults", {**fault, "match": {"method": "POST", "path": "/oauth2/"}})
        try:
            held = approve()
            (missing,) = stand.ask("connections", "test", "ledger", code=1)["rights"]
        finally:
            stand.sandbox.control(SLUG, "faults", method="DELETE")
        stand.assert_booked()
        assert ("sign_in.lost", "client_secret", "administrator") == problem(held)
        assert text(held).startswith("The vendor refused client id and secret: invalid_client AADSTS7000222")
        assert text(held).endswith("The connection is not authorised until they are corrected.")
        assert text(held) == missing["text"]
        worker.connect()
        goes_on(stand, held, run)


def test_a_page_instead_of_an_answer_proves_nothing(stand: Stand, run: str) -> None:
    """Instead of a list the run is held; instead of a token or a changeset's answer it is asked and looked
    for again.
    """
    stand.fail(SLUG, "garbage", "GET", "MainAccounts", body="html")
    held = stand.post(run, code=3)
    stand.assert_booked()
    assert ("vendor_changed", "/data/MainAccounts", "support") == problem(held)
    assert "got text/html" in text(held)
    assert "Try again later" in text(held)

    stand.at_ledger("revoke_tokens")
    stand.fail(SLUG, "garbage", "POST", "/oauth2/", body="html")
    stand.fail(SLUG, "garbage", "POST", CHANGESET["path"], body="html", after_commit=True)
    goes_on(stand, held, run)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"base_url": "https://usmf.operations.dynamics.com.evil.example"},
            "'usmf.operations.dynamics.com.evil.example' is not a host of this vendor",
        ),
        ({"base_url": "http://127.0.0.1:9103"}, "'http://127.0.0.1:9103' is on this machine"),
        (
            {"token_url": "https://login.evil.example/t/oauth2/v2.0/token"},
            "'login.evil.example' is not a host of this vendor",
        ),
    ],
)
def test_an_address_that_is_not_the_vendors_is_refused(
    stand: Stand, changed: dict[str, str], words: str
) -> None:
    """Client id and secret are sent to the environment's own sign-in, and nowhere else."""
    real = {
        "base_url": "https://usmf.operations.dynamics.com",
        "token_url": "https://login.microsoftonline.com/t-1/oauth2/v2.0/token",
        "company": "usmf",
        "client_id": "the-app",
        "client_secret": "the-secret",
    }

    with given({**real, **changed}) as options:
        answer = stand.ask("connections", "add", "real", "--connector", SLUG, *options, code=2)

    assert list(changed) == [found["where"] for found in answer["problems"]]
    assert words in text(answer)
    assert "real" not in [line["name"] for line in stand.ask("connections", "list")["connections"]]
