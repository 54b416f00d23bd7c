"""A clock that somebody sets: for trials beside simulators, and refused beside a real system."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from tests.cli.test_connections import KEYS, UKG
from tests.stand import Done, Installation

from ml_connector.store.clock_file import ClockFileError, FileClock

AHEAD = timedelta(days=400)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "clock"
    found.write_text(str(int(AHEAD.total_seconds())))
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def add(product: Installation, folder: Path, *more: str) -> Done:
    """A connection to a real system, unless more is said."""
    given = [part for name, value in UKG.items() for part in ("--set", f"{name}={value}")]
    for name, value in KEYS.items():
        (folder / name).write_text(value)
        given += ["--secret-file", f"{name}={folder / name}"]
    return product.command("connections", "add", "pay", "--connector", "ukg_pro", *given, *more, "--json")


def close(moment: datetime, ahead: timedelta) -> bool:
    return abs(moment - datetime.now(UTC) - ahead) < timedelta(seconds=30)


def test_time_jumps_with_the_file_and_never_goes_back(file: Path) -> None:
    clock = FileClock(file)
    before = clock.monotonic()
    assert close(clock.now(), AHEAD)
    file.write_text("0")
    assert close(clock.now(), AHEAD)
    file.unlink()
    assert close(clock.now(), AHEAD)
    file.write_text(str(int(2 * AHEAD.total_seconds())))

    assert close(clock.now(), 2 * AHEAD)
    assert clock.monotonic() - before >= AHEAD.total_seconds()


def test_a_wait_ends_when_time_jumps_over_it(file: Path) -> None:
    clock = FileClock(file)
    waiting = Thread(target=clock.sleep, args=(3_600,), daemon=True)
    waiting.start()
    assert waiting.is_alive()

    for jumps in range(1, 50):
        file.write_text(str(int(AHEAD.total_seconds()) + jumps * 3_600))
        waiting.join(0.2)
    assert not waiting.is_alive()


@pytest.mark.parametrize("text", [None, "", "tomorrow", "1.5"])
def test_a_file_without_a_number_starts_nothing(file: Path, home: Path, text: str | None) -> None:
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(ClockFileError):
        FileClock(file)

    done = Installation(home, {"ML_CONNECTOR_CLOCK_FILE": str(file)}).command("status", "--json")

    assert 2 == done.code
    assert "ML_CONNECTOR_CLOCK_FILE names" in done.json["error"]


def test_the_product_lives_in_that_time(file: Path, home: Path) -> None:
    """What it stores is dated there, by its own clock and by its database's."""
    product = Installation(home, {"ML_CONNECTOR_CLOCK_FILE": str(file)})
    product.run("pause", "everything", "--json")
    product.run("serve", "--once", "--json")
    status = product.run("status", "--json")
    audit = product.command("audit", "export").stdout

    assert close(datetime.fromisoformat(status["alerts_at"]), AHEAD)
    texts = [line["text"] for line in map(json.loads, audit.splitlines()) if "text" in line]
    (paused,) = (text for text in texts if '"everything"' in text)
    assert re.search(f'"{datetime.now(UTC) + AHEAD:%Y-%m-%d}[T ]', paused)


def test_it_is_refused_where_a_connection_is_to_a_real_system(file: Path, home: Path, tmp_path: Path) -> None:
    assert 0 == add(Installation(home), tmp_path).code

    done = Installation(home, {"ML_CONNECTOR_CLOCK_FILE": str(file)}).command("status", "--json")

    assert 2 == done.code
    assert "ML_CONNECTOR_CLOCK_FILE is set, and pay is no connection to a sandbox." in done.json["error"]
    assert 0 == Installation(home).command("status", "--json").code


def test_no_real_system_is_added_or_opened_under_it(file: Path, home: Path, tmp_path: Path) -> None:
    done = add(Installation(home, {"ML_CONNECTOR_CLOCK_FILE": str(file)}), tmp_path)

    assert 0 != done.code
    assert "pay is no connection to a sandbox." in done.json["error"]
    assert [] == Installation(home).run("connections", "list", "--json")["connections"]
