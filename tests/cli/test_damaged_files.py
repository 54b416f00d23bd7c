"""Files of an installation that are damaged: a sentence names the file and who mends it, and what does not
need the file goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stand import Installation, installation, simulators

FOREIGN = "V0wT5q1mmzvJYhAnz5d4VJm7Xm6B4W3kq9T3VwZQ0Kc=\n"


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """The home of an installation with secrets, a signed chain and both databases."""
    with simulators(1) as sandbox, installation(sandbox, mode="approve") as stand:
        stand.post(stand.runs[0], code=4)
        yield stand.product.home


@pytest.fixture
def product(used: Path, tmp_path: Path) -> Installation:
    """A copy of it."""
    shutil.copytree(used, tmp_path / "home")
    return Installation(tmp_path / "home")


DAMAGED = {
    "a line that is no key": (
        *("keys", "not a key\n", ["connections", "test", "payroll"]),
        "The key file keys in the home folder is damaged: a line of it is no key. An administrator puts back",
    ),
    "keys that are no text": (
        *("keys", "\udcff\n", ["keys", "rotate"]),
        "The key file keys in the home folder is damaged: it is no text. An administrator puts back",
    ),
    "keys of another installation": (
        *("keys", FOREIGN, ["keys", "rotate"]),
        "The key file keys is not the one that this database was encrypted with, so nothing was changed.",
    ),
    "an empty key of the chain": (
        *("audit.key", "", ["serve", "--once"]),
        "audit.key is damaged: it holds no key of the audit chain. An administrator puts back",
    ),
    "a key of the chain that is none": (
        *("audit.key", "garbage\n", ["audit", "verify"]),
        "audit.key is damaged: it holds no key of the audit chain. An administrator puts back",
    ),
    "an engine's database that is none": (
        *("engine.sqlite3", "garbage\n", ["serve", "--once"]),
        "engine.sqlite3 is damaged: file is not a database. An administrator moves it away",
    ),
    "an engine's database that is none, for a worker that is gone": (
        *("engine.sqlite3", "garbage\n", ["recover", "--executor", "gone"]),
        "engine.sqlite3 is damaged: file is not a database. An administrator moves it away",
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_named_with_who_mends_it(product: Installation, what: str) -> None:
    """A person must mend something; nothing is a defect, and the file stays as it is."""
    name, content, command, words = DAMAGED[what]
    for beside in product.home.glob(f"{name}-*"):
        beside.unlink()
    (product.home / name).write_text(content, errors="surrogateescape")

    done = product.command(*command, "--json")

    assert (3, "") == (done.code, done.stderr)
    assert words in done.json["error"]
    assert content == (product.home / name).read_text(errors="surrogateescape")


@pytest.mark.parametrize("content", ["", "garbage\n"])
def test_what_signs_nothing_goes_on_beside_a_damaged_key_of_the_chain(
    product: Installation, content: str
) -> None:
    """What is written meanwhile is noted as not signed, and is sealed once the key is back."""
    key = product.home / "audit.key"
    kept = key.read_text()
    key.write_text(content)

    assert 1 == len(product.run("runs", "list", "--json")["runs"])
    product.run("pause", "everything", "--json")
    key.write_text(kept)
    found = product.run("audit", "verify", "--json")

    assert (True, 1) == (found["ok"], len(found["written_without_key"]))
    assert found["signed_to"] == found["entries"]


def test_an_engine_that_was_moved_away_is_made_anew(product: Installation) -> None:
    """The run still waits for its approval."""
    for file in product.home.glob("engine.sqlite3*"):
        file.unlink()

    product.run("serve", "--once", "--json")

    (run,) = product.run("runs", "list", "--json")["runs"]
    assert "awaiting_approval" == run["state"]


def test_an_argument_that_is_no_text_is_wrong_use(product: Installation) -> None:
    """Its bytes could be stored nowhere."""
    program = Path(__file__).parents[2] / ".venv" / "bin" / "ml-connector"
    done = subprocess.run(
        [os.fsencode(program), b"runs", b"show", b"payroll-\xff"],
        env={**os.environ, "ML_CONNECTOR_HOME": str(product.home)},
        capture_output=True,
        check=False,
    )

    assert (2, b"") == (done.returncode, done.stdout)
    assert b"Argument 3 is not valid UTF-8: 'payroll-\\udcff'.\n" == done.stderr
