"""Show what lies in the outbox and return what was parked, whether the node runs or not."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.config import NodeConfig
from edge_client.errors import EdgeError, OutboxMissing
from edge_client.identity import IdentityFolder
from edge_client.outbox.retry import retry_parked
from edge_client.outbox.status import ListedRecord, list_records, read_status
from shared_schema.ids import Epoch, Seq


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


def retry(config: NodeConfig, *, only: tuple[Epoch, Seq] | None) -> str:
    """Return what was parked, or one record with its crop, to those who wait. Raises EdgeError when that one is not parked."""
    folder = _folder(config)
    returned = retry_parked(folder, only=only)
    if only is not None and not (returned.records or returned.crops):
        raise EdgeError(f"nothing of {only[0]}/{only[1]} is parked; see `lintel-edge outbox list`")
    return f"{returned.records} records and {returned.crops} crops wait again; the courier sends them as soon as it runs"


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
