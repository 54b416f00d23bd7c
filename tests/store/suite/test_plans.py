"""Plans of alignments and what two systems agreed on last."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from ml_connector.domain.changes import Act, Change
from ml_connector.errors import KeyConflict
from ml_connector.store import plans
from ml_connector.store.models import Plan
from ml_connector.store.plans import StoredLinks, StoredPlans

KEYS = ["B", "a", "a-1", "a1", "b", "b 2", "b-1", "É", "é"]


def links(storage: Any) -> StoredLinks:
    return StoredLinks(storage.connection)


def test_what_was_agreed_comes_in_the_order_of_keys(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python sorts them, over all pages: a key that came in another place would be missed."""
    monkeypatch.setattr(plans, "BASES_A_PAGE", 2)
    links(storage).agree("parcel", {key: key for key in reversed(KEYS)})

    found = [key for key, _ in links(storage).bases("parcel")]

    assert KEYS == sorted(KEYS) == found


def test_rows_are_noted_while_the_others_are_read(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that was there before is given once, with what was agreed then."""
    monkeypatch.setattr(plans, "BASES_A_PAGE", 2)
    links(storage).agree("parcel", {f"{n:03}": "old" for n in range(0, 100, 2)})

    found = []
    for key, base in links(storage).bases("parcel"):
        found.append((key, base))
        links(storage).agree("parcel", {key: "new", f"{int(key) - 1:03}": "new"})

    assert [(f"{n:03}", "old") for n in range(0, 100, 2)] == [each for each in found if each[1] == "old"]
    assert all(one < other for one, other in pairwise(key for key, _ in found))


def test_a_plan_that_broke_off_has_no_fingerprint(storage: Any) -> None:
    """So nobody can approve a half of it; made anew, it is whole."""
    run = storage.runs.create(flow="payroll", stage="read", input={}).id
    first = [Change(key=f"{n}", act=Act.CREATE, after=n) for n in range(3)]
    shown = StoredPlans().store(run, first)

    def broken() -> Any:
        yield first[0]
        raise RuntimeError("the vendor does not answer")

    with pytest.raises(RuntimeError):
        StoredPlans().store(run, broken())
    assert ("", 0) == (StoredPlans().fingerprint(run), Plan.objects.filter(run_id=run).count())
    assert shown == StoredPlans().store(run, first)
    assert {"planned": 3} == StoredPlans().counts(run)


def test_the_keys_that_a_system_drew_are_known_until_they_are_forgotten(storage: Any) -> None:
    """Noted together, of one record each; what both agreed on stays where only the key is forgotten."""
    kept = links(storage)
    kept.know("box", {"1": "a", "2": "b"})
    kept.know("box", {"2": "c"})

    assert {"1": "a", "2": "c"} == dict(kept.known("box"))
    assert ("a", "") == (kept.theirs("box", "1"), kept.theirs("box", "3"))
    with pytest.raises(KeyConflict):
        kept.know("box", {"3": "d", "4": "a"})
    assert {"1": "a", "2": "c"} == dict(kept.known("box"))
    kept.forget("box", ["1"])
    kept.know("box", {"4": "a"})
    assert {"2": "c", "4": "a"} == dict(kept.known("box"))
