"""What happened in a walk, as one line of JSON: to find out why somebody was missed, doubled or taken for somebody else."""

import json
from collections.abc import Iterator

from shared_schema.evaluate.doorwalk.clip import Clip
from shared_schema.evaluate.doorwalk.play import Played, Sighted
from shared_schema.evaluate.doorwalk.tally import ClipResult, Names
from shared_schema.ids import PersonId
from shared_schema.sighting import Candidate


def trace_lines(clip: Clip, played: Played, result: ClipResult, names: Names) -> Iterator[str]:
    """One line per walker of the clip."""
    for at, (walker, outcome) in enumerate(zip(clip.walkers, result.results, strict=True)):
        own = [_sighting(sighted, names) for sighted in played.sightings if sighted.walker == at]
        line = {
            "name": walker.name,
            "enrolled": walker.enrolled,
            "fate": outcome.fate.value,
            "clean": outcome.clean.value if outcome.clean else None,
            "usable": outcome.usable,
            "seconds": outcome.seconds,
            "together": clip.together.value,
            "with": [other.name for other in clip.walkers if other is not walker],
            "size": clip.size,
            "frames": clip.frames,
            "near_from": clip.near_from(at),
            "usable_frames": clip.usable_frames(at),
            "images": [portrait.image for portrait in walker.portraits],
            "sightings": own,
            "nobodys": [_sighting(sighted, names) for sighted in played.sightings if sighted.walker is None],
            "funnel": played.funnel.model_dump(),
        }
        yield json.dumps(line)


def _sighting(sighted: Sighted, names: Names) -> dict[str, object]:
    decided = sighted.decided
    return {
        "frame": sighted.frame,
        "outcome": decided.outcome.value,
        "candidate": _candidate(decided.candidate, names),
        "runner_up": _candidate(decided.runner_up, names),
        "from_ns": decided.from_at,
        "until_ns": decided.until_at,
        "best_ns": decided.best_at,
        "evidence": decided.evidence.model_dump(),
    }


def _candidate(candidate: Candidate | None, names: Names) -> tuple[str, float] | None:
    return None if candidate is None else (names.get(PersonId(candidate.person), "?"), round(candidate.similarity, 4))
