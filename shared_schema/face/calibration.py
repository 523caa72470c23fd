"""From "at most one stranger in N may be named" to a similarity: numbers measured once per embedder, kept in its manifest."""

import math
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from shared_schema.base import Sha256Hex
from shared_schema.face.crowd import Crowd
from shared_schema.face.types import Embeddings, FaceError


class Point(BaseModel):
    """One comparison in `one_in` between two strangers reaches `similarity`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    one_in: float = Field(gt=1)
    similarity: float = Field(gt=-1, lt=1)


class PadCalibration(BaseModel):
    """Above `max_pad_value` the looks of a pass are too alike for a living face."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_pad_value: float = Field(gt=0, allow_inf_nan=False)
    measured_on: str


class CrowdRule(BaseModel):
    """The crowd that probes are compared with, and what strangers' similarities less their excess reach (`shared_schema.face.crowd`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[A-Za-z0-9._-]+\.npy$")
    sha256: Sha256Hex
    nearest: int = Field(ge=1, le=100)
    share: float = Field(gt=0, le=1)
    usual: float = Field(gt=-1, lt=1)
    strangers: tuple[Point, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        check_rises(self.strangers)
        return self


class Calibration(BaseModel):
    """What similarities of one embedder mean.

    Without `pad`, held pictures cannot be told apart with this embedder; without `crowd`, all faces are taken to be equally common.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured_on: str
    strangers: tuple[Point, ...] = Field(min_length=2)
    min_margin: float = Field(gt=0, lt=1)
    min_own_similarity: float = Field(gt=-1, lt=1)
    duplicate_similarity: float = Field(gt=-1, lt=1)
    pad: PadCalibration | None = None
    crowd: CrowdRule | None = None
    _crowd: Crowd | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        check_rises(self.strangers)
        return self

    def beside(self, crowd: Crowd) -> Self:
        """This calibration with its crowd at hand."""
        calibration = self.model_copy()
        calibration._crowd = crowd  # noqa: SLF001 (its own class)
        return calibration

    def excess(self, probes: Embeddings) -> NDArray[np.float32]:
        """What each probe, unit rows (n, dimension), must reach beyond `door_similarity`, because so many people look like it."""
        return np.zeros(len(probes), np.float32) if self._crowd is None else self._crowd.excess(probes)

    def door_similarity(self, *, strangers_named_one_in: int, gallery_size: int) -> float:
        """As `min_similarity`, for similarities less the probe's `excess`: what doors compare."""
        table = self.strangers if self._crowd is None or self.crowd is None else self.crowd.strangers
        return _reached(table, strangers_named_one_in, gallery_size)

    def min_similarity(self, *, strangers_named_one_in: int, gallery_size: int) -> float:
        """The similarity that at most one stranger in `strangers_named_one_in` reaches with anybody of `gallery_size` people.

        Every person of the gallery is a chance to be taken for somebody, so the bar rises with the gallery. Beyond the table it goes on
        as steeply as between its last two points; the tails of similarities fall faster, so this names rather too few.
        """
        return _reached(self.strangers, strangers_named_one_in, gallery_size)


def check_rises(points: tuple[Point, ...]) -> None:
    """Raise ValueError unless both numbers rise from point to point."""
    for lower, upper in pairwise(points):
        if lower.one_in >= upper.one_in or lower.similarity >= upper.similarity:
            msg = "the points of a calibration rise in both one_in and similarity"
            raise ValueError(msg)


def _reached(table: tuple[Point, ...], strangers_named_one_in: int, gallery_size: int) -> float:
    if strangers_named_one_in < 1 or gallery_size < 0:
        raise FaceError("bad_setting", "strangers_named_one_in is at least 1 and a gallery holds no fewer than 0 people")
    wanted = math.log(max(strangers_named_one_in * max(gallery_size, 1), table[0].one_in))
    return min(_at(table, wanted), 0.9999)


def _at(table: tuple[Point, ...], wanted: float) -> float:
    points = [(math.log(point.one_in), point.similarity) for point in table]
    for (x0, y0), (x1, y1) in pairwise(points):
        if wanted <= x1:
            return y0 + (y1 - y0) * (wanted - x0) / (x1 - x0)
    (x0, y0), (x1, y1) = points[-2:]
    return y1 + (y1 - y0) / (x1 - x0) * (wanted - x1)
