"""A Norwegian company with four plants: a biweekly payroll in NOK and the Visma.net ledger it is to be booked
in.

The payroll knows departments; the ledger codes each line with a subaccount of two segments, department and
plant, and the wages of the departments that work on a project with that project and its task. Account numbers
differ on purpose; `booking` is the truth about which belongs to which, and `line_dimensions` about everything
else a line must carry.

    payroll 5100 BERTUR  ──booking──►  company FJORD, account 5000, subaccount BERTUR-BER,
                                       project P2601, task 10
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scenario import Booking
from ml_connector_sandbox.systems.ukg_pro.register import Department, Worker, load_register, made_register

TITLE = "Fjordverk Industri AS"
CURRENCY = "NOK"

COMPANY_CODE = "FJV01"
COMPANY_ID = "4T7QN"
PAY_GROUP = "BIWEEK"
PERIOD_END = date(2026, 6, 26)
PERIOD_DAYS = 14
PAY_DATE_DAYS_AFTER = 7
"""The newest pay period: its last day, its length, and how long after it the money moves."""

LEDGER_SLUG = "visma_net"
LEDGER_COMPANY = "FJORD"
LEDGER_CODE = "1"
ENTITY_OF = {COMPANY_CODE: LEDGER_COMPANY}
ACCOUNT_OF = {
    "5100": "5000",
    "5110": "5010",
    "5200": "5400",
    "2210": "2600",
    "2220": "2650",
    "2230": "2770",
    "2290": "2930",
}
"""Payroll account to GL account."""
booking = Booking(ENTITY_OF, ACCOUNT_OF)
EXPENSES = ("5100", "5110", "5200")
"""The payroll accounts whose lines carry a project where the department has one."""

WORKERS = 320
PLANTS = {
    "OSL": "Hovedkontor Oslo",
    "BER": "Verft Bergen",
    "STV": "Verksted Stavanger",
    "TRD": "Støperi Trondheim",
}
"""The plant of a department is the first three letters of its code."""
PROJECT_OF = {"BERTUR": ("P2601", "10"), "STVTUR": ("P2601", "20"), "TRDVND": ("P2602", "10")}
"""The project and task the whole of a department works on."""
EXTRA_ORG_LEVELS: tuple[tuple[str, str], ...] = ()
FAULTS: tuple[dict[str, Any], ...] = ()
"""Fault rules a host loads into the ledger's wire at the start."""
SWITCHES: dict[str, dict[str, Any]] = {}
"""Switches per system slug that this scenario needs."""

_DIVISIONS = tuple(PLANTS.values())
_DEPARTMENTS: tuple[Department, ...] = (
    ("OSLADM", "Administrasjon", 0, 5, 690_000, False),
    ("OSLFIN", "Økonomi", 0, 6, 780_000, False),
    ("OSLHR", "Personal", 0, 3, 740_000, False),
    ("OSLIT", "IT", 0, 5, 860_000, True),
    ("OSLJUR", "Juridisk", 0, 0, 1_150_000, False),
    ("OSLSAL", "Salg", 0, 9, 790_000, False),
    ("BERADM", "Kontor Bergen", 1, 3, 620_000, False),
    ("BERSKR", "Skrogbygging", 1, 26, 560_000, True),
    ("BERPIP", "Rørverksted", 1, 17, 575_000, True),
    ("BERTUR", "Revisjonsstans Mongstad", 1, 14, 640_000, True),
    ("STVADM", "Kontor Stavanger", 2, 3, 625_000, False),
    ("STVMEK", "Mekanisk verksted", 2, 22, 570_000, True),
    ("STVTUR", "Revisjonsstans Kårstø", 2, 12, 645_000, True),
    ("TRDADM", "Kontor Trondheim", 3, 2, 615_000, False),
    ("TRDFOU", "Støperi", 3, 20, 555_000, True),
    ("TRDLAG", "Lager", 3, 8, 520_000, True),
    ("TRDVND", "Vindturbinfundament", 3, 11, 600_000, True),
)
_PAYROLL_ACCOUNTS = (
    ("2600", "Forskuddstrekk", "Liability"),
    ("2650", "Trukket pensjon", "Liability"),
    ("2770", "Skyldig arbeidsgiveravgift", "Liability"),
    ("2930", "Skyldig lønn", "Liability"),
    ("5000", "Lønn til ansatte", "Expense"),
    ("5010", "Overtid", "Expense"),
    ("5400", "Arbeidsgiveravgift", "Expense"),
)
_ORDINARY_ACCOUNTS = (
    # first code, how many, what, type
    (1000, 12, "Immaterielle eiendeler", "Asset"),
    (1200, 14, "Maskiner og anlegg", "Asset"),
    (1400, 10, "Varelager", "Asset"),
    (1900, 8, "Bank", "Asset"),
    (2000, 10, "Egenkapital", "Liability"),
    (2700, 12, "Merverdiavgift", "Liability"),
    (3000, 18, "Salgsinntekt", "Income"),
    (4000, 16, "Varekjøp", "Expense"),
    (6000, 24, "Lokaler og utstyr", "Expense"),
    (7000, 20, "Reise og transport", "Expense"),
    (8000, 10, "Finans", "Income"),
)


def payroll_scale(position: int) -> int:
    """What the workers of the run `position` places before the newest were paid, in ten-thousandths of the
    newest run.
    """
    return 10_000 - position * 37 % 1_009


def made_workers(seed: int, workers: int = WORKERS) -> tuple[Worker, ...]:
    """The register of this company when none is given."""
    return made_register(workers, seed, _DEPARTMENTS, _DIVISIONS)


def plant_of(department: str) -> str:
    """The plant segment a department belongs to; departments of another register belong to the head
    office.
    """
    return department[:3] if department[:3] in PLANTS else "OSL"


def line_dimensions(account: str, org_level_1: str) -> dict[str, str]:
    """What else the line of a payroll account and department carries, by axis."""
    project = PROJECT_OF.get(org_level_1) if account in EXPENSES else None
    named = {"project": project[0], "project_task": project[1]} if project else {}
    return {"cost_center": org_level_1, "plant": plant_of(org_level_1), "branch": "1", **named}


def ledger_visma_net(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:
    """What the ledger holds before anything is booked, as plain data."""
    workers = load_register(Path(register) if register else None, seed, made=made_workers)
    departments = {worker.department_code: worker.department_name for worker in workers}
    departments.update(EXTRA_ORG_LEVELS)
    longest = max([6, *(len(code) for code in departments)])
    if longest > 20:
        raise ValueError("department_code: a segment of a subaccount has at most 20 characters")
    return {
        "companies": [{"code": LEDGER_COMPANY, "title": TITLE, "currency": CURRENCY}],
        "currencies": currencies(),
        "ledgers": [
            {"code": LEDGER_CODE, "description": "Hovedbok"},
            {"code": "BUDSJETT", "description": "Budsjett", "balance_type": "Budget"},
        ],
        "branches": [
            {"code": "1", "title": TITLE, "main": True},
            {"code": "2", "title": "Fjordverk Verft"},
            {"code": "9", "title": "Nedlagt avdelingskontor", "active": False},
        ],
        "segments": [
            {
                "id": 1,
                "title": "Avdeling",
                "length": longest,
                "axis": "cost_center",
                "values": _values(departments),
            },
            {"id": 2, "title": "Anlegg", "length": 3, "axis": "plant", "values": _values(PLANTS)},
        ],
        "subaccounts": [
            *(
                {"values": [code, plant_of(code)], "description": name[:60]}
                for code, name in sorted(departments.items())
            ),
            {"values": ["GML1", "OSL"], "description": "Gammel avdeling", "active": False},
        ],
        "accounts": accounts(),
        "departments": [
            {"code": code[:10], "description": name[:60], "account": "5000"}
            for code, name in sorted(departments.items())
        ],
        "projects": projects(),
        "employees": [
            {
                "code": f"E{number:04d}",
                "first_name": first,
                "last_name": last,
                "email": f"e{number:04d}@fjordverk.example",
                "department": code[:10],
            }
            for number, (first, last, code) in enumerate(
                zip(_FIRST, _LAST, sorted(departments), strict=False), start=1
            )
        ],
        "periods": {
            "first_year": 2024,
            "years": 5,
            "closed": [f"{year}{month:02d}" for year in (2024, 2025) for month in range(1, 13)],
        },
        "vat_codes": [
            {"code": "0", "description": "Ingen mva-behandling", "percentage": "0"},
            {"code": "1", "description": "Inngående mva høy sats", "percentage": "25"},
            {"code": "3", "description": "Utgående mva høy sats", "percentage": "25"},
        ],
    }


_FIRST = (
    "Kari",
    "Ola",
    "Ingrid",
    "Lars",
    "Anne",
    "Per",
    "Marit",
    "Nils",
    "Liv",
    "Jon",
    "Berit",
    "Tor",
    "Solveig",
    "Geir",
    "Astrid",
    "Rolf",
)
_LAST = (
    "Dahl",
    "Haugen",
    "Berg",
    "Lie",
    "Moen",
    "Strand",
    "Vik",
    "Nygård",
    "Solheim",
    "Bakke",
    "Aas",
    "Eide",
    "Foss",
    "Ruud",
    "Tveit",
    "Ødegård",
)


def _values(names: dict[str, str]) -> list[dict[str, Any]]:
    rows = [{"code": code, "description": name[:60], "active": True} for code, name in sorted(names.items())]
    closed = {"GML1": "Gammel avdeling"} if "OSL" not in names else {"NAR": "Nedlagt anlegg Narvik"}
    return rows + [
        {"code": code, "description": name, "active": False}
        for code, name in closed.items()
        if code not in names
    ]


def currencies() -> list[dict[str, Any]]:
    """Kroner, and what is paid abroad, with the rate of the day; yen without and dinar with three
    decimals.
    """
    rows = (
        ("NOK", "Norske kroner", 2, None),
        ("EUR", "Euro", 2, "11.6350"),
        ("USD", "US dollar", 2, "10.1200"),
        ("SEK", "Svenske kroner", 2, "1.0480"),
    )
    odd = (("JPY", "Japanske yen", 0, "0.0681"), ("KWD", "Kuwaitiske dinarer", 3, "32.9000"))
    made = [
        {"code": code, "description": text, "decimals": decimals, "rate": rate}
        for code, text, decimals, rate in (*rows, *odd)
    ]
    return [{name: value for name, value in row.items() if value is not None} for row in made]


def accounts() -> list[dict[str, Any]]:
    """The chart: the payroll accounts, four nobody may post to by hand, and about 150 ordinary ones."""
    rows: list[dict[str, Any]] = [
        {"code": code, "description": text, "type": kind} for code, text, kind in _PAYROLL_ACCOUNTS
    ]
    rows.append({"code": "5099", "description": "Lønn, gammel konto", "type": "Expense", "active": False})
    rows.append(
        {
            "code": "1500",
            "description": "Kundefordringer",
            "type": "Asset",
            "control_module": "AR",
            "allow_manual_entry": False,
        }
    )
    rows.append(
        {
            "code": "2400",
            "description": "Leverandørgjeld",
            "type": "Liability",
            "control_module": "AP",
            "allow_manual_entry": False,
        }
    )
    rows.append({"code": "2980", "description": "Årets resultat", "type": "Liability", "year_result": True})
    for first, count, text, kind in _ORDINARY_ACCOUNTS:
        rows += [
            {"code": str(first + number), "description": f"{text} {number + 1}"[:30], "type": kind}
            for number in range(count)
        ]
    return sorted(rows, key=lambda row: str(row["code"]))


def projects() -> list[dict[str, Any]]:
    """Two projects people work on, one that is finished, one not yet active, and one the ledger does not
    see.
    """
    tasks = [
        {"code": "10", "description": "Mekanisk"},
        {"code": "20", "description": "Rør"},
        {"code": "90", "description": "Ferdig", "status": "Completed"},
    ]
    return [
        {"code": "P2601", "description": "Revisjonsstans 2026", "tasks": tasks},
        {"code": "P2602", "description": "Vindpark fundamenter", "tasks": tasks[:2]},
        {"code": "P2501", "description": "Revisjonsstans 2025", "status": "Completed", "tasks": tasks[:1]},
        {"code": "P2701", "description": "Planlagt utvidelse", "status": "Planned", "tasks": tasks[:1]},
        {"code": "P2603", "description": "Utvikling", "visible_in_gl": False, "tasks": tasks[:1]},
    ]
