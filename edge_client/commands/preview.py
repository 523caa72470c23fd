"""`lintel-edge preview`: ask for stills, print where they are to be seen, and say every two seconds how the camera is mounted."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from edge_client.clock import Clock, SystemClock
from edge_client.config import NodeConfig
from edge_client.preview import summary
from edge_client.preview_folder import PreviewFolder, PreviewRequest

TOKEN_BYTES: Final = 32
_EVERY_S: Final = 2.0
_FRESH_NS: Final = 5_000_000_000
_NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Wish:
    """For how long, and how far away people's faces are when they pass."""

    minutes: float = 10.0
    distance_m: float = 2.0


def preview(
    config: NodeConfig,
    wish: Wish,
    *,
    say: Callable[[str], None],
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Until the time is over or the program is interrupted; then no picture stays behind."""
    used = clock or SystemClock()
    folder = PreviewFolder(config.run_folder, used)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    request = PreviewRequest(
        boot_id=used.boot_id,
        until_boot_ns=used.boot_ns() + int(wish.minutes * 60 * _NS_PER_S),
        token_sha256=sha256(token.encode()).hexdigest(),
        distance_m=wish.distance_m,
    )
    folder.ask(request)
    try:
        _introduce(config, wish, token, say)
        while folder.request() == request:
            say(_line(folder, used))
            sleep(_EVERY_S)
    finally:
        if folder.request() in {None, request}:
            folder.end()


def _introduce(config: NodeConfig, wish: Wish, token: str, say: Callable[[str], None]) -> None:
    host, port = config.preview.host_and_port
    say(f"for {wish.minutes:g} min, while capture and courier run: http://{config.preview.address}/?token={token}")
    if host in {"127.0.0.1", "::1", "localhost"}:
        say(f"from another machine: ssh -L {port}:{config.preview.address} NODE, then open the same address there")


def _line(folder: PreviewFolder, clock: Clock) -> str:
    found = folder.mounting()
    if found is None or clock.boot_ns() - found.boot_ns > _FRESH_NS:
        return "wait    no picture yet; see `systemctl status lintel-capture`"
    return f"{found.verdict:<6}  {'; '.join(found.advice)}  [{summary(found)}]"
