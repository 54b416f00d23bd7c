"""`make soak`: it goes on where it was cut off, names what failed, and leaves no process behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soak

CHEAP = "tests/unit/domain/test_spelling.py"
DONE = soak.Pass(number=1, seconds=1.0, passed=7, failed=0, failures=())


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.slow
def test_a_soak_goes_on_where_it_was_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pass that is done is not done again; at its end the next call begins a new one."""
    soak.Soak(tmp_path, [CHEAP]).keep([DONE])

    code = soak.main(["--passes", "2", "--folder", str(tmp_path), "--tests", CHEAP])

    going_on, second, last = said(capsys)
    assert (0, "Going on after pass 1 of an earlier call.") == (code, going_on)
    assert second.startswith("pass 2/2  ")
    assert (2, 0, []) == tuple(json.loads(last)[name] for name in ("passes", "failed", "failures"))
    assert [] == soak.Soak(tmp_path, [CHEAP]).done()


@pytest.mark.slow
def test_a_failure_is_named_and_its_output_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also one of an earlier call."""
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it_fails():\n    assert False\n\n\ndef test_it_does_not():\n    pass\n")
    earlier = soak.Pass(number=1, seconds=1.0, passed=0, failed=1, failures=("tests/a.py::test_b",))
    folder = tmp_path / "soak"
    soak.Soak(folder, [str(failing)]).keep([earlier])

    code = soak.main(["--passes", "2", "--folder", str(folder), "--tests", str(failing)])

    *_, second, last = said(capsys)
    found = json.loads(last)
    assert (1, 2, 1) == (code, found["failed"], found["passed"])
    assert second.endswith("1 passed, 1 failed")
    assert ["tests/a.py::test_b"] == found["failures"][1:]
    assert found["failures"][0].endswith("test_failing.py::test_it_fails")
    assert "assert False" in (folder / "pass-2.txt").read_text()


def test_a_soak_of_other_tests_is_another_one(tmp_path: Path) -> None:
    """What was done of others says nothing of these."""
    soak.Soak(tmp_path, [CHEAP]).keep([DONE])

    assert ([DONE], []) == (soak.Soak(tmp_path, [CHEAP]).done(), soak.Soak(tmp_path, ["tests/runs"]).done())


def test_busy_processes_end_with_the_pass() -> None:
    """Both are at work while it lasts, and neither is left behind."""
    with soak.busy(soak.BUSY) as burning:
        assert [None, None] == [process.poll() for process in burning]

    assert 2 == len([process for process in burning if process.poll() is not None])
