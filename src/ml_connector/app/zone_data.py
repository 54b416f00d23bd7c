"""How old the rules of time zones are that this process goes by: countries change their clocks with weeks of
notice, and times to come are an hour off where the rules are of before.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

OLD_DAYS = 400
"""Some years bring no change for anybody, but no year has passed without a release."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneData:
    """The release of the zone data in use, as `2026a`, and the day that it is of: that of its file where it
    is of the release's year, else the last day of that year, so that it is at least `days` old. Without a
    release nothing is known. `old` is whether it is older than it may be.
    """

    version: str = ""
    dated: date | None = None
    days: int | None = None
    old: bool = False

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        dated = str(self.dated) if self.dated else None
        return {"version": self.version, "dated": dated, "days": self.days, "old": self.old}

    def __str__(self) -> str:
        if self.days is None:
            return "Time zone data: this machine does not say of which release."
        age = f"Time zone data: {self.version}, at least {self.days} day{'s' * (self.days != 1)} old."
        update = " Update the package tzdata of this machine, then start serve again."
        return age + update * self.old


def zone_data(now: datetime, old_days: int = OLD_DAYS) -> ZoneData:
    """Of the folder that Python looks up time zones in, else of the package `tzdata`."""
    version, file = _of_folder() or _of_package() or ("", None)
    year = int(version[:4] or 0)
    if file is None or not year:
        return ZoneData()
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
    dated = written if written.year == year else min(date(year, 12, 31), now.date())
    days = (now.date() - dated).days
    return ZoneData(version=version, dated=dated, days=days, old=days > old_days)


def _of_folder() -> tuple[str, Path | None] | None:
    """Python takes the first folder that has the zone; `tzdata.zi` and `+VERSION` say of which release."""
    for folder in map(Path, zoneinfo.TZPATH):
        if not (folder / "UTC").is_file():
            continue
        for name in ("tzdata.zi", "+VERSION"):
            file = folder / name
            if file.is_file():
                with file.open(encoding="ascii", errors="replace") as text:
                    if found := re.search(r"\b(\d{4}[a-z])\b", text.readline()):
                        return found[1], file
        return "", None
    return None


def _of_package() -> tuple[str, Path | None] | None:
    try:
        found = distribution("tzdata")
    except PackageNotFoundError:
        return None
    year, _, number = found.version.partition(".")
    letter = LETTERS[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(LETTERS) else ""
    return f"{year}{letter}", Path(str(found.locate_file(""))) if year.isdecimal() else None
