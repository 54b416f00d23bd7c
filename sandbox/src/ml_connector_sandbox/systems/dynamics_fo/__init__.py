"""Dynamics 365 Finance & Operations' OData service with one environment; the README says what it does not
do.
"""

from __future__ import annotations

from ml_connector_sandbox.core.opening import System
from ml_connector_sandbox.systems.dynamics_fo.routes import DynamicsFo

_SYSTEM = System(DynamicsFo)
build, is_described = _SYSTEM.build, _SYSTEM.is_described
