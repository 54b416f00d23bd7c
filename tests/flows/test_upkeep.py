"""Upkeep while a database is away: the serving process lives on and tries again."""

from __future__ import annotations

from tests.payday import World

NOWHERE = "sqlite:////dev/null/engine.sqlite3"


def test_a_round_that_a_database_stops_is_tried_again() -> None:
    """That of the durable engine cannot be opened; runs are carried out meanwhile."""
    assembly = World()._assembly
    assembly.settings = assembly.settings.model_copy(update={"engine_url": NOWHERE})
    from ml_connector.app.upkeep import try_upkeep

    assert None is try_upkeep(assembly)
