"""The page of problem codes has every code that is in the code, and no other."""

from __future__ import annotations

from pathlib import Path

import problem_codes
import pytest


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, set[str]]]:
    """Codes by part, as the code has them."""
    return problem_codes.codes()


def test_the_page_is_up_to_date(found) -> None:
    """`make codes` would change nothing."""
    page = (problem_codes.ROOT / problem_codes.PAGE).read_text(encoding="utf-8")

    assert problem_codes.page(found, problem_codes.texts()) == page, "Run make codes."


def test_every_code_is_explained_and_no_other(found) -> None:
    """A code says what it means and what to do; nothing is explained that no part of the product says."""
    known = problem_codes.texts()
    said = {
        (part, code) for part, codes in found.items() for code in codes if not part or code not in known[""]
    }

    assert said == {(part, code) for part, codes in known.items() for code in codes}
    assert [] == [code for codes in known.values() for code, text in codes.items() if not all(text[:2])]


def test_every_row_says_who_fixes_it(found) -> None:
    """The last column is never empty."""
    rows = [
        line
        for line in problem_codes.page(found, problem_codes.texts()).splitlines()
        if line.startswith("| `")
    ]

    assert len(rows) > 200
    assert [] == [row for row in rows if row.endswith("|  |")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('Problem("a.b", "x", "y")', {"a.b": {"administrator"}}),
        ('Problem("a.b", "x", "y", Owner.PAYROLL)', {"a.b": {"payroll"}}),
        ('raise Refused("t", code="a.b")', {"a.b": {"administrator"}}),
        ('class Late(Refused):\n    code = "a.late"\n    owner = Owner.VENDOR', {"a.late": {"vendor"}}),
        ('WHICH = "a.which"\nProblem(WHICH, "x", "y")', {"a.which": {"administrator"}}),
        (
            'def f(bad):\n    code = "a.b" if bad else "a.c"\n    return Problem(code, "x", "y")',
            {"a.b": {"administrator"}, "a.c": {"administrator"}},
        ),
        ('Problem(f"setting.{name}", "x", "y")', {"setting.<name>": {"administrator"}}),
        (
            'def said(place, code):\n    return Problem(code, place, "", Owner.VENDOR)\nsaid("x", "a.b")',
            {"a.b": {"vendor"}},
        ),
        ('Account(code="a.b")', {}),
    ],
)
def test_codes_are_found_however_they_are_written(code: str, expected, tmp_path: Path) -> None:
    """The walk itself, on each form that the product uses."""
    errors = "class Refused(Exception):\n    owner = Owner.ADMINISTRATOR\n"
    (tmp_path / "errors.py").write_text(errors)
    (tmp_path / "part.py").write_text(code)

    assert expected == dict(problem_codes.codes(tmp_path).get("", {}))
