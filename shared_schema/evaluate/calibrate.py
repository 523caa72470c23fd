"""Measures what similarities of an embedder mean for the calibration block of its manifest. No embedding of anybody is kept.

A door compares a fused probe with a template that is a mean of samples. Means of several images of one person lie closer together, between
strangers too, so every mixture of 1 and 3 images on either side is measured and the highest similarity counts at each rate.

Doors compare similarities less the probe's excess over the crowd. Its table is measured on people who are no part of the crowd: each half
of the people by the crowd of the other half. The crowd that is kept is made of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.identify import Excess, by_person, fuse
from shared_schema.evaluate.lfw import Errata, Image, list_images
from shared_schema.face.calibration import Calibration, CrowdRule, Point
from shared_schema.face.crowd import Crowd, encoded, make_crowd, no_excess
from shared_schema.face.types import FaceError
from shared_schema.face.vectors import unit

CROWD_FILE = "crowd.npy"
FUSED = (1, 3)
"""How many images a probe or a template may be made of."""
ONE_IN = (10, 100, 1_000, 10_000, 100_000)
MIN_EXCEEDING = 10
"""A rate counts as measured where at least so many comparisons lie above it."""
_OWN_RARE = 0.005
"""Share of honest samples that may lie below `min_own_similarity`."""
_STEP = 0.0005
"""Least rise from point to point."""

_People = dict[str, tuple[Image, ...]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The tables, the crowd, and how alike a person's own samples are."""

    strangers: tuple[Point, ...]
    crowd: Crowd
    less_excess: tuple[Point, ...]
    min_own_similarity: float
    own_median: float
    people: int

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
                crowd=self._crowd_rule(),
            )
        except ValidationError as error:
            raise FaceError(
                "no_telling_apart",
                f"strangers reach similarity {at[10]:.4f} with this embedder as often as one time in ten, so it cannot tell people apart; "
                "check that its manifest feeds it the way it was trained",
            ) from error

    def _crowd_rule(self) -> CrowdRule:
        return CrowdRule(
            file=CROWD_FILE,
            sha256=sha256(encoded(self.crowd.means)).hexdigest(),
            nearest=self.crowd.nearest,
            share=self.crowd.share,
            usual=round(self.crowd.usual, 4),
            strangers=self.less_excess,
        )


def calibrate(folder: Path, errata: Errata, models: Path | None = None) -> Measured:
    """Embed every image below `folder` and measure."""
    images = by_person(list_images(folder), errata)
    embedded = embed_images(folder, (image for owned in images.values() for image in owned), models)
    if len(images) < 50:
        raise FaceError("too_few_people", f"{len(images)} people cannot carry a calibration; give at least 50, better thousands")
    own = _own(images, embedded)
    names = sorted(images)
    crowds = tuple(_crowd(names[half::2], images, embedded) for half in (1, 0))
    return Measured(
        strangers=_table([_Side(images, no_excess)], embedded),
        crowd=_crowd(names, images, embedded),
        less_excess=_table([_Side({name: images[name] for name in names[half::2]}, crowds[half].excess) for half in (0, 1)], embedded),
        min_own_similarity=float(np.quantile(own, _OWN_RARE)),
        own_median=float(np.median(own)),
        people=len(images),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """People who are compared with each other, and what their similarities are lessened by."""

    images: _People
    excess: Excess


def _crowd(names: Sequence[str], images: _People, embedded: Embedded) -> Crowd:
    """Of one image of each."""
    rows = [embedded[images[name][0]] for name in names if images[name][0] in embedded]
    return make_crowd(np.stack(rows))


def _table(sides: Sequence[_Side], embedded: Embedded) -> tuple[Point, ...]:
    tables = [_exceeding(sides, embedded, probes, samples) for probes, samples in product(FUSED, FUSED)]
    longest = _continued(max(tables, key=len))
    whole = [_continued_like(table, longest) for table in tables]
    return _rising({one_in: max(table[one_in] for table in whole) for one_in in ONE_IN})


def _exceeding(sides: Sequence[_Side], embedded: Embedded, probes: int, samples: int) -> dict[int, float]:
    """What one comparison of strangers in so many exceeds, for probes and templates of so many images, as far as it can be measured."""
    ordered = np.sort(np.concatenate([_strangers(side, embedded, probes, samples) for side in sides]))
    counts = {one_in: len(ordered) // one_in for one_in in ONE_IN}
    return {one_in: float(ordered[-count]) for one_in, count in counts.items() if count >= MIN_EXCEEDING}


def _strangers(side: _Side, embedded: Embedded, probes: int, samples: int) -> NDArray[np.float32]:
    """Similarities of each probe, less its excess, to the templates of all others."""
    left = _means(side.images, embedded, probes)
    right = _means(side.images, embedded, samples)
    if not left or not right:
        return np.empty(0, np.float32)
    names = {name: at for at, name in enumerate(right)}
    rows = np.stack(list(left.values()))
    similarities = rows @ np.stack(list(right.values())).T - side.excess(rows)[:, np.newaxis]
    strangers = np.ones(similarities.shape, bool)
    for at, name in enumerate(left):
        if name in names:
            strangers[at, names[name]] = False
    return np.asarray(similarities[strangers], np.float32)


def _continued(measured: dict[int, float]) -> dict[int, float]:
    """The measured similarities and, for rarer rates, a straight line in the logarithm: tails fall faster, so it is safe."""
    if len(measured) < 2:
        raise FaceError("too_few_people", "too few people have three images to carry a calibration; give more")
    (x0, y0), (x1, y1) = [(np.log(one_in), similarity) for one_in, similarity in sorted(measured.items())][-2:]
    slope = (y1 - y0) / (x1 - x0)
    return {one_in: measured.get(one_in, float(y1 + slope * (np.log(one_in) - x1))) for one_in in ONE_IN}


def _continued_like(measured: dict[int, float], longest: dict[int, float]) -> dict[int, float]:
    """Fewer people have several images, so their table ends sooner; beyond it they rise like the table of most comparisons.

    On LFW the means of three reach 0.9485 at one in 10,000, six comparisons of 60,552; this gives 0.949, a straight line 0.951.
    """
    if not measured:
        raise FaceError("too_few_people", "too few people have three images to carry a calibration; give more")
    last = max(measured)
    return {one_in: measured.get(one_in, measured[last] + longest[one_in] - longest[last]) for one_in in ONE_IN}


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
