"""The payroll register a simulated payroll is seeded from: one row per worker and year.

`read_register` takes any CSV file with `COLUMNS`; `made_register` makes one of a trading company with two
offices. Amounts are whole cents.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from ml_connector_sandbox.systems.ukg_pro.register_text import cents_of, rows_of, text_of

COLUMNS = (
    "worker",
    "department_code",
    "department_name",
    "division",
    "assignment_category",
    "annual_salary_usd",
    "gross_paid_usd",
    "overtime_paid_usd",
    "hired_month",
)
CATEGORIES = ("Fulltime-Regular", "Parttime-Regular")
WORKERS_MAX = 1_000_000

_DAMAGED = re.compile(r"#\S+|[0-9](?:[.,][0-9]+)?E\+[0-9]+")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class RegisterError(ValueError):
    """The payroll register cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker's year; the amounts in cents of USD."""

    worker: str
    department_code: str
    department_name: str
    division: str
    assignment_category: str
    annual_salary: int
    gross_paid: int
    overtime_paid: int
    hired_month: str


def load_register(
    path: Path | None, seed: int, workers: int = 0, made: Callable[[int], tuple[Worker, ...]] | None = None
) -> tuple[Worker, ...]:
    """The register at `path`, or a made one; only its first `workers` rows when that is not 0.

    `made` makes it from the seed for a scenario with departments of its own (its `made_workers`); else the
    trading company's is taken.
    """
    if path is None:
        return (made(seed) if made else made_register(seed=seed))[: workers or None]
    return read_register(path)[: workers or None]


def read_register(path: Path) -> tuple[Worker, ...]:
    """Every worker of the file, in its order. RegisterError names the field, the value and the line."""

    def refuse(why: str) -> RegisterError:
        return RegisterError(f"{path}: {why}")

    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(f"cannot be opened ({error.strerror})") from error
    rows = rows_of(text_of(data, refuse), COLUMNS, refuse)
    _, titles = next(rows, (0, None))
    if titles is None:
        raise refuse(f"is empty; its first line must name the columns {', '.join(COLUMNS)}")
    header = [title.lower() for title in titles]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise refuse(f"the column {', '.join(missing)} is missing; line 1 has {', '.join(titles)}")
    for place, name in enumerate(header):
        if name and header.index(name) != place:
            raise refuse(
                f"the title {name} stands twice, in columns {header.index(name) + 1} and {place + 1}"
            )
    return _checked(path, [(line, _worker(path, line, header, row)) for line, row in rows])


def _worker(path: Path, line: int, header: Sequence[str], row: Sequence[str]) -> Worker:
    if len(row) < len(header) or any(row[len(header) :]):
        raise RegisterError(f"{path}: line {line} has {len(row)} fields, the header has {len(header)}")
    cells = dict(zip(header, row, strict=False))
    for name in ("worker", "department_code"):
        if not cells[name]:
            raise RegisterError(f"{path}: {name} is empty on line {line}")
        if _DAMAGED.fullmatch(cells[name]):
            raise RegisterError(
                f"{path}: {name} {cells[name]!r} on line {line} is what a spreadsheet made of a code; format"
                " the column as text"
            )
    if not _MONTH.fullmatch(cells["hired_month"]):
        raise RegisterError(
            f"{path}: hired_month {cells['hired_month']!r} on line {line} is not a month like 2001-09"
        )
    return Worker(
        worker=cells["worker"],
        department_code=cells["department_code"],
        department_name=cells["department_name"],
        division=cells["division"],
        assignment_category=cells["assignment_category"],
        annual_salary=_cents(path, line, "annual_salary_usd", cells),
        gross_paid=_cents(path, line, "gross_paid_usd", cells),
        overtime_paid=_cents(path, line, "overtime_paid_usd", cells),
        hired_month=cells["hired_month"],
    )


def _cents(path: Path, line: int, name: str, cells: dict[str, str]) -> int:
    cents = cents_of(cells[name])
    if cents is None:
        raise RegisterError(
            f"{path}: {name} {cells[name]!r} on line {line} is not an amount like 84512.07, at most 12 digits"
            " and two decimals, or has two readings"
        )
    return cents


def _checked(path: Path, found: Sequence[tuple[int, Worker]]) -> tuple[Worker, ...]:
    if not found:
        raise RegisterError(f"{path}: names no worker")
    if len(found) > WORKERS_MAX:
        raise RegisterError(f"{path}: has {len(found)} workers, at most {WORKERS_MAX} are taken")
    seen: dict[str, int] = {}
    for line, worker in found:
        if seen.setdefault(worker.worker, line) != line:
            raise RegisterError(
                f"{path}: worker {worker.worker!r} stands there twice, on lines {seen[worker.worker]} and"
                f" {line}"
            )
    return tuple(worker for _, worker in found)


def write_register(path: Path, workers: Sequence[Worker]) -> None:
    """Write `workers` as a CSV file that `read_register` reads back the same."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        lines = csv.writer(handle, lineterminator="\n")
        lines.writerow(COLUMNS)
        for worker in workers:
            values = [getattr(worker, item.name) for item in fields(worker)]
            lines.writerow([_text(value) if isinstance(value, int) else value for value in values])


def _text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


Department = tuple[str, str, int, int, int, bool]
"""Code, name, place among the divisions, share of the head count, yearly salary in whole units, and whether
overtime is paid.
"""
OFFICES = ("Boston office", "Houston office")
DEPARTMENTS: tuple[Department, ...] = (
    ("BOSADM", "Administration Boston", 0, 5, 64_000, False),
    ("BOSBUY", "Purchasing Boston", 0, 9, 71_000, False),
    ("BOSFIN", "Finance", 0, 8, 83_000, False),
    ("BOSHR", "People", 0, 4, 76_000, False),
    ("BOSIT", "Information Technology", 0, 7, 92_000, True),
    ("BOSLEG", "Legal", 0, 0, 148_000, False),
    ("BOSMKT", "Marketing", 0, 6, 72_000, False),
    ("BOSSAL", "Sales East", 0, 18, 78_000, False),
    ("BOSWHS", "Warehouse Boston", 0, 21, 46_000, True),
    ("HOUADM", "Administration Houston", 1, 3, 61_000, False),
    ("HOUBUY", "Purchasing Houston", 1, 6, 69_000, False),
    ("HOUCUS", "Customs and Freight", 1, 7, 66_000, True),
    ("HOUSAL", "Sales South", 1, 15, 77_000, False),
    ("HOUSRV", "Customer Service", 1, 11, 52_000, True),
    ("HOUTRK", "Transport", 1, 12, 55_000, True),
    ("HOUWHS", "Warehouse Houston", 1, 24, 45_000, True),
)


def made_register(
    workers: int = 240,
    seed: int = 0,
    departments: Sequence[Department] = DEPARTMENTS,
    divisions: Sequence[str] = OFFICES,
) -> tuple[Worker, ...]:
    """A trading company with two offices, or another with these departments; the same arguments give the same
    register.

    Each department has at least one worker while there are enough; one with share 0 is a department of one.
    """
    dice = random.Random(f"register {seed}")
    order = list(range(len(departments)))
    shares = [index for index, department in enumerate(departments) for _ in range(department[3])]
    places = (order + [shares[dice.randrange(len(shares))] for _ in range(max(0, workers - len(order)))])[
        :workers
    ]
    dice.shuffle(places)
    return tuple(
        _made(number, departments[place], divisions, dice) for number, place in enumerate(places, start=1)
    )


def _made(number: int, department: Department, divisions: Sequence[str], dice: random.Random) -> Worker:
    code, name, office, _, salary, has_overtime = department
    parttime = dice.randrange(100) < 12
    annual = salary * 100 * (80 + dice.randrange(60)) // 100 + dice.randrange(100)
    annual = annual // 2 if parttime else annual
    overtime = (
        annual * dice.randrange(140) // 1000 + dice.randrange(100)
        if has_overtime and dice.randrange(3)
        else 0
    )
    return Worker(
        worker=f"W{number:05d}",
        department_code=code,
        department_name=name,
        division=divisions[office],
        assignment_category=CATEGORIES[int(parttime)],
        annual_salary=annual,
        gross_paid=annual + overtime + (dice.randrange(300_000) if dice.randrange(4) == 0 else 0),
        overtime_paid=overtime,
        hired_month=f"{2003 + dice.randrange(22)}-{1 + dice.randrange(12):02d}",
    )
