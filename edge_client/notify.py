"""What a process tells systemd about itself: sd_notify, spoken over the socket that NOTIFY_SOCKET names."""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final, Self

_LONGEST_STATUS: Final = 200

log = logging.getLogger("lintel.notify")


class Notifier:
    """Tells nobody anything where there is no socket. A message that cannot be sent is dropped: the watchdog then speaks for itself."""

    def __init__(self, address: str | None) -> None:
        """`address`: the path of a datagram socket, or an abstract one after `@`; None or empty: there is no systemd."""
        self._address = _address(address) if address else None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if self._address else None
        if self._socket is not None:
            self._socket.setblocking(False)  # noqa: FBT003 (the argument has no name)

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The one of this process."""
        return cls((os.environ if environment is None else environment).get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """The process does its work from now on."""
        self._send("READY=1")

    def watchdog(self) -> None:
        """The process is still at work; a unit with WatchdogSec= kills one that says so too seldom."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; no names of people."""
        self._send(f"STATUS={' '.join(text.split())[:_LONGEST_STATUS]}")

    def stopping(self) -> None:
        """The process ends of its own accord."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Say nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("systemd was not told", extra={"facts": {"reason": error.strerror}})


def _address(named: str) -> str:
    return "\0" + named[1:] if named.startswith("@") else named
