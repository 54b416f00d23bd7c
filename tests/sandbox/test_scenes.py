"""Scenes: each ledger brings one, and every scenario that a ledger has data for can be played."""

from __future__ import annotations

import pkgutil

import pytest

from ml_connector_sandbox import scenarios, systems
from ml_connector_sandbox.core.registry import open_system, systems_of
from ml_connector_sandbox.core.scene import payroll_scene, scene_of, scenes

SCENARIOS = sorted(module.name for module in pkgutil.iter_modules(scenarios.__path__))
SCENE = """
from pathlib import Path
from ml_connector_sandbox.core.scene import Scene
SCENE = Scene(scenario="acme", ledger="acme_books", mapping=Path(__file__).with_name("mapping.csv"),
    settings=lambda system, entities: {}, options={}, posting=())
"""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_is_played_at_the_ledger_that_it_has_data_for(scenario):
    scene = scene_of(scenario)

    assert scenario == scene.scenario
    assert scene.ledger in systems_of(scenario)
    assert ["--scenario", scenario] == scene.arguments()[:2]
    assert scene.mapping.read_text().splitlines()[1:]


@pytest.mark.parametrize("scene", scenes().values(), ids=scenes())
def test_what_is_typed_in_comes_from_what_the_simulators_say(scene):
    """Payroll's companies stand beside the entities, and every setting has a value."""
    payroll = payroll_scene()
    described = {
        slug: open_system(slug, scenario=scene.scenario).describe("http://x")
        for slug in (payroll.payroll, scene.ledger)
    }
    entities = scene.entities(described)

    assert len(entities) == len(described[payroll.payroll]["entities"])
    assert all(scene.settings(described[scene.ledger], [*entities.values()]).values())
    assert all(payroll.settings(described[payroll.payroll]).values())


def test_the_yard_in_euro_needs_a_rate_with_every_pay_run():
    assert ("--rate", "EUR=0.0859") == scene_of("two_companies").given[:2]
    assert () == scene_of("norway").given


def test_nobody_plays_what_does_not_exist():
    with pytest.raises(KeyError, match="no scenario named atlantis"):
        scene_of("atlantis")


def test_a_new_simulator_brings_its_scene_in_its_folder(tmp_path, monkeypatch):
    """Nothing else is edited."""
    folder = tmp_path / "acme_books"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "scene.py").write_text(SCENE)
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path)])

    assert "acme" == scenes()["acme_books"].scenario
    assert folder / "mapping.csv" == scenes()["acme_books"].mapping
