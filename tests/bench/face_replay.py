"""How many people per minute one door takes, and how long after the deciding frame a pass is decided."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from shared_schema.doorway.doorway import Doorway
from shared_schema.doorway.policy import policy_of
from shared_schema.face.enrol import look_at_sample
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.runtime import own_cores, threads_for
from shared_schema.face.types import Bgr, Embeddings
from shared_schema.face.vectors import unit
from shared_schema.ids import BootNs, PersonId
from shared_schema.node import NodeSettings
from shared_schema.sighting import Outcome
from tests.bench.face_frames import corridor, portraits, walk

_WALKS = 6
_WALK_FRAMES = 14
_PAUSE_FRAMES = 8
"""Empty frames between two people: with a frame every 200 ms, somebody comes every 4.4 seconds."""


@dataclass(slots=True)
class Replay:
    """Frames come by the clock of the recording; each waits until the one before is done, and is done as late as it really takes."""

    interval_s: float
    busy_s: float = 0.0
    free_at: float = 0.0
    frames: int = 0
    waits_s: list[float] = field(default_factory=list)
    named: int = 0

    def play(self, doorway: Doorway, frames: Iterable[Bgr]) -> None:
        for number, frame in enumerate(frames):
            arrived = number * self.interval_s
            started = time.perf_counter()
            decided = doorway.step(frame, BootNs(round(arrived * 1e9)))
            spent = time.perf_counter() - started
            self.free_at = max(arrived, self.free_at) + spent
            self.busy_s += spent
            self.frames += 1
            named = [found for found in decided if found.outcome is Outcome.MATCH]
            self.named += len(named)
            self.waits_s.extend(self.free_at - arrived for _ in named)


def main(model_set: ModelSet) -> None:
    for threads in (1, threads_for(own_cores())):
        replay = _replayed(model_set, threads)
        seconds = replay.frames * replay.interval_s
        print(
            f"{threads} {'thread: ' if threads == 1 else 'threads:'} {replay.named} of {_WALKS} who came in {seconds:.0f} s were named, "
            f"{replay.named / seconds * 60:.1f} a minute; the door was busy {replay.busy_s / seconds:.0%} of the time, "
            f"room for {replay.named / replay.busy_s * 60:.0f} a minute;\n           from the deciding frame to the decided pass "
            f"{np.median(replay.waits_s) * 1e3:.0f} ms (median), at most {max(replay.waits_s) * 1e3:.0f} ms"
        )
        if threads_for(own_cores()) == 1:
            return


def _replayed(model_set: ModelSet, threads: int) -> Replay:
    pipeline = FacePipeline(model_set, threads=threads)
    settings = NodeSettings(cooldown_ms=0)
    gallery = gallery_of_500(pipeline)
    replay = Replay(settings.interval_ms / 1000)
    replay.play(Doorway(pipeline, gallery, policy_of(settings, model_set.embedder.calibration, gallery.size)), _people())
    return replay


def _people() -> Iterator[Bgr]:
    pair = portraits()
    for number in range(_WALKS):
        first = number * (_WALK_FRAMES + _PAUSE_FRAMES)
        yield from walk(pair[number % 2], frames=_WALK_FRAMES, first=first)
        yield from (corridor(first + _WALK_FRAMES + pause) for pause in range(_PAUSE_FRAMES))


def gallery_of_500(pipeline: FacePipeline) -> Gallery:
    """The two portraits among 498 directions that are nobody's."""
    nobody = unit(np.random.default_rng(0).normal(size=(498, pipeline.dimension)))
    templates: list[Embeddings] = [look_at_sample(pipeline, portrait).embedding[np.newaxis] for portrait in portraits()]
    templates += [row[np.newaxis] for row in nobody]
    people = {PersonId(UUID(int=number)): rows for number, rows in enumerate(templates)}
    return Gallery.build(model_id=pipeline.model_id, revision=1, people=people)
