from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import pytest

from shared_schema.face.challenge import MAX_GAP_NS, TIMEOUT_NS, Blink, Challenge, Seen, State, Turn, flatness, head_pose, parallax
from shared_schema.face.flatness import SIZE_PX
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, FaceError, MeshPoints

FRAME_NS = 100_000_000
OPEN, SHUT = (0.25, 0.24), (0.05, 0.06)


@pytest.fixture(scope="module")
def head(pipeline: FacePipeline, officer: Bgr) -> Seen:
    """A portrait that looks at the camera."""
    (face,) = pipeline.detect(officer)
    assert face.mesh is not None
    return Seen.cut(officer, face.mesh, OPEN)


def rotated(mesh: MeshPoints, yaw_deg: float) -> MeshPoints:
    """The points of a head turned to its own left; a mesh knows its depth."""
    yaw = np.radians(yaw_deg)
    middle = mesh.mean(0)
    x, y, z = (mesh - middle).T
    return np.asarray(np.column_stack([x * np.cos(yaw) - z * np.sin(yaw), y, x * np.sin(yaw) + z * np.cos(yaw)]) + middle, np.float32)


def foreshortened(mesh: MeshPoints, yaw_deg: float) -> MeshPoints:
    """The points of a flat picture turned by as much: nothing stands out of it, whatever depth a mesh claims."""
    flat = mesh.copy()
    flat[:, 2] = flat[:, 2].mean()
    seen = rotated(flat, yaw_deg)
    seen[:, 2] = rotated(mesh, yaw_deg)[:, 2]
    return seen


def other_side(seen: Seen, seed: int) -> Bgr:
    """What a turned head shows: a picture that no plane of the straight one gives."""
    blots = np.random.default_rng(seed).integers(-200, 200, (24, 24, 3)).astype(np.float32)
    changed = seen.picture + cv2.resize(blots, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def turning(head: Seen, angles: Iterable[float]) -> list[Seen]:
    return [Seen(other_side(head, round(abs(angle))) if angle else head.picture, rotated(head.mesh, angle), OPEN) for angle in angles]


def tilting(head: Seen, angles: Iterable[float]) -> list[Seen]:
    return [Seen(head.picture, foreshortened(head.mesh, angle), OPEN) for angle in angles]


def eyes(head: Seen, *gaps: tuple[float, float]) -> list[Seen]:
    return [Seen(head.picture, head.mesh, gap) for gap in gaps]


def fed(challenge: Challenge, frames: Sequence[Seen | None], every_ns: int = FRAME_NS) -> State:
    state = challenge.state
    for number, seen in enumerate(frames):
        state = challenge.feed(number * every_ns, seen)
    return state


SWEEP = (0, 0, 6, 12, 18, 24, 30, 35, 38, 38, 38)


def test_who_turns_to_the_side_that_was_asked_passes(head: Seen) -> None:
    assert fed(Turn("left"), turning(head, SWEEP)) is State.PASSED
    assert fed(Turn("right"), turning(head, [-angle for angle in SWEEP])) is State.PASSED


def test_who_turns_to_the_other_side_does_not(head: Seen) -> None:
    assert fed(Turn("right"), turning(head, SWEEP)) is State.WAITING


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("most", [20, 40, 60])
def test_a_photograph_tilted_about_its_upright_axis_is_no_turned_head(head: Seen, side: str, most: int) -> None:
    sweep = [*np.linspace(0, most, 8), *np.linspace(most, -most, 15)]
    assert fed(Turn("left" if side == "left" else "right"), tilting(head, sweep)) is State.WAITING


def test_a_turn_of_points_alone_is_not_enough_where_the_picture_stays_flat(head: Seen) -> None:
    flat = [Seen(head.picture, seen.mesh, OPEN) for seen in turning(head, SWEEP)]
    assert fed(Turn("left"), flat) is State.WAITING


def test_two_photographs_one_after_the_other_are_no_turn(head: Seen) -> None:
    assert fed(Turn("left"), turning(head, (0, 0, 0, 38, 38, 38, 38))) is State.WAITING


def test_a_face_that_was_away_for_long_begins_anew(head: Seen) -> None:
    away = [None] * (MAX_GAP_NS // FRAME_NS + 1)
    assert fed(Turn("left"), [*turning(head, SWEEP[:6]), *away, *turning(head, SWEEP[6:])]) is State.WAITING
    assert fed(Turn("left"), [*turning(head, SWEEP[:6]), None, *turning(head, SWEEP[6:])]) is State.PASSED


def test_a_plane_shows_no_parallax_and_a_head_does(head: Seen) -> None:
    assert abs(parallax(head.mesh, foreshortened(head.mesh, 30))) < 0.03
    assert parallax(head.mesh, rotated(head.mesh, 30)) > 0.15
    assert parallax(head.mesh, rotated(head.mesh, -30)) < -0.15


def test_the_pose_of_a_mesh_is_to_the_persons_left_and_up() -> None:
    flat = np.zeros((468, 3), np.float32)
    flat[33], flat[263], flat[10], flat[152] = (0, 50, 0), (100, 50, 0), (50, 0, 0), (50, 150, 0)
    assert head_pose(flat) == pytest.approx((0, 0), abs=1e-3)
    assert head_pose(rotated(flat, 20))[0] == pytest.approx(20, abs=0.1)
    nodding = flat[:, [0, 1, 2]] @ np.array([[1, 0, 0], [0, np.cos(0.2), -np.sin(0.2)], [0, np.sin(0.2), np.cos(0.2)]], np.float32).T
    assert abs(head_pose(np.asarray(nodding, np.float32))[1]) == pytest.approx(np.degrees(0.2), abs=0.1)


def test_the_same_picture_is_flat_and_another_side_is_not(head: Seen) -> None:
    assert flatness(head, head) > 0.99
    assert flatness(head, Seen(other_side(head, 1), head.mesh, OPEN)) < 0.6


def test_eyes_that_close_and_open_again_blink(head: Seen) -> None:
    frames = eyes(head, *[OPEN] * 6, SHUT, SHUT, OPEN)
    assert fed(Blink(), frames) is State.PASSED
    assert fed(Blink(), frames[:-1]) is State.WAITING


def test_one_eye_that_closes_is_no_blink(head: Seen) -> None:
    assert fed(Blink(), eyes(head, *[OPEN] * 6, (0.05, 0.25), (0.05, 0.25), OPEN)) is State.WAITING


def test_eyes_that_stay_closed_for_long_do_not_blink(head: Seen) -> None:
    assert fed(Blink(), eyes(head, *[OPEN] * 6, *[SHUT] * 22, OPEN)) is State.WAITING


def test_eyes_that_are_narrow_only_while_the_picture_is_tilted_do_not_blink(head: Seen) -> None:
    tilted = [Seen(head.picture, foreshortened(head.mesh, 50), (0.12, 0.12))] * 3
    assert fed(Blink(), [*eyes(head, *[OPEN] * 8), *tilted, *eyes(head, *[OPEN] * 8)]) is State.WAITING


def test_a_blink_on_the_far_side_of_a_gap_needs_open_eyes_first(head: Seen) -> None:
    away: list[Seen | None] = [None] * (MAX_GAP_NS // FRAME_NS + 1)
    assert fed(Blink(), [*eyes(head, *[OPEN] * 6), *away, *eyes(head, SHUT, OPEN)]) is State.WAITING


def test_a_picture_that_does_nothing_fails_when_time_is_up_and_stays_failed(head: Seen) -> None:
    for challenge in (Blink(), Turn("left")):
        assert fed(challenge, eyes(head, *[OPEN] * (TIMEOUT_NS // FRAME_NS + 2))) is State.FAILED
        assert challenge.feed(TIMEOUT_NS * 2, head) is State.FAILED


def test_nobody_there_fails_too() -> None:
    assert fed(Blink(timeout_ns=FRAME_NS), [None, None, None]) is State.FAILED


def test_what_was_passed_stays_passed(head: Seen) -> None:
    challenge = Blink()
    assert fed(challenge, eyes(head, *[OPEN] * 6, SHUT, OPEN)) is State.PASSED
    assert challenge.feed(TIMEOUT_NS * 2, None) is State.PASSED


def test_time_that_runs_backwards_is_refused(head: Seen) -> None:
    challenge = Blink()
    challenge.feed(FRAME_NS, head)
    with pytest.raises(FaceError) as caught:
        challenge.feed(0, head)
    assert caught.value.code == "bad_time"


def test_a_mesh_of_nan_or_of_another_shape_is_no_blink_and_no_crash(head: Seen) -> None:
    broken = Seen(head.picture, np.full((468, 3), np.nan, np.float32), SHUT)
    silly = Seen(head.picture, head.mesh, (float("nan"), 0.1))
    assert fed(Blink(), [*eyes(head, *[OPEN] * 6), broken, silly, *eyes(head, OPEN)]) is State.WAITING
    assert fed(Turn("left"), [head, broken, broken]) is State.WAITING
    with pytest.raises(FaceError):
        Seen(head.picture, head.mesh[:6], OPEN)
    with pytest.raises(FaceError):
        Seen.cut(np.zeros((9, 9, 3), np.uint8), np.zeros((468, 3), np.float32), OPEN)


def test_points_on_a_line_have_no_parallax() -> None:
    line = np.zeros((468, 3), np.float32)
    line[:, 0] = np.arange(468)
    assert parallax(line, line) == 0
