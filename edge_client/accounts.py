"""The accounts that a node's two processes have where it is installed: capture's has the signing key, the courier's the token."""

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

CAPTURE: Final = "lintel-capture"
COURIER: Final = "lintel-courier"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Both, by number; they share a group."""

    capture: int
    courier: int
    group: int

    @classmethod
    def of_this_machine(cls) -> Self | None:
        """None where one of them is missing."""
        try:
            capture, courier = pwd.getpwnam(CAPTURE), pwd.getpwnam(COURIER)
        except KeyError:
            return None
        return cls(capture.pw_uid, courier.pw_uid, courier.pw_gid)


def hand_over(state: Path, accounts: Accounts) -> None:
    """Give each account what is its own: `keys/` to capture's, the rest to the courier's and to the group.

    For root. Links are not followed.
    """
    for path in _below(state / "keys"):
        os.chown(path, accounts.capture, accounts.group, follow_symlinks=False)
        _set_mode(path, folder=0o700, file=0o600)
    for name in ("identity", "outbox", "cache"):
        for path in _below(state / name):
            os.chown(path, accounts.courier, accounts.group, follow_symlinks=False)
            _set_mode(path, folder=0o2770, file=0o600 if path.name == "token.json" else 0o660)


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_dir() and not folder.is_symlink():
        yield folder
        yield from (path for path in folder.rglob("*") if not path.is_symlink())


def _set_mode(path: Path, *, folder: int, file: int) -> None:
    path.chmod(folder if path.is_dir() else file)
