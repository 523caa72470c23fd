"""Does it work on my people? Every sample of a gallery is tried against everybody, pure: embeddings in, a report out.

Leave-one-out: a sample is compared with the template of that person's other samples and with everybody else's template, and judged by the
rule that doors use. Then each person plays the stranger: the same sample, the person not being enrolled. A single image is the hardest
probe a door could have; a pass fuses several frames and does better.

Every similarity told here is less the probe's excess (`shared_schema.face.crowd`), as doors compare it, so that one bar holds for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared_schema.doorway.decide import outcome_of
from shared_schema.doorway.policy import policy_of
from shared_schema.doorway.types import DoorPolicy
from shared_schema.face.calibration import Calibration
from shared_schema.face.enrol import mean_of
from shared_schema.face.match import Gallery
from shared_schema.face.types import Embedding, Embeddings, FaceError
from shared_schema.face.vectors import check_embeddings
from shared_schema.ids import ModelId, PersonId
from shared_schema.node import NodeSettings
from shared_schema.sighting import Candidate, Outcome


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the gallery with the samples that make the template: unit rows (n ≥ 1, dimension)."""

    person: PersonId
    name: str
    samples: Embeddings


@dataclass(frozen=True, slots=True)
class Trial:
    """One sample: its own person by the other samples (None when it is the only one), and the two nearest other people.

    The candidates have plain cosines; `excess` is what the bars rise by for this sample.
    """

    of: int
    excess: float
    own: Candidate | None
    nearest: Candidate | None
    next: Candidate | None

    @property
    def as_own(self) -> tuple[Candidate | None, Candidate | None]:
        """Candidate and runner-up when its person is enrolled."""
        if self.own is None:
            return None, None
        first, second = self.own, self.nearest
        if second is not None and second.similarity > first.similarity:
            return second, first
        return first, second

    @property
    def as_stranger(self) -> tuple[Candidate | None, Candidate | None]:
        """Candidate and runner-up when its person is not enrolled."""
        return self.nearest, self.next


@dataclass(frozen=True, slots=True)
class Tally:
    """How the trials end at one setting. `strangers_named` counts samples that would be named if their person were not enrolled."""

    right: int
    unsure: int
    unknown: int
    wrong: int
    strangers_named: int

    @property
    def misassigned(self) -> int:
        return self.wrong + self.strangers_named


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two people, and how similar they are."""

    person: Member
    other: Member
    similarity: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """A sample that would be taken for somebody else, or shown to staff with a wrong name; `own` is what it reaches with its person."""

    person: Member
    other: Member
    similarity: float
    own: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Tried:
    """A gallery with all its trials; what it says depends on the setting."""

    model_id: ModelId
    members: tuple[Member, ...]
    trials: tuple[Trial, ...]
    pairs: tuple[Likeness, ...]
    calibration: Calibration

    @property
    def own(self) -> NDArray[np.float64]:
        """What each sample reaches with its own person."""
        return np.array([trial.own.similarity - trial.excess for trial in self.trials if trial.own is not None], np.float64)

    @property
    def strangers(self) -> NDArray[np.float64]:
        """What each sample reaches with anybody else."""
        return np.array([trial.nearest.similarity - trial.excess for trial in self.trials if trial.nearest is not None], np.float64)

    @property
    def by_person(self) -> dict[PersonId, Member]:
        return {member.person: member for member in self.members}

    def policy(self, strangers_named_one_in: int) -> DoorPolicy:
        """The bars of doors at this setting, for a probe without excess."""
        default = NodeSettings()
        unsure = min(default.strangers_unsure_one_in, strangers_named_one_in)
        settings = NodeSettings(strangers_named_one_in=strangers_named_one_in, strangers_unsure_one_in=unsure)
        return policy_of(settings, self.calibration, len(self.members))


def try_gallery(members: Sequence[Member], *, model_id: ModelId, calibration: Calibration, dimension: int) -> Tried:
    """Try every sample. FaceError, naming the person: empty, wrong_dimension (of another model), not_finite, not_unit, mixed_gallery."""
    checked = [_checked(member, dimension) for member in members]
    if len({member.person for member in checked}) != len(checked):
        raise FaceError("mixed_gallery", "a person stands in the gallery twice; merge the two")
    templates = {member.person: mean_of(member.samples)[np.newaxis] for member in checked}
    gallery = Gallery.build(model_id=model_id, revision=0, people=templates)
    trials = tuple(trial for at, member in enumerate(checked) for trial in _trials(gallery, at, member, calibration))
    return Tried(model_id, tuple(checked), trials, _nearest_pairs(gallery, checked, calibration), calibration)


def tally(tried: Tried, policy: DoorPolicy) -> Tally:
    """Judge all trials by one policy."""
    counts = dict.fromkeys((*Outcome, "wrong"), 0)
    for trial in tried.trials:
        if trial.own is not None:
            counts[_ending(trial, policy)] += 1
    named = sum(_outcome(trial, trial.as_stranger, policy) is Outcome.MATCH for trial in tried.trials)
    return Tally(counts[Outcome.MATCH], counts[Outcome.UNSURE], counts[Outcome.UNKNOWN], counts["wrong"], named)


def confusions(tried: Tried, policy: DoorPolicy) -> tuple[Confusion, ...]:
    """Samples that doors would give somebody else's name, or show to staff with it, the most similar first."""
    known = tried.by_person
    found = []
    for trial in tried.trials:
        first, _ = trial.as_own
        if first is None or trial.own is None or first is trial.own:
            continue
        outcome = _outcome(trial, trial.as_own, policy)
        if outcome is not Outcome.UNKNOWN:
            reached = (first.similarity - trial.excess, trial.own.similarity - trial.excess)
            found.append(Confusion(tried.members[trial.of], known[PersonId(first.person)], *reached, outcome))
    return tuple(sorted(found, key=lambda confusion: -confusion.similarity))


def highest_stranger(tried: Tried) -> Likeness | None:
    """Whoever, not being enrolled, would come nearest to somebody who is. None with fewer than two people."""
    found = [(trial.nearest.similarity - trial.excess, trial.of, trial.nearest) for trial in tried.trials if trial.nearest is not None]
    if not found:
        return None
    similarity, of, nearest = max(found, key=lambda one: one[0])
    return Likeness(tried.members[of], tried.by_person[PersonId(nearest.person)], similarity)


def _checked(member: Member, dimension: int) -> Member:
    try:
        rows = check_embeddings(member.samples, dimension)
    except FaceError as error:
        raise FaceError(error.code, f"{member.name}: {error}") from error
    if len(rows) == 0:
        raise FaceError("empty", f"{member.name} has no sample; enrol one or leave the person out")
    return Member(member.person, member.name, rows)


def _trials(gallery: Gallery, at: int, member: Member, calibration: Calibration) -> list[Trial]:
    trials = []
    for row, (sample, excess) in enumerate(zip(member.samples, calibration.excess(member.samples), strict=True)):
        nearest, following = _others(gallery, sample, at)
        trials.append(Trial(at, float(excess), _own(member, row), nearest, following))
    return trials


def _own(member: Member, row: int) -> Candidate | None:
    """The person by all samples but this one."""
    if len(member.samples) < 2:
        return None
    rest = mean_of(np.delete(member.samples, row, axis=0))
    return _candidate(member.person, float(rest @ member.samples[row]))


def _others(gallery: Gallery, probe: Embedding, at: int) -> tuple[Candidate | None, Candidate | None]:
    similarities = gallery.similarities(probe)
    similarities[at] = -np.inf
    order = np.argsort(-similarities)[:2] if gallery.size <= 2 else _two_highest(similarities)
    found = [_candidate(gallery.people[i], float(similarities[i])) for i in order if i != at]
    return (*found, None, None)[0], (*found, None, None)[1]


def _candidate(person: PersonId, similarity: float) -> Candidate:
    return Candidate(person=person, similarity=min(1.0, similarity))


def _two_highest(similarities: NDArray[np.float32]) -> NDArray[np.intp]:
    top = np.argpartition(-similarities, 1)[:2]
    return np.asarray(top[np.argsort(-similarities[top])], np.intp)


def _nearest_pairs(gallery: Gallery, members: Sequence[Member], calibration: Calibration) -> tuple[Likeness, ...]:
    """Everybody's template as a probe, with the nearest other one; each pair once, the most similar first."""
    found: dict[frozenset[int], float] = {}
    for at, member in enumerate(members):
        template = mean_of(member.samples)
        similarities = gallery.similarities(template) - calibration.excess(template[np.newaxis])[0]
        similarities[at] = -np.inf
        nearest = int(similarities.argmax())
        pair = frozenset({at, nearest})
        if nearest != at:
            found[pair] = max(float(similarities[nearest]), found.get(pair, -np.inf))
    ordered = sorted(found.items(), key=lambda one: -one[1])
    return tuple(Likeness(members[min(pair)], members[max(pair)], similarity) for pair, similarity in ordered)


def _ending(trial: Trial, policy: DoorPolicy) -> Outcome | str:
    """How the sample of an enrolled person ends; a match with somebody else is `wrong`."""
    outcome = _outcome(trial, trial.as_own, policy)
    return "wrong" if outcome is Outcome.MATCH and trial.as_own[0] is not trial.own else outcome


def _outcome(trial: Trial, found: tuple[Candidate | None, Candidate | None], policy: DoorPolicy) -> Outcome:
    """The door's rule; one image stands for as many agreeing frames as are asked for."""
    named, unsure = policy.min_similarity + trial.excess, policy.unsure_similarity + trial.excess
    towards = replace(policy, min_similarity=named, unsure_similarity=unsure)
    return outcome_of(*found, policy.min_agreeing_frames, towards).outcome
