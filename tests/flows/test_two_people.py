"""Two people, where they are wanted: who counts as one, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.payday import SOURCE, TARGET, World, a_pay_run

from ml_connector.app.refusals import NotAllowed
from ml_connector.flows.flow import Mode
from ml_connector.ports.commits import CommitState
from ml_connector.ports.runs import RunState

SECRETS = {name: f"correct horse of {name} 7!" for name in ("ada", "bob", "cleo")}


class Company:
    """A world with people in it."""

    def __init__(self, mode: Mode = Mode.APPROVE) -> None:
        self.world = World(mode=mode)

    def people(self, actor: Any = None) -> Any:
        from ml_connector.app.people import People

        return People(self.world.access, actor or self.world.actor("anna"), self.world.clock)

    def as_person(self, name: str) -> Any:
        return self.people().sign_in(name, SECRETS[name])

    def operations(self, name: str = "") -> Any:
        from ml_connector.app.operations import Operations

        actor = self.as_person(name) if name else self.world.actor("anna")
        return Operations(self.world.access, self.world._assembly, actor)

    def statements(self, name: str = "") -> Any:
        from ml_connector.app.statements import Statements

        actor = self.as_person(name) if name else self.world.actor("anna")
        return Statements(self.world.access, self.world._assembly, actor)

    def two_wanted(self) -> None:
        for name, secret in SECRETS.items():
            self.people().add(name, secret)
        self.people().set_policy(two_people=True)

    def entries(self, action: str) -> list[dict[str, Any]]:
        return [entry for entry in self.world._chain() if entry["action"] == action]

    def unknown(self) -> tuple[str, str]:
        """A run whose entry has an unknown outcome: the ledger's marker cannot be searched and the answer was
        lost. Its commit's key, and the run.
        """
        return unknown_outcome(self.world)


@pytest.fixture
def company() -> Iterator[Company]:
    """Secrets are hashed in a way that is quick."""
    made = Company()
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield made


def unknown_outcome(world: World) -> tuple[str, str]:
    from ml_connector.store.models import Commit, Intent

    run = world.post("R1").id
    world.approve(run)
    (key, *_) = world.commit_rows()
    again(key)
    assert Intent.objects.filter(commit__key=key).exists()
    assert CommitState.UNKNOWN == Commit.objects.get(key=key).state
    return key, run


def again(key: str) -> None:
    """Another send of the entry, whose outcome is unknown; set in the tables."""
    from ml_connector.store.database import database_now
    from ml_connector.store.models import Commit, Intent

    commit = Commit.objects.get(key=key)
    Intent.objects.create(commit=commit, boot="b", created_at=database_now(), ended_at=database_now())
    Commit.objects.filter(key=key).update(state=CommitState.UNKNOWN)


def empty_ledger(world: World) -> None:
    """Nobody finds the documents any more."""
    world.vendor.documents.clear()


def test_two_are_wanted_only_when_there_are_two(company: Company) -> None:
    """With one person the policy would stop everything for good."""
    company.people().add("ada", SECRETS["ada"])

    with pytest.raises(NotAllowed, match="only when there are two; known are: ada"):
        company.people().set_policy(two_people=True)

    company.people().add("bob", SECRETS["bob"])
    company.people().set_policy(two_people=True)
    assert [{"two_people": True}] == [entry["detail"] for entry in company.entries("people.policy")]
    with pytest.raises(NotAllowed, match="--as NAME"):
        company.people().set_policy(two_people=False)
    with pytest.raises(NotAllowed, match="--as NAME"):
        company.people().add("cleo", SECRETS["cleo"])


@pytest.mark.parametrize(
    ("name", "secret", "text"),
    [
        ("ADA", "long enough 4 u", "There is a person ADA already."),
        ("dan", "short", "at least 12 characters"),
        ("no name", "long enough 4 u", "valid username"),
    ],
)
def test_a_name_is_taken_once_and_a_secret_is_not_easy(
    company: Company, name: str, secret: str, text: str
) -> None:
    """What is refused says why, and adds nobody."""
    company.people().add("ada", SECRETS["ada"])

    with pytest.raises(NotAllowed, match=text):
        company.people().add(name, secret)

    assert ["ada"] == company.people().names()


def test_a_wrong_secret_is_refused_and_noted(company: Company) -> None:
    """Neither secret is anywhere in the audit log."""
    company.people().add("ada", SECRETS["ada"])

    for name in ("ada", "nobody"):
        with pytest.raises(NotAllowed, match="or the secret is wrong"):
            company.people().sign_in(name, "wrong horse")

    assert ["ada", "nobody"] == [entry["subject"] for entry in company.entries("person.refused")]
    chain = str(company.world._chain())
    assert "horse" not in chain
    from django.contrib.auth.models import User

    assert SECRETS["ada"] not in User.objects.get().password


def test_one_person_approves_where_one_is_enough(company: Company) -> None:
    """As before, and the audit log says how many it was."""
    run = company.world.post("R1").id

    assert RunState.DONE is company.world.approve(run).state

    assert [1] == [entry["detail"]["people"] for entry in company.entries("run.approved")]


def test_who_started_a_run_does_not_approve_it(company: Company) -> None:
    """Somebody else does. A user without a name is nobody."""
    company.two_wanted()
    company.world.payroll.add(a_pay_run("R1"))
    run = company.operations("ada").start("payroll", SOURCE, TARGET, "R1").id
    company.world.run_to_rest()
    shown = company.world.operations.records.fingerprint(run)

    with pytest.raises(NotAllowed, match="--as NAME"):
        company.operations().approve(run, shown)
    with pytest.raises(NotAllowed, match="ada has a part in run"):
        company.operations("ada").approve(run, shown)
    company.operations("bob").approve(run, shown)
    company.world.run_to_rest()

    assert RunState.DONE is company.world.at(run).state
    (entry,) = company.entries("run.approved")
    assert ("bob", 2) == (entry["detail"]["person"], entry["detail"]["people"])


def test_a_run_that_nobody_named_started_takes_two_to_approve(company: Company) -> None:
    """The first consent posts nothing, given twice neither, and counts no more for other entries."""
    company.two_wanted()
    run = company.world.post("R1").id
    shown = company.world.operations.records.fingerprint(run)

    for _ in range(2):
        assert RunState.AWAITING_APPROVAL is company.operations("ada").approve(run, shown).state
        company.world.run_to_rest()
        assert {} == company.world.balances()
    company.operations("bob").approve(run, shown)
    company.world.run_to_rest()

    assert RunState.DONE is company.world.at(run).state
    assert 2 == len(company.entries("run.approved_by_one"))


def test_half_a_consent_is_in_the_chain_and_stays_half(company: Company) -> None:
    """With the name of who gave it; what somebody changes of it is named."""
    from ml_connector.app.audit import audit_report
    from ml_connector.store.models import Approval

    def faults() -> list[str]:
        found = audit_report(company.world.access).faults
        return [fault for fault in found if "approval" in fault]

    company.two_wanted()
    run = company.world.post("R1").id
    shown = company.world.operations.records.fingerprint(run)
    company.operations("ada").approve(run, shown)
    assert [] == faults()

    Approval.objects.update(complete=True)
    (whole,) = faults()
    Approval.objects.update(complete=False, person="bob")
    (another,) = faults()

    assert "is complete in one and not in the other" in whole
    assert "was given by bob, and by another person in the audit log" in another


def test_half_a_consent_posts_nothing_wherever_the_run_is(company: Company) -> None:
    """One of two has consented, and the run comes to its posting all the same: it waits."""
    company.two_wanted()
    run = company.world.post("R1").id
    company.operations("ada").approve(run, company.world.operations.records.fingerprint(run))

    at = company.world.force(run)

    assert RunState.AWAITING_APPROVAL is at.state
    assert {} == company.world.balances()


def test_one_person_settles_where_one_is_enough_after_a_look(company: Company) -> None:
    """The ledger is asked first, and holds it; then it is gone."""
    key, run = company.unknown()

    with pytest.raises(NotAllowed, match=f"Record that: ml-connector runs settle '{key}' --booked "):
        company.statements().settle(key, booked_as=None)
    empty_ledger(company.world)
    assert f"Settled: not booked. Next: ml-connector runs resume {run}" in company.statements().settle(
        key, booked_as=None
    )

    (entry,) = company.entries("commit.settled")
    assert {"statement": "not booked", "people": 1} == entry["detail"]


def test_two_named_people_settle_an_outcome(company: Company) -> None:
    """Twice the same is one, who thinks better of it counts for the new word, and a user without a name for
    nothing.
    """
    key, _ = company.unknown()
    empty_ledger(company.world)
    company.two_wanted()

    with pytest.raises(NotAllowed, match="--as NAME"):
        company.statements().settle(key, booked_as=None)
    for _ in range(2):
        assert "A second person must" in company.statements("ada").settle(key, booked_as=None)
    assert "Settled" in company.statements("bob").settle(key, booked_as=None)

    assert {"statement": "not booked", "people": 2, "person": "bob"} == company.entries("commit.settled")[0][
        "detail"
    ]


def test_two_people_who_say_different_things_settle_nothing(company: Company) -> None:
    """The document shows only after the first has looked; each then counts for their own word."""
    key, _ = company.unknown()
    documents = list(company.world.vendor.documents)
    company.two_wanted()
    empty_ledger(company.world)
    company.statements("ada").settle(key, booked_as=None)
    company.world.vendor.documents.extend(documents)
    (reference, *_) = [document.reference for document in documents]

    assert "A second person must" in company.statements("bob").settle(key, booked_as=reference)
    assert CommitState.UNKNOWN is company.world.commit_rows()[key].state
    assert "Settled: booked as" in company.statements("ada").settle(key, booked_as=reference)


def test_a_statement_is_of_one_outcome(company: Company) -> None:
    """What was said of an earlier send does not count for a later one, settled or not."""
    key, _ = company.unknown()
    empty_ledger(company.world)
    company.two_wanted()
    for name in ("ada", "bob"):
        company.statements(name).settle(key, booked_as=None)
    assert CommitState.PLANNED is company.world.commit_rows()[key].state

    again(key)
    assert "A second person must" in company.statements("cleo").settle(key, booked_as=None)
    again(key)
    assert "A second person must" in company.statements("ada").settle(key, booked_as=None)
    assert "Settled" in company.statements("cleo").settle(key, booked_as=None)
