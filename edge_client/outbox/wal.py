"""Whether SQLite's write-ahead log is whole. SQLite itself drops everything from the first changed byte on, and says nothing.

A log holds a header and frames, each with the header's two salts and a checksum over all before it. Behind the last
commit there may be frames of a transaction that was never finished, and older ones with other salts. A frame that bears
the salts or the checksum of this log and yet does not continue it was written and is no longer what was written.
Source: "WAL-Index Format" and "The WAL File Format" of the SQLite documentation.
"""

import struct
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682
_VERSION: Final = 3007000
_LOOKS: Final = 10
_BETWEEN_LOOKS_S: Final = 0.05
_MASK: Final = 0xFFFFFFFF

Sums = tuple[int, int]


class State(Enum):
    """TORN: the last write was not finished, or is no longer what was written. BROKEN: what was committed before it is not either."""

    WHOLE = "whole"
    TORN = "torn"
    BROKEN = "broken"


def state_of(database: Path, *, sleep: Callable[[float], None] = time.sleep) -> State:
    """How the log beside `database` stands; WHOLE when there is none.

    To be asked before the database is opened: whoever opens and closes it brings what is left into the database and
    removes the log. Half of a frame that another process is writing is whole a moment later.
    """
    before, looks, state = b"", 0, State.TORN
    while looks < _LOOKS and (state := examine(log := _log_of(database))) is not State.WHOLE:
        looks = looks + 1 if log == before else 0
        before = log
        sleep(_BETWEEN_LOOKS_S)
    return state


def examine(log: bytes) -> State:
    """Whether something that was committed may be missing from what SQLite reads in this log.

    Every commit is durable before the next begins, so a power cut harms one at most.
    """
    if len(log) < _HEADER.size:
        return State.WHOLE
    magic, version, page_bytes, _, *salts, first, second = _HEADER.unpack_from(log)
    order = ">" if magic & 1 else "<"
    sums = _sums(log[:24], (0, 0), order)
    if magic & ~1 != _MAGIC or version != _VERSION or sums != (first, second):
        return State.BROKEN if len(log) > _HEADER.size else State.WHOLE
    return _state_of_frames(list(_frames(log, page_bytes)), tuple(salts), sums, order)


class _Frame(NamedTuple):
    page: int
    is_commit: bool
    salts: tuple[int, ...]
    sums: Sums
    head: bytes
    content: bytes


def _frames(log: bytes, page_bytes: int) -> Iterator[_Frame]:
    whole = _FRAME.size + page_bytes
    for at in range(_HEADER.size, len(log) - whole + 1, whole):
        page, pages, salt, other_salt, first, second = _FRAME.unpack_from(log, at)
        yield _Frame(page, pages > 0, (salt, other_salt), (first, second), log[at : at + 8], log[at + _FRAME.size : at + whole])


def _state_of_frames(frames: list[_Frame], salts: tuple[int, ...], sums: Sums, order: str) -> State:
    for number, frame in enumerate(frames):
        own = _sums(frame.content, _sums(frame.head, sums, order), order)
        if frame.salts == salts and frame.sums == own and frame.page:
            sums = own
            continue
        rest = [later for later in frames[number:] if later.salts == salts or later is frame]
        if sum(later.is_commit for later in rest) > 1:
            return State.BROKEN
        return State.TORN if frame.sums == own or any(later.salts == salts for later in rest) else State.WHOLE
    return State.WHOLE


def _sums(data: bytes, sums: Sums, order: str) -> Sums:
    """SQLite's running checksum over 8 bytes at a time."""
    one, two = sums
    for left, right in struct.iter_unpack(f"{order}II", data):
        one = (one + left + two) & _MASK
        two = (two + right + one) & _MASK
    return one, two


def _log_of(database: Path) -> bytes:
    path = database.with_name(f"{database.name}-wal")
    return path.read_bytes() if path.exists() else b""
