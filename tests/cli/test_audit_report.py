"""`audit verify` sees what somebody changed in the database behind the product's back, and says no more than
it looked at.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.stand import Installation, installation, simulators

from ml_connector.domain import codec
from ml_connector.domain.payroll import GroupKeys
from ml_connector.runs.audit import GENESIS, chain_hash
from ml_connector.store.lines import columns_text, packed, read, read_head, unpacked


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The home of an installation that has booked a pay run with consent."""
    home = tmp_path_factory.mktemp("booked")
    with simulators(2) as sandbox, installation(sandbox, mode="approve") as stand:
        stand.approve(stand.post(stand.runs[0], code=4)["run"])
        shutil.copytree(stand.product.home, home, dirs_exist_ok=True)
    return home


@pytest.fixture
def product(booked: Path, tmp_path: Path) -> Installation:
    """A copy of it."""
    home = tmp_path / "home"
    shutil.copytree(booked, home)
    return Installation(home)


def change(product: Installation, *statements: str) -> None:
    """Somebody with the database in hand."""
    connection = sqlite3.connect(product.home / "product.sqlite3")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.create_function("with_kinds", 3, _with_kinds)
    connection.create_function("with_last", 2, _with_last)
    for statement in statements:
        connection.executescript(statement)
    connection.commit()
    connection.close()


def _with_kinds(kinds: bytes, old: str, new: str) -> bytes:
    """Packed kinds, in the first of which that has it one text stands for another."""
    return packed(unpacked(kinds).replace(old.encode(), new.encode(), 1))


def _with_last(columns: bytes, times: int) -> bytes:
    """Packed columns with the last line that often."""
    lines = read(GroupKeys([("", "", "", (), None, "", True)] * 1_000_000), unpacked(columns))
    for column in (lines.numbers, lines.minors, lines.origins):
        last = column.pop()
        column.extend([last] * times)
    return packed(columns_text(lines, read_head(unpacked(columns)).known))


def test_an_untouched_installation_is_signed_and_compared(product: Installation) -> None:
    """Everything that can be looked at was, and what cannot be is said."""
    found = product.run("audit", "verify", "--json")
    shown = product.command("audit", "verify").stdout

    assert (True, [], []) == (found["ok"], found["faults"], found["written_without_key"])
    assert 0 < found["signed_to"] <= found["entries"]
    kinds = {
        "mappings",
        "connections",
        "flows",
        "approvals",
        "entries",
        "source blocks",
        "runs' source lines",
    }
    assert kinds <= {kind for kind, count in found["compared"].items() if count}
    assert f"{found['entries']} entries, no change or gap found." in shown
    assert "are found only by comparing with an earlier export (--from)" in shown
    assert all(len(line) <= 110 for line in shown.splitlines())


TOUCHED = {
    "a mapping": (
        "UPDATE store_mappingversion SET content = replace(content, '4000', '4001')",
        "Mapping payroll version 1 is not what was imported",
    ),
    "a connection": (
        "UPDATE store_connection SET settings = replace(settings, '1204', '1205') WHERE name = 'ledger'",
        "Connection ledger is not as it was stored",
    ),
    "a flow's option": (
        "UPDATE store_flow SET options = replace(options, '95', '90')",
        "Flow payroll → ledger is not as it was stored",
    ),
    "a flow's mode": (
        "UPDATE store_flow SET mode = 'automatic'",
        "Flow payroll → ledger is not as it was stored",
    ),
    "who approved": ("UPDATE store_approval SET actor = 'somebody'", "is in no entry of the audit log"),
    "what was approved": (
        "UPDATE store_artifact SET text = replace(text, '4000', '4001') WHERE name LIKE '%/proposal'",
        "says was approved",
    ),
    "an approval removed": ("DELETE FROM store_approval", "is gone, or was changed"),
    "a journal entry": (
        "UPDATE store_commit SET content = replace(content, '4000', '4001')",
        "is not what was booked",
    ),
    "source blocks": (
        "UPDATE store_stagedblock SET sha256 = replace(sha256, 'a', 'b')",
        "The source blocks of",
    ),
    "a source line": (
        "UPDATE store_stagedblock SET kinds = with_kinds(kinds, 'BOSIT', 'NYCIT')",
        "are not those that were read, in block ",
    ),
    "a source line removed": (
        "UPDATE store_stagedblock SET columns = with_last(columns, 0) WHERE id = (SELECT max(id) FROM"
        " store_stagedblock)",
        "are not those that were read, in block ",
    ),
    "a source line added": (
        "UPDATE store_stagedblock SET columns = with_last(columns, 2) WHERE id = (SELECT max(id) FROM"
        " store_stagedblock)",
        "are not those that were read, in block ",
    ),
    "source lines that cannot be read": (
        "UPDATE store_stagedblock SET columns = substr(columns, 9) WHERE id = (SELECT max(id) FROM"
        " store_stagedblock)",
        "are not those that were read, in block ",
    ),
    "a source line with its hash": (
        "UPDATE store_stagedblock SET kinds = with_kinds(kinds, '5', '6'), lines_sha256 ="
        " replace(lines_sha256, 'a', 'b')",
        "are not those that were read",
    ),
}


COMMIT = (
    "organisation_id, connection_id, marked_by, fingerprint, tenant, entity, content, receipt, booked,"
    " source_reference, calculated_at, reversed_by, adopted, detail, created_at, run_id, state"
)
OTHER = (
    "INSERT INTO store_connection (organisation_id, name, connector, settings, sandbox, created_at) SELECT"
    " organisation_id, 'other', connector, settings, sandbox, created_at FROM store_connection WHERE"
    " name = 'ledger'"
)
TOUCHED |= {
    "that an entry was deleted": (
        "UPDATE store_commit SET reversed_by = 'deleted in the ledger'",
        "is noted as taken back by deleted in the ledger; in the audit log, by nothing",
    ),
    "that an entry was reversed": (
        "UPDATE store_commit SET reversed_by = 'reversal:' || key",
        "; in the audit log, by nothing",
    ),
    "that a later revision took the place of an entry": (
        f"INSERT INTO store_commit ({COMMIT}, key, reference) SELECT {COMMIT.replace('state', '')}'planned',"
        " substr(key, 1, length(key) - 1) || '2', '' FROM store_commit; UPDATE store_commit SET reversed_by"
        " = (SELECT max(key) FROM store_commit) WHERE id = 1",
        "; in the audit log, by nothing",
    ),
    "that an entry was refused": (
        "UPDATE store_commit SET state = 'refused'",
        "is refused, though the audit log says that it was booked (entry 10)",
    ),
    "the state of an entry": (
        "UPDATE store_commit SET state = 'cancelled'",
        "is cancelled, though the audit log says that it was booked",
    ),
    "an entry that nobody booked": (
        f"INSERT INTO store_commit ({COMMIT}, key, reference) SELECT {COMMIT}, key || '9', reference FROM"
        " store_commit",
        "is confirmed, and no entry of the audit log says that it was booked",
    ),
    "an entry that is gone": ("UPDATE store_commit SET key = key || '9'", "is gone (entry "),
    "the receipt of an entry": (
        "UPDATE store_commit SET receipt = replace(receipt, 'https', 'http'), booked = booked || ' '",
        "is not as it was confirmed",
    ),
    "the document of an entry": (
        "UPDATE store_commit SET reference = reference || 'x'",
        "names another document than its receipt does",
    ),
    "what was read back": (
        "UPDATE store_commit SET booked = replace(booked, '4000', '4001')",
        "is not as it was confirmed",
    ),
    "the books of an entry": ("UPDATE store_commit SET tenant = 'x'", "is not as it was confirmed"),
    "the company of an entry": ("UPDATE store_commit SET entity = '9999'", "is not as it was confirmed"),
    "the run of an entry": ("UPDATE store_commit SET run_id = NULL", "is not as it was confirmed"),
    "the ledger of an entry": (
        "UPDATE store_commit SET connection_id = (SELECT id FROM store_connection WHERE name = 'payroll')",
        "is not as it was confirmed",
    ),
    "what an entry pays for": ("DELETE FROM store_commitsubject", "is not as it was confirmed"),
    "an approval void": (
        "UPDATE store_approval SET voided_at = '2026-01-01 00:00:00'",
        "is void, and nothing in the audit log made it so",
    ),
    "who approved by name": (
        "UPDATE store_approval SET person = 'somebody'",
        "was given by somebody, and by another person in the audit log",
    ),
    "half an approval": ("UPDATE store_approval SET complete = 0", "is complete in one and not in the other"),
    "a mapping added": (
        "INSERT INTO store_mappingversion (organisation_id, name, version, content, fingerprint, created_at,"
        " created_by) SELECT organisation_id, name, 2, replace(content, '4000', '4010'), fingerprint,"
        " created_at, created_by FROM store_mappingversion",
        "Mapping payroll version 2 is in no entry of the audit log: nobody imported it",
    ),
    "the hash of a mapping": (
        "UPDATE store_mappingversion SET fingerprint = 'x'",
        "Mapping payroll version 1 is not what was imported",
    ),
    "a flow to another ledger": (
        f"{OTHER}; UPDATE store_flow SET target_id = (SELECT id FROM store_connection WHERE name = 'other')",
        "Flow payroll → other is in no entry of the audit log",
    ),
    "a connection added": (OTHER, "Connection other is in no entry of the audit log"),
    "a flow removed": ("DELETE FROM store_flow", "Flow payroll → ledger is not as it was stored (entry 5)"),
    "the journals a flow had": (
        'UPDATE store_flow SET journals_before = \'{"1204": ["90"]}\'',
        "Flow payroll → ledger is not as it was stored",
    ),
    "how many source blocks there are": (
        "UPDATE store_stagedblock SET total = total + 1",
        "The source blocks of",
    ),
    "the problems of a source block": ("UPDATE store_stagedblock SET problems = 'x'", "The source blocks of"),
}


@pytest.mark.parametrize("what", TOUCHED)
def test_a_record_that_somebody_changed_is_named(product: Installation, what: str) -> None:
    """The chain itself is as it was."""
    statement, words = TOUCHED[what]
    change(product, statement)

    found = product.run("audit", "verify", "--json", expect=(1,))

    assert words in " ".join(found["faults"])


def made_anew(product: Installation) -> None:
    """An entry is edited, and every hash behind it and the head made anew, as the arithmetic asks."""
    connection = sqlite3.connect(product.home / "product.sqlite3")
    before = GENESIS
    rows = connection.execute("SELECT id, text FROM store_auditentry ORDER BY number").fetchall()
    for row, text in rows:
        text = text.replace("run.approved", "run.improved")
        before = chain_hash(before, text)
        connection.execute("UPDATE store_auditentry SET text = ?, hash = ? WHERE id = ?", (text, before, row))
    connection.execute("UPDATE store_audithead SET hash = ?", (before,))
    connection.commit()
    connection.close()


FORGED: dict[str, tuple[Callable[[Installation], None], str]] = {
    "a chain made anew": (made_anew, "is of another entry than the chain holds"),
    "a chain made anew, its seals removed": (
        lambda product: (made_anew(product), change(product, "DELETE FROM store_auditseal"))[1],
        "No entry is sealed, though this installation has the key of an audit log",
    ),
    "signed by another key": (
        lambda product: change(product, "UPDATE store_auditseal SET signature = 'AAAA'"),
        "is not signed by the key it names",
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_chain_that_is_sound_in_itself_and_not_ours_is_seen(product: Installation, how: str) -> None:
    forge, words = FORGED[how]
    forge(product)

    found = product.run("audit", "verify", "--json", expect=(1,))

    assert words in " ".join(found["faults"])


def test_what_was_cut_off_with_its_seals_shows_against_an_earlier_export(
    product: Installation, tmp_path: Path
) -> None:
    """Nothing in the installation itself can show it, and the verdict says so."""
    export = tmp_path / "export.jsonl"
    product.run("audit", "export", str(export))
    head = json.loads(export.read_text().splitlines()[-1])["head"]
    last = head["number"] - 2
    change(
        product,
        f"DELETE FROM store_auditentry WHERE number > {last}",
        f"DELETE FROM store_auditseal WHERE number > {last}",
        f"UPDATE store_audithead SET number = {last}, hash ="
        f" (SELECT hash FROM store_auditentry WHERE number = {last})",
    )

    found = product.run("audit", "verify", "--from", str(export), "--json", expect=(1,))

    text = f"The earlier export ends at entry {head['number']}; this audit log ends before it."
    assert text in " ".join(found["faults"])


def test_what_is_written_without_the_key_is_said_and_sealed_at_the_next_start(product: Installation) -> None:
    """As after a restore on another machine, before the key is put back."""
    key = product.home / "audit.key"
    away = key.rename(key.with_name("kept apart"))
    product.run("pause", "everything", "--json")
    without = product.run("audit", "verify", "--json")
    assert not key.exists(), "another key would hide that the first one is gone"
    away.rename(key)
    found = product.run("audit", "verify", "--json")

    assert ("", [without["entries"]]) == (without["public_key"], without["written_without_key"])
    assert ("not looked at", None) == (without["signatures"], without["signed_to"])
    assert "checked" == found["signatures"]
    assert (True, [without["entries"]]) == (found["ok"], found["written_without_key"])
    assert found["signed_to"] == found["entries"] == without["entries"] + 1


def test_what_retention_removed_is_forgotten_and_not_changed(product: Installation) -> None:
    """Its hash stays in the chain; nothing can be compared with it any more."""
    change(
        product,
        "UPDATE store_artifact SET text = '', forgotten_at = '2036-01-01'",
        "DELETE FROM store_link",
        "DELETE FROM store_grouplink",
        "DELETE FROM store_stagedblock",
        "UPDATE store_run SET forgotten_at = '2036-01-01'",
    )

    found, shown = product.run("audit", "verify", "--json"), product.command("audit", "verify").stdout

    assert (True, {"proposals": 1, "source blocks": 1}) == (found["ok"], found["forgotten"])
    assert "Deleted after their retention period, hash kept: 1 proposals, 1 source blocks." in shown


def test_source_blocks_that_nobody_said_were_removed_are_missed(product: Installation) -> None:
    change(product, "DELETE FROM store_stagedblock")

    found = product.run("audit", "verify", "--json", expect=(1,))

    assert "The source blocks of run" in " ".join(found["faults"])


def test_the_chain_is_verified_without_the_keys_of_the_vault(product: Installation) -> None:
    """It needs no secret."""
    (product.home / "keys").unlink()

    assert True is product.run("audit", "verify", "--json")["ok"]


def test_old_and_new_values_of_settings_are_in_the_chain(product: Installation) -> None:
    """Of everything that is no secret."""
    product.run(
        *("flows", "set", "--from", "payroll", "--to", "ledger", "--mapping", "payroll"),
        *("--starts-on", "2015-01-01", "--option=journal=95", "--option=entities=HTC01=1204"),
        *("--option=closed_period=ask", "--json"),
    )
    lines = product.command("audit", "export").stdout.splitlines()
    entry: Any = codec.decode(json.loads(lines[-2])["text"])

    assert "(none) → ask" == entry["detail"]["option closed_period"]


def test_a_seal_is_checked_away_from_the_installation(product: Installation, tmp_path: Path) -> None:
    """With the library for it; without, the verifier says that it did not."""
    import subprocess
    import sys

    from tests.stand import TOOLS

    export = tmp_path / "export.jsonl"
    product.run("audit", "export", str(export))
    lines = export.read_text().splitlines()
    forged = tmp_path / "forged.jsonl"
    marked = [line.replace('"signature": "', '"signature": "AAAA', 1) for line in lines]
    forged.write_text("\n".join(marked))
    command = [sys.executable, str(TOOLS / "verify_audit.py")]

    sound, broken = (
        subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
        for file in (export, forged)
    )

    assert (0, 1) == (sound.returncode, broken.returncode)
    assert "Signatures checked: " in sound.stdout
    assert "is not signed by the key it names." in broken.stdout


def test_a_file_that_is_no_export_is_refused(product: Installation, tmp_path: Path) -> None:
    file = tmp_path / "no export"
    file.write_text("{}")

    assert (
        "is not an export of the audit log"
        in product.command("audit", "verify", "--from", str(file), "--json").json["error"]
    )
