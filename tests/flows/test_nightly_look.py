"""What people do to documents after a run has ended is found, said once, and over when it is put right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.flows.test_foreign_currency import american
from tests.flows.test_payroll_journal import BY_HAND, by_hand
from tests.flows.test_the_same_pay import numbered_by_journal
from tests.payday import SOURCE, World, a_ledger_system, a_pay_run, a_vendor, usual_balances

from ml_connector.domain import codec
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.supplier import NewSupplier, Supplier
from ml_connector.errors import OutcomeUnknown, SignInLost, VendorChanged
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.nightly_look import DAYS
from ml_connector.ports.commits import CommitState, Origin
from ml_connector.ports.runs import RunState

FIVE_DAYS = 5 * 86_400


def looked(world: World, *, now: bool = True) -> dict[str, int]:
    from ml_connector.app.look import look

    return look(world.access, world._assembly, now=now)


def incidents(world: World, run: str) -> list[tuple[str, str]]:
    return [(found.code, found.text) for found in world.operations.records.incidents(run)]


def posted() -> tuple[World, str]:
    world = World()
    at = world.post()
    assert RunState.DONE is at.state
    return world, at.id


def one(pay: PayRun | None = None) -> tuple[World, str]:
    """A world in which R1 of one company was approved and is booked as document 3."""
    world = World(mode=Mode.APPROVE)
    world.payroll.add(pay or a_pay_run("R1", companies=("US1",)))
    run = world.post().id
    world.approve(run)
    return world, run


def storno(world: World, *, day: date) -> str:
    """Somebody takes document 3 back on that day, in a document with other texts; its number."""
    entry = world.vendor.documents[0].entry
    lines = tuple(replace(line, amount=-line.amount) for line in entry.lines)
    return world.vendor.book(replace(entry, lines=lines, text="Storno", posting_date=day), "").number


def edit(world: World, place: int, amount: str) -> None:
    """A person changes the first amount of a document."""
    document = world.vendor.documents[place]
    first, *rest = document.entry.lines
    document.entry = replace(document.entry, lines=(replace(first, amount=Money.parse(amount, "EUR")), *rest))


def days_later(world: World, days: int) -> None:
    """Time goes by, and the sign-in is kept alive meanwhile."""
    for _ in range(0, days, 5):
        world.clock.advance(timedelta(days=5).total_seconds())
        world.ledger._sign_in.renew()
        world.ledger._sign_in.signed()


def test_books_as_they_were_booked_are_no_incident() -> None:
    """Reversals and documents of others beside them included."""
    world, run = posted()
    world.reverse(run)
    world.vendor.book(BY_HAND, "no marker of ours")

    assert {"books": 0} == looked(world)


def test_an_edited_document_is_an_incident_with_before_and_after() -> None:
    """Until it is put right; it is in the audit chain both times, and once however often it is seen."""
    world, run = posted()
    before = world.vendor.documents[0].entry
    edit(world, 0, "501.00")
    first = before.lines[0].amount.amount

    assert {"books": 1} == looked(world)
    assert {"books": 1} == looked(world)
    ((code, text),) = incidents(world, run)
    assert "booked.edited" == code
    assert "Document 3 in 10 was edited since it was booked." in text
    assert f"written {first}, in the ledger 501.00" in text
    assert 1 == world.audited.count("incident.found")

    world.vendor.documents[0].entry = before
    assert {"books": 0} == looked(world)
    assert [] == incidents(world, run)
    assert 1 == world.audited.count("incident.over")


def test_a_document_with_another_date_is_edited_and_not_gone() -> None:
    """It is on a day that is not read with the others, and is read by itself."""
    world, run = one()
    document = world.vendor.documents[0]
    document.entry = replace(document.entry, posting_date=date(2026, 7, 2))

    looked(world)

    ((code, text),) = incidents(world, run)
    assert "booked.edited" == code
    assert "The posting date is 2026-07-02 in the ledger and was written as 2026-06-30." in text


def test_a_document_that_cannot_be_read_as_ours_is_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, in another journal: what the ledger says of it is said. The others are looked at."""
    world, run = posted()
    document = world.vendor.documents[0]
    document.entry = replace(document.entry, journal="95")
    del world.vendor.documents[1]
    inner = world.ledger.read_back

    def read_back(receipt: Any) -> Any:
        if receipt.number == "3":
            raise VendorChanged("Document 3 has lines in several currencies.")
        return inner(receipt)

    monkeypatch.setattr(world.ledger, "read_back", read_back)

    assert {"books": 2} == looked(world)

    (code, text), (other, _) = incidents(world, run)
    assert ("booked.edited", "booked.gone") == (code, other)
    assert text.endswith("was edited since it was booked. Document 3 has lines in several currencies.")


def test_a_document_that_nobody_may_read_is_not_called_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known then, and the ledger is looked at again."""
    world, run = posted()
    del world.vendor.documents[0]

    def read_back(receipt: Any) -> Any:
        raise SignInLost("Sign in again.")

    monkeypatch.setattr(world.ledger, "read_back", read_back)

    assert ({}, []) == (looked(world), incidents(world, run))


def test_a_rate_of_the_ledgers_own_that_people_edited_is_an_incident() -> None:
    """It is on record as the ledger showed it. A run that finds its pay booked is held by it, and naming the
    document again, which would change nothing, is no remedy.
    """
    world = american(rates=True)
    run = world.post().id
    document = world.vendor.documents[0]
    kept = document.entry
    assert {"books": 0} == looked(world)
    rate = ExchangeRate(currency="USD", rate=Decimal("9.9"), source="people")
    document.entry = replace(kept, rate=rate)

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, run)
    said = "The exchange rate is 9.9 in the ledger and was 1.1 when it was booked."
    assert ("booked.edited", True) == (code, said in text)
    again = world.post().id
    assert ["booked.edited"] == world.problems(again)
    assert said in world.problem_list(again)[0].text
    assert "mark-booked-elsewhere" not in world.problem_list(again)[0].text
    document.entry = kept
    assert {"books": 0} == looked(world)
    assert "Already booked" in world.resume(again).summary


def test_a_deleted_document_is_an_incident_that_says_what_it_was() -> None:
    """Its day, total, lines and text."""
    world, run = posted()
    del world.vendor.documents[1]

    assert {"books": 1} == looked(world)
    ((code, text),) = incidents(world, run)
    assert ("booked.gone", True) == (code, "Document 4 in 20 is no longer in the ledger." in text)
    assert "dated 2026-06-30, 1614.75 EUR, 7 lines, Payroll 2026-06-30" in text


def test_a_copied_document_is_an_incident() -> None:
    """With our marker on it, or without."""
    world, run = posted()
    document = world.vendor.documents[0]
    world.vendor.documents.append(replace(document, reference="copy", number="2000"))
    assert {"books": 1} == looked(world)
    assert ["documents.duplicate"] == [code for code, _ in incidents(world, run)]

    world.vendor.documents[-1] = replace(document, reference="copy", number="2000", marker="")
    assert {"books": 1} == looked(world)
    ((code, text),) = incidents(world, run)
    assert ("ledger.look_alike", True) == (code, "may be the same pay as document 3" in text)


def test_a_pay_that_people_took_back_on_a_later_day_is_an_incident() -> None:
    """In the next month, after every document of ours."""
    world, run = one()
    world.clock.advance(FIVE_DAYS)
    number = storno(world, day=date(2026, 7, 1))

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, run)
    assert ("booked.reversed", True) == (code, f"Document {number} in 10 takes document 3 back" in text)


def test_a_copy_that_is_dated_on_a_later_day_is_an_incident() -> None:
    """It carries our marker."""
    world, run = one()
    ours = world.vendor.documents[0]
    world.clock.advance(FIVE_DAYS)
    world.vendor.book(replace(ours.entry, posting_date=date(2026, 7, 1)), ours.marker)

    assert {"books": 1} == looked(world)
    assert ["documents.duplicate"] == [code for code, _ in incidents(world, run)]


@pytest.mark.parametrize(("day", "found"), [(date(2026, 6, 1), 1), (date(2026, 7, 1), 0)])
def test_a_pay_that_is_booked_by_hand_on_another_day_of_its_month_is_an_incident(
    day: date, found: int
) -> None:
    """In the next month it is the pay of that month."""
    world, run = one()
    world.clock.advance(FIVE_DAYS)
    by_hand(world, posting_date=day)

    assert {"books": found} == looked(world)
    assert ["ledger.look_alike"] * found == [code for code, _ in incidents(world, run)]


def copied(world: World, number: str, *, back: bool = False, marked: bool = True, days: int = 0) -> None:
    """Somebody books document 3 once more, or the other way round, so many days later."""
    document = world.vendor.documents[0]
    lines = document.entry.lines
    if back:
        lines = tuple(replace(line, amount=-line.amount) for line in lines)
    day = document.entry.posting_date + timedelta(days=days)
    world.vendor.documents.append(
        replace(
            document,
            reference=f"by hand {number}",
            number=number,
            entry=replace(document.entry, lines=lines, posting_date=day),
            marker=document.marker if marked else "",
        )
    )


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("days", [0, 1])
def test_a_copy_that_people_took_back_is_no_incident(marked: bool, days: int) -> None:
    """Copy and reversal come to nothing, though the ledger shows them still, and the pay is booked once."""
    world, run = posted()
    world.clock.advance(2 * 86_400)
    copied(world, "2000")
    copied(world, "2001", back=True, marked=marked, days=days)

    assert {"books": 0} == looked(world)

    del world.vendor.documents[-1]
    assert {"books": 1} == looked(world)
    assert ["documents.duplicate"] == [code for code, _ in incidents(world, run)]


@pytest.mark.parametrize("taken_back", [True, False])
def test_a_copy_of_what_is_looked_at_no_more_is_not_of_another_installation(taken_back: bool) -> None:
    """The journal is read from before that time, for a later document of the same month."""
    world, _ = posted()
    copied(world, "2000")
    if taken_back:
        copied(world, "2001", back=True, marked=False)
    days_later(world, 30)
    later = replace(a_pay_run("R2", factor=3), subject="biweekly 2026-07-14")
    world.payroll.add(later, factor=3)
    assert RunState.DONE is world.post("R2").state
    days_later(world, DAYS - 25)

    assert {"books": 0} == looked(world)


def test_copies_are_named_until_each_is_taken_back() -> None:
    """Two copies and one reversal: which of them it takes back nobody knows. And two reversals of one copy:
    the second takes back the pay.
    """
    world, run = posted()
    copied(world, "2000")
    copied(world, "2001")
    copied(world, "2002", back=True, marked=False)
    looked(world)
    assert ["documents.duplicate", "documents.duplicate"] == sorted(
        code for code, _ in incidents(world, run) if code == "documents.duplicate"
    )

    copied(world, "2003", back=True, marked=False)
    assert {"books": 0} == looked(world)
    copied(world, "2004", back=True, marked=False)
    assert {"books": 1} == looked(world)
    assert ["booked.reversed"] == [code for code, _ in incidents(world, run)]


def test_what_another_installation_wrote_settles_no_copy() -> None:
    """It takes the amounts back, and who wrote it is said all the same."""
    world, run = posted()
    copied(world, "2000")
    copied(world, "2001", back=True)
    world.vendor.documents[-1] = replace(
        world.vendor.documents[-1], marker=Marker.of("payroll:elsewhere").token
    )

    looked(world)

    assert "documents.duplicate" in [code for code, _ in incidents(world, run)]
    assert "installation.other" in [found.code for found in world.operations.records.open_incidents()]


def test_a_reversal_of_either_pay_settles_no_copy() -> None:
    """Two pays come to the same amounts: what takes back one of them may be the reversal of the other."""
    world, run = posted()
    world.payroll.add(a_pay_run("R2", subject="biweekly 2026-07-14"))
    assert RunState.DONE is world.post("R2").state
    copied(world, "2000")
    copied(world, "2001", back=True, marked=False)

    looked(world)

    assert "documents.duplicate" in [code for code, _ in incidents(world, run)]


@pytest.mark.parametrize("marked", [True, False])
def test_a_document_that_people_took_back_is_not_a_duplicate(marked: bool) -> None:
    """Some ledgers mirror a document with its texts, our marker among them; others do not."""
    world, run = posted()
    document = world.vendor.documents[0]
    mirrored = tuple(replace(line, amount=-line.amount) for line in document.entry.lines)
    mirror = replace(document.entry, lines=mirrored)
    marker = document.marker if marked else ""
    world.vendor.documents.append(
        replace(document, reference="mirror", number="2000", entry=mirror, marker=marker)
    )

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, run)
    assert ("booked.reversed", True) == (code, "somebody reversed it in the ledger" in text)
    assert "mark-booked-elsewhere RUN --document 10/2000" in text


def test_a_reversal_whose_original_was_deleted_is_an_incident() -> None:
    """A person said that the original is gone; until the reversal is taken back, the pay is negative."""
    world, run = posted()
    reversal = world.reverse(run).id
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != "3"]
    assert ["3"] == world.statements.deleted(run)

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, reversal)
    assert ("reversal.alone", True) == (code, "reverses document 3, which was deleted" in text)
    assert f"ml-connector runs reverse {run}" in text
    world.reverse(run)
    assert {"books": 0} == looked(world)


def test_a_reversal_made_again_is_known_by_its_original_too() -> None:
    """Somebody deleted the first reversal, and then the original of the second."""
    world, run = posted()
    first = world.reverse(run).id
    gone = world.vendor.documents[-1].number
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != gone]
    assert [gone] == world.statements.deleted(first)
    second = world.reverse(run).id
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number not in ("3", "4")]
    world.statements.deleted(run)

    looked(world)

    assert "reversal.alone" in [code for code, _ in incidents(world, second)]


def thrice() -> tuple[World, str, str, str]:
    """A pay, its reversal, and the reversal of that: documents 3, 4 and 5, with their runs."""
    world, run = one()
    first = world.reverse(run).id
    return world, run, first, world.reverse(first).id


def deleted(world: World, run: str, number: str) -> None:
    """Somebody deletes the document of the run, and says so."""
    world.vendor.documents[:] = [d for d in world.vendor.documents if d.number != number]
    assert [number] == world.statements.deleted(run)


def test_a_pay_and_its_reversal_may_be_deleted_from_under_the_next() -> None:
    """What reverses that reversal is the pay, once. Deleted as well, it is nothing."""
    world, run, first, second = thrice()
    deleted(world, run, "3")
    deleted(world, first, "4")
    assert usual_balances(entities=("10",)) == world.balances()
    assert {"books": 0} == looked(world)

    deleted(world, second, "5")
    assert {"books": 0} == looked(world)


@pytest.mark.parametrize("by_reversal", [True, False])
def test_a_reversal_that_is_deleted_between_two_leaves_the_pay_twice(by_reversal: bool) -> None:
    """The pay and what reverses its reversal both count; either remedy leaves it once."""
    world, _, first, second = thrice()
    deleted(world, first, "4")

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, second)
    said = "reverses document 4, which was deleted in the ledger: the pay is in the books twice."
    assert ("reversal.alone", True) == (code, text.startswith(f"Document 5 in 10 {said}"))
    assert f"Reverse it: ml-connector runs reverse {first}." in text
    if by_reversal:
        assert RunState.DONE is world.reverse(first).state
    else:
        assert f"mark-deleted {second}." in text
        deleted(world, second, "5")
    assert usual_balances(entities=("10",)) == world.balances()
    assert {"books": 0} == looked(world)


def again_posted() -> tuple[World, str, str]:
    """A pay, its reversal and the pay posted again: documents 3, 4 and 5; the runs of pay and reversal."""
    world, run = one()
    reversal = world.reverse(run).id
    assert RunState.DONE is world.approve(world.post().id).state
    assert {"books": 0} == looked(world)
    return world, run, reversal


def test_a_pay_that_counts_again_beside_the_next_is_an_incident() -> None:
    """Its reversal was deleted after it was posted again; the newer one is reversed then."""
    world, run, reversal = again_posted()
    deleted(world, reversal, "4")
    newer = world.commits.of_reference("payroll:")[-1].run

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, run)
    assert ("booked.twice", True) == (code, "the pay was posted again meanwhile, as 5: it is in" in text)
    assert text.endswith(f"Reverse the newer: ml-connector runs reverse {newer}.")
    assert RunState.DONE is world.reverse(newer).state
    assert usual_balances(entities=("10",)) == world.balances()
    assert {"books": 0} == looked(world)


def test_a_pay_that_people_reversed_and_named_counts_once() -> None:
    """What they booked takes the first document back, and the pay is posted again."""
    world, run = one()
    number = storno(world, day=date(2026, 6, 30))
    again = world.post().id
    world.statements.booked_elsewhere(again, [f"10/{number}"], "reversed by hand")
    world.run_to_rest()
    assert RunState.DONE is world.approve(again).state
    assert usual_balances(entities=("10",)) == world.balances()

    assert ({"books": 0}, []) == (looked(world), incidents(world, run))


def test_a_copy_whose_original_is_gone_is_not_a_duplicate() -> None:
    """The pay is in the books once."""
    world, run = posted()
    document = world.vendor.documents[0]
    world.vendor.documents[0] = replace(document, reference="copy", number="2000")

    assert {"books": 1} == looked(world)

    ((code, text),) = incidents(world, run)
    assert ("booked.gone", True) == (code, "A copy of it is there: 2000." in text)


def test_what_a_person_accepted_is_no_incident() -> None:
    """It was said to be no pay of ours, by its number."""
    world = World()
    number = by_hand(world)
    run = world.start()
    world.run_to_rest()
    assert RunState.DONE is world.resume(run, accept=[f"10/{number}"]).state

    assert {"books": 0} == looked(world)


def test_what_a_person_accepted_in_one_ledger_is_an_incident_in_another() -> None:
    """Both ledgers have a document 100: the rent in the first, the pay once more in the second."""
    world = World()
    from ml_connector.store.models import Connection

    mine, theirs = world.vendor, a_vendor(world.clock)
    theirs.tenant = "other books"
    world.vendor = theirs
    other, inner = world._connect(), world.system
    world.vendor = mine

    def system(name: str) -> Any:
        books2 = a_ledger_system(other, "3")
        return books2 if name == "books2" else inner(name)

    world.system = system  # type: ignore[method-assign]
    flow = world._flow
    flow.target = Connection.objects.create(
        organisation=world.access.organisation, name="books2", connector="books2"
    )
    flow.pk = None
    flow.save()
    mine._number = theirs._number = 99
    rent = by_hand(world, text="Rent")
    assert RunState.DONE is world.resume(world.post().id, accept=[f"10/{rent}"]).state
    world.operations.start("payroll", SOURCE, "books2", "R1")
    theirs._number = 199
    world.run_to_rest()
    theirs._number = 99
    world.vendor = theirs
    assert rent == by_hand(world, posting_date=date(2026, 6, 30))

    assert {"books": 0, "books2": 1} == looked(world)


def test_a_ledger_whose_sign_in_is_damaged_does_not_stop_the_others() -> None:
    """The damaged one comes first, is named with what is wrong, and is looked at again at the next time."""
    world, _ = posted()
    edit(world, 0, "501.00")
    from ml_connector.app.look import look
    from ml_connector.store.models import Connection
    from ml_connector.store.secrets import VaultError

    flow = world._flow
    damaged = Connection.objects.create(
        organisation=flow.organisation, name="a-damaged-one", connector=flow.target.connector
    )
    flow.pk, flow.target = None, damaged
    flow.save()
    inner = world.system

    def system(name: str) -> Any:
        if name == damaged.name:
            raise VaultError("The sign-in of a-damaged-one cannot be read. Enter it again.")
        return inner(name)

    world.system = system  # type: ignore[method-assign]
    failed: dict[str, str] = {}

    found = look(world.access, world._assembly, now=True, failed=failed.__setitem__)

    assert {"books": 1} == found
    assert {"a-damaged-one": "The sign-in of a-damaged-one cannot be read. Enter it again."} == failed
    assert Connection.objects.get(pk=damaged.pk).looked_at is None


def test_a_defect_in_one_look_does_not_stop_the_others() -> None:
    """It is named, and looked at again at the next time; what was found elsewhere is kept."""
    world, _ = posted()
    edit(world, 0, "501.00")
    from ml_connector.app.look import DEFECT, look
    from ml_connector.store.models import Connection

    flow = world._flow
    first = Connection.objects.create(
        organisation=flow.organisation, name="a-first-one", connector=flow.target.connector
    )
    flow.pk, flow.target = None, first
    flow.save()
    inner = world.system

    def system(name: str) -> Any:
        if name == first.name:
            raise ZeroDivisionError
        return inner(name)

    world.system = system  # type: ignore[method-assign]
    failed: dict[str, str] = {}

    found = look(world.access, world._assembly, now=True, failed=failed.__setitem__)

    assert ({"books": 1}, {"a-first-one": DEFECT}) == (found, failed)
    assert Connection.objects.get(pk=first.pk).looked_at is None
    assert Connection.objects.get(name="books").looked_at == world.clock.now()


def test_two_documents_of_one_number_are_two_incidents() -> None:
    """In two journals of a legal entity. Each is over by itself, and found once."""
    world = World()
    from ml_connector.store.models import Incident

    numbered_by_journal(world)
    for journal, reference in (("90", "R1"), ("95", "R2")):
        world.set(journal=journal)
        world.payroll.add(replace(a_pay_run(reference, companies=("US1",)), subject=reference))
        world.vendor._number = 99
        assert RunState.DONE is world.post(reference).state
    first, second = world.vendor.documents
    world.vendor.documents.clear()

    assert {"books": 2} == looked(world)
    assert {"books": 2} == looked(world)
    assert ["100", "95/100"] == [row.document for row in Incident.objects.order_by("id")]
    assert 2 == world.audited.count("incident.found")

    world.vendor.documents.append(first)
    assert {"books": 1} == looked(world)
    ((_, text),) = incidents(world, world.commits.of_reference("payroll:")[1].run)
    assert "Document 100 in 10 is no longer in the ledger." in text
    world.vendor.documents.append(second)
    assert {"books": 0} == looked(world)
    assert 2 == world.audited.count("incident.over")


def test_one_read_is_made_for_each_legal_entity_and_journal() -> None:
    """However many documents there are, and though one of them is there twice."""
    world, _ = posted()
    copied(world, "2000")
    asked: list[str] = []
    inner = world.ledger.documents

    def documents(entity: str, *rest: Any) -> Any:
        asked.append(entity)
        return inner(entity, *rest)

    world.ledger.documents = documents  # type: ignore[method-assign]
    looked(world)

    assert ["10", "20"] == sorted(asked)


def test_it_is_taken_when_24_hours_have_passed() -> None:
    """Not before, and at once where it never was; what was booked more than 45 days ago is left alone."""
    world, _ = posted()
    assert {"books": 0} == looked(world, now=False)
    edit(world, 0, "501.00")
    world.clock.advance(timedelta(hours=23).total_seconds())
    assert {} == looked(world, now=False)
    world.clock.advance(timedelta(hours=1).total_seconds())
    assert {"books": 1} == looked(world, now=False)

    world.clock.advance(timedelta(days=DAYS).total_seconds())
    assert {"books": 0} == looked(world, now=False)


def closed_until(world: World, run: str) -> None:
    """The period is closed when the run posts, and opened again 50 days later; then the run goes on."""

    def closes(name: str) -> None:
        if name == "commit: opened":
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(closes)
    assert RunState.HELD is world.at(run).state
    days_later(world, 50)
    world.vendor.closed.clear()
    assert RunState.DONE is world.resume(run).state


def test_what_was_booked_after_a_long_hold_is_looked_at() -> None:
    """For 45 days from its booking, and not from the first attempt."""
    world = World()
    world.payroll.add(a_pay_run("R1", companies=("US1",)))
    run = world.start()
    closed_until(world, run)
    world.vendor.documents.clear()

    assert {"books": 1} == looked(world)
    assert ["booked.gone"] == [code for code, _ in incidents(world, run)]


def test_what_was_deleted_after_a_long_hold_is_looked_at() -> None:
    """The copy of a document that was booked late, and deleted since, may be its pay."""
    world = World()
    world.payroll.add(a_pay_run("R1", companies=("US1",)))
    run = world.start()
    closed_until(world, run)
    document = world.vendor.documents.pop()
    world.statements.deleted(run)
    world.vendor.book(document.entry, document.marker)

    assert {"books": 1} == looked(world)
    assert ["ledger.look_alike"] == [code for code, _ in incidents(world, run)]


def test_a_ledger_that_cannot_be_asked_is_asked_again() -> None:
    """And its incidents stay as they were."""
    world, run = posted()
    edit(world, 0, "501.00")
    looked(world)
    inner = world.ledger.documents

    def fails(*_: Any) -> Any:
        raise OutcomeUnknown("No answer.")

    world.ledger.documents = fails  # type: ignore[method-assign]
    assert {} == looked(world)
    assert 1 == len(incidents(world, run))

    world.ledger.documents = inner  # type: ignore[method-assign]
    assert {"books": 1} == looked(world)


@pytest.mark.parametrize("code", ["booked.gone", "booked.edited"])
def test_a_document_that_a_run_takes_back_is_read_first(code: str) -> None:
    """A difference to a document that is gone, or edited, would leave wrong books: the run is held."""
    from tests.payday import a_pay_run

    world, run = posted()
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    second = world.post("R2")
    if code == "booked.gone":
        del world.vendor.documents[0]
    else:
        edit(world, 0, "501.00")
    before = len(world.vendor.documents)

    at = world.approve(second.id)

    assert before == len(world.vendor.documents)
    assert (RunState.HELD, [code]) == (at.state, world.problems(at.id)[:1])
    assert world.problem_list(at.id)[0].text.endswith(f"mark-deleted {run}.") or code == "booked.edited"


def test_documents_of_other_kinds_in_the_same_books_are_passed_by() -> None:
    """A supplier that was made in the ledger has no journal and no day; a further pay is booked beside it."""
    world, _ = posted()
    (entry, *_) = world.commit_rows().values()
    made = NewSupplier(
        key="supplier:a:1:b:1:1", entity=entry.entity, supplier=Supplier(key="", name="Kantoor B.V.")
    )
    content = codec.encode(made)
    origin = Origin(run="", tenant=entry.tenant, shares=())
    world.commits.open(
        key=made.key, fingerprint=codec.digest(content), entity=made.entity, content=content, origin=origin
    )
    receipt = Receipt(reference="1", number="1", entity=made.entity, posted=True)
    world.commits.record(made.key, state=CommitState.CONFIRMED, receipt=codec.encode(receipt))

    assert {"books": 0} == looked(world)
    world.payroll.add(a_pay_run("R2", subject="biweekly 2026-07-14", factor=2), factor=2)
    assert RunState.DONE is world.post("R2").state
