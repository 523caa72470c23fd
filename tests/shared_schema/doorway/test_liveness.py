"""Held pictures and living faces, as the looks of a pass show them: public-domain portraits moved in computation, and a real clip."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from skimage import data

from shared_schema.doorway import Doorway, policy_of
from shared_schema.doorway.liveness import pad_value
from shared_schema.doorway.types import Look
from shared_schema.evaluate.pad import least_value
from shared_schema.evaluate.pad_held import HANDLINGS, HeldPicture
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings
from tests.shared_schema.doorway.fakes import person
from tests.shared_schema.face.puppet import blinking, turned

CLIP = Path(__file__).parents[3] / "../shared/data/clips/press-event.mp4"
NS = 1_000_000_000


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return FacePipeline(ModelSet.load(), threads=1)


@pytest.fixture(scope="module")
def bar() -> float:
    pad = ModelSet.load().embedder.calibration.pad
    assert pad is not None
    return pad.max_pad_value


@pytest.fixture(scope="module")
def astronaut() -> Bgr:
    picture = data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)[:300, 60:380])


@pytest.fixture(scope="module")
def officer() -> Bgr:
    picture = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    return np.asarray(cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)


def looks_of(pipeline: FacePipeline, frames: Iterable[tuple[float, Bgr]]) -> list[Look]:
    """(second, frame with one face) → looks."""
    looks = []
    for second, frame in frames:
        face = pipeline.detect(frame)[0]
        quality = pipeline.assess(frame, face, min_face_px=40)
        looks.append(Look(pipeline.embed(frame, [face])[0], quality, frame[:2, :2], BootNs(round(second * NS)), pipeline.chip(frame, face)))
    return looks


def alive(pipeline: FacePipeline, portrait: Bgr, fps: float, seconds: float = 1.0) -> list[Look]:
    """A portrait that turns its head from one side to the other and closes its eyes on the way."""
    mesh = pipeline.detect(portrait)[0].mesh
    assert mesh is not None

    def at(second: float) -> Bgr:
        blinked = blinking(portrait, mesh, max(0.0, float(np.sin(2 * np.pi * second))))
        return turned(blinked, mesh, -24 + 48 * second)

    return looks_of(pipeline, ((number / fps, at(number / fps)) for number in range(round(fps * seconds) + 1)))


def value(looks: Sequence[Look]) -> float:
    found = pad_value(looks)
    assert found is not None
    return found


FLAGGED = [handling for handling in HANDLINGS if handling.name != "in changing light"]


@pytest.mark.parametrize("handling", FLAGGED, ids=lambda handling: handling.name)
def test_a_held_picture_is_above_the_bar(pipeline: FacePipeline, bar: float, officer: Bgr, handling: object) -> None:
    held = HeldPicture(officer, pipeline.detect(officer)[0].box, next(one for one in HANDLINGS if one is handling), seed=4)
    assert value(looks_of(pipeline, held.frames(1.0, 5))) > bar


def test_a_face_that_turns_and_blinks_is_below_the_bar(pipeline: FacePipeline, bar: float, astronaut: Bgr, officer: Bgr) -> None:
    assert value(alive(pipeline, astronaut, 5)) < bar
    assert value(alive(pipeline, officer, 5)) < bar


def test_the_frame_rate_hardly_changes_the_value(pipeline: FacePipeline, bar: float, astronaut: Bgr) -> None:
    fast = alive(pipeline, astronaut, 30, seconds=0.9)
    slow = [look for number, look in enumerate(fast) if number % 6 == 0]
    assert value(fast) == pytest.approx(value(slow), abs=0.03)
    adjacent = [replace(look, at=BootNs(look.at * 10)) for look in fast[:2]]
    assert value(adjacent) > bar, "frames next to each other would look like a held picture"


def test_a_door_that_asks_for_living_faces_sends_a_held_picture_to_people(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    enrolled = Gallery.build(model_id=pipeline.model_id, revision=1, people={person("ann"): pipeline.embed(officer, [face])})
    film = list(HeldPicture(officer, face.box, HANDLINGS[1], seed=4).frames(1.2, 5))
    calibration = ModelSet.load().embedder.calibration

    def passes(settings: NodeSettings) -> list[tuple[str, tuple[str, ...]]]:
        door = Doorway(pipeline, enrolled, policy_of(settings, calibration, enrolled.size))
        decided = [one for second, frame in film for one in door.step(frame, BootNs(round(second * NS)))]
        return [(one.outcome.value, one.evidence.doubts) for one in [*decided, *door.finish()]]

    assert passes(NodeSettings(pad="review")) == [("unsure", ("pad",))]
    assert passes(NodeSettings(pad="off")) == [("match", ())]


def test_looks_too_near_in_time_say_nothing(pipeline: FacePipeline, officer: Bgr) -> None:
    looks = looks_of(pipeline, [(0.0, officer), (0.1, officer), (0.29, officer), (0.3, officer)])
    assert pad_value(looks[:3]) is None
    assert value(looks) > 0.99


def test_fewer_than_two_looks_or_looks_without_chips_say_nothing(pipeline: FacePipeline, officer: Bgr) -> None:
    looks = looks_of(pipeline, [(0.0, officer), (1.0, officer)])
    assert pad_value([]) is None
    assert pad_value(looks[:1]) is None
    assert pad_value([replace(look, chip=None) for look in looks]) is None


def test_the_order_of_the_looks_does_not_matter(pipeline: FacePipeline, astronaut: Bgr) -> None:
    looks = alive(pipeline, astronaut, 5)
    assert pad_value(looks[::-1]) == pad_value(looks)


@pytest.mark.parametrize("make", [lambda chip: chip * 0, lambda chip: np.full_like(chip, 255)])
def test_garbage_has_a_finite_value_or_none(pipeline: FacePipeline, officer: Bgr, make: Callable[[Bgr], Bgr]) -> None:
    looks = looks_of(pipeline, [(0.0, officer), (0.5, officer)])
    nan = np.full_like(looks[0].embedding, np.nan)
    garbage = [replace(look, embedding=nan, chip=make(officer[:150, :150])) for look in looks]
    assert value(garbage) == 0.0, "where there is no structure nothing is like anything"
    noise = np.random.default_rng(1).integers(0, 256, (2, 150, 150, 3)).astype(np.uint8)
    assert abs(value([replace(look, chip=chip) for look, chip in zip(looks, noise, strict=True)])) < 0.5


def test_the_performer_of_the_clip_is_taken_for_living(pipeline: FacePipeline, bar: float) -> None:
    if not CLIP.is_file():
        pytest.skip("the development data (clips) is not beside the project")
    capture = cv2.VideoCapture(str(CLIP))
    frames = [np.asarray(capture.read()[1], np.uint8) for _ in range(205)]
    capture.release()
    for first in range(95, 170, 15):
        looks = looks_of(pipeline, ((number / 30, frames[first + number]) for number in range(0, 31, 6)))
        least = least_value(looks)
        assert least is not None
        assert least <= bar
