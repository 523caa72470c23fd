from dataclasses import replace

import numpy as np
import pytest

from shared_schema.face.align import FACE_SHAPE
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.quality import assess, clipped_share
from shared_schema.face.types import Bgr, Box, Face, Gate, Quality
from tests.shared_schema.face.pictures import scaled, smeared


def looked_at(pipeline: FacePipeline, frame: Bgr, min_face_px: int = 60) -> Quality:
    (face,) = pipeline.detect(frame)
    return pipeline.assess(frame, face, min_face_px=min_face_px)


def test_a_good_portrait_passes_every_gate(pipeline: FacePipeline, officer: Bgr) -> None:
    quality = looked_at(pipeline, officer)
    assert quality.gate is None
    assert quality.value > 0.4


def test_a_face_below_the_asked_size_is_too_small(pipeline: FacePipeline, officer: Bgr) -> None:
    assert looked_at(pipeline, officer, min_face_px=400).gate is Gate.TOO_SMALL


def test_a_face_cut_by_the_edge_is_clipped(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    cut = np.ascontiguousarray(officer[:, int(face.box.left + face.box.width * 0.15) :])
    shifted = replace(face, box=Box(-face.box.width * 0.15, face.box.top, face.box.width, face.box.height))
    assert pipeline.assess(cut, shifted, min_face_px=60).gate is Gate.CLIPPED


def test_a_smeared_face_is_blurred(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    soft = smeared(officer, 14)
    assert pipeline.assess(soft, face, min_face_px=60).gate is Gate.BLURRED


def test_a_dark_face_is_too_dark_and_a_glaring_one_too_bright(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    dark = (officer * 0.05).astype(np.uint8)
    glaring = np.clip(officer.astype(np.int32) + 200, 0, 255).astype(np.uint8)
    assert pipeline.assess(dark, face, min_face_px=60).gate is Gate.TOO_DARK
    assert pipeline.assess(glaring, face, min_face_px=60).gate is Gate.TOO_BRIGHT


def test_a_dim_face_is_neither_blurred_nor_too_dark(pipeline: FacePipeline, officer: Bgr) -> None:
    dim = (officer * 0.15).astype(np.uint8)
    quality = looked_at(pipeline, dim)
    assert quality.gate is None
    assert quality.brightness < 25


def test_a_light_face_that_is_not_burnt_out_is_not_too_bright(pipeline: FacePipeline, officer: Bgr) -> None:
    light = (200 + officer * 0.19).astype(np.uint8)
    quality = looked_at(pipeline, light)
    assert quality.brightness > 215
    assert quality.gate is None


def with_landmarks(face: Face, **moves: tuple[float, float]) -> Face:
    names = ("right_eye", "left_eye", "nose", "mouth")
    landmarks = face.landmarks.copy()
    for name, move in moves.items():
        landmarks[names.index(name)] += move
    return replace(face, landmarks=landmarks)


def test_a_nose_beside_the_eyes_is_an_extreme_pose(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    apart = float(face.landmarks[1][0] - face.landmarks[0][0])
    assert pipeline.assess(officer, with_landmarks(face, nose=(apart, 0)), min_face_px=60).gate is Gate.EXTREME_POSE


@pytest.mark.parametrize("moves", [{"mouth": (0, -120)}, {"nose": (0, 200)}, {"mouth": (0, 400)}])
def test_a_mouth_above_the_nose_or_far_away_is_implausible(
    pipeline: FacePipeline, officer: Bgr, moves: dict[str, tuple[float, float]]
) -> None:
    (face,) = pipeline.detect(officer)
    assert pipeline.assess(officer, with_landmarks(face, **moves), min_face_px=60).gate is Gate.IMPLAUSIBLE


def test_eyes_on_one_spot_are_implausible(officer: Bgr) -> None:
    face = Face(Box(10, 10, 100, 100), np.full((6, 2), 50, np.float32), 0.9)
    chip = np.zeros((150, 150, 3), np.uint8)
    quality = assess(officer, face, chip, FACE_SHAPE, min_face_px=60)
    assert quality.gate is Gate.IMPLAUSIBLE


def test_a_larger_sharper_look_is_worth_more(pipeline: FacePipeline, officer: Bgr) -> None:
    small = scaled(officer, 0.4)
    soft = smeared(officer, 5)
    best = looked_at(pipeline, officer).value
    assert best > looked_at(pipeline, small).value > 0
    assert best > looked_at(pipeline, soft).value > 0


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(10, 10, 50, 50), 0.0),
        (Box(-25, 10, 50, 50), 0.5),
        (Box(75, 75, 50, 50), 0.75),
        (Box(300, 0, 50, 50), 1.0),
        (Box(0, 0, 0, 0), 1.0),
    ],
)
def test_the_clipped_share_is_the_area_outside(box: Box, share: float) -> None:
    assert clipped_share(box, 100, 100) == pytest.approx(share)


def test_what_shows_no_mesh_of_a_face_is_implausible(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    assert pipeline.assess(officer, face, min_face_px=60).gate is None
    assert pipeline.assess(officer, replace(face, mesh=None), min_face_px=60).gate is Gate.IMPLAUSIBLE


def test_a_chip_without_a_mesh_shows_about_the_same(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    one, other = pipeline.embed(officer, [face, replace(face, mesh=None)])
    assert float(one @ other) > 0.95
