"""Identifiers and units as types, so that a checker tells them apart."""

from typing import NewType
from uuid import UUID, uuid5

NodeId = NewType("NodeId", UUID)
PersonId = NewType("PersonId", UUID)
DoorId = NewType("DoorId", UUID)
RecordId = NewType("RecordId", UUID)
BootId = NewType("BootId", UUID)

Epoch = NewType("Epoch", int)
"""Number of an outbox on its node: 1 for the first, one more whenever an outbox is created anew or salvaged."""
Seq = NewType("Seq", int)
"""Number of a record in its epoch: 1 for the first, without holes."""

BootNs = NewType("BootNs", int)
"""Nanoseconds on the node's boot clock (CLOCK_BOOTTIME). Comparable only within one boot id."""
WallNs = NewType("WallNs", int)
"""Nanoseconds since 1970-01-01 UTC by a wall clock, which may be wrong."""

ModelId = NewType("ModelId", str)
"""Which embedder made an embedding. Embeddings of different models are never compared."""

_RECORDS = UUID("6c1e6e2c-3f0b-5d8e-9a57-6a1f0d1d2b11")


def record_id(node: NodeId, epoch: Epoch, seq: Seq) -> RecordId:
    """The public id of a record: a function of its key, so both sides compute the same one and nobody can claim another's."""
    return RecordId(uuid5(_RECORDS, f"{node}/{epoch}/{seq}"))
