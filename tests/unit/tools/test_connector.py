"""`make connector`: what it writes is whole, is found by itself, and says what to write next."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from inspect import get_annotations
from pathlib import Path
from xml.etree import ElementTree

import connector
import matrix
import pytest

from ml_connector.contract.payroll_world import PayrollWorld
from ml_connector.contract.simulated import SimulatedLedger
from ml_connector.contract.world import LedgerWorld
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.payroll import PayrollSource

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
LEDGER, PAYROLL = "acme_books", "wave_pay"
LONGEST, WHOLE_PAYROLL = "acme_books_of_the_wide_world_x", "pulse_pay"
ROLES = {
    LEDGER: "ledger",
    PAYROLL: "payroll",
    LONGEST: "ledger,sign_in,events",
    WHOLE_PAYROLL: "payroll,events,sign_in",
}
NAMES = tuple(ROLES)
SKIPPED = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in another place, with a new connector of every kind in it."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("src", "sandbox", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=SKIPPED)
    shutil.copytree(ROOT / "tests" / "contract", root / "tests" / "contract", ignore=SKIPPED)
    for name in ("pyproject.toml", ".importlinter"):
        shutil.copy(ROOT / name, root / name)
    for name, role in ROLES.items():
        assert connector.main([name, "--role", role, "--into", str(root)]) == 0
    return root


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A module of the tree, as somebody who works in it starts it."""
    places = os.pathsep.join(map(str, (tree / "src", tree / "sandbox" / "src", tree / "tools")))
    home = {"PYTHONPATH": places, "ML_CONNECTOR_HOME": str(tree / "home")}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=tree,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
    )


def folders(tree: Path) -> Iterator[Path]:
    """Everything that was written."""
    for name in NAMES:
        yield from (tree / connector.CONNECTORS / name, tree / connector.SIMULATORS / name)


# --- what is written ----------------------------------------------------------------------------------------


def test_written_code_passes_format_and_lint(tree: Path):
    """`make check` begins with these; a short and a long name break lines differently."""
    written = [str(folder) for folder in folders(tree)]

    for command in (["check", "-q"], ["format", "--check", "-q"]):
        found = run(tree, "ruff", *command, "--no-cache", *written)
        assert (0, "") == (found.returncode, found.stdout)


def test_written_code_passes_strict_types(tree: Path):
    """The types prove that a skeleton has every method of its port, with the port's arguments."""
    found = run(tree, "mypy", "--cache-dir", str(tree / "types"), *(str(folder) for folder in folders(tree)))

    assert found.returncode == 0, found.stdout


def test_tree_and_import_contracts_hold(tree: Path):
    """A new vendor is named nowhere else, and imports what a connector may."""
    contracts = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{tree / 'src'}:{tree / 'sandbox' / 'src'}"},
        capture_output=True,
        text=True,
    )

    assert contracts.returncode == 0, contracts.stdout
    assert (0, "") == ((found := run(tree, "check_tree")).returncode, found.stdout)


def test_vendor_named_elsewhere_is_a_fault(tree: Path):
    """From its first day the new name may stand in its own folder only."""
    stray = tree / "src" / "ml_connector" / "app" / "stray.py"
    stray.write_text('"""For Acme Books only."""\n')
    found = run(tree, "check_tree")
    stray.unlink()

    assert "vendor word 'Acme Books' outside its connector" in found.stdout


INHERITED = {
    SimulatedLedger.__name__: set(vars(SimulatedLedger)),
    Ledger.__name__: {"cancels", "compare", "takes_back", "near", "look", "ends", "is_ended", "end"},
}
"""What a skeleton need not write, because its base does."""


@pytest.mark.parametrize(
    ("module", "name", "port"),
    [
        (f"{LEDGER}/ledger.py", "AcmeBooksLedger", Ledger),
        (f"{LEDGER}/tests/conftest.py", "AcmeBooksWorld", LedgerWorld),
        (f"{PAYROLL}/payroll.py", "WavePayPayroll", PayrollSource),
        (f"{PAYROLL}/tests/conftest.py", "WavePayWorld", PayrollWorld),
    ],
)
def test_skeleton_has_all_that_is_asked_of_it(tree: Path, module: str, name: str, port: type):
    """A method that a port or a world gained is in the skeleton too."""
    code = ast.parse((tree / connector.CONNECTORS / module).read_text())
    (found,) = (node for node in code.body if isinstance(node, ast.ClassDef) and node.name == name)
    stored = {
        node.attr
        for node in ast.walk(found)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    written = stored | {node.name for node in found.body if isinstance(node, ast.FunctionDef)}
    for base in found.bases:
        written |= INHERITED.get(ast.unparse(base), set())
    asked = {member for part in port.__mro__ for member in [*vars(part), *get_annotations(part)]}

    assert {member for member in asked if not member.startswith("_")} - written == set()


# --- it is found, with no edit elsewhere --------------------------------------------------------------------


def test_connector_is_listed_with_its_settings(tree: Path):
    """The forms and lists of the product know it."""
    listed = run(tree, "ml_connector.cli.main", "connections", "settings", "--json")

    assert listed.returncode == 0, listed.stderr
    known = json.loads(listed.stdout)
    assert {"title": "Acme Books", "settings": ["base_url", "client_id", "client_secret"]} == known[LEDGER]
    assert {*NAMES, "ukg_pro"} <= known.keys()


def test_connection_to_a_foreign_host_is_refused(tree: Path):
    """Its own checks are asked when a connection is stored."""
    stored = run(
        tree,
        "ml_connector.cli.main",
        "connections",
        "add",
        "books",
        "--connector",
        LEDGER,
        "--json",
        "--set",
        "base_url=https://elsewhere.example",
    )

    assert stored.returncode == 2, stored.stdout
    assert (
        "'elsewhere.example' is not a host of this vendor (api.acme-books.example)"
        in stored.stdout + stored.stderr
    )


@pytest.mark.parametrize(
    ("name", "claims", "others"),
    [(LEDGER, 30, 3), (PAYROLL, 20, 3), (LONGEST, 30, 22), (WHOLE_PAYROLL, 20, 22)],
)
def test_contract_tests_fail_and_say_what_to_write(tree: Path, name: str, claims: int, others: int):
    """Collected, run, failed by what is missing; ping, sign-in by consent with its whole contract, and
    notifications work from the start.
    """
    report = tree / f"{name}.xml"
    run(
        tree,
        "pytest",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        str(connector.CONNECTORS / name),
    )

    cases = list(ElementTree.parse(report).iter("testcase"))
    contract = [case for case in cases if "test_contract" in case.get("classname", "")]
    said = [failure.get("message", "") for case in contract for failure in case.findall("failure")]
    assert [] == [message for message in said if not message.startswith("NotImplementedError: Write ")]
    assert len(said) >= claims
    assert [] == [
        case.get("name")
        for case in cases
        if case.find("error") is not None or case.find("skipped") is not None
    ]
    assert [0] * others == [len(case) for case in cases if case not in contract]


def test_connector_is_in_the_matrix(tree: Path):
    """Its quality.toml, its limits and its claims are found; nothing counts as proven yet."""
    made = matrix.page(matrix.facts_of(tree), matrix.quality_of(tree))

    assert "`acme_books` | ledger | planned | LedgerContract |  |" in made
    assert "`wave_pay` | payroll | planned | PayrollContract |  |" in made
    assert "| claim | test | reference | acme_books | acme_books_of_the_wide_world_x | dynamics_fo |" in made
    assert "| `lines_max` | 50 | 500 | 500 |" in made
    assert "- `everything`: addresses, fields, limits and times are placeholders" in made


def test_simulators_go_on_without_it(tree: Path):
    """No scenario describes the new simulator yet, so none of them starts it."""
    code = (
        "from ml_connector_sandbox.core import registry as r; print(r.systems(),"
        " r.systems_of('trading_company'))"
    )
    places = {**os.environ, "PYTHONPATH": str(tree / "sandbox" / "src")}
    found = subprocess.run([sys.executable, "-c", code], env=places, capture_output=True, text=True)

    systems, started = found.stdout.split("] [")
    assert all(name in systems for name in NAMES), found.stderr
    assert not any(name in started for name in NAMES)


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "make connector name=acme_books"),
        ("Acme", "small letters and digits"),
        ("acme-books", "small letters and digits"),
        ("../acme", "small letters and digits"),
        ("acme__books", "small letters and digits"),
        ("1acme", "small letters and digits"),
        ("a" * 31, "30 are the most"),
        ("class", "a word of Python"),
        ("match", "a word of Python"),
        ("all", "a word of this project"),
        ("ledger", "a word of this project"),
        (LEDGER, "exists already"),
    ],
)
def test_unusable_name_is_refused_and_leaves_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
):
    """The sentence says why and what to do; the tree stays as it was."""
    before = sorted(path for path in tree.rglob("*"))

    assert connector.main([name, "--into", str(tree)]) == 2

    said = capsys.readouterr().err
    assert reason in said
    assert "Nothing was written." in said
    assert before == sorted(path for path in tree.rglob("*"))


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("bank", "role=bank is none of ledger, payroll, sign_in, events."),
        ("ledger,bank", "role=bank is none of ledger, payroll, sign_in, events."),
        ("events", "role=events must name one of ledger and payroll."),
        ("ledger,payroll", "role=ledger,payroll must name one of ledger and payroll."),
    ],
)
def test_unusable_role_is_refused(tree: Path, capsys: pytest.CaptureFixture[str], role: str, reason: str):
    """A connector is begun as a ledger or as a payroll, and has the rest besides."""
    assert connector.main(["other_books", "--role", role, "--into", str(tree)]) == 2
    assert reason in capsys.readouterr().err


def test_fault_on_the_way_leaves_nothing(tmp_path: Path):
    """The second folder has no place to go: the first one is taken back."""
    (tmp_path / connector.CONNECTORS).mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    with pytest.raises(FileNotFoundError):
        connector.scaffold(LEDGER, "ledger", tmp_path)

    assert [] == list((tmp_path / connector.CONNECTORS).iterdir())
    assert ["pyproject.toml", "src"] == sorted(path.name for path in tmp_path.iterdir())


def test_simulator_that_is_there_is_kept(tmp_path: Path):
    """Somebody wrote the simulator first."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / connector.CONNECTORS).mkdir(parents=True)
    own = tmp_path / connector.SIMULATORS / LEDGER / "README.md"
    own.parent.mkdir(parents=True)
    own.write_text("ours")

    assert [connector.CONNECTORS / LEDGER] == connector.scaffold(LEDGER, "ledger", tmp_path)
    assert [own] == list(own.parent.iterdir())
