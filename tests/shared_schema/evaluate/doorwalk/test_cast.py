from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from shared_schema.evaluate.doorwalk.cast import Candidate, candidates, pair_up, person_id, prepare
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import FaceError
from tests.shared_schema.evaluate.doorwalk.walkers import person, walker


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return FacePipeline(ModelSet.load())


@pytest.fixture
def astronaut(tmp_path: Path) -> Path:
    """Seven pictures of one person (public domain, NASA); the second is broken, the third shows nobody, the fourth her twice."""
    face = np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), np.uint8)[0:250, 110:360]  # type: ignore[no-untyped-call]
    empty = np.full((250, 250, 3), 128, np.uint8)
    pictures = [face, None, empty, np.hstack([face, face]), face[:, ::-1], cv2.convertScaleAbs(face, alpha=0.8), cv2.blur(face, (2, 2))]
    (tmp_path / "Astro_Naut").mkdir()
    for number, picture in enumerate(pictures, 1):
        path = tmp_path / "Astro_Naut" / f"Astro_Naut_{number:04d}.jpg"
        if picture is None:
            path.write_bytes(b"\xff\xd8\xff no picture")
        else:
            cv2.imwrite(str(path), np.ascontiguousarray(picture))
    return tmp_path


def candidate(samples: int) -> Candidate:
    return Candidate("Astro_Naut", tuple(f"Astro_Naut/Astro_Naut_{number:04d}.jpg" for number in range(1, 8)), samples)


def people(*counts: int) -> dict[str, tuple[str, ...]]:
    return {f"P{at}": tuple(f"P{at}/P{at}_{number:04d}.jpg" for number in range(count)) for at, count in enumerate(counts)}


def test_who_is_enrolled_walks_with_other_images_and_unusable_ones_are_passed_over(pipeline: FacePipeline, astronaut: Path) -> None:
    member = prepare(pipeline, astronaut, candidate(1))
    assert member is not None
    assert member.samples.shape == (1, pipeline.dimension)
    assert [portrait.image[-8:-4] for portrait in member.walker.portraits] == ["0005", "0006", "0007"]
    assert member.walker.enrolled


def test_who_has_too_few_images_left_to_walk_with_takes_no_part(pipeline: FacePipeline, astronaut: Path) -> None:
    assert prepare(pipeline, astronaut, candidate(2)) is None


def test_a_stranger_walks_with_every_image_that_shows_them_alone(pipeline: FacePipeline, astronaut: Path) -> None:
    member = prepare(pipeline, astronaut, candidate(0))
    assert member is not None
    assert len(member.walker.portraits) == 4
    assert not member.walker.enrolled
    assert len(member.samples) == 0


def test_only_who_has_enough_images_may_be_enrolled_and_the_draw_follows_the_seed() -> None:
    able, everybody = candidates(people(7, 2, 5, 6, 9), 3, 3, seed=1)
    assert {one.name for one in able} == {"P0", "P3", "P4"}
    assert len(everybody) == 5
    assert (able, everybody) == candidates(people(7, 2, 5, 6, 9), 3, 3, seed=1)
    assert candidates(people(7, 2, 5, 6, 9), 3, 3, seed=2) != (able, everybody)


def test_too_few_people_are_refused_with_their_number() -> None:
    with pytest.raises(FaceError, match="3 of 5 people have the 6 images") as refused:
        candidates(people(7, 2, 5, 6, 9), 4, 3, seed=1)
    assert refused.value.code == "too_few_people"


def test_everybody_walks_once_and_the_stated_share_comes_in_twos() -> None:
    walkers = [walker(f"P{number}") for number in range(50)]
    clips = pair_up(walkers, 0.2, seed=3)
    assert sorted(one.name for clip in clips for one in clip) == sorted(one.name for one in walkers)
    assert [len(clip) for clip in clips].count(2) == 5
    assert clips == pair_up(walkers, 0.2, seed=3)
    assert clips != pair_up(walkers, 0.2, seed=4)


def test_a_persons_id_follows_from_the_name() -> None:
    assert person_id("Ann") == person("Ann") != person_id("Ben")
