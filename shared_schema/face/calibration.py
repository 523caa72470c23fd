"""From "at most one stranger in N may be named" to a similarity: numbers measured once per embedder, kept in its manifest."""

import math
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared_schema.face.types import FaceError


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


class Calibration(BaseModel):
    """What similarities of one embedder mean. Without `pad`, held pictures cannot be told apart with this embedder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured_on: str
    strangers: tuple[Point, ...] = Field(min_length=2)
    min_margin: float = Field(gt=0, lt=1)
    min_own_similarity: float = Field(gt=-1, lt=1)
    duplicate_similarity: float = Field(gt=-1, lt=1)
    pad: PadCalibration | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for lower, upper in pairwise(self.strangers):
            if lower.one_in >= upper.one_in or lower.similarity >= upper.similarity:
                msg = "the points of a calibration rise in both one_in and similarity"
                raise ValueError(msg)
        return self

    def min_similarity(self, *, strangers_named_one_in: int, gallery_size: int) -> float:
        """The similarity that at most one stranger in `strangers_named_one_in` reaches with anybody of `gallery_size` people.

        Every person of the gallery is a chance to be taken for somebody, so the bar rises with the gallery. Beyond the table it goes on
        as steeply as between its last two points; the tails of similarities fall faster, so this names rather too few.
        """
        if strangers_named_one_in < 1 or gallery_size < 0:
            raise FaceError("bad_setting", "strangers_named_one_in is at least 1 and a gallery holds no fewer than 0 people")
        wanted = math.log(max(strangers_named_one_in * max(gallery_size, 1), self.strangers[0].one_in))
        return min(self._at(wanted), 0.9999)

    def _at(self, wanted: float) -> float:
        points = [(math.log(point.one_in), point.similarity) for point in self.strangers]
        for (x0, y0), (x1, y1) in pairwise(points):
            if wanted <= x1:
                return y0 + (y1 - y0) * (wanted - x0) / (x1 - x0)
        (x0, y0), (x1, y1) = points[-2:]
        return y1 + (y1 - y0) / (x1 - x0) * (wanted - x1)
