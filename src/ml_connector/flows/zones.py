"""In which time zone the days of a legal entity begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector.domain.lists import pairs
from ml_connector.flows.flow import PolicyError

UTC = "UTC"
OTHERS = ""
"""The legal entity that stands for all that have no zone of their own."""


def read_zones(text: str) -> dict[str, ZoneInfo]:
    """Legal entity → zone, from one zone for all or `entity=zone` pairs. Raises `PolicyError`."""
    if "=" not in text:
        return {OTHERS: _zone(text.strip() or UTC)}
    read = pairs(text)
    if read.broken or read.repeated:
        wrong = (*read.broken, *read.repeated)[0]
        raise PolicyError(f"zones has {wrong!r}; expected legal entity=zone pairs, each entity once")
    return {OTHERS: _zone(UTC), **{entity: _zone(name) for entity, name in read.found.items()}}


def today(zones: Mapping[str, ZoneInfo], entity: str, now: datetime) -> date:
    """The day that it is in the legal entity."""
    return now.astimezone(zones.get(entity, zones[OTHERS])).date()


def days(zones: Mapping[str, ZoneInfo], entities: Iterable[str], now: datetime) -> list[str]:
    """The day that it is in each of these legal entities and in all others."""
    return [f"{entity} {today(zones, entity, now)}" for entity in sorted({OTHERS, *entities})]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PolicyError(f"zones has {name!r}; expected the name of a time zone, as Europe/Oslo") from None
