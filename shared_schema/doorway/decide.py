"""Who was it? Match, unsure or unknown: a wrong name is worse than no name."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared_schema.doorway.fuse import fuse
from shared_schema.doorway.types import DoorPolicy, Look
from shared_schema.face.match import Gallery
from shared_schema.face.types import Embedding
from shared_schema.sighting import Candidate, Evidence, Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the looks of one pass say, and why."""

    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    evidence: Evidence
    probe: Embedding


def decide(looks: Sequence[Look], gallery: Gallery, policy: DoorPolicy) -> Verdict:
    """Judge at least one look, the best first."""
    probe = fuse(looks)
    candidate, runner_up = gallery.search(probe)
    agreeing = _agreeing(looks, gallery, candidate)
    best = looks[0].quality
    evidence = Evidence(
        min_similarity=policy.min_similarity,
        min_margin=policy.min_margin,
        min_agreeing_frames=policy.min_agreeing_frames,
        frames=len(looks),
        agreeing_frames=agreeing,
        quality=min(1.0, max(0.0, best.value)),
        face_px=best.face_px,
    )
    return Verdict(outcome_of(candidate, runner_up, agreeing, policy), candidate, runner_up, evidence, probe)


def outcome_of(candidate: Candidate | None, runner_up: Candidate | None, agreeing: int, policy: DoorPolicy) -> Outcome:
    """The rule. Nobody near enough is *unknown*; near enough but a tie, too small a lead or too few frames is *unsure*."""
    if candidate is None or candidate.similarity < policy.min_similarity:
        return Outcome.UNKNOWN
    if agreeing < policy.min_agreeing_frames or not _leads(candidate, runner_up, policy.min_margin):
        return Outcome.UNSURE
    return Outcome.MATCH


def _leads(candidate: Candidate, runner_up: Candidate | None, min_margin: float) -> bool:
    if runner_up is None:
        return True
    margin = candidate.similarity - runner_up.similarity
    return margin > 0 and margin >= min_margin


def _agreeing(looks: Sequence[Look], gallery: Gallery, candidate: Candidate | None) -> int:
    if candidate is None:
        return 0
    firsts = (gallery.search(look.embedding)[0] for look in looks)
    return sum(first is not None and first.person == candidate.person for first in firsts)
