"""Identification as a door does it: some people are enrolled, everybody else is a stranger who must not be named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.lfw import Errata, Image, list_images
from shared_schema.evaluate.rates import NOT_ACQUIRED, bar_at_rate
from shared_schema.face.crowd import no_excess
from shared_schema.face.manifest import ModelSet
from shared_schema.face.types import Embedding, Embeddings, FaceError
from shared_schema.face.vectors import unit

Report = dict[str, object]
RATES = (0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class IdentifyTask:
    """`gallery` people are enrolled with `samples` images each and probed with the mean of `probes` others; one draw per seed."""

    images: Path
    gallery: int
    samples: int
    probes: int
    seeds: tuple[int, ...] = (0,)
    errata: Path | None = None
    models: Path | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What one seed gave: whether each enrolled person's nearest was right, its similarity, and each stranger's nearest."""

    right: NDArray[np.bool_]
    similarities: NDArray[np.float64]
    strangers: NDArray[np.float64]

    def found(self, rate: float) -> float:
        """TPIR: share of probes named right when at most `rate` of the strangers are named."""
        return float((self.right & (self.similarities > bar_at_rate(self.strangers, rate))).mean())


Excess = Callable[[Embeddings], NDArray[np.float32]]


def evaluate_identify(task: IdentifyTask) -> tuple[Report, tuple[Draw, ...]]:
    """Embed all images once, draw once per seed, and report the means over the seeds (and their standard errors when there are several).

    `cosine_alone` is the same without a crowd (`shared_schema.face.crowd`), where the model set has one.
    """
    errata = Errata.read(task.errata) if task.errata else Errata()
    images = by_person(list_images(task.images), errata)
    _check_enough(task, images)
    embedded = embed_images(task.images, (image for owned in images.values() for image in owned), task.models)
    embedder = ModelSet.load(task.models).embedder
    draws = tuple(draw(task, images, embedded, seed, embedder.excess) for seed in task.seeds)
    report = _rates(draws)
    if embedder.crowd is not None:
        report["cosine_alone"] = _rates([draw(task, images, embedded, seed, no_excess) for seed in task.seeds])
    report |= {"gallery": task.gallery, "samples": task.samples, "probes": task.probes, "seeds": len(draws)}
    report["strangers"] = len(draws[0].strangers)
    report["failures"] = sum(image not in embedded for owned in images.values() for image in owned)
    report["model_id"] = embedder.model_id
    return report, draws


def _rates(draws: Sequence[Draw]) -> Report:
    report: Report = {"rank1": _mean([float(one.right.mean()) for one in draws])}
    for rate in RATES:
        values = [one.found(rate) for one in draws]
        report[f"tpir_at_fpir_{rate}"] = _mean(values)
        if len(draws) > 1:
            report[f"tpir_at_fpir_{rate}_se"] = round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 5)
    return report


def by_person(images: dict[str, tuple[Image, ...]], errata: Errata) -> dict[str, tuple[Image, ...]]:
    """The images of every person under one name, without the skipped ones."""
    owned: dict[str, list[Image]] = {}
    for listed in images.values():
        for image in listed:
            if image not in errata.skipped:
                owned.setdefault(errata.person(image), []).append(image)
    return {name: tuple(group) for name, group in sorted(owned.items())}


def draw(task: IdentifyTask, images: dict[str, tuple[Image, ...]], embedded: Embedded, seed: int, excess: Excess) -> Draw:
    """Enrol and probe at random. A stranger with fewer than `probes` images is probed with those there are."""
    random = np.random.default_rng(seed)
    shuffled = {name: [owned[at] for at in random.permutation(len(owned))] for name, owned in images.items()}
    able = [name for name, owned in shuffled.items() if len(owned) >= task.samples + task.probes]
    enrolled = [able[at] for at in random.permutation(len(able))[: task.gallery]]
    templates = [fuse(shuffled[name][: task.samples], embedded) for name in enrolled]
    probes = [fuse(shuffled[name][task.samples : task.samples + task.probes], embedded) for name in enrolled]
    chosen = set(enrolled)
    strangers = [fuse(owned[: task.probes], embedded) for name, owned in shuffled.items() if name not in chosen]
    width = len(next(iter(embedded.values())))
    gallery = _stack(templates, width)
    own = _compare(probes, gallery, excess)
    return Draw(own.argmax(1) == np.arange(len(enrolled)), own.max(1), _compare(strangers, gallery, excess).max(1))


def fuse(images: Sequence[Image], embedded: Embedded) -> Embedding | None:
    """The mean of the embeddings there are, of unit length; None when no image gave one."""
    rows = [embedded[image] for image in images if image in embedded]
    return unit(np.mean(rows, axis=0, dtype=np.float64)) if rows else None


def _stack(rows: Sequence[Embedding | None], width: int) -> NDArray[np.float32]:
    """Nobody reaches a person whose samples all failed: their row is zeros."""
    return np.stack([np.zeros(width, np.float32) if row is None else row for row in rows])


def _compare(probes: Sequence[Embedding | None], gallery: NDArray[np.float32], excess: Excess) -> NDArray[np.float64]:
    """Similarities (probes, people) less each probe's excess; a probe without embedding reaches nobody."""
    missing = np.array([probe is None for probe in probes])
    rows = _stack(probes, gallery.shape[1])
    similarities = np.asarray(rows @ gallery.T, np.float64)
    similarities[~missing] -= excess(rows[~missing])[:, np.newaxis]
    similarities[missing] = NOT_ACQUIRED
    return similarities


def _check_enough(task: IdentifyTask, images: dict[str, tuple[Image, ...]]) -> None:
    if min(task.gallery, task.samples, task.probes) < 1:
        raise FaceError("bad_setting", "--gallery, --samples and --probes are at least 1")
    needed = task.samples + task.probes
    able = sum(len(owned) >= needed for owned in images.values())
    if able < task.gallery or len(images) <= task.gallery:
        raise FaceError(
            "too_few_people",
            f"{able} of {len(images)} people have the {needed} images that --samples and --probes need; ask for a smaller --gallery",
        )


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 5)
