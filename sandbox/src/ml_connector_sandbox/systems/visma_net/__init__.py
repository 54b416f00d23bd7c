"""Visma.net ERP's REST API with one application and the companies of a scenario; the README says what it does
not do.
"""

from __future__ import annotations

from ml_connector_sandbox.core.opening import System
from ml_connector_sandbox.systems.visma_net.routes import VismaNet

_SYSTEM = System(VismaNet)
build, is_described = _SYSTEM.build, _SYSTEM.is_described
