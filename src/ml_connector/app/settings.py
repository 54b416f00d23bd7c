"""Settings of an installation, from the environment (`ML_CONNECTOR_…`) or `settings.toml` in its home folder.

A home folder holds everything of a default installation: `product.sqlite3`, `engine.sqlite3`, `keys` and
`audit.key` (back them up apart), `files/`, `locks/`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

PREFIX = "ML_CONNECTOR_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MAIL_TLS = ("starttls", "tls", "none")
FILE = "settings.toml"
OURS = ("product.sqlite3", "engine.sqlite3", "keys", "audit.key", "locks", "files", FILE)
"""How the names of what an installation has in its home folder begin."""


SECRETS_OF_PEOPLE: dict[str, dict[str, int]] = {
    "MinimumLengthValidator": {"min_length": 12},
    "UserAttributeSimilarityValidator": {},
    "CommonPasswordValidator": {},
}
"""What is asked of a person's secret."""


class SettingsError(Exception):
    """The settings of this installation cannot be used; nothing was started."""


class DatabaseUnusable(Exception):
    """The database is not there, is none of ours, or may not be written."""


@dataclass(init=False)
class Settings:
    """Every setting has a default that works on one machine. What is given goes before a variable of the
    environment, and that before the file in the home folder. Raises `SettingsError` with every problem.
    """

    home: Path = Path(".ml-connector")
    database_url: str = ""
    """`sqlite:///…` or `postgresql://…`; empty for SQLite in the home folder."""
    engine_url: str = ""
    """The durable engine's own database; empty for SQLite in the home folder, or for the same PostgreSQL as
    `database_url`.
    """
    executor: str = "local"
    """Stable id of this worker; a replacement comes back under the same id."""
    organisation: str = "default"
    log_level: str = "WARNING"
    clock_file: str = ""
    """For trials beside simulators: a file with the seconds by which the clock is ahead of the machine's."""
    alert_after_hours: str = "24"
    """How long a run waits for people before that is an alert."""
    zone_data_days: str = "400"
    """From which age on `status` asks for newer time zone data."""
    mail_host: str = ""
    """The SMTP server that alerts are sent by; without one there is no mail."""
    mail_port: str = "587"
    mail_tls: str = "starttls"
    """`starttls`, `tls` from the first byte, or `none`."""
    mail_user: str = ""
    mail_password_file: str = ""
    mail_from: str = ""
    mail_to: str = ""
    """Addresses, with commas between them."""

    def __init__(self, **given: Any) -> None:
        found = {**_variables(), **given}
        self.home = Path(found.pop("home", self.home))
        found = {**_of_file(self.home / FILE), **found}
        if problems := [text for name, value in found.items() if (text := _problem(name, value))]:
            raise SettingsError(" ".join(problems))
        for name, value in found.items():
            setattr(self, name, value)
        if self.mail_host and not (self.mail_from and self.mail_to):
            raise SettingsError(
                "ML_CONNECTOR_MAIL_HOST is set, so ML_CONNECTOR_MAIL_FROM and ML_CONNECTOR_MAIL_TO must be."
            )
        self.log_level = self.log_level.upper()

    @cached_property
    def database(self) -> str:
        """Address of the product's database."""
        return self.database_url or f"sqlite:///{(self.home / 'product.sqlite3').absolute()}"

    @cached_property
    def engine(self) -> str:
        """Address of the durable engine's database."""
        url = self.engine_url or self.database_url
        if url.startswith("postgres://"):
            return url.replace("postgres://", "postgresql://", 1)
        if self.engine_url or url.startswith("postgresql://"):
            return url
        return f"sqlite:///{(self.home / 'engine.sqlite3').absolute()}"

    def at(self, path: Path) -> Settings:
        """The same installation with its database in another SQLite file."""
        return replace(self, database_url=f"sqlite:///{path.absolute()}")

    @property
    def mail_addresses(self) -> tuple[str, ...]:
        """Who gets alerts by mail; nobody without a server."""
        given = [address.strip() for address in self.mail_to.split(",")] if self.mail_host else []
        return tuple(dict.fromkeys(filter(None, given)))

    @property
    def key_file(self) -> Path:
        """The key file of the vault."""
        return self.home / "keys"

    @property
    def seal_file(self) -> Path:
        """The key that seals the audit chain."""
        return self.home / "audit.key"

    @property
    def files(self) -> Path:
        """Folder of files that were sent to us or are carried over, by their bytes."""
        return self.home / "files"

    @property
    def locks(self) -> Path:
        """Folder of file locks, beside SQLite."""
        return self.home / "locks"


def _variables() -> dict[str, str]:
    """Settings in the environment, by name."""
    given = {name.upper(): value for name, value in os.environ.items()}
    known = {field.name: f"{PREFIX}{field.name.upper()}" for field in fields(Settings)}
    return {name: given[variable] for name, variable in known.items() if variable in given}


def _of_file(file: Path) -> dict[str, Any]:
    """`settings.toml` of the home folder. It is found by the home folder, so it cannot move it; a name that
    is not known is a typing error, not something to leave out.
    """
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read as TOML: {error}.") from None
    known = [field.name for field in fields(Settings) if field.name != "home"]
    for name in found:
        if name == "home":
            raise SettingsError(
                f"{file} lies in the home folder and cannot set home. Set ML_CONNECTOR_HOME instead."
            )
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Settings are {', '.join(known)}."
            raise SettingsError(f"{file} sets {name!r}, which is no setting. {hint}")
    return found


def _problem(name: str, value: object) -> str | None:
    """What is wrong with the value of a setting, by the name of its variable. A value of the wrong kind is
    not repeated: an address may hold a password.
    """
    variable = f"{PREFIX}{name.upper()}"
    if not isinstance(value, str):
        return f"{variable} has a value of the wrong kind."
    if name == "log_level" and value.upper() not in LOG_LEVELS:
        return f"{variable}: {value!r} is none of {', '.join(LOG_LEVELS)}."
    if name == "mail_tls" and value not in MAIL_TLS:
        return f"{variable}: {value!r} is none of {', '.join(MAIL_TLS)}."
    if name == "mail_port" and not (value.isdecimal() and 0 < int(value) < 65536):
        return f"{variable}: {value!r} is no port."
    if name == "alert_after_hours" and not (value.isdecimal() and 0 < int(value) <= 8760):
        return f"{variable}: {value!r} is no number of hours between 1 and 8760."
    if name == "zone_data_days" and not (value.isdecimal() and 0 < int(value) <= 36_500):
        return f"{variable}: {value!r} is no number of days between 1 and 36500."
    if name.startswith("mail_") and not (value.isprintable() and value.isascii()):
        return f"{variable} holds a character that no address and no name of a server has."
    if name in ("executor", "organisation") and not (value.strip() and value.isprintable()):
        return f"{variable}: {value!r} is no name."
    return None


def start_problem(error: BaseException) -> tuple[bool, str] | None:
    """Why the application does not start, or not go on, in a sentence; and whether it was asked in a wrong
    way (a setting, a path) rather than failing (a database that is not there). `None` for a defect.
    """
    from django.db import DatabaseError, InterfaceError, OperationalError

    from ml_connector.store.database import AddressError

    if isinstance(error, SettingsError | AddressError):
        return True, str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return True, f"{error.filename}: {error.strerror}."
    if isinstance(error, DatabaseUnusable):
        return False, str(error)
    if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
        return False, unusable(error)
    return None


def unusable(error: BaseException) -> str:
    """What a database says of why it cannot be used."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    return f"The database cannot be used: {said[0].rstrip('.')}. Check its address, and that it is there."


def make_home(home: Path) -> None:
    """The home folder and what is in it, for its owner alone: pay and keys. What an earlier release left open
    is closed; a folder that somebody keeps other things in stays as it is, and only our files are closed.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    there = list(home.iterdir())
    ours = [path for path in there if path.name.startswith(OURS)]
    for path in (*ours, *([home] if len(ours) == len(there) else [])):
        with suppress(FileNotFoundError, PermissionError):
            mode = path.stat().st_mode
            if mode & 0o077:
                path.chmod(mode & 0o700)


def start_django(settings: Settings, *, keys: bool = True) -> None:
    """Configure Django for this installation, once per process; makes the home folder, the schema and, with
    `keys`, the key file when they are missing.
    """
    import django
    from django.conf import settings as django_settings
    from django.db import DatabaseError

    from ml_connector.store.database import database_settings

    make_home(settings.home)
    if not django_settings.configured:
        django_settings.configure(
            INSTALLED_APPS=[
                "django.contrib.contenttypes",
                "django.contrib.auth",
                "ml_connector.store.apps.StoreConfig",
            ],
            AUTH_PASSWORD_VALIDATORS=[
                {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
                for name, options in SECRETS_OF_PEOPLE.items()
            ],
            DATABASES={"default": database_settings(settings.database)},
            ROOT_URLCONF="ml_connector.web.intake",
            FILE_UPLOAD_PERMISSIONS=0o600,
            USE_TZ=True,
            TIME_ZONE="UTC",
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            LOGGING_CONFIG=None,
        )
        django.setup()
    from ml_connector.store.installation import bring_up_to_date, note_upgrade

    if settings.clock_file:
        _use_clock_file(Path(settings.clock_file))
    try:
        tables = bring_up_to_date()
    except DatabaseError as error:
        raise DatabaseUnusable(unusable(error)) from error
    if keys:
        from ml_connector.store.secrets import make_keys

        make_keys(settings.key_file)
    if settings.clock_file:
        _refuse_clock_file()
    _use_seals(settings, make=keys)
    note_upgrade(tables)


def _use_clock_file(file: Path) -> None:
    from ml_connector.store.clock_file import ClockFileError, use_clock_file

    try:
        use_clock_file(file)
    except ClockFileError as error:
        raise SettingsError(str(error)) from error


def _refuse_clock_file() -> None:
    """Raises `SettingsError` where a connection is to a real system."""
    from ml_connector.store.clock_file import refusal
    from ml_connector.store.models import Connection

    real = Connection.objects.filter(sandbox=False).order_by("name").first()
    if real is not None:
        raise SettingsError(refusal(real.name))


def _use_seals(settings: Settings, *, make: bool) -> None:
    """Take the key of the audit chain into use. It is made for a new chain only: a chain with seals goes on
    without one until its own is put back.
    """
    from ml_connector.store.audit import seal_what_is_open
    from ml_connector.store.models import AuditSeal
    from ml_connector.store.seals import SealKey, use_seal_key

    key = SealKey(settings.seal_file)
    if make and not key.at_hand and not AuditSeal.objects.exists():
        key.create()
    use_seal_key(key)
    seal_what_is_open()


def started() -> bool:
    """Whether Django is configured in this process, so that the store can be imported."""
    from django.apps import apps

    return apps.ready
