"""A copy of the database's first page, which says where its tables are: without it not one record could be read any more.

The page changes with the tables, thus at a migration; its header counts pages, which is left to the size of the file.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge_client.files import write_private
from edge_client.outbox.migrations import VERSION
from edge_client.outbox.schema import checkpoint

NAME: Final = "first_page"
SUFFIX: Final = "-first_page"
"""The copy goes with its database when that is set aside."""
_DAMAGED: Final = "-first_page_damaged"
_PAGE_BYTES: Final = 4096
_HEADER_BYTES: Final = 100
_FEW_BYTES: Final = 32
_LAST_VERSION: Final = 2**16
_COUNTED: Final = slice(28, 40)
"""Of the header: how many pages there are, and where those are that hold nothing. Zeros mean: look at the file."""


def keep(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the page of a sound database unless that was done. What cannot be copied now is copied at the next opening."""
    if _tables(_read(path)) == _tables(_read(path.with_name(NAME))):
        return
    checkpoint(connection)
    page = _read(path)
    if len(page) == _PAGE_BYTES and b"CREATE TABLE records" in page:
        with suppress(OSError):
            write_private(path.with_name(NAME), page)


def is_newer_by_damage_alone(path: Path) -> bool:
    """Whether a database that calls itself of a later version is one of ours with bytes changed.

    The copy is then of a version that is known here, and the page is like it but for a few bytes, or names a version that nobody will
    ever reach. A later release changes more when it changes the tables, and keeps a copy of its own. What it wrote into the log alone
    is no damage: the log has checksums.
    """
    page, copy = _read(path), _read(path.with_name(NAME))
    if len(copy) != _PAGE_BYTES or not _version(copy) <= VERSION < _version(page):
        return False
    changed = sum(one != other for one, other in zip(_tables(page), _tables(copy), strict=False))
    return changed <= _FEW_BYTES or _version(page) > _LAST_VERSION


def mend(aside: Path, *, names_its_tables: bool) -> None:
    """Put the copy in the place of a damaged first page of a database that was set aside; that page is kept beside it.

    A page that names its tables is only put right in how many pages there are.
    """
    page, copy = _read(aside), _read(aside.with_name(aside.name + SUFFIX))
    is_counted = int.from_bytes(page[28:32], "big") * _PAGE_BYTES == aside.stat().st_size
    if len(copy) != _PAGE_BYTES or (names_its_tables and (is_counted or _tables(page) != _tables(copy))):
        return
    write_private(aside.with_name(aside.name + _DAMAGED), page)
    whole = bytearray(copy)
    whole[_COUNTED] = bytes(_COUNTED.stop - _COUNTED.start)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, whole, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_PAGE_BYTES)
    except FileNotFoundError:
        return b""


def _tables(page: bytes) -> bytes:
    return page[_HEADER_BYTES:]


def _version(page: bytes) -> int:
    return int.from_bytes(page[60:64], "big")
