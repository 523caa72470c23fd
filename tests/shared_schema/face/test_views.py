import numpy as np
import pytest

from shared_schema.face.types import Box
from shared_schema.face.views import View, close_up_view, fitted, overview, search_view, squares


def test_a_long_strip_is_looked_at_in_few_wider_views_that_cover_it() -> None:
    views = squares(30_000, 40)
    assert len(views) == 8
    assert views[0].left == 0
    assert views[-1].left + views[-1].width == 30_000
    assert {view.height for view in views} == {40}


@pytest.mark.parametrize(("size", "coarse"), [((1280, 720), (341, 192)), ((640, 480), (256, 192)), ((958, 909), (192, 182))])
def test_the_squares_of_an_overview_have_the_side_that_was_asked_for(size: tuple[int, int], coarse: tuple[int, int]) -> None:
    small, factor = overview(np.zeros((size[1], size[0], 3), np.uint8), 192)
    assert small.shape == (coarse[1], coarse[0], 3)
    assert max(squares(*coarse)[0].width, squares(*coarse)[0].height) == 192
    assert small.shape[1] * factor == pytest.approx(size[0], abs=factor)


def test_a_frame_that_is_small_already_is_its_own_overview() -> None:
    frame = np.zeros((120, 160, 3), np.uint8)
    small, factor = overview(frame, 192)
    assert small is frame
    assert factor == 1


def test_a_search_is_centred_on_the_face_and_pushed_back_into_the_frame() -> None:
    assert search_view(Box(600, 300, 100, 100), 1280, 720) == View(450, 150, 400, 400)
    assert search_view(Box(-20, 650, 100, 100), 1280, 720) == View(0, 320, 400, 400)
    assert search_view(Box(500, 200, 300, 300), 1280, 720) == View(50, 0, 1200, 720)


def test_a_close_up_is_a_square_about_the_middle_of_the_face() -> None:
    assert close_up_view(Box(100, 200, 50, 40)) == View(75, 170, 100, 100)


def test_what_lies_in_the_picture_is_found_where_it_was_in_the_frame() -> None:
    frame = np.zeros((300, 400, 3), np.uint8)
    frame[100:110, 220:230] = 255
    picture, place = fitted(frame, View(150, 50, 200, 100), 100)
    rows, columns = np.nonzero(picture[:, :, 0] > 128)
    corners = np.array([[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]], np.float32)
    assert np.allclose(place.corners(corners), [[220, 100], [230, 110]], atol=1)
    assert np.allclose(place.landmarks(corners), place.corners(corners) - 0.5)


def test_a_view_over_the_edge_repeats_the_frames_last_pixels() -> None:
    frame = np.full((50, 50, 3), 90, np.uint8)
    picture, place = fitted(frame, View(-25, -25, 100, 100), 50)
    assert (picture == 90).all()
    assert place.scale == 0.5
    assert place.shift.tolist() == [12.5, 12.5]
