"""Does a still picture pass a challenge? Prints swung, bent, shaken and brought nearer in changing light, and everything asked of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared_schema.evaluate.challenge import ASKS, see
from shared_schema.evaluate.pad import portraits_of
from shared_schema.evaluate.pad_held import Handling, HeldPicture
from shared_schema.face.challenge import Seen, State
from shared_schema.face.eyes import EyeLandmarks
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import FaceError

Report = dict[str, object]

TRIES: Final = (
    Handling("swung", drift=0.2, tremor=0.01, tilt=45, roll=10),
    Handling("swung and bent", drift=0.1, tremor=0.01, tilt=40, roll=5, bend=0.7),
    Handling("brought nearer in changing light", drift=0.2, tremor=0.01, tilt=25, roll=15, nearer=2.0, light=0.35, glare=0.5),
    Handling("shaken", drift=0.3, tremor=0.05, tilt=20, roll=15),
)
"""Ways to hold a print that are meant to look like what was asked."""
_SECONDS: Final = 5.0
_FPS: Final = 10.0
_NS_PER_S: Final = 1_000_000_000

_Film = list[tuple[int, Seen | None]]


def evaluate_challenges(portraits: Path, *, seed: int, models: Path | None) -> Report:
    """How often a print passed each challenge, by how it was held. FaceError: no_landmarks, no_face."""
    loaded = ModelSet.load(models)
    pipeline, eyes = FacePipeline(loaded), EyeLandmarks.load(loaded)
    passed: dict[str, dict[str, int]] = {}
    films = 0
    for handling, film in _films(pipeline, eyes, portraits, seed):
        films += 1
        counts = passed.setdefault(handling, {"films": 0, **dict.fromkeys(ASKS, 0)})
        counts["films"] += 1
        for ask in ASKS:
            counts[ask] += _passes(ask, film)
    if not films:
        raise FaceError("no_face", f"{portraits} holds no picture with a face; give another folder")
    wrong = sum(counts[ask] for counts in passed.values() for ask in ASKS)
    return {"tries": films * len(ASKS), "passed": wrong, "by_handling": passed}


def _passes(ask: str, film: _Film) -> bool:
    challenge = ASKS[ask]()
    return any(challenge.feed(at, seen) is State.PASSED for at, seen in film)


def _films(pipeline: FacePipeline, eyes: EyeLandmarks, portraits: Path, seed: int) -> Iterator[tuple[str, _Film]]:
    for number, (portrait, box) in enumerate(portraits_of(pipeline, portraits)):
        for kind, handling in enumerate(TRIES):
            held = HeldPicture(portrait, box, handling, seed=seed + 1_000 * number + kind)
            yield handling.name, [(round(at * _NS_PER_S), see(pipeline, eyes, frame)) for at, frame in held.frames(_SECONDS, _FPS)]
