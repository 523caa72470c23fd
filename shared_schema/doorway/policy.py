"""From what people choose to what a doorway compares."""

import math
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from shared_schema.doorway.types import DoorPolicy
from shared_schema.face.types import Embeddings
from shared_schema.node import NodeSettings

_NS_PER_MS: Final = 1_000_000
_OTHER_BELOW_OWN: Final = 0.05
"""A new face at a track's place is another person when it lies so far below what a person reaches with their own looks."""
_SAME_VISIT_ABOVE_OWN: Final = 0.01
"""The looks of two tracks on the whole are one visit's when so much more alike than one look must be: with two images each, 99.6 % of
the people of LFW are so like themselves on other days, and one pair of strangers in 960."""
_CHANCES: Final = 1.5
"""A pass is judged after every look, so that a stranger has many chances: of 629 who walked up to a camera at five frames a second, 18
came near somebody (at 0.95) with all looks together and 34 after some look on the way; with a bar that so many times fewer reach, 24.
To wait for two looks in a row, or for a third, lets more of them through and names the right ones later."""
_SURELY_SEEN_TWICE_MS: Final = 500
"""With frames at most so far apart, whoever walks through a door is found in more than one of them."""


class PadCalibration(Protocol):
    """From which value on looks are taken for a held picture's."""

    @property
    def max_pad_value(self) -> float: ...


class Calibration(Protocol):
    """What the similarities of an embedder mean; `shared_schema.face.calibration.Calibration` is the real one."""

    @property
    def min_margin(self) -> float: ...

    @property
    def min_own_similarity(self) -> float: ...

    @property
    def pad(self) -> PadCalibration | None: ...

    def door_similarity(self, *, strangers_named_one_in: int, gallery_size: int) -> float: ...

    def excess(self, probes: Embeddings) -> NDArray[np.float32]: ...


def policy_of(settings: NodeSettings, calibration: Calibration, gallery_size: int) -> DoorPolicy:
    """The policy for a gallery of `gallery_size` people: the more people, the closer a match must be.

    Without a calibration for held pictures nothing is taken for one.
    """

    def reached_by(one_in: int) -> float:
        return calibration.door_similarity(strangers_named_one_in=one_in, gallery_size=gallery_size)

    own = calibration.min_own_similarity
    return DoorPolicy(
        min_similarity=reached_by(settings.strangers_named_one_in),
        unsure_similarity=reached_by(min(settings.strangers_unsure_one_in, settings.strangers_named_one_in)),
        early_similarity=reached_by(round(_CHANCES * settings.strangers_named_one_in)),
        min_margin=calibration.min_margin,
        min_agreeing_frames=settings.min_agreeing_frames,
        min_face_px=settings.min_face_px,
        cooldown_ns=settings.cooldown_ms * _NS_PER_MS,
        pass_timeout_ns=settings.pass_timeout_ms * _NS_PER_MS,
        own_similarity=own,
        other_similarity=own - _OTHER_BELOW_OWN,
        same_visit_similarity=own + _SAME_VISIT_ABOVE_OWN,
        min_frames=2 if settings.interval_ms <= _SURELY_SEEN_TWICE_MS else 1,
        excess=calibration.excess,
        pad=settings.pad == "review",
        max_pad_value=math.inf if calibration.pad is None else calibration.pad.max_pad_value,
    )
