"""The claims of one look, on ledgers whose look is wrong: each is noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.contract.test_reference import ReferenceWorld

from ml_connector.contract.ledger import LedgerContract
from ml_connector.contract.reference import ReferenceLedger
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalEntry
from ml_connector.ports.ledger import Look, Place

Found = Mapping[Any, tuple[Any, ...]]


def without_the_first(found: Found) -> Found:
    """The first document that is there is left out."""
    first = next(key for key in found if found[key])
    return {**found, first: found[first][1:]}


def without_the_last(found: Found) -> Found:
    """The last of several is left out."""
    several = max(found, key=lambda key: len(found[key]))
    return {**found, several: found[several][:-1]}


def invented(found: Found) -> Found:
    """Each answer holds the documents of all."""
    return dict.fromkeys(found, tuple(document for each in found.values() for document in each))


def crossed(found: Found) -> Found:
    """The answers are given to each other's questions."""
    return dict(zip(found, [*list(found.values())[1:], next(iter(found.values()))], strict=True))


def unanswered(found: Found) -> Found:
    """A question has no answer."""
    return dict(list(found.items())[:-1])


class WrongLedger(ReferenceLedger):
    """A reference ledger whose look is changed before it is given."""

    wrong: Callable[[Look], Look]

    def look(self, wanted: Sequence[tuple[JournalEntry, Marker]], places: Sequence[Place]) -> Look:
        return self.wrong(super().look(wanted, places))


def claim(wrong: Callable[[Look], Look]) -> None:
    """The claim of the suite, on a ledger whose look is wrong."""
    world = ReferenceWorld()
    world.authorize()
    ledger = WrongLedger(world.vendor, world.wiring, world.sign_in)
    ledger.wrong = wrong
    LedgerContract().test_one_look_shows_what_both_questions_show(world, ledger, world.entry())


CHANGES = (without_the_first, without_the_last, invented, crossed, unanswered)


def test_a_right_look_passes() -> None:
    """So that what fails below fails for what is wrong."""
    claim(lambda look: look)


@pytest.mark.parametrize("change", CHANGES)
def test_a_look_that_finds_too_little_or_too_much_fails_the_suite(change: Callable[[Found], Found]) -> None:
    """A document with the marker of an entry is left out or invented."""
    with pytest.raises(AssertionError):
        claim(lambda look: replace(look, found=change(look.found)))


@pytest.mark.parametrize("change", CHANGES)
def test_a_look_that_lists_too_little_or_too_much_fails_the_suite(change: Callable[[Found], Found]) -> None:
    """A document in a place is left out or invented."""
    with pytest.raises(AssertionError):
        claim(lambda look: replace(look, documents=change(look.documents)))
