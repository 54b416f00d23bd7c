"""What a process costs, from its start to its end: nothing of it is left out."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stage import CommandFailed

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """User and system time, wall time, and the largest resident set in megabytes."""

    cpu: float
    wall: float
    peak_mb: float


def whole(command: Sequence[str], environment: Mapping[str, str], given: str = "") -> Cost:
    """Run a command to its end. Raises `CommandFailed` where it fails."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(given)
    process.stdin.close()
    with process.stdout:
        said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandFailed(f"{' '.join(command[:6])} ended with {process.returncode}:\n{said[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(cpu=cpu, wall=time.monotonic() - began, peak_mb=usage.ru_maxrss / 1024)


def idle(
    command: Sequence[str], environment: Mapping[str, str], *, settle: float, watch: float
) -> dict[str, Any]:
    """What a process that has nothing to do takes of a core, after a while to settle, and of memory."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=dict(environment), stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        time.sleep(settle)
        before = _seconds(process.pid)
        time.sleep(watch)
        if process.poll() is not None:
            raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}")
        taken = _seconds(process.pid) - before
        return {"percent": round(100 * taken / watch, 2), "mb": round(_resident_mb(process.pid), 1)}
    finally:
        process.terminate()
        process.wait(timeout=30)


def _seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))
