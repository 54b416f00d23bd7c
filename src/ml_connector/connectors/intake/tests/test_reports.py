"""What the intake tells a flow, and what it keeps of its answer: for one organisation, for good."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.intake import CONNECTOR
from ml_connector.connectors.intake.tests.intake_world import PDF, World
from ml_connector.contract.expense_world import SPENT, by_id, handed_over, ids
from ml_connector.domain.expense import ExpenseReport, ReceiptFile, ReportState
from ml_connector.errors import NotFound, NotSent, Refused


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def actions(world: World) -> list[dict[str, Any]]:
    """What the audit log has of reports, without when."""
    from ml_connector.store.models import AuditEntry

    texts = [
        json.loads(text) for text in AuditEntry.objects.order_by("number").values_list("text", flat=True)
    ]
    return [entry for entry in texts if entry["action"].startswith("report.")]


def test_a_report_of_another_organisation_is_nobodys(world: World) -> None:
    """Not listed, not read, no file of it opened, not told of: each as for one that was never sent."""
    from ml_connector.store.models import Connection, Organisation

    since = world.now()
    mine = handed_over(world, "E-1")
    (before,) = world.source.changed("", since).found
    (file, *_) = world.source.report(before.reference).lines[0].files
    other = Organisation.objects.create(slug="other")
    connection = Connection.objects.create(organisation=other, name="e", connector="intake", settings={})
    theirs = CONNECTOR.open({}, world.assembly.wiring(connection)).source(ExpenseReport)

    assert ((), []) == (theirs.changed("", since).found, list(theirs.unmarked(since)))
    for asked in (
        lambda: theirs.report(before.reference),
        lambda: theirs.exported(before.export),
        lambda: theirs.file(file),
        lambda: theirs.marks.assigned(before.reference),
        lambda: theirs.marks.assign(before.reference, "booked", "Theirs"),
    ):
        with pytest.raises(NotFound):
            asked()
    assert mine in ids(world.source.unmarked(since))
    assert theirs.tenant() != world.source.tenant()
    with world.source.file(file) as content:
        assert PDF == content.read()


def test_a_second_connection_would_book_each_report_again(world: World) -> None:
    """It reads nothing, and says why when it is tested; the first one goes on."""
    from ml_connector.store.models import Connection

    since = world.now()
    report = handed_over(world, "E-1")
    second = Connection.objects.create(
        organisation=world.organisation, name="again", connector="intake", sandbox=True, settings={}
    )
    opened = CONNECTOR.open({}, world.assembly.wiring(second))

    with pytest.raises(NotSent) as refused:
        opened.source(ExpenseReport)
    (right,) = opened.check()
    assert ("intake.readers", False) == (refused.value.problem.code, right.granted)
    assert right.text.startswith("Connection expenses reads the expense reports of this organisation")
    assert report in ids(world.source.unmarked(since))


def test_what_became_of_a_report_is_in_the_audit_log_once(world: World) -> None:
    """Failed, then booked after all; the same again is no change, another text is one."""
    (ref,) = _handed(world)
    for status, text in (
        ("failed", "Account 4999 does not exist."),
        ("failed", "Account 4999 does not exist."),
        ("booked", "Booked as 26700001"),
        ("booked", "Booked as 26700001"),
    ):
        world.source.marks.assign(ref.reference, status, text)

    found = [(entry["action"], entry["detail"].get("text")) for entry in actions(world)]
    assert [
        ("report.received", None),
        ("report.failed", "Account 4999 does not exist."),
        ("report.booked", "Booked as 26700001"),
    ] == found


def test_what_follows_a_change_of_state_is_in_the_same_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that cannot be stored, the state is as before."""
    from ml_connector.app import intake_outcomes

    (ref,) = _handed(world)

    def fails(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(intake_outcomes, "state_changed", fails)
    with pytest.raises(OSError, match="full"):
        world.source.marks.assign(ref.reference, "booked", "Booked as 26700001")

    assert "" == world.status(ref.reference)


def test_a_revision_that_comes_late_stands_behind_the_later_one(world: World) -> None:
    """The platform sent revision 2 first: revision 1 is stored, replaced, and booked by nobody."""
    since = world.now()
    report = world.write("E-1")
    draft = world.drafts[report]
    draft["approvedAt"] = world.now().isoformat()
    second = world.send({**draft, "revision": 2}, [])
    first = world.send({**draft, "revision": 1}, [])
    source = world.source

    assert [second.identity] == [ref.reference for ref in source.changed("", since).found]
    assert [second.identity] == [ref.reference for ref in source.unmarked(since)]
    (old,) = source.exported(first.identity)
    assert (ReportState.TAKEN_BACK, f"{first.identity}:replaced") == (old.state, old.reference)
    with pytest.raises(Refused, match="has a later revision since"):
        source.report(first.identity)


def test_a_booked_report_may_be_canceled_and_stays_booked(world: World) -> None:
    """The cancellation is found from the cursor; what is in the books is told all the same, also where the
    mark comes after it.
    """
    since = world.now()
    booked, late = handed_over(world, "E-1"), handed_over(world, "E-2", SPENT[:1])
    refs = by_id(world.source.changed("", since).found)
    cursor = world.source.changed("", since).cursor
    world.source.marks.assign(refs[booked].reference, "booked", "Booked as 1")
    for report in (booked, late):
        world.cancel(report)
    world.source.marks.assign(refs[late].reference, "booked", "Booked as 2")

    found = by_id(world.source.changed(cursor, since).found)
    assert {(ReportState.CANCELED, "booked")} == {(ref.state, ref.status) for ref in found.values()}
    assert {booked, late} == set(found)
    assert {booked, late} == {each.report for each in world.source._handed_in.changed(int(cursor), since)}
    assert ReportState.CANCELED == world.source.report(found[booked].reference).state
    world.hand_over(booked)
    assert ReportState.APPROVED == by_id(world.source.changed(cursor, since).found)[booked].state


def test_the_name_of_the_tenant_stays_after_a_restore(world: World) -> None:
    """A restore gives the installation another identity, and keys stay as they are."""
    from ml_connector.store.installation import installation, renew

    before, name = installation().identity, world.source.tenant()
    renew(restored_at=world.now())

    assert before != installation().identity
    assert f"{before}/default" == name == world.source.tenant()


def test_a_file_that_no_report_names_is_not_opened(world: World) -> None:
    """Not by its hash either: the folder holds what other flows keep as well."""
    from io import BytesIO

    kept = world.assembly.files().put(BytesIO(b"of an invoice"), 100)

    with pytest.raises(NotFound):
        world.source.file(ReceiptFile(key=kept.sha256, name="invoice.pdf"))


def test_receipts_of_a_report_that_was_never_stored_are_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were kept when the process died go after their time; those of a report stay for ever."""
    from ml_connector.app.intake import Intake
    from ml_connector.app.retention import forget

    handed_over(world, "E-1")
    draft = {**world.drafts["rep-0"], "externalId": "dies", "revision": 1}
    store = Intake._store

    def dies(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(Intake, "_store", dies)
    with pytest.raises(RuntimeError, match="killed"):
        world.send(draft, [("r0", "photo.pdf", PDF), ("r1", "x.pdf", b"of nobody")])
    monkeypatch.setattr(Intake, "_store", store)
    kept = list(world.assembly.settings.files.glob("??/*"))
    early, late = (datetime.now(UTC) + timedelta(days=days) - world.now() for days in (34, 36))

    world.advance(early.total_seconds())
    assert (2, 0) == (len(kept), forget(world.assembly)["files"])
    world.advance((late - early).total_seconds())
    assert (1, 0) == (forget(world.assembly)["files"], forget(world.assembly)["files"])
    assert 1 == len([*world.assembly.settings.files.glob("??/*")])


def _handed(world: World) -> tuple[Any, ...]:
    since = world.now()
    handed_over(world, "E-1")
    return tuple(world.source.changed("", since).found)
