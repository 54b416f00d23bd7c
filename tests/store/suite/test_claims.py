"""Who may post for a pay, which books a connection leads to, and what runs speak of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml_connector.domain import codec
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import Refused
from ml_connector.ports.commits import CommitState, Origin
from ml_connector.ports.runs import RunState
from ml_connector.store.claims import StoredClaims
from ml_connector.store.models import Answer
from ml_connector.store.tenants import StoredTenants

PAY = Subject(tenant="books", entity="10", text="payroll:acme:US1:biweekly 2026-06-30")
OTHER = replace(PAY, text="payroll:acme:US2:biweekly 2026-06-30")


def a_run(storage: Any, **values: Any) -> str:
    return str(storage.runs.create(flow="payroll", stage="read", input={}, **values).id)


def claims(storage: Any) -> StoredClaims:
    return StoredClaims(storage.organisation)


# --- claims -------------------------------------------------------------------------------------------------


def test_a_pay_is_claimed_by_one_run(storage: Any) -> None:
    """The second is told who holds it, and gets none of what it asked for."""
    first, second = a_run(storage), a_run(storage)

    assert "" == claims(storage).take(first, [PAY])
    assert "" == claims(storage).take(first, [PAY])
    assert first == claims(storage).take(second, [OTHER, PAY])
    assert "" == claims(storage).holder([OTHER])

    claims(storage).release(first)
    assert "" == claims(storage).take(second, [OTHER, PAY])


def test_of_many_runs_one_gets_the_claim(storage: Any, together: Any) -> None:
    """All at the same moment, each asking in another order."""
    runs = [a_run(storage) for _ in range(8)]

    def ask(number: int) -> str:
        wanted = [PAY, OTHER] if number % 2 else [OTHER, PAY]
        return claims(storage).take(runs[number], wanted)

    results = together(ask)

    assert [] == [result for result in results if isinstance(result, Exception)]
    (winner,) = [run for run, holder in zip(runs, results, strict=True) if not holder]
    assert winner == claims(storage).holder([PAY]) == claims(storage).holder([OTHER])


@pytest.mark.parametrize(
    ("state", "held"),
    [
        (CommitState.PLANNED, False),
        (CommitState.REFUSED, False),
        (CommitState.CONFIRMED, False),
        (CommitState.SENDING, True),
        (CommitState.WRITING, True),
        (CommitState.DRAFT, True),
        (CommitState.UNKNOWN, True),
    ],
)
def test_a_claim_stays_while_something_of_the_run_is_in_flight(
    storage: Any, state: CommitState, held: bool
) -> None:
    """Nobody else may post for a pay while it is not known what is booked for it."""
    run = a_run(storage)
    claims(storage).take(run, [PAY])
    origin = Origin(run=run, tenant="books", shares=(Share(key="", subject=PAY),))
    key = "payroll:acme:R1:books:10:1:1"
    storage.commits.open(key=key, fingerprint="f", entity="10", content=codec.encode("entry"), origin=origin)
    storage.commits.record(key, state=state)

    claims(storage).release(run)

    assert (run if held else "") == claims(storage).holder([PAY])


def test_claims_of_another_organisation_are_none_of_ours(storage: Any) -> None:
    """Two companies on one installation may call their pays alike."""
    from ml_connector.store.models import Organisation

    run = a_run(storage)
    claims(storage).take(run, [PAY])
    stranger = Organisation.objects.create(slug=f"{storage.organisation.slug}-2")

    assert "" == StoredClaims(stranger).holder([PAY])


# --- tenants ------------------------------------------------------------------------------------------------


def test_the_books_behind_a_connection_are_noted_once(storage: Any) -> None:
    """A connection that leads to other books is stopped, until a person says that they are the same."""
    tenants = StoredTenants(storage.connection)
    assert "host/books" == tenants.confirm("10", "host/books")
    assert "host/books" == tenants.confirm("10", "host/books")

    with pytest.raises(Refused, match="leads to other books than before") as refused:
        tenants.confirm("10", "host/other")
    assert ("tenant.other", "administrator") == (refused.value.problem.code, refused.value.problem.owner)

    tenants.accept("10", "host/other")
    assert "host/books" == tenants.confirm("10", "host/other")


def test_two_connections_to_the_same_books_have_one_name_for_them(storage: Any) -> None:
    """What one has booked, the other finds."""
    first, second = (StoredTenants(storage.connect(name)) for name in ("one", "two"))
    first.confirm("10", "old")
    first.accept("10", "new")

    assert "old" == second.confirm("10", "new")
    assert "elsewhere" == second.confirm("20", "elsewhere")


# --- what runs speak of -------------------------------------------------------------------------------------


def test_other_runs_of_the_same_pay_are_found_while_they_are_not_at_their_end(storage: Any) -> None:
    """Not those at their end, not dry ones, not those of another pay; pays of their own beside it too, and
    one that failed and can be resumed.
    """
    mine = a_run(storage)
    held, failed = a_run(storage, reference="R2"), a_run(storage)
    beside, done, dry, another = (a_run(storage), a_run(storage), a_run(storage, dry=True), a_run(storage))
    spoken = {held: PAY, failed: PAY, beside: PAY.own("R3"), done: PAY, dry: PAY, another: OTHER}
    for run, subject in spoken.items():
        storage.runs.record_subjects(run, [subject])
    storage.runs.move(storage.runs.get(held), state=RunState.HELD)
    storage.runs.move(storage.runs.get(failed), state=RunState.FAILED)
    storage.runs.move(storage.runs.get(done), state=RunState.DONE)

    found = storage.runs.others(mine, [PAY])

    assert [
        (held, "R2", RunState.HELD, False),
        (failed, "", RunState.FAILED, False),
        (beside, "", RunState.READY, False),
    ] == [(other.id, other.reference, other.state, other.earlier) for other in found]
    assert [(failed, False), (beside, False)] == [
        (other.id, other.earlier) for other in storage.runs.others(held, [PAY])
    ]


def test_runs_that_are_done_with_a_pay_are_found(storage: Any) -> None:
    """Not the run itself, one of another pay, one that was cancelled, and a dry one."""
    mine, done, waits, cancelled, strange = (a_run(storage) for _ in range(5))
    dry = storage.runs.create(flow="payroll", stage="read", input={}, dry=True).id
    for run in (mine, done, waits, cancelled, dry):
        storage.runs.record_subjects(run, [PAY])
    storage.runs.record_subjects(strange, [replace(PAY, text=f"{PAY.text} 2")])
    for run in (mine, done, strange, dry):
        storage.runs.move(storage.runs.get(run), state=RunState.DONE)
    storage.runs.move(storage.runs.get(cancelled), state=RunState.CANCELLED)

    assert [done] == [one.id for one in storage.runs.done(mine, [PAY])]


def test_other_runs_are_found_by_how_their_pay_begins(storage: Any) -> None:
    """In the same books; not those at their end."""
    mine, other, own, done, strange = (a_run(storage) for _ in range(5))
    near = replace(PAY, text=f"{PAY.text} 2")
    spoken = {other: near, own: PAY.own("R3"), done: near, strange: replace(PAY, tenant="other")}
    for run, subject in spoken.items():
        storage.runs.record_subjects(run, [subject])
    storage.runs.move(storage.runs.get(done), state=RunState.DONE)
    beginning = replace(PAY, text=PAY.text[:-1])

    found = storage.runs.others_beginning(mine, [beginning, beginning])

    assert [(other, near), (own, PAY.own("R3"))] == [(one.id, one.subject) for one in found]
    assert () == storage.runs.others_beginning(mine, [replace(PAY, text=f"{PAY.text} 3")])


def test_what_a_run_speaks_of_is_replaced(storage: Any) -> None:
    """By what it says last."""
    run = a_run(storage)
    storage.runs.record_subjects(run, [PAY])
    storage.runs.record_subjects(run, [OTHER, PAY.own("R1")])

    assert {OTHER, PAY.own("R1")} == set(storage.runs.subjects_of_run(run))


def test_the_last_answer_counts(storage: Any) -> None:
    """By question."""
    run = a_run(storage)
    for question, answer in (("pay", "own"), ("zero", "meant"), ("pay", "replaces X")):
        Answer.objects.create(run_id=run, question=question, answer=answer, actor="anna")

    assert {"pay": "replaces X", "zero": "meant"} == storage.runs.answers(run)


def test_a_void_approval_is_none(storage: Any) -> None:
    """And stays on record."""
    from ml_connector.store.models import Approval

    run = a_run(storage)
    storage.approve(run, "first")
    storage.runs.void_approvals(run)

    assert ("", 1) == (storage.runs.approved(run), Approval.objects.filter(run_id=run).count())
    storage.approve(run, "second")
    assert "second" == storage.runs.approved(run)
