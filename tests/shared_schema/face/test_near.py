"""Looking only where faces were in the frame before."""

import cv2
import numpy as np
import pytest

from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box, Face
from tests.shared_schema.face.pictures import scaled


def corridor(*people: tuple[Bgr, int, int]) -> Bgr:
    """A 1280×720 frame with portraits at (left, top)."""
    frame = np.full((720, 1280, 3), 105, np.uint8)
    frame[:, ::90] = 70
    for portrait, left, top in people:
        frame[top : top + portrait.shape[0], left : left + portrait.shape[1]] = portrait
    return frame


def moved(box: Box, *, right: float = 0.0, down: float = 0.0, size: float = 1.0) -> Box:
    """A box that lies so many widths beside this one, about the same middle if only its size differs."""
    width, height = box.width * size, box.height * size
    middle = (box.left + box.width * (0.5 + right), box.top + box.height * (0.5 + down))
    return Box(middle[0] - width / 2, middle[1] - height / 2, width, height)


@pytest.fixture(scope="module")
def bust(officer: Bgr) -> Bgr:
    return scaled(officer, 0.6)


def likeness(pipeline: FacePipeline, frame: Bgr, one: Face, other: Face) -> float:
    first, second = pipeline.embed(frame, [one, other])
    return float(first @ second)


@pytest.mark.parametrize(
    ("right", "down", "size"), [(0, 0, 1), (1, 0, 1), (-0.7, 0.7, 1), (0, -1, 1), (0.5, 0, 0.75), (0, 0.5, 1.3), (-1, 0, 1.3)]
)
@pytest.mark.parametrize("left", [0, 400, 970])
def test_a_face_that_moved_by_its_width_is_found_with_the_same_embedding(
    pipeline: FacePipeline, bust: Bgr, left: int, right: float, down: float, size: float
) -> None:
    frame = corridor((bust, left, 200))
    (whole,) = pipeline.detect(frame)
    (tracked,) = pipeline.detect(frame, [moved(whole.box, right=right, down=down, size=size)])
    assert tracked.box.overlap(whole.box) > 0.85
    assert likeness(pipeline, frame, whole, tracked) > 0.99


def test_of_two_people_only_the_one_who_is_looked_for_is_found(pipeline: FacePipeline, bust: Bgr, astronaut: Bgr) -> None:
    frame = corridor((bust, 20, 200), (astronaut, 700, 100))
    left, right = sorted(pipeline.detect(frame), key=lambda face: face.box.left)
    (found,) = pipeline.detect(frame, [right.box])
    assert found.box.overlap(right.box) > 0.85
    both = pipeline.detect(frame, [left.box, right.box])
    assert len(both) == 2


def test_two_who_stand_close_are_two_faces_however_their_places_overlap(pipeline: FacePipeline, astronaut: Bgr) -> None:
    head = astronaut[30:230, 150:300]
    frame = corridor((head, 500, 200), (head, 650, 220))
    whole = pipeline.detect(frame)
    assert len(whole) == 2
    assert len(pipeline.detect(frame, [face.box for face in whole])) == 2


def test_a_face_that_is_gone_is_not_invented(pipeline: FacePipeline, bust: Bgr) -> None:
    (face,) = pipeline.detect(corridor((bust, 400, 200)))
    assert pipeline.detect(corridor(), [face.box]) == ()
    noise = np.random.default_rng(4).integers(60, 190, (720, 1280, 3), np.uint8)
    assert pipeline.detect(np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8), [face.box]) == ()


def test_a_face_far_from_where_it_was_is_left_to_the_look_at_the_whole_frame(pipeline: FacePipeline, bust: Bgr) -> None:
    frame = corridor((bust, 0, 200))
    (face,) = pipeline.detect(frame)
    assert pipeline.detect(frame, [moved(face.box, right=5)]) == ()


def test_no_places_are_no_faces(pipeline: FacePipeline, astronaut: Bgr) -> None:
    assert pipeline.detect(astronaut, []) == ()


@pytest.mark.parametrize("box", [Box(-900, -900, 80, 80), Box(5000, 20, 300, 300), Box(10, 10, 0, 0), Box(0, 0, 4000, 4000)])
def test_a_place_beyond_the_frame_is_looked_at_within_it(pipeline: FacePipeline, box: Box) -> None:
    assert pipeline.detect(corridor(), [box]) == ()
    assert pipeline.detect(np.zeros((3, 5, 3), np.uint8), [box]) == ()
