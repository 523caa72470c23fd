from uuid import UUID

import numpy as np
import pytest

from shared_schema.face.match import Gallery
from shared_schema.face.types import Embedding, Embeddings, FaceError
from shared_schema.face.vectors import encode_embedding, unit
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.ids import ModelId, PersonId

MODEL = ModelId("model-a")
ADA, BEN, CAT = (PersonId(UUID(int=number)) for number in (1, 2, 3))
AXES = np.eye(8, dtype=np.float32)


def gallery_of(**people: Embeddings) -> Gallery:
    names = {"ada": ADA, "ben": BEN, "cat": CAT}
    return Gallery.build(model_id=MODEL, revision=1, people={names[name]: rows for name, rows in people.items()})


def between(first: Embedding, second: Embedding, share: float) -> Embedding:
    return unit(first * share + second * (1 - share))


def test_the_nearest_person_and_the_next_other_person_are_found() -> None:
    gallery = gallery_of(ada=AXES[:1], ben=AXES[1:2], cat=AXES[2:3])
    best, runner_up = gallery.search(between(AXES[1], AXES[0], 0.7))
    assert best is not None
    assert runner_up is not None
    assert (best.person, runner_up.person) == (BEN, ADA)
    assert best.similarity > runner_up.similarity > 0


def test_two_templates_of_one_person_are_not_best_and_runner_up() -> None:
    gallery = gallery_of(ada=np.stack([AXES[0], between(AXES[0], AXES[1], 0.9)]), ben=AXES[2:3])
    best, runner_up = gallery.search(AXES[0])
    assert best is not None
    assert runner_up is not None
    assert (best.person, runner_up.person) == (ADA, BEN)


def test_the_nearest_template_of_a_person_counts_wherever_it_stands() -> None:
    gallery = gallery_of(ada=AXES[:3], ben=AXES[3:4])
    best, _ = gallery.search(AXES[2])
    assert best is not None
    assert best.person == ADA
    assert best.similarity == pytest.approx(1)


def test_a_gallery_of_one_has_no_runner_up() -> None:
    best, runner_up = gallery_of(ada=AXES[:1]).search(AXES[1])
    assert best is not None
    assert best.similarity == pytest.approx(0)
    assert runner_up is None


def test_an_empty_gallery_names_nobody() -> None:
    gallery = Gallery.empty(MODEL)
    assert gallery.search(AXES[0]) == (None, None)
    assert (gallery.size, gallery.revision) == (0, 0)


def test_the_same_face_is_no_more_similar_than_one() -> None:
    row = unit(np.full(8, 0.1, np.float32))
    best, _ = gallery_of(ada=row[np.newaxis]).search(row)
    assert best is not None
    assert best.similarity <= 1


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (np.full((1, 8), np.nan, np.float32), "not_finite"),
        (AXES[:1] * 2, "not_unit"),
        (AXES[:1, :4], "wrong_dimension"),
        (AXES[:0], "empty"),
    ],
)
def test_a_person_with_unusable_templates_is_refused_by_id(rows: Embeddings, code: str) -> None:
    with pytest.raises(FaceError, match=str(BEN)) as caught:
        gallery_of(ada=AXES[:1], ben=rows)
    assert caught.value.code == code


@pytest.mark.parametrize("probe", [np.full(8, np.nan, np.float32), AXES[0, :4], AXES[0] * 3])
def test_an_unusable_probe_is_refused_and_never_named(probe: Embedding) -> None:
    with pytest.raises(FaceError):
        gallery_of(ada=AXES[:1]).search(probe)


def snapshot(model: str, *people: tuple[PersonId, Embeddings]) -> GallerySnapshot:
    entries = tuple(GalleryPerson(person=person, templates=tuple(encode_embedding(row) for row in rows)) for person, rows in people)
    return GallerySnapshot(revision=7, model_id=model, dimension=8, people=entries)


def test_a_snapshot_becomes_a_gallery_of_its_revision() -> None:
    gallery = Gallery.from_snapshot(snapshot(MODEL, (ADA, AXES[:2]), (BEN, AXES[2:3])), model_id=MODEL)
    best, runner_up = gallery.search(AXES[2])
    assert gallery.revision == 7
    assert gallery.size == 2
    assert best is not None
    assert runner_up is not None
    assert (best.person, runner_up.person) == (BEN, ADA)


def test_a_snapshot_of_another_model_is_refused() -> None:
    with pytest.raises(FaceError, match="same model") as caught:
        Gallery.from_snapshot(snapshot("model-b", (ADA, AXES[:1])), model_id=MODEL)
    assert caught.value.code == "wrong_model"


def test_a_snapshot_with_a_person_twice_is_refused() -> None:
    with pytest.raises(FaceError, match="twice"):
        Gallery.from_snapshot(snapshot(MODEL, (ADA, AXES[:1]), (ADA, AXES[1:2])))


def test_an_empty_snapshot_names_nobody_and_keeps_its_revision() -> None:
    gallery = Gallery.from_snapshot(snapshot(MODEL))
    assert gallery.search(AXES[0]) == (None, None)
    assert gallery.revision == 7


def test_galleries_of_two_models_cannot_be_merged() -> None:
    other = Gallery.build(model_id=ModelId("model-b"), revision=1, people={BEN: AXES[1:2]})
    with pytest.raises(FaceError, match="different models"):
        Gallery.merge([gallery_of(ada=AXES[:1]), other], revision=2)


def test_galleries_of_one_model_merge() -> None:
    merged = Gallery.merge([gallery_of(ada=AXES[:1]), gallery_of(ben=AXES[1:2])], revision=2)
    assert (merged.size, merged.revision) == (2, 2)
    with pytest.raises(FaceError, match="two galleries"):
        Gallery.merge([gallery_of(ada=AXES[:1]), gallery_of(ada=AXES[1:2])], revision=2)


def test_among_a_hundred_thousand_people_the_right_one_is_found() -> None:
    rows = unit(np.random.default_rng(0).normal(size=(100_000, 16)))
    whole = Gallery(MODEL, 1, tuple(PersonId(UUID(int=row + 1)) for row in range(100_000)), rows, np.arange(100_000), np.arange(100_000))
    best, runner_up = whole.search(rows[77_777])
    assert best is not None
    assert runner_up is not None
    assert best.person == UUID(int=77_778)
    assert best.similarity > runner_up.similarity
