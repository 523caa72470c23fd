"""From the passes of a clip to what became of each walk, and from all walks to the report."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from shared_schema.evaluate.doorwalk.clip import STEP_MS, Clip
from shared_schema.evaluate.doorwalk.play import Played, Sighted
from shared_schema.ids import PersonId
from shared_schema.sighting import Outcome

Report = dict[str, object]
Names = Mapping[PersonId, str]
"""The enrolled people."""


class Fate(StrEnum):
    """What became of a walk."""

    RIGHT = "named_right"
    WRONG = "named_wrong"
    UNSURE = "unsure"
    UNKNOWN = "unknown"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Result:
    """One walk. `seconds` from the first frame in which the face is near to the frame of the first right name; None without one.

    `clean` is what became of the same walk on frames that nothing spoils, None where that was not played.
    """

    name: str
    enrolled: bool
    images: int
    usable: bool
    fate: Fate
    sightings: int
    seconds: float | None
    clean: Fate | None


@dataclass(frozen=True, slots=True)
class ClipResult:
    """The walks of a clip, passes that belong to nobody in it, and the work it took."""

    results: tuple[Result, ...]
    nobodys: int
    frames: int
    seconds: float


def named(sighted: Sighted, names: Names) -> str | None:
    """Who a match names; None for any other outcome."""
    decided = sighted.decided
    if decided.outcome is not Outcome.MATCH or decided.candidate is None:
        return None
    return names.get(PersonId(decided.candidate.person))


def owner(sighted: Sighted, clip: Clip, names: Names) -> int | None:
    """Whose pass it is. A name given where nobody's face is belongs to the walker of that name, else to the clip's first walker."""
    name = named(sighted, names)
    if sighted.walker is not None or name is None:
        return sighted.walker
    return next((at for at, walker in enumerate(clip.walkers) if walker.name == name), 0)


def fate_of(walker: int, clip: Clip, played: Played, names: Names) -> Fate:
    """What the doorway made of one walker: a wrong name outweighs all, then the right name, then unsure, then unknown."""
    own = [sighted for sighted in played.sightings if owner(sighted, clip, names) == walker]
    called = {named(sighted, names) for sighted in own} - {None}
    name = clip.walkers[walker].name
    outcomes = {sighted.decided.outcome for sighted in own}
    if called - {name}:
        return Fate.WRONG
    if name in called:
        return Fate.RIGHT
    if Outcome.UNSURE in outcomes:
        return Fate.UNSURE
    return Fate.UNKNOWN if own else Fate.MISSED


def results_of(clip: Clip, played: Played, clean: Played | None, names: Names) -> ClipResult:
    """Judge every walker of a clip."""
    results = tuple(_result(walker, clip, played, clean, names) for walker in range(len(clip.walkers)))
    nobodys = sum(sighted.walker is None for sighted in played.sightings)
    return ClipResult(results, nobodys, played.frames, played.seconds)


def _result(walker: int, clip: Clip, played: Played, clean: Played | None, names: Names) -> Result:
    person = clip.walkers[walker]
    own = [sighted for sighted in played.sightings if owner(sighted, clip, names) == walker]
    right = [sighted.frame for sighted in own if named(sighted, names) == person.name]
    seconds = max(0, min(right) - clip.near_from(walker)) * STEP_MS / 1000 if right else None
    return Result(
        name=person.name,
        enrolled=person.enrolled,
        images=len(person.portraits),
        usable=clip.is_usable(walker),
        fate=fate_of(walker, clip, played, names),
        sightings=len(own),
        seconds=seconds,
        clean=None if clean is None or not person.enrolled else fate_of(walker, clip, clean, names),
    )


def report_of(clips: Sequence[ClipResult], labels: Mapping[str, str]) -> Report:
    """The numbers of all clips; rates per group of people where there are labels."""
    results = [result for clip in clips for result in clip.results]
    walks = [result for result in results if result.enrolled and result.usable]
    strangers = [result for result in results if not result.enrolled]
    report = _fates(walks) | _strangers(strangers)
    report["sightings_per_walk"] = _mean([result.sightings for result in walks if result.sightings])
    report["sightings_per_stranger"] = _mean([result.sightings for result in strangers if result.sightings])
    report["sightings_of_nobody"] = sum(clip.nobodys for clip in clips)
    report |= _waits([result.seconds for result in walks if result.seconds is not None])
    report["fps"] = round(sum(clip.frames for clip in clips) / max(1e-9, sum(clip.seconds for clip in clips)), 1)
    report["clean_ceiling"] = _mean([result.clean is Fate.RIGHT for result in walks if result.clean is not None])
    report |= _unusable([result for result in results if result.enrolled and not result.usable])
    if labels:
        report["groups"] = _groups(walks, strangers, labels)
    return report


def _fates(walks: Iterable[Result]) -> Report:
    counts = Counter(result.fate for result in walks)
    report: Report = {"walks": counts.total()}
    return report | {fate.value: counts[fate] for fate in Fate}


def _strangers(strangers: Sequence[Result]) -> Report:
    """A stranger is named when any of their passes is a match."""
    report: Report = {"strangers": len(strangers), "strangers_named": _count(strangers, Fate.WRONG)}
    kinds = {"one_image": [one for one in strangers if one.images == 1], "several_images": [one for one in strangers if one.images > 1]}
    for kind, group in kinds.items():
        report |= {f"strangers_{kind}": len(group), f"strangers_{kind}_named": _count(group, Fate.WRONG)}
        report[f"strangers_{kind}_unsure"] = _count(group, Fate.UNSURE)
    report["strangers_missed"] = _count(strangers, Fate.MISSED)
    return report


def _waits(seconds: Sequence[float]) -> Report:
    quantiles = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {
        f"seconds_to_decision_{name}": round(float(np.quantile(seconds, quantile)), 3) if seconds else None
        for name, quantile in quantiles.items()
    }


def _unusable(walks: Sequence[Result]) -> Report:
    """Walks nobody could be expected to be recognised in; a wrong name is one all the same."""
    return {"not_usable": len(walks), "not_usable_named_wrong": _count(walks, Fate.WRONG)}


def _groups(walks: Sequence[Result], strangers: Sequence[Result], labels: Mapping[str, str]) -> Report:
    names = sorted({labels.get(result.name, "unlabelled") for result in (*walks, *strangers)})
    report: Report = {}
    for name in names:
        own, others = ([one for one in kind if labels.get(one.name, "unlabelled") == name] for kind in (walks, strangers))
        fates = _fates(own)
        rates = {f"{fate.value}_rate": _mean([result.fate is fate for result in own]) for fate in Fate}
        report[name] = fates | rates | {"strangers": len(others), "strangers_named": _count(others, Fate.WRONG)}
    return report


def _count(results: Iterable[Result], fate: Fate) -> int:
    return sum(result.fate is fate for result in results)


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
