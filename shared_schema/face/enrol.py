"""Enrolment: one image becomes a sample, several samples become a template."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shared_schema.face.pipeline import FacePipeline, shrink
from shared_schema.face.types import Bgr, Embedding, Embeddings, Face, FaceError, Gate, Quality
from shared_schema.face.vectors import check_embeddings, unit

MIN_SAMPLE_FACE_PX: Final = 60
"""Width of the face's box below which a sample is refused."""
BYSTANDER: Final = 1 / 3
"""A further face narrower than this share of the main one is somebody in the background and does not count."""
LOOKED_AT_PX: Final = 1600
"""A sample is shrunk to this long side before faces are sought: the networks see no more anyway."""

_ADVICE: Final = {
    Gate.TOO_SMALL: "the face is too small; come closer or send a larger image",
    Gate.CLIPPED: "the face is cut by the edge of the image; show the whole face",
    Gate.BLURRED: "the face is blurred; hold still, wipe the lens, or send a sharper image",
    Gate.TOO_DARK: "the face is too dark; turn towards the light",
    Gate.TOO_BRIGHT: "the face is too bright; avoid direct light",
    Gate.EXTREME_POSE: "the face is turned too far; look towards the camera",
    Gate.IMPLAUSIBLE: "eyes, nose and mouth could not be made out; show the whole face, uncovered and upright",
}


@dataclass(frozen=True, slots=True)
class SampleLook:
    """What enrolment sees in an image. `face` is in pixels of `image`, which is the given one, shrunk if it was large; BGR."""

    embedding: Embedding
    quality: Quality
    face: Face
    image: Bgr
    chip: Bgr
    crop: Bgr


def look_at_sample(pipeline: FacePipeline, image: Bgr) -> SampleLook:
    """Find the one face of a sample and embed it.

    FaceError: no_face, several_faces, or the name of the gate that refuses the face (too_small, clipped, blurred, too_dark, too_bright,
    extreme_pose, implausible_landmarks). A second face counts when it is at least a third as wide as the main one.
    """
    seen = shrink(image, LOOKED_AT_PX)
    face = _only_face(pipeline.detect(seen))
    quality = pipeline.assess(seen, face, min_face_px=MIN_SAMPLE_FACE_PX)
    if quality.gate is not None:
        raise FaceError(quality.gate.value, _ADVICE[quality.gate])
    (embedding,) = pipeline.embed(seen, [face])
    return SampleLook(np.asarray(embedding), quality, face, seen, pipeline.chip(seen, face), pipeline.crop(seen, face))


def make_template(embeddings: Embeddings, *, min_own_similarity: float) -> tuple[Embedding, tuple[int, ...]]:
    """The trimmed mean of a person's samples, of unit length, and the rows that were set aside as unlike the others.

    A row is set aside when its similarity to the mean of the *other* kept rows is below `min_own_similarity`, the most unlike first. With
    fewer than three rows nobody can say which of them is the odd one, so all are kept.
    """
    if len(embeddings) == 0:
        raise FaceError("empty", "a template needs at least one sample; enrol one")
    rows = check_embeddings(embeddings, embeddings.shape[-1])
    kept = list(range(len(rows)))
    while len(kept) >= 3:
        similarities = _own_similarities(rows[kept])
        worst = int(similarities.argmin())
        if similarities[worst] >= min_own_similarity:
            break
        del kept[worst]
    dropped = tuple(index for index in range(len(rows)) if index not in kept)
    return unit(rows[kept].mean(0, dtype=np.float64)), dropped


def _own_similarities(rows: Embeddings) -> Embeddings:
    """Similarity of each row to the mean of all others."""
    others = unit(rows.sum(0) - rows)
    return np.asarray((rows * others).sum(1), np.float32)


def _only_face(faces: tuple[Face, ...]) -> Face:
    if not faces:
        raise FaceError("no_face", "no face was found; send an image with one face, upright, well lit and looking at the camera")
    main = max(faces, key=lambda face: face.box.width)
    count = sum(face.box.width >= main.box.width * BYSTANDER for face in faces)
    if count > 1:
        raise FaceError("several_faces", f"{count} faces were found; send an image with only the person to be enrolled")
    return main
