"""Source lines of a block as the database keeps them: two packed texts, about ten bytes a line.

kinds     a kind a line, as JSON: company, account, currency, dimensions, pay code, side, above zero
columns   a head as JSON and a line end; then the numbers of the kinds (4 bytes each), the amounts in minor
          units (8 bytes each) and the source's numbers for the lines (8 bytes each), low byte first, or
          its names for them as JSON
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ml_connector.domain.dimension import Dimension
from ml_connector.domain.payroll import Distribution, Kind, Lines
from ml_connector.errors import NotSent

LEVEL = 1
"""Of compression: an eighth of the time of the most thorough one, for the same size within a tenth."""
_ASIDE = "\x1f"


class _Head(msgspec.Struct, frozen=True):
    rows: int
    prefix: str
    numbered: bool


_HEAD = msgspec.json.Decoder(_Head)
_KIND = msgspec.json.Decoder(tuple[str, str, str, tuple[tuple[str, str], ...], str | None, str, bool])


class Packed:
    """The lines of a block, packed and with their hash."""

    __slots__ = ("columns", "kinds", "sha256")

    def __init__(self, lines: Lines) -> None:
        kinds, columns = b"\n".join(map(kind_text, lines.kinds)), _columns(lines)
        self.sha256 = sha256(kinds, columns)
        self.kinds, self.columns = zlib.compress(kinds, LEVEL), zlib.compress(columns, LEVEL)


def sha256(kinds: bytes, columns: bytes) -> str:
    """Hash of lines that are not packed."""
    return hashlib.sha256(b"%d\n%b%b" % (len(kinds), kinds, columns)).hexdigest()


def sha256_before(rows: Sequence[Distribution]) -> str:
    """Hash of the same lines as it was made while each stood in a row of its own."""
    found = hashlib.sha256()
    for row in rows:
        codes = _ASIDE.join(f"{value.axis}={value.code}" for value in row.dimensions)
        amount = row.amount
        line = (row.company, row.account, amount.minor, amount.currency, codes, row.pay_code, row.origin)
        found.update(msgspec.json.encode((*line, row.side)))
    return found.hexdigest()


def kind_text(kind: Kind) -> bytes:
    """As it stands in `kinds`: one line, the same for the same kind."""
    company, account, currency, dimensions, pay_code, side, positive = kind
    codes = tuple((value.axis, value.code) for value in dimensions)
    return msgspec.json.encode((company, account, currency, codes, pay_code, side, positive))


@lru_cache(maxsize=65_536)
def read_kind(text: bytes) -> Kind:
    """The kind that stands there so."""
    company, account, currency, codes, pay_code, side, positive = _KIND.decode(text)
    dimensions = tuple(Dimension(*code) for code in codes)
    return company, account, currency, dimensions, pay_code, side, positive


def unpacked(kinds: bytes, columns: bytes) -> tuple[bytes, bytes]:
    """Both as they were before they were packed. Raises `NotSent` where that cannot be done."""
    try:
        return zlib.decompress(kinds), zlib.decompress(columns)
    except zlib.error as error:
        raise damaged() from error


def read(kinds: bytes, columns: bytes) -> Lines:
    """The lines. Raises `NotSent` for what cannot be read as such."""
    try:
        head_text, _, rest = columns.partition(b"\n")
        head = _HEAD.decode(head_text)
        numbers, minors = (
            _array("I", rest[: 4 * head.rows]),
            _array("q", rest[4 * head.rows : 12 * head.rows]),
        )
        names = rest[12 * head.rows :]
        origins: Any = _array("q", names) if head.numbered else msgspec.json.decode(names, type=list[str])
        found = [read_kind(text) for text in kinds.split(b"\n")] if kinds else []
    except (ValueError, msgspec.DecodeError) as error:
        raise damaged() from error
    if {len(numbers), len(minors), len(origins)} != {head.rows} or max(numbers, default=-1) >= len(found):
        raise damaged()
    return Lines(prefix=head.prefix, kinds=found, numbers=numbers, minors=minors, origins=origins)


def damaged() -> NotSent:
    """What is said of lines that cannot be read."""
    text = (
        "Stored source lines cannot be read: somebody changed the database, or its disk is damaged. Nothing"
        " was sent because of it. An administrator restores a backup, or cancels the run and reads the pay"
        " run again."
    )
    return NotSent(text, where="database", code="lines.damaged")


def _columns(lines: Lines) -> bytes:
    numbered = isinstance(lines.origins, array)
    head = msgspec.json.encode(_Head(rows=len(lines), prefix=lines.prefix, numbered=numbered))
    names = _bytes(lines.origins) if isinstance(lines.origins, array) else msgspec.json.encode(lines.origins)
    return b"%b\n%b%b%b" % (head, _bytes(lines.numbers), _bytes(lines.minors), names)


def _bytes(column: array[int]) -> bytes:
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


def _array(code: str, content: bytes) -> array[int]:
    found = array(code)
    found.frombytes(content)
    if sys.byteorder == "big":
        found.byteswap()
    return found
