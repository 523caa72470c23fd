from dataclasses import replace

import numpy as np
import pytest

from shared_schema.evaluate.doorwalk.clip import Clip, Cover, Light, Moment
from shared_schema.evaluate.doorwalk.plan import plan_clip
from shared_schema.evaluate.doorwalk.render import Film
from shared_schema.evaluate.doorwalk.sprite import cut_out
from shared_schema.face.types import Bgr, Box
from tests.shared_schema.evaluate.doorwalk.walkers import patches, walker

PLAIN = plan_clip([walker("Ann")], 5)


def film_of(clip: Clip, *, spoiled: bool) -> Film:
    return Film(clip, patches(clip), spoiled=spoiled)


def with_moment(clip: Clip, number: int, **changes: object) -> Clip:
    moment = clip.walks[0][number]
    assert moment is not None
    walk = list(clip.walks[0])
    walk[number] = replace(moment, **changes)  # type: ignore[arg-type]
    return replace(clip, walks=(tuple(walk),))


def near_moment(clip: Clip) -> tuple[int, Moment]:
    number = clip.near_from(0) + 2
    moment = clip.walks[0][number]
    assert moment is not None
    return number, moment


def around(frame: Bgr, moment: Moment, reach: float = 0.4) -> Bgr:
    half = reach * moment.face_px
    return frame[round(moment.y - half) : round(moment.y + half), round(moment.x - half) : round(moment.x + half)]


@pytest.mark.parametrize("spoiled", [True, False])
def test_frames_have_the_clips_size_and_come_out_the_same_twice(spoiled: bool) -> None:  # noqa: FBT001
    number, _ = near_moment(PLAIN)
    first, again = (film_of(PLAIN, spoiled=spoiled).frame(number) for _ in range(2))
    assert first.shape == (PLAIN.size[1], PLAIN.size[0], 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)


def test_an_unspoiled_face_stands_where_the_plan_says_in_its_own_brightness() -> None:
    number, moment = near_moment(PLAIN)
    clip = with_moment(PLAIN, number, gain=1.0, portrait=0)
    film = film_of(clip, spoiled=False)
    assert around(film.frame(number), moment).mean() == pytest.approx(200, abs=2)
    assert abs(float(around(film.frame(0), moment).mean()) - 200) > 5


def test_a_frame_without_anybody_is_the_same_corridor_when_nothing_spoils_it() -> None:
    film = film_of(PLAIN, spoiled=False)
    assert np.array_equal(film.frame(0), film.frame(PLAIN.frames - 1))
    spoiled = film_of(PLAIN, spoiled=True)
    assert not np.array_equal(spoiled.frame(0), spoiled.frame(PLAIN.frames - 1))


def test_a_covered_face_is_covered_on_the_side_that_is_told() -> None:
    number, moment = near_moment(PLAIN)
    light = tuple(replace(one, gains=(1.0, 1.0, 1.0), gamma=1.0) for one in PLAIN.lights)
    clip = with_moment(replace(PLAIN, lights=light), number, cover=Cover(0.5, 0, 20), portrait=0, blur=(0.0, 0.0), tilt=0.0)
    face = around(film_of(clip, spoiled=True).frame(number), moment)
    wide = face.shape[1]
    assert face[:, : wide // 3].mean() < 60
    assert face[:, -wide // 3 :].mean() > 150


def test_exposure_darkens_and_brightens_the_whole_picture() -> None:
    def mean(gain: float) -> float:
        lights = tuple(Light((gain, gain, gain), 1.0) for _ in PLAIN.lights)
        return float(film_of(replace(PLAIN, lights=lights), spoiled=True).frame(0).mean())

    assert mean(0.5) < 0.7 * mean(1.0)
    assert mean(1.4) > 1.1 * mean(1.0)


def test_who_moves_is_smeared_along_the_way() -> None:
    number, moment = near_moment(PLAIN)
    quiet = replace(PLAIN, noise=0.0, jpeg=95, softness=0.4)

    def steepest(blur: tuple[float, float]) -> float:
        """The steepest step at the left edge of the square that stands for the walker."""
        clip = with_moment(quiet, number, blur=blur, portrait=0, tilt=0.0, cover=None)
        edge = round(moment.x - moment.face_px)
        rows = slice(round(moment.y) - 5, round(moment.y) + 5)
        part = film_of(clip, spoiled=True).frame(number)[rows, edge - 6 : edge + 6]
        return float(np.abs(np.diff(part.astype(float), axis=1)).mean(0).max())

    assert steepest((24.0, 0.0)) < 0.5 * steepest((0.0, 0.0))


def test_head_and_shoulders_are_cut_out_and_what_stands_beside_stays_behind() -> None:
    image = np.full((250, 250, 3), 60, np.uint8)
    image[:, :40] = 255  # somebody else at the edge
    sprite = cut_out(image, Box(80, 80, 90, 90))
    face = (round(sprite.y), round(sprite.x))
    assert sprite.alpha[face] == pytest.approx(1.0, abs=0.01)
    assert sprite.colours[face].tolist() == [60, 60, 60]
    beside = sprite.colours[: face[0] + 45].max(2) == 255
    assert sprite.alpha[: face[0] + 45][beside].max() < 0.05
    assert sprite.alpha[0].max() < 0.05


def test_a_large_picture_is_shrunk_to_the_size_of_the_nearest_face() -> None:
    sprite = cut_out(np.full((1000, 1000, 3), 90, np.uint8), Box(300, 300, 440, 440))
    assert sprite.face_px == pytest.approx(220)
    assert sprite.colours.shape[:2] == sprite.alpha.shape
