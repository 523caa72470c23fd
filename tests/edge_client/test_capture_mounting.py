from typing import Literal

import cv2
import numpy as np
import pytest
from skimage import data

from edge_client.capture import load_model_set, pipeline_of
from edge_client.capture_mounting import MountingCheck, Place, expected_face_px
from edge_client.preview_folder import Mounting
from shared_schema.doorway import Doorway, policy_of
from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings

PLACE = Place(field_of_view_deg=60.0, distance_m=2.0, min_face_px=40)
PORTRAIT: Bgr = np.ascontiguousarray(data.astronaut()[:, :, ::-1])  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def doorway() -> Doorway:
    models = load_model_set(None)
    policy = policy_of(NodeSettings(), models.embedder.calibration, 0)
    return Doorway(pipeline_of(models), Gallery.empty(models.embedder.model_id, revision=0), policy)


def room() -> Bgr:
    """A wall with a door and a plant, and nobody there."""
    image = np.full((720, 1280, 3), 150, np.uint8)
    cv2.rectangle(image, (500, 120), (760, 700), (90, 110, 140), -1)
    for leaf in range(40):
        cv2.line(image, (200, 600), (120 + 4 * leaf, 380 + leaf % 7 * 12), (40, 120, 60), 2)
    return image


def look(frame: Bgr, doorway: Doorway | None = None, place: Place = PLACE) -> Mounting:
    seen = () if doorway is None else doorway.survey(frame)
    return MountingCheck().look(frame, BootNs(1), seen, place)


@pytest.mark.parametrize(
    ("distance_m", "field_of_view_deg", "expected"), [(1.0, 60.0, 166), (2.0, 60.0, 83), (2.0, 102.0, 39), (4.0, None, 42)]
)
def test_the_expected_width_of_a_face_follows_from_the_field_of_view(
    distance_m: float, field_of_view_deg: float | None, expected: int
) -> None:
    assert expected_face_px(1280, Place(field_of_view_deg, distance_m, 40)) == expected


def test_with_nobody_there_a_near_camera_in_good_light_is_good() -> None:
    found = look(room())
    assert (found.verdict, found.expected_face_px, found.faces) == ("good", 83, ())


def test_with_nobody_there_a_camera_too_far_away_is_told_by_its_field_of_view() -> None:
    found = look(room(), place=Place(None, 6.0, 40))
    assert found.verdict == "change"
    assert "faces 6 m away will be 28 px wide (a field of view of 60° assumed), 50 px are wanted: mount it nearer" in found.advice[0]


def test_a_face_that_is_there_is_measured_and_nothing_assumed(doorway: Doorway) -> None:
    found = look(PORTRAIT, doorway, Place(None, 40.0, 40))
    (face,) = found.faces
    assert 80 < face.width_px < 200
    assert (found.verdict, face.gate) == ("good", "")


def test_a_face_that_is_too_small_is_told(doorway: Doorway) -> None:
    found = look(PORTRAIT, doorway, Place(None, 2.0, 150))
    assert "px are wanted: mount it nearer" in found.advice[0]


@pytest.mark.parametrize(("turned", "side"), [(25, "anticlockwise"), (-25, "clockwise")])
def test_a_camera_that_hangs_askew_is_told_which_way_to_turn_it(doorway: Doorway, turned: float, side: str) -> None:
    high, wide = PORTRAIT.shape[:2]
    askew = cv2.warpAffine(PORTRAIT, cv2.getRotationMatrix2D((wide / 2, high / 2), turned, 1), (wide, high))
    found = look(np.asarray(askew, np.uint8), doorway)
    assert found.roll_deg is not None
    assert abs(abs(found.roll_deg) - 25) < 8
    assert any(f"turn the camera {side}" in line for line in found.advice)


@pytest.mark.parametrize(
    ("frame", "advice"),
    [
        ((room() // 6).astype(np.uint8), "the picture is dark"),
        (np.clip(room().astype(int) + 110, 0, 255).astype(np.uint8), "of the picture is white"),
        (np.full((720, 1280, 3), 120, np.uint8), "take off the cap"),
    ],
    ids=["dark", "bright", "capped"],
)
def test_poor_light_and_a_covered_lens_are_told(frame: Bgr, advice: str) -> None:
    found = look(frame)
    assert found.verdict == "change"
    assert any(advice in line for line in found.advice)


@pytest.mark.parametrize(("sigma", "verdict"), [(2.0, "good"), (25.0, "change")])
def test_a_noisy_picture_asks_for_light(sigma: float, verdict: Literal["good", "change"]) -> None:
    check, noise = MountingCheck(), np.random.default_rng(0)
    for number in range(2):
        frame = np.clip(room() + noise.normal(0, sigma, (720, 1280, 3)), 0, 255).astype(np.uint8)
        found = check.look(frame, BootNs(number), (), PLACE)
    assert found.noise is not None
    assert abs(found.noise - 0.62 * sigma) < 0.35 * sigma
    assert found.verdict == verdict
