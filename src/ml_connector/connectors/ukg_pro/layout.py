"""How a general-ledger file is laid out, as data. UKG lets each customer build the export, so there is no
standard, only three to start from: `shipped_layouts`.
"""

from __future__ import annotations

import codecs
from typing import Literal

import msgspec

from ml_connector.connectors.ukg_pro.amounts import Numbers

Kind = Literal[
    "company",
    "account",
    "pay_group",
    "pay_date",
    "period_start",
    "period_end",
    "period_control",
    "run_kind",
    "run_number",
    "debit",
    "credit",
    "amount",
    "side",
    "pay_code",
    "org_level_1",
    "org_level_2",
    "org_level_3",
    "org_level_4",
    "cost_center",
    "location",
    "project",
    "job_code",
    "ignore",
]
AXES = (
    "org_level_1",
    "org_level_2",
    "org_level_3",
    "org_level_4",
    "cost_center",
    "location",
    "project",
    "job_code",
)
Once = Literal["line", "head", "trailer", "file_name"]


class LayoutError(ValueError):
    """The layout cannot be read."""


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One column: what it means, and where it is.

    `name` finds it in the header line, `index` (from 0) in a delimited line without one, `start` (from 0) and
    `length` in a fixed one. A value that the file has once has a `value` instead, or is taken `from` the
    head, the trailer or the file's name, where the layout's expression has a group of this kind. `decimals`
    is for amounts in minor units: `2` reads 0000000445847 as 4458.47. `numbers` are this column's own.
    """

    kind: Kind
    name: str = ""
    index: int | None = None
    start: int | None = None
    length: int | None = None
    value: str = ""
    source: Once = msgspec.field(default="line", name="from")
    date_format: str = "%Y-%m-%d"
    decimals: int | None = None
    numbers: Numbers | None = None

    @property
    def title(self) -> str:
        """What a person calls the column."""
        if self.source != "line":
            return f"{self.kind} from the {self.source.replace('_', ' ')}"
        return self.name or (
            f"column {self.index + 1}"
            if self.index is not None
            else f"{self.kind} at {(self.start or 0) + 1}"
        )

    @property
    def span(self) -> tuple[int, int]:
        """Of a fixed line: the place of its first character, from 0, and the one behind its last."""
        start = self.start or 0
        return start, start + (self.length or 0)

    @property
    def per_line(self) -> bool:
        """Whether each line has a value of its own."""
        return not self.value and self.source == "line"


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole layout.

    `header_rows` are the lines before the postings; the last of them holds the titles, where columns have a
    `name`. `head` are expressions that each match once in those lines, `file_name` one that matches the
    file's name, `trailer` one that matches the last line: groups are named by kind, in the trailer also
    `rows`, `debit` and `credit`. A file without its trailer was cut off. Lines that `skip` matches as a whole
    are no postings.
    """

    columns: tuple[Column, ...]
    format: Literal["delimited", "fixed"] = "delimited"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header_rows: int = 0
    head: str | tuple[str, ...] = ()
    file_name: str = ""
    skip: str = ""
    trailer: str = ""
    amount: Literal["two_column", "signed", "dc_flag"] = "two_column"
    sign: Literal["debit_positive", "credit_positive"] = "debit_positive"
    debit_flag: str = "D"
    credit_flag: str = "C"
    numbers: Numbers = Numbers()
    account: Literal["whole", "segments"] = "whole"
    segment: int = 0
    segment_separator: str = "-"

    @property
    def heads(self) -> tuple[str, ...]:
        """The expressions for the head."""
        return tuple(filter(None, [self.head] if isinstance(self.head, str) else self.head))

    @property
    def has_titles(self) -> bool:
        """Whether columns are found by a line of titles."""
        return self.format == "delimited" and any(column.name for column in self.columns)

    def has(self, kind: str) -> bool:
        """Whether the layout has a column of that meaning."""
        return self.column(kind) is not None

    def column(self, kind: str) -> Column | None:
        """The column of that meaning, or `None`."""
        return next((column for column in self.columns if column.kind == kind), None)


def is_utf16(encoding: str) -> bool:
    """Whether this is one of the encodings with two bytes to a character."""
    return codecs.lookup(encoding).name.startswith("utf-16")
