"""Visma, or the way to it, is not as it should be: the run stops before anything wrong is booked, says what
to do, and ends booked once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.mending import (
    Action,
    Cause,
    Worker,
    approving,
    begun,
    goes_on,
    killed,
    mend_each,
    patient,
    posted_as,
    problem,
    serving,
    strikes,
    switch,
    text,
)
from tests.stand import Stand, until

from ml_connector_sandbox.systems.visma_net.scene import SCENE as VISMA_NET

pytestmark = pytest.mark.slow

SLUG = VISMA_NET.ledger
SCENE = replace(
    VISMA_NET,
    unlimited={"settle_seconds": "1.5", "posting_seconds": "0.2"},
    switches={"release_seconds": "0"},
)
DEPARTMENTS = ("OSLADM", "OSLFIN", "BERADM", "BERTUR", "STVTUR", "TRDVND")
"""Of three plants, and three of them on projects."""
RUNS = 22
CREATE = {"method": "POST", "path": "/v2/journaltransaction$"}
READ = {"method": "GET", "path": r"/v2/journaltransaction/\d"}
OFF_HOLD = {"method": "PUT", "path": "/v2/journaltransaction/"}
RELEASE = {"method": "POST", "path": "/action/release"}
BEFORE_RELEASE = {"kind": "slow", "seconds": 0.5, "match": READ}
"""A batch is released as it was read back; while that answer is on its way, or a later one, somebody may save
it.
"""
BERADM: Action = (
    "put_segment_value",
    {"segment": 1, "code": "BERADM", "description": "Kontor Bergen", "active": True},
)


def project(status: str, **more: str) -> Action:
    """The project, or a task of it, gets this status."""
    return "project", {"code": "P2601", "status": status, **more}


MANUAL_ENTRY = Cause(
    broken=[("manual_entry", {"code": "5010", "allowed": False})],
    mended=[("manual_entry", {"code": "5010", "allowed": True})],
    found=("account.blocked", "account 5010", "controller"),
    words=[
        "GL account 5010 (Overtid, without manual entry) is blocked in FJORD. Unblock it, or map to another."
    ],
)
WITHDRAWN = Cause(
    broken=[("withdraw_approval", {})],
    mended=[("approve", {})],
    found=("sign_in.lost", "tenant_id", "administrator"),
    words=[
        "the API does not accept it (401)",
        "has not approved the application in the Visma App Store",
        "Authorise it there",
    ],
)
TASK_CLOSED = Cause(
    broken=[project("Completed", task="20")],
    mended=[project("Active", task="20")],
    found=("code.inactive", "project P2601/20", "administrator"),
    words=[
        "project P2601/20 is not active in FJORD. Activate it there, or translate the code in the mapping."
    ],
)
BEFORE = {
    "codes": [
        Cause(
            broken=[
                ("remove_subaccount", {"code": "BERADM-BER"}),
                ("remove_segment_value", {"segment": "cost_center", "code": "BERADM"}),
            ],
            mended=[BERADM],
            found=("code.unknown", "cost_center BERADM", "administrator"),
            words=[
                "cost_center BERADM does not exist in FJORD. Create it there, or translate the code in the"
                " mapping."
            ],
        ),
        Cause(
            broken=[("put_segment_value", {"segment": 1, "code": "BERADM", "active": False})],
            mended=[BERADM],
            found=("code.inactive", "cost_center BERADM", "administrator"),
            words=["cost_center BERADM is not active in FJORD. Activate it there"],
        ),
        Cause(
            broken=[project("Completed")],
            mended=[project("Active")],
            found=("code.inactive", "project P2601/10", "administrator"),
            words=[
                "project P2601/10 is not active in FJORD. Activate it there, or translate the code in the"
                " mapping."
            ],
        ),
        TASK_CLOSED,
    ],
    "accounts and periods": [
        Cause(
            broken=[("block_account", {"code": "5010"})],
            mended=[("unblock_account", {"code": "5010"})],
            found=("account.blocked", "account 5010", "controller"),
            words=["GL account 5010 (Overtid) is blocked in FJORD. Unblock it, or map to another."],
        ),
        MANUAL_ENTRY,
        Cause(
            broken=[("close_period", {"period": "2026-06"})],
            mended=[("open_period", {"period": "2026-06"})],
            found=("period.closed", "posting_date", "controller"),
            words=[
                "2026-06 is closed for this journal. Reopen it, or choose a posting date from 2026-07-01."
            ],
        ),
        Cause(
            broken=[("deactivate_period", {"period": "2026-06"})],
            mended=[("activate_period", {"period": "2026-06"})],
            found=("period.closed", "posting_date", "controller"),
            words=["2026-06 is closed for this journal."],
        ),
    ],
    "the company": [
        Cause(
            broken=[("deactivate_branch", {"code": "1"})],
            mended=[("activate_branch", {"code": "1"})],
            found=("branch.missing", "branch", "administrator"),
            words=[
                "Company FJORD has 0 active main branches. Activate 1 in Visma, or name an active one in the"
                " connection."
            ],
        ),
        WITHDRAWN,
    ],
}

AFTER = [
    WITHDRAWN,
    MANUAL_ENTRY,
    TASK_CLOSED,
    Cause(
        broken=[("deactivate_subaccount", {"code": "OSLFIN-OSL"})],
        mended=[("activate_subaccount", {"code": "OSLFIN-OSL"})],
        found=("subaccount.inactive", "line 22 subaccount", "administrator"),
        words=["Subaccount OSLFIN-OSL of line 22 is not active. Activate it in Visma, or map to another."],
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


@pytest.mark.parametrize("what", BEFORE)
def test_what_is_wrong_in_visma_holds_the_run(stand: Stand, run: str, what: str) -> None:
    """Each cause is said with its value and its remedy; nothing is sent."""
    mend_each(stand, run, BEFORE[what])


def test_what_went_wrong_after_approval_leaves_no_batch_behind(stand: Stand, run: str) -> None:
    """Between proposal and posting: what Visma refuses without naming the value is named, and the same
    entries are booked once it is mended.
    """
    with approving(stand, run) as approve:
        mend_each(stand, run, AFTER, approve)


def test_a_segment_that_the_mapping_gives_nothing_for_is_named_and_mapped(
    stand: Stand, run: str, tmp_path: Path
) -> None:
    """Visma wants every segment on every line; `resume` takes the mapping that was imported since."""
    rules = SCENE.mapping.read_text().splitlines(keepends=True)
    without = tmp_path / "without.csv"
    without.write_text(
        "".join(line.replace(",BER,,100,liability,net", ",,,100,liability,net") for line in rules)
    )
    stand.ask("mappings", "import", "payroll", str(without))

    held = stand.post(run, code=3)
    stand.ask("mappings", "import", "payroll", str(SCENE.mapping))

    stand.assert_booked()
    assert ("dimension.missing", "account 2930", "administrator") == problem(held)
    assert "GL account 2930 needs a plant; the mapping gives none." == text(held)
    goes_on(stand, held, run)


def test_a_batch_that_somebody_saved_unchanged_is_released(stand: Stand, run: str) -> None:
    """Its version is stale by then: it is read again, is what it was, and is released."""
    identity = begun(stand, run, BEFORE_RELEASE)
    stand.at_ledger("touch")

    assert "done" == stand.ask("runs", "follow", identity)["state"]
    stand.assert_booked(run)


def test_a_batch_that_somebody_saves_again_and_again_is_left_to_them(stand: Stand, run: str) -> None:
    """Two stale versions in a row are said; nothing is overwritten, and the batch is released once they are
    done.
    """
    first = strikes(stand)
    identity = begun(stand, run, {**BEFORE_RELEASE, "times": 2})
    stand.at_ledger("touch")
    until(lambda: strikes(stand) == first + 2, "the batch was read again")
    stand.at_ledger("touch")

    held = stand.ask("runs", "follow", identity, code=3)

    number = stand.documents()[-1]["number"]
    assert ("document.contended", f"batch {number}", "controller") == problem(held)
    assert text(held).startswith(
        f"Batch {number} was changed by another user each time it was about to be released. Nothing was"
        " overwritten;"
    )
    assert text(held).endswith("Ask who works on it, then resume the run.")
    goes_on(stand, held, run)


@pytest.mark.parametrize("late", [False, True], ids=["before it was compared", "after it was compared"])
def test_an_amount_that_somebody_changed_is_shown_and_never_overwritten(
    stand: Stand, run: str, late: bool
) -> None:
    """The batch stays on hold with their amount in it, as often as the run is resumed; put back, it is
    released.
    """
    identity = begun(
        stand, run, BEFORE_RELEASE if late else {"kind": "slow", "seconds": 0.5, "match": CREATE}
    )
    number, ours = stand.documents()[-1]["number"], stand.documents()[-1]["lines"][0]["amount"]
    stand.at_ledger("edit", line=1, amount="1.00")

    held = stand.ask("runs", "follow", identity, code=3)

    if late:
        assert ("document.changed", f"batch {number}", "controller") == problem(held)
        assert (
            f"Somebody changed batch {number} after it was compared: line 1: 2600 BERADM-BER branch 1 debit 0"
            f" credit {ours[1:].rstrip('0')} " in text(held)
        )
        assert "→ 2600 BERADM-BER branch 1 debit 1 credit 0 " in text(held)
        assert text(held).endswith(
            "Change it back in Visma and resume the run, or delete it there so that the entry is written"
            " again."
        )
    else:
        assert ("read_back.line", f"document {number}", "controller") == problem(held)
        assert "Account 2600 cost_center=BERADM plant=BER: written " in text(held)
    assert "read_back.line" == problem(stand.ask("runs", "resume", identity, code=3))[0]
    assert ("draft", "1.00") == (stand.documents()[-1]["status"], stand.documents()[-1]["lines"][0]["amount"])
    stand.at_ledger("edit", line=1, amount=ours)
    goes_on(stand, held, run)


@pytest.mark.parametrize("refusal", ["status", "failed"])
def test_a_release_that_visma_refuses_is_said_and_done_later(stand: Stand, run: str, refusal: str) -> None:
    """The period is closed while the batch is taken off hold: it stays there balanced, and the same batch is
    released once the period is open.
    """
    switch(stand, release_refusal=refusal)
    identity = begun(stand, run, {"kind": "slow", "seconds": 0.5, "match": OFF_HOLD})
    stand.at_ledger("close_period", period="2026-06")

    held = stand.ask("runs", "follow", identity, code=3)

    stand.at_ledger("open_period", period="2026-06")
    switch(stand, release_refusal="status")
    assert ("period.closed", "posting_date", "controller") == problem(held)
    assert (
        "The 06-2026 financial period is closed. Open the period in Visma, or choose a posting date in an"
        " open one." in text(held)
    )
    assert "draft" == stand.documents()[-1]["status"]
    goes_on(stand, held, run)


def test_a_batch_that_visma_does_not_post_by_itself_is_waited_for(
    worker: Worker, stand: Stand, run: str
) -> None:
    """Without `Automatically post on release` it is released and unposted: the run says that it waits, and is
    done when a person has posted it.
    """
    with patient(worker, auto_post=False):
        waits = stand.post(run, code=5)
        number = waits["entries"][0]["reference"]
        assert ("waiting", "draft", []) == (waits["state"], waits["entries"][0]["state"], waits["problems"])
        assert f"Document {number} is created and awaits posting by the ledger." == waits["summary"]
        assert "waiting" == stand.ask("runs", "resume", waits["run"], code=5)["state"]
        assert "Unposted" == stand.at_ledger("release", id=number)["status"]

        assert "Posted" == stand.at_ledger("post", id=number)["status"]
        goes_on(stand, waits, run)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "slow", "seconds": 0.5, "match": CREATE},
        {"kind": "late_commit", "seconds": 0.5, "match": CREATE},
        {"kind": "slow", "seconds": 0.5, "match": RELEASE},
    ],
    ids=["on hold", "not there yet", "in the queue"],
)
def test_a_batch_that_a_crash_left_is_released_once(worker: Worker, run: str, fault: dict[str, Any]) -> None:
    """The process is killed with `kill -9`; the next one finds the batch by its marker, compares it and
    releases it.
    """
    stand = worker.stand
    switch(stand, release_seconds=1)
    identity = killed(worker, run, fault)
    worker.start()

    ended = stand.ask("runs", "follow", identity)

    switch(stand, release_seconds=0)
    assert ("done", "confirmed") == (ended["state"], ended["entries"][0]["state"])
    assert posted_as(stand, run)["number"] == ended["entries"][0]["reference"]


def test_a_tenant_id_of_the_customer_is_told_from_one_of_the_company(
    worker: Worker, stand: Stand, run: str
) -> None:
    """It gives a token too, with which every call is refused: the test of the connection and the run say in
    words what to take instead.
    """
    words = (
        "Most often the tenant id is the customer's, not the company's: take the company's tenant id from"
        " Visma Admin."
    )
    given = [f"--set={name}={value}" for name, value in {**worker.settings, "tenant_id": "FJORD"}.items()]
    wrong = stand.ask("connections", "add", "new", "--connector", SLUG, "--sandbox", *given, code=2)
    worker.connect(tenant_id=stand.sandbox.systems[SLUG]["credentials"]["customer_tenant_id"])
    try:
        (missing,) = stand.ask("connections", "test", "ledger", code=1)["rights"]
        held = stand.post(run, code=3)
    finally:
        worker.connect()

    stand.assert_booked()
    assert ("setting.tenant_id", "tenant_id", "administrator") == problem(wrong)
    assert text(wrong).startswith("'FJORD' is not a tenant id. Copy the company's tenant id from Visma Admin")
    assert ("sign_in.lost", "tenant_id", "administrator") == problem(held)
    assert [True, True] == [words in said for said in (missing["text"], text(held))]
    goes_on(stand, held, run)


def test_a_call_limit_is_waited_out(stand: Stand, run: str) -> None:
    """A read, the batch and its release are throttled, each once: the run waits as long as Visma says, and
    books once.
    """
    for match in ({"method": "GET", "path": "/v1/account"}, CREATE, RELEASE):
        stand.fail(SLUG, "status", match["method"], match["path"], status=429, headers={"Retry-After": "1"})

    assert "done" == stand.post(run)["state"]
    stand.assert_booked(run)


def test_a_page_instead_of_an_answer_proves_nothing(stand: Stand, run: str) -> None:
    """Instead of a list the run is held; instead of a token, a receipt or the answer to a release it is asked
    and looked for again.
    """
    stand.fail(SLUG, "garbage", "GET", "/v1/account", body="html")
    held = stand.post(run, code=3)
    stand.assert_booked()
    assert ("vendor_changed", "/v1/account", "support") == problem(held)
    assert "got text/html" in text(held)
    assert "Try again later" in text(held)

    stand.at_ledger("revoke")
    stand.fail(SLUG, "garbage", "POST", "/connect/token", body="html")
    for match in (CREATE, RELEASE):
        stand.fail(SLUG, "garbage", match["method"], match["path"], body="html", after_commit=True)
    goes_on(stand, held, run)
