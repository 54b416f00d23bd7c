"""How a task of the world has its turn, and what its end may say."""

from __future__ import annotations

from ml_connector_sandbox.judges.moving import Violation
from moving_world.baton import Task
from moving_world.views import Refusal
from moving_world.world import World


def go_on(world: World, task: Task, points: int) -> None:
    """Let the task go on for so many points, or to its end."""
    world.baton.go(task, points)
    if task.ended:
        _ended(world, task)


def _ended(world: World, task: Task) -> None:
    world.poll()
    error = task.error
    if error is None or isinstance(error, Refusal):
        return
    if isinstance(error, MemoryError):
        world.note(f"{task.name} ends for want of memory")
        return
    if world.counts["disk full"] and "full" in str(error):
        world.note(f"{task.name} fails: {error}")
        return
    world.blame(Violation("defect", f"{task.name} raised {type(error).__name__}: {error}"))
