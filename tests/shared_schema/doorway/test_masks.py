import numpy as np

from shared_schema.doorway.masks import blank
from shared_schema.doorway.motion import MotionGate
from shared_schema.face.types import Bgr
from shared_schema.node import Mask

LEFT_HALF: Mask = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
CORNER: Mask = ((1.0, 1.0), (0.5, 1.0), (1.0, 0.5))


def noise(seed: int = 0) -> Bgr:
    return np.random.default_rng(seed).integers(0, 256, (90, 160, 3), np.uint8)


def test_a_masked_region_is_of_one_grey_and_the_rest_as_it_was() -> None:
    frame = noise()
    seen = blank(frame, [LEFT_HALF])
    assert len(np.unique(seen[:, :80])) == 1
    assert (seen[:, 82:] == frame[:, 82:]).all()


def test_the_frame_itself_stays_as_it_was() -> None:
    frame = noise()
    before = frame.copy()
    blank(frame, [LEFT_HALF, CORNER])
    assert (frame == before).all()


def test_without_masks_nothing_is_copied() -> None:
    frame = noise()
    assert blank(frame, ()) is frame


def test_a_mask_is_given_in_shares_and_fits_every_size() -> None:
    small, large = blank(noise(), [CORNER]), blank(np.kron(noise(), np.ones((4, 4, 1), np.uint8)), [CORNER])
    share = [float((image[:, :, 0] == image[-1, -1, 0]).mean()) for image in (small, large)]
    assert abs(share[0] - share[1]) < 0.02


def test_motion_behind_a_mask_opens_no_gate() -> None:
    gate, still = MotionGate(), np.full((90, 160, 3), 90, np.uint8)
    opened, masked = [], []
    other = MotionGate()
    for number in range(30):
        frame = still.copy()
        frame[20:60, 5 + number : 35 + number] = 220
        opened.append(gate.is_open(frame))
        masked.append(other.is_open(blank(frame, [LEFT_HALF])))
    assert all(opened)
    assert not any(masked[12:])
