"""Many seeds, one after the other: the seeds of one shape share its opening, and each goes on in a copy of
its own.

The opening is played once; then the process is forked for each of its seeds. A seed that is played alone
plays the same opening by itself, and comes to the same trace.
"""

from __future__ import annotations

import gc
import os
import pickle
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from moving_world.driver import SEEDS_A_SHAPE, Game, Outcome, play, shape_of_seed
from moving_world.install import Ground

WARMED_BY = range(0, 10 * SEEDS_A_SHAPE, SEEDS_A_SHAPE)
"""Seeds of ten shapes."""


@dataclass(frozen=True, slots=True)
class Played:
    """A seed's outcome, and the CPU seconds it took."""

    outcome: Outcome
    seconds: float


def warm_up(ground: Ground) -> float:
    """Play some seeds in this process, so that what it keeps (texts of statements, patterns) is there for the
    children; the CPU seconds it took.
    """
    began = time.process_time()
    for seed in WARMED_BY:
        play(ground, seed)
    return time.process_time() - began


def play_all(ground: Ground, seeds: Iterable[int]) -> Iterator[Played]:
    """Play the seeds in their order."""
    for _, group in groupby(seeds, key=lambda seed: seed // SEEDS_A_SHAPE):
        members = list(group)
        began = time.process_time()
        game = Game(ground, shape_of_seed(members[0]))
        game.open()
        image = _Image(ground, game)
        shared = (time.process_time() - began) / len(members)
        gc.collect()
        gc.freeze()
        for seed in members:
            played = _forked(image, seed)
            yield Played(played.outcome, played.seconds + shared)
        gc.unfreeze()
        image.close()


class _Image:
    """The world after its opening, as files and memory of a process that is forked."""

    def __init__(self, ground: Ground, game: Game) -> None:
        self.game = game
        product = game.world.product
        product.close()
        self._database = product.path.read_bytes()
        self._drop = ground.home / "drop"
        self._files = [(path.name, path.read_bytes(), path.stat().st_mtime) for path in self._drop.iterdir()]

    def restore(self) -> None:
        """Put the files back as they were."""
        product = self.game.world.product
        product.path.write_bytes(self._database)
        for path in self._drop.iterdir():
            path.unlink()
        for name, content, modified in self._files:
            (self._drop / name).write_bytes(content)
            os.utime(self._drop / name, (modified, modified))
        product.open(self.game.world)

    def close(self) -> None:
        """Forget the world."""
        self.game.world.end()


def _forked(image: _Image, seed: int) -> Played:
    """Play a seed in a child process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(_in_child(image, seed), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    if not data:
        raise RuntimeError(f"seed {seed} ended its process")
    found: Any = pickle.loads(data)
    if isinstance(found, str):
        raise RuntimeError(f"seed {seed}: {found}")
    assert isinstance(found, Played)
    return found


def _in_child(image: _Image, seed: int) -> Played | str:
    import traceback

    began = time.process_time()
    gc.disable()
    try:
        image.restore()
        outcome = image.game.play(seed)
    except Exception:
        return traceback.format_exc()
    return Played(outcome, time.process_time() - began)
