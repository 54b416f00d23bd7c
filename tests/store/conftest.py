"""Databases for the store's suite. Django is configured once in a process, so `test_backends` runs the suite
in one process per database.
"""

from __future__ import annotations

import os

DATABASE = "ML_CONNECTOR_TEST_DATABASE"
collect_ignore = [] if os.environ.get(DATABASE) else ["suite"]
