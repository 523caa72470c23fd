"""Detect, align and embed one face, one thread, beside face_recognition's own pipeline on the same frames.

The peer is dlib's HOG detector with one upsampling, its five-point predictor and its network, from the `dlib-bin` wheel, in this process.
Its data files are read from the cached archive that the model set is made from.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared_schema.face.manifest import ModelSet
from shared_schema.face.models.sources import WEIGHTS, SourceError, fetch
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr

CLIP = Path(__file__).parents[2] / "../shared/data/clips/press-event.mp4"
EVERY = 5
"""Every fifth frame of the clip: the peer is slow."""
_MODELS = "face_recognition_models-0.3.0/face_recognition_models/models/"


Detect = Callable[[Bgr], list[Any]]
Embed = Callable[[Bgr, Any], object]
"""A found face is whatever the pipeline finds."""


@dataclass(slots=True)
class Run:
    """One pipeline and what it did: faces found in all, and seconds per frame, by the frame's number where a face was found."""

    name: str
    detect: Detect
    embed: Embed
    faces: int = 0
    detecting: list[float] = field(default_factory=list)
    whole: dict[int, float] = field(default_factory=dict)
    processor: dict[int, float] = field(default_factory=dict)

    def take(self, number: int, frame: Bgr) -> None:
        """Detect, and embed one face if there is any."""
        started, spent = time.perf_counter(), time.thread_time()
        faces = self.detect(frame)
        self.detecting.append(time.perf_counter() - started)
        self.faces += len(faces)
        if faces:
            self.embed(frame, faces[0])
            self.whole[number] = time.perf_counter() - started
            self.processor[number] = time.thread_time() - spent

    def line(self, shared: set[int]) -> str:
        columns = (self.detecting, _of(self.whole, shared), _of(self.processor, shared))
        times = "".join(f"{_ms(values):>8.1f} ms" for values in columns)
        return f"{self.name:46}{times}{self.faces:>8}{len(self.whole):>22}"


def main() -> None:
    cv2.setNumThreads(1)
    frames, where = _frames()
    pipeline = FacePipeline(ModelSet.load(), threads=1)
    runs = [Run("Lintel", lambda frame: list(pipeline.detect(frame)), lambda frame, face: pipeline.embed(frame, [face]))]
    try:
        runs.append(Run("face_recognition (dlib HOG, upsampled once)", *_peer()))
    except (ImportError, SourceError) as error:
        print(f"no peer: {error} (pip install --require-hashes -r requirements/bench.txt, make models)")
    # Frame by frame in turns, so that whatever else the machine does slows both alike.
    for number, frame in enumerate(frames):
        for run in runs:
            run.take(number, frame)
    shared = set.intersection(*(set(run.whole) for run in runs))
    print(f"{len(frames)} frames {frames[0].shape[1]}×{frames[0].shape[0]} of {where}; one thread; one face embedded per frame; medians")
    print(f"'all' and 'processor' on the {len(shared)} frames in which each found a face")
    print(f"{'':46}{'detect':>11}{'all':>11}{'processor':>11}{'faces':>8}{'frames with a face':>22}")
    for run in runs:
        print(run.line(shared))
    if len(runs) == 2:
        whole = _ms(_of(runs[1].whole, shared)) / _ms(_of(runs[0].whole, shared))
        processor = _ms(_of(runs[1].processor, shared)) / _ms(_of(runs[0].processor, shared))
        print(f"ratio {whole:.1f}× ({processor:.1f}× of processor time)")


def _of(seconds: dict[int, float], shared: set[int]) -> list[float]:
    return [value for number, value in seconds.items() if number in shared]


def _ms(seconds: list[float]) -> float:
    return float(np.median(seconds)) * 1e3 if seconds else 0.0


def _frames() -> tuple[list[Bgr], str]:
    if CLIP.is_file():
        frames = [frame for index, frame in enumerate(_clip(CLIP)) if index % EVERY == 0]
        if frames:
            return frames, "the press-event clip"
    return list(_walk()), "a synthetic walk with two portraits"


def _clip(path: Path) -> Iterator[Bgr]:
    video = cv2.VideoCapture(str(path))
    while True:
        read, frame = video.read()
        if not read:
            return
        yield np.asarray(frame, np.uint8)


def _walk() -> Iterator[Bgr]:
    """Public-domain portraits from scikit-image and matplotlib, growing from 60 to 200 px, in 640×480."""
    import matplotlib as mpl  # noqa: PLC0415 (only without the clip)
    from skimage import data  # noqa: PLC0415

    picture = data.astronaut()  # type: ignore[no-untyped-call]
    astronaut = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)[0:300, 80:380]
    officer = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    random = np.random.default_rng(0)
    for portrait in (astronaut, officer):
        for size in range(120, 470, 25):
            frame = random.integers(90, 130, (480, 640, 3), np.uint8)
            small = cv2.resize(portrait, (round(portrait.shape[1] * size / portrait.shape[0]), size), interpolation=cv2.INTER_AREA)
            frame[(480 - size) // 2 : (480 - size) // 2 + size, 100 : 100 + small.shape[1]] = small
            yield frame


def _peer() -> tuple[Detect, Embed]:
    import dlib  # noqa: PLC0415 (installed by `make bench` alone)

    fetch()
    detector = dlib.get_frontal_face_detector()
    with tempfile.TemporaryDirectory() as folder:
        five = _unpack("shape_predictor_5_face_landmarks.dat", Path(folder))
        weights = _unpack("dlib_face_recognition_resnet_model_v1.dat", Path(folder))
        predictor = dlib.shape_predictor(str(five))
        network = dlib.face_recognition_model_v1(str(weights))

    def detect(frame: Bgr) -> list[Any]:
        return list(detector(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), 1))

    def embed(frame: Bgr, face: object) -> object:
        picture = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        return network.compute_face_descriptor(picture, predictor(picture, face), 1)

    return detect, embed


def _unpack(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(WEIGHTS.read(_MODELS + name))
    return path
