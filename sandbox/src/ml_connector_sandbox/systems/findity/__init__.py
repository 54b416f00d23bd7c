"""Findity's Connect API with one partner's organizations; the README says what it does not do."""

from __future__ import annotations

from ml_connector_sandbox.core.opening import System
from ml_connector_sandbox.systems.findity.routes import Findity

_SYSTEM = System(Findity, role="expenses")
build, is_described = _SYSTEM.build, _SYSTEM.is_described
