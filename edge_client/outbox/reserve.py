"""Room that is kept aside on the card, so that a full one can still be emptied.

Receipts, the records of crops that were given up, and the write-ahead log need a little of it before anything gets smaller.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from edge_client.errors import OutboxFull
from edge_client.files import file_mode, sync_folder

_NAME: Final = "reserve"
_SPARE_BYTES: Final = 256 * 1024
"""Left free beside the reserve when it is made: file systems need some room for themselves."""
_ROOM_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

_T = TypeVar("_T")


class Reserve:
    """A file of `size_bytes` whose blocks are really there. Capture and courier may give it up; capture makes it again."""

    def __init__(self, folder: Path, *, size_bytes: int) -> None:
        self._folder = folder
        self._path = folder / _NAME
        self._size = size_bytes

    @property
    def needs_bytes(self) -> int:
        """What has to be free to make it."""
        return self._size + _SPARE_BYTES

    @property
    def is_held(self) -> bool:
        """Whether all of it is there."""
        try:
            return self._path.stat().st_size >= self._size
        except FileNotFoundError:
            return False

    def restore(self) -> bool:
        """Make it again if it is not there. False when there is no room for it. Raises OSError when the card fails."""
        if self.is_held:
            return True
        if free_bytes(self._folder) < self.needs_bytes:
            return False
        try:
            self._allocate()
        except OSError as error:
            self._path.unlink(missing_ok=True)
            if error.errno not in _ROOM_ERRORS:
                raise
        return self.is_held

    def _allocate(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, file_mode(self._folder))
        try:
            os.posix_fallocate(descriptor, 0, self._size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def held_bytes(folder: Path) -> int:
    """What the reserve holds now."""
    try:
        return (folder / _NAME).stat().st_size
    except FileNotFoundError:
        return 0


def free_bytes(folder: Path) -> int:
    """Free on the file system for those who are not root."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def give_up(folder: Path) -> None:
    """Free the reserve's room, also for a process that does not know its size."""
    (folder / _NAME).unlink(missing_ok=True)
    with suppress(OSError):
        sync_folder(folder)


def spend_if_full(folder: Path, work: Callable[[], _T], *, tidy: Callable[[], None]) -> _T:
    """Do `work`; where there is no room for it, give up the reserve, `tidy`, and do it again.

    For what makes room in the end, receipts and shedding, never for new records: capture takes none before it has made
    the reserve again. Raises OutboxFull when that was not enough.
    """
    try:
        return work()
    except OutboxFull:
        give_up(folder)
        tidy()
        done = work()
        tidy()
        return done
