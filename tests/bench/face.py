"""The face pipeline beside `face_recognition` on the same 1280×720 frames, its stages, the processor's peak, and a door's replay.

Times are compared as ratios within one run, frame by frame in turns, so that whatever else the machine does slows both alike. Reading
frames is not counted; everything after it is: motion gate, detection, quality, alignment, embedding, and the search among 500 people.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

import cv2
import numpy as np

from shared_schema.doorway.doorway import Doorway
from shared_schema.doorway.motion import MotionGate
from shared_schema.doorway.policy import policy_of
from shared_schema.evaluate.bench import bench
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.models.sources import SourceError
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings
from tests.bench import face_peak, face_replay
from tests.bench.face_frames import clip, corridor, portraits, walk
from tests.bench.face_peer import NAME, Peer

_STEP_NS = 200_000_000
_SETTLED = 30
"""After so many empty frames the motion gate knows the corridor."""

Work = Callable[[Bgr], int]
"""All that is done with a frame; how many faces there were."""


class Lintel:
    """What a node does to a frame, with its tracks left out: `tracking` looks only where faces were in the frame before, if any were."""

    def __init__(self, pipeline: FacePipeline, gallery: Gallery, *, tracking: bool) -> None:
        self._pipeline = pipeline
        self._gallery = gallery
        self._tracking = tracking
        self._gate = MotionGate()
        self._places: list[Box] = []

    def __call__(self, frame: Bgr) -> int:
        self._gate.is_open(frame)
        faces = self._pipeline.detect(frame, self._places if self._tracking and self._places else None)
        self._places = [face.box for face in faces]
        chips = [self._pipeline.chip(frame, face) for face in faces]
        for face, chip in zip(faces, chips, strict=True):
            self._pipeline.assess(frame, face, min_face_px=40, chip=chip)
        for row in self._pipeline.embed(frame, faces, chips):
            self._gallery.search(row)
        return len(faces)


@dataclass(slots=True)
class Run:
    """What does the work, and the seconds it took by the frame's number: by the clock, and of processor time."""

    name: str
    work: Work
    wall: dict[int, float] = field(default_factory=dict)
    processor: dict[int, float] = field(default_factory=dict)
    found: set[int] = field(default_factory=set)

    def take(self, number: int, frame: Bgr) -> None:
        started, spent = time.perf_counter(), time.thread_time()
        faces = self.work(frame)
        self.wall[number], self.processor[number] = time.perf_counter() - started, time.thread_time() - spent
        if faces:
            self.found.add(number)


def main() -> None:
    cv2.setNumThreads(1)
    model_set = ModelSet.load()
    pipeline = FacePipeline(model_set, threads=1)
    gallery = face_replay.gallery_of_500(pipeline)
    peer = _peer()
    for where, frames in (("two public-domain portraits", _walks()), ("the development clip, enlarged", list(clip(every=12)))):
        if frames:
            print(f"{len(frames)} frames with one face, 1280×720, of {where}; one thread; medians")
            _compare([_whole(pipeline, gallery), _tracking(pipeline, gallery), *peer()], frames)
    frames = [corridor(number) for number in range(_SETTLED, _SETTLED + 8)]
    print(f"{len(frames)} empty frames, 1280×720; one thread; medians")
    _compare([_settled_door(model_set, pipeline, gallery), _whole(pipeline, gallery), *peer()], frames, empty=True)
    print("\nStages of one face in 1280×720, milliseconds (median, p95)")
    _stages()
    print()
    face_peak.main(model_set)
    print("\nA door, replayed")
    face_replay.main(model_set)


def _whole(pipeline: FacePipeline, gallery: Gallery) -> Run:
    return Run("Lintel, whole frame", Lintel(pipeline, gallery, tracking=False))


def _tracking(pipeline: FacePipeline, gallery: Gallery) -> Run:
    return Run("Lintel, around the tracked face", Lintel(pipeline, gallery, tracking=True))


def _settled_door(model_set: ModelSet, pipeline: FacePipeline, gallery: Gallery) -> Run:
    """A whole doorway that has looked at an empty corridor for a while: its motion gate is closed."""
    doorway = Doorway(pipeline, gallery, policy_of(NodeSettings(), model_set.embedder.calibration, gallery.size))
    numbers = count()

    def step(frame: Bgr) -> int:
        return len(doorway.step(frame, BootNs(next(numbers) * _STEP_NS)))

    for number in range(_SETTLED):
        step(corridor(number))
    return Run("Lintel, a doorway with its motion gate", step)


def _peer() -> Callable[[], list[Run]]:
    """A run of the peer for each comparison; none, and why, where it cannot run."""
    try:
        peer = Peer(np.random.default_rng(0).normal(0, 0.1, (500, 128)))
    except (ImportError, SourceError) as error:
        print(f"no peer: {error} (pip install --require-hashes -r requirements/bench.txt, make models)")
        return list
    return lambda: [Run(f"{NAME} (dlib HOG, upsampled once)", peer)]


def _walks() -> list[Bgr]:
    return list(chain.from_iterable(walk(portrait, frames=7) for portrait in portraits()))


def _compare(runs: Sequence[Run], frames: Iterable[Bgr], *, empty: bool = False) -> None:
    """Print a line for each; the last run is the peer, if there are more than Lintel's own."""
    for number, frame in enumerate(frames):
        for run in runs:
            run.take(number, frame)
    shared = set(runs[0].wall) if empty else set.intersection(*(run.found for run in runs))
    print(f"{'':46}{'all':>11}{'processor':>11}{'frames with a face':>20}  (times of the {len(shared)} in common; parts of the peer's)")
    for run in runs:
        parts = "" if run is runs[-1] or NAME not in runs[-1].name else f"   1/{_part(runs[-1].wall, run.wall, shared)}"
        parts += f" (processor 1/{_part(runs[-1].processor, run.processor, shared)})" if parts else ""
        print(f"{run.name:46}{_of(run.wall, shared):>8.2f} ms{_of(run.processor, shared):>8.2f} ms{len(run.found):>20}{parts}")


def _part(whole: dict[int, float], part: dict[int, float], shared: set[int]) -> str:
    return f"{_of(whole, shared) / _of(part, shared):.1f}"


def _of(seconds: dict[int, float], shared: set[int]) -> float:
    """Median milliseconds."""
    return float(np.median([seconds[number] for number in shared])) * 1e3 if shared else float("nan")


def _stages() -> None:
    threads = bench(None)["threads"]
    assert isinstance(threads, dict)
    print(f"{'':24}" + "".join(f"{f'{count} thread' + 's' * (count != '1'):>22}" for count in threads))
    for stage in next(iter(threads.values())):
        times = (stages[stage] for stages in threads.values())
        print(f"{stage:24}" + "".join(f"{each['median_ms']:>14.2f}{each['p95_ms']:>8.2f}" for each in times))
