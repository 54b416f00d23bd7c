"""What can stop a command, read for its face: what kind it is, what to say, and every problem."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from importlib import import_module

from django.db import InterfaceError, OperationalError

from ml_connector.app.access import Unknown
from ml_connector.app.audit import ExportError
from ml_connector.app.backup import BackupError, NotOverwritten
from ml_connector.app.mapping_csv import TableError
from ml_connector.app.refusals import NotAllowed, SetupError, Unsafe
from ml_connector.app.settings import DatabaseUnusable, SettingsError, start_problem, unusable
from ml_connector.domain.problem import Problem
from ml_connector.errors import ConnectorError, Inexpressible, KeyConflict, Refused, SignInRenewed, Throttled
from ml_connector.flows.flow import PolicyError
from ml_connector.runs.durable import EngineDamaged
from ml_connector.store.database import AddressError
from ml_connector.store.secrets import VaultError


class Kind(Enum):
    """Who acts next: the caller, a person who fixes what is named, one with other rights, or whoever runs the
    systems.
    """

    USAGE = "usage"
    FIX = "fix"
    NOT_ALLOWED = "not allowed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as people see it."""

    kind: Kind
    text: str
    problems: tuple[Problem, ...] = ()


_FILE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_EXPECTED = (
    ExportError,
    SettingsError,
    AddressError,
    OperationalError,
    InterfaceError,
    DatabaseUnusable,
    TableError,
    SetupError,
    PolicyError,
    Unknown,
    NotAllowed,
    VaultError,
    EngineDamaged,
    Unsafe,
    BackupError,
    ConnectorError,
    *_FILE,
)


def expected() -> tuple[type[BaseException], ...]:
    """Everything that is not a defect of ours: a database that is not there, full, locked, or not a database
    too, that of the durable engine with it.
    """
    return (*_EXPECTED, *_of_the_engine())


def _of_the_engine() -> tuple[type[BaseException], ...]:
    """What its database raises; nothing where it is not loaded."""
    if "sqlalchemy.exc" not in sys.modules:
        return ()
    # Another thread may be loading it: this waits until it is whole.
    loaded = import_module("sqlalchemy.exc")
    return (loaded.OperationalError, loaded.InterfaceError)


def read_failure(error: BaseException) -> Failure:
    """The failure that one of the expected errors stands for."""
    if isinstance(error, TableError | SetupError):
        count = len(error.problems)
        return Failure(
            Kind.USAGE, f"{count} problem{'s' * (count > 1)}; nothing was changed.", error.problems
        )
    if isinstance(error, VaultError | EngineDamaged):
        return Failure(Kind.FIX, str(error))
    if isinstance(error, NotOverwritten):
        return Failure(Kind.USAGE, str(error))
    if isinstance(error, ConnectorError):
        by_itself = isinstance(error, Throttled | SignInRenewed)
        fixable = isinstance(error, Refused | Inexpressible | KeyConflict) and not by_itself
        return Failure(
            Kind.FIX if fixable else Kind.FAILED,
            error.problem.text + (f" [{error.support}]" if error.support else ""),
            (error.problem,),
        )
    if isinstance(error, _of_the_engine()):
        return Failure(Kind.FAILED, unusable(getattr(error, "orig", None) or error))
    if (found := start_problem(error)) is not None:
        return Failure(Kind.USAGE if found[0] else Kind.FAILED, found[1])
    if isinstance(error, NotAllowed):
        return Failure(Kind.NOT_ALLOWED, str(error))
    return Failure(
        Kind.USAGE if isinstance(error, PolicyError | Unknown | ExportError) else Kind.FAILED, str(error)
    )
