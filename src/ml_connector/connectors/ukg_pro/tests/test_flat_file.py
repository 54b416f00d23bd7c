"""Claims about files: the three shipped layouts, layouts of one's own, and what a broken file is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from typing import Any, cast

import pytest

from ml_connector.connectors.ukg_pro import CONNECTOR
from ml_connector.connectors.ukg_pro.layout import LayoutError
from ml_connector.connectors.ukg_pro.read_layout import read_layout
from ml_connector.contract.payroll import problems_of, rows_of, side_total
from ml_connector.domain.dimension import code_on
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, Refused

Make = Callable[..., Any]
HEADER = "CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,Description,Debit,Credit\n"
LINE = "HTC01,BIWEEK,202607031,2026-07-03,5100,BOSIT,,Payroll,4458.47,0.00\n"


def written(world: Any, content: bytes) -> str:
    """The reference of a file with this content, the only one there."""
    for path in world.folder.iterdir():
        path.unlink()
    (world.folder / "export.csv").write_bytes(content)
    (found,) = (ref.reference for ref in world.source.pay_runs(date(2000, 1, 1)))
    return found


def refused(world: Any, content: bytes) -> Problem:
    """Why the file, the only one there, is set aside; asked for by its reference, it is refused with the
    same.
    """
    for path in world.folder.iterdir():
        path.unlink()
    (world.folder / "export.csv").write_bytes(content)
    assert () == world.source.pay_runs(date(2000, 1, 1))
    (found,) = world.source.set_aside()
    with pytest.raises(Refused) as caught:
        world.source.pay_run(sha256(content).hexdigest())
    assert (found.code, found.where) == (caught.value.problem.code, caught.value.problem.where)
    return cast(Problem, found)


def problem(world: Any, line: str) -> Problem:
    """What is wrong with the line, the second of a file."""
    reference = written(world, (HEADER + line + LINE).encode())
    (found,) = problems_of(world.source, reference)
    return found


@pytest.mark.parametrize("layout", ["L1", "L2", "L3"])
def test_shipped_layouts_read_the_run_to_the_cent(make_flat_file: Make, layout: str) -> None:
    """Each layout gives the rows, accounts and org levels that the payroll has."""
    world = make_flat_file(layout)
    expected, rows = world.expected(world.newest()), rows_of(world.source, world.newest())

    assert (expected.rows, expected.debit) == (len(rows), side_total(rows, debit=True))
    assert (rows[0].account, code_on("org_level_1", rows[0].dimensions)) == ("5100", "BOSIT")


def test_negative_debit_keeps_its_column(make_flat_file: Make) -> None:
    """Where the file has a column for each side, a void lessens the debits."""
    world = make_flat_file("L1")
    source, reference = world.void()

    assert world.expected(reference).debit == side_total(rows_of(source, reference), debit=True)


def test_same_file_is_the_same_run(make_flat_file: Make) -> None:
    """Delivered again under another name, it is one run still; with a byte changed it is another, and the
    first is gone.
    """
    world = make_flat_file("L1")
    first = written(world, (HEADER + LINE).encode())
    (world.folder / "again.csv").write_bytes((HEADER + LINE).encode())
    assert [first] == [ref.reference for ref in world.source.pay_runs(date(2000, 1, 1))]

    written(world, (HEADER + LINE + LINE).encode())
    with pytest.raises(NotFound):
        world.source.pay_run(first)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (LINE.replace("4458.47", "4.458,47"), "row.columns", ("number of columns is 11", "10 columns")),
        (LINE.replace("4458.47", "4458.4x"), "amount.unreadable", ("Debit is 4458.4x", "1234.56")),
        (LINE.replace("4458.47", "1e400"), "amount.unreadable", ("Debit is 1e400",)),
        (LINE.replace("4458.47", "NaN"), "amount.unreadable", ("Debit is NaN",)),
        (
            LINE.replace("4458.47", "1234567890123456789"),
            "amount.invalid",
            ("1234567890123456789", "18 digits"),
        ),
        (LINE.replace("4458.47", "1.0051"), "amount.invalid", ("1.0051", "decimals")),
        (
            LINE.replace("4458.47", "1.234"),
            "amount.unreadable",
            ("Debit is 1.234", "has 2 decimals", '"numbers": {"grouping": ".", "decimal_mark": ","}'),
        ),
        (LINE.replace("4458.47,0.00", "4458.47,1.00"), "amount.both_sides", ("4458.47 and 1.00",)),
        (LINE.replace("4458.47,0.00", ","), "amount.missing", ("Debit, Credit is empty",)),
        (LINE.replace(",5100,", ",,"), "row.account", ("GLAccount is empty",)),
        (LINE.replace("2026-07-03", "03.07.2026"), "row.date", ("PayDate is 03.07.2026", "%Y-%m-%d")),
        (LINE.replace("2026-07-03", "2026-7-3"), "row.date", ("8 characters", "needs 10", "%Y-%-m-%-d")),
        (LINE.replace("4458.47", "1_000"), "amount.unreadable", ("Debit is 1_000",)),
        (LINE.replace("4458.47", "١٢"), "amount.unreadable", ("Debit is ١٢",)),
        (LINE.replace("4458.47", "4.000"), "amount.unreadable", ("Debit is 4.000", "thousands", "layout")),
    ],
)
def test_bad_line_is_a_problem_with_its_number(
    make_flat_file: Make, line: str, code: str, words: tuple[str, ...]
) -> None:
    """The problem names line, column, value and remedy."""
    found = problem(make_flat_file("L1"), line)

    assert (code, True) == (found.code, "line 2: " in found.where)
    assert [word for word in (*words, "write the file again") if word not in found.text] == []


def test_bad_file_is_refused_as_a_whole(make_flat_file: Make) -> None:
    """Encoding, header, quotes and periods concern the whole file; the text says where."""
    world = make_flat_file("L1")
    latin = (HEADER + LINE.replace("Payroll", "Löhne")).encode("latin-1")

    found = refused(world, latin)
    assert ("file.encoding", True) == (found.code, "Line 2 is not utf-8 at byte" in found.text)
    assert "for example cp1252" in found.text
    found = refused(world, (HEADER.replace("GLAccount", "Account") + LINE).encode())
    assert ("file.column", True) == (found.code, "no column GLAccount" in found.text)
    assert "file.quotes" == refused(world, (HEADER + LINE.replace("Payroll", '"Payroll')).encode()).code
    assert "file.empty" == refused(world, HEADER.encode()).code
    assert "file.empty" == refused(world, b"").code
    found = refused(world, (HEADER + LINE + LINE.replace("2026-07-03", "2026-07-10")).encode())
    assert ("run.ambiguous", True) == (found.code, "2026-07-03, 2026-07-10" in found.text)
    assert "file.line" == refused(world, (HEADER + "x" * 200_000).encode()).code


def test_byte_order_mark_is_no_part_of_the_first_column(make_flat_file: Make) -> None:
    """Spreadsheets write one."""
    world = make_flat_file("L1")

    assert len(rows_of(world.source, written(world, ("\ufeff" + HEADER + LINE).encode()))) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("T|1516|", "T|1517|"), "file.totals"),
        (lambda text: text.replace("|4458.47|", "|4458.48|", 1), "file.totals"),
        (lambda text: "".join(text.splitlines(keepends=True)[:-1]), "file.trailer"),
        (lambda text: text + text.splitlines(keepends=True)[0], "file.trailer"),
    ],
)
def test_trailer_is_compared(make_flat_file: Make, change: Callable[[str], str], code: str) -> None:
    """Rows and both sums of the trailer are those of the lines; a file without its trailer was cut off."""
    world = make_flat_file("L2")
    source, reference = world.case(change)

    with pytest.raises(Refused) as caught:
        source.pay_run(reference)
    assert code == caught.value.problem.code


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("L9", "neither one of L1, L2, L3"),
        ('{"columns": []}', "company, account, pay_date, debit, credit"),
        ('{"columns": [{"kind": "salary"}]}', "salary"),
        ('{"columns": [], "colour": 1}', "colour"),
        ('{"like": ["L1"]}', "like is ['L1'], expected one of L1, L2, L3"),
        ('{"like": {}}', "like is {}, expected one of"),
        (
            '{"like": "L1", "encoding": "undefined"}',
            ("encoding is 'undefined', which is not an encoding that a file"),
        ),
        ("[" * 100_000, "neither one of L1, L2, L3 nor a layout"),
    ],
)
def test_bad_layout_says_why(layout: str, words: str) -> None:
    """The text names what is missing or unknown, and the settings are refused with it."""
    with pytest.raises(LayoutError) as caught:
        read_layout(layout)
    assert words in str(caught.value)
    problems = CONNECTOR.check_settings(
        {"source": "flat_file", "file_path": "/srv/gl", "file_layout": layout}, False
    )
    assert ["setting.layout"] == [found.code for found in problems]


@pytest.mark.parametrize(
    "change",
    [
        {"encoding": "utf-32"},
        {"encoding": "cp037"},
        {"encoding": "x"},
        {"trailer": "("},
        {"trailer": "(?P<sum>x)"},
        {"delimiter": ""},
        {"encoding": "undefined"},
        {"encoding": "idna"},
        {"encoding": "utf\0"},
        {"header_rows": 100000000000000000000},
        {"header_rows": 1001},
        {"amount": "dc_flag", "debit_flag": "C"},
    ],
)
def test_layout_that_cannot_work_is_refused(change: dict[str, Any]) -> None:
    """Before any file is read."""
    columns = [
        {"kind": kind, "index": place}
        for place, kind in enumerate(("company", "account", "pay_date", "debit", "credit"))
    ]
    assert read_layout(json.dumps({"columns": columns}))

    with pytest.raises(LayoutError):
        read_layout(json.dumps({"columns": columns, **change}))
