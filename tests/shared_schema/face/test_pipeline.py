import json
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box, Face
from shared_schema.ids import PersonId
from tests.shared_schema.face.pictures import scaled

GOLDEN = Path(__file__).parent / "golden.json"
"""Embeddings and landmarks of two public-domain portraits, numbers only: they pin the pipeline on every processor."""


def test_golden_embeddings_hold(pipeline: FacePipeline, astronaut: Bgr, officer: Bgr) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["model_id"] == pipeline.model_id
    for name, image in (("astronaut", astronaut), ("officer", officer)):
        (face,) = pipeline.detect(image)
        (embedding,) = pipeline.embed(image, [face])
        assert np.abs(face.landmarks - np.array(golden[name]["landmarks"])).max() < 0.5
        assert float(embedding @ np.array(golden[name]["embedding"], np.float32)) > 0.999


def test_an_embedding_is_that_of_the_mirror_image(pipeline: FacePipeline, officer: Bgr) -> None:
    mirrored = np.ascontiguousarray(officer[:, ::-1])
    (one,), (other,) = (pipeline.embed(image, pipeline.detect(image)) for image in (officer, mirrored))
    assert float(one @ other) > 0.99


def test_two_people_are_told_apart_and_one_is_known_again(pipeline: FacePipeline, astronaut: Bgr, officer: Bgr) -> None:
    ada, ben = (PersonId(UUID(int=number)) for number in (1, 2))
    people = {ada: pipeline.embed(astronaut, pipeline.detect(astronaut)), ben: pipeline.embed(officer, pipeline.detect(officer))}
    gallery = Gallery.build(model_id=pipeline.model_id, revision=1, people=people)
    small = scaled(officer, 0.5)
    dim = (small * 0.7).astype(np.uint8)
    best, runner_up = gallery.search(pipeline.embed(dim, pipeline.detect(dim))[0])
    assert best is not None
    assert runner_up is not None
    assert best.person == ben
    assert best.similarity > 0.95 > runner_up.similarity


def test_embeddings_are_unit_rows_one_per_face(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    rows = pipeline.embed(officer, [face, face])
    assert rows.shape == (2, pipeline.dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert pipeline.embed(officer, []).shape == (0, pipeline.dimension)


def test_several_faces_together_have_the_embeddings_that_each_has_alone(pipeline: FacePipeline, astronaut: Bgr, officer: Bgr) -> None:
    frame = np.full((900, 1100, 3), 100, np.uint8)
    frame[:600, :512] = officer
    frame[:512, 550:1062] = astronaut
    faces = pipeline.detect(frame)
    assert len(faces) == 2
    chips = [pipeline.chip(frame, face) for face in faces]
    together = pipeline.embed(frame, [*faces, faces[0]])
    alone = [pipeline.embed(frame, [face], [chip])[0] for face, chip in zip(faces, chips, strict=True)]
    assert np.allclose(together, [*alone, alone[0]], atol=1e-5)
    assert float(together[0] @ together[1]) < 0.95


def test_a_chip_at_hand_gives_the_same_quality(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    chip = pipeline.chip(officer, face)
    assert pipeline.assess(officer, face, min_face_px=40, chip=chip) == pipeline.assess(officer, face, min_face_px=40)


def test_a_crop_shows_the_head_within_the_frame(pipeline: FacePipeline, officer: Bgr) -> None:
    (face,) = pipeline.detect(officer)
    crop = pipeline.crop(officer, face)
    assert max(crop.shape[:2]) <= 320
    assert min(crop.shape[:2]) > 150
    assert len(pipeline.detect(crop)) == 1


@pytest.mark.parametrize("box", [Box(-300, -300, 100, 100), Box(5000, 5000, 10, 10), Box(0, 0, 1, 1)])
def test_a_crop_of_a_face_at_or_beyond_the_edge_is_never_empty(pipeline: FacePipeline, officer: Bgr, box: Box) -> None:
    crop = pipeline.crop(officer, Face(box, np.zeros((6, 2), np.float32), 0.5))
    assert crop.size > 0
