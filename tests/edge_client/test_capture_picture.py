from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from edge_client.camera.replay import Clip
from edge_client.capture_picture import COVERED, DARK, FROZEN, PictureCheck
from shared_schema.face.types import Bgr
from shared_schema.ids import BootNs

CLIP = Path("../shared/data/clips/press-event.mp4")
SECOND = 1_000_000_000
SCENE: Bgr = np.asarray(cv2.resize(data.astronaut()[:, :, ::-1], (320, 180)), np.uint8)  # type: ignore[no-untyped-call]


def noisy(frame: Bgr, number: int, sigma: float = 3.0) -> Bgr:
    noise = np.random.default_rng(number).normal(0, sigma, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def found(picture: Callable[[int], Bgr], seconds: int) -> list[str | None]:
    """What is said every second of a camera that shows this."""
    check = PictureCheck()
    blank = [check.look(picture(second), BootNs(second * SECOND)) for second in range(seconds)]
    return [None if one is None else one.reason for one in blank]


def flat(level: int) -> Bgr:
    return np.full((180, 320, 3), level, np.uint8)


@pytest.mark.parametrize(
    ("cover", "reason"),
    [
        (flat(120), COVERED),
        (flat(250), COVERED),
        (np.asarray(cv2.GaussianBlur(SCENE, (0, 0), 30), np.uint8), COVERED),
        (flat(3), DARK),
        ((SCENE // 40).astype(np.uint8), DARK),
    ],
    ids=["card", "torch", "cloth", "cap", "night"],
)
def test_a_lens_that_shows_nothing_is_told_of_after_ten_seconds(cover: Bgr, reason: str) -> None:
    said = found(lambda second: noisy(SCENE if second < 5 else cover, second), 20)
    assert said[:15] == [None] * 15
    assert set(said[15:]) == {reason}


def test_it_is_told_since_when() -> None:
    check = PictureCheck()
    for second in range(20):
        blank = check.look(noisy(SCENE if second < 5 else flat(120), second), BootNs(second * SECOND))
    assert blank is not None
    assert blank.since == 5 * SECOND


def test_a_scene_that_comes_back_is_seen_at_once() -> None:
    said = found(lambda second: noisy(flat(120) if second < 15 else SCENE, second), 18)
    assert said[14:] == [COVERED, None, None, None]


def test_somebody_who_stands_before_the_lens_for_a_moment_covers_nothing() -> None:
    assert not any(found(lambda second: noisy(flat(60) if second % 12 < 8 else SCENE, second), 60))


def test_a_picture_that_stands_still_is_frozen_after_a_minute() -> None:
    said = found(lambda _second: SCENE, 70)
    assert said[:60] == [None] * 60
    assert set(said[60:]) == {FROZEN}


def test_a_clock_painted_into_a_frozen_picture_does_not_hide_it() -> None:
    def with_clock(second: int) -> Bgr:
        shown = SCENE.copy()
        cv2.putText(shown, f"12:00:{second % 60:02}", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.25, (255, 255, 255), 1)
        return shown

    assert found(with_clock, 70)[-1] == FROZEN


def test_an_empty_room_that_nobody_enters_for_minutes_is_neither_covered_nor_frozen() -> None:
    assert not any(found(lambda second: noisy(SCENE, second, sigma=1.0), 100))


def test_a_network_camera_that_sends_a_key_frame_every_half_minute_is_not_frozen() -> None:
    assert not any(found(lambda second: noisy(SCENE, second // 30), 100))


def test_a_dim_scene_is_still_a_scene() -> None:
    assert not any(found(lambda second: noisy((SCENE * 0.2).astype(np.uint8), second), 30))


@pytest.mark.skipif(not CLIP.exists(), reason="the development clips are not at hand")
def test_a_filmed_stage_is_never_called_covered_or_frozen() -> None:
    check = PictureCheck()
    shown = [one for turn in range(3) for one in Clip(CLIP).pictures(0)][::2]
    at = [BootNs(number * 800_000_000) for number in range(len(shown))]
    assert len(shown) == 413
    assert not any(check.look(one.image, when) for one, when in zip(shown, at, strict=True) if one.image is not None)
