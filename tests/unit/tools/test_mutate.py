"""`make mutate`: a rule taken out is found by its test, or said to survive; a table that does not fit the
source is an error.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mutate
import pytest
from mutate import NotInOrder, Rule

ROOT = Path(__file__).parents[3]
TESTS = ("tests/unit/domain/test_money.py",)
CAUGHT = Rule(
    name="amounts are exact",
    file="domain/money.py",
    old="        if exact != self.amount:\n",
    new="        if False:\n",
    tests=TESTS,
)
HARMLESS = replace(CAUGHT, name="harmless", new="        if not exact == self.amount:\n")


@pytest.mark.slow
def test_a_rule_taken_out_is_found_and_a_harmless_change_survives() -> None:
    """By the name of the first test that fails; the source here is not touched."""
    before = (ROOT / "src/ml_connector/domain/money.py").read_text()

    found = list(mutate.mutate([CAUGHT, HARMLESS]))

    assert ["tests/unit/domain/test_money.py", ""] == [one.test.partition("::")[0] for one in found]
    assert ["", ""] == [one.why for one in found]
    assert mutate.line(2, 2, found[1]).startswith(f"2/2     harmless {' ' * 27} SURVIVES")
    assert before == (ROOT / "src/ml_connector/domain/money.py").read_text()


@pytest.mark.parametrize(
    ("old", "said"), [("no such text", "stands 0 times"), ("import", "stands"), (HARMLESS.new, "0 times")]
)
def test_a_rule_whose_text_moved_is_an_error_that_names_it(old: str, said: str) -> None:
    """Also where the text stands more than once: which of them is meant is not known."""
    with pytest.raises(NotInOrder, match=f"Rule 'amounts are exact': its text .*{said}"):
        list(mutate.mutate([replace(CAUGHT, old=old)]))


def test_a_rule_that_changes_nothing_is_an_error() -> None:
    """It would survive for ever."""
    with pytest.raises(NotInOrder, match="changes nothing"):
        list(mutate.mutate([replace(CAUGHT, new=CAUGHT.old)]))


def test_every_rule_of_a_table_fits_the_source(tmp_path: Path) -> None:
    """Whoever moves a rule is told here, and not only when the rules are taken out."""
    copy = mutate.Copy(tmp_path)
    for table in sorted(mutate.TABLES.glob("*.toml")):
        rules = mutate.read_rules(table)
        copy.check(rules)
        for rule in rules:
            for test in rule.tests:
                assert (ROOT / test.partition("::")[0]).exists(), rule.name


def test_a_line_has_80_columns_at_the_most() -> None:
    """However long the test's name is."""
    rule = replace(CAUGHT, name="n" * mutate.NAME_MAX)
    found = mutate.Found(rule=rule, test=f"tests/a.py::test_{'x' * 90}", seconds=123.4)

    assert 80 >= len(mutate.line(100, 120, found))
