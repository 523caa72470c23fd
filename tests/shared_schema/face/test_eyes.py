from pathlib import Path

import numpy as np
import pytest

from shared_schema.face.challenge import Blink, Seen, State
from shared_schema.face.eyes import EyeLandmarks
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, FaceError, MeshPoints
from tests.shared_schema.face.puppet import blinking


@pytest.fixture(scope="module")
def eyes(model_set: ModelSet) -> EyeLandmarks:
    return EyeLandmarks.load(model_set)


@pytest.fixture(scope="module")
def portrait(astronaut: Bgr) -> Bgr:
    return np.ascontiguousarray(astronaut[:300, 60:380])


@pytest.fixture(scope="module")
def mesh(pipeline: FacePipeline, portrait: Bgr) -> MeshPoints:
    found = pipeline.detect(portrait)[0].mesh
    assert found is not None
    return found


def test_lids_drawn_over_the_eyes_narrow_them(eyes: EyeLandmarks, portrait: Bgr, mesh: MeshPoints) -> None:
    gaps = [min(eyes.openness(blinking(portrait, mesh, closed), mesh)) for closed in (0, 0.5, 0.75, 1)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.2
    assert gaps[-1] < 0.12


def test_both_eyes_of_a_mirrored_portrait_are_as_open_as_they_were(pipeline: FacePipeline, eyes: EyeLandmarks, portrait: Bgr) -> None:
    straight, mirrored = portrait, np.ascontiguousarray(portrait[:, ::-1])
    first, second = ((pipeline.detect(picture)[0].mesh, picture) for picture in (straight, mirrored))
    assert first[0] is not None
    assert second[0] is not None
    right, left = eyes.openness(first[1], first[0])
    assert eyes.openness(second[1], second[0]) == pytest.approx((left, right), abs=0.04)


def test_a_portrait_whose_lids_close_and_open_blinks_and_a_still_one_does_not(
    pipeline: FacePipeline, eyes: EyeLandmarks, portrait: Bgr, mesh: MeshPoints
) -> None:
    def state(closings: list[float]) -> State:
        blink = Blink()
        for number, closed in enumerate(closings):
            frame = blinking(portrait, mesh, closed) if closed else portrait
            (face,) = pipeline.detect(frame)
            assert face.mesh is not None
            blink.feed(number * 100_000_000, Seen.cut(frame, face.mesh, eyes.openness(frame, face.mesh)))
        return blink.state

    assert state([0, 0, 0, 0, 0, 0.6, 1, 0.6, 0, 0]) is State.PASSED
    assert state([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) is State.WAITING


def test_a_mesh_of_another_shape_is_refused(eyes: EyeLandmarks, portrait: Bgr, mesh: MeshPoints) -> None:
    with pytest.raises(FaceError) as caught:
        eyes.openness(portrait, mesh[:6])
    assert caught.value.code == "wrong_shape"


def test_a_set_without_eyes_says_so(model_set: ModelSet) -> None:
    manifest = model_set.manifest.model_copy(update={"eyes": None})
    with pytest.raises(FaceError) as caught:
        EyeLandmarks.load(ModelSet(Path("somewhere"), manifest, model_set.contents))
    assert caught.value.code == "no_landmarks"


def test_another_model_in_the_place_of_the_eyes_is_refused(model_set: ModelSet) -> None:
    file = model_set.manifest.eyes
    assert file is not None
    with pytest.raises(FaceError) as caught:
        EyeLandmarks(file, model_set.contents[model_set.manifest.near.file])
    assert caught.value.code == "bad_manifest"
