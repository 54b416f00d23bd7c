"""What the checks of the tree refuse."""

from __future__ import annotations

from pathlib import Path

import check_tree
import pytest


@pytest.mark.parametrize(
    "line",
    [
        'if flow == "payroll":',
        "def start_payroll() -> None:",
        "pay_run = row.reference",
        '"""Post pay runs."""',
        "# of the same pay",
    ],
)
def test_a_word_of_one_flow_is_refused_where_all_flows_are_served(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In what starts, carries out and shows runs, a flow is known by its record only."""
    product = tmp_path / "src" / "ml_connector"
    for place in check_tree.GENERAL:
        file = product / place if place.endswith(".py") else product / place / "some.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('"""Nothing of one flow: display, payable, payload."""\n')
    monkeypatch.setattr(check_tree, "PRODUCT", product)
    monkeypatch.setattr(check_tree, "ROOT", tmp_path)
    assert [] == list(check_tree._words_of_one_flow())

    (product / "runs" / "some.py").write_text(f"{line}\n")

    assert ["src/ml_connector/runs/some.py:1"] == [
        fault.partition(": ")[0] for fault in check_tree._words_of_one_flow()
    ]


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("src/ml_connector/short.py", 400, ""),
        ("src/ml_connector/short.py", 401, "401 lines, 400 at most."),
        ("sandbox/src/ml_connector_sandbox/short.py", 401, "401 lines, 400 at most."),
    ],
)
def test_no_file_becomes_too_long(
    name: str, lines: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text("pass\n" * lines)
    monkeypatch.setattr(check_tree, "ROOT", tmp_path)

    faults = list(check_tree._long_files())

    assert [name] * bool(said) == [fault.partition(": ")[0] for fault in faults]
    assert said in "".join(faults)
