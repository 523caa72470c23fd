from itertools import pairwise

import cv2
import numpy as np
import pytest

from shared_schema.face.detect import Finds, anchors_of, merge
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, FaceError
from shared_schema.face.views import View, squares


def on_canvas(image: Bgr, *, width_px: int, size: tuple[int, int] = (360, 640), at: tuple[int, int] = (40, 60)) -> Bgr:
    """The image shrunk to a width and set on grey."""
    high = round(image.shape[0] * width_px / image.shape[1])
    canvas = np.full((*size, 3), 110, np.uint8)
    canvas[at[0] : at[0] + high, at[1] : at[1] + width_px] = cv2.resize(image, (width_px, high), interpolation=cv2.INTER_AREA)
    return canvas


def turned(image: Bgr, degrees: float) -> Bgr:
    high, wide = image.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_a_portrait_has_one_face_with_its_landmarks_in_place(pipeline: FacePipeline, astronaut: Bgr) -> None:
    (face,) = pipeline.detect(astronaut)
    right_eye, left_eye, nose, mouth = face.landmarks[:4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]
    assert 70 < face.box.width < 140
    assert face.box.left < right_eye[0]
    assert left_eye[0] < face.box.right


@pytest.mark.parametrize("width_px", [300, 230, 160, 110])
def test_a_small_face_in_a_door_frame_is_found(pipeline: FacePipeline, officer: Bgr, width_px: int) -> None:
    (face,) = pipeline.detect(on_canvas(officer, width_px=width_px, size=(480, 640)))
    assert face.box.width == pytest.approx(200 * width_px / officer.shape[1], rel=0.2)


@pytest.mark.parametrize("left", [0, 150, 260, 400, 520])
def test_a_face_is_found_wherever_it_stands_in_a_wide_frame(pipeline: FacePipeline, officer: Bgr, left: int) -> None:
    faces = pipeline.detect(on_canvas(officer, width_px=110, at=(100, left)))
    assert len(faces) == 1


@pytest.mark.parametrize("degrees", [-25, -10, 10, 25])
def test_a_tilted_head_is_found(pipeline: FacePipeline, officer: Bgr, degrees: float) -> None:
    (face,) = pipeline.detect(turned(officer, degrees))
    across = face.landmarks[1] - face.landmarks[0]
    assert -np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(degrees, abs=10)


def test_two_people_side_by_side_are_two_faces(pipeline: FacePipeline, officer: Bgr, astronaut: Bgr) -> None:
    frame = on_canvas(officer, width_px=200)
    frame[60:300, 380:580] = cv2.resize(astronaut[:300, 100:350], (200, 240), interpolation=cv2.INTER_AREA)
    assert len(pipeline.detect(frame)) == 2


@pytest.mark.parametrize("shape", [(360, 640), (480, 640), (250, 250), (720, 1280), (1, 1), (3, 900)])
def test_an_empty_frame_has_no_face(pipeline: FacePipeline, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(3).integers(80, 120, (*shape, 3), np.uint8)
    assert pipeline.detect(noise) == ()
    assert pipeline.detect(np.zeros((*shape, 3), np.uint8)) == ()


@pytest.mark.parametrize("frame", [np.zeros((10, 10), np.uint8), np.zeros((10, 10, 3), np.float32), np.zeros((0, 10, 3), np.uint8)])
def test_what_is_no_bgr_image_is_refused(pipeline: FacePipeline, frame: Bgr) -> None:
    with pytest.raises(FaceError, match="BGR"):
        pipeline.detect(frame)


def test_detection_is_the_same_every_time(pipeline: FacePipeline, astronaut: Bgr) -> None:
    first, second = pipeline.detect(astronaut), pipeline.detect(astronaut)
    assert [face.box for face in first] == [face.box for face in second]


def test_squares_cover_a_frame_with_overlap() -> None:
    assert squares(250, 250) == (View(0, 0, 250, 250),)
    assert squares(640, 360) == (View(0, 0, 360, 360), View(280, 0, 360, 360))
    assert squares(360, 640) == (View(0, 0, 360, 360), View(0, 280, 360, 360))
    views = squares(1900, 500)
    assert views[0].left == 0
    assert views[-1].left + views[-1].width == 1900
    assert all(second.left <= first.left + first.width for first, second in pairwise(views))


def test_there_are_as_many_anchors_as_the_networks_have(model_set: ModelSet) -> None:
    assert len(anchors_of(model_set.manifest.near)) == 896
    assert len(anchors_of(model_set.manifest.far)) == 2304


def finds_of(*boxes: tuple[float, float, float, float]) -> Finds:
    corners = np.array([((x, y), (x + side, y + side)) for x, y, side, _ in boxes], np.float32)
    landmarks = np.repeat(corners.mean(1, keepdims=True), 6, axis=1)
    return Finds(corners, landmarks, np.array([certainty for *_, certainty in boxes], np.float32))


def test_overlapping_finds_become_one_face_weighted_by_certainty() -> None:
    (face,) = merge([finds_of((100, 100, 50, 0.9)), finds_of((110, 100, 50, 0.3))])
    assert face.box.left == pytest.approx(102.5)
    assert face.certainty == pytest.approx(0.9)


def test_finds_apart_stay_apart_the_most_certain_first() -> None:
    faces = merge([finds_of((0, 0, 50, 0.6), (200, 0, 50, 0.8))])
    assert [round(face.box.left) for face in faces] == [200, 0]


def test_no_finds_are_no_faces() -> None:
    assert merge([Finds(np.empty((0, 2, 2), np.float32), np.empty((0, 6, 2), np.float32), np.empty(0, np.float32))]) == ()
