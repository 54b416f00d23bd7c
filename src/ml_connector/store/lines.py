"""Source lines of a block as the database keeps them, in two packed texts: a few bytes a line.

    kinds     a kind a line, as JSON: company, account, currency, dimensions, pay code, side, above zero
    columns   a head as JSON and a line end; then the numbers of the kinds (4 bytes each), the amounts in
              minor units (8 bytes each) and the source's numbers for the lines (8 bytes each), low byte
              first, or its names for them as JSON

Numbers of kinds go on from the block before where the head says so: `known` is how many kinds it takes over
from there, and `kinds` are those that it adds.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ml_connector.domain.dimension import dimension
from ml_connector.domain.payroll import Distribution, GroupKey, GroupKeys, Lines
from ml_connector.errors import NotSent

LEVEL = 1
"""Of compression: an eighth of the time of the most thorough one, for the same size within a tenth."""
_ASIDE = "\x1f"


class Head(msgspec.Struct, frozen=True):
    """What stands before the columns."""

    rows: int
    prefix: str
    numbered: bool
    known: int = 0


_HEAD = msgspec.json.Decoder(Head)
_KIND = msgspec.json.Decoder(tuple[str, str, str, tuple[tuple[str, str], ...], str | None, str, bool])


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


def kinds_text(kinds: Iterable[GroupKey]) -> bytes:
    """Kinds as they are kept, not packed."""
    return b"".join(_kind_text(kind) + b"\n" for kind in kinds)


def columns_text(lines: Lines, known: int = 0) -> bytes:
    """Columns as they are kept, not packed, of lines that take over the first `known` of their kinds."""
    numbered = isinstance(lines.origins, array)
    head = msgspec.json.encode(Head(rows=len(lines), prefix=lines.prefix, numbered=numbered, known=known))
    names = _bytes(lines.origins) if isinstance(lines.origins, array) else msgspec.json.encode(lines.origins)
    return b"%b\n%b%b%b" % (head, _bytes(lines.numbers), _bytes(lines.minors), names)


def packed(text: bytes) -> bytes:
    """The text as it stands in the database."""
    return zlib.compress(text, LEVEL)


def unpacked(content: bytes) -> bytes:
    """The text as it was before it was packed. Raises `NotSent` where that cannot be done."""
    try:
        return zlib.decompress(content)
    except zlib.error as error:
        raise damaged() from error


def read_kinds(text: bytes) -> list[GroupKey]:
    """The kinds that a block adds. Raises `NotSent` for what cannot be read as such."""
    found = []
    try:
        for line in text.splitlines():
            company, account, currency, codes, pay_code, side, positive = _KIND.decode(line)
            dimensions = tuple(dimension(*code) for code in codes)
            found.append((company, account, currency, dimensions, pay_code, side, positive))
    except msgspec.DecodeError as error:
        raise damaged() from error
    return found


def read_head(columns: bytes) -> Head:
    """What stands before the columns. Raises `NotSent` for what cannot be read as such."""
    try:
        return _HEAD.decode(columns.partition(b"\n")[0])
    except msgspec.DecodeError as error:
        raise damaged() from error


def read(kinds: GroupKeys, columns: bytes) -> Lines:
    """The lines. Raises `NotSent` for what cannot be read as such."""
    head, rest = read_head(columns), columns.partition(b"\n")[2]
    try:
        numbers, minors = (
            _array("I", rest[: 4 * head.rows]),
            _array("q", rest[4 * head.rows : 12 * head.rows]),
        )
        names = rest[12 * head.rows :]
        origins: Any = _array("q", names) if head.numbered else msgspec.json.decode(names, type=list[str])
    except (ValueError, msgspec.DecodeError) as error:
        raise damaged() from error
    if {len(numbers), len(minors), len(origins)} != {head.rows}:
        raise damaged()
    if max(numbers, default=-1) >= len(kinds.known):
        raise damaged()
    return Lines(prefix=head.prefix, kinds=kinds, numbers=numbers, minors=minors, origins=origins)


def damaged() -> NotSent:
    """What is said of lines that cannot be read."""
    text = (
        "Stored source lines cannot be read: somebody changed the database, or its disk is damaged. Nothing"
        " was sent because of it. An administrator restores a backup, or cancels the run and reads the pay"
        " run again."
    )
    return NotSent(text, where="database", code="lines.damaged")


def _kind_text(kind: GroupKey) -> bytes:
    company, account, currency, dimensions, pay_code, side, positive = kind
    codes = tuple((value.axis, value.code) for value in dimensions)
    return msgspec.json.encode((company, account, currency, codes, pay_code, side, positive))


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
