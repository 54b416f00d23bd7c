"""Three layouts to start from, as they are or with keys of one's own: `{"like": "L1", "numbers": …}`.

L1  comma, header line   CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,
                         Description,Debit,Credit
L2  bar, no header       yyyymmdd|company|account segments joined by -|cost center|signed amount|
                         pay group|text, and a trailer with totals
L3  fixed width          company(5) account(25) cost center(10) date(8) D or C(1) amount in cents(13) text(30)
"""

from __future__ import annotations

from ml_connector.connectors.ukg_pro.layout import Column, Kind, Layout


def _columns(*titles: tuple[Kind, str]) -> tuple[Column, ...]:
    return tuple(Column(kind=kind, name=name) for kind, name in titles)


def _fixed(*widths: tuple[Kind, int]) -> tuple[Column, ...]:
    columns, start = [], 0
    for kind, length in widths:
        columns.append(
            Column(
                kind=kind,
                start=start,
                length=length,
                date_format="%Y%m%d",
                decimals=2 if kind == "amount" else None,
            )
        )
        start += length
    return tuple(columns)


_L1 = Layout(
    header_rows=1,
    columns=_columns(
        ("company", "CompanyCode"),
        ("pay_group", "PayGroup"),
        ("period_control", "PeriodControl"),
        ("pay_date", "PayDate"),
        ("account", "GLAccount"),
        ("org_level_1", "OrgLevel1"),
        ("org_level_2", "OrgLevel2"),
        ("ignore", "Description"),
        ("debit", "Debit"),
        ("credit", "Credit"),
    ),
)
_L2_KINDS: tuple[Kind, ...] = (
    "pay_date",
    "company",
    "account",
    "org_level_1",
    "amount",
    "pay_group",
    "ignore",
)
_L2 = Layout(
    delimiter="|",
    quote="",
    columns=tuple(
        Column(kind=kind, index=index, date_format="%Y%m%d") for index, kind in enumerate(_L2_KINDS)
    ),
    trailer=r"T\|(?P<rows>[0-9]+)\|(?P<debit>-?[0-9.]+)\|(?P<credit>-?[0-9.]+)",
    amount="signed",
    account="segments",
    segment=1,
)
_L3 = Layout(
    format="fixed",
    amount="dc_flag",
    columns=_fixed(
        ("company", 5),
        ("account", 25),
        ("org_level_1", 10),
        ("pay_date", 8),
        ("side", 1),
        ("amount", 13),
        ("ignore", 30),
    ),
)
SHIPPED = {"L1": _L1, "L2": _L2, "L3": _L3}


def shipped_as(layout: Layout) -> str:
    """The name of a layout that is used as it is shipped; empty for one of one's own."""
    return next((name for name, shipped in SHIPPED.items() if shipped is layout), "")
