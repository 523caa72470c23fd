"""Show what lies in the outbox, take out copies of what was parked, and return it, whether the node runs or not."""

import json
from dataclasses import asdict
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.config import NodeConfig
from edge_client.errors import EdgeError, OutboxMissing
from edge_client.identity import IdentityFolder
from edge_client.outbox.export import export_parked
from edge_client.outbox.retry import retry_parked
from edge_client.outbox.status import ListedCrop, ListedRecord, list_crops, list_records, read_size, read_status
from shared_schema.ids import Epoch, Seq


def status(config: NodeConfig, *, as_json: bool) -> str:
    """How much waits, is kept, is parked, and what it takes of the card. Raises NotClaimed, OutboxMissing."""
    folder = _folder(config)
    found, size, limits = read_status(folder, clock=SystemClock()), read_size(folder), config.outbox
    if as_json:
        return json.dumps({**asdict(found), **asdict(size), "max_bytes": limits.max_bytes, "min_free_bytes": limits.min_free_bytes})
    age = found.oldest_boot_age_ms
    lines = [
        f"epoch {found.epoch}, last seq {found.last_seq}",
        f"records: {found.waiting} waiting, {found.accepted} kept until archived, {found.parked} parked; {_mb(size.records_bytes)}",
        f"crops:   {found.crops_waiting} waiting, {found.crops_parked} parked; {_mb(size.crops_bytes)} of {_mb(limits.max_bytes)}",
        "oldest waiting record of this boot: " + ("none" if age is None else f"{age // 1000} s"),
        f"card:    {_mb(size.free_bytes)} free, at least {_mb(limits.min_free_bytes)} wanted; reserve {_mb(size.reserve_bytes)}",
    ]
    if size.set_aside_bytes:
        lines.append(f"damaged databases that were set aside: {_mb(size.set_aside_bytes)} in {folder}/damaged-*, removable once looked at")
    return "\n".join(lines)


def listing(config: NodeConfig, *, parked: bool, limit: int | None, as_json: bool) -> str:
    """Records and crops with their state, or only what is parked. Raises NotClaimed, OutboxMissing."""
    folder = _folder(config)
    records = list_records(folder, parked=parked, limit=limit)
    crops = list_crops(folder, parked=parked, limit=limit)
    if as_json:
        return json.dumps({"records": [asdict(record) for record in records], "crops": [asdict(crop) for crop in crops]})
    lines = [*map(_record_line, records), *map(_crop_line, crops)]
    return "\n".join(lines) or ("nothing is parked" if parked else "the outbox is empty")


def export(config: NodeConfig, *, target: Path, only: tuple[Epoch, Seq] | None, as_json: bool) -> str:
    """Write what is parked, or one record with its crop, as files. Raises EdgeError when that one is not parked."""
    found = export_parked(_folder(config), target, only=only)
    _require_any(found, only)
    if as_json:
        return json.dumps([asdict(one) for one in found])
    lines = [f"{one.epoch}/{one.seq}  {one.code}: {one.detail}  {', '.join(one.files) or 'no file is left'}" for one in found]
    return "\n".join((*lines, f"{sum(len(one.files) for one in found)} files written to {target}; they stay parked"))


def retry(config: NodeConfig, *, only: tuple[Epoch, Seq] | None) -> str:
    """Return what was parked, or one record with its crop, to those who wait. Raises EdgeError when that one is not parked."""
    returned = retry_parked(_folder(config), clock=SystemClock(), only=only)
    _require_any(returned.records or returned.crops, only)
    return f"{returned.records} records and {returned.crops} crops wait again; the courier sends them as soon as it runs"


def _require_any(found: object, only: tuple[Epoch, Seq] | None) -> None:
    if only is not None and not found:
        raise EdgeError(f"nothing of {only[0]}/{only[1]} is parked; see `lintel-edge outbox list --parked`")


def _record_line(record: ListedRecord) -> str:
    return f"{record.epoch}/{record.seq}  {record.kind:<11}  {record.state:<8}  {record.record_id}{_why(record.code, record.detail)}"


def _crop_line(crop: ListedCrop) -> str:
    return f"{crop.epoch}/{crop.seq}  {'crop':<11}  {crop.state:<8}  {crop.sha256}{_why(crop.code, crop.detail)}"


def _why(code: str | None, detail: str | None) -> str:
    return f"  {code}: {detail or ''}" if code else ""


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"


def _folder(config: NodeConfig) -> Path:
    folder = config.state / "outbox"
    try:
        IdentityFolder(config.state).load()
    except PermissionError as error:
        raise OutboxMissing(f"{config.state} may not be read by this account; run as the node's account") from error
    return folder
