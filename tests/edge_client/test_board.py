import struct
from pathlib import Path

import pytest

from edge_client.board import read_board_key

KEY = bytes(range(32))


class Firmware:
    """Answers as the mailbox of a board does: in the message it was asked with."""

    def __init__(self, key: bytes, *, code: int = 0x8000_0000, said: int = 0x8000_0028) -> None:
        self.asked: tuple[int, ...] = ()
        self._key = key
        self._code = code
        self._said = said

    def __call__(self, _descriptor: int, request: int, message: bytearray) -> int:
        self.asked = (request, *struct.unpack_from("<7I", message))
        struct.pack_into("<I", message, 4, self._code)
        struct.pack_into("<I", message, 16, self._said)
        message[28:60] = self._key
        return 0


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    path = tmp_path / "vcio"
    path.touch()
    return path


def test_the_key_is_asked_for_as_the_boards_own_tool_does(mailbox: Path) -> None:
    firmware = Firmware(KEY)
    assert read_board_key(mailbox, firmware) == KEY
    pointer = struct.calcsize("P")
    assert firmware.asked == (0xC000_6400 | pointer << 16, 64, 0, 0x0003_0081, 40, 40, 0, 8)


def test_a_board_nobody_wrote_a_key_to_has_none(mailbox: Path) -> None:
    assert read_board_key(mailbox, Firmware(bytes(32))) is None


@pytest.mark.parametrize("firmware", [Firmware(KEY, code=0x8000_0001), Firmware(KEY, said=40)])
def test_a_firmware_that_does_not_tell_gives_none(mailbox: Path, firmware: Firmware) -> None:
    assert read_board_key(mailbox, firmware) is None


def test_a_machine_without_a_mailbox_has_no_key(tmp_path: Path) -> None:
    assert read_board_key(tmp_path / "none") is None


def test_a_mailbox_that_refuses_gives_none(mailbox: Path) -> None:
    assert read_board_key(mailbox) is None
