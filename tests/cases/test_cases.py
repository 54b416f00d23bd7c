"""Every case gives its right result: played against the simulators, judged by its `expected.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from tests.cases.play import CASES, Play, unmet
from tests.stand import Installation

PLAYED = (
    "amounts-as-other-payrolls-write-them",
    "column-title-twice",
    "company-code-in-capitals",
    "correction-text-too-long",
    "date-lost-its-zero",
    "default-text-too-long",
    "no-company-and-date-in-the-head",
    "nothing-to-post-said-wrongly",
    "reason-is-hidden",
    "second-file-same-pay-date",
    "stranger-in-the-folder",
)


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are repeated, and nobody pauses."""
    with stamina.set_testing(True, attempts=3):
        yield


def expected(case: str) -> Any:
    return json.loads((CASES / case / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", PLAYED)
def test_the_case_gives_its_right_result(case: str, tmp_path: Path) -> None:
    """As delivered: the right figure, or a refusal that says what to do; never another figure."""
    told = expected(case)
    play = Play(CASES / case, tmp_path / "drop", post=told.get("approve", False))
    play.play()

    assert [] == unmet(told, play)


def with_layouts() -> list[tuple[str, str]]:
    """Cases with files that need a layout of their own, and the stems of the files."""
    return [
        (place.parent.name, place.name.removesuffix(".layout.json"))
        for place in sorted(CASES.glob("*/*.layout.json"))
    ]


@pytest.mark.parametrize(("case", "stem"), with_layouts())
def test_a_layout_with_words_for_the_file_gives_the_right_figure(
    case: str, stem: str, tmp_path: Path
) -> None:
    """And the same layout does not read what another payroll writes."""
    told = expected(case)["with_layout"][stem]
    play = Play(CASES / case, tmp_path / "drop", f"{stem}.layout.json", post=told.get("played") == "posted")
    play.play([[told["deliver"]]])
    keys = {"run payroll 1", "ledger"}

    assert [] == unmet({"one_of": [{key: told[key] for key in keys & told.keys()}]}, play)
    for number, file in enumerate(told.get("refuses", [])):
        other = Play(CASES / case, tmp_path / f"other {number}", f"{stem}.layout.json", post=True)
        other.play([[file]])
        assert [] == unmet(
            {"one_of": [{"run payroll 1": {"exit": [3], "proposes": {}}, "ledger": {}}]}, other
        )


def test_every_file_that_needs_a_layout_has_one() -> None:
    wanted = {
        (place.parent.name, stem)
        for place in CASES.glob("*/expected.json")
        for stem in json.loads(place.read_text(encoding="utf-8")).get("with_layout", {})
    }
    assert wanted == set(with_layouts())


def test_mappings_as_spreadsheets_save_them(tmp_path: Path) -> None:
    """By the command line: each table is imported, and its export is what the case says is stored."""
    case = CASES / "mapping-as-excel-saves-it"
    (outcome,) = expected(case.name)["one_of"]
    product = Installation(tmp_path)

    for number, file in enumerate(json.loads((case / "case.json").read_text())["import"], 1):
        done = product.command("mappings", "import", "tried", str(case / file), "--json")
        told = outcome[f"mappings import {number}"]
        told = told[0] if isinstance(told, list) else told
        assert ([done.code], "") == (told["exit"], done.stderr), done
        rules = product.command("mappings", "export", "tried", "--json").json["rules"]
        head, *rows = [line.split(",") for line in rules.splitlines()]
        stored = [dict(zip(head, row, strict=True)) for row in rows]
        assert told["stores"] == [
            {name: row[name] for name in wanted} for row, wanted in zip(stored, told["stores"], strict=True)
        ]
