"""A command that only reads loads nothing that carries runs out, talks to a vendor, or changes tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.runs.test_killed import process

HEAVY = {
    "dbos",
    "sqlalchemy",
    "psycopg",
    "httpx2",
    "authlib",
    "joserfc",
    "yaml",
    "stamina",
    "django.db.migrations.executor",
}
LOADED = """
import json, sys
from ml_connector.cli.main import main
sys.argv = ["ml-connector", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    print(json.dumps({"code": end.code or 0, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with a run that is done."""
    home: Path = tmp_path_factory.mktemp("light") / "home"
    done = process(home, "post")
    assert 0 == done.returncode, done.stdout + done.stderr[-5000:]
    return home


def loaded(home: Path, *arguments: str, code: int = 0) -> tuple[str, set[str]]:
    """What a command prints, and every module it has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env={**os.environ, "ML_CONNECTOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = json.loads(done.stderr.splitlines()[-1])
    assert code == said["code"], done.stdout + done.stderr[:2000]
    return done.stdout, set(said["modules"])


@pytest.mark.parametrize("command", ["runs list", "runs show RUN", "tie-out RUN", "flows list"])
def test_a_command_that_reads_loads_nothing_heavy(command: str, home: Path) -> None:
    """Neither does a command that finds nothing."""
    shown, _ = loaded(home, "runs", "list", "--json")
    run = json.loads(shown)["runs"][0]["id"]

    said, modules = loaded(home, *command.replace("RUN", run).split())

    assert said
    assert set() == modules & HEAVY
    assert not [name for name in modules if name.startswith("ml_connector.connectors.")]


def test_a_failure_is_read_without_what_it_did_not_load(home: Path) -> None:
    """The words for it are there all the same."""
    said, modules = loaded(home, "runs", "show", "none", "--json", code=2)

    assert "There is no run 'none'" in json.loads(said)["error"]
    assert set() == modules & HEAVY


def test_a_connection_is_opened_without_the_library_that_signs_in() -> None:
    """Most runs have a token that is good."""
    code = (
        "import json, sys\n"
        "import ml_connector.connectors.exact_online.system, ml_connector.connectors.ukg_pro.system\n"
        "print(json.dumps(sorted({'authlib', 'joserfc', 'dbos'} & {*sys.modules})))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [] == json.loads(done.stdout)
