"""One visit of one person is one sighting."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_schema.doorway import PassDecided
from shared_schema.face.match import Gallery
from shared_schema.face.types import Gate
from tests.shared_schema.doorway.fakes import (
    EMPTY,
    POLICY,
    FakePipeline,
    Scene,
    Sight,
    approach,
    at,
    door,
    frame_of,
    gallery,
    gist,
    person,
    walk,
)

ANN_MATCHES = ("match", person("ann"))
BOB_MATCHES = ("match", person("bob"))
UNKNOWN = ("unknown", None)
UNSURE = ("unsure", None)
GONE = (EMPTY,) * 10
LEFT = (EMPTY,) * 25
"""So long that nobody is waited for any more, but within the cooldown."""
LIKE_ANN = ("bob", 0.49)
"""So nearly as much bob as ann that the lead is too small."""


def crossing(one: str, other: str, *, blurred: range = range(0)) -> tuple[Scene, ...]:
    gates = [Gate.BLURRED if n in blurred else None for n in range(12)]
    return tuple((Sight(one, x=30.0 + 8 * n, gate=gates[n]), Sight(other, x=120.0 - 8 * n, gate=gates[n])) for n in range(12))


def test_two_strangers_who_cross_are_two_passes() -> None:
    assert gist(walk((*crossing("cyd", "dan"), *GONE), gallery("ann"))) == [UNKNOWN, UNKNOWN]


def test_two_who_cross_unseen_keep_their_names_by_where_they_were_going() -> None:
    scenes = crossing("ann", "cyd", blurred=range(3, 12))
    slow = replace(POLICY, min_agreeing_frames=3)
    doorway = door((*scenes, *LEFT), gallery("ann"), slow)
    passes = [p for n in range(37) for p in doorway.step(frame_of((*scenes, *LEFT), n), at(n))]
    assert sorted(gist(passes)) == sorted([ANN_MATCHES, UNKNOWN])
    assert doorway.take_funnel().passes == 2


def test_who_is_hidden_for_a_second_goes_on_as_the_same_pass_wherever_they_come_out() -> None:
    before = tuple((Sight("cyd", x=30.0 + 4 * n),) for n in range(4))
    after = tuple((Sight("cyd", x=110.0 + 4 * n),) for n in range(4))
    (decided,) = walk((*before, *(EMPTY,) * 5, *after, *GONE), gallery("ann"))
    assert (decided.from_at, decided.until_at, decided.evidence.frames) == (at(0), at(12), 8)


def test_a_face_that_comes_back_blurred_where_it_was_going_is_no_new_pass() -> None:
    before = tuple((Sight("cyd", x=30.0 + 8 * n),) for n in range(4))
    after = tuple((Sight("cyd", x=78.0 + 8 * n, gate=Gate.BLURRED),) for n in range(4))
    doorway = door((*before, EMPTY, EMPTY, *after, *LEFT), gallery("ann"))
    for n in range(35):
        doorway.step(frame_of((*before, EMPTY, EMPTY, *after, *LEFT), n), at(n))
    assert doorway.take_funnel().passes == 1


def test_who_comes_out_from_behind_somebody_after_seconds_is_one_pass_and_only_named() -> None:
    far_off = ((Sight("ann", x=40.0, width=24.0),),)
    near = tuple((Sight("ann", x=110.0 + 2 * n, width=60.0),) for n in range(3))
    passes = walk((*far_off, *(EMPTY,) * 15, *near, *LEFT), gallery("ann", "bob"))
    assert gist(passes) == [ANN_MATCHES]
    assert passes[0].from_at == at(0)


def test_an_unknown_is_told_of_when_nobody_came_back_for_seconds() -> None:
    doorway = door((*approach("cyd", 4), *LEFT), gallery("ann"))
    told = [n for n in range(29) for _ in doorway.step(frame_of((*approach("cyd", 4), *LEFT), n), at(n))]
    assert told == [26]
    at_once = door((*approach("cyd", 4), *LEFT), gallery("ann"), replace(POLICY, cooldown_ns=0))
    assert [n for n in range(29) for _ in at_once.step(frame_of((*approach("cyd", 4), *LEFT), n), at(n))] == [11]


def test_who_is_lost_and_taken_for_somebody_new_is_one_pass_once_seen_to_be_the_same() -> None:
    far = replace(POLICY, min_face_px=10)
    before = tuple((Sight("cyd", x=10.0 + n, width=12.0),) for n in range(4))
    after = tuple((Sight("cyd", x=140.0 + n, width=12.0),) for n in range(4))
    doorway = door((*before, *after, *LEFT), gallery("ann"), far)
    passes = [p for n in range(33) for p in doorway.step(frame_of((*before, *after, *LEFT), n), at(n))]
    assert gist(passes) == [UNKNOWN]
    assert (passes[0].from_at, passes[0].evidence.frames) == (at(0), 8)
    assert doorway.take_funnel().passes == 1


def facing(who: str, frames: int, *, turned: str = "") -> tuple[Scene, ...]:
    """A head in one place; turned far away it looks like somebody else."""
    return tuple((Sight(turned or who, x=80.0 + n % 2),) for n in range(frames))


def test_a_head_that_turns_away_and_back_is_one_pass() -> None:
    scenes = (*facing("cyd", 4), *facing("cyd", 4, turned="gus"), *facing("cyd", 4), *GONE)
    assert gist(walk(scenes, gallery("ann"))) == [UNKNOWN]


def test_a_head_that_turns_away_and_stays_so_is_one_pass() -> None:
    scenes = (*facing("cyd", 4), *facing("cyd", 14, turned="gus"), *GONE)
    (decided,) = walk(scenes, gallery("ann"))
    assert (decided.from_at, decided.until_at) == (at(0), at(17))


def test_who_was_named_and_turns_away_is_not_told_of_again() -> None:
    scenes = (*facing("ann", 4), *facing("ann", 14, turned="gus"), *GONE)
    assert gist(walk(scenes, gallery("ann", "bob"))) == [ANN_MATCHES]


def test_who_comes_with_the_head_turned_and_then_looks_up_is_only_named() -> None:
    scenes = (*facing("ann", 3, turned="gus"), *facing("ann", 12), *GONE)
    assert gist(walk(scenes, gallery("ann", "bob"))) == [ANN_MATCHES]


def test_somebody_else_in_the_same_place_a_moment_later_is_another_pass() -> None:
    scenes = (*facing("cyd", 4), EMPTY, EMPTY, *facing("gus", 4), *GONE)
    assert gist(walk(scenes, gallery("ann"))) == [UNKNOWN, UNKNOWN]


def test_somebody_else_who_stands_beside_before_the_first_is_lost_is_another_pass() -> None:
    both = tuple((Sight("cyd", x=60.0), Sight("gus", x=100.0)) for _ in range(4))
    after = tuple((Sight("gus", x=65.0),) for _ in range(4))
    assert gist(walk((*both, *after, *GONE), gallery("ann"))) == [UNKNOWN, UNKNOWN]


def test_a_newcomer_before_somebody_who_is_still_there_does_not_follow_them() -> None:
    before = tuple((Sight("cyd", x=60.0 + 5 * n),) for n in range(4))
    both = tuple((Sight("gus", x=75.0 + 2 * n), Sight("cyd", x=100.0 + 5 * n)) for n in range(4))
    assert gist(walk((*before, *both, *GONE), gallery("ann"))) == [UNKNOWN, UNKNOWN]


def test_twins_side_by_side_stay_two_passes() -> None:
    scenes = tuple((Sight("cyd", x=40.0 + n), Sight("cyd", x=110.0 - n)) for n in range(8))
    assert gist(walk((*scenes, *GONE), gallery("ann"))) == [UNKNOWN, UNKNOWN]


def test_twins_stay_two_passes_when_one_is_hidden_for_a_moment() -> None:
    both = tuple((Sight("cyd", x=40.0 + n), Sight("cyd", x=110.0 - n)) for n in range(4))
    one = tuple((Sight("cyd", x=44.0 + n),) for n in range(3))
    doorway = door((*both, *one, *both, *LEFT), gallery("ann"))
    passes = [p for n in range(36) for p in doorway.step(frame_of((*both, *one, *both, *LEFT), n), at(n))]
    assert gist(passes) == [UNKNOWN, UNKNOWN]
    assert sorted(p.evidence.frames for p in passes) == [8, 11]
    assert doorway.take_funnel().passes == 2


def test_halves_of_a_visit_that_alone_show_too_little_make_a_match_together() -> None:
    far = replace(POLICY, min_face_px=10)
    before = ((Sight("ann", x=10.0, width=12.0),), (Sight("ann", x=11.0, width=12.0, gate=Gate.BLURRED),))
    after = ((Sight("ann", x=140.0, width=12.0),),)
    assert gist(walk((*before, *GONE), gallery("ann", "bob"), far)) == [UNSURE]
    assert gist(walk((*before, *after, *GONE), gallery("ann", "bob"), far)) == [ANN_MATCHES]


def test_a_stranger_who_stays_and_is_enrolled_meanwhile_is_named_once() -> None:
    scenes = tuple((Sight("ann", x=80.0 + n % 3),) for n in range(150))
    doorway = door(scenes, gallery("bob"))
    passes: list[PassDecided] = []
    for n in range(150):
        if n == 100:
            doorway.use(gallery=gallery("ann", "bob"))
        passes += doorway.step(frame_of(scenes, n), at(n))
    assert gist([*passes, *doorway.finish()]) == [UNKNOWN, ANN_MATCHES]
    funnel = doorway.take_funnel()
    assert (funnel.passes, funnel.unknown, funnel.matched) == (1, 1, 1)


def test_who_stays_unsure_and_then_turns_to_the_camera_is_named_once() -> None:
    turned = [(Sight("ann", x=80.0 + n % 3, blend=LIKE_ANN, quality=0.2),) for n in range(90)]
    facing = [(Sight("ann", x=80.0 + n % 3, quality=0.9),) for n in range(30)]
    assert gist(walk((*turned, *facing, *GONE), gallery("ann", "bob"))) == [UNSURE, ANN_MATCHES]


def test_who_was_unknown_at_first_and_is_recognised_on_coming_back_is_told_of_as_the_match() -> None:
    scenes = (*approach("ann", 4), *LEFT, *approach("ann", 4), *GONE)
    doorway = door(scenes, gallery("bob"))
    passes: list[PassDecided] = []
    for n in range(len(scenes)):
        if n == 29:
            doorway.use(gallery=gallery("ann", "bob"))
        passes += doorway.step(frame_of(scenes, n), at(n))
    assert gist(passes) == [UNKNOWN, ANN_MATCHES]


def test_who_was_named_and_comes_back_hardly_recognisable_is_the_same_visit() -> None:
    again = tuple((Sight("ann", x=80.0 + n, blend=LIKE_ANN),) for n in range(4))
    assert gist(walk((*again, *GONE), gallery("ann", "bob"))) == [UNSURE]
    assert gist(walk((*approach("ann", 4), *GONE, *again, *GONE), gallery("ann", "bob"))) == [ANN_MATCHES]


def test_the_same_suggestion_twice_within_the_cooldown_is_told_once() -> None:
    once = ((Sight("ann"),), *LEFT)
    assert gist(walk((*once, *once), gallery("ann", "bob"))) == [UNSURE]
    assert gist(walk((*once, *(EMPTY,) * 60, *once), gallery("ann", "bob"))) == [UNSURE, UNSURE]


def test_the_cooldown_counts_from_when_a_person_was_last_in_view() -> None:
    lingers = tuple((Sight("ann", x=80.0 + n % 3),) for n in range(60))
    assert gist(walk((*lingers, *GONE, *approach("ann", 4), *GONE), gallery("ann", "bob"))) == [ANN_MATCHES]
    stranger = tuple((Sight("cyd", x=80.0 + n % 3),) for n in range(100))
    assert gist(walk((*stranger, *GONE, *approach("cyd", 4), *GONE), gallery("ann"))) == [UNKNOWN]


def test_a_match_told_at_once_shows_the_best_look_so_far() -> None:
    scenes = ((Sight("ann", width=30, quality=0.3),), (Sight("ann", width=34, quality=0.2),), (Sight("ann", width=38, quality=0.9),))
    (decided,) = walk((*scenes, *GONE), gallery("ann", "bob"))
    assert (decided.best_at, decided.until_at, int(decided.crop[0, 0, 0])) == (at(0), at(1), 30)


def test_who_is_just_near_enough_is_named_only_when_all_looks_are_there() -> None:
    scenes = tuple((Sight("ann", x=80.0 + n, blend=("bob", 0.34)),) for n in range(6))
    (decided,) = walk((*scenes, *GONE), gallery("ann", "bob"), replace(POLICY, early_similarity=0.99))
    assert gist([decided]) == [ANN_MATCHES]
    assert (decided.until_at, decided.evidence.frames) == (at(5), 6)
    assert POLICY.min_similarity <= decided.candidate.similarity < 0.99 if decided.candidate else False


def test_the_funnel_tells_why_passes_were_unsure() -> None:
    scenes = (*((Sight("ann", x=80.0 + n, blend=LIKE_ANN),) for n in range(4)), *(EMPTY,) * 70, (Sight("bob"),), *LEFT)
    doorway = door(scenes, gallery("ann", "bob"))
    for n in range(len(scenes)):
        doorway.step(frame_of(scenes, n), at(n))
    funnel = doorway.take_funnel()
    assert (funnel.unsure, funnel.doubts) == (2, {"few_frames": 1, "margin": 1})
    assert doorway.take_funnel().doubts == {}


@pytest.mark.parametrize("gallery_now", [gallery("ann", "bob"), Gallery.empty(FakePipeline.model_id)])
@settings(max_examples=25, deadline=None)
@given(seed=st.randoms(use_true_random=False), lanes=st.permutations(["ann", "bob", "cyd", "dan"]))
def test_in_which_order_the_detector_lists_faces_changes_nothing(seed: Random, lanes: list[str], gallery_now: Gallery) -> None:
    scenes = [tuple(Sight(who, x=20.0 + 40 * lane + n % 3, width=24.0) for lane, who in enumerate(lanes)) for n in range(6)]
    shuffled = [tuple(seed.sample(scene, len(scene))) for scene in scenes]
    assert sorted(gist(walk((*scenes, *GONE), gallery_now))) == sorted(gist(walk((*shuffled, *GONE), gallery_now)))
    assert len(walk((*shuffled, *GONE), gallery_now)) == 4
