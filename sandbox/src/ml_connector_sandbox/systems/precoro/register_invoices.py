"""The invoices of the demo company: every status and kind, and what suppliers print on paper.

`_bill` is an invoice of June 2026 by its supplier, number and day; lines are text, net, account and tax.
"""

from __future__ import annotations

from typing import Any

from ml_connector_sandbox.core.vendor import Json

HIGH, LOW, ZERO, NONE = "21% High", "9% Low", "0% Zero-rated", "No VAT"
SERVICES, GOODS, IMPORT = "0% Reverse charge EU services", "0% Reverse charge EU goods", "0% Import"
HOLLAND, BELGIUM = "Noordkade Handel B.V.", "Noordkade Belgium BV"
PDF = (("invoice.pdf", 48_200),)
LONG = "2026/RE-00000000000000000000004711"
"""A number of 34 characters; its twin differs in the last three."""
Line = tuple[str, str, str, str | tuple[str, ...]]


def _bill(supplier: str, number: str | None, day: str, *lines: Line, **more: Any) -> Json:
    unit = more.pop("unit", None)
    rows = [
        {
            "text": text,
            "price": net,
            "tax": tax,
            "codes": {"account": account, **({"cost_unit": unit} if unit else {})},
        }
        for text, net, account, tax in lines
    ]
    return {
        "supplier": supplier,
        "number": number,
        "issued": f"2026-{day}",
        "entity": HOLLAND,
        "location": "RTM",
        "term": "30 days",
        "codes": {"cost_center": "FIN"},
        "status": "approved",
        "files": list(PDF),
        "lines": rows,
        **more,
    }


def _center(code: str, project: str | None = None) -> Json:
    return {"cost_center": code, **({"project": project} if project else {})}


INVOICES: tuple[Json, ...] = (
    _bill(
        "S0001", "KP-26-0417", "06-02", ("Paper and toner", "184.35", "4100", HIGH), codes=_center("SALES")
    ),
    _bill(
        *("S0002", "RE-2026-118", "06-03"),
        ("Steel racks", "12480.00", "0210", GOODS),
        ("Assembly on site", "1960.50", "4400", SERVICES),
        codes=_center("OPSWH", "P100"),
        files=[("invoice.pdf", 61_004), ("invoice.pdf", 9_350), ("Lieferschein #7.pdf", 20_110)],
    ),
    _bill(
        "S0003",
        "TN 778.120",
        "06-01",
        ("Lines and internet June", "642.13", "4120", HIGH),
        codes=_center("IT"),
    ),
    _bill(
        *("S0004", "R-77", "06-01"),
        ("Rent June", "8250.00", "4200", HIGH),
        location="UTR",
        codes=_center("OPS"),
    ),
    _bill(
        *("S0004", "R-77", "07-01"),
        ("Rent July", "8250.00", "4200", HIGH),
        location="UTR",
        codes=_center("OPS"),
    ),
    _bill(
        "S0005",
        "GS/2026/06/91",
        "06-05",
        ("Electricity May", "2317.88", "4210", HIGH),
        codes=_center("OPSWH"),
    ),
    # One cent more VAT than the rate gives: the supplier rounded line by line.
    _bill(
        *("S0006", "2026-0061", "06-08"),
        ("Cleaning week 22", "37.50", "4220", HIGH),
        ("Cleaning week 23", "12.50", "4220", HIGH),
        stated={HIGH: "10.51"},
    ),
    # Two rates, one cent up and one down: the total fits either way.
    _bill(
        *("S0007", "HL-5521", "06-09"),
        ("Meeting room", "100.00", "4310", HIGH),
        ("Lunch", "100.00", "4310", LOW),
        stated={HIGH: "21.01", LOW: "8.99"},
        codes=_center("SALES"),
    ),
    _bill(
        *("S0007", "HL-5534", "06-11"),
        ("Room, stay in February 2026", "412.84", "4310", LOW),
        ("Breakfast", "33.03", "4310", LOW),
        ("City tax", "14.20", "4310", NONE),
        codes=_center("SALES"),
    ),
    _bill("S0008", "3411", "06-04", ("Freight Rotterdam", "690.00", "4320", HIGH), codes=_center("OPSTR")),
    _bill("S0008", "0034-11", "06-05", ("Freight Rotterdam", "690.00", "4320", HIGH), codes=_center("OPSTR")),
    _bill(
        *("S0009", "PD20260611", "06-11"),
        ("Pallets, 60 pieces", "684.00", "4100", HIGH),
        order="501",
        codes=_center("OPSWH"),
    ),
    _bill("S0010", "D-2026-31", "06-12", ("Audit 2025, first part", "14500.00", "4410", HIGH)),
    _bill(
        *("S0010", "D-2026-32", "06-12"),
        ("Advice, shared", "3000.00", "4400", HIGH),
        split=[
            {"percent": 50, "codes": {"cost_center": "FIN"}},
            {"percent": 30, "codes": {"cost_center": "SALES"}},
            {"percent": 20, "codes": {"cost_center": "IT"}},
        ],
    ),
    # Thirds: cents are left over in net and in VAT.
    _bill(
        *("S0011", "ANZ 26/88", "06-15"),
        ("Fees", "100.00", "4400", HIGH),
        stated={HIGH: "21.01"},
        split=[{"percent": 1, "codes": {"cost_center": code}} for code in ("FIN", "IT", "SALES")],
    ),
    _bill("S0012", "OP-1207", "06-15", ("Training, exempt", "1850.00", "4600", NONE), codes=_center("IT")),
    _bill(
        *("S0013", "POL-88-2026", "06-16"),
        ("Insurance 2026-11 to 2027-10", "4800.00", "1350", NONE),
        codes={"cost_center": "FIN", "period": "2026-11-01/2027-10-31"},
    ),
    _bill("S0014", "1001", "06-16", ("Leaflets", "100.00", "4420", HIGH), codes=_center("SALES")),
    _bill(
        *("S0014", "1001", "06-18"),
        ("Leaflets, returned", "100.00", "4420", HIGH),
        kind=1,
        allocated="1001",
        codes=_center("SALES"),
    ),
    _bill("S0015", "1001", "06-17", ("Posters", "240.00", "4420", HIGH), codes=_center("SALES")),
    _bill(
        *("S0016", "F26-3301", "06-17"),
        ("Coffee beans 1,200 kg", "98400.00", "7000", GOODS),
        currency="SEK",
        rate="0.0921",
        unit="U01",
        codes=_center("OPS"),
    ),
    _bill(
        "S0017", LONG[:-3] + "711", "06-18", ("Spare parts", "318.20", "0210", GOODS), codes=_center("OPSWH")
    ),
    _bill(
        "S0017", LONG[:-3] + "712", "06-18", ("Spare parts", "88.10", "0210", GOODS), codes=_center("OPSWH")
    ),
    _bill("S0018", "B-4", "06-18", ("Catering", "96.30", "4310", SERVICES), codes=_center("SALES")),
    _bill(
        *("S0019", "WB-2026-0099", "06-19"),
        ("Licences June", "1000.00", "4110", SERVICES),
        files=[("../../etc/rechnung.pdf", 11_200), ("é" * 200 + ".pdf", 5_000)],
        codes=_center("IT"),
    ),
    _bill(
        *("S0020", "G 4/26", "06-19"), ("Pepper", "2210.40", "7000", GOODS), unit="U03", codes=_center("OPS")
    ),
    _bill(
        *("S0021", "AL260777", "06-22"),
        ("Storage June", "3120.00", "4320", HIGH),
        entity=BELGIUM,
        location="ANR",
        codes=_center("OPSWH", "P300"),
    ),
    _bill(
        *("S0022", "2026-06/15", "06-22"),
        ("Brochures", "510.00", "4420", "6% BE"),
        entity=BELGIUM,
        location="ANR",
        codes=_center("SALES"),
    ),
    _bill(
        *("S0023", "BS-88", "06-23"), ("Bookkeeping", "775.25", "4400", HIGH), entity=BELGIUM, location="ANR"
    ),
    _bill(
        "S0024", "FAC-0071", "06-23", ("Coffee", "1432.99", "7000", GOODS), unit="U01", codes=_center("OPS")
    ),
    _bill(
        *("S0027", "BH-10082", "06-24"),
        ("Green coffee", "33.33", "7000", IMPORT),
        ("Green coffee", "33.33", "7000", IMPORT),
        ("Green coffee", "33.33", "7000", IMPORT),
        currency="USD",
        rate="0.90",
        unit="U01",
        codes=_center("OPS"),
    ),
    _bill(
        *("S0028", "CN-2026-6", "06-24"),
        ("Hosting June", "1000.00", "4110", SERVICES),
        currency="USD",
        rate="0.92",
        payments=[("1000.00", "2026-06-25T10:00:00", "card")],
        codes=_center("IT"),
    ),
    _bill(
        *("S0029", "TT/119", "06-24"),
        ("Tea", "860.00", "7000", IMPORT),
        currency="GBP",
        rate="1.1712",
        unit="U02",
        codes=_center("OPS"),
    ),
    _bill("S0030", "NA", "06-25", ("Taxi", "16.97", "4300", LOW), term="14 days", codes=_center("SALES")),
    _bill("S0030", None, "06-25", ("Taxi", "16.97", "4300", LOW), term="14 days", codes=_center("SALES")),
    _bill(
        *("S0001", "KP-26-0455", "06-25"),
        ("Chairs", "1420.00", "4100", HIGH),
        payments=[("1000.00", "2026-07-02T09:00:00", "screen")],
    ),
    # Net, VAT, and a rounding of a cent that the supplier put under the total.
    _bill(
        "S0009",
        "PD20260625",
        "06-25",
        ("Straps", "21.23", "4100", HIGH),
        stated={HIGH: "4.25"},
        rounding="-0.01",
    ),
    _bill(
        *("S0031", "J-17", "06-26"),
        ("Roasting course", "480.00", "4600", SERVICES),
        files=[],
        codes=_center("SALES"),
    ),
    _bill("S0005", "GS/2026/07/12", "07-03", ("Electricity June", "2288.10", "4210", HIGH), status="pending"),
    _bill("S0003", "TN 780.004", "07-01", ("Lines and internet July", "642.13", "4120", HIGH), status="open"),
    _bill("S0008", "3477", "07-02", ("Freight Tilburg", "415.00", "4320", HIGH), status="denied"),
    _bill("S0012", "OP-1260", "07-02", ("Training", "650.00", "4600", NONE), status="awaiting_confirmation"),
    _bill(
        "S0010",
        "D-2026-40",
        "07-03",
        ("Audit 2025, second part", "9000.00", "4410", HIGH),
        status="on_revise",
    ),
    _bill("S0006", "2026-0070", "07-03", ("Cleaning week 26", "50.00", "4220", HIGH), status="canceled"),
    _bill("S0009", "PD20260703", "07-03", ("Pallets", "1140.00", "4100", HIGH), status="pending_receipt"),
    _bill("S0011", "ANZ 26/97", "07-03", ("Fees July", "2100.00", "4400", HIGH), status="approval_review"),
    _bill(
        *("S0013", "POL-12-2026", "06-10"),
        ("Transport insurance", "930.00", "4500", NONE),
        status="closed",
        payments=[("930.00", "2026-06-20T08:00:00", "screen")],
    ),
    _bill("S0019", "WB-2026-0120", "07-01", ("Licences July", "1000.00", "4110", SERVICES), waits=True),
    _bill("S0024", "AV-0009", "06-29", ("Coffee, claim", "143.30", "7000", GOODS), kind=5, unit="U01"),
    _bill(
        *("S0025", "2026-E-3", "06-29"),
        ("Saffron, expert's fee", "2000.00", "4400", SERVICES),
        files=[("scan-0001.pdf", 220_400), ("invoice.xml", 4_100)],
    ),
    _bill(
        "S0026",
        "4410",
        "06-30",
        ("Coffee", "15200.00", "7000", IMPORT),
        currency="NOK",
        rate="0.0853",
        unit="U01",
    ),
    _bill("S0020", "G 9/26", "06-30", ("Nutmeg, no account for it", "61.00", "4990", GOODS), unit="U03"),
    _bill("S0017", "RE 4712", "05-29", ("Repair", "845.00", "4400", SERVICES), codes={}, entity=None),
    _bill(*("S0011", "ANZ 26/99", "06-30"), ("Author's fee", "1000.00", "4400", (HIGH, "Withholding 10%"))),
    _bill(
        "S0032", "OL-1", "06-30", ("Last delivery", "77.70", "4100", "21% High (old)"), codes=_center("OLD")
    ),
    # A credit that the supplier printed as an invoice of less than nothing.
    _bill(
        *("S0014", "1002-C", "06-19"), ("Leaflets, discount", "-100.00", "4420", HIGH), codes=_center("SALES")
    ),
)
ORDERS: tuple[Json, ...] = (
    _bill("S0009", None, "06-01", ("Pallets, 60 pieces", "684.00", "4100", HIGH)),
    _bill("S0002", None, "05-11", ("Steel racks", "12480.00", "0210", GOODS), status="pending"),
)
EXPENSES: tuple[Json, ...] = (
    _bill("S0030", "E-1", "06-20", ("Taxi to the airport", "45.87", "4300", LOW)),
    _bill("S0007", "E-2", "06-21", ("Dinner", "54.13", "4310", LOW), status="pending"),
)
