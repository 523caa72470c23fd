from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_schema.doorway import Doorway, PassDecided
from shared_schema.doorway.funnel import add
from shared_schema.face.match import Gallery
from shared_schema.face.types import FaceError, Gate
from shared_schema.ids import ModelId
from shared_schema.observation import Funnel
from tests.shared_schema.doorway.fakes import (
    EMPTY,
    POLICY,
    FakePipeline,
    Scene,
    Sight,
    approach,
    at,
    door,
    face_of,
    frame_of,
    gallery,
    gist,
    person,
    walk,
)

ANN_MATCHES = ("match", person("ann"))
UNKNOWN = ("unknown", None)
GONE = (EMPTY,) * 10


def test_one_person_is_one_pass() -> None:
    assert gist(walk((*approach("ann"), *GONE), gallery("ann", "bob"))) == [ANN_MATCHES]


def test_a_match_is_told_as_soon_as_enough_frames_agree() -> None:
    (decided,) = walk((*approach("ann", 20), *GONE), gallery("ann", "bob"))
    assert decided.until_at == at(1)
    assert decided.evidence.agreeing_frames == POLICY.min_agreeing_frames


def test_two_people_side_by_side_are_two_passes() -> None:
    scenes = tuple((Sight("ann", x=40.0 + n), Sight("bob", x=110.0 - n)) for n in range(8))
    assert sorted(gist(walk(scenes, gallery("ann", "bob")))) == sorted([ANN_MATCHES, ("match", person("bob"))])


def test_two_people_who_cross_keep_their_names() -> None:
    scenes = tuple((Sight("ann", x=30.0 + 8 * n), Sight("cyd", x=120.0 - 8 * n)) for n in range(12))
    assert sorted(gist(walk((*scenes, *GONE), gallery("ann", "bob")))) == sorted([ANN_MATCHES, UNKNOWN])


def test_a_stranger_stays_unknown_and_is_one_pass() -> None:
    (decided,) = walk((*approach("stranger"), *GONE), gallery("ann", "bob"))
    assert gist([decided]) == [UNKNOWN]
    assert (decided.from_at, decided.until_at) == (at(0), at(7))


def test_with_an_empty_gallery_everybody_is_unknown() -> None:
    (decided,) = walk((*approach("ann"), *GONE), Gallery.empty(FakePipeline.model_id))
    assert gist([decided]) == [UNKNOWN]
    assert decided.candidate is None


def test_a_brief_occlusion_does_not_split_a_pass() -> None:
    scenes = (*approach("stranger", 4), EMPTY, EMPTY, *approach("stranger", 4, x=100.0), *GONE)
    assert gist(walk(scenes, gallery("ann"))) == [UNKNOWN]


def test_a_stranger_who_comes_back_within_the_cooldown_is_the_same_visit() -> None:
    scenes = (*approach("stranger", 4), *GONE, *approach("stranger", 4), *GONE)
    assert gist(walk(scenes, gallery("ann"))) == [UNKNOWN]


def test_a_stranger_who_comes_back_after_the_cooldown_is_a_new_pass() -> None:
    scenes = (*approach("stranger", 4), *GONE, *approach("stranger", 4), *GONE)
    assert gist(walk(scenes, gallery("ann"), replace(POLICY, cooldown_ns=1_000_000_000))) == [UNKNOWN, UNKNOWN]


def test_another_stranger_right_after_the_first_is_a_pass_of_their_own() -> None:
    scenes = (*approach("stranger", 4), *GONE, *approach("cyd", 4), *GONE)
    assert gist(walk(scenes, gallery("ann"))) == [UNKNOWN, UNKNOWN]


def test_the_same_person_is_not_recorded_again_within_the_cooldown() -> None:
    scenes = (*approach("ann", 4), *GONE, *approach("ann", 4), *GONE)
    assert gist(walk(scenes, gallery("ann", "bob"))) == [ANN_MATCHES]


def test_the_same_person_is_recorded_again_after_the_cooldown() -> None:
    scenes = (*approach("ann", 4), *((EMPTY,) * 60), *approach("ann", 4), *GONE)
    assert gist(walk(scenes, gallery("ann", "bob"))) == [ANN_MATCHES, ANN_MATCHES]


def test_without_a_cooldown_every_pass_is_recorded() -> None:
    scenes = (*approach("ann", 4), *GONE, *approach("ann", 4), *GONE)
    assert gist(walk(scenes, gallery("ann", "bob"), replace(POLICY, cooldown_ns=0))) == [ANN_MATCHES, ANN_MATCHES]


def test_a_face_that_stays_does_not_start_anew() -> None:
    scenes = tuple((Sight("ann", x=80.0 + n % 3),) for n in range(150))
    assert gist(walk(scenes, gallery("ann", "bob"))) == [ANN_MATCHES]


def test_a_stranger_who_stays_is_told_of_while_there_and_once() -> None:
    scenes = tuple((Sight("stranger", x=80.0 + n % 3),) for n in range(150))
    doorway = door(scenes, gallery("ann"))
    decided = [(n, found) for n in range(150) for found in doorway.step(frame_of(scenes, n), at(n))]
    assert [n for n, _ in decided] == [76]
    assert doorway.finish() == ()


def test_a_cut_to_another_face_at_the_same_place_splits_the_track() -> None:
    scenes = (*((Sight("ann"),),) * 3, *((Sight("bob"),),) * 3)
    assert gist(walk(scenes, gallery("ann", "bob"))) == [ANN_MATCHES, ("match", person("bob"))]


def test_one_good_frame_is_not_enough_for_a_name_but_is_told_of() -> None:
    assert gist(walk(((Sight("ann"),), *GONE), gallery("ann", "bob"))) == [("unsure", None)]


def test_a_tie_is_unsure() -> None:
    twins = Gallery.build(model_id=FakePipeline.model_id, revision=1, people={person(n): face_of("ann")[None] for n in ("ann", "twin")})
    assert gist(walk((*approach("ann"), *GONE), twins)) == [("unsure", None)]


def test_too_small_a_lead_is_unsure() -> None:
    scenes = tuple((Sight("ann", x=80.0 + n, blend=("bob", 0.49)),) for n in range(6))
    (decided,) = walk((*scenes, *GONE), gallery("ann", "bob"))
    assert decided.outcome == "unsure"
    assert decided.candidate is not None
    assert decided.runner_up is not None
    assert {decided.candidate.person, decided.runner_up.person} == {person("ann"), person("bob")}


def test_a_pass_of_gated_faces_is_no_sighting_but_is_counted() -> None:
    scenes = (*(((Sight("ann", gate=Gate.BLURRED),),) * 4), *GONE)
    doorway = door(scenes, gallery("ann"))
    assert [doorway.step(frame_of(scenes, n), at(n)) for n in range(len(scenes))] == [()] * len(scenes)
    funnel = doorway.take_funnel()
    assert (funnel.faces, funnel.gated, funnel.passes) == (4, {"blurred": 4}, 1)
    assert funnel.matched + funnel.unsure + funnel.unknown == 0


def test_the_probe_is_of_unit_length_and_the_crop_is_the_best_frames() -> None:
    scenes = ((Sight("s", width=30, quality=0.3),), (Sight("s", width=34, quality=0.9),), (Sight("s", width=38, quality=0.5),))
    (decided,) = walk(scenes, gallery("ann"))
    assert np.linalg.norm(decided.probe) == pytest.approx(1)
    assert decided.crop[0, 0, 0] == 34
    assert decided.best_at == at(1)
    assert decided.evidence.face_px == 34


def test_an_empty_corridor_costs_no_detection() -> None:
    scenes = (EMPTY,) * 60
    pipeline = FakePipeline(scenes)
    doorway = Doorway(pipeline, gallery("ann"), POLICY)
    for n in range(60):
        doorway.step(frame_of(scenes, n), at(n))
    assert pipeline.detections <= 10
    funnel = doorway.take_funnel()
    assert (funnel.frames, funnel.motion) == (60, pipeline.detections)


def test_the_gate_stays_open_while_somebody_stands_still() -> None:
    scenes = (EMPTY,) * 30 + ((Sight("stranger"),),) * 30
    doorway = door(scenes, gallery("ann"))
    for n in range(60):
        doorway.step(frame_of(scenes, n), at(n))
    assert doorway.take_funnel().faces == 30


def test_a_new_gallery_decides_an_open_pass() -> None:
    scenes = (*approach("ann", 6), *GONE)
    doorway = door(scenes, Gallery.empty(FakePipeline.model_id))
    decided: list[PassDecided] = []
    for n in range(len(scenes)):
        if n == 3:
            doorway.use(gallery=gallery("ann", "bob"))
        decided += doorway.step(frame_of(scenes, n), at(n))
    assert gist(decided) == [ANN_MATCHES]


def test_a_gallery_of_another_model_is_refused() -> None:
    other = Gallery.empty(ModelId("other"))
    with pytest.raises(FaceError, match="install the same model"):
        door((EMPTY,), other)
    with pytest.raises(FaceError):
        door((EMPTY,), gallery("ann")).use(gallery=other)


def test_the_funnel_starts_anew_after_it_was_taken() -> None:
    scenes = (*approach("ann"), *GONE)
    doorway = door(scenes, gallery("ann", "bob"))
    for n in range(len(scenes)):
        doorway.step(frame_of(scenes, n), at(n))
    funnel = doorway.take_funnel()
    assert (funnel.frames, funnel.faces, funnel.passes, funnel.matched) == (18, 8, 1, 1)
    assert doorway.take_funnel() == Funnel()


SIGHTS = st.builds(
    Sight,
    who=st.sampled_from(["ann", "bob", "cyd"]),
    x=st.sampled_from([20.0, 50.0, 90.0, 130.0]),
    width=st.sampled_from([10.0, 24.0, 36.0]),
    gate=st.sampled_from([None, None, None, Gate.BLURRED]),
    quality=st.floats(0, 1),
)
SCENES = st.lists(st.lists(SIGHTS, max_size=3).map(tuple), min_size=1, max_size=30)


def facts(passes: list[PassDecided]) -> list[tuple[object, ...]]:
    return [
        (p.outcome, p.candidate, p.runner_up, p.evidence, p.probe.tobytes(), p.crop.tobytes(), p.best_at, p.from_at, p.until_at)
        for p in passes
    ]


@settings(max_examples=60, deadline=None)
@given(scenes=SCENES, pauses=st.sets(st.integers(0, 29)))
def test_the_same_frames_give_the_same_passes_wherever_the_caller_pauses(scenes: list[Scene], pauses: set[int]) -> None:
    names = gallery("ann", "bob")
    plain, paused = door(scenes, names), door(scenes, names)
    seen: list[PassDecided] = []
    seen_with_pauses: list[PassDecided] = []
    total = Funnel()
    for n in range(len(scenes)):
        seen += plain.step(frame_of(scenes, n), at(n))
        if n in pauses:
            paused.use(gallery=names, policy=POLICY)
            total = add(total, paused.take_funnel())
        seen_with_pauses += paused.step(frame_of(scenes, n), at(n))
    seen += plain.finish()
    seen_with_pauses += paused.finish()
    assert facts(seen) == facts(seen_with_pauses)
    assert plain.take_funnel() == add(total, paused.take_funnel())


@settings(max_examples=60, deadline=None)
@given(scenes=SCENES)
def test_whatever_happens_every_pass_is_closed_in_order_and_nobody_absent_is_named(scenes: list[Scene]) -> None:
    present = {person(sight.who) for scene in scenes for sight in scene if sight.gate is None}
    doorway = door(scenes, gallery("ann", "bob", "dan"))
    passes = [p for n in range(len(scenes)) for p in doorway.step(frame_of(scenes, n), at(n))] + list(doorway.finish())
    for decided in passes:
        assert decided.from_at <= decided.best_at <= decided.until_at
        assert decided.evidence.frames >= 1
    assert {who for outcome, who in gist(passes) if outcome == "match"} <= present
    assert doorway.finish() == ()


def test_an_unknown_face_in_a_single_frame_is_no_sighting_but_is_counted() -> None:
    scenes = [*approach("eve", 1), *[EMPTY] * 10]
    doorway = door(scenes, gallery("ann"))
    passes = [decided for number in range(len(scenes)) for decided in doorway.step(frame_of(scenes, number), at(number))]
    assert [*passes, *doorway.finish()] == []
    funnel = doorway.take_funnel()
    assert (funnel.passes, funnel.unknown, funnel.gated) == (1, 0, {"too_brief": 1})


def test_an_unknown_face_in_two_frames_is_a_sighting_even_if_one_was_gated() -> None:
    assert gist(walk(approach("eve", 2), gallery("ann"))) == [("unknown", None)]
    assert gist(walk([(Sight("eve", gate=Gate.BLURRED),), (Sight("eve"),)], gallery("ann"))) == [("unknown", None)]


def test_where_frames_are_far_apart_a_single_one_is_enough() -> None:
    patient = replace(POLICY, min_frames=1)
    assert gist(walk([*approach("eve", 1), *[EMPTY] * 10], gallery("ann"), patient)) == [("unknown", None)]
