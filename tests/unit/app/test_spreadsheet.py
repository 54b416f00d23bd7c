"""A table of ours is calculated by no spreadsheet, and is read back as it was."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import SCENES

from ml_connector.app.mapping_csv import read_mapping, write_mapping
from ml_connector.app.spreadsheet import bare, guarded
from ml_connector.domain.mapping import Mapping, MappingRule, Target, Translation

SIGNS = "=+-@\t\r\n＝＋－＠"
CELLS = st.text(st.sampled_from("'=+-@\t\r＝ab 1"), max_size=6)
SENTENCES = st.text(st.sampled_from("'=+-@＝ab1"), min_size=1, max_size=6).filter("=".__ne__)


@given(CELLS)
def test_a_cell_is_text_and_comes_back(cell: str) -> None:
    """However many apostrophes it has of its own."""
    assert cell == bare(guarded(cell))
    assert not guarded(cell).startswith(tuple(SIGNS))


@pytest.mark.parametrize("cell", ["", "4000", "51*", "'t Hof", "a=b", "1-2", "it's"])
def test_an_ordinary_cell_stays_as_it_is(cell: str) -> None:
    """Written and read."""
    assert cell == guarded(cell) == bare(cell)


def a_mapping(cells: list[str]) -> Mapping:
    """A mapping with the texts wherever a text may be."""
    name, account, company, code, target, axis_code, text, group, ties = cells
    rule = MappingRule(
        name=name,
        account=account,
        company=company,
        pay_code=code,
        codes=(("org_level_1", code),),
        valid_from=date(2026, 1, 1),
        valid_until=date.max,
        replaces=None,
        targets=(
            Target(
                account=target, dimensions=(("cost_center", axis_code),), text=text, percent=Decimal("12.5")
            ),
        ),
        group=group,
        ties_to=ties,
    )
    return Mapping(
        name="m",
        version=1,
        rules=(rule,),
        translations=(Translation(axis="cost_center", source=code, code=target),),
    )


@given(st.lists(SENTENCES, min_size=9, max_size=9))
def test_a_mapping_comes_back_from_its_tables(cells: list[str]) -> None:
    """Whatever it says: no cell of it is a formula, and the import is the same mapping."""
    mapping = a_mapping(cells)
    mapping = replace(
        mapping, rules=(replace(mapping.rules[0], targets=(*mapping.rules[0].targets, ONE_BY_CODE)),)
    )
    rules, codes = write_mapping(mapping)

    for table in (rules, codes):
        for row in csv.reader(io.StringIO(table)):
            assert [] == [cell for cell in row if cell.startswith(tuple(SIGNS))]
    assert mapping == read_mapping("m", 1, rules.encode(), codes.encode())


ONE_BY_CODE = Target(
    account="4000", dimensions=(("cost_center", "=cost_center"),), text="", percent=Decimal(100)
)
"""Takes its code from the table of codes, so that the table is used."""


def test_our_own_sign_is_guarded() -> None:
    """`=org_level_1` takes a code over; in a spreadsheet it would be an error."""
    mapping = a_mapping(["wages", "51*", "*", "x", "4000", "=org_level_1", "", "", ""])
    rules, _ = write_mapping(mapping)
    for_program, _ = write_mapping(mapping, for_spreadsheet=False)

    assert ",'=org_level_1," in rules
    assert ",=org_level_1," in for_program


@pytest.mark.parametrize("path", [scene.mapping for scene in SCENES.values()], ids=SCENES)
def test_a_table_by_hand_needs_no_apostrophe(path: Path) -> None:
    """Those that are kept as files; exported and imported they say the same."""
    mapping = read_mapping("m", 1, path.read_bytes())
    rules, codes = write_mapping(mapping)

    targets = [target for rule in mapping.rules for target in rule.targets]
    assert any(code.startswith("=") for target in targets for _, code in target.dimensions)
    again = read_mapping("m", 1, rules.encode(), codes.encode())
    assert mapping.rules == again.rules


def test_an_axis_may_be_called_like_a_formula() -> None:
    """Its title begins with what it is, so it is none."""
    table = b"rule,source_account,account,dimension:=axis\nwages,51*,4000,'=x\n"

    mapping = read_mapping("m", 1, table)

    assert (("=axis", "=x"),) == mapping.rules[0].targets[0].dimensions
    assert ",dimension:=axis," in write_mapping(mapping)[0]
