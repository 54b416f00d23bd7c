"""What Exact refuses of a purchase entry: nothing is booked, and the text names what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import SUPPLIER, Purchases
from ml_connector.contract.sinks import send
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.errors import Refused

Case = Callable[[Purchases, PurchaseEntry], PurchaseEntry]


def on_line(document: PurchaseEntry, **fields: Any) -> PurchaseEntry:
    return replace(document, lines=(replace(document.lines[0], **fields),))


def after(action: str, **arguments: Any) -> Case:
    """Somebody did something at the screen."""

    def act(world: Purchases, document: PurchaseEntry) -> PurchaseEntry:
        world.control(action, **arguments)
        return document

    return act


def without_rates(world: Purchases, document: PurchaseEntry) -> PurchaseEntry:
    (journal,) = world.rows("financial/Journals", "Code eq '60'", "ID")
    fixed = {"AllowVariableExchangeRate": False, "AllowVariableCurrency": False}
    world.call("PUT", f"financial/Journals(guid'{journal['ID']}')", fixed)
    lines = tuple(
        replace(line, net=Money(line.net.amount, "EUR"), vat=Money(line.vat.amount, "EUR"))
        for line in document.lines
    )
    return replace(document, currency="EUR", rate=world.foreign(), lines=lines)


CENTER = "cost_center"
CASES: dict[str, tuple[Case, str]] = {
    "a term that is not there": (lambda world, entry: replace(entry, term="99"), "term.unknown"),
    "a supplier that is blocked": (after("block_supplier", code=SUPPLIER), "code.unknown"),
    "a supplier that has ended": (after("end_supplier", code=SUPPLIER, date="2026-06-01"), "code.unknown"),
    "a relation that is no supplier": (
        after("put_relation", code=SUPPLIER, set={"IsSupplier": False}),
        "supplier.unfit",
    ),
    "a center that is not there": (
        lambda world, entry: on_line(entry, dimensions=dimensions({CENTER: "NOPE"})),
        "code.unknown",
    ),
    "a center that is not active": (
        lambda world, entry: on_line(entry, dimensions=dimensions({CENTER: "OLD1"})),
        "code.unknown",
    ),
    "no center where one has to be": (
        lambda world, entry: on_line(entry, account="4000", dimensions=()),
        "code.unknown",
    ),
    "an account that is blocked": (after("block_account", account="4100"), "code.unknown"),
    "a journal that is blocked": (after("block_journal", code="60"), "code.unknown"),
    "a journal of another kind": (lambda world, entry: replace(entry, journal="90"), "code.unknown"),
    "a year without periods": (lambda world, entry: replace(entry, period=(2099, 1)), "period.unknown"),
    "a currency that the journal does not take": (without_rates, "rate.refused"),
}


@pytest.mark.parametrize("case", CASES)
def test_refusal_books_nothing_and_says_what_to_do(
    make_world: Callable[..., Any], tmp_path: Path, case: str
) -> None:
    """Exact's own words, and a remedy behind them."""
    world = Purchases(make_world(), tmp_path)
    arrange, code = CASES[case]
    document = arrange(world, world.document())

    with pytest.raises(Refused) as caught:
        send(world, document)

    assert code == caught.value.problem.code
    words, remedy = caught.value.problem.text.removeprefix("Exact refused: ").split(". ", 1)
    assert words
    assert len(remedy) > 20
    assert world.references() == []
