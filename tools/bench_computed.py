"""How fast the product computes by itself: map, build and check, without a vendor."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from scenes import MAIN
from stage import CommandFailed

COMPUTED_ROWS = 300_000
BLOCK_ROWS = 10_000


def lines_per_second(home: Path) -> dict[str, int]:
    """Distributions mapped, built into an entry and checked in one second: from the store in sums, as most
    are, and one by one, as those are whose kind is split or booked in detail."""
    from ml_connector.app.mapping_csv import read_mapping
    from ml_connector.app.settings import Settings, start_django
    from ml_connector.domain.build import BuildPolicy, EntryBuilder
    from ml_connector.domain.checks import check_entry, check_totals
    from ml_connector.domain.dimension import dimensions
    from ml_connector.domain.journal import Account, Chart
    from ml_connector.domain.money import Money
    from ml_connector.domain.payroll import Block, Distribution, PayRun
    from ml_connector.domain.period import PayPeriod

    day = datetime(2026, 6, 26).date()
    pay_run = PayRun(
        source="bench",
        reference="1",
        subject="bench",
        description="",
        companies=("C",),
        currency="USD",
        pay_period=PayPeriod(start=day, end=day, pay_date=day),
        calculated_at=datetime(2026, 6, 26),
        blocks=1,
    )
    mapping = read_mapping("bench", 1, MAIN.mapping.read_bytes())
    codes = [dimensions({"org_level_1": f"D{number:03}"}) for number in range(37)]
    rows = [
        Distribution(
            company="C",
            account=account,
            amount=Money.from_minor(sign * (100 + number % 9_973), "USD"),
            dimensions=codes[number % 37],
            pay_code=None,
            origin=str(number),
        )
        for number in range(COMPUTED_ROWS // 2)
        for account, sign in (("5100", 1), ("2290", -1))
    ]
    accounts = {code: Account(code=code, description=code) for code in ("4000", "1700")}
    chart = Chart(
        entity="1",
        journal="95",
        journal_problem=None,
        currencies=frozenset({"USD"}),
        accounts=accounts,
        codes={"cost_center": frozenset(f"D{number:03}" for number in range(37))},
        inactive={},
        currency="USD",
    )

    start_django(Settings(home=home))
    from ml_connector.app.access import Access
    from ml_connector.store.staging import StoredStaging

    staging, run = StoredStaging(), Access("bench").runs.create(flow="payroll", stage="propose", input={}).id
    blocks = range(0, len(rows), BLOCK_ROWS)
    for number, start in enumerate(blocks, 1):
        staging.stage(
            run, Block(number=number, total=len(blocks), rows=tuple(rows[start : start + BLOCK_ROWS]))
        )

    def measured(book: Callable[[EntryBuilder], None]) -> int:
        builder = EntryBuilder(
            pay_run=pay_run,
            mapping=mapping,
            policy=BuildPolicy(entities={"C": "1"}, journals={"1": "95"}, text="bench"),
            posting_date=day,
            families={"1": "bench"},
        )
        began = time.perf_counter()
        book(builder)
        proposal = builder.finish()
        problems = [
            *proposal.problems,
            *check_totals(proposal.totals),
            *(p for entry in proposal.entries for p in check_entry(entry, chart)),
        ]
        seconds = time.perf_counter() - began
        if problems or sum(total.rows for total in proposal.totals) != len(rows):
            raise CommandFailed(str(problems[:1]))
        return round(len(rows) / seconds)

    return {
        "lines_per_second": measured(
            lambda builder: [builder.add_group(group) for group in staging.groups(run)].clear()
        ),
        "lines_per_second_one_by_one": measured(lambda builder: [builder.add(row) for row in rows].clear()),
    }
