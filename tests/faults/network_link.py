"""A link between a node and a server, byte by byte: slow, far away, breaking off, or cut without a word."""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

_CHUNK_BYTES = 4096
_LOOK_S = 0.02


@dataclass
class Link:
    """Carries TCP to `upstream`. Bandwidth is each way and shared by all connections; a reset comes after so many bytes on average."""

    upstream: str
    bytes_per_s: float | None = None
    delay_s: float = 0.0
    reset_after_bytes: int | None = None
    seed: int = 1
    resets: int = 0
    carried: int = 0
    _cut: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket = field(default_factory=socket.socket)
    _roads: "tuple[_Road, _Road] | None" = None
    _ends: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311
        self._roads = (_Road(self.bytes_per_s), _Road(self.bytes_per_s))

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}"

    @contextmanager
    def open(self) -> "Iterator[Link]":
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._start(self._accept)
        try:
            yield self
        finally:
            self._close()

    def cut(self) -> None:
        """From now on nothing goes through, and nobody is told so."""
        self._cut.set()

    def mend(self) -> None:
        self._cut.clear()

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _close(self) -> None:
        self._ended.set()
        for one in (self._listener, *self._ends):
            _shut(one)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._start(partial(self._carry, near))

    def _carry(self, near: socket.socket) -> None:
        target = urlsplit(self.upstream)
        try:
            far = socket.create_connection((target.hostname or "", target.port or 80), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        allowance = self._allowance()
        up, down = self._roads or (_Road(None), _Road(None))
        self._ends += [near, far]
        other = self._start(partial(self._pump, far, near, down, allowance))
        self._pump(near, far, up, allowance)
        other.join()
        near.close()
        far.close()

    def _allowance(self) -> list[float]:
        """How many bytes this connection may still carry; shared by both its directions."""
        return [self._chance.expovariate(1 / self.reset_after_bytes) if self.reset_after_bytes else float("inf")]

    def _pump(self, source: socket.socket, sink: socket.socket, road: "_Road", allowance: list[float]) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                time.sleep(self.delay_s)
                road.take(len(data))
                while self._cut.is_set() and not self._ended.is_set():
                    time.sleep(_LOOK_S)
                allowance[0] -= len(data)
                if allowance[0] < 0:
                    self.resets += 1
                    _break(source, sink)
                    return
                self.carried += len(data)
                sink.sendall(data)
        _shut(source)
        _shut(sink)


class _Road:
    """One direction: whoever wants to go waits for those before."""

    def __init__(self, bytes_per_s: float | None) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at = 0.0
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        if self._bytes_per_s is None:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + size / self._bytes_per_s
            until = self._free_at
        time.sleep(max(0.0, until - time.monotonic()))


def _break(*ends: socket.socket) -> None:
    """So that whoever closes them ends them as a broken link does: RST, not an orderly end."""
    for one in ends:
        with suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.shutdown(socket.SHUT_RD)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
