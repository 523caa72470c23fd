"""Show what lies in the outbox, whether the node runs or not."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.config import NodeConfig
from edge_client.errors import OutboxMissing
from edge_client.identity import IdentityFolder
from edge_client.outbox.status import ListedRecord, list_records, read_status


def status(config: NodeConfig, *, as_json: bool) -> str:
    """How much waits, is kept, is parked. Raises NotClaimed, OutboxMissing."""
    found = read_status(_folder(config), clock=SystemClock())
    if as_json:
        return json.dumps(asdict(found))
    return "\n".join(
        (
            f"epoch {found.epoch}, last seq {found.last_seq}",
            f"records: {found.waiting} waiting, {found.accepted} kept until archived, {found.parked} parked",
            f"crops:   {found.crops_waiting} waiting, {found.crops_parked} parked",
        )
    )


def listing(config: NodeConfig, *, as_json: bool) -> str:
    """Every record with its state. Raises NotClaimed, OutboxMissing."""
    found = list_records(_folder(config))
    if as_json:
        return json.dumps([asdict(record) for record in found])
    return "\n".join(_lines(found)) or "the outbox is empty"


def _lines(records: Iterable[ListedRecord]) -> Iterable[str]:
    for record in records:
        why = f"  {record.code}: {record.detail}" if record.code else ""
        yield f"{record.epoch}/{record.seq}  {record.kind:<11}  {record.state:<8}  {record.record_id}{why}"


def _folder(config: NodeConfig) -> Path:
    folder = config.state / "outbox"
    try:
        IdentityFolder(config.state).load()
    except PermissionError as error:
        raise OutboxMissing(f"{config.state} may not be read by this account; run as the node's account") from error
    return folder
