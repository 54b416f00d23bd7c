"""Tables of expense reports in a folder: each stored whole and once, or refused with every problem."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.intake_world import PDF, Office
from tests.e2e.intake_world import TABLE as EXAMPLE
from tests.tables import Tables

KEEP = Path.rename


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The folder of an organisation whose files are unchanged for long enough as soon as they are looked at
    twice.
    """
    tables = Tables()
    tables.use()
    from ml_connector.app.assemble import Assembly
    from ml_connector.app.settings import Settings
    from ml_connector.web import intake_folder

    monkeypatch.setattr(intake_folder, "SETTLE_SECONDS", 0.0)
    (tmp_path / "in").mkdir()
    assembly = Assembly(Settings(home=tmp_path, database_url="sqlite:///:memory:"))
    yield intake_folder.Folder(assembly, "default", tmp_path / "in")
    tables.use()


def put(folder: Any, name: str, text: str | bytes = EXAMPLE, *receipts: str) -> None:
    for receipt in receipts or ("hotel.pdf", "taxi.pdf"):
        (folder.path / receipt).write_bytes(PDF + receipt.encode() + b"%%EOF")
    (folder.path / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def look(folder: Any) -> list[Any]:
    return [*folder.read()]


def rows() -> list[tuple[str, int, int]]:
    from ml_connector.store.models import IntakeReport

    found = IntakeReport.objects.order_by("number").prefetch_related("intakefile_set")
    return [(row.reference, row.revision, row.intakefile_set.count()) for row in found]


def there(folder: Any) -> list[str]:
    return sorted(
        path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file()
    )


def test_the_table_of_the_how_to_is_what_a_program_would_send(folder: Any) -> None:
    """To the cent, with both receipts, and in the audit log; table and receipts move away."""
    put(folder, "reports.csv")
    (read,) = look(folder)

    from ml_connector.domain import codec
    from ml_connector.store.models import AuditEntry, IntakeReport

    report = codec.decode(IntakeReport.objects.get().content)
    assert (1, 1, ()) == (read.reports, read.stored, read.problems)
    assert ("rep-81", 24570, 2100, 21300) == (
        report.report,
        report.gross.minor,
        report.vat.minor,
        report.reimbursable.minor,
    )
    assert [12100, 3270, 9200] == [line.gross.minor for line in report.lines]
    assert ["hotel.pdf", "taxi.pdf"] == [file.name for file in report.lines[0].files]
    assert ["done/hotel.pdf", "done/reports.csv", "done/taxi.pdf"] == there(folder)
    assert '"folder"' in AuditEntry.objects.order_by("-number")[0].text


@pytest.mark.parametrize(
    "data",
    [
        EXAMPLE.encode("utf-8-sig"),
        EXAMPLE.replace("Vries", "Vriès").encode("cp1252"),
        EXAMPLE.replace(";", "\t").encode(),
        EXAMPLE.replace(",", ".").replace(";", ",").encode(),
        EXAMPLE.replace("cost_center", "Cost center").encode(),
    ],
    ids=["byte order mark", "Windows-1252", "tabs", "commas", "another spelling of a title"],
)
def test_a_spreadsheet_may_write_it_in_several_ways(folder: Any, data: bytes) -> None:
    put(folder, "reports.csv", data)

    assert [((), 1)] == [(read.problems, read.stored) for read in look(folder)]
    assert [("rep-81", 1, 2)] == rows()


def test_the_same_table_twice_stores_nothing_twice(folder: Any) -> None:
    """Under its name, another one, and with another separator; nothing that was moved is overwritten."""
    for name, text in (
        ("a.csv", EXAMPLE),
        ("a.csv", EXAMPLE),
        ("b.csv", EXAMPLE.replace(",", ".").replace(";", ",")),
    ):
        put(folder, name, text)
        assert [()] == [read.problems for read in look(folder)]

    assert [("rep-81", 1, 2)] == rows()
    assert {"done/a.csv", "done/a-2.csv", "done/b.csv", "done/hotel-3.pdf"} <= set(there(folder))


def test_other_content_of_a_revision_is_refused_and_the_next_revision_is_new(folder: Any) -> None:
    """With nothing of the table stored, also what is new in it."""
    put(folder, "a.csv")
    look(folder)
    other = EXAMPLE.replace("x1;2026-01-14", "x1;2026-01-13")
    new = EXAMPLE.replace("rep-81", "rep-82").partition("\n")[2]
    put(folder, "b.csv", other.rstrip() + "\n" + new)
    (refused,) = look(folder)
    titled = other.replace("report;", "revision;report;", 1)
    put(folder, "c.csv", re.sub("^rep-81", "2;rep-81", titled, flags=re.MULTILINE))
    (taken,) = look(folder)

    assert [("intake.report_exists", "line 2")] == [(one.code, one.where) for one in refused.problems]
    assert () == taken.problems
    assert [("rep-81", 1, 2), ("rep-81", 2, 2)] == rows()


BAD = [
    ("an unknown title", ("account;", "acount;"), "table.column_unknown", "Did you mean account?"),
    ("a title twice", ("cost_center;", "account;"), "table.title_twice", "used twice"),
    ("no row", (EXAMPLE.partition("\n")[2], ""), "table.empty", "titles and no row"),
    ("a number of two meanings", ("121,00", "1.234"), "intake.row", "Line 2: gross is '1.234'"),
    ("no number", ("32,70;;", "32 70;;"), "intake.row", "Line 3: gross is '32 70'"),
    ("a lost row", ("245,70", "300,00"), "expense.totals", "its head says 300.00 EUR"),
    (
        "heads that differ",
        (
            "rep-81;ER-2026-0081;emp-19;J. de Vries;EUR;2026-02-03;245,70;x2",
            "rep-81;ER-2026-0081;emp-20;J. de Vries;EUR;2026-02-03;245,70;x2",
        ),
        "intake.row",
        "Line 3: employee is 'emp-20'",
    ),
    (
        "a receipt that is not there",
        ("taxi.pdf", "taxj.pdf"),
        "intake.file_missing",
        "There is no file 'taxj.pdf'",
    ),
    (
        "a path in a name",
        ("taxi.pdf", "../taxi.pdf"),
        "intake.file_name",
        "Line 2: '../taxi.pdf' is no file name",
    ),
    ("an unknown way to pay", ("company card", "my card"), "intake.shape", "Line 3: "),
    ("a day that is none", ("x3;2026-01-15", "x3;15-01-2026"), "intake.shape", "Line 4: "),
    ("a revision that is none", ("report;", "revision;report;"), "intake.row", "revision is"),
]


@pytest.mark.parametrize(("change", "code", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_table_with_a_fault_is_refused_whole(
    folder: Any, change: tuple[str, str], code: str, words: str
) -> None:
    """Nothing is stored; the table moves away with a text beside it, and receipts stay for the next try."""
    text = EXAMPLE.replace(*change)
    good = EXAMPLE.replace("rep-81", "rep-90").partition("\n")[2] if "report;" not in change[0] else ""
    put(folder, "bad.csv", text if code.startswith("table") or not good else good_first(text, good))
    (read,) = look(folder)
    (folder.path / "bad.csv").write_text(EXAMPLE)
    (again,) = look(folder)

    found = (folder.path / "refused" / "bad.csv.txt").read_text()
    assert code in {one.code for one in read.problems}, read.problems
    assert all(f"[{one.code}]" in found for one in read.problems)
    assert words in found
    assert found.startswith("bad.csv: ")
    assert () == again.problems
    assert [("rep-81", 1, 2)] == rows()


def good_first(text: str, good: str) -> str:
    """The table, with a report behind it that has no fault."""
    return text.rstrip("\n") + "\n" + good


def test_a_table_that_is_being_written_is_left(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it, and each receipt, is as it was for a while; hidden and partial names are never read, nor what
    is no plain file.
    """
    from ml_connector.web import intake_folder

    monkeypatch.setattr(intake_folder, "SETTLE_SECONDS", 0.05)
    put(folder, "a.csv", EXAMPLE[:700])
    put(folder, "b.csv.part")
    put(folder, ".c.csv")
    os.mkfifo(folder.path / "d.csv")
    (folder.path / "e.csv").symlink_to(folder.path / "b.csv.part")
    assert [] == look(folder)
    time.sleep(0.1)
    put(folder, "a.csv")
    assert [] == look(folder)
    time.sleep(0.1)
    (folder.path / "taxi.pdf").write_bytes(PDF + b"more %%EOF")
    assert [] == look(folder)
    time.sleep(0.1)

    assert [("a.csv", ())] == [(read.name, read.problems) for read in look(folder)]
    assert {"b.csv.part", ".c.csv"} <= set(there(folder))


def test_a_receipt_that_is_a_link_is_none(folder: Any, tmp_path: Path) -> None:
    """Nobody reads a file of this machine into a report."""
    put(folder, "a.csv")
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (folder.path / "taxi.pdf").unlink()
    (folder.path / "taxi.pdf").symlink_to(tmp_path / "secret.pdf")
    (read,) = look(folder)

    assert ["intake.file_missing"] == [one.code for one in read.problems]
    assert [] == rows()


def test_a_process_that_dies_before_a_table_moves_stores_nothing_twice(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is stored and cannot be moved: it is read again, says so once, and is stored once."""
    put(folder, "a.csv")

    def fails(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fails)
    first, second = look(folder), look(folder)
    monkeypatch.setattr(Path, "rename", KEEP)
    third = look(folder)

    assert ["No space left on device"] == [read.left for read in first]
    assert ([], [(0, "")]) == (second, [(read.stored, read.left) for read in third])
    assert [("rep-81", 1, 2)] == rows()


def test_serve_reads_the_folder_of_each_organisation(tmp_path: Path) -> None:
    """Each for its own; a folder of nobody harms none. The command reads one, and ends with 1 where it
    refuses.
    """
    office = Office(tmp_path / "home")
    for name in ("default", "other", "nobody"):
        (tmp_path / "in" / name).mkdir(parents=True)
    for name in ("default", "other", "nobody"):
        for receipt in ("hotel.pdf", "taxi.pdf"):
            (tmp_path / "in" / name / receipt).write_bytes(PDF)
        (tmp_path / "in" / name / "a.csv").write_text(EXAMPLE)
    from stage import Product

    process = Product(office.product.home).start("serve", "--intake-folder", str(tmp_path / "in"), "--json")
    found: dict[str, Any] = {}
    assert process.stdout is not None
    try:
        while len(found) < 2:
            line = json.loads(process.stdout.readline())
            if read := line.get("intake_file"):
                found[read["organisation"]] = read["stored"]
    finally:
        process.terminate()
        process.communicate(timeout=30)
    (tmp_path / "in" / "default" / "b.csv").write_text(EXAMPLE.replace("121,00", "121,01"))
    refused = office.product.command("intake", "read", str(tmp_path / "in" / "default"), "--json")
    nowhere = office.product.command("intake", "read", str(tmp_path / "nowhere"))

    assert {"default": 1, "other": 1} == found
    assert (1, False) == (refused.code, refused.json["ok"])
    assert "intake.file_missing" in {one["code"] for one in refused.json["files"][0]["problems"]}
    assert 2 == nowhere.code
    with closing(sqlite3.connect(office.product.home / "product.sqlite3")) as tables:
        counts = tables.execute("SELECT count(DISTINCT organisation_id), count(*) FROM store_intakereport")
        assert (2, 2) == counts.fetchone()
