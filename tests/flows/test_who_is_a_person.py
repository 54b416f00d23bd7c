"""Who counts as a person, and who may change that: secrets, removals, locks, and the end of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from tests.flows.test_two_people import SECRETS, Company

from ml_connector.app.refusals import NotAllowed
from ml_connector.ports.runs import RunState

NEW = "a new secret, just as long"
WRONG = "wrong horse"


class CountedHasher(MD5PasswordHasher):
    """Quick, and counts how often a secret is hashed, which is what takes the time."""

    made = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).made += 1
        return str(super().encode(password, salt))


@pytest.fixture
def company() -> Iterator[Company]:
    """Two of them are wanted."""
    made = Company()
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=[f"{__name__}.CountedHasher"]):
        made.two_wanted()
        yield made


def as_person(company: Company, name: str) -> Any:
    return company.people(company.as_person(name))


def guess(company: Company, name: str, times: int = 1) -> list[str]:
    """Wrong secrets; what is said to each."""
    said = []
    for _ in range(times):
        with pytest.raises(NotAllowed) as refused:
            company.people().sign_in(name, WRONG)
        said.append(str(refused.value))
    return said


# --- the end of the policy ----------------------------------------------------------------------------------


def test_one_person_does_not_end_that_two_are_wanted(company: Company) -> None:
    """Not alone, not twice, and not by adding somebody to be the other; two do."""
    ada = as_person(company, "ada")

    for second in (None, company.as_person("ada"), company.world.actor("bob")):
        with pytest.raises(NotAllowed, match="two named people must agree: --as NAME and --second NAME"):
            ada.set_policy(two_people=False, second=second)
        with pytest.raises(NotAllowed, match="two named people must agree"):
            ada.add("dan", NEW, second)
    assert company.people().two_people

    ada.set_policy(two_people=False, second=company.as_person("bob"))
    assert not company.people().two_people
    assert {"two_people": False, "second": "bob", "person": "ada"} == company.entries("people.policy")[-1][
        "detail"
    ]


# --- another secret -----------------------------------------------------------------------------------------


def test_a_person_takes_a_new_secret_with_the_old_one(company: Company) -> None:
    """The old one counts no more, and neither is written down."""
    as_person(company, "ada").set_secret("ada", NEW)

    assert "ada" == company.people().sign_in("ada", NEW).person
    with pytest.raises(NotAllowed, match="the secret is wrong"):
        company.as_person("ada")
    (entry,) = company.entries("person.secret_set")
    assert ("ada", {"own": True, "person": "ada"}) == (entry["subject"], entry["detail"])
    assert NEW not in str(company.world._chain())


def test_a_forgotten_secret_is_set_by_two_others_where_there_are_two(company: Company) -> None:
    """One other alone would be two people afterwards. Where there is one other, there is nobody else."""
    ada = as_person(company, "ada")
    with pytest.raises(
        NotAllowed, match="bob must confirm this with their old secret, or another named person"
    ):
        company.people().set_secret("bob", NEW)
    for second in (None, company.as_person("bob")):
        with pytest.raises(NotAllowed, match="two named people other than bob must agree"):
            ada.set_secret("bob", NEW, second)

    ada.set_secret("bob", NEW, company.as_person("cleo"))
    ada.remove("cleo", company.as_person("cleo"))
    ada.set_secret("bob", f"{NEW} again")

    assert "bob" == company.people().sign_in("bob", f"{NEW} again").person
    assert [{"own": False, "second": "cleo", "person": "ada"}, {"own": False, "person": "ada"}] == [
        entry["detail"] for entry in company.entries("person.secret_set")
    ]


def test_a_new_secret_is_not_easy_and_of_somebody_known(company: Company) -> None:
    """What is refused changes nothing."""
    ada = as_person(company, "ada")

    with pytest.raises(NotAllowed, match="at least 12 characters"):
        ada.set_secret("ada", "short")
    with pytest.raises(NotAllowed, match=r"There is no person dan\. Known are: ada, bob, cleo"):
        ada.set_secret("dan", NEW)

    assert [] == company.entries("person.secret_set")
    assert "ada" == company.as_person("ada").person


# --- somebody leaves ----------------------------------------------------------------------------------------


def test_somebody_who_is_removed_counts_no_more(company: Company) -> None:
    """The second-last stays while two are wanted; the name goes to nobody else."""
    ada, bob = as_person(company, "ada"), company.as_person("bob")
    with pytest.raises(NotAllowed, match="two named people must agree"):
        ada.remove("cleo")
    ada.remove("cleo", bob)

    assert ["ada", "bob"] == company.people().names()
    with pytest.raises(NotAllowed, match="cleo is not known here"):
        company.as_person("cleo")
    with pytest.raises(NotAllowed, match=r"known are: ada, bob\. Add another one first: ml-connector people"):
        ada.remove("bob", bob)
    with pytest.raises(NotAllowed, match="cleo was a person who is removed, and the name stays theirs"):
        ada.add("Cleo", NEW, bob)
    (entry,) = company.entries("person.removed")
    assert ("cleo", {"second": "bob", "person": "ada"}) == (entry["subject"], entry["detail"])


def test_what_somebody_approved_stays_theirs(company: Company) -> None:
    """Their half of a consent given before keeps their name."""
    run = company.world.post("R1").id
    shown = company.world.operations.records.fingerprint(run)
    company.operations("cleo").approve(run, shown)
    as_person(company, "ada").remove("cleo", company.as_person("bob"))
    company.operations("ada").approve(run, shown)
    company.world.run_to_rest()

    from ml_connector.store.models import Approval

    assert RunState.DONE is company.world.at(run).state
    assert ["cleo", "ada"] == [row.person for row in Approval.objects.filter(run=run).order_by("id")]


def test_without_the_policy_anybody_adds_and_removes(company: Company) -> None:
    """As one person alone must be able to."""
    as_person(company, "ada").set_policy(two_people=False, second=company.as_person("bob"))

    for name in SECRETS:
        company.people().remove(name)

    assert [] == company.people().names()


# --- too many wrong secrets ---------------------------------------------------------------------------------


def test_five_wrong_secrets_in_a_row_lock_a_person_for_a_while(company: Company) -> None:
    """Also for the right one, by the clock of the product, and it is noted and said in words."""
    *first, last = guess(company, "ada", 5)
    assert all(text.endswith("the secret is wrong.") for text in first)
    assert "These were 5 wrong secrets in a row: ada is locked for 15 minutes." in last
    until = company.world.clock.now() + timedelta(minutes=15)
    with pytest.raises(NotAllowed, match=f"ada is locked until {until:%Y-%m-%d %H:%M:%S} UTC after 5 wrong"):
        company.as_person("ada")
    assert "bob" == company.as_person("bob").person
    assert [("ada", {"until": until.isoformat()})] == [
        (entry["subject"], entry["detail"]) for entry in company.entries("person.locked")
    ]

    company.world.clock.advance(15 * 60 - 1)
    with pytest.raises(NotAllowed, match="is locked until"):
        company.as_person("ada")
    company.world.clock.advance(1)
    assert "ada" == company.as_person("ada").person


def test_only_wrong_secrets_in_a_row_count(company: Company) -> None:
    """The right one begins anew, and so does a lock that is over."""
    guess(company, "ada", 4)
    company.as_person("ada")
    assert all("locked" not in text for text in guess(company, "ada", 4))
    guess(company, "ada")
    company.world.clock.advance(15 * 60)

    assert all("locked" not in text for text in guess(company, "ada", 4))


def test_another_person_ends_a_lock_with_a_new_secret(company: Company) -> None:
    """The refusal names the command for it."""
    guess(company, "bob", 5)
    assert "ml-connector people set-secret bob --as NAME" in guess(company, "bob")[0]

    as_person(company, "ada").set_secret("bob", NEW, company.as_person("cleo"))

    assert "bob" == company.people().sign_in("bob", NEW).person


def test_a_name_that_is_not_known_is_treated_alike(company: Company) -> None:
    """The same words, as many secrets hashed, and the same lock: nobody learns which names there are."""
    said = {}
    for name in ("ada", "nobody"):
        CountedHasher.made = 0
        texts = guess(company, name, 6)
        said[name] = [text.replace(name, "NAME") for text in texts], CountedHasher.made

    assert said["ada"] == said["nobody"]
    assert 5 == said["nobody"][1]
