import cv2
import numpy as np
import pytest

from shared_schema.face.resize import resized
from shared_schema.face.types import Bgr


def picture(width: int, height: int) -> Bgr:
    return np.random.default_rng(width).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("before", "after"), [((1280, 720), (341, 192)), ((472, 472), (128, 128)), ((909, 958), (182, 192)), ((60, 40), (192, 128))]
)
def test_it_has_the_size_that_was_asked_for(before: tuple[int, int], after: tuple[int, int]) -> None:
    for coarse in (False, True):
        assert resized(picture(*before), after, coarse=coarse).shape == (after[1], after[0], 3)


def test_halving_twice_is_the_mean_of_sixteen_pixels() -> None:
    image = picture(64, 32)
    means = image.reshape(8, 4, 16, 4, 3).mean((1, 3))
    assert np.abs(resized(image, (16, 8)) - means).max() <= 1


def test_an_image_of_that_size_is_given_back() -> None:
    image = picture(30, 20)
    assert resized(image, (30, 20)) is image


def test_what_shrinks_far_shrinks_by_area_even_coarsely_so_that_nothing_is_skipped() -> None:
    image = np.zeros((301, 301, 3), np.uint8)
    image[::3] = 255
    coarse = resized(image, (50, 50), coarse=True)
    assert np.abs(coarse.astype(int) - 85).max() < 40
    assert np.abs(cv2.resize(image, (50, 50), interpolation=cv2.INTER_LINEAR).astype(int) - 85).max() >= 80
