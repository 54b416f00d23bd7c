"""An installation that takes expense reports at a socket, and a client that sends them."""

from __future__ import annotations

import copy
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
from stage import Product
from tests.stand import Installation

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
TABLES = ("store_intakereport", "store_intakefile", "store_intakekey")
ALL = ("--scope", "reports:write", "--scope", "reports:read", "--scope", "master_data:read")

TABLE = (
    "report;report_number;employee;employee_name;currency;approved_at;report_total;expense;date;"
    "paid_with;account;cost_center;gross;tax_code;tax_rate;net;tax;receipts;missing_receipt;"
    "distance;unit;rate_per_unit;vehicle\n"
    "rep-81;ER-2026-0081;emp-19;J. de Vries;EUR;2026-02-03;245,70;x1;2026-01-14;out of pocket;4350;"
    "SALES;121,00;high;21;100,00;21,00;hotel.pdf|taxi.pdf;;;;;\n"
    "rep-81;ER-2026-0081;emp-19;J. de Vries;EUR;2026-02-03;245,70;x2;2026-01-14;company card;4360;"
    "SALES;32,70;;;;;;Lost;;;;\n"
    "rep-81;ER-2026-0081;emp-19;J. de Vries;EUR;2026-02-03;245,70;x3;2026-01-15;out of pocket;;"
    "SALES;92,00;;;;;;;400;km;0,23;private car\n"
)
"""The table of our own documentation: a report with two receipts, a card payment and a drive."""


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def example() -> dict[str, Any]:
    """A report with a receipt, a card payment and a drive, as our own documentation shows it."""
    from ml_connector.web.intake_schema import EXAMPLE

    return copy.deepcopy(EXAMPLE)


class Office:
    """The installation with two organisations, and its tokens."""

    def __init__(self, home: Path) -> None:
        self.product = Installation(home)
        self.token = self.add_token("office")
        assert 0 == self.product.command("organisations", "add", "other", "--json").code
        self.others = Installation(home, {"ML_CONNECTOR_ORGANISATION": "other"})
        self.other_token = self.add_token("other-office", product=self.others)
        self.url = ""
        self.count = 0

    def add_token(self, name: str, *options: str, product: Installation | None = None) -> str:
        done = (product or self.product).command("tokens", "add", name, *(options or ALL), "--json")
        assert 0 == done.code, done
        return str(done.json["token"])

    def client(self, token: str | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token if token is None else token}"},
            timeout=60,
        )

    def new(self, **changes: Any) -> dict[str, Any]:
        """A report that was never sent."""
        self.count += 1
        return {**example(), "externalId": f"rep-{self.count}", **changes}

    def send(
        self,
        report: Mapping[str, Any] | str,
        key: str,
        files: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Post the report with its files, the hotel's receipt where none are given."""
        text = report if isinstance(report, str) else json.dumps(report)
        given = {"r1": ("x", PDF)} if files is None else files
        with self.client(token) as client:
            return client.post(
                "/v1/expense-reports",
                data={"report": text},
                files=given or None,
                headers={"Idempotency-Key": key, **(headers or {})},
            )

    def rows(self) -> dict[str, int]:
        """How many rows and files there are."""
        with closing(sqlite3.connect(self.product.home / "product.sqlite3")) as tables:
            counts = {name: tables.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}
        folder = self.product.home / "files"
        kept = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != ".unnamed"]
        return {**counts, "files": len(kept)}

    @contextmanager
    def open(self, script: str = "") -> Iterator[subprocess.Popen[str]]:
        """`serve --intake`, until the block ends. With a script it is that, which may end it early."""
        port = free_port()
        command = ("serve", "--intake", f"127.0.0.1:{port}", "--json")
        process = (
            subprocess.Popen(
                [sys.executable, "-c", script, *command],
                env=Product(self.product.home)._env(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            if script
            else Product(self.product.home).start(*command)
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            self.url = json.loads(process.stdout.readline())["intake"]
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            said = process.communicate(timeout=30)
            assert process.returncode in (0, -signal.SIGKILL), said
            if not script:
                assert "Traceback" not in said[1], said[1]
