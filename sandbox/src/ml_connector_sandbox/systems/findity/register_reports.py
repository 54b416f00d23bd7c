"""What people of the demo company spent, and the exports that wait from the start: one in each grouping
that has accounts of costs.
"""

from __future__ import annotations

from typing import Any

from ml_connector_sandbox.core.vendor import Json

BELGIUM = "Noordkade Belgium BV"
CARD = "Company card"
ANOUK, BRAM, CHANTAL, DAAN, ESRA = (
    *("Anouk de Vries", "Bram O'Connor", "Chantal Söhne", "Daan van den Berg", "Esra Yılmaz"),
)
GREET, HUGO = "Greet Peeters", "Hugo Lambert"
PDF = [("receipt.pdf", 3_000)]
CENTER, UNIT, PROJECT = "Cost center", "Cost unit", "Project"


def _bought(day: int, text: str, category: str, amount: str, vat: str | None = "2", **more: Any) -> Json:
    """A receipt of June."""
    basics = {"date": f"2026-06-{day:02d}", "text": text, "category": category, "amount": amount}
    return {**basics, "vat": vat, "merchant": text.partition(",")[0], "files": PDF, **more}


def _driven(day: int, distance: str, *places: str, round_trip: bool = False, **more: Any) -> Json:
    """A drive with one's own car, at what is free of tax in 2026."""
    way = {"distance": distance, "rate": "0.23", "places": list(places), "round_trip": round_trip}
    basics = {"type": "mileage", "date": f"2026-06-{day:02d}", "category": "Mileage"}
    return {**basics, "text": " - ".join(places), "mileage": way, **more}


def _away(day: int, text: str, days: str, rate: str, deducted: str = "0", **more: Any) -> Json:
    """Days away at a fixed sum."""
    told = {"days": days, "rate": rate, "deducted": deducted, "country": more.get("country", "NL")}
    basics = {"type": "per_diem", "date": f"2026-06-{day:02d}", "category": "Per diem"}
    return {**basics, "text": text, "per_diem": told, **more}


REPORTS: tuple[Json, ...] = (
    {
        "user": ANOUK,
        "title": "Customers in Groningen",
        "approved_at": "2026-06-18T09:12:00",
        "expenses": [
            _bought(
                11,
                "Hotel De Ploeg, one night with breakfast",
                "Hotel",
                "177.90",
                lines=[
                    {"amount": "145.20", "vat": "2"},
                    {"amount": "32.70", "vat": "4", "category": "Meals"},
                ],
                codes={CENTER: "SALES"},
                files=[("hotel.pdf", 48_000)],
            ),
            _driven(
                11, "190", "Utrecht", "Groningen", round_trip=True, codes={CENTER: "SALES", PROJECT: "P200"}
            ),
            _bought(
                11, "Café Noord, dinner", "Meals", "32.70", "0", paid_by=CARD, files=[("dinner.jpg", 21_000)]
            ),
        ],
    },
    {
        "user": BRAM,
        "title": "Fair in Chicago",
        "approved_at": "2026-06-19T15:40:00",
        "expenses": [
            _bought(
                8,
                "Lakeside Inn, three nights",
                "Hotel",
                "640.80",
                "0",
                currency="USD",
                rate="0.9204",
                country="US",
            ),
            _bought(9, "Yellow Cab", "Travel", "38.25", "0", currency="USD", rate="0.9204", country="US"),
            _away(8, "Chicago, three days, one lunch included", "3", "68.00", "14.00", country="US"),
            _bought(
                7, "Schiphol, parking", "Travel", "84.70", files=[("parking.pdf", 2_500), ("slip.jpg", 900)]
            ),
        ],
    },
    {
        "user": CHANTAL,
        "title": "Course bookkeeping",
        "approved_at": "2026-06-20T08:05:00",
        "expenses": [
            _bought(
                15,
                "Opleiders, course",
                "Training",
                "1210.00",
                lines=[
                    {"amount": "605.00", "codes": {CENTER: "FIN"}},
                    {"amount": "605.00", "codes": {CENTER: "IT"}},
                ],
            ),
            _bought(
                15, "Broodje, lunch", "Meals", "11.85", "0", missing_receipt="Lost on the train", files=[]
            ),
            _bought(16, "Boekhandel, returned book", "Training", "-24.53", "4"),
        ],
    },
    {
        "user": DAAN,
        "title": "Warehouse tools",
        "approved_at": "2026-06-21T11:00:00",
        "expenses": [
            _bought(
                12, "Bouwmaat, gloves", "Office supplies", "36.37", vat_amount="6.32", codes={CENTER: "OPSWH"}
            ),
            _bought(12, "Bouwmaat, tape", "Office supplies", "9.99", codes={CENTER: "OPSWH", UNIT: "U01"}),
            _bought(13, "Praxis, lamp", "Office supplies", "45.01", paid_by=CARD),
        ],
    },
    {
        "user": ESRA,
        "title": "Software June",
        "approved_at": "2026-06-22T10:30:00",
        "expenses": [
            _bought(2, "Figma, seats", "Software", "90.75", paid_by=CARD, codes={CENTER: "IT"}),
            _bought(3, "Sentry, plan", "Software", "26.00", "0", paid_by=CARD, currency="USD", rate="0.9310"),
        ],
    },
    {
        "user": ESRA,
        "title": "Telephone June",
        "approved_at": "2026-06-22T10:31:00",
        "expenses": [_bought(21, "KPN, subscription", "Telephone", "35.09", codes={CENTER: "IT"})],
    },
    {
        "user": ANOUK,
        "title": "Customers in Zwolle",
        "approved_at": "2026-06-23T09:00:00",
        "expenses": [
            _driven(17, "92", "Utrecht", "Zwolle", "Utrecht", codes={CENTER: "SALES"}),
            _bought(17, "De Librije, lunch", "Meals", "61.04", "0", codes={CENTER: "SALES"}),
        ],
    },
    {
        "user": ANOUK,
        "title": "Customers in Breda",
        "approved_at": "2026-06-24T09:00:00",
        "expenses": [
            _driven(18, "73.5", "Utrecht", "Breda", codes={CENTER: "SALES"}),
            _bought(18, "NS, back by train", "Travel", "18.53", "4", codes={CENTER: "SALES"}),
        ],
    },
    {
        "user": BRAM,
        "title": "London in a day",
        "approved_at": "2026-06-24T16:20:00",
        "expenses": [
            _bought(22, "Eurostar", "Travel", "171.50", "0", currency="GBP", rate="1.1742", country="GB"),
            _bought(22, "Pret, sandwich", "Meals", "7.45", "0", currency="GBP", rate="1.1742", country="GB"),
            _bought(23, "Fruit at work", "Food benefit", "12.34", None, type="food_benefit"),
        ],
    },
    {
        "user": CHANTAL,
        "title": "Auditor's visit",
        "approved_at": "2026-06-25T13:00:00",
        "expenses": [
            _bought(23, "Bakker Bart, lunch", "Meals", "88.17", "0", files=[("../bon.pdf", 1_200)]),
            _bought(
                23, "Bakker Bart, cake", "Meals", "23.98", "4", files=[("bon.pdf", 1_300), ("bon.pdf", 1_400)]
            ),
        ],
    },
    {
        "user": DAAN,
        "title": "Antwerp by car",
        "approved_at": "2026-06-26T07:55:00",
        "expenses": [
            _driven(24, "98", "Rotterdam", "Antwerpen", round_trip=True),
            _away(24, "Antwerpen, a day", "1", "41.27", country="BE"),
        ],
    },
    {
        "user": ESRA,
        "title": "New keyboard",
        "approved_at": "2026-06-26T12:00:00",
        "expenses": [_bought(25, "Coolblue, keyboard", "Office supplies", "129.99", paid_by=CARD)],
    },
    {
        "organization": BELGIUM,
        "user": GREET,
        "title": "Customers in Gent",
        "approved_at": "2026-06-26T14:00:00",
        "expenses": [
            _bought(18, "Hotel Gravensteen", "Hotel", "153.70", "5"),
            _bought(18, "NMBS", "Travel", "21.20", "5", codes={CENTER: "SALES"}),
        ],
    },
    {
        "organization": BELGIUM,
        "user": GREET,
        "title": "Customers in Luik",
        "approved_at": "2026-06-27T14:00:00",
        "expenses": [
            _bought(25, "Hotel Meuse", "Hotel", "142.04", "5"),
            _driven(25, "119", "Antwerpen", "Luik"),
        ],
    },
    {
        "organization": BELGIUM,
        "user": HUGO,
        "title": "Phone case",
        "approved_at": "2026-06-28T14:00:00",
        "expenses": [_bought(26, "Fnac, case", "Telephone", "24.99", paid_by=CARD)],
    },
    {
        "user": BRAM,
        "title": "Not yet approved",
        "status": "submitted",
        "expenses": [_bought(27, "Albert Heijn, coffee", "Meals", "13.70", "4")],
    },
    {"user": CHANTAL, "title": "Being written", "status": "draft", "expenses": []},
)
EXPORTS: tuple[Json, ...] = (
    {"grouping": "REPORT_PER_EXPENSE", "reports": ["Customers in Groningen", "Fair in Chicago"]},
    {"grouping": "REPORT_PER_ACCOUNT", "reports": ["Course bookkeeping"]},
    {"grouping": "USER_PER_EXPENSE", "reports": ["Software June", "Telephone June"]},
    {"grouping": "USER_PER_ACCOUNT", "reports": ["Customers in Zwolle", "Customers in Breda"]},
    {"grouping": "EXPENSE", "reports": ["Warehouse tools"]},
)
"""Made before the client was connected."""
