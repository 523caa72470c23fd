"""What a simulation shall do, checked before anything is sent."""

import csv
import io
import ipaddress
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from edge_client.errors import ConfigError
from shared_schema.ids import ModelId, PersonId

MOST_NODES: Final = 1000
MOST_DAYS: Final = 400.0
_MOST_PER_MINUTE: Final = 600.0
_MOST_SECONDS: Final = 7 * 86_400.0
_RECORD_BYTES: Final = 24_000
"""What a sighting with its crop takes of a disk, and room to spare."""


@dataclass(frozen=True, slots=True)
class Model:
    """Whose embeddings the made-up probes pretend to be."""

    id: ModelId
    dimension: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate` is in passes per minute and node; `patience_s` is how long the backlog may take after the `seconds` of new passes."""

    server: str
    people: tuple[PersonId, ...]
    model: Model
    nodes: int = 1
    rate: float = 1.0
    seconds: float = 60.0
    offline_days: float = 0.0
    patience_s: float = 600.0
    seed: int = 1

    def check(self, *, may_be_remote: bool) -> None:
        """Raises ConfigError with what to change."""
        for name, value, least, most in (
            ("--nodes", self.nodes, 1, MOST_NODES),
            ("--rate", self.rate, 0.001, _MOST_PER_MINUTE),
            ("--seconds", self.seconds, 1, _MOST_SECONDS),
            ("--offline-days", self.offline_days, 0, MOST_DAYS),
        ):
            if not least <= value <= most:
                raise ConfigError(f"{name} must be from {least:g} to {most:g}")
        if not self.people:
            raise ConfigError("--people names nobody; export them from the server first")
        if not may_be_remote and not is_loopback(self.server):
            raise ConfigError(f"{self.server} is another machine; add --yes-load-this-server if it may be loaded with made-up passes")

    def check_room(self, folder: Path) -> None:
        """Raises ConfigError when the backlog would take more than half of what is free."""
        passes = self.nodes * self.rate * (self.offline_days * 1440 + self.seconds / 60)
        free = shutil.disk_usage(folder).free
        if passes * _RECORD_BYTES > free / 2:
            needed = passes * _RECORD_BYTES / 1e9
            raise ConfigError(f"the backlog would take about {needed:.0f} GB; choose less, or name a folder with more room with --state")


def is_loopback(server: str) -> bool:
    """Whether the address cannot leave this machine."""
    host = urlsplit(server).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_people(path: Path) -> tuple[PersonId, ...]:
    """The people's ids: what the people API answers (`results`), a JSON list of ids or of objects with `id`, or CSV with a column `id`.

    Raises ConfigError.
    """
    text = read_text(path)
    try:
        found = tuple(dict.fromkeys(PersonId(UUID(one)) for one in _ids(text)))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}; it needs the people's ids, as `GET /api/v1/people` gives them") from error
    if not found:
        raise ConfigError(f"{path} names nobody; it needs the people's ids, as `GET /api/v1/people` gives them")
    return found


def _ids(text: str) -> Iterator[str]:
    if text.lstrip().startswith(("[", "{")):
        found = json.loads(text)
        yield from _json_ids(found.get("results", []) if isinstance(found, dict) else found)
        return
    for row in csv.DictReader(io.StringIO(text)):
        if row.get("id") is None:
            raise ValueError("there is no column `id`")
        yield row["id"]


def _json_ids(items: Iterable[object]) -> Iterator[str]:
    for item in items:
        yield str(item.get("id")) if isinstance(item, dict) else str(item)


def read_claims(path: Path) -> list[str]:
    """Claim tokens, one a line; empty lines and lines that begin with # count for nothing. Raises ConfigError."""
    lines = (line.strip() for line in read_text(path).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def read_text(path: Path) -> str:
    """Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {path}: {reason}") from error
