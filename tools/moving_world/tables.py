"""What stands in the database of the product, read past everything that the product does itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moving_world.views import RunView

ORGANISATION = "default"


class Tables:
    """The tables of an installation. `wrapper` is the open connection."""

    wrapper: Any
    clock: Any

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the database, past Django."""
        self.wrapper.ensure_connection()
        return list(self.wrapper.connection.execute(query, values))

    def runs(self) -> list[RunView]:
        """Every run, oldest first."""
        flows = {
            key: (source, target)
            for key, source, target in self.rows(
                "SELECT f.id, s.name, t.name FROM store_flow f JOIN store_connection s ON s.id = f.source_id"
                " JOIN store_connection t ON t.id = f.target_id"
            )
        }
        found = self.rows(
            "SELECT id, number, flow, state, stage, summary, due_at, problems, input, reference, dry,"
            " settings_id FROM store_run ORDER BY number"
        )
        return [_view(row, flows) for row in found]

    def flow(self, source: str, target: str) -> tuple[str, dict[str, str]] | None:
        """The mode and the options of a flow."""
        found = self.rows(
            "SELECT f.mode, f.options FROM store_flow f JOIN store_connection s ON s.id = f.source_id"
            " JOIN store_connection t ON t.id = f.target_id WHERE s.name = ? AND t.name = ?",
            source,
            target,
        )
        return (found[0][0], json.loads(found[0][1])) if found else None

    def written(self) -> tuple[Any, int]:
        """The open connection, and how many rows were written over it: equal while nothing is."""
        self.wrapper.ensure_connection()
        return self.wrapper.connection, self.wrapper.connection.total_changes

    def states(self) -> list[tuple[str, str, str]]:
        """Id, state and stage of every run, oldest first; cheap."""
        return self.rows("SELECT id, state, stage FROM store_run ORDER BY number")

    def able(self) -> list[str]:
        """Runs that could go on: begun by a process that is gone, ready, or due."""
        found = self.rows(
            "SELECT id FROM store_run WHERE state IN ('running', 'ready')"
            " OR (state = 'waiting' AND due_at <= ?) ORDER BY number",
            f"{self.clock.now():%Y-%m-%d %H:%M:%S.%f}",
        )
        return [identity for (identity,) in found]

    def next_due(self) -> datetime | None:
        """When the first of the waiting runs is due, by the host's clock."""
        ((due,),) = self.rows("SELECT MIN(due_at) FROM store_run WHERE state = 'waiting'")
        return _moment(due)

    def unknown(self) -> list[tuple[str, str, str]]:
        """Entries whose outcome people must settle: key, ledger and legal entity."""
        return self.rows(
            "SELECT c.key, n.name, c.entity FROM store_commit c JOIN store_connection n"
            " ON n.id = c.connection_id WHERE c.state = 'unknown' ORDER BY c.id"
        )

    def known_documents(self, ledger: str) -> set[str]:
        """Keys of the documents that the product knows as its own in a ledger."""
        found = self.rows(
            "SELECT c.entity || '/' || c.reference FROM store_commit c JOIN store_connection n"
            " ON n.id = c.connection_id WHERE n.name = ? AND c.reference <> ''",
            ledger,
        )
        return {key for (key,) in found}

    def documents(self, run: str) -> list[str]:
        """Keys of the documents that stand for the run, as the product knows them."""
        found = self.rows(
            "SELECT entity || '/' || reference FROM store_commit WHERE run_id = ? AND reference <> ''"
            " AND reversed_by NOT IN ('deleted in the ledger', 'stated anew', 'withdrawn')",
            run,
        )
        return [key for (key,) in found]

    def incidents(self, ledger: str) -> list[tuple[str, str, str]]:
        """What is open of that ledger: code, legal entity and document number."""
        return self.rows(
            "SELECT i.code, i.entity, i.document FROM store_incident i JOIN store_connection c"
            " ON c.id = i.connection_id WHERE c.name = ? AND i.over_at IS NULL ORDER BY i.id",
            ledger,
        )

    def looked_at(self, ledger: str) -> datetime | None:
        """When the last look at the ledger was taken, by the host's clock."""
        found = self.rows("SELECT looked_at FROM store_connection WHERE name = ?", ledger)
        return _moment(found[0][0]) if found else None

    def booked_documents(self, ledger: str, since: datetime) -> set[str]:
        """Keys of what the product booked there since then, and does not know to be deleted."""
        from ml_connector.ports.commits import DELETED

        found = self.rows(
            "SELECT c.entity || '/' || c.reference FROM store_commit c JOIN store_connection n"
            " ON n.id = c.connection_id WHERE n.name = ? AND c.state = 'confirmed' AND c.reversed_by <> ?"
            " AND c.reference <> '' AND (c.created_at >= ? OR EXISTS"
            " (SELECT 1 FROM store_intent i WHERE i.commit_id = c.id AND i.ended_at >= ?))",
            ledger,
            DELETED,
            *[f"{since:%Y-%m-%d %H:%M:%S.%f}"] * 2,
        )
        return {key for (key,) in found}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text outside the vault, with the table it stands in."""
        tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'store_%'")
        for (table,) in tables:
            if table in ("store_secret", "store_token"):
                continue
            for row in self.rows(f"SELECT * FROM {table}"):
                yield table, "\x00".join(value for value in row if isinstance(value, str))

    def audit_faults(self) -> list[str]:
        """What is wrong with the audit chain, and with what it speaks of."""
        from ml_connector.app.access import Access
        from ml_connector.app.audit import audit_report

        return audit_report(Access(ORGANISATION)).faults


def _view(row: Any, flows: Mapping[int, tuple[str, str]]) -> RunView:
    from ml_connector.domain import codec

    identity, number, kind, state, stage, summary, due, problems, text, reference, dry, flow = row
    given = json.loads(text)
    source, target = flows[flow]
    found: Any = codec.decode(problems) if problems else ()
    return RunView(
        id=identity,
        number=number,
        kind=kind,
        source=source,
        target=target,
        reference=reference,
        reverses=given.get("reverses", ""),
        dry=bool(dry),
        state=state,
        stage=stage,
        summary=summary,
        superseded=summary.startswith("A newer calculation of this pay is booked"),
        due=_moment(due),
        problems=tuple((problem.code, problem.where, problem.text, str(problem.owner)) for problem in found),
    )


def _moment(value: str | datetime | None) -> datetime | None:
    """A moment as SQLite hands it back: Django's connection reads columns as dates, and sums as text."""
    if not value:
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.replace(tzinfo=UTC)
