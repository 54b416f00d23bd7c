"""Source lines, block by block. Rows go through the cursor, not through model objects: a million of them
pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.domain.dimension import Dimension, Dimensions
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution, DistributionGroup
from ml_connector.domain.problem import Problem
from ml_connector.store.models import GroupLink, Link, StagedBlock, StagedRow
from ml_connector.store.prepared import Prepared, insert

PAGE_ROWS = 10_000
_UNIT = "\x1f"
_KIND = "company, account, currency, dimensions, pay_code, side"
_HALF = 1_000_000_000
_COLUMNS = "company, account, minor, currency, dimensions, pay_code, origin, side"


class StoredStaging:
    """As `ports.storage.Staging`."""

    def stage(self, run: str, block: Block) -> None:
        rows = [
            (
                run,
                row.company,
                row.account,
                row.amount.minor,
                row.amount.currency,
                _join(row.dimensions),
                row.pay_code,
                row.origin,
                row.side,
            )
            for row in block.rows
        ]
        problems = codec.encode(block.problems) if block.problems else ""
        with transaction.atomic(), connection.cursor() as cursor:
            insert(
                StagedBlock,
                run_id=run,
                number=block.number,
                total=block.total,
                rows=len(rows),
                problems=problems,
                sha256=block.sha256,
                lines_sha256=_hashed(row[1:] for row in rows),
            )
            cursor.executemany(
                f"INSERT INTO store_stagedrow (run_id, {_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s,"
                " %s, %s)",
                rows,
            )

    def clear(self, run: str) -> None:
        if not _blocks(run):
            return
        with transaction.atomic():
            for model in (Link, GroupLink, StagedRow, StagedBlock):
                model.objects.filter(run_id=run)._raw_delete(model.objects.db)

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        return tuple((number, total, rows) for number, total, rows, _, _, _ in _blocks(run))

    def sha256(self, run: str) -> str:
        return _hash_of(sha256 for _, _, _, sha256, _, _ in _blocks(run))

    def lines_sha256(self, run: str) -> str:
        return _hash_of(lines for _, _, _, _, lines, _ in _blocks(run))

    def blocks_sha256(self, run: str) -> str:
        return codec.fingerprint(
            tuple((number, total, rows, said) for number, total, rows, _, _, said in _blocks(run))
        )

    def changed_blocks(self, run: str) -> Iterator[int]:
        """Numbers of blocks whose lines are not those that were read; reads every line of the run."""
        lines = self._lines(run)
        last = 0
        for last, _, rows, _, sha256, _ in _blocks(run):
            if _hashed(islice(lines, rows)) != sha256:
                yield last
        if next(lines, None) is not None:
            yield last

    def problems(self, run: str) -> tuple[Problem, ...]:
        found = (text for _, _, _, _, _, text in _blocks(run) if text)
        return tuple(problem for text in found for problem in codec.decode(text))

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        for row in self._pages(run):
            yield row[0], _distribution(row[1:])

    def _lines(self, run: str) -> Iterator[tuple[Any, ...]]:
        for row in self._pages(run):
            yield row[1:]

    def _pages(self, run: str) -> Iterator[tuple[Any, ...]]:
        last = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT id, {_COLUMNS} FROM store_stagedrow WHERE run_id = %s AND id > %s ORDER BY id"
                    f" LIMIT {PAGE_ROWS}",
                    (run, last),
                )
                page = cursor.fetchall()
            if not page:
                return
            yield from page
            last = page[-1][0]

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        """Sums are taken in two halves, because the sum of many large amounts is beyond the integers of the
        database.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_KIND}, minor > 0, COUNT(*), SUM(minor / {_HALF}), SUM(minor %% {_HALF}),"
                f" MIN(origin) FROM store_stagedrow WHERE run_id = %s GROUP BY {_KIND}, minor > 0 ORDER BY"
                " MIN(id)",
                (run,),
            )
            for (
                company,
                account,
                currency,
                codes,
                pay_code,
                side,
                positive,
                rows,
                high,
                low,
                origin,
            ) in cursor.fetchall():
                unit = 1 if positive else -1 if high or low else 0
                like = _distribution((company, account, unit, currency, codes, pay_code, origin, side))
                yield DistributionGroup(like=like, rows=rows, minor=int(high) * _HALF + int(low))

    def link(
        self, run: str, groups: Iterable[tuple[Distribution, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        with connection.cursor() as cursor:
            for table in ("store_link", "store_grouplink"):
                cursor.execute(f"DELETE FROM {table} WHERE run_id = %s", (run,))
        kinds = (
            (
                run,
                like.company,
                like.account,
                like.amount.currency,
                _join(like.dimensions),
                like.pay_code,
                like.side,
                like.amount.amount > 0,
                cell,
            )
            for like, cell in groups
        )
        _insert(
            f"INSERT INTO store_grouplink (run_id, {_KIND}, positive, cell) VALUES (%s, %s, %s, %s, %s, %s,"
            " %s, %s, %s)",
            kinds,
        )
        _insert(
            "INSERT INTO store_link (run_id, row, cell) VALUES (%s, %s, %s)",
            ((run, row, cell) for row, cell in rows),
        )

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        """No index helps to find the rows of a kind: they are looked for once in a while, and written
        always.
        """
        columns = ", ".join(f"s.{name.strip()}" for name in _COLUMNS.split(","))
        same = " AND ".join(
            f"s.{name} = g.{name}" for name in ("company", "account", "currency", "dimensions", "side")
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM store_stagedrow s WHERE s.run_id = %s AND (s.id IN (SELECT l.row FROM"
                " store_link l WHERE l.run_id = %s AND l.cell = %s) OR EXISTS (SELECT 1 FROM store_grouplink"
                f" g WHERE g.run_id = %s AND g.cell = %s AND {same} AND (s.pay_code = g.pay_code OR"
                " (s.pay_code IS NULL AND g.pay_code IS NULL)) AND (s.minor > 0) = g.positive)) ORDER BY"
                " s.id LIMIT %s",
                (run, run, cell, run, cell, limit),
            )
            return tuple(_distribution(row) for row in cursor.fetchall())


@Prepared
def _blocks(run: str) -> QuerySet[StagedBlock, tuple[int, int, int, str, str, str]]:
    """Number, total, rows, hash of the bytes, hash of the lines, and problems, in the order of delivery."""
    found = StagedBlock.objects.filter(run_id=run).order_by("id")
    return found.values_list("number", "total", "rows", "sha256", "lines_sha256", "problems")


def _hash_of(hashes: Iterable[str]) -> str:
    """One hash over all; empty where one of them is missing."""
    found = tuple(hashes)
    return hashlib.sha256("\n".join(found).encode()).hexdigest() if found and all(found) else ""


def _hashed(lines: Iterable[tuple[Any, ...]]) -> str:
    """Of lines as they are stored, each as JSON."""
    found = hashlib.sha256()
    for line in lines:
        found.update(msgspec.json.encode(line))
    return found.hexdigest()


def _insert(statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    stream = iter(rows)
    while batch := list(islice(stream, PAGE_ROWS)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, batch)


@lru_cache(maxsize=65_536)
def _join(values: Dimensions) -> str:
    return _UNIT.join(f"{value.axis}={value.code}" for value in values)


@lru_cache(maxsize=65_536)
def _split(text: str) -> Dimensions:
    return tuple(Dimension(*part.split("=", 1)) for part in text.split(_UNIT)) if text else ()


def _distribution(row: tuple[str, str, int, str, str, str | None, str, str]) -> Distribution:
    company, account, minor, currency, codes, pay_code, origin, side = row
    return Distribution(
        company=company,
        account=account,
        amount=Money.from_minor(minor, currency),
        dimensions=_split(codes),
        pay_code=pay_code,
        origin=origin,
        side=side,
    )
