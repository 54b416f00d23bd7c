"""`make simulate`: worlds that move while the product posts, one a seed, judged after every step.

Payrolls, ledgers, the people of both, the operators of the product and faults take turns at every durable
commit and every exchange, as the seed will have it. A judge that knows only what payroll paid and what the
ledgers hold says what is wrong: see `moving_world`. A seed that shows something wrong is named with the
command that repeats it, made as small as it goes, and kept as a test. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from moving_world.acts import ACTS
from moving_world.case import read, smallest
from moving_world.coverage import FULL_SEEDS, Cell, cells, empty
from moving_world.driver import SEEDS_A_SHAPE, Outcome, play
from moving_world.install import BOOKED_WRONG, ground
from moving_world.runner import Played, play_all, warm_up
from moving_world.shape import VENDORS
from rich.console import Console
from rich.progress import Progress

CASES = Path(__file__).parent.parent / "tests" / "simulate" / "cases"
WIDTH = 80
SHRINK_TRIES_MAX = 150
SHOWN = 10
ACTORS = frozenset(act.actor for act in ACTS.values())
SHRUNK_MAX = 3
"""How many failing seeds are made smaller: one of each kind."""
MANY = 200
"""From so many seeds on it pays to warm up first."""
err = Console(stderr=True, width=WIDTH)


@dataclass(slots=True)
class Sum:
    """What all seeds came to. `seconds` is of the processors; `must_cover` when no combination may be
    empty.
    """

    claims: bool = True
    must_cover: bool = False
    seeds: int = 0
    booked_wrong: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    coverage: Counter[Cell] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, played: Played) -> None:
        """Count a seed."""
        self.seeds += 1
        self.seconds += played.seconds
        self.counts.update(played.outcome.counts)
        self.coverage.update(played.outcome.coverage)
        found = {wrong.code for wrong in played.outcome.violations}
        self.booked_wrong += bool(found & BOOKED_WRONG)
        if found - (frozenset() if self.claims else BOOKED_WRONG):
            self.failed.append(played.outcome)

    def zeros(self) -> list[Cell]:
        """Combinations of actor, state of a run and fault that no seed had."""
        return empty(ACTORS, self.coverage)

    def report(self) -> dict[str, Any]:
        """The last line."""
        codes = Counter(outcome.violations[0].code for outcome in self.failed)
        zeros = self.zeros()
        every = len(cells(ACTORS))
        return {
            "ok": not self.failed and not (self.must_cover and zeros),
            "seeds": self.seeds,
            "steps": self.counts["steps"],
            "points": self.counts["points"],
            "runs": self.counts["runs"],
            "sends": self.counts["sends"],
            "sends_by": {vendor: self.counts[f"sends to {vendor}"] for vendor in sorted({*VENDORS})},
            "faults": self.counts["faults"],
            "kills": self.counts["kills"],
            "violations": len(self.failed),
            "booked_wrong": self.booked_wrong,
            "codes": dict(sorted(codes.items())),
            "failed": [outcome.seed for outcome in self.failed],
            "seeds_per_second": round(self.seeds / max(self.seconds, 0.001), 2),
            "coverage": {"cells": every, "seen": every - len(zeros), "zeros": [" / ".join(z) for z in zeros]},
        }


def main() -> int:
    """Play the seeds; 0 when nothing was wrong in any of them and, where coverage is asked for, every
    combination of actor, state of a run and fault happened.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--seed", type=int, help="play one seed, and show what happens in it")
    parser.add_argument("--case", type=Path, help="play a kept case, and show what happens in it")
    parser.add_argument("--without-claims", action="store_true", help="no run claims its pay")
    text = f"fail when a combination is empty; from {FULL_SEEDS} seeds on that is so by itself"
    parser.add_argument("--coverage", action="store_true", help=text)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at work")
    text = "payroll, or people: those of a payroll and members of a ledger"
    parser.add_argument("--target", choices=("payroll", "people"), default="payroll", help=text)
    parser.add_argument("--keep", type=Path, default=CASES, help="folder of the cases that are kept")
    arguments = parser.parse_args()
    last = arguments.first + arguments.seeds
    if arguments.target == "people":
        import simulate_people as people

        if arguments.seed is not None:
            return people.one(arguments.seed)
        return people.many(range(arguments.first, last), arguments.jobs, _say)
    if arguments.seed is not None or arguments.case is not None:
        return _one(arguments.seed, arguments.case)
    must_cover = arguments.coverage or arguments.seeds >= FULL_SEEDS
    began, total = time.monotonic(), Sum(claims=not arguments.without_claims, must_cover=must_cover)
    with Progress(console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task("seeds", total=arguments.seeds)
        for played in _all(range(arguments.first, last), arguments.jobs, total.claims):
            total.add(played)
            progress.advance(task)
            progress.update(task, description=f"seeds, {len(total.failed)} wrong")
            if total.failed and total.failed[-1] is played.outcome:
                _tell(played.outcome)
    if total.claims:
        _keep(total.failed, arguments.keep)
    report = total.report()
    if total.must_cover and total.zeros():
        _tell_empty(total)
    print(json.dumps({**report, "wall_seconds": round(time.monotonic() - began, 1)}))
    return 0 if report["ok"] else 1


def _one(seed: int | None, case: Path | None) -> int:
    """Play one world and print its trace."""
    with ground() as place:
        outcome = play(place, seed) if seed is not None else read((case or Path()).read_text()).play(place)
    for line in outcome.trace:
        print(line)
    total = Sum()
    total.add(Played(outcome, 0.0))
    report = total.report()
    for name in ("coverage", "seeds_per_second", "failed"):
        del report[name]
    print(json.dumps({**report, "seed": outcome.seed}))
    return 1 if outcome.violations else 0


# --- many seeds ---------------------------------------------------------------------------------------------


def _all(seeds: range, jobs: int, claims: bool) -> Iterator[Played]:
    """Play the seeds in some processes, in whatever order they end."""
    groups = [
        [seed for seed in seeds if seed // SEEDS_A_SHAPE == number]
        for number in range(seeds.start // SEEDS_A_SHAPE, (seeds.stop - 1) // SEEDS_A_SHAPE + 1)
    ]
    context = get_context("fork")
    waiting, played = context.SimpleQueue(), context.SimpleQueue()
    for group in [*groups, *[None] * jobs]:
        waiting.put(group)
    workers = [
        context.Process(target=_work, args=(waiting, played, claims, len(seeds) >= MANY))
        for _ in range(min(jobs, len(groups)))
    ]
    for worker in workers:
        worker.start()
    try:
        for _ in seeds:
            found = played.get()
            if isinstance(found, str):
                raise RuntimeError(found)
            yield found
    finally:
        for worker in workers:
            worker.terminate() if sys.exc_info()[0] else worker.join()


def _work(waiting: Any, played: Any, claims: bool, warm: bool) -> None:
    try:
        with ground(claims=claims) as place:
            spent = warm_up(place) if warm else 0.0
            for group in iter(waiting.get, None):
                for found in play_all(place, group):
                    played.put(Played(found.outcome, found.seconds + spent))
                    spent = 0.0
    except Exception as error:
        played.put(f"{type(error).__name__}: {error}")


# --- what is wrong ------------------------------------------------------------------------------------------


def _tell(outcome: Outcome) -> None:
    """One seed that shows something wrong, and how to see it again."""
    _say(f"seed {outcome.seed}: {outcome.violations[0]}")
    _say(f"repeat it: make simulate SEED={outcome.seed}")


def _tell_empty(total: Sum) -> None:
    """Combinations that none of the seeds had."""
    zeros = [" / ".join(cell) for cell in total.zeros()]
    s = "s" * (total.seeds != 1)
    more = f" and {len(zeros) - SHOWN} more" if len(zeros) > SHOWN else ""
    _say(
        f"{len(zeros)} combinations of actor, state of a run and fault did not happen in"
        f" {total.seeds} seed{s}: {'; '.join(zeros[:SHOWN])}{more}"
    )


def _keep(failed: Iterable[Outcome], folder: Path) -> None:
    """Make the first of each kind of failing seed small, and keep it as a test."""
    kinds: dict[str, Outcome] = {}
    for outcome in failed:
        kinds.setdefault(outcome.violations[0].code, outcome)
    for code, outcome in list(kinds.items())[:SHRUNK_MAX]:
        with ground() as place:
            case = smallest(place, outcome, SHRINK_TRIES_MAX)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{code.replace(' ', '-')}-{outcome.seed}.json"
        path.write_text(case.text())
        _say(f"{code}: {len(outcome.steps)} steps made {len(case.steps)}, kept as a test: {path.name}")


def _say(text: str) -> None:
    for line in textwrap.wrap(text, WIDTH, subsequent_indent="    "):
        err.print(line, markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
