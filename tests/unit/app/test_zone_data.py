"""Which zone data is in use, how old it is, and that times to come are those of newer data."""

from __future__ import annotations

import os
import shutil
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ml_connector.app.zone_data import zone_data
from ml_connector.domain.schedule import read_schedule

NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
HELSINKI = next(file for path in zoneinfo.TZPATH if (file := Path(path, "Europe", "Helsinki")).is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder that Python looks up zones in, in place of the machine's."""
    (tmp_path / "Europe").mkdir()
    shutil.copy(HELSINKI, tmp_path / "UTC")
    zoneinfo.reset_tzpath([str(tmp_path)])
    ZoneInfo.clear_cache()
    yield tmp_path
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


def release(folder: Path, name: str, text: str, written: str) -> None:
    (folder / name).write_text(text)
    moment = datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()
    os.utime(folder / name, (moment, moment))


@pytest.mark.parametrize(
    ("name", "text", "written", "version", "dated", "old"),
    [
        ("tzdata.zi", "# version 2025b\n# and more", "2025-03-25", "2025b", date(2025, 3, 25), True),
        ("tzdata.zi", "# version 2025c\n", "2025-12-11", "2025c", date(2025, 12, 11), False),
        ("tzdata.zi", "# version 2024a\n", "2026-07-01", "2024a", date(2024, 12, 31), True),
        ("+VERSION", "2026a\n", "1980-01-01", "2026a", date(2026, 7, 15), False),
    ],
)
def test_the_data_of_the_machine_has_an_age(
    folder: Path, name: str, text: str, written: str, version: str, dated: date, old: bool
) -> None:
    """The day of its file, where that may be; else the last day of its year."""
    release(folder, name, text, written)

    found = zone_data(NOW)

    assert (version, dated, old) == (found.version, found.dated, found.old)
    assert (NOW.date() - dated).days == found.days
    assert old == ("Update the package tzdata" in str(found))


def test_from_which_age_on_it_is_old_is_a_setting(folder: Path) -> None:
    release(folder, "tzdata.zi", "# version 2026a\n", "2026-07-05")

    assert [True, False, False] == [zone_data(NOW, days).old for days in (9, 10, 400)]


def test_data_that_says_no_release_is_not_called_new(folder: Path) -> None:
    assert zone_data(NOW).shown() == {"version": "", "dated": None, "days": None, "old": False}
    assert str(zone_data(NOW)) == "Time zone data: this machine does not say of which release."


def test_without_a_folder_it_is_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "UTC").unlink()
    (folder / "tzdata-2024.2.dist-info").mkdir()
    (folder / "tzdata-2024.2.dist-info" / "METADATA").write_text("Name: tzdata\nVersion: 2024.2\n")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])

    found = zone_data(NOW)

    assert ("2024b", date(2024, 12, 31), True) == (found.version, found.dated, found.old)


def test_the_next_time_is_that_of_the_data_which_replaced_the_one_of_before(folder: Path) -> None:
    """Norway takes the clock of Finland: 20:00 is an hour earlier."""
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()
    assert datetime(2026, 7, 15, 18, tzinfo=UTC) == read_schedule("daily 20:00 Europe/Oslo").next(NOW)
    shutil.copy(HELSINKI, folder / "Europe" / "Oslo")
    zoneinfo.reset_tzpath([str(folder)])
    ZoneInfo.clear_cache()

    assert datetime(2026, 7, 15, 17, tzinfo=UTC) == read_schedule("daily 20:00 Europe/Oslo").next(NOW)
