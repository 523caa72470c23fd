"""The key that is burnt into the board, if there is one: 256 bits of one-time-programmable memory of a Raspberry Pi.

It is asked of the firmware over the mailbox's property interface, as `rpi-otp-private-key` does. A board leaves the
factory with all zeros there: somebody has to write a key once (`rpi-otp-private-key -w`). Whoever is root on the
running board can read it; whoever has only the card cannot. A board's serial number is printed on it and in every
boot log, so it is no key.
"""

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

MAILBOX: Final = Path("/dev/vcio")
KEY_BYTES: Final = 32
_ROWS: Final = KEY_BYTES // 4
_GET_PRIVATE_KEY: Final = 0x0003_0081
_REQUEST: Final = 0
_SUCCESS: Final = 0x8000_0000
_IOCTL: Final = 3 << 30 | struct.calcsize("P") << 16 | 100 << 8
"""`_IOWR(100, 0, char *)`"""
_VALUE: Final = struct.Struct(f"<2I{KEY_BYTES}s")
"""First row, number of rows, the rows."""
_MESSAGE: Final = struct.Struct(f"<5I{_VALUE.size}sI")
"""Size, code; tag, size of its value, size of what is asked with; the value; the end."""

Ioctl = Callable[[int, int, bytearray], object]
ReadBoardKey = Callable[[], bytes | None]
"""The board's key of 32 bytes; None where there is none."""


def read_board_key(mailbox: Path = MAILBOX, ioctl: Ioctl = fcntl.ioctl) -> bytes | None:
    """The key of this board; None where there is none to be had.

    That is any other machine, a board nobody wrote a key to, a firmware that keeps it to itself, and an account without
    the right to ask (group `video`).
    """
    try:
        descriptor = os.open(mailbox, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    value = _VALUE.pack(0, _ROWS, bytes(KEY_BYTES))
    message = bytearray(_MESSAGE.pack(_MESSAGE.size, _REQUEST, _GET_PRIVATE_KEY, _VALUE.size, _VALUE.size, value, 0))
    try:
        ioctl(descriptor, _IOCTL, message)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return _key_of(bytes(message))


def _key_of(answer: bytes) -> bytes | None:
    _, code, _, _, said, value, _ = _MESSAGE.unpack(answer)
    if code != _SUCCESS or not said & _SUCCESS:
        return None
    _, rows, key = _VALUE.unpack(value)
    return key if rows == _ROWS and any(key) else None
