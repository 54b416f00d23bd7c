"""`make soak`: the tests of crashes, runs and stores again and again, beside two processes that keep the
machine busy (`BUSY=0` where other work does): a race that strikes once in twenty times is found here, and
not by a customer.

One line for each pass: its number, seconds, tests passed and failed. A soak that is cut off goes on at its
next call where it stopped: what is done is kept in a small file in its folder, beside the output of every
pass that failed. The last line is one JSON object; exit code 1 when a test failed in any pass.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".soak"
TESTS = ("tests/crash", "tests/runs", "tests/store")
STATE = "passes.json"
BUSY = 2
AT_ONCE = ("-n", "4", "--dist", "load", "--maxschedchunk", "1")
"""Tests are carried out beside each other too: most of their time they wait, so four at once end sooner and
race more.
"""
PASS_SECONDS_MAX = 3600
BURN = """
import os, sys, time
parent, until = os.getppid(), time.monotonic() + float(sys.argv[1])
while os.getppid() == parent and time.monotonic() < until:
    sum(range(200_000))
"""
"""A busy process: it ends by itself when whoever started it is gone, and after the longest time of a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over the tests. `failures` are the ids of the tests that failed."""

    number: int
    seconds: float
    passed: int
    failed: int
    failures: tuple[str, ...]


class Soak:
    """The passes that are done, kept in a folder."""

    def __init__(self, folder: Path, tests: Sequence[str], busy: int = BUSY) -> None:
        self._folder, self._tests, self._busy = folder, tuple(tests), busy
        self._state = folder / STATE
        folder.mkdir(parents=True, exist_ok=True)

    def done(self) -> list[Pass]:
        """What earlier calls have done of the same tests, and a soak of others is no part of this one."""
        if not self._state.exists():
            return []
        kept = json.loads(self._state.read_text(encoding="utf-8"))
        if tuple(kept["tests"]) != self._tests:
            return []
        return [Pass(**{**row, "failures": tuple(row["failures"])}) for row in kept["passes"]]

    def keep(self, passes: Sequence[Pass]) -> None:
        """Remember the passes, all or nothing."""
        text = json.dumps({"tests": self._tests, "passes": [asdict(one) for one in passes]})
        new = self._state.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._state)

    def forget(self) -> None:
        """The soak is at its end: the next call begins a new one."""
        self._state.unlink(missing_ok=True)

    def go(self, number: int) -> Pass:
        """One pass beside the busy processes."""
        began = time.monotonic()
        with busy(self._busy):
            command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rfE", *AT_ONCE]
            try:
                ended = subprocess.run(
                    [*command, *self._tests],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    timeout=PASS_SECONDS_MAX,
                    check=False,
                )
                code, output = ended.returncode, ended.stdout + ended.stderr
            except subprocess.TimeoutExpired:
                code, output = -1, f"The pass did not end within {PASS_SECONDS_MAX} seconds."
        failures = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
        if code != 0:
            (self._folder / f"pass-{number}.txt").write_text(output, encoding="utf-8")
            failures = failures or [f"pytest ended with {code}"]
        counted = re.findall(r"\b(\d+) passed", output)
        return Pass(
            number=number,
            seconds=round(time.monotonic() - began, 1),
            passed=int(counted[-1]) if counted else 0,
            failed=len(failures),
            failures=tuple(dict.fromkeys(failures)),
        )


@contextmanager
def busy(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that use up their cores while the block lasts."""
    burning = [
        subprocess.Popen([sys.executable, "-c", BURN, str(PASS_SECONDS_MAX)], stdin=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield burning
    finally:
        for process in burning:
            process.terminate()
        for process in burning:
            process.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Go on until the wanted number of passes is done; 1 when a test failed in one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it keeps what is done")
    parser.add_argument("--busy", type=int, default=BUSY, help="processes that keep the machine busy")
    parser.add_argument("--tests", nargs="+", default=list(TESTS))
    given = parser.parse_args(arguments)
    soak = Soak(given.folder, given.tests, given.busy)
    passes = soak.done()
    if passes:
        print(f"Going on after pass {len(passes)} of an earlier call.", flush=True)
    while len(passes) < given.passes:
        one = soak.go(len(passes) + 1)
        passes.append(one)
        soak.keep(passes)
        said = f"{one.seconds:.0f} s  {one.passed} passed, {one.failed} failed"
        print(f"pass {one.number}/{given.passes}  {said}", flush=True)
    failures = sorted({test for one in passes for test in one.failures})
    soak.forget()
    line = {
        "passes": len(passes),
        "seconds": round(sum(one.seconds for one in passes)),
        "passed": sum(one.passed for one in passes),
        "failed": sum(one.failed for one in passes),
        "failures": failures,
    }
    print(json.dumps(line), flush=True)
    return 1 if failures else 0


def _stop(*_: object) -> None:
    """Told to end: the tests and the busy processes are ended first."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
