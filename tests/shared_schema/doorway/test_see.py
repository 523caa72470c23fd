"""Where a doorway looks, and which faces it embeds."""

from shared_schema.doorway import Doorway
from shared_schema.ids import BootNs
from tests.shared_schema.doorway.fakes import EMPTY, POLICY, FakePipeline, Scene, Sight, approach, frame_of, gallery, gist

FAST_NS = 33_000_000
SLOW_NS = 200_000_000


def watch(scenes: list[Scene], step_ns: int) -> tuple[FakePipeline, list[tuple[str, object]]]:
    pipeline = FakePipeline(scenes)
    doorway = Doorway(pipeline, gallery("ann", "bob"), POLICY)
    passes = [p for n in range(len(scenes)) for p in doorway.step(frame_of(scenes, n), BootNs(1_000_000_000 + n * step_ns))]
    return pipeline, list(gist([*passes, *doorway.finish()]))


def still(who: str, frames: int) -> list[Scene]:
    return [(Sight(who, x=80.0 + n % 3),) for n in range(frames)]


def test_at_an_ordinary_pace_the_whole_frame_is_searched_every_time() -> None:
    pipeline, _ = watch(list(approach("ann", 20)), SLOW_NS)
    assert pipeline.searches == pipeline.detections == 20


def test_in_fast_frames_most_looks_are_around_the_faces_that_are_followed() -> None:
    pipeline, passes = watch(still("ann", 60), FAST_NS)
    assert pipeline.detections == 60
    assert pipeline.searches <= 20
    assert len(passes) == 1


def test_somebody_who_comes_while_another_is_followed_is_found_within_a_tenth_of_a_second() -> None:
    for entry in range(8, 16):
        scenes = [(*scene, Sight("bob", x=20.0)) if n >= entry else scene for n, scene in enumerate(still("ann", 30))]
        pipeline, passes = watch(scenes, FAST_NS)
        both = sum(len(scene) for scene in scenes)
        assert pipeline.found >= both - 3
        assert len(passes) == 2


def test_a_face_that_was_lost_is_looked_for_everywhere_at_once() -> None:
    scenes = [*still("ann", 10), EMPTY, EMPTY, *still("ann", 4)]
    pipeline, _ = watch(scenes, FAST_NS)
    assert pipeline.found == 14


def test_frames_of_one_moment_are_not_embedded_again() -> None:
    pipeline, passes = watch(still("ann", 60), FAST_NS)
    assert pipeline.embedded <= 12
    assert passes == gist_of_slow_frames("ann")


def gist_of_slow_frames(who: str) -> list[tuple[str, object]]:
    return watch(still(who, 10), SLOW_NS)[1]


def test_a_much_better_look_is_embedded_at_once() -> None:
    scenes: list[Scene] = [
        (Sight("cyd", x=80.0, quality=0.2),),
        (Sight("cyd", x=80.0, quality=0.22),),
        (Sight("cyd", x=80.0, quality=0.5),),
    ]
    pipeline, _ = watch(scenes, FAST_NS)
    assert pipeline.embedded == 2


def test_where_two_faces_are_near_each_other_both_are_embedded() -> None:
    near: list[Scene] = [(Sight("cyd", x=70.0 + n % 2), Sight("dan", x=95.0 - n % 2)) for n in range(10)]
    pipeline, passes = watch(near, FAST_NS)
    assert pipeline.embedded == 20
    assert len(passes) == 2
