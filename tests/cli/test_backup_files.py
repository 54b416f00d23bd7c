"""Backups and copies of keys: for their owner alone, whole or not at all, never written over another file."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stand import Installation

from ml_connector.app.backup import BackupError, backup, backup_keys
from ml_connector.app.private_file import AlreadyThere, private_file
from ml_connector.app.settings import Settings
from ml_connector.store.files import FolderFiles


@pytest.fixture(autouse=True)
def loose() -> Iterator[None]:
    """As most machines are set."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def used(product: Installation) -> Installation:
    """An installation with a database and keys."""
    product.run("pause", "everything", "--json")
    return product


def test_a_backup_and_the_keys_are_for_their_owner_alone(used: Installation, folder: Path) -> None:
    """Whatever the machine gives to others by itself."""
    file, keys = folder / "backup.tar.gz", folder / "keys"

    used.run("backup", str(file), "--keys-to", str(keys), "--json")

    assert (0o600, 0o600) == (mode(file), mode(keys))
    assert (used.home / "keys").read_text() == keys.read_text()


def test_a_file_that_is_there_is_not_overwritten(used: Installation, folder: Path) -> None:
    """Last month's backup, or anything else: it stays, and so does its mode."""
    with_keys = ["backup", str(folder / "x.tar.gz"), "--keys-to"]
    for name, command in (("backup.tar.gz", ["backup"]), ("keys", with_keys)):
        file = folder / name
        file.write_text("of last month")
        file.chmod(0o644)

        done = used.command(*command, str(file), "--json")

        assert 2 == done.code
        assert f"{file} is there already and was not overwritten." in done.json["error"]
        assert ("of last month", 0o644) == (file.read_text(), mode(file))
    assert not (folder / "x.tar.gz").exists(), "nothing is written where a part of it is refused"


def test_a_file_that_all_may_read_does_not_lend_its_mode(used: Installation, folder: Path) -> None:
    """Overwritten on purpose: the keys in it are not for all."""
    settings = Settings(home=used.home)
    for name, write in (("backup.tar.gz", backup), ("keys", backup_keys)):
        file = folder / name
        file.write_text("of last month")
        file.chmod(0o644)
        with pytest.raises(BackupError):
            write(settings, file)

        write(settings, file, force=True)

        assert 0o600 == mode(file)
        assert "of last month" not in file.read_bytes().decode(errors="replace")


def test_a_restored_database_is_for_its_owner_alone(used: Installation, folder: Path) -> None:
    """In a folder that is made for it, also when the backup was packed again for everybody to read."""
    file, made = folder / "backup.tar.gz", folder / "made.tar.gz"
    used.run("backup", str(made), "--json")
    with tarfile.open(made) as source, tarfile.open(file, "w:gz") as packed:
        for member in source.getmembers():
            member.mode = 0o644
            packed.addfile(member, source.extractfile(member))
    other = Installation(folder / "other")
    other.home.mkdir()
    (other.home / "keys").write_text((used.home / "keys").read_text())

    other.run("restore", str(file), "--json")

    assert 0o600 == mode(other.home / "product.sqlite3")


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_whole_or_not_there(folder: Path, force: bool) -> None:
    """The disk was full, or the process was stopped: nothing half is left, and what was there stays."""
    file = folder / "backup.tar.gz"
    if force:
        file.write_text("of last month")

    def write() -> None:
        with private_file(file, force=force) as fresh:
            fresh.write_text("half of it")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write()

    assert (["backup.tar.gz"] if force else []) == [path.name for path in folder.iterdir()]
    if force:
        assert "of last month" == file.read_text()


def test_a_file_is_put_in_place_at_once(folder: Path) -> None:
    """Who looks meanwhile sees no half of it; another one of the same name is refused while it is written."""
    file = folder / "backup.tar.gz"
    with private_file(file) as fresh:
        fresh.write_text("whole")
        assert "" == file.read_text()
        with pytest.raises(AlreadyThere), private_file(file):
            pass

    assert ("whole", 0o600) == (file.read_text(), mode(file))


def test_files_that_are_kept_are_in_a_backup(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> None:
    """They are put back under their hashes, beside those that came since; a backup whose file has other bytes
    than its name says is refused, and the database stays as it is.
    """
    product = Installation(tmp_path_factory.mktemp("home"))
    product.run("pause", "everything", "--json")
    kept = FolderFiles(product.home / "files")
    first = kept.put(io.BytesIO(b"a receipt"), 100)
    file, damaged = folder / "backup.tar.gz", folder / "damaged.tar.gz"
    product.run("backup", str(file), "--json")
    with tarfile.open(file) as made, tarfile.open(damaged, "w:gz") as broken:
        for member in made.getmembers():
            if member.name.startswith("files/"):
                member.size = 5
                broken.addfile(member, io.BytesIO(b"other"))
            else:
                broken.addfile(member, made.extractfile(member))
    since = kept.put(io.BytesIO(b"one that came since"), 100)
    (product.home / "files" / first.sha256[:2] / first.sha256).unlink()
    product.run("unpause", "everything", "--json")

    refused = product.command("restore", str(damaged), "--overwrite", "--json")
    entries = product.command("audit", "export").stdout
    done = product.command("restore", str(file), "--overwrite", "--json")

    assert 1 == refused.code
    assert "has other bytes than its name says" in refused.json["error"]
    assert "unpause" in entries
    assert "restored" not in entries
    assert 0 == done.code
    for one, content in ((first, b"a receipt"), (since, b"one that came since")):
        with kept.open(one.sha256) as held:
            assert content == held.read()
