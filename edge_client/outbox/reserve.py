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
from edge_client.files import make_private_file, sync_folder

_NAME: Final = "reserve"
_BLOCK: Final = 64 * 1024
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
        """What has to be free to make it whole."""
        return max(0, self._size - held_bytes(self._folder))

    def restore(self) -> bool:
        """Make it again as far as there is room, and say whether it is whole. Raises OSError when the card fails."""
        missing = self.needs_bytes
        room = min(missing, free_bytes(self._folder) // _BLOCK * _BLOCK) if missing else 0
        if room:
            try:
                self._allocate(self._size - missing + room)
            except OSError as error:
                if error.errno not in _ROOM_ERRORS:
                    raise
        return not self.needs_bytes

    def _allocate(self, size_bytes: int) -> None:
        make_private_file(self._path)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
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
