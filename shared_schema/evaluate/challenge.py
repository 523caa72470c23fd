"""Asks whoever is before a camera, or in a recording, to blink and turn, and says what it saw."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared_schema.evaluate.recording import frames_of
from shared_schema.face.challenge import Blink, Challenge, Seen, State, Turn, head_pose
from shared_schema.face.eyes import EyeLandmarks
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, FaceError
from shared_schema.ids import BootNs

Report = dict[str, object]

ASKS: Final[dict[str, Callable[[], Challenge]]] = {
    "blink": Blink,
    "turn-left": lambda: Turn("left"),
    "turn-right": lambda: Turn("right"),
}
"""What can be asked; left and right are the person's own."""

_NS_PER_S: Final = 1_000_000_000


@dataclass(slots=True)
class _Record:
    """What the frames showed."""

    frames: int = 0
    yaws: list[float] = field(default_factory=list)
    pitches: list[float] = field(default_factory=list)
    openness: list[float] = field(default_factory=list)

    def add(self, seen: Seen | None) -> None:
        self.frames += 1
        if seen is not None:
            yaw, pitch = head_pose(seen.mesh)
            self.yaws.append(yaw)
            self.pitches.append(pitch)
            self.openness.append(max(seen.openness))

    def report(self) -> Report:
        spans = {"yaw_deg": (self.yaws, 1), "pitch_deg": (self.pitches, 1), "openness": (self.openness, 3)}
        ranges = {name: [round(min(values), digits), round(max(values), digits)] for name, (values, digits) in spans.items() if values}
        return {"frames": self.frames, "frames_with_one_face": len(self.yaws), **ranges}


def parse_asks(text: str) -> tuple[str, ...]:
    """From "blink,turn-left". FaceError bad_setting for anything else."""
    asks = tuple(part.strip() for part in text.split(","))
    unknown = [ask for ask in asks if ask not in ASKS]
    if unknown:
        raise FaceError("bad_setting", f"cannot ask for {unknown[0]!r}; choose from {', '.join(ASKS)}")
    return asks


def run_challenges(source: str, asks: Sequence[str], models: Path | None, tell: Callable[[str], object]) -> Report:
    """Ask one after the other, until one fails or the recording ends. `tell` gets a line whenever something changes."""
    record = _Record()
    frames = seen_in(source, models)
    results: list[Report] = []
    for ask in asks:
        tell(f"{ask}: now")
        state, seconds = _ask(ASKS[ask](), frames, record)
        tell(f"{ask}: {state}")
        results.append({"ask": ask, "state": state.value, "seconds": seconds})
        if state is not State.PASSED:
            break
    passed = len(results) == len(asks) and all(result["state"] == State.PASSED.value for result in results)
    return {"passed": passed, "asked": results, **record.report()}


def _ask(challenge: Challenge, frames: Iterator[tuple[BootNs, Seen | None]], record: _Record) -> tuple[State, float]:
    """The state at the end, and how long it took. A recording that ends too early has failed."""
    began: int | None = None
    at = 0
    for at, seen in frames:
        began = at if began is None else began
        record.add(seen)
        if challenge.feed(at, seen) is not State.WAITING:
            break
    state = State.FAILED if challenge.state is State.WAITING else challenge.state
    return state, round((at - (at if began is None else began)) / _NS_PER_S, 2)


def seen_in(source: str, models: Path | None) -> Iterator[tuple[BootNs, Seen | None]]:
    """What each frame of a recording or a camera shows; None unless it is exactly one face. FaceError: bad_clip, no_landmarks."""
    loaded = ModelSet.load(models)
    pipeline, eyes = FacePipeline(loaded), EyeLandmarks.load(loaded)
    if loaded.manifest.landmarks is None:
        raise FaceError("no_landmarks", f"the model set in {loaded.folder} has no face mesh; add [landmarks] to its manifest")
    return ((at, see(pipeline, eyes, frame)) for at, frame in frames_of(source))


def see(pipeline: FacePipeline, eyes: EyeLandmarks, frame: Bgr) -> Seen | None:
    """What a BGR frame shows of the one face in it."""
    faces = pipeline.detect(frame)
    mesh = faces[0].mesh if len(faces) == 1 else None
    return None if mesh is None else Seen.cut(frame, mesh, eyes.openness(frame, mesh))
