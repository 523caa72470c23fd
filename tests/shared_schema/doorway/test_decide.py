from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.doorway.decide import decide, outcome_of
from shared_schema.doorway.fuse import MAX_LOOKS, best_looks, fuse
from shared_schema.doorway.types import Look
from shared_schema.face.types import Quality
from shared_schema.face.vectors import unit
from shared_schema.sighting import Candidate, Outcome
from tests.shared_schema.doorway.fakes import POLICY, at, face_of, gallery, person


def look(who: str, *, quality: float = 0.8, number: int = 0) -> Look:
    return Look(face_of(who), Quality(quality, None, 60, 100.0, 120.0), np.zeros((2, 2, 3), np.uint8), at(number))


def candidate(similarity: float, who: int = 1) -> Candidate:
    return Candidate(person=UUID(int=who), similarity=similarity)


@given(best=st.floats(-1, 1), lead=st.floats(0, 1), agreeing=st.integers(0, 5))
def test_a_match_needs_similarity_and_lead_and_agreement(best: float, lead: float, agreeing: int) -> None:
    runner_up = candidate(max(-1.0, best - lead), 2)
    outcome = outcome_of(candidate(best), runner_up, agreeing, POLICY)
    near = best >= POLICY.min_similarity
    clear = best - runner_up.similarity >= POLICY.min_margin
    assert (outcome is Outcome.MATCH) == (near and clear and agreeing >= POLICY.min_agreeing_frames)
    assert (outcome is Outcome.UNKNOWN) == (not near)


def test_a_tie_is_unsure_even_without_a_required_lead() -> None:
    assert outcome_of(candidate(0.99), candidate(0.99, 2), 5, replace(POLICY, min_margin=0.0)) is Outcome.UNSURE


def test_nobody_is_unknown() -> None:
    assert outcome_of(None, None, 0, POLICY) is Outcome.UNKNOWN


def test_the_only_person_of_a_gallery_needs_no_lead() -> None:
    assert outcome_of(candidate(0.97), None, 2, POLICY) is Outcome.MATCH


def test_a_good_look_weighs_more_than_a_poor_one() -> None:
    fused = fuse([look("ann", quality=0.9), look("bob", quality=0.1)])
    assert fused @ face_of("ann") > fused @ face_of("bob")
    assert np.linalg.norm(fused) == pytest.approx(1)


def test_looks_without_any_quality_still_have_a_mean() -> None:
    assert fuse([look("ann", quality=0.0)]) @ face_of("ann") == pytest.approx(1)


@given(qualities=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_best_looks_are_kept(qualities: list[float]) -> None:
    kept = best_looks([look("ann", quality=value, number=number) for number, value in enumerate(qualities)])
    assert [one.quality.value for one in kept] == sorted(qualities, reverse=True)[:MAX_LOOKS]


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
