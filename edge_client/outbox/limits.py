"""How much of the card the outbox may fill."""

from dataclasses import dataclass
from typing import Self

from edge_client.config import OutboxConfig


@dataclass(frozen=True, slots=True)
class Limits:
    """In bytes: of crops at most, free on the file system at least, and kept aside for a full card."""

    max_bytes: int
    min_free_bytes: int
    reserve_bytes: int

    @classmethod
    def of(cls, config: OutboxConfig) -> Self:
        return cls(config.max_bytes, config.min_free_bytes, config.reserve_bytes)
