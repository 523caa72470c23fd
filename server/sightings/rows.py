"""From a checked record to its rows. Looks nothing up in the database: what is needed comes in as a Context."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from server.core.cipher import PROBE, Cipher
from server.nodes.models import Mount, Node
from server.sightings import models
from server.sightings.boots import BootClock
from server.sightings.checked import Checked
from server.sightings.coverage_times import Times, times_of
from server.sightings.times import Captured, captured
from server.sites.days import local_day
from server.sites.models import Door
from shared_schema.clock import ClockReading
from shared_schema.observation import CropShed, Gap, Observation
from shared_schema.sighting import Outcome, Sighting

MAX_COUNT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows of one batch rest on: the node's mounts, the clocks of its boots, and the people it may name."""

    node: Node
    mounts: Sequence[Mount]
    clocks: Mapping[UUID, BootClock]
    people: Mapping[UUID, int]
    cipher: Cipher

    def captured(self, at: ClockReading, received_at: datetime) -> Captured:
        clock = self.clocks.get(at.boot_id, BootClock())
        return captured(at, clock, since=there_since(self.node, self.mounts), received_at=received_at)

    def watched(self, said: Observation, received_at: datetime) -> Times:
        clock = self.clocks.get(said.at.boot_id, BootClock())
        return times_of(said, clock, since=there_since(self.node, self.mounts), received_at=received_at)


def there_since(node: Node, mounts: Iterable[Mount]) -> datetime:
    """Nothing can have been captured before the node was claimed, or hung up if that is said to have been earlier: clips are older."""
    return min([node.created_at, *(mount.valid_from for mount in mounts)])


def door_at(mounts: Sequence[Mount], when: Captured) -> Door | None:
    """The door the node hung at; where the time is only bounded, the only one it hung at in all that time."""
    first, last = (when.at, when.at) if when.known else (when.earliest, when.latest)
    doors = {mount.door for mount in mounts if mount.valid_from <= last and (mount.valid_until is None or first < mount.valid_until)}
    return doors.pop() if len(doors) == 1 else None


def day_at(door: Door, at: datetime) -> date:
    """The local day of a moment at a door."""
    return local_day(at, door.site.zone, door.site.day_cut)


def record_row(node: Node, checked: Checked, received_at: datetime) -> models.Record:
    envelope = checked.envelope
    return models.Record(
        uuid=envelope.record_id,
        node=node,
        epoch=envelope.epoch,
        seq=envelope.seq,
        kind=envelope.kind,
        protocol=envelope.protocol,
        payload=envelope.payload,
        sha256=envelope.sha256,
        signature=envelope.signature,
        received_at=received_at,
    )


def sighting_row(record: models.Record, said: Sighting, context: Context) -> models.Sighting:
    when = context.captured(said.at, record.received_at)
    candidate, runner_up, evidence = said.candidate, said.runner_up, said.evidence
    named = candidate.person if candidate is not None and said.outcome is Outcome.MATCH else None
    person = None if named is None else context.people.get(named)
    return models.Sighting(
        record=record,
        uuid=record.uuid,
        node=context.node,
        received_at=record.received_at,
        boot_id=said.at.boot_id,
        boot_ns=said.at.boot_ns,
        wall_ns=said.at.wall_ns,
        synchronised=said.at.synchronised,
        earliest_at=when.earliest,
        latest_at=when.latest,
        captured_at=when.at,
        uncertainty_ms=when.uncertainty_ms,
        time_known=when.known,
        door=door_at(context.mounts, when),
        outcome=said.outcome.value,
        person_id=person,
        counts_for_id=person,
        candidate_uuid=candidate.person if candidate else None,
        similarity=candidate.similarity if candidate else None,
        runner_up_uuid=runner_up.person if runner_up else None,
        margin=candidate.similarity - runner_up.similarity if candidate and runner_up else None,
        quality=evidence.quality,
        frames=min(evidence.frames, MAX_COUNT),
        agreeing_frames=min(evidence.agreeing_frames, MAX_COUNT),
        pad_value=said.pad_value,
        model_id=said.model_id,
        gallery_revision=said.gallery_revision,
    )


def probe_row(record: models.Record, said: Sighting, probe: bytes, cipher: Cipher) -> models.Probe:
    return models.Probe(sighting_id=record.pk, sha256=said.probe_sha256, ciphertext=cipher.encrypt(probe, purpose=PROBE))


def crop_row(record: models.Record, said: Sighting, node: Node) -> models.Crop | None:
    if said.crop is None:
        return None
    return models.Crop(sighting_id=record.pk, node=node, sha256=said.crop.sha256, size_bytes=said.crop.size_bytes)


def observation_row(record: models.Record, said: Observation, context: Context) -> models.Observation:
    when = context.watched(said, record.received_at)
    return models.Observation(
        record=record,
        node_id=record.node_id,
        epoch=record.epoch,
        seq=record.seq,
        boot_id=said.at.boot_id,
        from_boot_ns=said.from_boot_ns,
        until_boot_ns=said.until_boot_ns,
        begins_at=when.begins_at,
        ends_at=when.ends_at,
        uncertainty_ms=when.uncertainty_ms,
        last_seq=said.last_seq,
        blind=[blind.model_dump() for blind in said.blind],
        funnel=said.funnel.model_dump(),
    )


def crop_shed_row(record: models.Record, said: CropShed, node: Node) -> models.CropShed:
    return models.CropShed(
        record=record,
        node=node,
        crop_sha256=said.crop_sha256,
        sighting_epoch=said.sighting_epoch,
        sighting_seq=said.sighting_seq,
        reason=said.reason,
    )


def gap_row(record: models.Record, said: Gap) -> models.Gap:
    return models.Gap(record=record, lost_epoch=said.lost_epoch, from_seq=said.from_seq, to_seq=said.to_seq, reason=said.reason)
