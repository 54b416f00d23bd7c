"""Runs commands of the product in processes of their own, forked from one that has imported the heavy parts
already.

    python -m tests.zygote      one JSON object a line:
                                {"arguments", "environment", "stdout", "stderr"} in, {"code"} out

A command is a fresh process with its own memory, working on files and sockets like any other; it only starts
in a tenth of the time. Nothing that belongs to one installation is imported here: Django is configured by the
command.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

HEAVY = (
    "authlib.integrations.base_client",
    "cryptography.fernet",
    "dbos",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "django.db.models",
    "django.test.signals",
    "filelock",
    "httpx2",
    "msgspec",
    "ml_connector.app.settings",
    "ml_connector.cli.connections",
    "ml_connector.cli.installation",
    "ml_connector.cli.mappings",
    "ml_connector.cli.runs",
    "ml_connector.cli.start",
    "ml_connector.connectors.exact_online.system",
    "ml_connector.connectors.ukg_pro.system",
    "ml_connector.flows.payroll_journal",
    "ml_connector.flows.reversal",
    "ml_connector.runs.engine",
    "ml_connector.runs.intent",
    "ml_connector.runs.worker",
    "ml_connector.transport.auth",
    "sqlalchemy.dialects.sqlite",
    "stamina",
)

COMMAND_SECONDS_MAX = 100


class Zygote:
    """The parent of the commands; end it with `close`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )

    def run(self, arguments: list[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        """Run a command to its end: exit code, standard output and standard error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            order = {
                "arguments": arguments,
                "environment": dict(environment),
                "stdout": str(out),
                "stderr": str(err),
            }
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            code = json.loads(self._process.stdout.readline())["code"]
            return code, out.read_text(), err.read_text()

    def close(self) -> None:
        """End the parent."""
        self._process.communicate(timeout=20)


def main() -> None:
    """Carry out orders until standard input ends."""
    for name in HEAVY:
        importlib.import_module(name)
    assert 1 == threading.active_count(), "a thread would be lost in the fork"
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_command(order))
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


def _command(order: dict[str, object]) -> int:
    signal.alarm(COMMAND_SECONDS_MAX)
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[call-overload]
    for number, name in ((0, os.devnull), (1, order["stdout"]), (2, order["stderr"])):
        os.dup2(os.open(str(name), os.O_RDWR | os.O_CREAT), number)
    sys.argv = ["ml-connector", *order["arguments"]]  # type: ignore[misc]
    try:
        from ml_connector.cli.main import main as command

        command()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
