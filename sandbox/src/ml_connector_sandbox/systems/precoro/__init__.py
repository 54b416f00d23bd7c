"""Precoro's API with one company, its users and their keys; the README says what it does not do."""

from __future__ import annotations

from ml_connector_sandbox.core.opening import System
from ml_connector_sandbox.systems.precoro.routes import Precoro

_SYSTEM = System(Precoro, role="procurement")
build, is_described = _SYSTEM.build, _SYSTEM.is_described
