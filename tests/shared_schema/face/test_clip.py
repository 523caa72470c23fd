"""A real door's worth of trouble: stage light, several people, one enrolled by a single portrait."""

from collections import Counter
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest

from shared_schema.face.enrol import look_at_sample
from shared_schema.face.images import decode_image
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Embeddings, FaceError
from shared_schema.ids import PersonId

DATA = Path(__file__).parents[3] / "../shared/data"
PERFORMER = PersonId(UUID(int=1))


@pytest.fixture(scope="module")
def gallery(pipeline: FacePipeline) -> Gallery:
    """The performer and eight strangers to the clip, one sample each."""
    portrait = DATA / "portraits" / "lin-manuel-miranda.png"
    if not portrait.is_file() or not (DATA / "lfw-dev" / "images").is_dir():
        pytest.skip("the development data (portraits, lfw-dev) is not beside the project")
    people: dict[PersonId, Embeddings] = {PERFORMER: look_at_sample(pipeline, decode_image(portrait.read_bytes())).embedding[np.newaxis]}
    for path in sorted((DATA / "lfw-dev" / "images").glob("[B-Z]*/*_0001.jpg"))[::40]:
        try:
            people[PersonId(UUID(int=len(people) + 1))] = look_at_sample(pipeline, decode_image(path.read_bytes())).embedding[np.newaxis]
        except FaceError:
            continue
        if len(people) == 9:
            break
    return Gallery.build(model_id=pipeline.model_id, revision=1, people=people)


def test_one_portrait_names_the_performer_and_nobody_else(pipeline: FacePipeline, model_set: ModelSet, gallery: Gallery) -> None:
    clip = DATA / "clips" / "press-event.mp4"
    if not clip.is_file():
        pytest.skip("the development clip is not beside the project")
    bar = model_set.embedder.calibration.min_similarity(strangers_named_one_in=1000, gallery_size=gallery.size)
    named: Counter[PersonId] = Counter()
    video = cv2.VideoCapture(str(clip))
    index = 0
    while video.grab():
        if index % 6 == 0:
            frame = np.asarray(video.retrieve()[1], np.uint8)
            faces = [face for face in pipeline.detect(frame) if pipeline.assess(frame, face, min_face_px=60).gate is None]
            for embedding in pipeline.embed(frame, faces):
                best, _ = gallery.search(embedding)
                if best is not None and best.similarity >= bar:
                    named[PersonId(best.person)] += 1
        index += 1
    assert set(named) == {PERFORMER}
