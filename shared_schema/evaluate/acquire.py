"""Embeds collections of images with the product's own pipeline."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from shared_schema.evaluate.lfw import Image
from shared_schema.face.images import decode_image
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Embedding, Face, FaceError

Embedded = dict[Image, Embedding]
"""What could be embedded; an image that is missing here is a failure to acquire."""

_BATCH = 32


def embed_images(folder: Path, images: Iterable[Image], models: Path | None = None) -> Embedded:
    """Embed the main face of every image, on two processes where there are two cores. A broken or faceless image is left out."""
    ModelSet.load(models)  # a bad model set is reported here, once, and not by every process
    wanted = sorted(set(images))
    batches = [wanted[at : at + _BATCH] for at in range(0, len(wanted), _BATCH)]
    workers = min(2, len(os.sched_getaffinity(0)), len(batches))
    if workers < 2:
        found = _join(map(embedder_for(folder, models), batches))
    else:
        with multiprocessing.get_context("spawn").Pool(workers, _prepare, (folder, models)) as pool:
            found = _join(pool.imap_unordered(_embed_batch, batches))
    if not found:
        raise FaceError("no_face", f"no face was found in any of the {len(wanted)} images of {folder}; check the folder")
    return found


def embedder_for(folder: Path, models: Path | None) -> Callable[[Sequence[Image]], Embedded]:
    """A function that embeds a batch of images in this process."""
    return partial(_embed_all, FacePipeline(ModelSet.load(models), threads=1), folder)


def main_face(faces: Sequence[Face], image: Bgr) -> Face:
    """The large face near the middle: width less twice the distance from the image's centre."""
    high, wide = image.shape[:2]

    def weight(face: Face) -> float:
        box = face.box
        away = np.hypot(box.left + box.width / 2 - wide / 2, box.top + box.height / 2 - high / 2)
        return float(box.width - 2 * away)

    return max(faces, key=weight)


def _embed_all(pipeline: FacePipeline, folder: Path, images: Sequence[Image]) -> Embedded:
    found: Embedded = {}
    for name in images:
        try:
            image = decode_image((folder / name).read_bytes())
        except (FaceError, OSError):
            continue
        faces = pipeline.detect(image)
        if faces:
            found[name] = np.asarray(pipeline.embed(image, [main_face(faces, image)])[0])
    return found


def _join(parts: Iterable[Embedded]) -> Embedded:
    joined: Embedded = {}
    for part in parts:
        joined.update(part)
    return joined


_worker: list[Callable[[Sequence[Image]], Embedded]] = []
"""The embedder of this worker process, made once when it starts."""


def _prepare(folder: Path, models: Path | None) -> None:
    _worker[:] = [embedder_for(folder, models)]


def _embed_batch(images: Sequence[Image]) -> Embedded:
    return _worker[0](images)
