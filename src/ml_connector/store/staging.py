"""Source lines, block by block. Rows go through the cursor, not through model objects: a million of them pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from django.db import connection, transaction

from ml_connector.domain import codec
from ml_connector.domain.dimension import Dimension, Dimensions
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution
from ml_connector.domain.problem import Problem
from ml_connector.store.models import Link, StagedBlock, StagedRow

PAGE_ROWS = 10_000
_UNIT = "\x1f"
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
            StagedBlock.objects.create(run_id=run, number=block.number, total=block.total, rows=len(rows), problems=problems)
            cursor.executemany(f"INSERT INTO store_stagedrow (run_id, {_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", rows)

    def clear(self, run: str) -> None:
        with transaction.atomic():
            for model in (Link, StagedRow, StagedBlock):
                model.objects.filter(run_id=run)._raw_delete(model.objects.db)

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        return tuple(StagedBlock.objects.filter(run_id=run).order_by("id").values_list("number", "total", "rows"))

    def problems(self, run: str) -> tuple[Problem, ...]:
        found = StagedBlock.objects.filter(run_id=run).exclude(problems="").order_by("id").values_list("problems", flat=True)
        return tuple(problem for text in found for problem in codec.decode(text))

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        last = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT id, {_COLUMNS} FROM store_stagedrow WHERE run_id = %s AND id > %s ORDER BY id LIMIT {PAGE_ROWS}", (run, last)
                )
                page = cursor.fetchall()
            if not page:
                return
            for row in page:
                yield row[0], _distribution(row[1:])
            last = page[-1][0]

    def link(self, run: str, links: Iterable[tuple[int, int]]) -> None:
        stream = iter(links)
        Link.objects.filter(run_id=run)._raw_delete(Link.objects.db)
        while batch := [(run, row, cell) for row, cell in islice(stream, PAGE_ROWS)]:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany("INSERT INTO store_link (run_id, row, cell) VALUES (%s, %s, %s)", batch)

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT " + ", ".join(f"s.{name.strip()}" for name in _COLUMNS.split(","))
                + " FROM store_link l JOIN store_stagedrow s ON s.id = l.row WHERE l.run_id = %s AND l.cell = %s ORDER BY s.id LIMIT %s",
                (run, cell, limit),
            )  # fmt: skip
            return tuple(_distribution(row) for row in cursor.fetchall())


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
