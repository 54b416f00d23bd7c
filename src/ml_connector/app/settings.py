"""Settings of an installation, from the environment (`ML_CONNECTOR_…`) or `settings.toml` in its home folder.

A home folder holds everything of a default installation: `product.sqlite3`, `engine.sqlite3`, `keys` (back it
up apart), `locks/`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """Every setting has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="ML_CONNECTOR_", extra="ignore")

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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file="settings.toml"),
        )

    @cached_property
    def database(self) -> str:
        """Address of the product's database."""
        return self.database_url or f"sqlite:///{(self.home / 'product.sqlite3').absolute()}"

    @cached_property
    def engine(self) -> str:
        """Address of the durable engine's database."""
        if self.engine_url:
            return self.engine_url
        return (
            self.database_url
            if self.database_url.startswith("postgres")
            else f"sqlite:///{(self.home / 'engine.sqlite3').absolute()}"
        )

    @property
    def key_file(self) -> Path:
        """The key file of the vault."""
        return self.home / "keys"

    @property
    def locks(self) -> Path:
        """Folder of file locks, beside SQLite."""
        return self.home / "locks"


def start_django(settings: Settings) -> None:
    """Configure Django for this installation, once per process; makes the home folder and the schema when
    they are missing.
    """
    import django
    from django.conf import settings as django_settings
    from django.core.management import call_command

    from ml_connector.store.database import database_settings

    settings.home.mkdir(parents=True, exist_ok=True)
    if not django_settings.configured:
        django_settings.configure(
            INSTALLED_APPS=["ml_connector.store.apps.StoreConfig"],
            DATABASES={"default": database_settings(settings.database)},
            USE_TZ=True,
            TIME_ZONE="UTC",
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            LOGGING_CONFIG=None,
        )
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from ml_connector.store.secrets import require_keys

    require_keys(settings.key_file)


def started() -> bool:
    """Whether Django is configured in this process, so that the store can be imported."""
    from django.apps import apps

    return apps.ready
