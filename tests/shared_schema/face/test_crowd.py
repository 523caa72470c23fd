import numpy as np
import pytest

from shared_schema.face.calibration import Calibration
from shared_schema.face.crowd import LEAST_EXCESS, PEOPLE_EACH, Crowd, decoded, encoded, make_crowd, nearness
from shared_schema.face.manifest import ModelSet
from shared_schema.face.types import Embeddings, FaceError
from shared_schema.face.vectors import unit

DIMENSION = 16


def strangers(count: int, *, common: float = 1.0, seed: int = 0) -> Embeddings:
    """Made-up people: the more `common`, the more they are alike."""
    random = np.random.default_rng(seed)
    return unit(random.normal(size=(count, DIMENSION)) + common * np.eye(DIMENSION)[0] * 3)


def test_a_face_like_many_must_come_closer_than_a_rare_one() -> None:
    crowd = make_crowd(strangers(400))
    common, rare = crowd.excess(np.stack([unit(strangers(400).sum(0)), -np.eye(DIMENSION, dtype=np.float32)[0]]))
    assert common > 0 > rare


def test_the_bar_hardly_comes_down_for_what_is_no_face() -> None:
    crowd = make_crowd(strangers(400))
    assert crowd.excess(-crowd.means[:1])[0] == pytest.approx(LEAST_EXCESS)


def test_people_who_are_no_part_of_the_crowd_have_no_excess_on_the_whole() -> None:
    crowd = make_crowd(strangers(800))
    unseen = strangers(800, seed=1)
    assert abs(float(nearness(unseen, crowd.means, crowd.nearest).mean()) - crowd.usual) < 0.02


def test_nobody_stands_in_the_crowd_as_they_are() -> None:
    people = strangers(200)
    crowd = make_crowd(people)
    assert len(crowd.means) == len(people) // PEOPLE_EACH
    assert float((people @ crowd.means.T).max()) < 0.999


def test_a_crowd_survives_being_stored() -> None:
    means = make_crowd(strangers(100)).means
    assert np.abs(decoded(encoded(means), "crowd.npy", DIMENSION) - means).max() < 1e-3


@pytest.mark.parametrize("content", [b"", b"garbage", encoded(np.ones((3, 4), np.float32))])
def test_what_is_no_crowd_is_refused(content: bytes) -> None:
    with pytest.raises(FaceError) as caught:
        decoded(content, "crowd.npy", DIMENSION)
    assert caught.value.code == "bad_manifest"


def test_a_handful_of_people_is_no_crowd() -> None:
    with pytest.raises(FaceError, match="give at least"):
        make_crowd(strangers(20))


def test_probes_of_another_length_or_without_length_are_refused() -> None:
    crowd = make_crowd(strangers(100))
    for probes in (np.ones((1, DIMENSION), np.float32), np.zeros((1, 8), np.float32), np.full((1, DIMENSION), np.nan, np.float32)):
        with pytest.raises(FaceError):
            crowd.excess(probes)


def test_the_shipped_embedder_has_a_crowd_and_doors_compare_with_it(model_set: ModelSet) -> None:
    calibration = model_set.embedder.calibration
    crowd = model_set.embedder.crowd
    assert isinstance(crowd, Crowd)
    assert calibration.excess(crowd.means[:5]).shape == (5,)
    assert calibration.door_similarity(strangers_named_one_in=1000, gallery_size=100) < calibration.min_similarity(
        strangers_named_one_in=1000, gallery_size=100
    )


def test_without_a_crowd_doors_compare_plain_similarities(model_set: ModelSet) -> None:
    stored = model_set.embedder.calibration.model_dump(exclude={"crowd"})
    plain = Calibration.model_validate(stored)
    assert plain.door_similarity(strangers_named_one_in=1000, gallery_size=100) == plain.min_similarity(
        strangers_named_one_in=1000, gallery_size=100
    )
    assert not plain.excess(strangers(3)).any()
