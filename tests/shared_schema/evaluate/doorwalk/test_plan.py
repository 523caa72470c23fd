from dataclasses import replace
from itertools import pairwise

import pytest

from shared_schema.evaluate.doorwalk.clip import FIRST_PX, LAST_PX, MIN_USABLE_FRAMES, NEAR_PX, STEP_MS, Clip, Cover, Moment, Together, Walk
from shared_schema.evaluate.doorwalk.plan import plan_clip
from shared_schema.node import NodeSettings
from tests.shared_schema.evaluate.doorwalk.walkers import walker

PAIR = (walker("Ann"), walker("Ben", enrolled=False, images=1))


def moments(walk: Walk) -> list[Moment]:
    return [moment for moment in walk if moment is not None]


def spoil_near(clip: Clip, keep: int, **changes: object) -> Clip:
    """The clip with all but `keep` of its usable frames changed."""
    spoiled = set(clip.usable_frames(0)[keep:])
    walk = tuple(
        replace(moment, **changes) if moment is not None and number in spoiled else moment  # type: ignore[arg-type]
        for number, moment in enumerate(clip.walks[0])
    )
    return replace(clip, walks=(walk, *clip.walks[1:]))


def usable_clip() -> Clip:
    clips = (plan_clip([walker("Ann")], seed) for seed in range(50))
    return next(clip for clip in clips if len(clip.usable_frames(0)) >= MIN_USABLE_FRAMES + 2)


def test_frames_come_as_often_as_a_node_takes_them() -> None:
    assert NodeSettings().interval_ms == STEP_MS


@pytest.mark.parametrize("seed", range(8))
def test_a_face_grows_from_far_to_near_and_the_view_is_empty_before_and_after(seed: int) -> None:
    clip = plan_clip([walker("Ann")], seed)
    walk = clip.walks[0]
    assert len(walk) == clip.frames
    assert walk[0] is None
    assert walk[-1] is None
    seen = moments(walk)[:-2]
    assert seen[0].face_px == pytest.approx(FIRST_PX, rel=0.03)
    assert seen[-1].face_px == pytest.approx(LAST_PX, rel=0.03)
    assert all(now.face_px > before.face_px * 0.95 for before, now in pairwise(seen))


@pytest.mark.parametrize("images", [3, 4, 9])
def test_at_least_three_portraits_are_seen_from_near(images: int) -> None:
    for seed in range(10):
        clip = plan_clip([walker("Ann", images=images)], seed)
        worn = [moment.portrait for moment in moments(clip.walks[0]) if moment.face_px >= NEAR_PX]
        assert len(set(worn)) >= 3
        assert max(worn) < images
        assert worn == sorted(worn)


def test_a_stranger_with_one_image_wears_only_that() -> None:
    clip = plan_clip([walker("Ben", enrolled=False, images=1)], 4)
    assert {moment.portrait for moment in moments(clip.walks[0])} == {0}


def test_the_same_seed_and_names_give_the_same_clip_and_others_another() -> None:
    clip = plan_clip(PAIR, 7)
    assert clip == plan_clip(PAIR, 7)
    assert clip.walks != plan_clip(PAIR, 8).walks
    assert clip.walks != plan_clip((PAIR[1], PAIR[0]), 7).walks


def test_heads_tilt_by_five_degrees_at_most() -> None:
    tilts = [moment.tilt for seed in range(10) for moment in moments(plan_clip([walker("Ann")], seed).walks[0])]
    assert max(map(abs, tilts)) <= 5
    assert min(tilts) < 0 < max(tilts)


def test_two_come_side_by_side_or_cross() -> None:
    ways = set()
    for seed in range(12):
        clip = plan_clip(PAIR, seed)
        ways.add(clip.together)
        order = [(ann.x < ben.x) for ann, ben in zip(*clip.walks, strict=True) if ann and ben]
        assert len(set(order)) == (1 if clip.together is Together.BESIDE else 2)
    assert ways == {Together.BESIDE, Together.CROSSING}


def test_who_crosses_behind_somebody_is_covered_meanwhile() -> None:
    crossings = [clip for clip in (plan_clip(PAIR, seed) for seed in range(30)) if clip.together is Together.CROSSING]
    couples = [(ann, ben) for clip in crossings for ann, ben in zip(*clip.walks, strict=True) if ann and ben]
    assert max(ben.covered_by(ann) for ann, ben in couples) > 0.5
    assert all(ann.covered_by(ben) == 0 for ann, ben in couples if ann.face_px > ben.face_px)


def test_most_walks_are_usable_and_a_usable_walk_has_five_good_frames() -> None:
    clips = [plan_clip([walker("Ann")], seed) for seed in range(60)]
    usable = [clip for clip in clips if clip.is_usable(0)]
    assert 50 <= len(usable) <= 60
    for clip in usable:
        frames = [clip.walks[0][number] for number in clip.usable_frames(0)]
        assert len(frames) >= MIN_USABLE_FRAMES
        assert all(moment is not None and moment.face_px >= NEAR_PX for moment in frames)


def test_small_covered_and_blurred_frames_do_not_count() -> None:
    clip = usable_clip()
    cover = Cover(0.4, 0, 90)
    for changes in ({"face_px": 59.0}, {"cover": cover}, {"blur": (30.0, 0.0)}, {"x": -10.0}):
        assert not spoil_near(clip, MIN_USABLE_FRAMES - 1, **changes).is_usable(0)
        assert spoil_near(clip, MIN_USABLE_FRAMES, **changes).is_usable(0)


def test_the_clock_runs_from_the_first_near_frame() -> None:
    clip = plan_clip([walker("Ann")], 3)
    first = clip.near_from(0)
    now, before = clip.walks[0][first], clip.walks[0][first - 1]
    assert now is not None
    assert before is not None
    assert before.face_px < NEAR_PX <= now.face_px
