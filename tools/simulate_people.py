"""`make simulate TARGET=people`: worlds in which people are hired, leave, come back, move and are named anew
at a payroll's screens, and a clerk renames, closes, opens and makes members at a ledger's, while the flow of
workers makes passes between them; see `moving_people`. A judge that knows only what both hold says at rest
what is wrong. A seed that shows something wrong is named with the command that repeats it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from typing import Any

from moving_people.play import FIGURES, Outcome, ground, play


def one(seed: int) -> int:
    """Play a world and print its trace; 0 when nothing was wrong."""
    with ground() as place:
        outcome = play(place, seed)
    for line in outcome.trace:
        print(line)
    return _end([outcome])


def many(seeds: Sequence[int], jobs: int, say: Callable[[str], None]) -> int:
    """Play them in some processes; 0 when nothing was wrong in any."""
    parts = [seeds[number::jobs] for number in range(jobs)]
    outcomes = list[Outcome]()
    with get_context("fork").Pool(jobs) as pool:
        for played in pool.imap_unordered(_play, parts):
            outcomes += played
    for outcome in sorted(outcomes, key=lambda outcome: outcome.seed):
        if outcome.violations:
            say(f"seed {outcome.seed}: {outcome.violations[0]}")
            say(f"repeat it: make simulate TARGET=people SEED={outcome.seed}")
    return _end(outcomes)


def _play(seeds: Sequence[int]) -> list[Outcome]:
    def every() -> Iterator[Outcome]:
        with ground() as place:
            for seed in seeds:
                yield play(place, seed)

    return list(every())


def _end(outcomes: Sequence[Outcome]) -> int:
    """Print the last line."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
    failed = sorted(outcome.seed for outcome in outcomes if outcome.violations)
    codes = Counter(outcome.violations[0].code for outcome in outcomes if outcome.violations)
    line: dict[str, Any] = {"ok": not failed, "seeds": len(outcomes)}
    line |= {name: counts[name] for name in FIGURES}
    line |= {"violations": len(failed), "codes": dict(sorted(codes.items())), "failed": failed}
    print(json.dumps(line))
    return 1 if failed else 0
