"""A portrait as a puppet: its head turns and its lids close along the face's mesh. No living face, but no plane either."""

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr, MeshPoints

_Floats = NDArray[np.float64]

_STEP = 4
_NEAR_WIDTHS = 0.04
# Points of the mesh: upper and lower lid from one corner to the other.
_LIDS = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)


def turned(picture: Bgr, mesh: MeshPoints, yaw_deg: float) -> Bgr:
    """The face turned to its own left by `yaw_deg`, as far as the mesh knows its depth."""
    yaw = np.radians(yaw_deg)
    points = mesh.astype(np.float64)
    middle = points.mean(0)
    centred = points - middle
    # Nearer is less depth, so what is near moves to the person's left, which is the picture's right.
    across = centred[:, 0] * np.cos(yaw) - centred[:, 2] * np.sin(yaw) + middle[0]
    moved = np.column_stack([across - points[:, 0], np.zeros(len(points))])
    places, width = np.column_stack([across, points[:, 1]]), float(np.ptp(points[:, 0]))
    low = np.maximum(np.minimum(places, points[:, :2]).min(0) - width / 5, 0).astype(int)
    high = np.maximum(places, points[:, :2]).max(0).astype(int) + int(width / 5)
    changed = picture.copy()
    part = changed[low[1] : high[1], low[0] : high[0]]
    part[:] = _warped(part, places - low, moved, width)
    return changed


def _warped(picture: Bgr, places: _Floats, moved: _Floats, width: float) -> Bgr:
    """`places` (n, 2) come from `places - moved`; what lies between follows the nearest, the rest stays."""
    high, wide = picture.shape[:2]
    columns, rows = np.meshgrid(np.arange(0, wide, _STEP, dtype=np.float64), np.arange(0, high, _STEP, dtype=np.float64))
    spots = np.column_stack([columns.ravel(), rows.ravel()])
    apart = ((spots[:, np.newaxis] - places) ** 2).sum(2)
    weights = np.exp(-apart / (2 * (_NEAR_WIDTHS * width) ** 2))
    field = (weights @ moved) / (weights.sum(1, keepdims=True) + 0.05)
    back = cv2.resize(field.reshape(*columns.shape, 2).astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
    from_x, from_y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    return np.asarray(cv2.remap(picture, from_x - back[..., 0], from_y - back[..., 1], cv2.INTER_LINEAR), np.uint8)


def blinking(picture: Bgr, mesh: MeshPoints, closed: float) -> Bgr:
    """Both lids drawn down over the eyes as far as `closed`, 0 to 1: skin from above the eye, and the lashes at its edge."""
    shut = picture.copy()
    for upper, lower in _LIDS:
        top, bottom = mesh[list(upper), :2].astype(np.float64), mesh[list(lower), :2].astype(np.float64)
        high = float((bottom - top)[:, 1].max())
        edge = top + closed * (bottom - top)
        around = np.array([0.0, 0.15 * high])
        lid = np.concatenate([top - around, edge[::-1] + around]).round().astype(np.int32)
        mask = cv2.fillPoly(np.zeros(picture.shape[:2], np.uint8), [lid], (255,))
        shut = np.asarray(cv2.inpaint(shut, cv2.dilate(mask, np.ones((3, 3), np.uint8)), 3, cv2.INPAINT_TELEA), np.uint8)
        lashes = tuple(int(value) for value in shut[int(edge[4][1]), int(edge[4][0])] * 0.45)
        cv2.polylines(
            shut, [edge.round().astype(np.int32)], isClosed=False, color=lashes, thickness=max(1, round(high / 8)), lineType=cv2.LINE_AA
        )
    return np.asarray(shut, np.uint8)
