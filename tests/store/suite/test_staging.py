"""Source lines on their way from the payroll to the entries."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution, GroupKeys, Lines
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotSent
from ml_connector.store.lines import (
    columns_text,
    kinds_text,
    packed,
    read,
    read_kinds,
    sha256,
    sha256_before,
    unpacked,
)


def line(number: int, **values: Any) -> Distribution:
    known: dict[str, Any] = {
        "company": "US1",
        "account": f"5{number % 7}00",
        "amount": Money.from_minor(number - 50, "EUR"),
        "dimensions": dimensions({"org_level_1": f"D{number % 3}", "project": "P=1" if number % 2 else None}),
        "pay_code": None,
        "origin": str(number),
    }
    return Distribution(**{**known, **values})


def a_run(storage: Any) -> str:
    return str(storage.runs.create(flow="payroll", stage="read", input={}).id)


def numbered(kinds: GroupKeys, rows: list[Distribution], start: int = 0) -> Lines:
    """The rows as a source gives them that numbers its lines, from `start`."""
    lines = Lines(prefix="BENCH/1/", kinds=kinds)
    for number, row in enumerate(rows, start):
        lines.add(kinds.number(row.kind), row.amount.minor, number)
    return lines


def read_again(block: Any) -> Lines:
    """The lines of the only block of a run."""
    return read(GroupKeys(read_kinds(unpacked(bytes(block.kinds)))), unpacked(bytes(block.columns)))


def test_rows_come_back_as_they_were_staged(storage: Any) -> None:
    """In block and source order, every field equal, the largest amounts and unusual texts too."""
    run = a_run(storage)
    odd = [
        line(0, amount=Money(Decimal("-9999999999999999.99"), "EUR")),
        line(1, amount=Money.from_minor(10**15, "JPY"), side="credit"),
        line(2, dimensions=(), pay_code="BÔNUS ✓", company="'; --", origin=""),
    ]
    blocks = [
        Block(number=1, total=2, rows=tuple(map(line, range(40)))),
        Block(number=2, total=2, rows=tuple(odd)),
    ]
    for block in blocks:
        storage.staging.stage(run, block)

    found = list(storage.staging.rows(run))

    assert [row for block in blocks for row in block.rows] == [row for _, row in found]
    assert len(found) == len({number for number, _ in found})
    assert sorted(number for number, _ in found) == [number for number, _ in found]


def test_every_delivery_is_seen_repeats_included(storage: Any) -> None:
    """Nothing is silently replaced: the completeness gate must see what came."""
    run = a_run(storage)
    for number in (2, 1, 2):
        storage.staging.stage(run, Block(number=number, total=3, rows=(line(number),)))

    assert ((2, 3, 1), (1, 3, 1), (2, 3, 1)) == storage.staging.delivered(run)


def test_lines_that_somebody_changed_are_named_by_block(storage: Any) -> None:
    """As they were stored they are as they were read; one that is changed, gone or too many is seen."""
    from ml_connector.store.models import StagedBlock

    run, other = a_run(storage), a_run(storage)
    for number, size in ((1, 3), (2, 2), (3, 0)):
        block = Block(number=number, total=3, rows=tuple(map(line, range(size))))
        for each in (run, other):
            storage.staging.stage(each, block)
    assert [] == list(storage.staging.changed_blocks(run))
    assert storage.staging.lines_sha256(run) == storage.staging.lines_sha256(other)

    second = StagedBlock.objects.get(run_id=run, number=2)
    kept = read_again(second)
    for spoil in ("minors", "numbers", "origins"):
        changed = read_again(second)
        column = getattr(changed, spoil)
        column[-1] = "?" if spoil == "origins" else column[-1] - 1
        StagedBlock.objects.filter(pk=second.pk).update(columns=packed(columns_text(changed)))
        assert [2] == list(storage.staging.changed_blocks(run)), spoil
    StagedBlock.objects.filter(pk=second.pk).update(columns=second.columns, known=1)
    assert [2] == list(storage.staging.changed_blocks(run))
    StagedBlock.objects.filter(pk=second.pk).update(known=0)
    assert [] == list(storage.staging.changed_blocks(run))
    longer = Lines.of([*kept, kept[-1]])
    kinds, content = kinds_text(longer.kinds.known), columns_text(longer)
    StagedBlock.objects.filter(pk=second.pk).update(
        kinds=packed(kinds), columns=packed(content), lines_sha256=sha256(kinds, content)
    )
    assert [2] == list(storage.staging.changed_blocks(run))
    for damage in (bytes(second.columns)[5:], bytes(second.columns)[:-9], zlib.compress(b"{}")):
        StagedBlock.objects.filter(pk=second.pk).update(columns=damage)
        assert [2] == list(storage.staging.changed_blocks(run))
        with pytest.raises(NotSent, match="cannot be read"):
            list(storage.staging.groups(run))


def test_lines_are_the_same_whichever_way_they_were_given(storage: Any) -> None:
    """One by one, or as columns under numbers of the source; the hash of earlier releases is known, too."""
    rows = [line(number, origin=f"BENCH/1/{number}") for number in range(40)]
    lines = numbered(GroupKeys(), rows)
    one, other = a_run(storage), a_run(storage)
    storage.staging.stage(one, Block(number=1, total=1, rows=lines))
    storage.staging.stage(other, Block(number=1, total=1, rows=tuple(rows)))

    assert lines == rows
    assert rows == [row for _, row in storage.staging.rows(one)]
    assert list(storage.staging.groups(one)) == list(storage.staging.groups(other))
    from ml_connector.store.models import StagedBlock

    StagedBlock.objects.filter(run_id=one).update(lines_sha256=sha256_before(rows))
    assert [] == list(storage.staging.changed_blocks(one))
    StagedBlock.objects.filter(run_id=one).update(lines_sha256=sha256_before(rows[1:]))
    assert [1] == list(storage.staging.changed_blocks(one))


def test_blocks_that_share_their_kinds_keep_each_once(storage: Any) -> None:
    """Also where another process goes on, a block is given twice, or somebody cleared the run meanwhile."""
    from ml_connector.store.models import StagedBlock
    from ml_connector.store.staging import StoredStaging

    run, kinds, other = a_run(storage), GroupKeys(), StoredStaging()
    rows = [line(number % 25, origin=f"BENCH/1/{number}") for number in range(60)]
    for number, staging in enumerate((storage.staging, storage.staging, other)):
        part = numbered(kinds, rows[20 * number : 20 * number + 20], 20 * number)
        staging.stage(run, Block(number=number + 1, total=3, rows=part))
    stored = list(StagedBlock.objects.filter(run_id=run).order_by("id").values_list("known", "kinds"))

    assert [0, 20, 0] == [known for known, _ in stored]
    assert [20, 5, 25] == [len(read_kinds(unpacked(bytes(text)))) for _, text in stored]
    assert rows == [row for _, row in storage.staging.rows(run)]
    groups = list(storage.staging.groups(run))
    assert len({row.kind for row in rows}) == len(groups)
    assert [(group.sample.origin, group.rows) for group in groups[:2]] == [("BENCH/1/0", 3), ("BENCH/1/1", 3)]
    storage.staging.link(run, [(groups[22], 4)], [])
    assert [row for row in rows if row.kind == groups[22].sample.kind] == list(
        storage.staging.behind(run, 4, 9)
    )

    other.clear(run)
    late = [line(number, origin=f"BENCH/1/{number}") for number in range(60, 80)]
    storage.staging.stage(run, Block(number=4, total=4, rows=numbered(kinds, late, 60)))
    assert late == [row for _, row in storage.staging.rows(run)]
    assert [] == list(storage.staging.changed_blocks(run))
    StagedBlock.objects.filter(run_id=run).update(known=3)
    with pytest.raises(NotSent, match="cannot be read"):
        list(storage.staging.groups(run))


def test_a_cell_is_found_without_reading_every_block(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the blocks that its kinds stand in."""
    from ml_connector.store import staging

    run = a_run(storage)
    for number in range(6):
        row = line(0, account="seldom" if number == 4 else "often", origin=str(number))
        storage.staging.stage(run, Block(number=number + 1, total=6, rows=(row,)))
    seldom = next(one for one in storage.staging.groups(run) if one.sample.account == "seldom")
    storage.staging.link(run, [(seldom, 3)], [])
    lines_of, opened = staging._lines, []
    monkeypatch.setattr(
        staging, "_lines", lambda block, of: opened.append(block.number) or lines_of(block, of)
    )

    assert ["4"] == [row.origin for row in storage.staging.behind(run, 3, 10)]
    assert [5] == opened


def test_rows_of_other_runs_are_not_mixed_in(storage: Any) -> None:
    """Each run has its own, and clearing one leaves the others."""
    one, other = a_run(storage), a_run(storage)
    for run in (one, other):
        storage.staging.stage(run, Block(number=1, total=1, rows=(line(7),)))
        storage.staging.link(run, [], [(number, 0) for number, _ in storage.staging.rows(run)])

    storage.staging.clear(one)

    assert ([], 1) == (list(storage.staging.rows(one)), len(list(storage.staging.rows(other))))
    assert ((), (line(7),)) == (storage.staging.behind(one, 0, 10), storage.staging.behind(other, 0, 10))
    assert () == storage.staging.delivered(one)


def test_problems_of_rows_are_kept_in_order(storage: Any) -> None:
    """As evidence, block by block."""
    run = a_run(storage)
    problems = [Problem("amount.invalid", f"line {number}", "1e400", Owner.PAYROLL) for number in range(3)]
    storage.staging.stage(run, Block(number=1, total=2, rows=(), problems=tuple(problems[:2])))
    storage.staging.stage(run, Block(number=2, total=2, rows=(), problems=tuple(problems[2:])))

    assert tuple(problems) == storage.staging.problems(run)


def test_links_lead_back_from_a_cell(storage: Any) -> None:
    """A row may stand in several cells; linking again replaces; the limit limits."""
    run = a_run(storage)
    storage.staging.stage(run, Block(number=1, total=1, rows=tuple(map(line, range(5)))))
    numbers = [number for number, _ in storage.staging.rows(run)]
    group = list(storage.staging.groups(run))[-1]
    storage.staging.link(run, [(group, 9)], [(number, 9) for number in numbers])
    storage.staging.link(run, [], [(numbers[0], 0), (numbers[1], 0), (numbers[1], 1)])

    assert (line(0), line(1)) == storage.staging.behind(run, 0, 10)
    assert (line(0),) == storage.staging.behind(run, 0, 1)
    assert (line(1),) == storage.staging.behind(run, 1, 10)
    assert () == storage.staging.behind(run, 9, 10)


def test_reading_goes_on_while_links_are_written(storage: Any) -> None:
    """The build streams rows and stores links at once; more rows than one page holds."""
    run = a_run(storage)
    total = 20_500
    for number in range(3):
        part = tuple(line(index) for index in range(number * total // 3, (number + 1) * total // 3))
        storage.staging.stage(run, Block(number=number + 1, total=3, rows=part))

    storage.staging.link(
        run, [], ((number, int(row.origin) % 4) for number, row in storage.staging.rows(run))
    )

    assert [str(number) for number in range(0, 4 * 30, 4)] == [
        row.origin for row in storage.staging.behind(run, 0, 30)
    ]


def test_rows_are_summed_by_kind(storage: Any) -> None:
    """Lines that differ in amount and origin only, each side for itself; every sum is exact, beyond the
    integers of the database too.
    """
    run = a_run(storage)
    largest = Money.from_minor(10**18 - 1, "EUR")
    rows = (
        *(line(0, amount=largest, origin=str(number)) for number in range(30)),
        *(line(0, amount=-largest, origin=str(number)) for number in range(20)),
        line(0, pay_code=""),
        line(0, pay_code="REG"),
        line(0, side="debit"),
        line(0, side="debit", amount=Money.from_minor(7, "EUR")),
        line(0, amount=Money.from_minor(0, "EUR"), account="none"),
        line(0, company="US2"),
        line(0, dimensions=()),
        line(0, amount=Money.from_minor(-50, "USD")),
    )
    storage.staging.stage(run, Block(number=1, total=1, rows=rows))
    other = a_run(storage)
    storage.staging.stage(other, Block(number=1, total=1, rows=rows))

    groups = list(storage.staging.groups(run))

    assert 30 * (10**18 - 1) == groups[0].minor
    assert [
        (30, 30 * (10**18 - 1)),
        (20, -20 * (10**18 - 1)),
        (1, -50),
        (1, -50),
        (1, -50),
        (1, 7),
        (1, 0),
        (1, -50),
        (1, -50),
        (1, -50),
    ] == [(group.rows, group.minor) for group in groups]
    assert list(dict.fromkeys(row.kind for row in rows)) == [group.sample.kind for group in groups]
    assert [row.is_debit for row in (rows[0], rows[30], *rows[50:])] == [
        group.sample.is_debit for group in groups
    ]


def test_links_of_a_kind_lead_back_to_all_its_rows(storage: Any) -> None:
    """Kinds and single rows in one cell, in the source's order; one kind only, whatever looks like it."""
    run = a_run(storage)
    first, odd = line(0, origin="first"), line(0, pay_code="-", origin="odd")
    rows = (
        first,
        odd,
        line(0, origin="credit", amount=Money.from_minor(9, "EUR")),
        line(0, origin="second"),
        line(1, origin="single"),
    )
    storage.staging.stage(run, Block(number=1, total=1, rows=rows))
    numbers = [number for number, _ in storage.staging.rows(run)]

    of_kind = {group.sample.kind: group for group in storage.staging.groups(run)}
    storage.staging.link(run, [(of_kind[first.kind], 0), (of_kind[odd.kind], 1)], [(numbers[4], 0)])

    assert ["first", "second", "single"] == [row.origin for row in storage.staging.behind(run, 0, 10)]
    assert ["odd"] == [row.origin for row in storage.staging.behind(run, 1, 10)]
    assert ["first", "second"] == [row.origin for row in storage.staging.behind(run, 0, 2)]
    storage.staging.clear(run)
    assert () == storage.staging.behind(run, 0, 10)
