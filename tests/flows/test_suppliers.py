"""Suppliers both ways, carried out by the product, the vendors at their ports."""

from __future__ import annotations

from typing import Any

import pytest
from tests.flows.supplier_world import ENTITY, IBAN, OTHER_IBAN, OTHER_VAT, VAT, Suppliers, supplier
from tests.payday import Crash

from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.domain.supplier import BankAccount
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.flows.purchasing.supplier_policy import read_given, read_policy
from ml_connector.ports.runs import RunState

DAY: Any = None
QUOTED = 'O\'Brien & Söhne "Süd"'


# --- made once ----------------------------------------------------------------------------------------------


def test_a_supplier_is_made_once_and_the_next_pass_is_silent() -> None:
    """Under an id that the ledger draws, which the procurement system keeps from then on."""
    world = Suppliers()
    key = world.bought.enter(supplier(QUOTED, vat_number=VAT))

    first, writes = world.align(), world.owed.writes

    assert (RunState.DONE, [QUOTED]) == (first.state, world.there())
    assert world.bought.rows[key].external in {
        row.key.removeprefix(f"{ENTITY}/") for row in world.owed.rows.values()
    }
    again = world.align()
    assert ([], 1, 1) == (world.acts(again.id), writes, world.owed.writes)
    assert "nothing to change" in again.summary


def test_the_other_way_makes_nobody_twice() -> None:
    """What one flow made is known to the other by its mark, with no number to know it by."""
    world = Suppliers()
    world.bought.enter(supplier("Without any number"))
    world.align()
    back = world.align(back=True)

    assert ([], 1, 1) == (world.acts(back.id), len(world.owed.rows), len(world.bought.rows))


def test_a_supplier_of_the_ledger_is_made_in_procurement_with_its_id() -> None:
    world = Suppliers()
    key = world.owed.enter(supplier(QUOTED, vat_number=VAT))
    world.align(back=True)

    (made,) = world.bought.rows.values()
    assert (QUOTED, key) == (made.name, f"{ENTITY}/{made.external}")
    assert ([], []) == (world.acts(world.align(back=True).id), world.acts(world.align().id))


def test_a_mark_that_was_not_written_does_not_make_a_second_one() -> None:
    """The other flow comes between the creation and its mark."""
    world = Suppliers()
    key = world.bought.enter(supplier("Without any number"))
    world.align()
    world.edit(world.bought, key, external="")

    assert [] == world.acts(world.align(back=True).id)
    assert (1, 1) == (len(world.owed.rows), len(world.bought.rows))
    assert world.bought.rows[key].external


@pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER, UNREACHABLE])
def test_a_fault_of_the_wire_makes_neither_none_nor_two(fault: str) -> None:
    world = Suppliers()
    world.bought.enter(supplier(vat_number=VAT))
    world.owed.fault = fault
    at = world.align()

    assert (RunState.DONE, 1) == (at.state, len(world.owed.rows))


POINTS = (
    "put: noted",
    "commit: before open",
    "commit: opened",
    "send: before",
    "commit: answered",
    "put: answered",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_dies_anywhere_leaves_one_supplier(point: str) -> None:
    """Between decision, send and receipt."""
    world = Suppliers()
    world.bought.enter(supplier(vat_number=VAT))
    run = world.begin()
    died = []

    def dies(name: str) -> None:
        if name == point and not died:
            died.append(name)
            raise Crash(name)

    try:
        world.run_to_rest(crash_point=dies)
    except Crash:
        world.run_to_rest()
    assert (RunState.DONE, 1) == (world.at(run).state, len(world.owed.rows))
    assert [] == world.acts(world.align().id)


def test_a_process_that_dies_when_the_vendor_has_written_leaves_one_supplier() -> None:
    """The answer had no one to come to."""
    world = Suppliers()
    world.bought.enter(supplier("Without any number"))

    def dies() -> None:
        world.owed.on_make = lambda: None
        raise Crash("made")

    world.owed.on_make = dies
    run = world.begin()
    with pytest.raises(Crash):
        world.run_to_rest()
    world.run_to_rest()

    assert (RunState.DONE, 1) == (world.at(run).state, len(world.owed.rows))


def test_a_pass_that_comes_while_another_is_making_makes_nobody_twice() -> None:
    """The other way's pass reads what is there in the middle of the first."""
    world = Suppliers()
    for number in range(3):
        world.bought.enter(supplier(f"Without any number {number}"))
    backs: list[str] = []

    def meanwhile() -> None:
        world.owed.on_make = lambda: None
        backs.append(world.begin(back=True))

    world.owed.on_make = meanwhile
    world.align()

    assert (3, 3) == (len(world.owed.rows), len(world.bought.rows))
    assert RunState.DONE is world.at(backs[0]).state


def test_a_supplier_that_was_deleted_in_the_ledger_is_made_again_with_consent_only() -> None:
    world = Suppliers()
    world.bought.enter(supplier("Without any number"))
    world.align()
    world.owed.rows.clear()

    at = world.align()
    assert (RunState.AWAITING_APPROVAL, ["make_again"]) == (at.state, world.acts(at.id))
    assert RunState.DONE is world.consent(at.id).state
    assert 1 == len(world.owed.rows)
    assert [] == world.acts(world.align().id)


def test_what_the_ledger_cannot_hold_is_said_and_the_others_are_made() -> None:
    world = Suppliers()
    world.bought.enter(supplier("N" * 51))
    world.bought.enter(supplier("Fits"))
    at = world.align()

    assert (RunState.HELD, ["Fits"], ["plan.refused"]) == (at.state, world.there(), world.problems(at.id))


# --- identity -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"vat_number": "BE0477.472.701", "country": "BE"}, {"vat_number": "0477472701", "country": "BE"}),
        ({"vat_number": "GR094019245", "country": "GR"}, {"vat_number": "EL094019245", "country": "GR"}),
        ({"accounts": ["DE89 3704 0044 0532 0130 00"]}, {"accounts": [IBAN]}),
        ({"chamber_number": "012345678"}, {"chamber_number": "12345678"}),
    ],
)
def test_a_number_in_two_spellings_is_one_supplier(here: dict[str, Any], there: dict[str, Any]) -> None:
    """By VAT number, IBAN or chamber number; nothing is made or rewritten (S1)."""
    world = Suppliers()
    world.bought.enter(supplier("Same name", **here))
    world.owed.enter(supplier("Same name", **there))
    at = world.align()

    assert ([], 1) == (world.acts(at.id), len(world.owed.rows))


def test_a_name_alone_decides_nothing() -> None:
    """Equal name, other VAT number: a question (S3)."""
    world = Suppliers()
    world.bought.enter(supplier("Same name", vat_number=VAT))
    world.owed.enter(supplier("Same name", vat_number=OTHER_VAT))
    at = world.align()

    assert ([], 1) == (world.acts(at.id), len(world.owed.rows))
    (text,) = world.items()["supplier.ambiguous"]
    assert "a name or e-mail address that is alike, another VAT number" in text


def test_a_name_without_any_number_decides_nothing() -> None:
    """It is the only one of that name there, and is asked about all the same."""
    world = Suppliers()
    world.bought.enter(supplier("Same name"))
    world.owed.enter(supplier("Same name", vat_number=VAT))
    world.align()

    assert {""} == {row.external for row in world.bought.rows.values()}
    assert (1, 1) == (len(world.owed.rows), len(world.items()["supplier.ambiguous"]))


def test_two_candidates_are_a_question_that_is_asked_once() -> None:
    """No match by itself; the answer is kept, and the next pass asks nothing (S2)."""
    world = Suppliers()
    world.bought.enter(supplier("Group", code="S1", vat_number=VAT))
    world.owed.enter(supplier("Group", code="20001", vat_number=VAT))
    world.owed.enter(supplier("Group Roermond", code="20002", vat_number=VAT))
    at = world.align()

    assert ([], RunState.DONE) == (world.acts(at.id), at.state)
    (text,) = world.items()["supplier.ambiguous"]
    assert all(named in text for named in ("20001 Group (the same VAT number)", "20002 Group Roermond"))
    assert "--same S1=20001" in text
    world.align(same="S1=20001")
    assert {} == world.items()
    assert ([], 2) == (world.acts(world.align().id), len(world.owed.rows))


def test_two_suppliers_with_one_number_are_questions_and_new_ones_where_people_say_so() -> None:
    """Nobody is made while there is a question about it; the others are."""
    world = Suppliers()
    world.bought.enter(supplier("Drukkerij", code="S14", vat_number=VAT))
    world.bought.enter(supplier("Drukkerij, branch", code="S15", vat_number=VAT))
    world.bought.enter(supplier("Other", code="S16"))
    world.align()

    assert (["Other"], 2) == (world.there(), len(world.items()["supplier.ambiguous"]))
    world.align(same="S14=new,S15=new")
    assert ["Drukkerij", "Drukkerij, branch", "Other"] == sorted(world.there())
    assert ({}, []) == (world.items(), world.acts(world.align().id))


def test_two_at_the_source_that_share_a_number_with_one_there_are_asked() -> None:
    """A wrong hit is as bad for the first as for the second."""
    world = Suppliers()
    world.bought.enter(supplier("Drukkerij", code="S14", vat_number=VAT))
    world.bought.enter(supplier("Drukkerij, branch", code="S15", vat_number=VAT))
    world.owed.enter(supplier("Drukkerij", vat_number=VAT))
    world.align()

    assert 2 == len(world.items()["supplier.ambiguous"])
    assert {""} == {row.external for row in world.bought.rows.values()}


def test_two_with_one_answer_are_not_put_upon_one() -> None:
    """The second answer is a question again."""
    world = Suppliers()
    world.bought.enter(supplier("Drukkerij", code="S14", vat_number=VAT))
    world.bought.enter(supplier("Drukkerij, branch", code="S15", vat_number=VAT))
    world.owed.enter(supplier("Drukkerij", code="20001", vat_number=VAT))
    at = world.align(same="S14=20001,S15=20001")

    assert RunState.DONE is at.state
    (text,) = world.items()["supplier.ambiguous"]
    assert "belongs to S14 Drukkerij already" in text


def test_one_of_two_that_share_a_number_stays_a_question() -> None:
    """The second is never put upon the first's."""
    world = Suppliers()
    first = world.bought.enter(supplier("Drukkerij", code="S14", vat_number=VAT))
    world.align()
    world.bought.enter(supplier("Drukkerij, branch", code="S15", vat_number=VAT))
    world.align()

    (text,) = world.items()["supplier.ambiguous"]
    assert ("S15" in text, 1) == (True, len(world.owed.rows))
    assert world.bought.rows[first].external


def test_a_supplier_that_was_merged_in_the_ledger_is_asked_about_once() -> None:
    """B is gone, A has the same VAT number; after yes no more questions, and no third account (S5)."""
    world = Suppliers()
    world.bought.enter(supplier("B", code="S1", vat_number=VAT))
    world.align()
    (gone,) = world.owed.rows
    world.owed.rows.clear()
    world.owed.enter(supplier("A", code="20001", vat_number=VAT))
    at = world.align()

    assert ([], 1) == (world.acts(at.id), len(world.owed.rows))
    (text,) = world.items()["supplier.ambiguous"]
    assert gone.removeprefix(f"{ENTITY}/") in text
    assert "is gone there" in text
    assert "20001 A (the same VAT number)" in text
    assert RunState.DONE is world.align(same="S1=20001").state
    (bought,) = world.bought.rows.values()
    assert ["A"] == world.there()
    assert bought.external == next(iter(world.owed.rows)).removeprefix(f"{ENTITY}/")
    assert ({}, [], 1) == (world.items(), world.acts(world.align().id), len(world.owed.rows))


def test_an_id_of_other_books_is_not_written_over() -> None:
    """Nobody of us entered it: a question; once a person says that it is new, it is made and marked."""
    world = Suppliers()
    world.bought.enter(supplier("Kept", external="5f0c-of-another-division"))
    world.bought.enter(supplier("Paper", vat_number=OTHER_VAT))
    for _ in range(2):
        world.align()

        assert ["Paper"] == world.there()
        (text,) = world.items()["supplier.foreign_id"]
        assert "has 5f0c-of-another-division as its id in the other system" in text
        assert "5f0c-of-another-division" in {one.external for one in world.bought.rows.values()}

    key = next(key for key, one in world.bought.rows.items() if one.name == "Kept")
    assert RunState.DONE is world.align(same=f"{key}=new").state
    assert (["Kept", "Paper"], {}) == (sorted(world.there()), world.items())
    assert world.bought.rows[key].external == next(
        identity for identity, one in world.owed.rows.items() if one.name == "Kept"
    ).removeprefix(f"{ENTITY}/")


def test_an_id_of_other_books_stays_where_numbers_tell_who_it_is() -> None:
    """Paired by its VAT number, and the id that somebody else entered is left as it is."""
    world = Suppliers()
    key = world.bought.enter(supplier(vat_number=VAT, external="of-another-division"))
    world.owed.enter(supplier(vat_number=VAT))

    world.align()

    assert ("of-another-division", 1) == (world.bought.rows[key].external, len(world.owed.rows))


def test_a_supplier_that_is_gone_at_the_source_is_left_and_shown() -> None:
    world = Suppliers()
    key = world.bought.enter(supplier(vat_number=VAT))
    world.align()
    del world.bought.rows[key]
    at = world.align()

    assert ([], 1) == (world.acts(at.id), len(world.owed.rows))
    assert ["supplier.lost"] == list(world.items())


def test_a_supplier_that_was_merged_in_procurement_passes_its_own_on() -> None:
    """What belonged to one who is gone can belong to another."""
    world = Suppliers()
    key = world.bought.enter(supplier(vat_number=VAT))
    world.align()
    del world.bought.rows[key]
    world.bought.enter(supplier(vat_number=VAT))
    at = world.align()

    assert (RunState.DONE, [], 1) == (at.state, world.acts(at.id), len(world.owed.rows))
    assert {} == world.items()


def test_an_answer_that_names_nobody_is_said() -> None:
    world = Suppliers()
    world.bought.enter(supplier(code="S1", vat_number=VAT))
    world.align(same="S1=99999")

    assert any("99999" in text for text in world.items()["supplier.ambiguous"])


# --- fields -------------------------------------------------------------------------------------------------


def paired(**options: str) -> tuple[Suppliers, str, str]:
    """A supplier on both sides, alike."""
    world = Suppliers(**options)
    here = world.bought.enter(supplier("Name", vat_number=VAT))
    world.align()
    (there,) = world.owed.rows
    return world, here, there


def test_an_edit_on_either_side_comes_to_the_other() -> None:
    """Where both sides own a field, the one that was edited counts, and the pass the other way brings it."""
    world, here, there = paired()
    world.align(back=True)
    world.edit(world.owed, there, name="Edited in the ledger")

    assert [] == world.acts(world.align().id)
    assert ["change"] == world.acts(world.align(back=True).id)
    assert "Edited in the ledger" == world.bought.rows[here].name
    world.edit(world.bought, here, name="Edited in procurement")
    assert [] == world.acts(world.align(back=True).id)
    assert ["change"] == world.acts(world.align().id)
    assert "Edited in procurement" == world.owed.rows[there].name
    assert ([], []) == (world.acts(world.align().id), world.acts(world.align(back=True).id))


def test_a_field_that_is_given_back_its_old_value_is_brought() -> None:
    """Each pass knows what the source said last, also where it had nothing to do."""
    world, here, there = paired()
    world.align(back=True)
    world.edit(world.owed, there, name="Edited")
    for back in (False, True, False, True):
        world.align(back=back)
    world.edit(world.bought, here, name="Name")

    assert [] == world.acts(world.align(back=True).id)
    assert ["change"] == world.acts(world.align().id)
    assert "Name" == world.owed.rows[there].name


def test_an_edit_that_was_taken_back_before_anybody_looked_is_shown() -> None:
    """The other way's pass brought the first; no pass of this way saw it. Nobody's is overwritten, and it is
    not kept quiet.
    """
    world, here, there = paired()
    world.align(back=True)
    world.edit(world.owed, there, name="Edited")
    world.align()
    world.align(back=True)
    world.edit(world.bought, here, name="Name")
    world.align(back=True)

    assert [] == world.acts(world.align().id)
    assert "Name at the source and Edited at the target" in world.items()["supplier.differs"][0]
    world.edit(world.bought, here, name="Once more")
    world.align()
    assert ("Once more", {}) == (world.owed.rows[there].name, world.items())


def test_an_edit_that_nothing_brings_back_is_shown() -> None:
    """Where only one way is kept."""
    world, _, there = paired()
    world.edit(world.owed, there, name="Edited")
    world.align()
    world.align()

    assert ["supplier.differs"] == list(world.items())


def test_two_edits_of_one_field_are_a_conflict_and_nobody_is_overwritten() -> None:
    world, here, there = paired()
    world.edit(world.bought, here, name="One")
    world.edit(world.owed, there, name="Two")
    at = world.align()

    assert (RunState.HELD, ["plan.conflict"]) == (at.state, world.problems(at.id))
    assert ("One", "Two") == (world.bought.rows[here].name, world.owed.rows[there].name)


def test_edits_of_two_fields_are_no_conflict() -> None:
    world, here, there = paired()
    world.edit(world.bought, here, name="One")
    world.edit(world.owed, there, chamber_number="12345678")
    world.align()

    assert ("One", "12345678") == (world.owed.rows[there].name, world.owed.rows[there].chamber_number)


def test_a_field_of_the_source_is_written_over_an_edit() -> None:
    world, _, there = paired(owners="name=source")
    world.edit(world.owed, there, name="Two")

    assert ["change"] == world.acts(world.align().id)
    assert "Name" == world.owed.rows[there].name


def test_a_field_of_the_target_is_never_written_once_it_has_one() -> None:
    world, here, there = paired(owners="name=target")
    world.edit(world.bought, here, name="One")

    assert [] == world.acts(world.align().id)
    assert "Name" == world.owed.rows[there].name


def test_an_empty_field_says_nothing_and_one_that_is_filled_is_brought() -> None:
    world, here, there = paired()
    world.edit(world.bought, here, vat_number="", chamber_number="12345678")
    world.align()

    assert (VAT, "12345678") == (world.owed.rows[there].vat_number, world.owed.rows[there].chamber_number)


def test_a_first_match_that_differs_is_written_with_consent_only() -> None:
    """In automatic mode too: nobody agreed on anything yet."""
    world = Suppliers()
    world.bought.enter(supplier("Here", vat_number=VAT))
    key = world.owed.enter(supplier("There", vat_number=VAT))
    at = world.align()

    assert (RunState.AWAITING_APPROVAL, "There") == (at.state, world.owed.rows[key].name)
    world.consent(at.id)
    assert "Here" == world.owed.rows[key].name


def test_a_letter_in_two_parts_is_no_difference() -> None:
    """As composed or apart, and with blanks (S7)."""
    world = Suppliers()
    world.bought.enter(supplier("Mu\u0308ller  KG", vat_number=VAT))
    world.owed.enter(supplier("M\u00fcller KG", vat_number=VAT))

    assert [] == world.acts(world.align().id)


# --- bank accounts, blocked ones, countries -----------------------------------------------------------------


def test_a_bank_account_that_changed_is_shown_and_never_written() -> None:
    """In automatic mode, old and new, until both sides have it (S4)."""
    world = Suppliers()
    here = world.bought.enter(supplier(vat_number=VAT, accounts=[IBAN]))
    there = world.owed.enter(supplier(vat_number=VAT, accounts=[IBAN]))
    world.align()
    world.edit(world.bought, here, accounts=(BankAccount(number=OTHER_IBAN),))
    at = world.align()

    assert ([], (BankAccount(number=IBAN),)) == (world.acts(at.id), world.owed.rows[there].accounts)
    (text,) = world.items()["supplier.account"]
    assert all(number in text for number in (IBAN, OTHER_IBAN))
    world.edit(world.owed, there, accounts=(BankAccount(number=IBAN), BankAccount(number=OTHER_IBAN)))
    world.align()
    assert {} == world.items()


def test_a_bank_account_is_added_by_consent_in_every_mode_and_the_old_one_stays() -> None:
    world = Suppliers(accounts="asked")
    here = world.bought.enter(supplier(vat_number=VAT, accounts=[IBAN]))
    there = world.owed.enter(supplier(vat_number=VAT, accounts=[IBAN]))
    world.align()
    world.edit(world.bought, here, accounts=(BankAccount(number=OTHER_IBAN),))
    at = world.align()

    assert (RunState.AWAITING_APPROVAL, 1) == (at.state, len(world.owed.rows[there].accounts))
    assert RunState.DONE is world.consent(at.id).state
    both = {BankAccount(number=IBAN), BankAccount(number=OTHER_IBAN)}
    assert both == set(world.owed.rows[there].accounts)
    assert [] == world.acts(world.align().id)


def test_a_new_supplier_is_made_without_its_bank_account() -> None:
    """That comes with consent, or by hand."""
    world = Suppliers(accounts="asked")
    world.bought.enter(supplier(vat_number=VAT, accounts=[IBAN]))
    world.align()
    (made,) = world.owed.rows.values()

    assert () == made.accounts
    assert RunState.AWAITING_APPROVAL is world.align().state


def test_an_iban_that_is_none_is_never_brought_over() -> None:
    """One digit is wrong: neither by the flow nor with consent."""
    world = Suppliers(accounts="asked")
    world.bought.enter(supplier(vat_number=VAT, accounts=["DE89370400440532013001"]))
    world.align()
    at = world.align()

    assert (RunState.DONE, []) == (at.state, world.acts(at.id))
    assert ["supplier.iban"] == list(world.items())


def test_a_supplier_that_is_blocked_on_one_side_is_shown_and_left() -> None:
    """It says which and why; nobody is blocked or opened (S6)."""
    world, here, there = paired()
    world.edit(world.owed, there, open=False, closed="blocked in the ledger")
    at = world.align()

    assert ([], False) == (world.acts(at.id), world.owed.rows[there].open)
    (text,) = world.items()["supplier.closed"]
    assert "is blocked in the ledger" in text
    assert world.bought.rows[here].open


def test_a_supplier_that_is_disabled_or_waits_for_approval_is_not_made() -> None:
    world = Suppliers()
    world.bought.enter(supplier("Disabled", open=False, closed="disabled"))
    world.bought.enter(supplier("Waits", open=False, closed="not approved", waiting=True))
    world.align()

    assert ([], {}) == (world.there(), world.items())


def test_a_country_that_cannot_be_told_is_a_question() -> None:
    """It would be guessed there (S8)."""
    world = Suppliers()
    key = world.bought.enter(supplier("Georgian", country="", unclear="it says 'Georgia'"))
    world.align()

    assert [] == world.there()
    assert "it says 'Georgia'" in world.items()["supplier.country"][0]
    world.edit(world.bought, key, country="GE", unclear="")
    world.align()
    assert (["Georgian"], {}) == (world.there(), world.items())


# --- modes and settings -------------------------------------------------------------------------------------


def test_a_flow_that_only_proposes_writes_to_neither_side() -> None:
    world = Suppliers(mode=Mode.PROPOSE)
    key = world.bought.enter(supplier("New", vat_number=OTHER_VAT))
    here = world.bought.enter(supplier(vat_number=VAT))
    world.owed.enter(supplier(vat_number=VAT))
    world.align()

    assert (0, 0) == (world.bought.writes, world.owed.writes)
    assert {""} == {world.bought.rows[one].external for one in (key, here)}


def test_a_pair_is_marked_where_one_side_keeps_the_others_id() -> None:
    """Also where nothing is to be changed, and from the other side as well."""
    for back in (False, True):
        world = Suppliers()
        here = world.bought.enter(supplier(vat_number=VAT))
        there = world.owed.enter(supplier(vat_number=VAT))
        at = world.align(back=back)

        assert (RunState.DONE, there) == (at.state, f"{ENTITY}/{world.bought.rows[here].external}")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "entity"),
        ({"entity": "10", "owners": "name=nobody"}, "owners"),
        ({"entity": "10", "owners": "colour=source"}, "owners"),
        ({"entity": "10", "accounts": "always"}, "accounts"),
        ({"entity": "10", "colour": "red"}, "colour"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(options: dict[str, str], named: str) -> None:
    with pytest.raises(PolicyError, match=named):
        read_policy("automatic", DAY, options)


def test_an_answer_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(PolicyError, match="same"):
        read_given({"same": ["S1"]})
