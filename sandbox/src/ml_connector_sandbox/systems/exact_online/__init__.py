"""Exact Online's REST API with one app, one user and the divisions of a scenario; the README says what it
does not do.
"""

from __future__ import annotations

from ml_connector_sandbox.core.opening import System
from ml_connector_sandbox.systems.exact_online.routes import ExactOnline

_SYSTEM = System(ExactOnline)
build, is_described = _SYSTEM.build, _SYSTEM.is_described
