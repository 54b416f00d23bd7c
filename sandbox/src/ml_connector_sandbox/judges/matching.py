"""Which documents book which pay runs, by content alone: it does not matter how a run was cut into documents
or lines, or how they are named.

Whole runs come first, then parts that share a place, then what fits. What is left over on either side is not
explained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ml_connector_sandbox.judges.books import Cell, Cells, summed
from ml_connector_sandbox.judges.pay_runs import ExpectedRun


@dataclass(frozen=True, slots=True)
class Booked:
    """A booked document, as cells. `place` is what the parts of a run share: entity, journal, date; `content`
    is the same for two documents that book the same."""

    name: str
    place: tuple[str, str, str]
    cells: Cells
    content: frozenset[tuple[Cell, int]]


@dataclass(slots=True)
class Target:
    """One run in one entity, and what of it is not yet found in the ledger."""

    run_id: str
    entity: str
    missing: Cells


@dataclass(slots=True)
class Matching:
    """What has been explained so far."""

    targets: list[Target]
    documents: list[Booked]
    contents: set[frozenset[tuple[Cell, int]]] = field(default_factory=set)

    @property
    def open_targets(self) -> list[Target]:
        return [target for target in self.targets if target.missing]

    def take(self, target: Target, documents: Iterable[Booked]) -> None:
        """Count these documents towards the target."""
        for document in documents:
            self.contents.add(document.content)
            self.documents.remove(document)
            target.missing = summed(
                [target.missing, {cell: -cents for cell, cents in document.cells.items()}]
            )


def matched(runs: Sequence[ExpectedRun], documents: list[Booked]) -> Matching:
    """Explain as many documents as can be: whole runs first, then parts that share a place, then what
    fits.
    """
    entities = sorted({cell[0] for run in runs for cell in run.cells})
    split = [
        (run, entity, {cell: cents for cell, cents in run.cells.items() if cell[0] == entity})
        for run in runs
        for entity in entities
    ]
    targets = [Target(run.run_id, entity, cells) for run, entity, cells in split if cells]
    matching = Matching(targets, list(documents))
    _match_whole(matching)
    _match_parts(matching)
    _match_corrections(matching)
    _match_what_fits(matching)
    return matching


def _match_whole(matching: Matching) -> None:
    """A document that books exactly one run."""
    targets = defaultdict(list)
    for target in matching.targets:
        targets[frozenset(target.missing.items())].append(target)
    for document in list(matching.documents):
        if targets.get(document.content):
            matching.take(targets[document.content].pop(0), [document])


def _match_parts(matching: Matching) -> None:
    """Documents of one entity, journal and date that book exactly one run together, with or without
    repetitions.
    """
    places = defaultdict(list)
    for document in matching.documents:
        places[document.place].append(document)
    for parts in places.values():
        for chosen in (parts, _each_once(parts)):
            total = summed(part.cells for part in chosen)
            target = next((target for target in matching.open_targets if target.missing == total), None)
            if target is not None:
                matching.take(target, chosen)
                break


def _match_corrections(matching: Matching) -> None:
    """A run that was booked, run again with other amounts, and corrected: the last open run of an entity,
    whatever the dates.
    """
    for entity in {target.entity for target in matching.open_targets}:
        left = [target for target in matching.open_targets if target.entity == entity]
        documents = [document for document in matching.documents if document.place[0] == entity]
        for chosen in (documents, _each_once(documents)):
            if len(left) == 1 and summed(document.cells for document in chosen) == left[0].missing:
                matching.take(left[0], chosen)
                break


def _match_what_fits(matching: Matching) -> None:
    """A document all of whose cells are still missing from a run is a part of it; the run it completes best
    comes first.

    A repetition of a document that is explained already never is: its smaller amounts might fit into another
    run by chance.
    """
    for document in sorted(matching.documents, key=lambda document: -len(document.cells)):
        if document.content in matching.contents:
            continue
        fitting = [target for target in matching.open_targets if _fits(document.cells, target.missing)]
        if fitting:
            matching.take(max(fitting, key=lambda target: _exact(document.cells, target.missing)), [document])


def _fits(part: Cells, missing: Cells) -> bool:
    return bool(part) and all(
        0 < cents * _side(missing.get(cell, 0)) <= abs(missing.get(cell, 0)) for cell, cents in part.items()
    )


def _exact(part: Cells, missing: Cells) -> int:
    return sum(missing[cell] == cents for cell, cents in part.items())


def _side(cents: int) -> int:
    return 1 if cents > 0 else -1


def _each_once(documents: Sequence[Booked]) -> list[Booked]:
    return list({document.content: document for document in reversed(documents)}.values())
