"""The judge: what it accepts, and that it cannot be fooled by a deleted, doubled or edited document."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from decimal import Decimal

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.core.registry import open_system
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.judges import payroll as judge_module
from ml_connector_sandbox.judges.books import Payroll
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge
from ml_connector_sandbox.scenarios import trading_company


def _lines(world: UkgWorld, run_id: str, *, summary: bool) -> list[dict]:
    """The run as ledger lines, mapped by the scenario's truth: one per row, or one per account and
    department.
    """
    sums: dict[tuple, Decimal] = defaultdict(Decimal)
    for row in world.rows(f"/payroll/v2/general-ledger/{run_id}?per_Page=10000"):
        _, account, center = trading_company.booking(row["companyCode"], row["baseSegment"], row["orgLevel1"])
        sums[(account, center, 0 if summary else row["systemId"])] += row["debitAmt"] - row["creditAmt"]
    return [
        # Exact pads its codes; the judge must not mind.
        {
            "account": f"{account:>18}",
            "amount": str(amount),
            "dimensions": {"cost_center": center},
            "text": "",
            "reference": "",
        }
        for (account, center, _), amount in sums.items()
    ]


def _document(number: int, lines: list[dict], date: str = "2026-06-26") -> dict:
    return {
        "id": f"id-{number}",
        "number": f"2695{number:04d}",
        "entity": "1204",
        "journal": "95",
        "date": date,
        "period": date[:7],
        "status": "open",
        "currency": "USD",
        "lines": lines,
    }


def _by_department(lines: list[dict]) -> list[list[dict]]:
    """The lines in three parts, each of whole departments, so each balances."""
    parts: list[list[dict]] = [[], [], []]
    centers = sorted({line["dimensions"]["cost_center"] for line in lines})
    for line in lines:
        parts[centers.index(line["dimensions"]["cost_center"]) % 3].append(line)
    return parts


def _ledger(*documents: dict) -> dict:
    return {"documents": list(documents), "calls": {"token": 1, "read": 2, "write": 3}}


def _whole(world: UkgWorld, *, summary: bool = True) -> dict:
    runs = [run for run in world.vendor.books()["runs"] if run["status"] == "current"]
    lines = [(_lines(world, run["run_id"], summary=summary), run["pay_date"]) for run in runs]
    return _ledger(*(_document(number, part, date) for number, (part, date) in enumerate(lines, start=1)))


def _in_parts(world: UkgWorld) -> dict:
    parts = _by_department(_lines(world, "20240", summary=True))
    return _ledger(*(_document(number, part) for number, part in enumerate(parts, start=1)))


@pytest.mark.parametrize("summary", [True, False])
def test_a_run_booked_once_is_accepted(summary):
    """In summary or in detail; the figures are those of the books."""
    world = UkgWorld()
    books = world.vendor.books()
    verdict = judge(books, _whole(world, summary=summary))
    line = verdict.as_json()

    assert verdict.ok, verdict.differences
    assert tuple(
        line[name] for name in ("pay_run", "source_rows", "entries", "duplicates", "lost", "read_back_equal")
    ) == ("20240", 1516, 1, 0, 0, True)
    totals = books["runs"][0]["totals"]
    assert (
        line["debit"] == line["credit"] == str(Decimal(totals["gross"]) + Decimal(totals["employer_taxes"]))
    )
    assert line["vendor_calls"]["exact_online"] == {"token": 1, "read": 2, "write": 3}
    assert line["vendor_calls"]["ukg_pro"]["read"] == 0
    assert {
        "ok",
        "pay_run",
        "source_rows",
        "entries",
        "lines",
        "debit",
        "credit",
        "read_back_equal",
        "duplicates",
        "lost",
        "vendor_calls",
    } == set(line)
    assert all(row["equal"] for row in verdict.accounts)
    assert len(verdict.accounts) == 7


def test_a_run_cut_into_parts_is_accepted():
    """Three documents of whole departments are one run."""
    world = UkgWorld()
    verdict = judge(world.vendor.books(), _in_parts(world))

    assert verdict.ok, verdict.differences
    assert (verdict.entries, verdict.duplicates, verdict.lost) == (3, 0, 0)


@pytest.mark.parametrize("make", [_whole, _in_parts])
def test_a_deleted_document_is_a_lost_run(make):
    """Whether it was the whole run or a part."""
    world = UkgWorld()
    ledger = make(world)
    del ledger["documents"][0]
    verdict = judge(world.vendor.books(), ledger)

    assert (verdict.ok, verdict.read_back_equal, verdict.duplicates, verdict.lost) == (False, False, 0, 1)
    assert "run 20240 is not fully booked in 1204" in verdict.differences[0]


@pytest.mark.parametrize("make", [_whole, _in_parts])
def test_a_doubled_document_is_a_duplicate(make):
    """Under another number and date, too."""
    world = UkgWorld()
    for date in ("2026-06-26", "2026-07-31"):
        ledger = make(world)
        ledger["documents"].append(
            {**copy.deepcopy(ledger["documents"][0]), "id": "other", "number": "26959999", "date": date}
        )
        verdict = judge(world.vendor.books(), ledger)

        assert (verdict.ok, verdict.read_back_equal, verdict.duplicates, verdict.lost) == (False, False, 1, 0)


@pytest.mark.parametrize("make", [_whole, _in_parts])
@pytest.mark.parametrize("what", ["amount", "account", "cost_center", "entity"])
def test_an_edited_document_is_seen(make, what):
    """One cent moved between two lines, another account, another department, another company."""
    world = UkgWorld()
    ledger = make(world)
    lines = ledger["documents"][0]["lines"]
    if what == "amount":
        lines[0]["amount"] = str(Decimal(lines[0]["amount"]) + Decimal("0.01"))
        lines[1]["amount"] = str(Decimal(lines[1]["amount"]) - Decimal("0.01"))
    elif what == "account":
        lines[0]["account"] = "4100"
    elif what == "cost_center":
        lines[0]["dimensions"] = {}
    else:
        ledger["documents"][0]["entity"] = "9999"
    verdict = judge(world.vendor.books(), ledger)

    assert (verdict.ok, verdict.read_back_equal, verdict.duplicates, verdict.lost) == (False, False, 0, 1)
    assert any("belongs to no pay run, or was changed" in text for text in verdict.differences)


def test_a_part_booked_twice_in_place_of_another_is_both():
    """One duplicate, and one run that is not whole."""
    world = UkgWorld()
    ledger = _in_parts(world)
    ledger["documents"][1] = {**copy.deepcopy(ledger["documents"][0]), "number": "26950002"}
    verdict = judge(world.vendor.books(), ledger)

    assert (verdict.ok, verdict.duplicates, verdict.lost) == (False, 1, 1)


def test_a_foreign_document_is_no_duplicate_but_not_well_either():
    """Somebody booked by hand."""
    world = UkgWorld()
    ledger = _whole(world)
    lines = [
        {"account": "4100", "amount": "5.00", "dimensions": {}},
        {"account": "1700", "amount": "-5.00", "dimensions": {}},
    ]
    ledger["documents"].append(_document(9, lines))
    verdict = judge(world.vendor.books(), ledger)

    assert (verdict.ok, verdict.duplicates, verdict.lost) == (False, 0, 0)
    assert verdict.differences == ("document 26950009 belongs to no pay run, or was changed",)


def test_an_unbalanced_document_and_a_fraction_of_a_cent_are_refused():
    """Neither can come out of a ledger that is well."""
    world = UkgWorld(workers=2)
    ledger = _whole(world)
    ledger["documents"][0]["lines"][0]["amount"] = "1.00"
    assert any("out of balance" in text for text in judge(world.vendor.books(), ledger).differences)

    for amount in ("0.001", "NaN", "many", "1e999999999"):
        ledger["documents"][0]["lines"][0]["amount"] = amount
        with pytest.raises(ValueError, match="whole number of cents"):
            judge(world.vendor.books(), ledger)


def test_an_empty_ledger_has_lost_everything_and_no_runs_are_never_well():
    """Nothing to compare is not success."""
    world = UkgWorld(runs=3, workers=4)

    assert tuple(
        getattr(judge(world.vendor.books(), _ledger()), name) for name in ("ok", "lost", "duplicates")
    ) == (False, 3, 0)
    assert not judge(world.vendor.books(), _ledger(), ()).ok


def test_a_hundred_runs_are_told_apart():
    """One lost, one doubled, among a hundred; the rest are found whatever their order and dates."""
    world = UkgWorld(runs=100, workers=6)
    ledger = _whole(world)
    ledger["documents"].reverse()
    assert judge(world.vendor.books(), ledger).ok

    gone = ledger["documents"].pop(10)
    ledger["documents"].append({**copy.deepcopy(ledger["documents"][20]), "number": "26959999"})
    verdict = judge(world.vendor.books(), ledger)
    assert (verdict.ok, verdict.entries, verdict.duplicates, verdict.lost) == (False, 100, 1, 1)
    assert gone["number"] not in str(verdict.differences)


def test_only_the_runs_asked_for_are_judged():
    """A run before the flow's start is booked elsewhere."""
    world = UkgWorld(runs=2, workers=4)
    ledger = _ledger(_document(1, _lines(world, "20241", summary=True)))

    assert judge(world.vendor.books(), ledger, expected(world.vendor.books(), pay_runs=["20241"])).ok
    assert not judge(world.vendor.books(), ledger).ok
    with pytest.raises(KeyError):
        expected(world.vendor.books(), pay_runs=["1"])


def test_a_run_repeated_with_changes_is_booked_by_its_difference():
    """The first entry and the difference together are the newest run; the full amount again would be a
    duplicate.
    """
    world = UkgWorld(workers=5)
    first = _document(1, _lines(world, "20240", summary=True))
    new = world.vendor.control("rerun", {"changes": {"W00001": "100.00"}})["run_id"]
    before = {
        (line["account"], line["dimensions"]["cost_center"]): Decimal(line["amount"])
        for line in first["lines"]
    }
    difference = [
        {
            **line,
            "amount": str(
                Decimal(line["amount"]) - before[(line["account"], line["dimensions"]["cost_center"])]
            ),
        }
        for line in _lines(world, new, summary=True)
    ]

    assert judge(world.vendor.books(), _ledger(first, _document(2, difference, "2026-07-31"))).ok
    assert not judge(world.vendor.books(), _ledger(first)).ok
    assert not judge(world.vendor.books(), _ledger(first, _document(2, _lines(world, new, summary=True)))).ok


def test_off_cycle_and_void_runs_are_expected_and_unbalanced_and_undone_ones_are_not():
    """The judge works each out from the register by itself."""
    world = UkgWorld(workers=11, off_cycle=True, void=True)
    assert judge(world.vendor.books(), _whole(world)).ok

    world = UkgWorld(workers=3, unbalanced=True)
    assert expected(world.vendor.books()) == ()
    world = UkgWorld(workers=3)
    world.vendor.control("undo_run", {})
    assert expected(world.vendor.books()) == ()


def test_cost_centers_can_be_left_out_of_the_comparison():
    """For a policy that rolls small departments up."""
    world = UkgWorld(workers=9)
    ledger = _whole(world)
    for line in ledger["documents"][0]["lines"]:
        line["dimensions"] = {}

    assert not judge(world.vendor.books(), ledger).ok
    assert judge(world.vendor.books(), ledger, by_cost_center=False).ok


def test_deleted_and_seeded_documents_are_not_booked():
    """A deleted document is not there; what the scenario put there was there before."""
    world = UkgWorld(workers=2)
    ledger = _whole(world)
    for more in ({"status": "deleted"}, {"seeded": True}):
        ledger["documents"].append({**copy.deepcopy(ledger["documents"][0]), **more})

    assert judge(world.vendor.books(), ledger).ok


def test_the_synthetic_run_is_expected_too():
    """Its generator is its definition."""
    world = UkgWorld(bench_rows=1_000, bench_groups=20)
    run = expected(world.vendor.books())[0]

    assert (run.run_id, run.rows, len(run.cells), sum(run.cells.values())) == ("BENCH", 1_000, 20, 0)


def test_the_command_line_prints_one_line_and_its_exit_code(capsys):
    """0 when well, 1 when not, 2 when nobody answers."""
    world, ledger = UkgWorld(workers=3), UkgWorld(workers=3)
    held = _whole(world)
    ledger.vendor.books = lambda: held
    with Sandbox({"payroll": world.host, "ledger": ledger.host}) as sandbox:
        control = {name: sandbox.base_url(name) + "/__sandbox__/" for name in ("payroll", "ledger")}
        arguments = ["--payroll-control", control["payroll"], "--ledger-control", control["ledger"]]
        assert judge_module.main(arguments) == 0
        out = capsys.readouterr().out
        assert json.loads(out)["ok"]
        assert out.count("\n") == 1

        held["documents"].clear()
        assert judge_module.main([*arguments, "--full"]) == 1
        captured = capsys.readouterr()
        assert len(json.loads(captured.out)["differences"]) == 1
        assert "is not fully booked" in captured.err
        assert judge_module.main([*arguments, "--pay-run", "nope"]) == 2
    assert judge_module.main(arguments) == 2


def test_together_with_the_simulated_ledger():
    """Booked at the ledger's screen it is well; doubled, edited or deleted there it is not, and mended it is
    again.
    """
    world = UkgWorld()
    ledger = open_system("exact_online").vendor
    lines = _lines(world, "20240", summary=True)
    wish = [
        {"account": line["account"].strip(), "amount": line["amount"], **line["dimensions"]} for line in lines
    ]
    booked = ledger.control("book", {"journal": "95", "date": "2026-06-26", "lines": wish})

    def verdict():
        return judge(world.vendor.books(), ledger.books())

    assert verdict().ok, verdict().differences
    assert (1, len(lines)) == (verdict().entries, verdict().lines)

    second = ledger.control("double", {"id": booked["id"]})
    assert (verdict().ok, verdict().duplicates, verdict().lost) == (False, 1, 0)
    ledger.control("delete", {"id": second["id"]})
    assert verdict().ok

    amount = ledger.books()["documents"][0]["lines"][0]["amount"]
    ledger.control("edit", {"id": booked["id"], "line": 1, "amount": str(Decimal(amount) + 1)})
    assert (verdict().ok, verdict().read_back_equal) == (False, False)
    ledger.control("edit", {"id": booked["id"], "line": 1, "amount": amount})
    assert verdict().ok

    ledger.control("delete", {"id": booked["id"]})
    assert (verdict().ok, verdict().duplicates, verdict().lost) == (False, 0, 1)


def test_a_draft_is_no_booking():
    """What a job or a person has yet to post is found, but it is a problem; unless the caller accepts
    that.
    """
    world = UkgWorld()
    held = _whole(world)
    held["documents"][0]["status"] = "draft"

    verdict = judge(world.vendor.books(), held)

    assert (verdict.ok, verdict.read_back_equal, verdict.lost, verdict.duplicates) == (False, True, 0, 0)
    assert verdict.differences == ("document 26950001 is a draft, not posted",)
    assert judge(world.vendor.books(), held, accept_drafts=True).ok


def test_a_scenario_names_its_ledger():
    """The trading company books in Exact Online, the manufacturer in Dynamics 365."""
    assert Payroll(UkgWorld().vendor.books()).ledger_slug == "exact_online"
    assert Payroll(UkgWorld(scenario="manufacturer").vendor.books()).ledger_slug == "dynamics_fo"
