import numpy as np
import pytest

from shared_schema.face.coverage import NOT_TOLD, Aspect, View, coverage, signed_yaw
from shared_schema.face.enrol import look_at_sample
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box, Face

FRONT = View(0.0, 120, 200, 150)
LEFT, RIGHT = View(0.3, 120, 200, 150), View(-0.3, 120, 200, 150)
BRIGHT = View(0.0, 170, 200, 150)


def face(nose_x: float) -> Face:
    """Upright; the person's right eye lies left in the image."""
    points = np.array([[40, 50], [100, 50], [nose_x, 80], [70, 110], [20, 60], [120, 60]], np.float32)
    return Face(Box(20, 20, 100, 110), points, 0.9)


def test_the_nose_tells_to_which_side_the_person_looks() -> None:
    assert signed_yaw(face(70)) == 0
    assert signed_yaw(face(88)) == pytest.approx(0.3)  # towards the left eye, which is the person's left
    assert signed_yaw(face(52)) == pytest.approx(-0.3)


def test_a_face_without_distance_between_the_eyes_has_no_yaw() -> None:
    points = np.zeros((6, 2), np.float32)
    assert signed_yaw(Face(Box(0, 0, 10, 10), points, 0.9)) == 0


def test_a_mirrored_portrait_looks_to_the_other_side(pipeline: FacePipeline, astronaut: Bgr) -> None:
    plain = look_at_sample(pipeline, astronaut).view
    mirrored = look_at_sample(pipeline, np.ascontiguousarray(astronaut[:, ::-1])).view
    assert plain.yaw == pytest.approx(-mirrored.yaw, abs=0.08)
    assert plain.brightness == pytest.approx(mirrored.brightness, abs=5)


def test_a_full_set_misses_nothing() -> None:
    found = coverage([FRONT, LEFT, RIGHT, BRIGHT])
    assert (found.missing, found.advice) == ((), ())


@pytest.mark.parametrize(
    ("views", "missing", "says"),
    [
        ([FRONT, LEFT, BRIGHT], Aspect.RIGHT, "slightly to the right"),
        ([FRONT, RIGHT, BRIGHT], Aspect.LEFT, "slightly to the left"),
        ([BRIGHT, LEFT, RIGHT, View(0.3, 90, 200, 150)], None, ""),
        ([LEFT, RIGHT, View(0.2, 170, 200, 150)], Aspect.FRONTAL, "straight at the camera"),
        ([FRONT, LEFT, RIGHT], Aspect.LIGHT, "other light"),
        ([View(view.yaw, view.brightness, 20, 70) for view in (FRONT, LEFT, RIGHT, BRIGHT)], Aspect.CLEAR, "closer and sharp"),
    ],
)
def test_the_advice_names_the_one_that_is_missing(views: list[View], missing: Aspect | None, says: str) -> None:
    found = coverage(views)
    assert found.missing == (() if missing is None else (missing,))
    assert all(says in advice for advice in found.advice)


def test_one_sample_is_not_enough_and_none_misses_everything() -> None:
    assert Aspect.ENOUGH in coverage([FRONT]).missing
    assert coverage([]).covered == ()


def test_what_six_points_cannot_tell_is_not_claimed() -> None:
    assert "glasses" in NOT_TOLD
    assert not {"glasses"} & {aspect.value for aspect in Aspect}
