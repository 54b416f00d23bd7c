"""Source lines, a row of the database for each block: a million lines pass. The links of a cell name the
blocks that its lines stand in, so that few are read to show what is behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.domain.payroll import Block, Distribution, DistributionGroup, Lines, line_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotSent
from ml_connector.store import lines as columns
from ml_connector.store.models import GroupLink, Link, StagedBlock
from ml_connector.store.prepared import Prepared, insert

AT_ONCE = 10_000


@dataclass(slots=True)
class _Sum:
    """Of the lines of one kind, and where they stand."""

    first: str
    rows: int
    minor: int
    blocks: list[int]


class StoredStaging:
    """As `ports.storage.Staging`."""

    def stage(self, run: str, block: Block) -> None:
        lines = block.rows if isinstance(block.rows, Lines) else Lines.of(block.rows)
        packed = columns.Packed(lines)
        insert(
            StagedBlock,
            run_id=run,
            number=block.number,
            total=block.total,
            rows=len(lines),
            problems=codec.encode(block.problems) if block.problems else "",
            sha256=block.sha256,
            lines_sha256=packed.sha256,
            kinds=packed.kinds,
            columns=packed.columns,
        )

    def clear(self, run: str) -> None:
        if not _blocks(run):
            return
        with transaction.atomic():
            for model in (Link, GroupLink, StagedBlock):
                model.objects.filter(run_id=run)._raw_delete(model.objects.db)

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        return tuple((number, total, rows) for _, number, total, rows, _, _, _ in _blocks(run))

    def sha256(self, run: str) -> str:
        return _hash_of(sha256 for _, _, _, _, sha256, _, _ in _blocks(run))

    def lines_sha256(self, run: str) -> str:
        return _hash_of(lines for _, _, _, _, _, lines, _ in _blocks(run))

    def blocks_sha256(self, run: str) -> str:
        return codec.fingerprint(
            tuple((number, total, rows, said) for _, number, total, rows, _, _, said in _blocks(run))
        )

    def changed_blocks(self, run: str) -> Iterator[int]:
        """Numbers of blocks whose lines are not those that were read; reads every line of the run."""
        for key, number, _, rows, _, sha256, _ in _blocks(run):
            try:
                kept = columns.unpacked(*_packed(key))
                lines = columns.read(*kept)
            except NotSent:
                yield number
                continue
            same = sha256 == columns.sha256(*kept) or sha256 == columns.sha256_before(lines)
            if not same or len(lines) != rows:
                yield number

    def problems(self, run: str) -> tuple[Problem, ...]:
        found = (text for _, _, _, _, _, _, text in _blocks(run) if text)
        return tuple(problem for text in found for problem in codec.decode(text))

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        number = count(1)
        for key, *_ in _blocks(run):
            for row in columns.read(*columns.unpacked(*_packed(key))):
                yield next(number), row

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        """Sums are taken here and not by the database: one of many large amounts is beyond its integers."""
        found: dict[bytes, _Sum] = {}
        for place, (key, *_) in enumerate(_blocks(run)):
            kinds, content = columns.unpacked(*_packed(key))
            _add_up(found, place, kinds, columns.read(kinds, content))
        for text, total in found.items():
            kind = columns.read_kind(text)
            unit = 1 if kind[-1] else -1 if total.minor else 0
            yield DistributionGroup(
                like=line_of(kind, unit, total.first),
                rows=total.rows,
                minor=total.minor,
                blocks=tuple(total.blocks),
            )

    def link(
        self, run: str, groups: Iterable[tuple[DistributionGroup, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        for model in (Link, GroupLink):
            model.objects.filter(run_id=run)._raw_delete(model.objects.db)
        kinds = (
            (run, columns.kind_text(group.like.kind).decode(), ",".join(map(str, group.blocks)), cell)
            for group, cell in groups
        )
        _insert("INSERT INTO store_grouplink (run_id, kind, blocks, cell) VALUES (%s, %s, %s, %s)", kinds)
        _insert(
            "INSERT INTO store_link (run_id, row, cell) VALUES (%s, %s, %s)",
            ((run, row, cell) for row, cell in rows),
        )

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        of_cell = {"run_id": run, "cell": cell}
        kinds: set[bytes] = set()
        places: set[int] = set()
        for kind, blocks in GroupLink.objects.filter(**of_cell).values_list("kind", "blocks"):
            kinds.add(kind.encode())
            places.update(map(int, blocks.split(",")))
        single = set(Link.objects.filter(**of_cell).values_list("row", flat=True))
        found: list[Distribution] = []
        first = 1
        for place, (key, _, _, rows, *_) in enumerate(_blocks(run)):
            here = {row - first for row in single if first <= row < first + rows}
            if here or place in places:
                found.extend(_picked(*columns.unpacked(*_packed(key)), kinds, here))
            if len(found) >= limit:
                break
            first += rows
        return tuple(found[:limit])


@Prepared
def _blocks(run: str) -> QuerySet[StagedBlock, tuple[int, int, int, int, str, str, str]]:
    """Id, number, total, rows, hash of the bytes, hash of the lines, and problems, in the order of
    delivery.
    """
    found = StagedBlock.objects.filter(run_id=run).order_by("id")
    return found.values_list("id", "number", "total", "rows", "sha256", "lines_sha256", "problems")


def _packed(block: int) -> tuple[bytes, bytes]:
    kinds, content = StagedBlock.objects.values_list("kinds", "columns").get(pk=block)
    return bytes(kinds), bytes(content)


def _add_up(found: dict[bytes, _Sum], place: int, kinds: bytes, lines: Lines) -> None:
    """Add the lines of a block to the sums of their kinds."""
    sums, counts = [0] * len(lines.kinds), [0] * len(lines.kinds)
    for number, minor in zip(lines.numbers, lines.minors, strict=True):
        sums[number] += minor
        counts[number] += 1
    for number, text in enumerate(kinds.split(b"\n") if kinds else ()):
        total = found.get(text)
        if total is None:
            origin = lines.origins[lines.numbers.index(number)]
            total = found[text] = _Sum(f"{lines.prefix}{origin}", 0, 0, [])
        total.rows += counts[number]
        total.minor += sums[number]
        total.blocks.append(place)


def _picked(kinds: bytes, content: bytes, wanted: set[bytes], places: set[int]) -> Iterator[Distribution]:
    """The lines of these kinds and those at these places, in their order."""
    lines = columns.read(kinds, content)
    numbers = {number for number, text in enumerate(kinds.split(b"\n")) if text in wanted}
    for place, number in enumerate(lines.numbers):
        if number in numbers or place in places:
            yield lines[place]


def _hash_of(hashes: Iterable[str]) -> str:
    """One hash over all; empty where one of them is missing."""
    found = tuple(hashes)
    return hashlib.sha256("\n".join(found).encode()).hexdigest() if found and all(found) else ""


def _insert(statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    stream = iter(rows)
    while batch := list(islice(stream, AT_ONCE)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, batch)
