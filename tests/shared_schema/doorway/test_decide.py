from dataclasses import replace
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.doorway.decide import Doubt, Judgement, SecondLook, decide, outcome_of, second_look
from shared_schema.doorway.fuse import APART_NS, MAX_LOOKS, SPAN_NS, apart, best_looks, fuse, worth
from shared_schema.doorway.types import Look
from shared_schema.face.match import Gallery
from shared_schema.face.types import Quality
from shared_schema.face.vectors import unit
from shared_schema.ids import BootNs
from shared_schema.sighting import Candidate, Evidence, Outcome
from tests.shared_schema.doorway.fakes import POLICY, FakePipeline, approach, at, face_of, gallery, gist, person, walk

MANY_TIMES = st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True)
MANY_QUALITIES = st.lists(st.floats(0, 1), min_size=60, max_size=60)


def look(who: str, *, quality: float = 0.8, number: int = 0) -> Look:
    return Look(face_of(who), Quality(quality, None, 60, 100.0, 120.0), np.zeros((2, 2, 3), np.uint8), at(number))


def candidate(similarity: float, who: int = 1) -> Candidate:
    return Candidate(person=UUID(int=who), similarity=similarity)


@given(best=st.floats(-1, 1), lead=st.floats(0, 1), agreeing=st.integers(0, 5), flagged=st.booleans())
def test_a_match_needs_similarity_and_lead_and_agreement_and_no_flag(best: float, lead: float, agreeing: int, flagged: bool) -> None:  # noqa: FBT001
    runner_up = candidate(max(-1.0, best - lead), 2)
    judged = outcome_of(candidate(best), runner_up, agreeing, POLICY, flagged=flagged)
    clear = best - runner_up.similarity >= POLICY.min_margin
    enough = agreeing >= POLICY.min_agreeing_frames
    assert (judged.outcome is Outcome.MATCH) == (best >= POLICY.min_similarity and clear and enough and not flagged)
    assert (judged.outcome is Outcome.UNKNOWN) == (best < POLICY.unsure_similarity)
    assert (judged.outcome is Outcome.UNSURE) == bool(judged.doubts)


@pytest.mark.parametrize(
    ("best", "other", "agreeing", "flagged", "doubts"),
    [
        (0.93, 0.8, 3, False, ("near",)),
        (0.96, 0.955, 3, False, ("margin",)),
        (0.96, 0.8, 1, False, ("few_frames",)),
        (0.96, 0.8, 3, True, ("pad",)),
        (0.93, 0.925, 0, True, ("near", "margin", "few_frames", "pad")),
        (0.96, 0.8, 3, False, ()),
        (0.89, 0.8, 3, True, ()),
    ],
)
def test_what_is_unsure_says_why(best: float, other: float, agreeing: int, flagged: bool, doubts: tuple[str, ...]) -> None:  # noqa: FBT001
    assert outcome_of(candidate(best), candidate(other, 2), agreeing, POLICY, flagged=flagged).doubts == doubts


def test_a_tie_is_unsure_even_without_a_required_lead() -> None:
    assert outcome_of(candidate(0.99), candidate(0.99, 2), 5, replace(POLICY, min_margin=0.0)) == Judgement(Outcome.UNSURE, (Doubt.MARGIN,))


def test_nobody_is_unknown() -> None:
    assert outcome_of(None, None, 0, POLICY) == Judgement(Outcome.UNKNOWN)


def test_the_only_person_of_a_gallery_needs_no_lead() -> None:
    assert outcome_of(candidate(0.97), None, 2, POLICY) == Judgement(Outcome.MATCH)


def test_looks_of_one_moment_are_one_piece_of_evidence() -> None:
    burst = [replace(look("ann"), at=BootNs(at(0) + number * 33_000_000)) for number in range(4)]
    assert decide(burst, gallery("ann", "bob"), POLICY).evidence.doubts == ("few_frames",)
    later = replace(look("ann"), at=BootNs(at(0) + APART_NS))
    assert decide([*burst, later], gallery("ann", "bob"), POLICY).outcome is Outcome.MATCH


@given(times=st.lists(st.integers(0, 2_000_000_000), max_size=12), seed=st.randoms(use_true_random=False))
def test_evidence_counts_moments_in_whatever_order_the_looks_come(times: list[int], seed: Random) -> None:
    looks = [replace(look("ann"), at=BootNs(one)) for one in times]
    shuffled = list(looks)
    seed.shuffle(shuffled)
    assert apart(looks) == apart(shuffled) <= len(looks)


def test_a_look_like_a_held_picture_is_unsure_where_pictures_are_asked_for() -> None:
    wary = replace(POLICY, pad=True, max_pad_value=0.5)
    looks = [look("ann"), look("ann", number=1)]
    verdict = decide(looks, gallery("ann", "bob"), wary, pad_value=0.6)
    assert (verdict.outcome, verdict.evidence.doubts, verdict.pad_value) == (Outcome.UNSURE, ("pad",), 0.6)
    assert decide(looks, gallery("ann", "bob"), wary, pad_value=0.5).outcome is Outcome.MATCH
    assert decide(looks, gallery("ann", "bob"), wary).outcome is Outcome.MATCH
    assert decide(looks, gallery("ann", "bob"), replace(wary, pad=False), pad_value=0.6).outcome is Outcome.MATCH


def test_a_good_look_weighs_more_than_a_poor_one() -> None:
    fused = fuse([look("ann", quality=0.9), look("bob", quality=0.1)])
    assert fused @ face_of("ann") > fused @ face_of("bob")
    assert np.linalg.norm(fused) == pytest.approx(1)


def test_looks_without_any_quality_still_have_a_mean() -> None:
    assert fuse([look("ann", quality=0.0)]) @ face_of("ann") == pytest.approx(1)


def stream(times: list[int], qualities: list[float]) -> list[Look]:
    """Looks of these qualities at these milliseconds, in the order of time."""
    return [
        replace(look("ann", quality=quality), at=BootNs(1_000_000 * ms))
        for ms, quality in sorted(zip(times, qualities, strict=False), key=lambda pair: pair[0])
    ]


@given(qualities=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_best_looks_are_kept_and_the_first_and_one_a_while_later(qualities: list[float]) -> None:
    looks = [look("ann", quality=value, number=number) for number, value in enumerate(qualities)]
    kept = best_looks(looks)
    assert len(kept) == min(len(looks), MAX_LOOKS)
    assert [one.quality.value for one in kept] == sorted([one.quality.value for one in kept], reverse=True)
    assert looks[0].at in [one.at for one in kept]
    assert kept[0].quality.value == max(qualities)
    best = sorted(qualities, reverse=True)[: MAX_LOOKS - 2]
    assert [one.quality.value for one in kept][: len(best) - 1] == best[:-1]


@given(
    times=st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True),
    qualities=st.lists(st.floats(0, 1), min_size=60, max_size=60),
)
def test_two_kept_looks_lie_far_enough_apart_for_a_living_face_to_change(times: list[int], qualities: list[float]) -> None:
    looks = stream(times, qualities)
    kept: tuple[Look, ...] = ()
    for one in looks:
        kept = best_looks((*kept, one))
    span = max(one.at for one in kept) - min(one.at for one in kept)
    assert len(kept) <= MAX_LOOKS
    assert span >= SPAN_NS or looks[-1].at - looks[0].at < SPAN_NS + APART_NS


@given(
    times=st.lists(st.integers(0, 1000), min_size=1, max_size=30, unique=True),
    qualities=st.lists(st.floats(0, 1), min_size=30, max_size=30),
)
def test_of_one_moment_only_the_best_look_is_kept(times: list[int], qualities: list[float]) -> None:
    looks = stream(times, qualities)
    kept = best_looks(looks)
    moments = [one.at // APART_NS for one in kept]
    assert len(moments) == len(set(moments))
    assert max(one.quality.value for one in looks) == kept[0].quality.value


def test_as_many_looks_are_kept_as_have_to_agree() -> None:
    patient = replace(POLICY, min_agreeing_frames=20)
    assert gist(walk(approach("ann", 30, step=1.0), gallery("ann", "bob"), patient)) == [("match", person("ann"))]


def test_frames_that_see_somebody_else_do_not_agree() -> None:
    verdict = decide([look("ann", quality=0.9), look("ann", number=1), look("bob", quality=0.1, number=2)], gallery("ann", "bob"), POLICY)
    assert verdict.candidate is not None
    assert verdict.candidate.person == person("ann")
    assert (verdict.evidence.frames, verdict.evidence.agreeing_frames) == (3, 2)


def test_the_probe_is_what_was_compared() -> None:
    verdict = decide([look("ann"), look("ann", number=1)], gallery("ann", "bob"), POLICY)
    assert verdict.candidate is not None
    assert verdict.candidate.similarity == pytest.approx(float(verdict.probe @ face_of("ann")), abs=1e-6)
    assert unit(verdict.probe) == pytest.approx(verdict.probe)


def test_a_second_look_names_who_was_enrolled_since() -> None:
    verdict = decide([look("ann"), look("ann", number=1)], gallery("bob"), POLICY)
    assert verdict.outcome is Outcome.UNKNOWN
    again = second_look(verdict.probe, gallery("ann", "bob"), POLICY, evidence=verdict.evidence)
    assert (again.outcome, again.doubts) == (Outcome.MATCH, ())
    assert again.candidate is not None
    assert again.candidate.person == person("ann")


def test_a_second_look_no_longer_names_who_was_erased_or_missed_a_raised_bar() -> None:
    probe = decide([look("ann"), look("ann", number=1)], gallery("ann", "bob"), POLICY).probe
    assert second_look(probe, gallery("bob"), POLICY).outcome is Outcome.UNKNOWN
    answer = second_look(probe, Gallery.empty(FakePipeline.model_id), POLICY)
    assert answer == SecondLook(Outcome.UNKNOWN, None, None, (), POLICY.min_similarity, POLICY.unsure_similarity)
    blurred = fuse([look("ann", quality=0.8), look("bob", quality=0.4)])
    lenient, strict = replace(POLICY, min_similarity=0.95, min_margin=0), replace(POLICY, min_similarity=0.99, min_margin=0)
    assert second_look(blurred, gallery("ann", "bob"), lenient).outcome is Outcome.MATCH
    assert second_look(blurred, gallery("ann", "bob"), strict).doubts == ("near",)


def test_a_second_look_asks_no_more_of_the_frames_than_the_pass_showed() -> None:
    seen_once = decide([look("ann")], gallery("ann", "bob"), POLICY)
    assert second_look(seen_once.probe, gallery("ann", "bob"), POLICY, evidence=seen_once.evidence).doubts == ("few_frames",)
    assert second_look(seen_once.probe, gallery("ann", "bob"), POLICY).outcome is Outcome.MATCH
    patient = replace(POLICY, min_agreeing_frames=1)
    assert second_look(seen_once.probe, gallery("ann", "bob"), patient, evidence=seen_once.evidence).outcome is Outcome.MATCH


def test_a_flagged_pass_stays_flagged_at_the_second_look() -> None:
    wary = replace(POLICY, pad=True, max_pad_value=0.5)
    flagged = decide([look("ann"), look("ann", number=1)], gallery("bob", "ann"), wary, pad_value=0.9)
    assert second_look(flagged.probe, gallery("ann"), POLICY, evidence=flagged.evidence).doubts == ("pad",)


@given(share=st.floats(0, 1), agreeing=st.integers(1, 6))
def test_a_second_look_by_the_same_gallery_agrees_with_the_first(share: float, agreeing: int) -> None:
    names = gallery("ann", "bob", "cyd")
    probe = np.asarray(unit((1 - share) * face_of("ann") + share * face_of("eve")))
    looks = [replace(look("ann", number=number), embedding=probe) for number in range(agreeing)]
    first = decide(looks, names, POLICY)
    again = second_look(first.probe, names, POLICY, evidence=first.evidence)
    assert (again.outcome, again.doubts) == (first.outcome, first.evidence.doubts)


def test_evidence_travels_with_its_doubts() -> None:
    evidence = decide([look("ann")], gallery("ann"), POLICY).evidence
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence


def test_who_looks_like_many_people_must_come_closer_to_be_named() -> None:
    looks = [look("ann"), look("ann", number=1)]
    similarity = decide(looks, gallery("ann", "bob"), POLICY).candidate
    assert similarity is not None
    common = replace(POLICY, excess=lambda probes: np.full(len(probes), similarity.similarity - POLICY.min_similarity + 0.001, np.float32))
    verdict = decide(looks, gallery("ann", "bob"), common)
    assert verdict.outcome is Outcome.UNSURE
    assert verdict.evidence.doubts == ("near",)
    assert verdict.evidence.min_similarity > similarity.similarity
    assert second_look(verdict.probe, gallery("ann", "bob"), common).outcome is Outcome.UNSURE
    assert decide(looks, gallery("ann", "bob"), POLICY).outcome is Outcome.MATCH


def test_a_near_look_weighs_more_than_a_far_one_of_the_same_quality() -> None:
    near = replace(look("ann"), quality=Quality(0.8, None, 120, 100.0, 120.0))
    far = replace(look("bob", number=1), quality=Quality(0.8, None, 60, 100.0, 120.0))
    probe = fuse([near, far])
    assert float(probe @ near.embedding) > float(probe @ far.embedding)
    assert best_looks([far, near])[0] is near


def test_beyond_a_size_a_nearer_look_is_worth_no_more() -> None:
    sizes = [replace(look("ann"), quality=Quality(0.8, None, px, 100.0, 120.0)) for px in (120, 400)]
    assert worth(sizes[0]) == worth(sizes[1])
