import cv2
import numpy as np
import pytest

from shared_schema.face.align import align, similarity_onto
from shared_schema.face.types import FaceError, Points

TEMPLATE = np.array([(46, 46), (102, 46), (74, 79), (74, 108)], np.float32)


def moved(points: Points, *, angle: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Points:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ turn.T + np.array(shift), np.float32)


@pytest.mark.parametrize(("angle", "scale"), [(0.0, 1.0), (0.6, 2.5), (-2.0, 0.3), (3.0, 1.2)])
def test_a_turned_and_grown_template_is_brought_back_exactly(angle: float, scale: float) -> None:
    onto = similarity_onto(moved(TEMPLATE, angle=angle, scale=scale, shift=(30, -70)), TEMPLATE)
    source = moved(TEMPLATE, angle=angle, scale=scale, shift=(30, -70))
    assert np.allclose(source @ onto[:, :2].T + onto[:, 2], TEMPLATE, atol=1e-3)


def test_a_mirror_image_is_never_fitted_by_mirroring() -> None:
    mirrored = TEMPLATE * np.array([-1, 1], np.float32)
    assert np.linalg.det(similarity_onto(mirrored, TEMPLATE)[:, :2]) > 0


def test_points_on_one_spot_are_refused() -> None:
    with pytest.raises(FaceError):
        similarity_onto(np.full((4, 2), 5, np.float32), TEMPLATE)


@pytest.mark.parametrize("scale", [0.7, 1.0, 2.0, 6.0])
def test_spots_at_the_landmarks_land_on_the_template(scale: float) -> None:
    landmarks = moved(TEMPLATE, angle=0.4, scale=scale, shift=(200 * scale, 60 * scale))
    frame = np.zeros((int(300 * scale), int(400 * scale), 3), np.uint8)
    for x, y in landmarks:
        cv2.circle(frame, (round(float(x)), round(float(y))), max(2, round(3 * scale)), (255, 255, 255), -1)
    chip = align(frame, landmarks, TEMPLATE, 150)
    _, _, _, centres = cv2.connectedComponentsWithStats((chip[:, :, 0] > 100).astype(np.uint8))
    found = centres[1:]
    assert len(found) == 4
    for wanted in TEMPLATE:
        assert np.hypot(*(found - wanted).T).min() < 1.0


def test_a_large_face_is_shrunk_by_area_without_moire() -> None:
    frame = (np.indices((1200, 1200)).sum(0) % 2 * 255).astype(np.uint8)[:, :, np.newaxis].repeat(3, 2)
    chip = align(frame, moved(TEMPLATE, scale=8), TEMPLATE, 150)
    assert np.abs(chip.astype(int) - 127).max() <= 3


def test_beyond_the_frame_its_edge_is_repeated() -> None:
    frame = np.full((40, 40, 3), 200, np.uint8)
    chip = align(frame, moved(TEMPLATE, scale=0.5, shift=(-30, -30)), TEMPLATE, 150)
    assert chip.shape == (150, 150, 3)
    assert (chip == 200).all()


def test_a_face_wholly_outside_gives_a_chip_and_no_crash() -> None:
    frame = np.full((40, 40, 3), 90, np.uint8)
    for shift in ((500, 500), (-900, -900)):
        assert align(frame, moved(TEMPLATE, scale=3, shift=shift), TEMPLATE, 150).shape == (150, 150, 3)
