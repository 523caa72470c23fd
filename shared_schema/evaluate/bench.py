"""How long the stages of the pipeline take, per thread count."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np

from shared_schema.doorway.motion import MotionGate
from shared_schema.face.images import decode_image
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box, FaceError
from shared_schema.face.vectors import unit
from shared_schema.ids import PersonId

Report = dict[str, object]
ROUNDS = 40
FRAME = (720, 1280)
"""Rows and columns of the frame that is used when no image is given."""
_SEVERAL = 4
"""Faces that are embedded together."""
_PEOPLE = 1000
"""How many the search is among."""


def bench(image: Path | None, models: Path | None = None, rounds: int = ROUNDS) -> Report:
    """Median and p95 in milliseconds of each stage for one face, for 1, 2, … threads.

    `end_to_end` is all that is done with a frame in which the whole is searched, `end_to_end_near` around a tracked face alone.
    """
    frame = read_frame(image) if image else portrait_frame()
    model_set = ModelSet.load(models)
    cores = len(os.sched_getaffinity(0))
    counts = [count for count in (1, 2, 4) if count <= cores]
    threads = {str(count): _stages(FacePipeline(model_set, threads=count), frame, rounds) for count in counts}
    return {"frame": f"{frame.shape[1]}x{frame.shape[0]}", "model_id": model_set.embedder.model_id, "threads": threads}


def read_frame(path: Path) -> Bgr:
    try:
        return decode_image(path.read_bytes())
    except OSError as error:
        raise FaceError("bad_file", f"cannot read {path}: {error.strerror}") from error


def portrait_frame() -> Bgr:
    """A 1280×720 frame with the public-domain portrait that ships with matplotlib."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 (an extra: needed only when no image is given)
    except ImportError as error:
        raise FaceError("no_image", "name an image with --image, or install lintel[evaluate], which has a portrait") from error
    portrait = read_frame(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    high, wide = FRAME
    scale = high / portrait.shape[0]
    small = cv2.resize(portrait, (round(portrait.shape[1] * scale), high), interpolation=cv2.INTER_LINEAR)
    frame = np.full((high, wide, 3), 96, np.uint8)
    frame[:, wide // 4 : wide // 4 + small.shape[1]] = small
    return frame


def _stages(pipeline: FacePipeline, frame: Bgr, rounds: int) -> Report:
    faces = pipeline.detect(frame)
    if not faces:
        raise FaceError("no_face", "the image shows no face; name one that does")
    face, near = faces[0], [faces[0].box]
    chip, gate, gallery = pipeline.chip(frame, face), MotionGate(), _gallery(pipeline)
    (probe,) = pipeline.embed(frame, [face], [chip])
    several = [face] * _SEVERAL

    def whole(places: Sequence[Box] | None) -> object:
        gate.is_open(frame)
        found = pipeline.detect(frame, places)[:1]
        chips = [pipeline.chip(frame, face) for face in found]
        for face, chip in zip(found, chips, strict=True):
            pipeline.assess(frame, face, min_face_px=1, chip=chip)
        return [gallery.search(row) for row in pipeline.embed(frame, found, chips)]

    stages: dict[str, Callable[[], object]] = {
        "motion": lambda: gate.is_open(frame),
        "detect": lambda: pipeline.detect(frame),
        "detect_near": lambda: pipeline.detect(frame, near),
        "align": lambda: pipeline.chip(frame, face),
        "assess": lambda: pipeline.assess(frame, face, min_face_px=1, chip=chip),
        "embed": lambda: pipeline.embed(frame, [face], [chip]),
        f"embed_{_SEVERAL}": lambda: pipeline.embed(frame, several, [chip] * _SEVERAL),
        "search": lambda: gallery.search(probe),
        "crop": lambda: pipeline.crop(frame, face),
        "end_to_end": lambda: whole(None),
        "end_to_end_near": lambda: whole(near),
    }
    return {name: timed(stage, rounds) for name, stage in stages.items()}


def _gallery(pipeline: FacePipeline) -> Gallery:
    """So many directions that are nobody's."""
    rows = unit(np.random.default_rng(0).normal(size=(_PEOPLE, pipeline.dimension)))
    people = {PersonId(UUID(int=number)): row[np.newaxis] for number, row in enumerate(rows)}
    return Gallery.build(model_id=pipeline.model_id, revision=1, people=people)


def timed(work: Callable[[], object], rounds: int) -> dict[str, float]:
    """Milliseconds, after three rounds to warm up."""
    for _ in range(3):
        work()
    spent = np.array([_once(work) for _ in range(rounds)])
    return {"median_ms": round(float(np.median(spent)), 3), "p95_ms": round(float(np.quantile(spent, 0.95)), 3)}


def _once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
