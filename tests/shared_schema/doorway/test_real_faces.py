"""The doorway with the real pipeline: public-domain portraits walk up to a door, and a clip of a stage."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from skimage import data

from shared_schema.doorway import Doorway, PassDecided, policy_of
from shared_schema.face.enrol import look_at_sample
from shared_schema.face.images import decode_image
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, FaceError
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings
from tests.shared_schema.doorway.fakes import gist, person

DATA = Path(__file__).parents[3] / "../shared/data"
STEP_NS = 200_000_000


@pytest.fixture(scope="module")
def model_set() -> ModelSet:
    return ModelSet.load()


@pytest.fixture(scope="module")
def pipeline(model_set: ModelSet) -> FacePipeline:
    return FacePipeline(model_set, threads=1)


@pytest.fixture(scope="module")
def astronaut() -> Bgr:
    return np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), np.uint8)[:300, 100:350]  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def officer() -> Bgr:
    return np.asarray(cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg")), np.uint8)[:450, 110:430]


def portrait_at(portrait: Bgr, height: int, left: int) -> Bgr:
    frame = np.full((360, 640, 3), 110, np.uint8)
    frame[::16] = 90
    width = round(portrait.shape[1] * height / portrait.shape[0])
    frame[340 - height : 340, left : left + width] = cv2.resize(portrait, (width, height), interpolation=cv2.INTER_AREA)
    return frame


def approach(portrait: Bgr, *, left: int = 60) -> Iterator[Bgr]:
    for step in range(6):
        yield portrait_at(portrait, 200 + 20 * step, left + 6 * step)
    for _ in range(9):
        yield portrait_at(portrait, 1, 0)


def gallery_of(pipeline: FacePipeline, people: dict[str, Bgr]) -> Gallery:
    rows = {}
    for name, portrait in people.items():
        rows[person(name)] = look_at_sample(pipeline, portrait).embedding[np.newaxis]
    return Gallery.build(model_id=pipeline.model_id, revision=1, people=rows)


def passes_of(
    frames: Iterator[Bgr], pipeline: FacePipeline, gallery: Gallery, model_set: ModelSet, *, step_ns: int = STEP_NS
) -> list[PassDecided]:
    policy = policy_of(NodeSettings(), model_set.embedder.calibration, gallery.size)
    doorway = Doorway(pipeline, gallery, policy)
    passes = [decided for number, frame in enumerate(frames) for decided in doorway.step(frame, BootNs(number * step_ns))]
    return [*passes, *doorway.finish()]


def test_who_is_enrolled_is_named(pipeline: FacePipeline, model_set: ModelSet, astronaut: Bgr) -> None:
    passes = passes_of(approach(astronaut), pipeline, gallery_of(pipeline, {"astronaut": astronaut}), model_set)
    assert gist(passes) == [("match", person("astronaut"))]


def test_who_is_not_enrolled_is_not_named(pipeline: FacePipeline, model_set: ModelSet, astronaut: Bgr, officer: Bgr) -> None:
    passes = passes_of(approach(officer), pipeline, gallery_of(pipeline, {"astronaut": astronaut}), model_set)
    assert gist(passes) == [("unknown", None)]


def test_two_who_come_together_are_two_passes(pipeline: FacePipeline, model_set: ModelSet, astronaut: Bgr, officer: Bgr) -> None:
    def together() -> Iterator[Bgr]:
        for one, other in zip(approach(astronaut, left=20), approach(officer, left=340), strict=True):
            yield np.hstack([one[:, :320], other[:, 320:]])

    passes = passes_of(together(), pipeline, gallery_of(pipeline, {"astronaut": astronaut}), model_set)
    assert sorted(gist(passes), key=str) == [("match", person("astronaut")), ("unknown", None)]


def crossing(nearer: Bgr, farther: Bgr) -> Iterator[Bgr]:
    """One walks from left to right before the other, who comes the opposite way and is hidden for some frames."""
    for step in range(14):
        frame = portrait_at(farther, 200, 400 - 27 * step)
        front = cv2.resize(nearer, (240, round(nearer.shape[0] * 240 / nearer.shape[1])), interpolation=cv2.INTER_AREA)[:340]
        left = 20 + 27 * step
        frame[360 - len(front) :, left : left + 240] = front[:, : 640 - left]
        yield frame
    for _ in range(9):
        yield portrait_at(nearer, 1, 0)


def test_two_who_cross_are_two_passes_with_the_right_names(
    pipeline: FacePipeline, model_set: ModelSet, astronaut: Bgr, officer: Bgr
) -> None:
    gallery = gallery_of(pipeline, {"astronaut": astronaut, "officer": officer})
    passes = passes_of(crossing(officer, astronaut), pipeline, gallery, model_set)
    assert sorted(gist(passes)) == sorted([("match", person("astronaut")), ("match", person("officer"))])


def test_strangers_who_cross_are_two_passes(pipeline: FacePipeline, model_set: ModelSet, astronaut: Bgr, officer: Bgr) -> None:
    passes = passes_of(crossing(officer, astronaut), pipeline, Gallery.empty(pipeline.model_id), model_set)
    assert gist(passes) == [("unknown", None), ("unknown", None)]


def test_a_stranger_who_goes_and_comes_back_is_one_visit(pipeline: FacePipeline, model_set: ModelSet, astronaut: Bgr, officer: Bgr) -> None:
    twice = [*approach(officer), *[portrait_at(officer, 1, 0)] * 20, *approach(officer, left=300)]
    passes = passes_of(iter(twice), pipeline, gallery_of(pipeline, {"astronaut": astronaut}), model_set)
    assert gist(passes) == [("unknown", None)]


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_on_a_real_clip_the_performer_is_named_once_and_nobody_else(pipeline: FacePipeline, model_set: ModelSet, every: int) -> None:
    clip = DATA / "clips" / "press-event.mp4"
    if not clip.exists():
        pytest.skip("the development clip is not here")
    portraits = {"performer": decode_image((DATA / "portraits" / "lin-manuel-miranda.png").read_bytes())}
    portraits |= _eight_others(pipeline)
    gallery = gallery_of(pipeline, portraits)
    passes = passes_of(_frames(clip, every=every), pipeline, gallery, model_set, step_ns=every * STEP_NS // 6)
    assert [who for outcome, who in gist(passes) if outcome == "match"] == [person("performer")]


def _eight_others(pipeline: FacePipeline) -> dict[str, Bgr]:
    others: dict[str, Bgr] = {}
    for folder in sorted((DATA / "lfw-dev" / "images").iterdir())[::40]:
        image = decode_image(min(folder.iterdir()).read_bytes())
        try:
            look_at_sample(pipeline, image)
        except FaceError:
            continue
        others[folder.name] = image
        if len(others) == 8:
            break
    return others


def _frames(clip: Path, *, every: int) -> Iterator[Bgr]:
    capture = cv2.VideoCapture(str(clip))
    number = 0
    while capture.grab():
        if number % every == 0:
            yield np.asarray(capture.retrieve()[1], np.uint8)
        number += 1
    capture.release()
