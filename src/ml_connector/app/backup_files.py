"""The folder of files in a backup, each under its hash. It comes behind the database, which names them."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import BinaryIO, cast

from ml_connector.app.backup_postgres import BackupError
from ml_connector.store.files import FolderFiles

FOLDER = "files/"


def add_files(archive: tarfile.TarFile, folder: Path) -> None:
    """Write every file that is kept. Call when the database is in the archive: one that came since is more
    than it names, and never less.
    """
    for file in sorted(folder.glob("[0-9a-f][0-9a-f]/*")):
        archive.add(file, FOLDER + file.name, recursive=False)


def restore_files(archive: tarfile.TarFile, folder: Path) -> None:
    """Keep every file of the archive beside those that are there. Raises `BackupError` for one whose bytes
    are not those of its name.
    """
    for member in archive.getmembers():
        content = archive.extractfile(member) if member.name.startswith(FOLDER) else None
        if content is None:
            continue
        kept = FolderFiles(folder).put(cast(BinaryIO, content), member.size)
        if kept.sha256 != member.name.removeprefix(FOLDER):
            raise BackupError(f"The backup is damaged: {member.name} has other bytes than its name says.")
