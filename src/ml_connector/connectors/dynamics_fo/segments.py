"""The account with its dimensions as one text, in the format that is active for integrations.

    format      MainAccount-Department-CostCenter      delimiter   -
    601100, cost center LINE-7      →  601100--LINE\\-7

The format is one for the whole environment, and any user with the right can change it. The vendor drops
segments beyond the format without an error, so every segment is written, and a dimension that the format
lacks is refused. Backslashes inside codes and doubled delimiters are refused too: it is not known how the
vendor reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ml_connector.connectors.dynamics_fo.wire import YES, IntegrationFormat
from ml_connector.domain.dimension import Dimensions, code_on, dimensions
from ml_connector.domain.journal import JournalLine
from ml_connector.domain.problem import Problem
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.errors import VendorChanged

MAIN_ACCOUNT = "MainAccount"
LEDGER_FORMAT, DEFAULT_FORMAT = "DataEntityLedgerDimensionFormat", "DataEntityDefaultDimensionFormat"
_SINGLE = {"Hyphen": "-", "Period": ".", "Underscore": "_", "Bar": "|", "Tilde": "~"}
DELIMITERS = {**_SINGLE, **{f"Double{name}": text * 2 for name, text in _SINGLE.items()}}
SETUP = (
    "General ledger > Chart of accounts > Dimensions > Financial dimension configuration for integrating"
    " applications"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionFormat:
    """The active format: dimension names in order, and the delimiter. `problem` says why nothing can be
    written in it.
    """

    names: tuple[str, ...]
    delimiter: str
    problem: Problem | None = None


def delimiter_of(name: str) -> str:
    """The delimiter of this name. Raises `VendorChanged` for an unknown one."""
    delimiter = DELIMITERS.get(name.removeprefix("Delimiter"), "")
    if not delimiter:
        raise VendorChanged(
            f"The delimiter of dimensions is {name!r}, which is not a known one.", where="DimensionParameters"
        )
    return delimiter


def active_format(formats: Iterable[IntegrationFormat], delimiter_name: str) -> DimensionFormat:
    """The active format for ledger accounts."""
    delimiter = delimiter_of(delimiter_name)
    found = [
        row.FinancialDimensionFormat
        for row in formats
        if row.DimensionFormatType == LEDGER_FORMAT and row.IsActive == YES
    ]
    if len(found) != 1:
        text = f"No dimension format for ledger accounts is active. Activate one under {SETUP}."
        return DimensionFormat(
            names=(), delimiter=delimiter, problem=Problem("format.missing", "dimension format", text)
        )
    names = tuple(name.strip() for name in found[0].split(delimiter))
    problem = None
    if MAIN_ACCOUNT not in names:
        text = (
            f"The active dimension format {found[0]!r} has no {MAIN_ACCOUNT} between its delimiters"
            f" {delimiter!r}. Correct it under {SETUP}."
        )
        problem = Problem("format.main_account", "dimension format", text)
    return DimensionFormat(names=names, delimiter=delimiter, problem=problem)


def default_format(formats: Iterable[IntegrationFormat], delimiter_name: str) -> DimensionFormat:
    """The active format for default dimensions, which has no main account."""
    delimiter = delimiter_of(delimiter_name)
    found = [
        row.FinancialDimensionFormat
        for row in formats
        if row.DimensionFormatType == DEFAULT_FORMAT and row.IsActive == YES
    ]
    if len(found) == 1:
        names = tuple(name.strip() for name in found[0].split(delimiter))
        return DimensionFormat(names=names, delimiter=delimiter)
    text = f"No dimension format for default dimensions is active. Activate one under {SETUP}."
    problem = Problem("format.missing", "dimension format", text)
    return DimensionFormat(names=(), delimiter=delimiter, problem=problem)


def spelled(axes: Mapping[str, str], dimension_format: DimensionFormat) -> dict[str, str]:
    """The axes with the names of dimensions as the format writes them, which a person may write in other
    letters; a name that the format lacks stays as it is.
    """
    found = {
        axis: vendor_spelling(name, dimension_format.names, what="dimension") for axis, name in axes.items()
    }
    return {axis: name if isinstance(name, str) else axes[axis] for axis, name in found.items()}


def problems(
    lines: Iterable[JournalLine], dimension_format: DimensionFormat, axes: Mapping[str, str]
) -> Iterator[Problem]:
    """What the format cannot hold of an entry's lines: each dimension and each code once, at the first line
    that has it.

    The caller reports axes that this connection does not have.
    """
    told: set[tuple[str, str]] = set()
    for number, line in enumerate(lines if dimension_format.problem is None else (), 1):
        for axis, code in [
            ("", line.account),
            *((value.axis, value.code) for value in line.dimensions if value.axis in axes),
        ]:
            name = axes[axis] if axis else MAIN_ACCOUNT
            if name not in dimension_format.names and (name, "") not in told:
                told.add((name, ""))
                text = (
                    f"The active dimension format has no {name}, so {code} and every other {axis} would be"
                    " dropped. "
                )
                yield Problem(
                    "dimension.format",
                    f"line {number}",
                    text + f"Add {name} under {SETUP}, or clear the {axis} in the mapping.",
                )
            held = unsure(code, dimension_format.delimiter)
            if held and (name, code) not in told:
                told.add((name, code))
                text = (
                    f"The code {code!r} of {name} holds {held}; it may be read back as another code. Map it"
                    " to another code."
                )
                yield Problem("dimension.delimiter", f"line {number}", text)


def unsure(code: str, delimiter: str) -> str:
    """What in the code may be read as something else; empty for nothing."""
    if "\\" in code:
        return "a backslash"
    return (
        f"{delimiter[0]!r}, of which the delimiter {delimiter!r} is made"
        if len(delimiter) > 1 and delimiter[0] in code
        else ""
    )


def display_value(line: JournalLine, dimension_format: DimensionFormat, axes: Mapping[str, str]) -> str:
    """The text of account and dimensions, every segment of the format written. Called for lines without
    problems only.
    """
    codes = {axes[value.axis]: code_on(value.axis, line.dimensions) or "" for value in line.dimensions}
    codes[MAIN_ACCOUNT] = line.account
    return dimension_format.delimiter.join(
        codes.get(name, "").replace(dimension_format.delimiter, "\\" + dimension_format.delimiter)
        for name in dimension_format.names
    )


def read_display_value(
    text: str, dimension_format: DimensionFormat, axes: Mapping[str, str]
) -> tuple[str, Dimensions]:
    """Account and dimensions of a display value; trailing blanks may be missing. A dimension that is on no
    axis keeps the vendor's name.

    Raises `VendorChanged` for more segments than the format has.
    """
    parts = split(text, dimension_format.delimiter)
    if len(parts) > len(dimension_format.names):
        said = (
            f"The account {text!r} has more segments than the active dimension format"
            f" {dimension_format.delimiter.join(dimension_format.names)!r}."
        )
        raise VendorChanged(
            f"{said} The format may have been changed after the entry was written.",
            where="AccountDisplayValue",
        )
    codes = dict(zip(dimension_format.names, parts, strict=False))
    account = codes.pop(MAIN_ACCOUNT, "")
    axis_of = {name: axis for axis, name in axes.items()}
    return account, dimensions({axis_of.get(name, name): code for name, code in codes.items()})


def default_codes(text: str, dimension_format: DimensionFormat) -> dict[str, str]:
    """Dimension → code of default dimensions, empty for none. Raises `VendorChanged`."""
    parts = _padded(text, dimension_format)
    return dict(zip(dimension_format.names, map(_unescaped, parts), strict=True))


def exchanged(text: str, dimension_format: DimensionFormat, codes: Mapping[str, str]) -> str:
    """The text of default dimensions with these codes, every segment written; the others to the letter as
    they were. Raises `VendorChanged`.
    """
    parts, delimiter = _padded(text, dimension_format), dimension_format.delimiter
    for name, code in codes.items():
        parts[dimension_format.names.index(name)] = code.replace(delimiter, "\\" + delimiter)
    return delimiter.join(parts)


def _padded(text: str, dimension_format: DimensionFormat) -> list[str]:
    """The segments as they are written, those included that are left out because they are blank."""
    parts, names = _raw(text, dimension_format.delimiter), dimension_format.names
    if len(parts) > len(names):
        raise VendorChanged(
            f"The dimensions {text!r} have more segments than the active dimension format"
            f" {dimension_format.delimiter.join(names)!r}.",
            where="DimensionDisplayValue",
        )
    return [*parts, *[""] * (len(names) - len(parts))]


def split(text: str, delimiter: str) -> list[str]:
    """The segments, with escapes undone."""
    return [_unescaped(part) for part in _raw(text, delimiter)]


def _unescaped(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL).strip()


def _raw(text: str, delimiter: str) -> list[str]:
    """The segments as they are written."""
    pattern = re.compile(rf"((?:\\.|(?!{re.escape(delimiter)})[^\\])*)({re.escape(delimiter)}|$)", re.DOTALL)
    parts, at = [], 0
    while True:
        found = pattern.match(text, at)
        if found is None:
            raise VendorChanged(
                f"The account {text!r} ends in a lone backslash.", where="AccountDisplayValue"
            )
        parts.append(found[1])
        if not found[2]:
            return parts
        at = found.end()
