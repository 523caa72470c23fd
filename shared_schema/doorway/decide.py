"""Who was it? Match, unsure or unknown: a wrong name is worse than no name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared_schema.doorway.fuse import apart, fuse
from shared_schema.doorway.types import DoorPolicy, Look
from shared_schema.face.match import Gallery
from shared_schema.face.types import Embedding
from shared_schema.sighting import Candidate, Evidence, Outcome


class Doubt(StrEnum):
    """Why somebody who is like a person of the gallery is not named."""

    NEAR = "near"
    MARGIN = "margin"
    FEW_FRAMES = "few_frames"
    PAD = "pad"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rule's answer; only what is unsure has doubts."""

    outcome: Outcome
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the looks of one pass say, and why."""

    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    evidence: Evidence
    probe: Embedding
    pad_value: float | None


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a probe kept from an earlier pass says against a gallery of today, and the bars that it had to reach."""

    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    doubts: tuple[Doubt, ...]
    min_similarity: float
    unsure_similarity: float


def decide(looks: Sequence[Look], gallery: Gallery, policy: DoorPolicy, pad_value: float | None = None) -> Verdict:
    """Judge at least one look, the best first. `pad_value` tells how much they are like a held picture, None when they cannot say."""
    probe = fuse(looks)
    policy = policy.towards(probe)
    candidate, runner_up = gallery.search(probe)
    agreeing = _agreeing(looks, gallery, candidate)
    judged = outcome_of(candidate, runner_up, agreeing, policy, flagged=is_flagged(pad_value, policy))
    best = looks[0].quality
    evidence = Evidence(
        min_similarity=policy.min_similarity,
        min_margin=policy.min_margin,
        min_agreeing_frames=policy.min_agreeing_frames,
        frames=len(looks),
        agreeing_frames=agreeing,
        quality=min(1.0, max(0.0, best.value)),
        face_px=best.face_px,
        doubts=judged.doubts,
    )
    return Verdict(judged.outcome, candidate, runner_up, evidence, probe, pad_value)


def second_look(probe: Embedding, gallery: Gallery, policy: DoorPolicy, *, evidence: Evidence | None = None) -> SecondLook:
    """Judge the fused probe of an earlier pass by the same bars.

    A probe cannot show again how many frames agreed nor whether a picture was held, so the pass's own `evidence` speaks for both: a pass
    flagged then stays flagged, and one with too few agreeing frames then has no more now. Without evidence only the bars are asked.
    """
    policy = policy.towards(probe)
    candidate, runner_up = gallery.search(probe)
    agreeing = policy.min_agreeing_frames if evidence is None else _carried(evidence)
    flagged = evidence is not None and Doubt.PAD in evidence.doubts
    judged = outcome_of(candidate, runner_up, agreeing, policy, flagged=flagged)
    return SecondLook(judged.outcome, candidate, runner_up, judged.doubts, policy.min_similarity, policy.unsure_similarity)


def outcome_of(
    candidate: Candidate | None, runner_up: Candidate | None, agreeing: int, policy: DoorPolicy, *, flagged: bool = False
) -> Judgement:
    """The rule. Nobody near is *unknown*; near but with any doubt is *unsure*; without doubt it is a *match*."""
    if candidate is None or candidate.similarity < min(policy.unsure_similarity, policy.min_similarity):
        return Judgement(Outcome.UNKNOWN)
    doubted = (
        (candidate.similarity < policy.min_similarity, Doubt.NEAR),
        (not _leads(candidate, runner_up, policy.min_margin), Doubt.MARGIN),
        (agreeing < policy.min_agreeing_frames, Doubt.FEW_FRAMES),
        (flagged, Doubt.PAD),
    )
    doubts = tuple(doubt for holds, doubt in doubted if holds)
    return Judgement(Outcome.UNSURE if doubts else Outcome.MATCH, doubts)


def is_flagged(pad_value: float | None, policy: DoorPolicy) -> bool:
    """Whether a pass is so much like a held picture that staff shall look at it."""
    return policy.pad and pad_value is not None and pad_value > policy.max_pad_value


def _leads(candidate: Candidate, runner_up: Candidate | None, min_margin: float) -> bool:
    if runner_up is None:
        return True
    margin = candidate.similarity - runner_up.similarity
    return margin > 0 and margin >= min_margin


def _agreeing(looks: Sequence[Look], gallery: Gallery, candidate: Candidate | None) -> int:
    if candidate is None:
        return 0
    return apart([look for look in looks if _names(gallery.search(look.embedding)[0], candidate)])


def _names(first: Candidate | None, candidate: Candidate) -> bool:
    return first is not None and first.person == candidate.person


def _carried(evidence: Evidence) -> int:
    """Where too few frames agreed, as many as did; otherwise all that were fused, for they may now agree on somebody new."""
    return evidence.agreeing_frames if Doubt.FEW_FRAMES in evidence.doubts else evidence.frames
