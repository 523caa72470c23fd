"""Making second looks: the probe a node sent, judged by the door's own rule against the server's gallery of now.

A second look is a row beside the sighting. One is written when somebody asked for it, or when its answer is not the one that stands.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from server.core import cipher
from server.core.cipher import CipherError
from server.core.errors import Conflict
from server.people.models import Person
from server.sightings.models import SecondLook, Sighting
from server.sightings.second_look import Circumstances, Difference, Reason, difference_of, reason_of
from server.sightings.second_look_gallery import Ground, day_of
from server.sightings.unknown_members import passes_named
from shared_schema import sighting as wire
from shared_schema.doorway.decide import SecondLook as Answer
from shared_schema.doorway.decide import second_look
from shared_schema.doorway.types import DoorPolicy
from shared_schema.face.types import FaceError
from shared_schema.face.vectors import decode_embedding

STANDING = ("candidate_uuid", "difference")
_BAR_MOVED = 1e-6


class Obstacle(StrEnum):
    """Why a sighting cannot be looked at again."""

    OTHER_MODEL = "other_model"
    NO_PROBE = "probe_erased"
    UNREADABLE = "probe_unreadable"


OBSTACLES = {
    Obstacle.OTHER_MODEL: "The sighting was made with another model than the gallery has now; the two cannot be compared.",
    Obstacle.NO_PROBE: "The probe of this sighting was erased or never came, so there is nothing to compare.",
    Obstacle.UNREADABLE: "The probe of this sighting does not open or is no embedding of its model, so there is nothing to compare.",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A sighting's answer of now, with the node's evidence and the bars that were asked."""

    sighting: Sighting
    evidence: wire.Evidence
    answer: Answer
    policy: DoorPolicy
    gallery_size: int

    @property
    def named(self) -> UUID | None:
        """The person a match names; anything else names nobody."""
        candidate = self.answer.candidate
        return candidate.person if candidate is not None and self.answer.outcome is wire.Outcome.MATCH else None


def sightings_to_judge() -> QuerySet[Sighting]:
    """Sightings with everything a second look needs, in one query."""
    newest = SecondLook.objects.filter(sighting=OuterRef("pk")).order_by("-id")
    standing = {f"standing_{name}": Subquery(newest.values(name)[:1]) for name in STANDING}
    return Sighting.objects.select_related("record", "probe", "node", "door__site", "person").annotate(**standing)


def second_look_make(*, sighting: Sighting, now: datetime) -> tuple[SecondLook, bool]:
    """Look at one sighting because somebody asked. Returns the row and whether it was made now. Raises Conflict when it cannot be."""
    ground = Ground.now()
    judged = judge(sightings_to_judge().get(pk=sighting.pk), ground)
    if isinstance(judged, Obstacle):
        raise Conflict(judged.value, OBSTACLES[judged])
    row = _row(judged, ground, now)
    key = {name: getattr(row, name) for name in _ONCE}
    made = _write([row], now)
    kept = SecondLook.objects.get(**key)
    return kept, made[0].uuid == kept.uuid


def second_looks_renew(*, sightings: Sequence[Sighting], ground: Ground, now: datetime) -> Counter[str]:
    """Look at these rows of `sightings_to_judge` and write what is not the standing answer. Returns how many said what."""
    counts: Counter[str] = Counter()
    rows: list[SecondLook] = []
    for sighting in sightings:
        judged = judge(sighting, ground)
        if isinstance(judged, Obstacle):
            counts[judged.value] += 1
            continue
        difference = _difference(judged, ground)
        counts[difference.value] += 1
        if not _stands(judged, difference):
            rows.append(_row(judged, ground, now))
    _write(rows, now)
    return counts


def _write(rows: list[SecondLook], now: datetime) -> list[SecondLook]:
    with transaction.atomic():
        made = SecondLook.objects.bulk_create(rows, ignore_conflicts=True)
        passes_named((row.sighting_id for row in rows if row.person_id is not None), now=now)
    return made


def judge(sighting: Sighting, ground: Ground) -> Judged | Obstacle:
    """The answer of now, or why there is none. Probes of another model are never compared."""
    if sighting.model_id != ground.model_id:
        return Obstacle.OTHER_MODEL
    probe = getattr(sighting, "probe", None)
    if probe is None or probe.ciphertext is None:
        return Obstacle.NO_PROBE
    try:
        embedding = decode_embedding(ground.cipher.decrypt(probe.ciphertext, purpose=cipher.PROBE), ground.dimension)
    except (CipherError, FaceError):
        return Obstacle.UNREADABLE
    evidence = sighting.evidence
    gallery = ground.gallery_on(day_of(sighting))
    policy = ground.policy_for(sighting.node, gallery.size)
    return Judged(sighting, evidence, second_look(embedding, gallery, policy, evidence=evidence), policy, gallery.size)


def _stands(judged: Judged, difference: Difference) -> bool:
    """Whether this answer is the one that stands: the newest second look's or, without any, the node's."""
    if (standing := getattr(judged.sighting, "standing_difference", None)) is None:
        return difference is Difference.SAME
    sighting = judged.sighting
    if difference.value != standing:
        return False
    return judged.named is None or judged.named == getattr(sighting, "standing_candidate_uuid", None)


def _difference(judged: Judged, ground: Ground) -> Difference:
    return difference_of(_named_by_node(judged.sighting), None if judged.named is None else ground.people[judged.named].key)


def _named_by_node(sighting: Sighting) -> int | None:
    """Whom the node named; somebody merged is who they were merged into."""
    person = sighting.person
    return None if person is None else person.merged_into_id or person.pk


_ONCE = ("sighting_id", "model_id", "gallery_revision", "settings_revision", "min_similarity")


def _row(judged: Judged, ground: Ground, now: datetime) -> SecondLook:
    difference, answer, policy = _difference(judged, ground), judged.answer, judged.policy
    candidate, runner_up = answer.candidate, answer.runner_up
    return SecondLook(
        sighting_id=judged.sighting.pk,
        made_at=now,
        reason=Reason.ASKED if difference is Difference.SAME else reason_of(_circumstances(judged, ground)),
        difference=difference,
        outcome=answer.outcome.value,
        person_id=None if judged.named is None else ground.people[judged.named].key,
        candidate_uuid=candidate.person if candidate else None,
        similarity=candidate.similarity if candidate else None,
        runner_up_uuid=runner_up.person if runner_up else None,
        margin=candidate.similarity - runner_up.similarity if candidate and runner_up else None,
        doubts=[doubt.value for doubt in answer.doubts],
        model_id=ground.model_id,
        gallery_revision=ground.revision,
        gallery_size=judged.gallery_size,
        settings_revision=ground.settings_of(judged.sighting.node).revision,
        min_similarity=answer.min_similarity,
        unsure_similarity=answer.unsure_similarity,
        min_margin=policy.min_margin,
        min_agreeing_frames=policy.min_agreeing_frames,
    )


def _circumstances(judged: Judged, ground: Ground) -> Circumstances:
    sighting, named = judged.sighting, judged.named
    before = sighting.person
    about = _named_by_node(sighting) if named is None else ground.people[named].key
    return Circumstances(
        captured_at=sighting.captured_at,
        merged=before is not None and before.merged_into_id is not None,
        left=sighting.outcome == wire.Outcome.MATCH and not _belongs(before, judged, ground),
        sampled_at=ground.sampled.get(about, ()) if about is not None else (),
        bar_moved=abs(judged.evidence.min_similarity - judged.answer.min_similarity) > _BAR_MOVED,
    )


def _belongs(person: Person | None, judged: Judged, ground: Ground) -> bool:
    return person is not None and person.uuid in ground.gallery_on(day_of(judged.sighting)).people
