"""How well unknown passes are grouped: every image is one probe of a stranger, and one group should be one stranger.

Counted are pairs of probes. Precision: of the pairs in one group, how many are one person; recall: of the pairs of one person, how many
are in one group. A person with many images has very many pairs, so draws with few images of each are reported beside the whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.identify import by_person
from shared_schema.evaluate.lfw import Errata, Image, list_images
from shared_schema.face.calibration import Calibration
from shared_schema.face.cluster import Labels, cluster
from shared_schema.face.manifest import ModelSet
from shared_schema.face.types import FaceError

Report = dict[str, object]
FEW = 5
"""Images of each person in the draws with few."""

_People = Mapping[str, tuple[Image, ...]]


@dataclass(frozen=True, slots=True)
class ClustersTask:
    """Strangers with at least `min_images` images are grouped; each draw takes half of all people at random."""

    images: Path
    min_images: int = 2
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    errata: Path | None = None
    models: Path | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Of one grouping."""

    precision: float
    recall: float
    groups: int
    people: int
    probes: int

    def report(self) -> Report:
        rates: Report = {"precision": round(self.precision, 5), "recall": round(self.recall, 5)}
        return rates | {"groups": self.groups, "people": self.people, "probes": self.probes}


def evaluate_clusters(task: ClustersTask) -> Report:
    """Embed everything once; group all strangers with several images, all people, and halves of both."""
    people = by_person(list_images(task.images), Errata.read(task.errata) if task.errata else Errata())
    several = {name for name, owned in people.items() if len(owned) >= task.min_images}
    if task.min_images < 2 or not task.seeds:
        raise FaceError("bad_setting", "--min-images is at least 2 and --draws at least 1")
    if len(several) < 4:
        raise FaceError("too_few_people", f"{len(several)} people have {task.min_images} images; at least 4 are needed to be told apart")
    embedder = ModelSet.load(task.models).embedder
    embedded = embed_images(task.images, (image for owned in people.values() for image in owned), task.models)
    judge = _Judge(embedded, embedder.calibration)
    began = perf_counter()
    report = judge.score({name: people[name] for name in several}).report()
    report["seconds"] = round(perf_counter() - began, 2)
    report["with_people_seen_once"] = judge.score(people).report()
    report["draws"] = {
        "half_the_people": _mean(judge.score(_half(people, several, seed)) for seed in task.seeds),
        "few_images_each": _mean(judge.score(_half(people, several, seed, FEW)) for seed in task.seeds),
        "few_images_each_with_people_seen_once": _mean(judge.score(_half(people, set(people), seed, FEW)) for seed in task.seeds),
    }
    return report | {"model_id": embedder.model_id, "failures": sum(len(owned) for owned in people.values()) - len(embedded)}


@dataclass(frozen=True, slots=True)
class _Judge:
    embedded: Embedded
    calibration: Calibration

    def score(self, people: _People) -> Score:
        """Group all images of these people that could be embedded."""
        probes = [(name, self.embedded[image]) for name, owned in sorted(people.items()) for image in owned if image in self.embedded]
        _, truth = np.unique([name for name, _ in probes], return_inverse=True)
        return score_of(cluster(np.stack([row for _, row in probes]), calibration=self.calibration), truth)


def score_of(labels: Labels, truth: NDArray[np.intp]) -> Score:
    """Groups and people are numbered from 0. Where nothing was grouped, nothing was grouped wrongly."""
    together = _pairs(np.unique(labels * (truth.max() + 1) + truth, return_counts=True)[1])
    grouped, owned = _pairs(np.bincount(labels)), _pairs(np.bincount(truth))
    precision = together / grouped if grouped else 1.0
    recall = together / owned if owned else 1.0
    return Score(precision, recall, int(labels.max()) + 1, int(truth.max()) + 1, len(truth))


def _pairs(sizes: NDArray[np.intp]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _half(people: _People, wanted: set[str], seed: int, most: int | None = None) -> _People:
    """Half of all people, of them the wanted ones, each with at most so many images drawn at random."""
    random = np.random.default_rng(seed)
    names = sorted(people)
    chosen = [names[at] for at in random.permutation(len(names))[: len(names) // 2]]
    shuffled = {name: [people[name][at] for at in random.permutation(len(people[name]))] for name in chosen}
    return {name: tuple(images[:most]) for name, images in shuffled.items() if name in wanted}


def _mean(scores: Iterable[Score]) -> Report:
    """Means over the draws, with standard errors where there are several."""
    drawn = list(scores)
    report: Report = {}
    for key in ("precision", "recall"):
        values = [float(getattr(score, key)) for score in drawn]
        report[key] = round(float(np.mean(values)), 5)
        if len(values) > 1:
            report[f"{key}_se"] = round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 5)
    return report | {key: round(float(np.mean([getattr(score, key) for score in drawn]))) for key in ("groups", "people", "probes")}
