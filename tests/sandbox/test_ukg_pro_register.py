"""The payroll register: what is read, and what is refused in words a payroll clerk can act on."""

from __future__ import annotations

import os
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.systems.ukg_pro.register import (
    COLUMNS,
    RegisterError,
    made_register,
    read_register,
    write_register,
)
from ml_connector_sandbox.systems.ukg_pro.register_text import cents_of

GOOD = "W1,FIN,Finance,Ledger,Fulltime-Regular,52000.00,52000.00,1300.00,2001-09"


def _file(tmp_path: Path, *lines: str, header: str = ",".join(COLUMNS)) -> Path:
    path = tmp_path / "register.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def _refusal(path: Path) -> str:
    with pytest.raises(RegisterError) as caught:
        read_register(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_made_register_is_the_same_every_time_and_survives_a_file(tmp_path):
    """Two offices, 240 workers, one department of one; writing it and reading it back changes nothing."""
    workers = made_register(seed=1)
    write_register(tmp_path / "made.csv", workers)

    assert workers == made_register(seed=1)
    assert workers != made_register(seed=2)
    assert workers == read_register(tmp_path / "made.csv")
    assert (
        len(workers),
        len({worker.division for worker in workers}),
        sum(worker.department_code == "BOSLEG" for worker in workers),
    ) == (240, 2, 1)


def test_amounts_are_read_in_cents(tmp_path):
    """A correction can make overtime negative; one decimal is tens of cents."""
    worker = read_register(
        _file(tmp_path, GOOD, "W2,FIN,Finance,Ledger,Fulltime-Regular,1,10.5,-2222.85,2001-09")
    )[1]

    assert (worker.annual_salary, worker.gross_paid, worker.overtime_paid) == (100, 1_050, -222_285)


def test_columns_may_stand_in_any_order_and_others_beside_them(tmp_path):
    """Only the names in the first line count."""
    path = _file(
        tmp_path, "x," + ",".join(reversed(GOOD.split(","))), header="extra," + ",".join(reversed(COLUMNS))
    )

    assert read_register(path)[0].department_code == "FIN"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            GOOD.replace("52000.00", "1e400", 1),
            "annual_salary_usd '1e400' on line 2 is not an amount like 84512.07",
        ),
        (GOOD.replace("1300.00", "NaN"), "overtime_paid_usd 'NaN' on line 2 is not an amount"),
        (
            GOOD.replace("1300.00", "1234567890123456789.01"),
            "overtime_paid_usd '1234567890123456789.01' on line 2",
        ),
        (GOOD.replace("1300.00", "1.005"), "overtime_paid_usd '1.005' on line 2"),
        (GOOD.replace("1300.00", ""), "overtime_paid_usd '' on line 2"),
        (GOOD.replace("2001-09", "09/2001"), "hired_month '09/2001' on line 2 is not a month like 2001-09"),
        (GOOD.replace("FIN", "", 1), "department_code is empty on line 2"),
        (GOOD + ",more", "line 2 has 10 fields, the header has 9"),
        (GOOD + "\n" + GOOD, "worker 'W1' stands there twice, on lines 2 and 3"),
        (GOOD.replace("1300.00", '"1,300"'), "overtime_paid_usd '1,300' on line 2"),
        (GOOD.replace("1300.00", "1_300"), "overtime_paid_usd '1_300' on line 2"),
        (GOOD.replace("1300.00", "١٣"), "overtime_paid_usd '١٣' on line 2"),
        (GOOD.replace("W1", "1E+05"), "worker '1E+05' on line 2 is what a spreadsheet made of a code"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, expected):
    """The refusal names the field, the value and the line."""
    assert expected in _refusal(_file(tmp_path, line))


def test_a_missing_column_is_named(tmp_path):
    """Without gross there is nothing to pay."""
    assert "the column gross_paid_usd is missing" in _refusal(
        _file(tmp_path, GOOD, header=",".join(COLUMNS).replace("gross_paid_usd", "gross"))
    )


def test_text_whose_letters_are_not_certain_is_named_by_line(tmp_path):
    """An export in an old code page fails at the line with the first letter that could be another one."""
    path = tmp_path / "register.csv"
    for encoding in ("cp850", "mac-roman"):
        path.write_bytes(
            (",".join(COLUMNS) + "\n" + GOOD + "\n").encode()
            + GOOD.replace("Finance", "Båro").encode(encoding)
        )

        assert "line 3 is not UTF-8 (byte 0x" in _refusal(path)


@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), (";", "utf-8-sig"), (",", "utf-8")]
)
def test_a_register_is_read_as_a_spreadsheet_saves_it(tmp_path, separator, encoding):
    """Its separator, its encoding, a decimal comma, groups of digits, rows and columns of nothing."""
    amounts = (
        ["52000,00", "52.000,00", "(1 300,5)"]
        if separator != ","
        else ["52000.00", '"$52,000.00"', "1300.50-"]
    )
    cells = [*GOOD.replace("Finance", "Økonomi").split(",")[:5], *amounts, "2001-09", "", ""]
    lines = [separator.join([*COLUMNS, "", ""]).upper(), separator.join(cells), separator * 10, ""]
    path = tmp_path / "register.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))

    (worker,) = read_register(path)

    assert ("Økonomi", 5_200_000, 5_200_000, -130_050) == (
        worker.department_name,
        worker.annual_salary,
        worker.gross_paid,
        worker.overtime_paid,
    )


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("84512.07", 8_451_207),
        ("84512,07", 8_451_207),
        ("84,512.07", 8_451_207),
        ("84.512,07", 8_451_207),
        ("1.084.512,7", 108_451_270),
        ("84 512,07", 8_451_207),
        ("84'512.07", 8_451_207),
        ("-5", -500),
        ("\u22125.10", -510),
        ("5.10-", -510),
        ("(5.10)", -510),
        ("$(5.10)", -510),
        ("-$5.10", -510),
        ("$5.10", 510),
        ("84,512", None),
        ("84.512", None),
        ("84,512,07", None),
        ("8,4512.07", None),
        ("1234567890123", None),
        ("--5", None),
        ("", None),
        ("-", None),
    ],
)
def test_an_amount_is_read_where_it_has_one_reading(text, cents):
    """84,512 is a thousand in one country and three decimals in another."""
    assert cents == cents_of(text)


def test_a_title_that_stands_twice_is_named(tmp_path):
    """The later one would have won, without a word."""
    header = ",".join([*COLUMNS, "Gross_Paid_USD"])

    assert "the title gross_paid_usd stands twice, in columns 7 and 10" in _refusal(
        _file(tmp_path, GOOD + ",1.00", header=header)
    )


def test_a_workbook_is_no_register(tmp_path):
    path = tmp_path / "register.csv"
    path.write_bytes(b"PK\x03\x04")

    assert "is a workbook" in _refusal(path)


def test_an_empty_file_and_no_file_are_refused(tmp_path):
    """Neither is a payroll."""
    (tmp_path / "empty.csv").write_text("")

    assert "is empty" in _refusal(tmp_path / "empty.csv")
    assert "names no worker" in _refusal(_file(tmp_path))
    assert "cannot be opened" in _refusal(tmp_path / "none.csv")


def test_any_register_makes_a_balanced_run_by_the_written_formula():
    """Totals worked out here with decimals equal those of the simulated run; `ML_CONNECTOR_REGISTER` names a
    real file.
    """
    given = os.environ.get("ML_CONNECTOR_REGISTER")
    workers = read_register(Path(given)) if given else made_register(seed=1)
    run = UkgWorld(register=given).vendor.books()["runs"][0]

    def cents(value: Decimal) -> Decimal:
        return value.quantize(Decimal("0.01"), ROUND_HALF_UP)

    gross = [cents(Decimal(worker.gross_paid) / 100 / 26) for worker in workers]
    tax, pension = [cents(g * Decimal("0.18")) for g in gross], [cents(g * Decimal("0.04")) for g in gross]
    expected = {
        "gross": str(sum(gross)),
        "deductions": str(sum(pension)),
        "employee_taxes": str(sum(tax)),
        "employer_taxes": str(sum(cents(g * Decimal("0.0765")) for g in gross)),
        "net": str(sum(gross) - sum(tax) - sum(pension)),
    }
    assert expected == run["totals"]
