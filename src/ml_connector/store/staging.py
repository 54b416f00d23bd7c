"""Source lines, a row of the database for each block: a million lines pass. The links of a cell name the
blocks that its lines stand in, so that few are read to show what is behind it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, count, islice
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.domain.payroll import Block, Distribution, DistributionGroup, GroupKeys, Lines, line_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotSent
from ml_connector.store import lines as columns
from ml_connector.store.models import GroupLink, Link, StagedBlock
from ml_connector.store.prepared import Prepared, insert

AT_ONCE = 10_000


class _Header(NamedTuple):
    """What stands beside the lines of a block."""

    id: int
    number: int
    total: int
    rows: int
    sha256: str
    lines_sha256: str
    problems: str
    known: int


@dataclass(frozen=True, slots=True)
class _Staged:
    """The last block that was staged, and how many of these kinds it and those before it hold."""

    run: str
    block: int
    kinds: GroupKeys
    known: int


@dataclass(slots=True)
class _Sums:
    """Of the lines of each kind of a run, by its number: how many, minor units, origin of the first, blocks
    as in `DistributionGroup`.
    """

    rows: list[int] = field(default_factory=list)
    minors: list[int] = field(default_factory=list)
    firsts: list[str] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)

    def add(self, place: int, lines: Lines, numbers: Sequence[int], kinds: int) -> None:
        """The lines of a block; `numbers` are those that their kinds have in the run, of so many."""
        new = kinds - len(self.rows)
        for column in (self.rows, self.minors, self.blocks):
            column.extend([0] * new)
        self.firsts.extend([""] * new)
        sums = [0] * len(numbers)
        for number, minor in zip(lines.numbers, lines.minors, strict=True):
            sums[number] += minor
        first = dict(zip(reversed(lines.numbers), reversed(range(len(lines))), strict=True))
        for number, rows in Counter(lines.numbers).items():
            of_run = numbers[number]
            if not self.rows[of_run]:
                self.firsts[of_run] = f"{lines.prefix}{lines.origins[first[number]]}"
            self.rows[of_run] += rows
            self.minors[of_run] += sums[number]
            self.blocks[of_run] |= 1 << place


class StoredStaging:
    """As `ports.staging.Staging`."""

    def __init__(self) -> None:
        self._last: _Staged | None = None

    def stage(self, run: str, block: Block) -> None:
        lines = block.rows if isinstance(block.rows, Lines) else Lines.of(block.rows)
        with transaction.atomic():
            last, before = self._last, _newest.first(run)
            goes_on = last and before and (last.run, last.block, last.kinds) == (run, before, lines.kinds)
            known = last.known if last and goes_on else 0
            kinds = columns.kinds_text(lines.kinds.known[known:])
            content = columns.columns_text(lines, known)
            insert(
                StagedBlock,
                run_id=run,
                number=block.number,
                total=block.total,
                rows=len(lines),
                problems=codec.encode(block.problems) if block.problems else "",
                sha256=block.sha256,
                lines_sha256=columns.sha256(kinds, content),
                known=known,
                kinds=columns.packed(kinds),
                columns=columns.packed(content),
            )
            staged = _newest.first(run)
        self._last = _Staged(run, staged, lines.kinds, len(lines.kinds.known)) if staged else None

    def clear(self, run: str) -> None:
        if not _blocks(run):
            return
        with transaction.atomic():
            for model in (Link, GroupLink, StagedBlock):
                model.objects.filter(run_id=run)._raw_delete(model.objects.db)

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        return tuple((block.number, block.total, block.rows) for block in _headers(run))

    def sha256(self, run: str) -> str:
        return _hash_of(block.sha256 for block in _headers(run))

    def lines_sha256(self, run: str) -> str:
        return _hash_of(block.lines_sha256 for block in _headers(run))

    def blocks_sha256(self, run: str) -> str:
        return codec.fingerprint(
            tuple((block.number, block.total, block.rows, block.problems) for block in _headers(run))
        )

    def changed_blocks(self, run: str) -> Iterator[int]:
        """Numbers of blocks whose lines are not those that were read; reads every line of the run."""
        return (block.number for block in _headers(run) if not _is_unchanged(block))

    def problems(self, run: str) -> tuple[Problem, ...]:
        found = (block.problems for block in _headers(run) if block.problems)
        return tuple(problem for text in found for problem in codec.decode(text))

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        number = count(1)
        for _, lines, _ in _read(run, GroupKeys()):
            for row in lines():
                yield next(number), row

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        """Sums are taken here and not by the database: one of many large amounts is beyond its integers."""
        kinds, sums = GroupKeys(), _Sums()
        for place, lines, numbers in _read(run, kinds):
            sums.add(place, lines(), numbers, len(kinds.known))
        for number, rows in enumerate(sums.rows):
            kind, minor = kinds.known[number], sums.minors[number]
            unit = 1 if kind[-1] else -1 if minor else 0
            if rows:
                yield DistributionGroup(
                    sample=line_of(kind, unit, sums.firsts[number]),
                    rows=rows,
                    minor=minor,
                    number=number,
                    blocks=sums.blocks[number],
                )

    def link(
        self, run: str, groups: Iterable[tuple[DistributionGroup, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        for model in (Link, GroupLink):
            model.objects.filter(run_id=run)._raw_delete(model.objects.db)
        kinds = ((run, group.number, f"{group.blocks:x}", cell) for group, cell in groups)
        _insert("INSERT INTO store_grouplink (run_id, number, blocks, cell) VALUES (%s, %s, %s, %s)", kinds)
        _insert(
            "INSERT INTO store_link (run_id, row, cell) VALUES (%s, %s, %s)",
            ((run, row, cell) for row, cell in rows),
        )

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        of_cell = {"run_id": run, "cell": cell}
        wanted: set[int] = set()
        blocks = 0
        for number, where in GroupLink.objects.filter(**of_cell).values_list("number", "blocks"):
            wanted.add(number)
            blocks |= int(where, 16)
        single = set(Link.objects.filter(**of_cell).values_list("row", flat=True))
        found: list[Distribution] = []
        sizes = [block.rows for block in _headers(run)]
        starts = list(accumulate(sizes, initial=1))
        for place, lines, numbers in _read(run, GroupKeys()):
            start = starts[place]
            here = {row - start for row in single if start <= row < start + sizes[place]}
            if here or blocks >> place & 1:
                of_block = {number for number, of_run in enumerate(numbers) if of_run in wanted}
                found.extend(_picked(lines(), of_block, here))
            if len(found) >= limit:
                break
        return tuple(found[:limit])


@Prepared
def _blocks(run: str) -> QuerySet[StagedBlock, tuple[Any, ...]]:
    found = StagedBlock.objects.filter(run_id=run).order_by("id")
    return found.values_list(*_Header._fields)


def _headers(run: str) -> list[_Header]:
    """In the order of delivery."""
    return [_Header(*row) for row in _blocks(run)]


@Prepared
def _newest(run: str) -> QuerySet[StagedBlock, int]:
    """Id of the block that was staged last."""
    return StagedBlock.objects.filter(run_id=run).order_by("-id").values_list("id", flat=True)[:1]


def _column(name: str, block: _Header) -> bytes:
    return columns.unpacked(bytes(StagedBlock.objects.values_list(name, flat=True).get(pk=block.id)))


def _read(run: str, kinds: GroupKeys) -> Iterator[tuple[int, Callable[[], Lines], Sequence[int]]]:
    """Place of each block, its lines, and the number in `kinds` of each of their kinds. What is asked of one
    block is asked before the next.
    """
    shared, numbers = GroupKeys(), list[int]()
    for place, block in enumerate(_headers(run)):
        if block.known == 0:
            shared, numbers = GroupKeys(), []
        if block.known != len(shared.known):
            raise columns.damaged()
        added = columns.read_kinds(_column("kinds", block))
        shared.known.extend(added)
        numbers.extend(map(kinds.number, added))
        yield place, partial(_lines, block, shared), numbers


def _lines(block: _Header, kinds: GroupKeys) -> Lines:
    content = _column("columns", block)
    if columns.read_head(content).known != block.known:
        raise columns.damaged()
    return columns.read(kinds, content)


def _is_unchanged(block: _Header) -> bool:
    try:
        kinds, content = _column("kinds", block), _column("columns", block)
        head = columns.read_head(content)
        same = (head.known, head.rows) == (block.known, block.rows)
        if block.lines_sha256 == columns.sha256(kinds, content):
            return same
        lines = columns.read(GroupKeys(columns.read_kinds(kinds)), content)
    except NotSent:
        return False
    return same and block.lines_sha256 == columns.sha256_before(lines)


def _picked(lines: Lines, kinds: set[int], places: set[int]) -> Iterator[Distribution]:
    """The lines of these kinds and those at these places, in their order."""
    for place, number in enumerate(lines.numbers):
        if number in kinds or place in places:
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
