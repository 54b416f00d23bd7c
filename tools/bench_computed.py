"""How fast the product computes by itself, without a vendor: from the bytes of UKG's pages to summed groups,
and map, build and check.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
from scenes import MAIN, PAYROLL
from stage import CommandFailed, Sandbox

COMPUTED_ROWS = 300_000
BLOCK_ROWS = 10_000
PAGES = 5
TIMES = 7


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

    staging, run = (
        StoredStaging(),
        Access("default").runs.create(flow="payroll", stage="propose", input={}).id,
    )
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


def microseconds_to_groups(home: Path) -> dict[str, float]:
    """CPU time of a row of a general-ledger run, from the bytes of its page to the sums of its group, staged
    on the way; the least of a few times.
    """
    from ml_connector.app.settings import Settings, start_django

    start_django(Settings(home=home))
    from ml_connector.app.access import Access
    from ml_connector.connectors.ukg_pro.general_ledger import GeneralLedgerSource
    from ml_connector.store.staging import StoredStaging
    from ml_connector.transport.answer import Answer

    headers = {"content-type": "application/json"}
    answers = [
        Answer(method="GET", url="http://127.0.0.1/", status=200, headers=headers, body=body)
        for body in _pages()
    ]

    def pages(*_: object, **__: object) -> Iterator[Answer]:
        yield from answers

    options: Any = _Given({"currency_of": lambda _: "USD", "takes": lambda _: True, "account": ""})
    ukg: Any = SimpleNamespace(pages=pages)
    clock: Any = None
    source = GeneralLedgerSource(options, ukg, clock, "bench")
    seconds = []
    for _ in range(TIMES):
        staging, run = (
            StoredStaging(),
            Access("default").runs.create(flow="payroll", stage="read", input={}).id,
        )
        began = time.process_time()
        for block in source.blocks("BENCH"):
            staging.stage(run, block)
        groups = list(staging.groups(run))
        seconds.append(time.process_time() - began)
        if staging.problems(run) or sum(group.rows for group in groups) != PAGES * BLOCK_ROWS:
            raise CommandFailed(str(staging.problems(run)[:1]))
    return {"microseconds_to_groups": round(1e6 * min(seconds) / (PAGES * BLOCK_ROWS), 2)}


class _Given:
    """Settings of a connection that are all that reading needs of them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values[name]

    def __getitem__(self, name: str) -> str:
        return str(self._values[name])


def _pages() -> list[bytes]:
    """Pages of a run as the simulator writes them."""
    rows = {"bench_rows": PAGES * BLOCK_ROWS, "bench_groups": PAGES * BLOCK_ROWS // 50}
    switches = ["--profile", "fast", "--scenario", "bench"]
    for name, value in rows.items():
        switches += ["--switch", f"{PAYROLL}.{name}={value}"]
    with Sandbox(switches) as sandbox:
        system = sandbox.systems[PAYROLL]
        given = system["credentials"]
        with httpx2.Client(
            base_url=system["base_url"],
            auth=(given["username"], given["password"]),
            headers={"US-Customer-Api-Key": given["customer_api_key"]},
            trust_env=False,
        ) as client:
            path = f"/payroll/v2/general-ledger/BENCH?per_Page={BLOCK_ROWS}&page="
            return [client.get(f"{path}{page}").content for page in range(1, PAGES + 1)]
