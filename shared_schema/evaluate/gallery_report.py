"""What the trials of a gallery mean for whoever runs it: figures, names, and whether the setting fits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from shared_schema.doorway.types import DoorPolicy
from shared_schema.evaluate.gallery import Confusion, Likeness, Member, Tally, Tried, confusions, highest_stranger, tally
from shared_schema.sighting import Outcome

SETTINGS: Final = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
"""The values of `strangers_named_one_in` that are tried, from the lowest bar to the highest."""
PEOPLE_PER_STRANGER: Final = 3
"""A rate of one in N is borne out by no case among 3 N people (the rule of three, at 95 %)."""
LISTED: Final = 50
"""So many names of a kind are listed; the counts are whole."""
_RARE: Final = 0.05


class Advice(StrEnum):
    """What to do about the setting."""

    KEEP = "keep"
    RAISE = "raise"
    LOWER = "lower"
    LOOK = "look"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The setting that fits this gallery and why. LOOK: no setting helps, people have to be looked into.

    ENROL: nobody has the second sample that trying takes.
    """

    advice: Advice
    strangers_named_one_in: int
    because: str


@dataclass(frozen=True, slots=True)
class OwnSimilarity:
    """What samples reach with the template of their own person's others; `rare` is exceeded by all but one in twenty."""

    lowest: float
    rare: float
    median: float


@dataclass(frozen=True, slots=True)
class GalleryReport:
    """Does it work on these people? `bar` is the similarity of a match, `unsure_bar` that from which staff are asked."""

    model_id: str
    strangers_named_one_in: int
    people: int
    samples: int
    bar: float
    unsure_bar: float
    tested: int
    ended: Tally
    own: OwnSimilarity | None
    highest_stranger: Likeness | None
    highest_pair: Likeness | None
    alike: tuple[Likeness, ...]
    alike_count: int
    confusions: tuple[Confusion, ...]
    confusion_count: int
    one_sample_only: tuple[Member, ...]
    suggestion: Suggestion

    @property
    def stranger_headroom(self) -> float | None:
        """How far the nearest stranger stays below the bar; below 0 a stranger is named."""
        return None if self.highest_stranger is None else self.bar - self.highest_stranger.similarity

    @property
    def own_headroom(self) -> float | None:
        """How far all but one in twenty own samples lie above the bar; below 0 more than these are not named by one image."""
        return None if self.own is None else self.own.rare - self.bar


def report_of(tried: Tried, strangers_named_one_in: int) -> GalleryReport:
    """The report at one setting (10 to 1,000,000)."""
    policy = tried.policy(strangers_named_one_in)
    ended = tally(tried, policy)
    alike = [pair for pair in tried.pairs if pair.similarity >= policy.min_similarity]
    confused = confusions(tried, policy)
    return GalleryReport(
        model_id=tried.model_id,
        strangers_named_one_in=strangers_named_one_in,
        people=len(tried.members),
        samples=len(tried.trials),
        bar=policy.min_similarity,
        unsure_bar=policy.unsure_similarity,
        tested=len(tried.own),
        ended=ended,
        own=_own(tried),
        highest_stranger=highest_stranger(tried),
        highest_pair=tried.pairs[0] if tried.pairs else None,
        alike=tuple(alike[:LISTED]),
        alike_count=len(alike),
        confusions=confused[:LISTED],
        confusion_count=len(confused),
        one_sample_only=tuple(member for member in tried.members if len(member.samples) == 1),
        suggestion=suggest(tried, policy, strangers_named_one_in),
    )


def suggest(tried: Tried, policy: DoorPolicy, now: int) -> Suggestion:
    """A lower bar is never suggested while anybody is misassigned, nor without people enough to bear it out."""
    ended = tally(tried, policy)
    if not tried.trials:
        return Suggestion(Advice.KEEP, now, "Nobody is enrolled, so there is nothing to try.")
    if ended.misassigned:
        return _higher(tried, now, ended)
    if not len(tried.own):
        return Suggestion(Advice.ENROL, now, "Nobody has a second sample, so nobody could be tried. Add two or more of each person.")
    named_now = ended.right
    for one_in in (value for value in SETTINGS if value < now and len(tried.members) >= PEOPLE_PER_STRANGER * value):
        lower = tally(tried, tried.policy(one_in))
        if not lower.misassigned and lower.right > named_now and _is_clear(tried, one_in):
            because = (
                f"{lower.right} instead of {named_now} of {len(tried.own)} samples would be named, and no stranger among "
                f"{len(tried.members)} people came near that bar."
            )
            return Suggestion(Advice.LOWER, one_in, because)
    return Suggestion(Advice.KEEP, now, _why_keep(tried, now, ended))


def as_report(report: GalleryReport) -> dict[str, object]:
    """For JSON and for reading; people by name."""
    ended, suggestion, tested = report.ended, report.suggestion, max(report.tested, 1)
    return {
        "people": report.people,
        "samples": report.samples,
        "tested": report.tested,
        "right": ended.right,
        "unsure": ended.unsure,
        "unknown": ended.unknown,
        "wrong": ended.wrong,
        "right_share": round(ended.right / tested, 5),
        "strangers_named": ended.strangers_named,
        "strangers_named_one_in": report.strangers_named_one_in,
        "bar": round(report.bar, 5),
        "unsure_bar": round(report.unsure_bar, 5),
        "own": None if report.own is None else {name: round(getattr(report.own, name), 5) for name in ("lowest", "rare", "median")},
        "own_headroom": _rounded(report.own_headroom),
        "highest_stranger": _likeness(report.highest_stranger),
        "stranger_headroom": _rounded(report.stranger_headroom),
        "highest_pair": _likeness(report.highest_pair),
        "alike_count": report.alike_count,
        "alike": [_likeness(pair) for pair in report.alike],
        "confusion_count": report.confusion_count,
        "confusions": [_confusion(one) for one in report.confusions],
        "one_sample_only": [member.name for member in report.one_sample_only[:LISTED]],
        "one_sample_only_count": len(report.one_sample_only),
        "suggestion": {
            "advice": suggestion.advice.value,
            "strangers_named_one_in": suggestion.strangers_named_one_in,
            "because": suggestion.because,
        },
        "model_id": report.model_id,
    }


def ends_wrong(confusion: Confusion) -> bool:
    """Whether a door would give the wrong name, not only ask staff about it."""
    return confusion.outcome is Outcome.MATCH


def _higher(tried: Tried, now: int, ended: Tally) -> Suggestion:
    seen = f"{_samples(ended.wrong)} would get somebody else's name and {ended.strangers_named} would if their person were not enrolled"
    for one_in in (value for value in SETTINGS if value > now):
        higher = tally(tried, tried.policy(one_in))
        if not higher.misassigned and higher.right:
            because = f"{seen}; at 1 in {one_in:,} none would, and {higher.right} of {len(tried.own)} samples would still be named."
            return Suggestion(Advice.RAISE, one_in, because)
    because = f"{seen}, and no setting parts these people from each other and still names anybody; look into the pairs that are listed."
    return Suggestion(Advice.LOOK, now, because)


def _samples(count: int) -> str:
    return f"{count:,} sample" if count == 1 else f"{count:,} samples"


def _is_clear(tried: Tried, one_in: int) -> bool:
    """The nearest stranger, and the nearest template, stay below the bar by more than a margin between two people."""
    policy = tried.policy(one_in)
    nearest = max(float(tried.strangers.max(initial=-1.0)), tried.pairs[0].similarity if tried.pairs else -1.0)
    return nearest < policy.min_similarity - policy.min_margin


def _why_keep(tried: Tried, now: int, ended: Tally) -> str:
    if ended.right == len(tried.own):
        return "Every sample that could be tried is named right, and nobody is misassigned."
    lowest = min((value for value in SETTINGS if value < now), default=now)
    if len(tried.members) < PEOPLE_PER_STRANGER * lowest:
        return f"Nobody is misassigned, but {len(tried.members)} people are too few to show that a lower bar would be safe."
    return "Nobody is misassigned; at a lower bar somebody would come too near, or nothing would be gained. More samples per person help."


def _own(tried: Tried) -> OwnSimilarity | None:
    own = tried.own
    if len(own) == 0:
        return None
    return OwnSimilarity(float(own.min()), float(np.quantile(own, _RARE)), float(np.median(own)))


def _likeness(pair: Likeness | None) -> dict[str, object] | None:
    if pair is None:
        return None
    return {"person": pair.person.name, "other": pair.other.name, "similarity": round(pair.similarity, 5)}


def _confusion(one: Confusion) -> dict[str, object]:
    names: dict[str, object] = {"person": one.person.name, "other": one.other.name, "similarity": round(one.similarity, 5)}
    return names | {"own": round(one.own, 5), "wrong_name": ends_wrong(one)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
