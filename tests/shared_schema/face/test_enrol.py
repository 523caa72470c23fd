import cv2
import numpy as np
import pytest

from shared_schema.face.enrol import _ADVICE, look_at_sample, make_template
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Embedding, FaceError, Gate
from shared_schema.face.vectors import unit
from tests.shared_schema.face.pictures import scaled


def code_of(pipeline: FacePipeline, image: Bgr) -> str:
    with pytest.raises(FaceError) as caught:
        look_at_sample(pipeline, image)
    return caught.value.code


def beside(officer: Bgr, astronaut: Bgr, width_px: int) -> Bgr:
    """The officer with the astronaut's head beside him, that many pixels wide."""
    head = astronaut[0:260, 100:330]
    small = cv2.resize(head, (width_px, round(260 * width_px / 230)), interpolation=cv2.INTER_AREA)
    both = np.full((officer.shape[0], officer.shape[1] + width_px, 3), 128, np.uint8)
    both[:, : officer.shape[1]] = officer
    both[100 : 100 + small.shape[0], officer.shape[1] :] = small
    return both


def test_a_portrait_becomes_a_sample(pipeline: FacePipeline, officer: Bgr) -> None:
    look = look_at_sample(pipeline, officer)
    assert look.embedding.shape == (pipeline.dimension,)
    assert look.embedding.dtype == np.float32
    assert np.linalg.norm(look.embedding) == pytest.approx(1, abs=1e-5)
    assert look.chip.shape == (150, 150, 3)
    assert max(look.crop.shape) <= 320
    assert look.quality.gate is None


def test_a_huge_photograph_gives_nearly_the_same_embedding(pipeline: FacePipeline, officer: Bgr) -> None:
    huge = scaled(officer, 5)
    assert float(look_at_sample(pipeline, huge).embedding @ look_at_sample(pipeline, officer).embedding) > 0.98


def test_an_image_without_a_face_is_refused(pipeline: FacePipeline) -> None:
    assert code_of(pipeline, np.full((300, 300, 3), 120, np.uint8)) == "no_face"


def test_two_people_are_refused_with_their_number(pipeline: FacePipeline, officer: Bgr, astronaut: Bgr) -> None:
    with pytest.raises(FaceError, match="2 faces") as caught:
        look_at_sample(pipeline, beside(officer, astronaut, 300))
    assert caught.value.code == "several_faces"


def test_somebody_small_in_the_background_does_not_count(pipeline: FacePipeline, officer: Bgr, astronaut: Bgr) -> None:
    large = scaled(officer, 1.5)
    picture = beside(large, astronaut, 190)
    assert len(pipeline.detect(picture)) == 2
    alone, accompanied = look_at_sample(pipeline, large), look_at_sample(pipeline, picture)
    assert float(alone.embedding @ accompanied.embedding) > 0.98


def test_a_tiny_face_is_too_small(pipeline: FacePipeline, officer: Bgr) -> None:
    assert code_of(pipeline, scaled(officer, 0.2)) == "too_small"


def test_every_refusal_says_what_to_do(pipeline: FacePipeline, officer: Bgr) -> None:
    with pytest.raises(FaceError, match="send a larger image"):
        look_at_sample(pipeline, scaled(officer, 0.2))


def test_no_gate_is_without_advice() -> None:
    assert set(_ADVICE) == set(Gate)
    assert all(";" in advice for advice in _ADVICE.values())


AXES = np.eye(16, dtype=np.float32)


def near(axis: int, towards: int, share: float = 0.15) -> Embedding:
    return unit(AXES[axis] * (1 - share) + AXES[towards] * share)


def test_a_template_is_the_mean_of_unit_length() -> None:
    template, dropped = make_template(np.stack([near(0, 1), near(0, 2)]), min_own_similarity=0.9)
    assert np.linalg.norm(template) == pytest.approx(1, abs=1e-6)
    assert template[1] == pytest.approx(template[2])
    assert dropped == ()


def test_a_sample_unlike_the_others_is_set_aside() -> None:
    rows = np.stack([near(0, 1), AXES[9], near(0, 2), near(0, 3)])
    template, dropped = make_template(rows, min_own_similarity=0.9)
    assert dropped == (1,)
    assert template[9] == pytest.approx(0)


def test_of_two_unlike_samples_neither_is_called_the_odd_one() -> None:
    _, dropped = make_template(AXES[:2], min_own_similarity=0.9)
    assert dropped == ()


def test_no_samples_make_no_template() -> None:
    with pytest.raises(FaceError, match="at least one sample"):
        make_template(AXES[:0], min_own_similarity=0.9)


def test_a_broken_sample_is_refused() -> None:
    with pytest.raises(FaceError):
        make_template(np.stack([AXES[0], np.full(16, np.nan, np.float32)]), min_own_similarity=0.9)
