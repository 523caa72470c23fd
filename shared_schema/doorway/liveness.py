"""Is it a face or a picture of one? What a pass shows by itself, nothing being asked of whoever comes (presentation attack detection).

A held picture moves, tilts, comes nearer, but stays flat: laid over one another by the plane's own map (a homography), two of its
looks are nearly the same picture. A living face turns in depth, speaks, blinks. So looks some time apart are laid over one another and
their fine structure is compared (`shared_schema.face.flatness`).

What it cannot do: a video played to the camera moves like a living face and is not seen, nor is a mask. Who holds quite still, looking
the same way, is like a picture; that is why a flag sends a pass to people and never drops it. Looks nearer in time than `SPAN_NS` are
alike in a living face as much as in a picture and are not compared; that makes the value nearly independent of the frame rate.

Tried and left: how alike the embeddings are (at a BPCER of 1 % over four recordings 67 % of held pictures were missed, against 17 %
this way), laying over by affine maps, the least and the median likeness of the pairs in place of the mean (no better). Measure with
`lintel-face evaluate pad`: on one clip of a stage and twelve portraits the shipped bar flags 1 of 174 living passes (BPCER 0.6 %) and
misses 11 of 84 held pictures (APCER 13 %), all of them held while light and glare change. That is thin material: no walk through a door
is in it, and a man who smiled into the camera without moving for a second was taken for a picture.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

from shared_schema.doorway.fuse import SPAN_NS
from shared_schema.doorway.types import Look
from shared_schema.face.flatness import likeness, structure
from shared_schema.face.types import Bgr

_MOST_LOOKS: Final = 5
"""So many looks, spread over the pass, are compared each with each: at most ten pairs, about 2 ms each."""


def pad_value(looks: Sequence[Look]) -> float | None:
    """How much the looks of one pass are like a held picture: the mean likeness of looks `SPAN_NS` apart, −1 to 1, the higher the more.

    None where they cannot say: no two looks with a chip lie so far apart. The looks may come in any order. The value depends on the
    embedder's template, which cuts the chips, so the bar stands in the calibration of the model.
    """
    spread = _spread(looks)
    if len(spread) < 2:
        return None
    structures = [structure(chip) for chip in spread]
    return float(np.mean([likeness(first, second) for first, second in combinations(structures, 2)]))


def _spread(looks: Sequence[Look]) -> list[Bgr]:
    """The chips of looks at least `SPAN_NS` apart; of many, some from first to last."""
    apart: list[Look] = []
    for look in sorted(looks, key=lambda look: look.at):
        if look.chip is not None and (not apart or look.at - apart[-1].at >= SPAN_NS):
            apart.append(look)
    chosen = np.unique(np.linspace(0, len(apart) - 1, min(len(apart), _MOST_LOOKS)).round().astype(int)) if apart else []
    return [chip for index in chosen if (chip := apart[index].chip) is not None]
