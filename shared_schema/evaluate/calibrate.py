"""Measures what similarities of an embedder mean and prints the calibration block of its manifest: numbers only, no embedding is kept.

A door compares a fused probe with a template that is a mean of samples. Means of several images of one person lie closer together, between
strangers too, so every mixture of 1 and 3 images on either side is measured and the highest similarity counts at each rate.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.identify import by_person, fuse
from shared_schema.evaluate.lfw import Errata, Image, list_images
from shared_schema.face.calibration import Calibration, Point
from shared_schema.face.types import FaceError
from shared_schema.face.vectors import unit

FUSED = (1, 3)
"""How many images a probe or a template may be made of."""
ONE_IN = (10, 100, 1_000, 10_000, 100_000)
MIN_EXCEEDING = 10
"""A rate counts as measured where at least so many comparisons lie above it; rarer ones continue the slope of the last two measured."""
_OWN_RARE = 0.005
"""Share of honest samples that may lie below `min_own_similarity`."""
_STEP = 0.0005
"""Least rise from point to point."""

_People = dict[str, tuple[Image, ...]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The table, and how alike a person's own samples are."""

    strangers: tuple[Point, ...]
    min_own_similarity: float
    own_median: float
    people: int

    def block(self, name: str) -> str:
        """As TOML, to be pasted into the manifest."""
        rows = "\n".join(f"  {{ one_in = {point.one_in:.0f}, similarity = {point.similarity:.4f} }}," for point in self.strangers)
        return (
            f"# {self.people} people; own samples: median {self.own_median:.4f}\n"
            f'measured_on = "{name}"\nmin_own_similarity = {self.min_own_similarity:.3f}\nstrangers = [\n{rows}\n]'
        )

    def calibration(self, name: str) -> Calibration:
        """The whole block.

        What is no measurement of its own stands in the proportion to the table that was chosen for the shipped embedder: the margin is a
        quarter of the way from one in a hundred to one in a hundred thousand, the bar for duplicates lies between the last two.
        FaceError no_telling_apart when strangers are as alike as can be.
        """
        at = {round(point.one_in): point.similarity for point in self.strangers}
        try:
            return Calibration(
                measured_on=f"{name}: {self.people} people; own samples: median {self.own_median:.4f}",
                strangers=self.strangers,
                min_margin=round((at[100_000] - at[100]) / 4, 4),
                min_own_similarity=round(self.min_own_similarity, 3),
                duplicate_similarity=round((at[10_000] + at[100_000]) / 2, 4),
            )
        except ValidationError as error:
            raise FaceError(
                "no_telling_apart",
                f"strangers reach similarity {at[10]:.4f} with this embedder as often as one time in ten, so it cannot tell people apart; "
                "check that its manifest feeds it the way it was trained",
            ) from error


def calibrate(folder: Path, errata: Errata, models: Path | None = None) -> Measured:
    """Embed every image below `folder` and measure."""
    images = by_person(list_images(folder), errata)
    embedded = embed_images(folder, (image for owned in images.values() for image in owned), models)
    if len(images) < 50:
        raise FaceError("too_few_people", f"{len(images)} people cannot carry a calibration; give at least 50, better thousands")
    tables = [_exceeding(images, embedded, probes, samples) for probes, samples in product(FUSED, FUSED)]
    own = _own(images, embedded)
    points = _rising({one_in: max(table[one_in] for table in tables) for one_in in ONE_IN})
    return Measured(points, float(np.quantile(own, _OWN_RARE)), float(np.median(own)), len(images))


def _exceeding(images: _People, embedded: Embedded, probes: int, samples: int) -> dict[int, float]:
    """The similarity that one comparison of strangers in so many exceeds, for probes and templates of so many images."""
    left = _means(images, embedded, probes)
    right = _means(images, embedded, samples)
    names = {name: at for at, name in enumerate(right)}
    similarities = np.stack(list(left.values())) @ np.stack(list(right.values())).T
    strangers = np.ones(similarities.shape, bool)
    for at, name in enumerate(left):
        if name in names:
            strangers[at, names[name]] = False
    ordered = np.sort(similarities[strangers])
    counts = {one_in: len(ordered) // one_in for one_in in ONE_IN}
    return _continued({one_in: float(ordered[-count]) for one_in, count in counts.items() if count >= MIN_EXCEEDING})


def _continued(measured: dict[int, float]) -> dict[int, float]:
    """The measured similarities and, for rarer rates, a straight line in the logarithm: tails fall faster, so it is safe."""
    if len(measured) < 2:
        raise FaceError("too_few_people", "too few people have three images to carry a calibration; give more")
    (x0, y0), (x1, y1) = [(np.log(one_in), similarity) for one_in, similarity in sorted(measured.items())][-2:]
    slope = (y1 - y0) / (x1 - x0)
    return {one_in: measured.get(one_in, float(y1 + slope * (np.log(one_in) - x1))) for one_in in ONE_IN}


def _means(images: _People, embedded: Embedded, count: int) -> dict[str, NDArray[np.float32]]:
    """A person's mean of exactly `count` images; people with fewer are left out."""
    fused = {name: fuse(owned[:count], embedded) for name, owned in images.items() if len(owned) >= count}
    return {name: row for name, row in fused.items() if row is not None}


def _own(images: _People, embedded: Embedded) -> NDArray[np.float64]:
    """Similarity of each sample to the mean of two to four others of the same person."""
    found: list[float] = []
    for owned in images.values():
        rows = [embedded[image] for image in owned[:5] if image in embedded]
        if len(rows) >= 3:
            total = np.sum(rows, axis=0, dtype=np.float64)
            found.extend(float(row @ unit(total - row)) for row in rows)
    if not found:
        raise FaceError("too_few_images", "nobody has three images; a calibration needs people with several")
    return np.array(found)


def _rising(table: dict[int, float]) -> tuple[Point, ...]:
    points: list[Point] = []
    for one_in, similarity in sorted(table.items()):
        floor = points[-1].similarity + _STEP if points else -0.99
        points.append(Point(one_in=one_in, similarity=round(min(max(similarity, floor), 0.99), 4)))
    return tuple(points)
