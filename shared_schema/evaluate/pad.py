"""How well held pictures are told from living faces: error rates of the passive check, in the words of ISO/IEC 30107-3.

APCER: the share of attacks that are not flagged. BPCER: the share of living people's passes that are. The attacks are synthesised prints
(`pad_held`), not recordings: a real print before a real camera loses focus and shows its grain, so a real APCER may be higher. The living
passes are cut from recordings at many offsets; they overlap, so their number says little about how many people were seen. Walks made from
still photographs are no living material: between two photographs of a person lie years.

A pass counts as a door sees it: judged again after every look, and taken for living as soon as its looks so far are unlike a picture's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_schema.doorway.fuse import best_looks
from shared_schema.doorway.liveness import pad_value
from shared_schema.doorway.types import Look
from shared_schema.evaluate.acquire import main_face
from shared_schema.evaluate.pad_held import HANDLINGS, Handling, HeldPicture
from shared_schema.evaluate.recording import frames_of
from shared_schema.face.images import decode_image
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline, shrink
from shared_schema.face.types import Bgr, Box, Face, FaceError
from shared_schema.ids import BootNs

Report = dict[str, object]

PASS_S: Final = 1.0
"""How long living passes last: a short time to be told from a picture."""
LONGER_S: Final = (1.0, 2.0, 3.0)
"""Who is in view for longer has more chances to move; reported apart."""
HELD_S: Final = 2.0
"""How long a picture is held before the camera: it too has more chances."""
RATES: Final = (5.0, 10.0, 30.0)
"""Frames per second at which the living passes are looked at; held pictures at the first."""
_BEGIN_EVERY: Final = 3
"""A living pass begins at every so many-th frame in which a face is good enough."""
_MIN_FACE_PX: Final = 40
_PORTRAIT_PX: Final = 1200
_SAME_PLACE: Final = 0.3
_SAME_PERSON: Final = 0.86
_GONE_NS: Final = 500_000_000
_BARS: Final = (0.93, 0.95, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995)
_NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PadTask:
    """What to measure on. `draws`: motions per portrait and handling."""

    clips: tuple[Path, ...]
    portraits: Path
    draws: int = 2
    seed: int = 0
    models: Path | None = None


@dataclass(slots=True)
class _Values:
    """Values of passes, by what they are; None where the looks could not say."""

    by_kind: dict[str, list[float | None]] = field(default_factory=dict)

    def add(self, kind: str, values: Sequence[float | None]) -> None:
        self.by_kind.setdefault(kind, []).extend(values)

    def said(self) -> NDArray[np.float64]:
        return np.array([value for values in self.by_kind.values() for value in values if value is not None], np.float64)

    def silent(self) -> int:
        return sum(value is None for values in self.by_kind.values() for value in values)

    def table(self, bar: float) -> dict[str, dict[str, int]]:
        return {
            kind: {"passes": len(values), "flagged": sum(value is not None and value > bar for value in values)}
            for kind, values in self.by_kind.items()
        }


def evaluate_pad(task: PadTask) -> Report:
    """APCER and BPCER at the model's bar, and at other bars. FaceError: no_pad (the model has no bar), bad_clip, no_face."""
    models = ModelSet.load(task.models)
    calibration = models.embedder.calibration.pad
    pipeline = FacePipeline(models)
    living, longer, held = _Values(), _Values(), _Values()
    for clip in task.clips:
        tracks = _followed((at, look) for at, frame in frames_of(str(clip)) for look in _looks(pipeline, frame, at))
        for rate in RATES:
            living.add(f"{clip.name} at {rate:.0f} frames/s", [least_value(passed) for passed in passes(tracks, rate, PASS_S)])
        for seconds in LONGER_S:
            longer.add(f"{seconds:.0f} s", [least_value(passed) for passed in passes(tracks, RATES[0], seconds)])
    for kind, value in _held(pipeline, task):
        held.add(kind, [value])
    if not len(living.said()) or not len(held.said()):
        raise FaceError("no_face", "the recordings or the portraits show no face for long enough; give others")
    report: Report = {"model_id": models.embedder.model_id, "attacks": len(held.said()), "living": len(living.said())}
    report |= {"attacks_that_cannot_be_judged": held.silent(), "living_that_cannot_be_judged": living.silent()}
    if calibration is not None:
        bar = calibration.max_pad_value
        report |= {"max_pad_value": bar, **_rates(living, held, bar), "by_handling": held.table(bar), "by_recording": living.table(bar)}
        report["by_seconds_in_view"] = longer.table(bar)
    report["bars"] = [{"max_pad_value": bar, **_rates(living, held, bar)} for bar in _BARS]
    return report


def _rates(living: _Values, held: _Values, bar: float) -> dict[str, float]:
    return {
        "apcer": round(float((held.said() <= bar).mean()), 4),
        "attacks_missed": int((held.said() <= bar).sum()),
        "bpcer": round(float((living.said() > bar).mean()), 4),
        "living_flagged": int((living.said() > bar).sum()),
    }


def least_value(looks: Sequence[Look]) -> float | None:
    """The least that the looks gave so far, after any look of the pass; None when they never could say."""
    values = (pad_value(best_looks(looks[:count])) for count in range(2, len(looks) + 1))
    return min((value for value in values if value is not None), default=None)


def passes(tracks: Iterable[Sequence[Look]], rate: float, seconds: float) -> Iterator[list[Look]]:
    """The tracks as so many passes of that length as they hold, seen at a rate not above their own."""
    for track in tracks:
        for first in track[::_BEGIN_EVERY]:
            until = first.at + seconds * _NS_PER_S
            if until <= track[-1].at:
                yield _thinned([look for look in track if first.at <= look.at <= until], _NS_PER_S / rate)


def _thinned(looks: Sequence[Look], step: float) -> list[Look]:
    """One look for each moment of `step` nanoseconds, counted from the first; a tenth of a step may be missing."""
    kept: list[Look] = []
    for look in looks:
        if not kept or look.at - looks[0].at >= (round((kept[-1].at - looks[0].at) / step) + 1) * step - step / 10:
            kept.append(look)
    return kept


def _looks(pipeline: FacePipeline, frame: Bgr, at: BootNs) -> Iterator[tuple[Box, Look]]:
    for face in pipeline.detect(frame):
        look = _look(pipeline, frame, face, at)
        if look is not None:
            yield face.box, look


def _look(pipeline: FacePipeline, frame: Bgr, face: Face, at: BootNs) -> Look | None:
    quality = pipeline.assess(frame, face, min_face_px=_MIN_FACE_PX)
    if quality.gate is not None:
        return None
    chip = pipeline.chip(frame, face)
    return Look(np.asarray(pipeline.embed(frame, [face], [chip])[0]), quality, pipeline.crop(frame, face), at, chip)


def _followed(seen: Iterable[tuple[BootNs, tuple[Box, Look]]]) -> list[list[Look]]:
    """One person's looks in one place; a cut in the recording ends them."""
    tracks: list[list[Look]] = []
    places: list[Box] = []
    for at, (box, look) in seen:
        for index, (track, place) in enumerate(zip(tracks, places, strict=True)):
            recent = 0 < at - track[-1].at <= _GONE_NS
            if recent and place.overlap(box) >= _SAME_PLACE and float(track[-1].embedding @ look.embedding) >= _SAME_PERSON:
                track.append(look)
                places[index] = box
                break
        else:
            tracks.append([look])
            places.append(box)
    return tracks


def portraits_of(pipeline: FacePipeline, folder: Path) -> Iterator[tuple[Bgr, Box]]:
    """The readable pictures of a folder with their main face, in the order of their names."""
    for path in sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else ():
        try:
            portrait = shrink(decode_image(path.read_bytes()), _PORTRAIT_PX)
        except FaceError:
            continue
        faces = pipeline.detect(portrait)
        if faces:
            yield portrait, main_face(faces, portrait).box


def _held(pipeline: FacePipeline, task: PadTask) -> Iterator[tuple[str, float | None]]:
    for number, (portrait, box) in enumerate(portraits_of(pipeline, task.portraits)):
        for kind, handling in enumerate(HANDLINGS):
            for draw in range(task.draws):
                seed = task.seed + 10_000 * number + 100 * kind + draw
                yield handling.name, least_value(list(_film(pipeline, portrait, box, handling, seed)))


def _film(pipeline: FacePipeline, portrait: Bgr, box: Box, handling: Handling, seed: int) -> Iterator[Look]:
    held = HeldPicture(portrait, box, handling, seed=seed)
    for seconds, frame in held.frames(HELD_S, RATES[0]):
        faces = pipeline.detect(frame)
        if faces:
            look = _look(pipeline, frame, main_face(faces, frame), BootNs(round(seconds * _NS_PER_S)))
            if look is not None:
                yield look
