"""What vendors and users wrote is shown, never obeyed; and an amount is never broken."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from tests.stand import Installation, installation, simulators

from ml_connector.cli.run_view import _changed
from ml_connector.cli.shown import PlainConsole, arranged, json_visible, visible, visible_field
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue

MARKUP = "mail [/2026-07] [bold]x[/] [link=https://evil.example]here[/link] :warning:"
CODES = "\x1b]0;evil\x07 \x1b[2J \x9b31m \x08\x08 \r \x00 \x7f"
ORDER = "\u202etxt.exe\u2066 \u200f \u061c \u2028 \ufeff \u200b \U000e0041"
TIE_OUT = ["company", "", "register", "GL run", "journal", "ledger", "difference"]
ROWS = [
    ["HTC01", "employee_taxes", "27,912,034.22", "27,912,034.22", "27,912,034.22", "", "0.00"],
    ["HTC01", "deductions", "-21,771,385.89", "-21,771,385.89", "-21,771,385.89", "", "0.00"],
    ["a company with a long name", "gross", "1", "1", "1", "1", "0"],
]
NUMBERS = frozenset(range(2, 7))


def printed(text: object, width: int = 80) -> str:
    """What a console of the width prints."""
    console = PlainConsole(width=width, file=StringIO(), soft_wrap=True, color_system=None)
    console.print(text)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_markup_is_text() -> None:
    """A reason that somebody typed, a message of a vendor: neither dies of it nor hides a word."""
    assert f"{MARKUP}\n" == printed(MARKUP, 200)


def test_markup_in_a_table_is_text() -> None:
    """In its title, its head and its cells."""
    said = printed(arranged(MARKUP, [MARKUP], [[MARKUP]], frozenset(), 200), 200)

    assert 3 == said.count(MARKUP)


@pytest.mark.parametrize("text", [CODES, ORDER])
def test_what_a_terminal_would_obey_is_written_out(text: str) -> None:
    """In a text, in a field, and in JSON, which reads back the same."""
    data = json_visible(json.dumps(text, ensure_ascii=False))
    for said in (printed(text, 400), visible(text), visible_field(text), data):
        assert [] == re.findall("[^\n -~]", said)
    assert text == json.loads(data)
    assert r"\x1b]0;evil\x07" in visible(CODES)
    assert r"\u202etxt.exe" in visible(ORDER)


@given(st.text())
def test_json_reads_back_the_same(text: str) -> None:
    """Whatever is in it, half of a pair included; it can always be written to a stream."""
    shown = json_visible(json.dumps({"x": text}, ensure_ascii=False))

    assert {"x": text} == json.loads(shown)
    assert shown.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Letters of every language, signs and money."""
    assert text == visible(text) == visible_field(text)


def test_a_row_that_is_left_alone_is_shown_as_it_is() -> None:
    """Nothing becomes of it; what is made, changed and blanked is told from it."""
    found = DimensionValue(entity="10", axis="cost_unit", code="HAND", title="By hand")
    named = replace(found, title="Reed")

    theirs = _changed(Change(key=found.key, act=Act.THEIRS, before=found))
    assert "Title By hand" in theirs
    assert "→" not in theirs
    assert "Title By hand → Reed" == _changed(Change(key="k", act=Act.CHANGE, before=found, after=named))
    assert "Title Reed" in _changed(Change(key="k", act=Act.CREATE, after=named))


def test_lines_stay_lines_in_a_text_and_not_in_a_field() -> None:
    """A line feed in a vendor's message would feign a line of ours."""
    assert "one\n\ttwo" == visible("one\n\ttwo")
    assert r"one\n\ttwo" == visible_field("one\n\ttwo")


def test_data_for_a_file_stays_as_it_is() -> None:
    """A mapping that is exported is imported again; on a terminal it is shown."""
    for terminal, expected in ((False, "a\x1b[2J,b\n"), (True, "a\\x1b[2J,b\n")):
        console = PlainConsole(file=StringIO(), force_terminal=terminal, color_system=None)
        console.out("a\x1b[2J,b\n", end="")
        assert isinstance(console.file, StringIO)
        assert expected == console.file.getvalue()


def test_a_line_that_changes_is_text() -> None:
    """What a run says of itself while it is watched."""
    console = PlainConsole(file=StringIO(), force_terminal=True, color_system=None)
    with console.status(MARKUP) as status:
        status.update(f"{MARKUP}\x1b[2J")
        assert r"[/2026-07] [bold]x[/]" in str(status.status)
        assert r"\x1b[2J" in str(status.status)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 200])
def test_an_amount_is_never_broken(width: int) -> None:
    """Other columns give way; where even that is not enough there is one field a line."""
    said = printed(arranged("Tie-out", TIE_OUT, ROWS, NUMBERS, width), width)

    for row in ROWS:
        for n in NUMBERS:
            assert row[n] in said
    assert 3 == said.count("27,912,034.22")
    assert 3 == said.count("-21,771,385.89")


def test_a_table_of_80_columns_stays_within_them() -> None:
    """With amounts of eight digits it is still a table."""
    rows = [["HTC01", "employee_taxes", *["27912034.22"] * 4, "0.00"]]
    shown = arranged("Tie-out", TIE_OUT, rows, NUMBERS, 80)

    assert isinstance(shown, Table)
    assert 80 >= max(map(len, printed(shown).splitlines()))
    assert 4 == printed(shown).count("27912034.22")


def test_a_field_a_line_names_its_column() -> None:
    """A value without a name stands alone; what is not known is left out."""
    said = printed(arranged("Tie-out", TIE_OUT, ROWS[:1], NUMBERS, 40), 40)

    assert ["Tie-out", "company: HTC01", "employee_taxes", "register: 27,912,034.22"] == said.splitlines()[:4]
    assert "ledger" not in said


def test_names_are_shown_by_a_command(product: Installation) -> None:
    """From the database to the screen, as a table and as JSON."""
    name = f"{MARKUP} \x1b]0;evil\x07\u202e"
    settings = {"base_url": "http://127.0.0.1:1", "division": "1", "redirect_uri": "http://127.0.0.1:1/back"}
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    given += ["--set", "client_id=sandbox-id", "--set", "client_secret=sandbox-secret"]
    added = product.command("connections", "add", name, "--connector", "exact_online", "--sandbox", *given)
    listed = product.command("connections", "list")
    data = product.command("connections", "list", "--json")

    assert (0, 0, 0) == (added.code, listed.code, data.code), (added, listed)
    assert rf"{MARKUP} \x1b]0;evil\x07\u202e" in " ".join(listed.stdout.split())
    for done in (added, listed, data):
        assert [] == re.findall("[\x1b\x07\u202e]", done.stdout + done.stderr)
    assert [name] == [line["name"] for line in data.json["connections"]]


def test_runs_are_listed_after_a_reason_with_brackets() -> None:
    """It stays in the list for good, so the list may not die of it."""
    with simulators(1) as sandbox, installation(sandbox, mode="approve") as stand:
        run = stand.post(stand.runs[0], code=4)["run"]
        stand.ask("runs", "cancel", run)
        with closing(sqlite3.connect(stand.product.home / "product.sqlite3")) as database, database:
            row = ("mail [/2026-07] \x1b[2J", run)
            database.execute("UPDATE store_run SET summary = ? WHERE id = ?", row)

        listed = stand.command("runs", "list")

        assert (0, "") == (listed.code, listed.stderr)
        assert r"mail [/2026-07] \x1b[2J" in " ".join(listed.stdout.split())
        assert run in listed.stdout
