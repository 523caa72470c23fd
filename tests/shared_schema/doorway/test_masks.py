from collections.abc import Sequence

import numpy as np
import pytest

from shared_schema.doorway.masks import Masks
from shared_schema.doorway.motion import MotionGate
from shared_schema.face.types import Bgr, Box
from shared_schema.node import Mask
from tests.shared_schema.doorway.fakes import EMPTY, approach, at, door, frame_of, gallery

LEFT_HALF: Mask = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
CORNER: Mask = ((1.0, 1.0), (0.5, 1.0), (1.0, 0.5))


def noise(seed: int = 0) -> Bgr:
    return np.random.default_rng(seed).integers(0, 256, (90, 160, 3), np.uint8)


def test_a_masked_region_is_of_one_grey_and_the_rest_as_it_was() -> None:
    frame = noise()
    seen = Masks([LEFT_HALF]).blank(frame)
    assert len(np.unique(seen[:, :80])) == 1
    assert (seen[:, 82:] == frame[:, 82:]).all()


def test_the_frame_itself_stays_as_it_was() -> None:
    frame = noise()
    before = frame.copy()
    Masks([LEFT_HALF, CORNER]).blank(frame)
    assert (frame == before).all()


def test_without_masks_nothing_is_copied() -> None:
    frame = noise()
    assert Masks().blank(frame) is frame


def test_a_mask_is_given_in_shares_and_fits_every_size() -> None:
    small, large = Masks([CORNER]).blank(noise()), Masks([CORNER]).blank(np.kron(noise(), np.ones((4, 4, 1), np.uint8)))
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
        masked.append(other.is_open(Masks([LEFT_HALF]).blank(frame)))
    assert all(opened)
    assert not any(masked[12:])


@pytest.mark.parametrize(("left", "share"), [(0.0, 1.0), (60.0, 0.5), (70.0, 0.25), (90.0, 0.0), (-200.0, 0.0), (400.0, 0.0)])
def test_how_much_of_a_face_is_masked(left: float, share: float) -> None:
    assert abs(Masks([LEFT_HALF]).share_of(Box(left, 20, 40, 40), 160, 90) - share) < 0.02


def passes_of(x: float, masks: Sequence[Mask]) -> tuple[int, dict[str, int]]:
    """How many are told of when somebody comes near at that place, and what became of the faces."""
    scenes = (*approach("ann", 6, x=x, step=0), *((EMPTY,) * 30))
    doorway = door(scenes, gallery())
    doorway.use(masks=masks)
    passes = [one for number in range(len(scenes)) for one in doorway.step(frame_of(scenes, number), at(number))]
    return len(passes), doorway.take_funnel().gated


UPPER_RIGHT: Mask = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))


def test_a_face_that_a_mask_cuts_is_clipped_and_nobody_is_told_of_it() -> None:
    assert passes_of(80.0, [UPPER_RIGHT]) == (0, {"clipped": 6})


def test_a_face_beside_a_mask_is_seen() -> None:
    assert passes_of(40.0, [UPPER_RIGHT]) == (1, {})


def test_without_the_mask_the_same_face_is_seen() -> None:
    assert passes_of(80.0, []) == (1, {})


def test_masks_can_be_taken_off_again() -> None:
    scenes = (*((EMPTY,) * 3), *approach("ann", 6), *((EMPTY,) * 30))
    doorway = door(scenes, gallery())
    doorway.use(masks=[UPPER_RIGHT])
    doorway.use(masks=())
    assert len([one for number in range(len(scenes)) for one in doorway.step(frame_of(scenes, number), at(number))]) == 1
