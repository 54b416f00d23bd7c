"""What a command starts with: its settings, its folder, its database, and who it is that asks."""

from __future__ import annotations

import json
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stand import Installation

from ml_connector.app.settings import Settings, SettingsError

EVERYTHING = 0o777


@pytest.fixture(autouse=True)
def loose() -> Iterator[None]:
    """As most machines are set: what is made without care may be read by all."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that no command has used yet."""
    return tmp_path / "home"


def modes(folder: Path) -> dict[str, int]:
    """Who may do what with each file and folder."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


# --- who may read -------------------------------------------------------------------------------------------


def test_an_installation_is_its_users_alone(home: Path) -> None:
    """Pay, exchanges and keys: nothing in the folder, nor the folder, is for anybody else."""
    product = Installation(home)
    for scope in ("everything", "everything"):
        product.run("pause", scope, "--json")
    product.run("serve", "--once", "--json")
    product.run("audit", "export", str(home / "audit.jsonl"), expect=(0,))

    found = modes(home)

    assert {"product.sqlite3", "engine.sqlite3", "keys", "locks", "audit.jsonl"} <= {*found}
    assert {} == {name: oct(mode) for name, mode in found.items() if mode & 0o077}


def test_what_an_earlier_release_left_open_is_closed(home: Path) -> None:
    """The folder, the databases and the keys that a restored copy made readable."""
    Installation(home).run("pause", "everything", "--json")
    (home / "settings.toml").write_text('organisation = "default"\n')
    home.chmod(0o755)
    for name in ("product.sqlite3", "keys", "settings.toml"):
        (home / name).chmod(0o644)
    (home / "locks").mkdir(mode=0o755, exist_ok=True)

    Installation(home).run("connections", "list", "--json")

    found = modes(home)
    assert (0o700, 0o700) == (found["."], found["locks"])
    assert {} == {name: oct(mode) for name, mode in found.items() if mode & 0o077}


def test_an_empty_folder_is_made_an_installation(home: Path) -> None:
    """It is closed before anything is written to it."""
    home.mkdir(mode=0o755)

    Installation(home).run("connections", "list", "--json")

    assert 0o700 == modes(home)["."]


def test_a_folder_of_somebody_elses_stays_as_it_is(home: Path) -> None:
    """It holds other things: it is not closed to those who use them, and our files in it are."""
    home.mkdir(mode=0o755)
    (home / "notes.txt").write_text("of all")
    (home / "notes.txt").chmod(0o644)

    for _ in range(2):
        Installation(home).run("connections", "list", "--json")

    found = modes(home)
    assert (0o755, 0o644) == (found.pop("."), found.pop("notes.txt"))
    assert {"product.sqlite3", "keys"} <= {*found}
    assert {} == {name: oct(mode) for name, mode in found.items() if mode & 0o077}


# --- settings -----------------------------------------------------------------------------------------------


def test_settings_are_read_from_the_home_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not from wherever a command is started: whoever may write there would move the installation."""
    home.mkdir()
    (home / "settings.toml").write_text('organisation = "acme"\nlog_level = "info"\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "settings.toml").write_text('home = "evil"\norganisation = "evil"\n')
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("ML_CONNECTOR_HOME", str(home))

    settings = Settings()

    assert ("acme", "INFO", home) == (settings.organisation, settings.log_level, settings.home)
    assert "acme" == Settings(home=home).organisation
    monkeypatch.setenv("ML_CONNECTOR_ORGANISATION", "other")
    assert "other" == Settings().organisation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('home = "elsewhere"', "cannot set home. Set ML_CONNECTOR_HOME instead"),
        ('databse_url = "x"', "sets 'databse_url', which is no setting. Did you mean 'database_url'?"),
        ("colour = 1", "which is no setting. Settings are database_url, engine_url, executor"),
        ("organisation = ", "cannot be read as TOML"),
        ('log_level = "loud"', "ML_CONNECTOR_LOG_LEVEL: 'loud' is none of DEBUG, INFO, WARNING, ERROR"),
        ("log_level = 3", "ML_CONNECTOR_LOG_LEVEL has a value of the wrong kind."),
        ('executor = " "', "ML_CONNECTOR_EXECUTOR: ' ' is no name."),
        ('executor = "a\\u001bb"', r"ML_CONNECTOR_EXECUTOR: 'a\x1bb' is no name."),
    ],
)
def test_a_setting_that_is_wrong_is_said(home: Path, text: str, words: str) -> None:
    """Never left out, never taken for another."""
    home.mkdir()
    (home / "settings.toml").write_text(text)

    with pytest.raises(SettingsError) as caught:
        Settings(home=home)

    assert words in str(caught.value)


def test_the_engine_uses_the_database_of_the_product_where_it_can(home: Path) -> None:
    """One PostgreSQL for both, under the name that its driver knows; a file of its own beside SQLite."""
    for url in ("postgres://db/name?sslmode=require", "postgresql://db/name?sslmode=require"):
        assert "postgresql://db/name?sslmode=require" == Settings(home=home, database_url=url).engine
    assert f"sqlite:///{home}/engine.sqlite3" == Settings(home=home).engine
    assert "postgresql://db/e" == Settings(home=home, engine_url="postgres://db/e").engine


def test_a_setting_of_the_wrong_kind_is_not_repeated(home: Path) -> None:
    """It may be an address with a password in it."""
    home.mkdir()
    (home / "settings.toml").write_text('database_url = ["postgresql://anna:s3cret@db/name"]')

    with pytest.raises(SettingsError) as caught:
        Settings(home=home)

    assert "s3cret" not in f"{caught.value!r}{caught.value.__cause__!r}"


UNUSABLE = "The database cannot be used: "
WRONG: list[tuple[str, str, int, str]] = [
    ("LOG_LEVEL", "loud", 2, "ML_CONNECTOR_LOG_LEVEL: 'loud' is none of DEBUG,"),
    ("HOME", "/dev/null/home", 2, "/dev/null/home: Not a directory."),
    ("DATABASE_URL", "mysql://anna:s3cret@db/x", 2, "begins with 'mysql'; expected sqlite:///"),
    ("DATABASE_URL", "postgresql://anna:s3cret@h/x?sslmod=no", 2, "the driver knows no 'sslmod'"),
    ("DATABASE_URL", "sqlite:////dev/null/x.sqlite3", 1, f"{UNUSABLE}unable to open database file."),
    ("DATABASE_URL", "postgresql://anna:s3cret@127.0.0.1:1/x", 1, f"{UNUSABLE}connection failed"),
    ("DATABASE_URL", f"sqlite:///{Path(__file__)}", 1, f"{UNUSABLE}file is not a database."),
]


@pytest.mark.parametrize(("name", "value", "code", "words"), WRONG)
@pytest.mark.parametrize("command", [["runs", "list"], ["backup", "/nowhere"], ["serve", "--once"]], ids=str)
def test_what_stops_a_command_is_one_sentence(
    home: Path, name: str, value: str, code: int, words: str, command: list[str]
) -> None:
    """No traceback, and for a script one object: whichever command meets it."""
    product = Installation(home, {f"ML_CONNECTOR_{name}": value})

    shown, data = product.command(*command), product.command(*command, "--json")

    assert (code, "", code, "") == (shown.code, shown.stdout, data.code, data.stderr)
    assert words in shown.stderr
    assert 1 == len(shown.stderr.splitlines())
    assert (False, shown.stderr.strip(), []) == (data.json["ok"], data.json["error"], data.json["problems"])
    assert "s3cret" not in shown.stderr + data.stdout


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, *_ in WRONG])
def test_a_restore_that_cannot_begin_is_one_sentence(home: Path, name: str, value: str) -> None:
    """It looks at the installation in its own way, before anything is started."""
    product = Installation(home, {f"ML_CONNECTOR_{name}": value})

    shown, data = product.command("restore", "/nowhere"), product.command("restore", "/nowhere", "--json")

    assert {shown.code, data.code} <= {1, 2}
    assert ("", 1, "", False) == (shown.stdout, len(shown.stderr.splitlines()), data.stderr, data.json["ok"])


def test_an_engine_that_is_not_there_is_a_sentence(home: Path) -> None:
    """The durable engine has a database of its own, and says so itself beside."""
    product = Installation(home, {"ML_CONNECTOR_ENGINE_URL": "sqlite:////dev/null/engine.sqlite3"})

    done = product.command("recover", "--executor", "gone", "--json")

    assert 1 == done.code
    assert f"{UNUSABLE}unable to open database file." in done.json["error"]
    assert "Traceback" not in done.stderr


def test_a_worker_that_never_carried_out_a_run_left_nothing(home: Path) -> None:
    """Its engine has not even tables."""
    done = Installation(home).command("recover", "--executor", "gone")

    assert (0, "There is nothing to take over.\n", "") == (done.code, done.stdout, done.stderr)


# --- who asks -----------------------------------------------------------------------------------------------


def actors(product: Installation) -> set[str]:
    """Who did something, by the audit log."""
    lines = product.command("audit", "export").stdout.splitlines()
    return {json.loads(json.loads(line)["text"])["actor"] for line in lines if "text" in json.loads(line)}


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"])
def test_nobody_is_somebody_else_by_a_variable(home: Path, variable: str) -> None:
    """The operating system says who it is."""
    product = Installation(home, {variable: "somebody-else"})
    product.run("pause", "everything", "--json")

    assert {f"cli:{pwd.getpwuid(os.getuid()).pw_name}"} == actors(product)


def test_who_became_root_is_noted(home: Path) -> None:
    """A remark beside the user, and only where it is one who exists; nobody but root can be more than one."""
    me, other = pwd.getpwuid(os.getuid()).pw_name, pwd.getpwall()[1].pw_name
    product = Installation(home, {"SUDO_USER": other})
    product.run("pause", "everything", "--json")

    assert {f"cli:{me} (sudo by {other})" if os.getuid() == 0 else f"cli:{me}"} == actors(product)
