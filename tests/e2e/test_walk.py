"""The whole walk at the command line: connect, map, propose, approve, post, prove, reverse, run again, back
up, and hand over to an auditor.

The judge counts what the simulated ledger holds after every step.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scenes import PAYROLL
from stage import LEDGER, MAPPING, SOURCE, TARGET, UNLIMITED
from tests.stand import TOOLS, Installation, Stand, given, installation, served, simulators

EXACT = {
    "base_url": "https://start.exactonline.nl",
    "division": "1204",
    "redirect_uri": "https://app.example/back",
}


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation whose proposals wait for approval."""
    with simulators(14) as sandbox, installation(sandbox, mode="approve") as stand, served(stand):
        yield stand


def sums(documents: list[Any]) -> dict[tuple[str, str], Decimal]:
    """Amount by account and cost center, without what comes to zero."""
    total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for document in documents:
        for line in document["lines"]:
            total[line["account"], line["dimensions"].get("cost_center", "")] += Decimal(line["amount"])
    return {cell: amount for cell, amount in total.items() if amount}


# --- connecting and mapping ---------------------------------------------------------------------------------


def test_connections_are_added_tested_and_marked(stand: Stand) -> None:
    """Both systems say what they allow, and nobody takes a simulated one for a real one."""
    rights = {name: stand.ask("connections", "test", name)["rights"] for name in (SOURCE, TARGET)}
    listed = stand.ask("connections", "list")["connections"]
    shown = stand.command("connections", "list").stdout

    assert (6, 24) == (len(rights[SOURCE]), len(rights[TARGET]))
    lacking = [right for found in rights.values() for right in found if not right["granted"]]
    assert [("platform: webhook subscriptions", True)] == [
        (right["name"], right["optional"]) for right in lacking
    ]
    assert [(TARGET, LEDGER, True, True), (SOURCE, PAYROLL, True, False)] == [
        (line["name"], line["connector"], line["sandbox"], line["signed_in"]) for line in listed
    ]
    assert 2 == shown.count("SANDBOX")


def test_a_missing_right_is_named_before_anything_fails(stand: Stand) -> None:
    """The ping ends with 1 and says which right, and what it is needed for."""
    stand.at_ledger("scope", scope="Financial accounting", level="read")
    answer = stand.ask("connections", "test", TARGET, code=1)
    stand.at_ledger("scope", scope="Financial accounting", level="manage")

    missing = [right for right in answer["rights"] if not right["granted"]]
    assert [right for right in missing if not right["optional"]]
    assert all(right["text"] and right["needed_for"] for right in missing)


def test_a_right_that_posting_does_not_need_fails_no_test(stand: Stand) -> None:
    """It is named all the same, with what it is needed for."""
    stand.at_ledger("scope", scope="Financial costcenters", level="read")
    answer = stand.ask("connections", "ping", TARGET)
    stand.at_ledger("scope", scope="Financial costcenters", level="manage")

    missing = [right for right in answer["rights"] if not right["granted"]]
    assert (True, {True}) == (answer["ok"], {right["optional"] for right in missing})
    assert all("keeping" in right["needed_for"] for right in missing)


def test_simulated_and_real_connections_never_share_a_flow(stand: Stand) -> None:
    """Simulated pay is never booked in real books, nor the other way round."""
    with given({**EXACT, "client_id": "the-app", "client_secret": "the-secret"}) as options:
        stand.ask("connections", "add", "real", "--connector", LEDGER, *options)
    flow = [
        "--mapping",
        "payroll",
        "--starts-on",
        "2015-01-01",
        "--option=journal=95",
        "--option=entities=HTC01=1204",
    ]

    mixed = stand.ask("flows", "set", "--from", SOURCE, "--to", "real", *flow, code=2)

    assert "flow.mixed" == mixed["problems"][0]["code"]
    assert "Nothing from a simulator is booked in real books." in mixed["problems"][0]["text"]
    assert [False] == [
        line["sandbox"] for line in stand.ask("connections", "list")["connections"] if line["name"] == "real"
    ]


def test_a_real_connection_does_not_become_a_simulated_one_under_a_flow(stand: Stand) -> None:
    """A connection of a flow that is stored anew as the other kind would let both share a run."""
    payroll = stand.sandbox.systems[PAYROLL]
    values = {
        "base_url": "https://service5.ultipro.com",
        "currency": "HTC01=USD",
        **{name: payroll["credentials"][name] for name in ("username", "password", "customer_api_key")},
    }
    with given(values) as options:
        answer = stand.ask("connections", "add", SOURCE, "--connector", PAYROLL, *options, code=2)

    text = (
        "payroll is a ukg_pro sandbox and cannot become a ukg_pro system. Store the other one under"
        " another name."
    )
    assert [("connection.kind", text)] == [
        (problem["code"], problem["text"]) for problem in answer["problems"]
    ]
    assert [True] == [
        line["sandbox"] for line in stand.ask("connections", "list")["connections"] if line["name"] == SOURCE
    ]


def test_a_mapping_goes_in_and_comes_out_the_same(stand: Stand, tmp_path: Path) -> None:
    """The table that is exported is imported as the same rules, one version on; a spreadsheet calculates
    none of its cells, and JSON has them as they are stored.
    """
    exported = stand.ask("mappings", "export", "payroll")["rules"]
    table = tmp_path / "rules.csv"
    table.write_text(stand.command("mappings", "export", "payroll").stdout)

    again = stand.ask("mappings", "import", "copy", str(table))
    first = stand.ask("mappings", "suggest", "--from", SOURCE, "--pay-run", stand.runs[-1])

    assert (1, len(MAPPING.read_text().splitlines()) - 1) == (again["version"], again["rules"])
    assert exported == stand.ask("mappings", "export", "copy")["rules"]
    assert table.read_text() == stand.command("mappings", "export", "copy").stdout
    assert ("=org_level_1" in exported, ",=" in table.read_text()) == (True, False)
    assert {"2210", "2220", "2230", "2290", "5100", "5110", "5200"} == {
        row["account"] for row in first["unmapped"]
    }
    assert (
        []
        == stand.ask("mappings", "suggest", "payroll", "--from", SOURCE, "--pay-run", stand.runs[-1])[
            "unmapped"
        ]
    )


def test_a_mapping_is_compared_with_the_chart_of_accounts(stand: Stand, tmp_path: Path) -> None:
    """An account that the ledger lacks, or blocks, is named before any pay run is read."""
    assert {"ok": True, "problems": []} == stand.ask(
        "mappings", "check", "payroll", "--from", SOURCE, "--to", TARGET
    )
    table = tmp_path / "rules.csv"
    table.write_text(MAPPING.read_text().replace(",4000,", ",4099,").replace(",4010,", ",9999,"))
    stand.ask("mappings", "import", "off", str(table))

    answer = stand.ask("mappings", "check", "off", "--from", SOURCE, "--to", TARGET, code=3)

    assert ["account.blocked", "account.unknown"] == [problem["code"] for problem in answer["problems"]]


# --- a pay run ----------------------------------------------------------------------------------------------


def test_a_dry_run_posts_nothing(stand: Stand, run: str) -> None:
    """It goes as far as the proposal and says so."""
    answer = stand.post(run, "--dry-run")

    assert ("done", True) == (answer["state"], answer["summary"].startswith("Dry run: 1 entry, "))
    stand.assert_booked()


def test_a_pay_run_is_proposed_approved_posted_and_tied_out(stand: Stand, run: str) -> None:
    """The exit code says where it stands; the tie-out agrees in every row; the judge finds it once."""
    proposed = stand.post(run, code=4)
    stand.assert_booked()
    assert ("awaiting_approval", ["proposed"]) == (
        proposed["state"],
        [entry["state"] for entry in proposed["entries"]],
    )

    other = stand.ask("runs", "approve", proposed["run"], "--fingerprint", "0000", code=7)
    assert "does not match the entries that are proposed now" in other["error"]
    stand.assert_booked()

    posted = stand.approve(proposed["run"])
    stand.assert_booked(run)
    assert ("done", ["confirmed"]) == (posted["state"], [entry["state"] for entry in posted["entries"]])
    assert (
        posted == stand.ask("runs", "show", proposed["run"]) == stand.ask("runs", "follow", proposed["run"])
    )

    tied = stand.ask("tie-out", proposed["run"])
    assert {"gross", "deductions", "employee_taxes", "net", "employer_cost", "debit", "credit"} == {
        row["what"] for row in tied["rows"]
    }
    assert (True, {"0.00"}) == (tied["ok"], {row["difference"] for row in tied["rows"]})
    assert [None] == [row["register"] for row in tied["rows"] if row["what"] == "employer_cost"]

    listed = stand.ask("runs", "list")["runs"]
    assert [("done", True)] == [
        (row["state"], row["sandbox"]) for row in listed if row["id"] == proposed["run"]
    ]
    assert "SANDBOX" in next(
        line for line in stand.command("runs", "list").stdout.splitlines() if proposed["run"] in line
    )
    behind = stand.ask("runs", "explain", proposed["run"], "1")["behind"]
    assert behind[0].startswith("rule '")
    assert len(behind) > 1

    again = stand.approve(proposed["run"], code=7)
    assert "there is nothing to approve" in again["error"]


def test_the_same_pay_run_asked_for_twice_is_booked_once(stand: Stand, run: str) -> None:
    """A second run of the same reference says what it is booked as, and asks nobody for anything."""
    stand.approve(stand.post(run, code=4)["run"])
    number = stand.documents()[-1]["number"]

    second = stand.post(run)

    assert ("done", f"Already booked as {number} in 1204; nothing to do.") == (
        second["state"],
        second["summary"],
    )
    stand.assert_booked(run)


def test_commands_say_something_to_a_person_and_keep_quiet_in_a_pipe(stand: Stand, run: str) -> None:
    """Without `--json` a person reads what happened and what to type next; no progress and no colours in a
    pipe.
    """
    proposed = stand.command("run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", run)
    identity = proposed.stdout.split(":")[0]
    blind = stand.command("runs", "approve", identity)
    stand.assert_booked()
    approved = stand.command("runs", "approve", identity, *stand.product.consent(identity))
    stand.assert_booked(run)

    assert 2 == blind.code, "nobody consents in a pipe to what was not shown"

    assert (4, "", 0, "") == (proposed.code, proposed.stderr, approved.code, approved.stderr)
    assert f"then ml-connector runs approve {identity}" in proposed.stdout
    assert "\x1b" not in proposed.stdout + approved.stdout
    assert "read back and tied out" in approved.stdout


def test_several_runs_of_one_command_are_one_object(stand: Stand, run: str) -> None:
    """A script reads one object, however many pay runs the command carried out."""
    other = stand.runs.pop(0)

    answer = stand.post(run, "--pay-run", other, code=4)

    assert (False, [run, other]) == (answer["ok"], [row["pay_run"] for row in answer["runs"]])
    for row in answer["runs"]:
        stand.approve(row["run"])
    stand.assert_booked(run, other)


def test_what_is_paused_waits_and_goes_on(stand: Stand, run: str) -> None:
    """Nothing is posted while the ledger is paused, and nothing is forgotten."""
    stand.ask("pause", f"connection:{TARGET}")
    started = stand.post(run, "--detach")["runs"][0]
    waiting = stand.ask("runs", "show", started)
    assert waiting["state"] in ("ready", "running", "waiting")
    stand.assert_booked()

    assert {"ok": True, "was_paused": True} == stand.ask("unpause", f"connection:{TARGET}")
    stand.ask("runs", "follow", started, code=4)
    stand.approve(started)
    stand.assert_booked(run)


def test_a_replay_is_dry_and_changes_nothing(stand: Stand, run: str) -> None:
    """A new run from the recorded inputs: everything is booked already, so there is nothing to post."""
    first = stand.approve(stand.post(run, code=4)["run"])
    replayed = stand.ask("runs", "replay", first["run"])

    assert (False, "done") == (replayed["run"] == first["run"], replayed["state"])
    assert "Already booked as" in replayed["summary"]
    stand.assert_booked(run)


def test_a_document_that_is_named_by_mistake_is_taken_back(stand: Stand, run: str) -> None:
    """What was another pay all along counts for nothing again: the pay is proposed whole."""
    other = stand.runs.pop(0)
    stand.approve(stand.post(other, code=4)["run"])
    copy = stand.at_ledger("double", id=stand.documents()[-1]["id"])
    proposed = stand.post(run, code=4)
    name = ["mark-booked-elsewhere", proposed["run"], "--document", str(stand.documents()[-1]["number"])]

    named = stand.ask("runs", *name, "--why", "by hand", code=4)
    back = stand.ask("runs", *name, "--undo", "--why", "it is last month's", code=4)
    twice = stand.ask("runs", *name, "--undo", "--why", "it is last month's", code=7)

    assert "booked elsewhere" in named["summary"]
    assert (proposed["summary"].count("Proposed"), False) == (1, "booked elsewhere" in back["summary"])
    assert proposed["fingerprint"] == back["fingerprint"] != named["fingerprint"]
    assert "counts as booked elsewhere for a pay of run" in twice["error"]
    stand.at_ledger("delete", id=copy["id"])
    stand.approve(proposed["run"])
    stand.assert_booked(other, run)


# --- reversing and running again ----------------------------------------------------------------------------


def test_a_reversal_is_a_mirror_entry_that_is_approved_like_any_other(stand: Stand, run: str) -> None:
    """The posted entry stays; another cancels it to the cent, names it, and waits for consent first."""
    posted = stand.approve(stand.post(run, code=4)["run"])
    before = stand.documents()
    stand.assert_booked(run)

    proposed = stand.ask("runs", "reverse", posted["run"], code=4)
    assert len(before) == len(stand.documents())
    stand.approve(proposed["run"])

    original, mirror = before[-1], stand.documents()[-1]
    assert len(before) + 1 == len(stand.documents())
    assert {} == sums([original, mirror])
    assert sums([original])
    assert str(original["number"]) in json.dumps(mirror)
    again = stand.ask("runs", "reverse", posted["run"], code=7)
    assert f"already reversed by run {proposed['run']}" in again["error"]
    for document in (mirror, original):
        stand.at_ledger("delete", id=document["id"])
    stand.booked.remove(run)


def test_a_payroll_run_again_is_a_difference_and_never_a_second_journal(stand: Stand, run: str) -> None:
    """The same company and period come back under a new run id with one worker corrected: only the difference
    is proposed.
    """
    stand.approve(stand.post(run, code=4)["run"])
    stand.assert_booked(run)
    first = stand.documents()[-1]

    new = stand.at_payroll("rerun", run_id=run, changes={"W00001": "100.00"})["run_id"]
    difference = stand.post(new, code=4)
    stand.approve(difference["run"])

    second = stand.documents()[-1]
    assert first["id"] != second["id"]
    assert 0 < len(second["lines"]) < len(first["lines"])
    assert ("100.00", "4000") == (
        str(sum(amount for (account, _), amount in sums([second]).items() if account == "4000")),
        "4000",
    )
    stand.booked.remove(run)
    stand.assert_booked(new)


def test_a_payroll_run_again_unchanged_has_nothing_to_post(stand: Stand, run: str) -> None:
    """A new run id with the same amounts: the ledger already holds this pay."""
    stand.approve(stand.post(run, code=4)["run"])
    new = stand.at_payroll("rerun", run_id=run, changes={})["run_id"]

    assert stand.post(new)["summary"].startswith("Already booked as ")
    stand.assert_booked(new)


# --- the books of the installation --------------------------------------------------------------------------


def test_the_chain_is_exported_and_verified_by_others(stand: Stand, tmp_path: Path) -> None:
    """Every act is in the chain, our own verification and the auditor's agree, and no secret is in it."""
    file = tmp_path / "audit.jsonl"
    assert 0 == stand.command("audit", "export", str(file)).code
    answer = stand.ask("audit", "verify")
    theirs = subprocess.run(
        [sys.executable, "-I", str(TOOLS / "verify_audit.py"), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    text = file.read_text()
    assert (True, 0) == (answer["ok"], theirs.returncode)
    assert answer["entries"] >= answer["signed_to"] > 0
    assert {"mappings", "connections", "flows", "approvals", "entries", "source blocks"} <= {
        *answer["compared"]
    }
    assert theirs.stdout.startswith("Each entry follows the one before it, up to the head.\n")
    assert len(text.splitlines()) - 1 <= answer["entries"]
    for action in (
        "connection.stored",
        "connection.authorized",
        "mapping.imported",
        "flow.stored",
        "run.started",
        "run.approved",
        "commit.booked",
    ):
        assert f'"{action}"' in text or f'\\"{action}\\"' in text
    for system in stand.sandbox.systems.values():
        for name, secret in system["credentials"].items():
            assert name in ("redirect_uri", "username") or str(secret) not in text or len(str(secret)) < 4


def test_keys_are_changed_under_everything(stand: Stand, run: str) -> None:
    """After a rotation the old key is gone, and everything still works."""
    before = (stand.product.home / "keys").read_text()
    assert stand.ask("keys", "rotate")["secrets"] >= 5

    assert set(before.splitlines()).isdisjoint((stand.product.home / "keys").read_text().splitlines())
    stand.approve(stand.post(run, code=4)["run"])
    stand.assert_booked(run)


def test_a_backup_is_restored_into_an_empty_folder(stand: Stand, tmp_path: Path) -> None:
    """Database and keys, kept apart, make the installation again; it only proposes until a person says
    otherwise.
    """
    file, keys = tmp_path / "backup.tar.gz", tmp_path / "keys"
    stand.ask("backup", str(file), "--keys-to", str(keys))
    home = tmp_path / "home"
    home.mkdir()
    (home / "keys").write_bytes(keys.read_bytes())
    (home / "audit.key").write_bytes(keys.with_name("keys.audit").read_bytes())
    other = Installation(home)

    restored = other.run("restore", str(file), "--json")

    assert (True, {"propose"}) == (
        restored["ok"],
        {flow["mode"] for flow in other.run("flows", "list", "--json")["flows"]},
    )
    assert stand.ask("runs", "list")["runs"] == other.run("runs", "list", "--json")["runs"]
    assert all(right["granted"] for right in other.run("connections", "test", TARGET, "--json")["rights"])
    verified, ours = other.run("audit", "verify", "--json"), stand.ask("audit", "verify")
    assert (True, ours["public_key"], []) == (
        verified["ok"],
        verified["public_key"],
        verified["written_without_key"],
    )
    refused = stand.ask("restore", str(file), code=7)
    assert "A worker is running on this installation. Stop it first." == refused["error"]


def test_quotas_of_the_sandbox_are_settings(stand: Stand) -> None:
    """What the stand tells the connections is what the product's own settings are called."""
    known = stand.ask("connections", "settings")
    for name in UNLIMITED:
        slug, _, setting = name.partition(".")
        assert setting in known[slug]["settings"]
