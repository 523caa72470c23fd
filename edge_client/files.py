"""Private files that are either the old content or the new, also after a power cut.

A node's state is for its own account alone (0700, 0600); or, where the folder above carries the set-group-id bit, for
the accounts of that group (2770, 0660), as when capture and courier run under accounts of their own. A secret is for
its account alone in either case.
"""

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

_SHARED_FOLDER: Final = 0o2770
_SHARED_FILE: Final = 0o660
_OWN_FOLDER: Final = 0o700
_OWN_FILE: Final = 0o600


def make_private_folder(folder: Path) -> None:
    """Make `folder` and its parents, durably; the folder itself is for its owner, or for its group where that of its parent is set."""
    _make_parents(folder.parent)
    _make_folder(folder, _SHARED_FOLDER if is_shared(folder) or is_shared(folder.parent) else _OWN_FOLDER)


def make_secret_folder(folder: Path) -> None:
    """Make `folder` and its parents, durably; the folder itself is for its owner alone, wherever it lies."""
    _make_parents(folder.parent)
    _make_folder(folder, _OWN_FOLDER)


def is_shared(folder: Path) -> bool:
    """Whether what lies in `folder` is for the accounts of its group. False when there is no such folder."""
    try:
        return bool(folder.stat().st_mode & stat.S_ISGID)
    except FileNotFoundError:
        return False


def file_mode(folder: Path) -> int:
    """The mode of a private file in `folder`."""
    return _SHARED_FILE if is_shared(folder) else _OWN_FILE


def make_private_file(path: Path) -> None:
    """Make an empty file with a private file's mode, and give an existing one of this account that mode."""
    mode = file_mode(path.parent)
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        found = os.fstat(descriptor)
        if stat.S_IMODE(found.st_mode) != mode and found.st_uid == os.geteuid():
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` by `data` for its owner or group: temporary file → fsync → rename → fsync of the folder."""
    _replace(path, data, mode=file_mode(path.parent))


def write_secret(path: Path, data: bytes) -> None:
    """Replace `path` by `data` for its owner alone, wherever it lies, in the steps of `write_private`."""
    _replace(path, data, mode=_OWN_FILE)


def _replace(path: Path, data: bytes, *, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _make_parents(folder: Path) -> None:
    if not folder.exists():
        _make_parents(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def _make_folder(folder: Path, mode: int) -> None:
    """A new folder has the set-group-id bit from its parent: a sandbox may forbid setting it."""
    is_new = not folder.exists()
    if is_new:
        before = os.umask(0o777 & ~mode)
        try:
            folder.mkdir(mode=mode & 0o777, exist_ok=True)
        finally:
            os.umask(before)
    if stat.S_IMODE(folder.stat().st_mode) != mode:
        folder.chmod(mode)
    if is_new:
        sync_folder(folder.parent)


def replace_volatile(path: Path, data: bytes) -> None:
    """Replace `path` by `data` as a whole, with a private file's mode. Not durable: for what a power cut makes worthless."""
    make_private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(data)
    fresh.chmod(file_mode(path.parent))
    fresh.replace(path)
