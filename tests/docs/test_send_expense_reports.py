"""The client of the how-to does what it says, against a process that serves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.intake_world import PDF, TABLE, Office, example

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "send-expense-reports.md"


def test_the_client_sends_a_report_and_reads_its_state(tmp_path: Path) -> None:
    """Twice with the same outcome; and what is wrong with a report is told by place. It has 30 lines."""
    (client,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    office = Office(tmp_path / "home")
    (tmp_path / "send.py").write_text(client)
    (tmp_path / "hotel.pdf").write_bytes(PDF)
    (tmp_path / "report.json").write_text(json.dumps(example()))
    (tmp_path / "wrong.json").write_text(json.dumps({**example(), "revision": 2, "currency": "euro"}))

    with office.open():

        def run(file: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "send.py", office.url, office.token, file]
            return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

        first, second, wrong = run("report.json"), run("report.json"), run("wrong.json")

    assert (0, 0, 1) == (first.returncode, second.returncode, wrong.returncode), first.stderr
    assert first.stdout == second.stdout
    assert "received" == json.loads(first.stdout)["state"]
    assert wrong.stderr.startswith("/currency: String should match pattern")
    assert 1 == office.rows()["store_intakereport"]
    assert 30 >= sum(bool(line.strip()) for line in client.splitlines())


def test_the_table_is_the_one_that_is_tested() -> None:
    """See tests/e2e/test_intake_folder.py; and every column that there is stands on the page."""
    text = PAGE.read_text()
    from ml_connector.web.intake_table import COLUMNS

    assert [TABLE] == re.findall(r"^```csv\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for column in COLUMNS:
        assert re.search(rf"[`;]{column}[`;\n]", text) or column.endswith("_3"), column
