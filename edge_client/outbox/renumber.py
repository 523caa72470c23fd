"""Records whose number the server has given away are told again under a new one, and nothing is told twice.

**The rule.** A record may be renumbered if, and only if, the server has answered `conflict` for it: then the server holds
*another* record under its epoch and seq, for ever, so it does not hold this one and never will. Whatever only waits goes
on under its old number, also when a card was rolled back and the number may be taken: sent, it is answered *archived*
(the server had it: an answer that was lost) or *conflict* (it never had it, and may be renumbered). To guess from a high
water mark instead would store a record twice whose answer was lost, and to keep a conflict parked would lose one.
"""

from json import loads
from typing import Final

from edge_client.outbox import losses, settled, states
from edge_client.outbox.pen import Pen
from edge_client.outbox.rows import CropRow, find_crop, find_record, span_of
from edge_client.outbox.states import CONFLICT
from shared_schema.envelope import Kind

_BATCH: Final = 200
_NOT_HERE: Final = "renumbered without it"


def renumber_conflicts(pen: Pen) -> int:
    """Sign records of earlier epochs that are parked as `conflict` anew, with the same payload, probe and crop, as the next of this epoch.

    Old and new row change places in one transaction, two hundred at a time, so an interruption leaves nothing to mend.
    Returns how many; those of the present epoch have to wait for `begin_epoch`.
    """
    before, _ = span_of(pen.epoch)
    rows = [why.id for why in states.parked(pen.connection) if why.code == CONFLICT and why.id < before]
    for start in range(0, len(rows), _BATCH):
        with pen.writing():
            for row in rows[start : start + _BATCH]:
                _renumber(pen, row)
    return len(rows)


def crop_named_in(kind: str, payload: bytes) -> str | None:
    """The hash of the crop that a sighting's payload names; None when there is none."""
    if kind != Kind.SIGHTING:
        return None
    try:
        crop = loads(payload).get("crop")
        return str(crop["sha256"]) if crop else None
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


def _renumber(pen: Pen, row: int) -> None:
    record = find_record(pen.connection, row)
    if record is None:
        losses.set_apart(pen.connection, row)
        return
    crop = find_crop(pen.connection, row)
    new = pen.copy(record, has_crop=crop is not None)
    for table in ("records", "parked"):
        pen.connection.execute(f"DELETE FROM {table} WHERE id = ?", (row,))  # noqa: S608 (constants)
    settled.add(pen.connection, [row])
    if crop is not None:
        states.remove_crops(pen.connection, [row])
        CropRow(new, crop.sha256, crop.file, crop.file_sha256, crop.size_bytes).insert(pen.connection)
    elif named := crop_named_in(record.kind, record.payload):
        pen.tell_shed(new, named, _NOT_HERE)
