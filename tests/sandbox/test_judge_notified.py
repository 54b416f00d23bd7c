"""The count of notifications, from what was made, lost and taken."""

from __future__ import annotations

import pytest

from ml_connector_sandbox.judges.notified import notified


@pytest.mark.parametrize(
    ("made", "lost", "taken", "expected"),
    [
        (0, 0, [], (0, 0, 0, 0)),
        (3, 0, [1, 2, 3], (3, 0, 0, 0)),
        (4, 1, [1, 2], (2, 1, 0, 0)),
        (3, 0, [1, 1, 2, 3, 1], (3, 0, 2, 0)),
        (3, 0, [3, 2, 1], (3, 0, 0, 2)),
        (4, 1, [2, 2, 1, 3, 1], (3, 0, 2, 1)),
    ],
)
def test_what_arrived_twice_late_or_never(made, lost, taken, expected):
    """Delivered, undelivered, doubled, swapped: each notification counts once among the first two."""
    found = notified(made, lost, taken)

    assert expected == (found.delivered, found.undelivered, found.doubled, found.swapped)
    assert made == found.published == found.delivered + found.lost + found.undelivered
