"""The scenes that demos, crash tests and benchmarks play in, as the simulators' folders bring them."""

from __future__ import annotations

from ml_connector_sandbox.core.scene import PayrollScene, Scene, payroll_scene, scene_of, scenes

__all__ = ["BY_LEDGER", "MAIN", "PAYROLL", "SCENES", "PayrollScene", "Scene", "payroll_scene", "scene_of"]

PAYROLL = payroll_scene().payroll
BY_LEDGER = scenes()
SCENES = {scene.scenario: scene for scene in BY_LEDGER.values()}
MAIN = scene_of("trading_company")
"""The scene that is played where none is named."""
