"""An auditor checks an export of the chain on a machine that has nothing of ours: changed, removed, added or
cut off, it is seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.stand import TOOLS, Installation

ACTS = ("everything", "everything", "everything", "everything")


@pytest.fixture(scope="module")
def export(product: Installation) -> list[str]:
    """A chain of some entries, as exported: entries in order, then the head."""
    for scope in ACTS:
        product.run("pause", scope, "--json")
    answer = product.run("audit", "verify", "--json")
    assert (True, []) == (answer["ok"], answer["faults"])
    return product.command("audit", "export").stdout.splitlines(keepends=True)


def test_an_export_to_a_file_says_what_it_wrote(product: Installation, tmp_path: Path) -> None:
    """With `--json` as one object, as every other command."""
    file = tmp_path / "audit.jsonl"
    answer = product.run("audit", "export", str(file), "--json")

    assert {"ok": True, "file": str(file), "lines": len(file.read_text().splitlines())} == answer


def verify(folder: Path, lines: list[str]) -> tuple[int, str]:
    """Exit code and output of the stand-alone verifier, in an interpreter without our packages."""
    file = folder / "audit.jsonl"
    file.write_text("".join(lines), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(TOOLS / "verify_audit.py"), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, (ended.stdout + ended.stderr).strip()


def changed(line: str, **values: str | int) -> str:
    """The line with other values."""
    return json.dumps({**json.loads(line), **values}) + "\n"


def test_an_untouched_export_follows_to_its_head(export: list[str], folder: Path) -> None:
    """Every act left an entry. What the verifier cannot check there, it says."""
    assert len(ACTS) < len(export)
    code, text = verify(folder, export)

    assert (0, "Each entry follows the one before it, up to the head.") == (code, text.splitlines()[0])
    assert "Signatures not checked: 1; that needs the Python package cryptography." == text.splitlines()[1]


DAMAGE: list[tuple[str, Callable[[list[str]], list[str]], str]] = [
    (
        "an actor changed",
        lambda x: [x[0], changed(x[1], text=json.loads(x[1])["text"].replace("cli:", "cli:x")), *x[2:]],
        "Entry 2 was changed",
    ),
    ("an entry removed", lambda x: [x[0], *x[2:]], "Entry 2 is missing; entry 3 follows entry 1."),
    (
        "an entry removed and the rest renumbered",
        lambda x: [x[0], *(changed(line, number=number) for number, line in enumerate(x[2:-1], 2)), x[-1]],
        "or one before it was removed",
    ),
    ("two entries exchanged", lambda x: [x[1], x[0], *x[2:]], "Entry 1 is missing; entry 2 follows entry 0."),
    ("the last entry cut off", lambda x: [*x[:-2], x[-1]], "Entries were cut off or added behind it."),
    (
        "an entry added",
        lambda x: [*x[:-1], changed(x[-2], number=len(x)), x[-1]],
        "Entries were cut off or added behind it.",
    ),
    ("the head cut off", lambda x: x[:-1], "The head is missing: the end of the export was cut off."),
    ("an entry behind the head", lambda x: [*x, x[0]], "stands behind the head."),
]


@pytest.mark.parametrize(("damage", "words"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damage_is_seen(
    export: list[str], folder: Path, damage: Callable[[list[str]], list[str]], words: str
) -> None:
    """The verifier ends with 1 and says which entry."""
    code, text = verify(folder, damage(export))

    assert 1 == code
    assert words in text


@pytest.mark.parametrize("lines", [["no json\n"], ["[]\n"], ['{"number": 1}\n'], ["7\n"], ['{"head": 3}\n']])
def test_a_file_that_is_no_export_is_told_from_a_broken_one(folder: Path, lines: list[str]) -> None:
    """Exit code 2, without a traceback."""
    code, text = verify(folder, lines)

    assert 2 == code
    assert "is not an export of the audit chain" in text
