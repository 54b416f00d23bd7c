"""The source lines of a run, as they were delivered, and where each of them went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from ml_connector.domain.payroll import Block, Distribution, DistributionGroup
from ml_connector.domain.problem import Problem


class Staging(Protocol):
    """Source lines of a run, block by block, and where each line went. Streams: a million rows never stand in
    memory.
    """

    def stage(self, run: str, block: Block) -> None:
        """Store a block with its rows in one transaction; the same delivery again replaces itself, a second
        copy is kept apart and seen.
        """
        ...

    def clear(self, run: str) -> None:
        """Forget what was staged for the run, before reading it again."""
        ...

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        """`(number, total, rows)` of every block delivered, in order of delivery, repeats included."""
        ...

    def sha256(self, run: str) -> str:
        """Hash over the hashes of every block as delivered, in order; empty where a source gives none."""
        ...

    def lines_sha256(self, run: str) -> str:
        """Hash over the hashes of the lines read from every block, in order of delivery."""
        ...

    def blocks_sha256(self, run: str) -> str:
        """Hash over number, total, rows and problems of every block, in order of delivery."""
        ...

    def problems(self, run: str) -> tuple[Problem, ...]:
        """Problems of single rows, as the source's reader found them, in order of delivery."""
        ...

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        """Every staged row with its number in the run, from 1, in block and source order."""
        ...

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        """The staged rows summed by kind, in the order of their first rows; `like` has the amount of none of
        them but stands on their side.
        """
        ...

    def link(
        self, run: str, groups: Iterable[tuple[DistributionGroup, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        """Remember which cell of the proposal all rows of a kind went to, and which a single row. Replaces
        earlier links of the run. A group is one of `groups`, a row is named as by `rows`; rows are asked for
        when the groups have come to their end.
        """
        ...

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        """Source rows behind one cell, in the source's order, for drill-back."""
        ...
