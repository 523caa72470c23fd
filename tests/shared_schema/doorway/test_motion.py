import cv2
import numpy as np
import pytest

from shared_schema.doorway.motion import MotionGate
from shared_schema.face.types import Bgr


def corridor(*, light: int = 90, noise: int = 0) -> Bgr:
    frame = np.full((240, 320, 3), light, np.uint8)
    frame[:, ::8] = light + 30
    if noise:
        frame += np.random.default_rng(noise).integers(0, 6, frame.shape, np.uint8)
    return frame


def with_somebody(x: int, *, light: int = 90) -> Bgr:
    frame = corridor(light=light)
    frame[100:140, x : x + 30] = 220
    return frame


def settled() -> MotionGate:
    gate = MotionGate()
    for _ in range(30):
        gate.is_open(corridor())
    return gate


def test_the_first_frame_is_looked_at() -> None:
    assert MotionGate().is_open(corridor())


def test_an_empty_corridor_closes_the_gate() -> None:
    assert not settled().is_open(corridor())


def test_somebody_small_opens_it_at_once() -> None:
    assert settled().is_open(with_somebody(200))


def test_it_stays_open_for_some_frames_after_the_motion() -> None:
    gate = settled()
    gate.is_open(with_somebody(200))
    after = [gate.is_open(corridor()) for _ in range(12)]
    assert after[:9] == [True] * 9
    assert not after[-1]


def test_a_lamp_switched_on_is_no_motion() -> None:
    assert not settled().is_open(corridor(light=130))


def test_the_noise_of_a_sensor_is_no_motion() -> None:
    gate = MotionGate()
    states = [gate.is_open(corridor(noise=n + 1)) for n in range(30)]
    assert not any(states[12:])


def test_who_walks_while_the_light_changes_is_seen() -> None:
    assert settled().is_open(with_somebody(100, light=130))


def test_what_stays_becomes_background() -> None:
    gate = settled()
    states = [gate.is_open(with_somebody(200)) for _ in range(200)]
    assert states[0]
    assert not states[-1]


def large(frame: Bgr, noise: int = 0) -> Bgr:
    """The frame at 1280×960, each pixel with a noise of its own."""
    grown = cv2.resize(frame, (1280, 960), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown + np.random.default_rng(noise).integers(0, 12, grown.shape, np.uint8), np.uint8)


@pytest.mark.parametrize("somebody", [False, True])
def test_of_a_large_frame_a_sample_of_its_pixels_is_enough(*, somebody: bool) -> None:
    gate = MotionGate()
    for number in range(30):
        gate.is_open(large(corridor(), number))
    assert gate.is_open(large(with_somebody(200) if somebody else corridor(), 40)) is somebody
