"""Builds the demo's clip: two people come through a doorway, one after the other.

The same frames every time: nothing here reads a clock or an unseeded random number.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.local.portraits import WALKERS, Bgr, Mask, Portrait

WIDTH_PX, HEIGHT_PX = 640, 480
FRAMES_PER_SECOND = 12
EMPTY_SECONDS = 3.0
WALK_SECONDS = 6.0
FAR_FACE_PX, NEAR_FACE_PX = 34, 150
HORIZON_PX = 190


@dataclass(frozen=True, slots=True)
class Step:
    """Where a walker is in one frame. `progress` runs from 0 (far) to 1 (at the door)."""

    progress: float
    face_px: float
    x_px: float
    y_px: float
    turn_degrees: float
    blur_px: int
    light: float


def steps() -> Iterator[Step]:
    """A walk: slow at first, larger with every stride, then out of the picture to one side."""
    count = int(WALK_SECONDS * FRAMES_PER_SECOND)
    for index in range(count):
        progress = index / (count - 1)
        # a constant pace towards a camera: size grows as one over the distance
        face_px = 1 / (1 / FAR_FACE_PX + progress * (1 / NEAR_FACE_PX - 1 / FAR_FACE_PX))
        stride = 2 * pi * 1.7 * index / FRAMES_PER_SECOND
        leaving = max(0.0, progress - 0.88) / 0.12
        yield Step(
            progress=progress,
            face_px=face_px,
            x_px=WIDTH_PX / 2 + sin(stride / 2) * face_px * 0.10 + leaving**2 * 420,
            y_px=HORIZON_PX + abs(sin(stride / 2)) * face_px * 0.06 - progress * 12,
            turn_degrees=2.0 * sin(stride / 2),
            blur_px=_blur(progress),
            light=0.62 + 0.5 * sin(pi * min(1.0, progress * 1.15)) + 0.05 * sin(stride),
        )


def _blur(progress: float) -> int:
    """Sharp when far, smeared for a few strides in the middle and while leaving."""
    if 0.45 < progress < 0.55:
        return 7
    return 15 if progress > 0.9 else 3


def corridor() -> Bgr:
    """The empty scene: a corridor seen through its doorway."""
    scene = np.full((HEIGHT_PX, WIDTH_PX, 3), (150, 158, 162), np.uint8)
    vanishing = (WIDTH_PX // 2, HORIZON_PX)
    corners = ((0, 0), (WIDTH_PX, 0), (WIDTH_PX, HEIGHT_PX), (0, HEIGHT_PX))
    shades = ((198, 202, 204), (140, 150, 156), (92, 104, 116), (158, 166, 170))
    for (start, end), shade in zip(zip(corners, (*corners[1:], corners[0]), strict=True), shades, strict=True):
        cv2.fillPoly(scene, [np.array([start, end, vanishing], np.int32)], shade)
    for depth in (0.25, 0.45, 0.62, 0.75, 0.85):
        inset_x, top, bottom = int(depth * WIDTH_PX / 2), int(depth * HORIZON_PX), int(HEIGHT_PX - depth * (HEIGHT_PX - HORIZON_PX))
        cv2.line(scene, (inset_x, bottom), (WIDTH_PX - inset_x, bottom), (80, 90, 102), 2, cv2.LINE_AA)
        cv2.line(scene, (WIDTH_PX // 2 - 60 + inset_x // 6, top), (WIDTH_PX // 2 + 60 - inset_x // 6, top), (240, 244, 246), 5, cv2.LINE_AA)
    cv2.rectangle(scene, (270, 140), (370, 262), (206, 212, 214), -1)
    cv2.rectangle(scene, (270, 140), (370, 262), (96, 104, 110), 3)
    for x_px in (0, WIDTH_PX - 46):
        cv2.rectangle(scene, (x_px, 0), (x_px + 46, HEIGHT_PX), (58, 78, 104), -1)
    cv2.rectangle(scene, (0, 0), (WIDTH_PX, 26), (58, 78, 104), -1)
    return cv2.GaussianBlur(scene, (0, 0), 1.2).astype(np.uint8)


def _lit(image: Bgr, light: float) -> Bgr:
    """Brighter is cooler, darker is warmer, as between daylight and a lamp."""
    gains = np.array([light * (0.90 + 0.1 * light), light, light * (1.08 - 0.08 * light)], np.float32)
    return np.clip(image.astype(np.float32) * gains, 0, 255).astype(np.uint8)


def _smeared(layer: NDArray[np.float32], blur_px: int) -> NDArray[np.float32]:
    """Motion blur from side to side. One or three channels of float32."""
    kernel = np.full((1, blur_px), 1 / blur_px, np.float32)
    return cv2.filter2D(layer, -1, kernel).astype(np.float32)


class Walker:
    """A person cut out of a portrait, drawn into the scene at any distance."""

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait
        self._image: Bgr = portrait.image_bgr()
        self._mask: Mask = portrait.mask()

    def draw(self, scene: Bgr, step: Step) -> Bgr:
        """The scene with the person in it; `scene` stays as it is."""
        scale = step.face_px / self._portrait.face_width_px
        matrix = cv2.getRotationMatrix2D(self._portrait.face_centre, step.turn_degrees, scale)
        matrix[0, 2] += step.x_px - self._portrait.face_centre[0]
        matrix[1, 2] += step.y_px - self._portrait.face_centre[1]
        size = (WIDTH_PX, HEIGHT_PX)
        # shrinking by warp alone aliases: soften first by what is lost
        image = self._image
        if scale < 1:
            image = cv2.GaussianBlur(image, (0, 0), 0.45 / scale).astype(np.uint8)
        person = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        opacity = cv2.warpAffine(self._mask, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)
        # only who moves is smeared: premultiplied, so that no background of the portrait bleeds in
        coloured = _smeared(person.astype(np.float32) * opacity[:, :, np.newaxis], step.blur_px)
        covered = _smeared(opacity, step.blur_px)[:, :, np.newaxis]
        mixed = coloured + self._with_legs(scene, step, scale) * (1 - covered)
        return np.clip(mixed, 0, 255).astype(np.uint8)

    def _with_legs(self, scene: Bgr, step: Step, scale: float) -> Bgr:
        """A portrait ends at the chest; from afar one would see the rest."""
        height = self._image.shape[0]
        waist = [x_px for x_px, y_px in self._portrait.outline if y_px == height - 1]
        top = int(step.y_px + (height - self._portrait.face_centre[1]) * scale) - 3
        if top >= HEIGHT_PX:
            return scene
        half_px, length_px = (max(waist) - min(waist)) / 2 * scale * 0.94, step.face_px * 5.0
        centre = step.x_px + ((max(waist) + min(waist)) / 2 - self._portrait.face_centre[0]) * scale
        foot_px = half_px * 0.62
        outline = (
            (centre - half_px, top),
            (centre + half_px, top),
            (centre + foot_px, top + length_px),
            (centre - foot_px, top + length_px),
        )
        drawn = scene.copy()
        cv2.fillPoly(drawn, [np.array(outline, np.int32)], self._portrait.legs_bgr, cv2.LINE_AA)
        return drawn


def frames() -> Iterator[Bgr]:
    """Every frame of the clip, 640×480 BGR: nobody, the first walker, nobody, the next, nobody."""
    grain = np.random.default_rng(20)
    scene = corridor()

    def finished(image: Bgr, step: Step | None) -> Bgr:
        seen = _lit(image, 0.8 if step is None else step.light)
        noise = grain.integers(-4, 5, size=seen.shape, dtype=np.int16)
        return np.clip(seen.astype(np.int16) + noise, 0, 255).astype(np.uint8)

    def nobody() -> Iterator[Bgr]:
        for _ in range(int(EMPTY_SECONDS * FRAMES_PER_SECOND)):
            yield finished(scene, None)

    yield from nobody()
    for portrait in WALKERS:
        walker = Walker(portrait)
        for step in steps():
            yield finished(walker.draw(scene, step), step)
        yield from nobody()


def build(path: Path) -> None:
    """Write the clip as motion JPEG. Either the whole clip is there afterwards or none."""
    unfinished = path.with_name(f".{path.stem}.unfinished{path.suffix}")
    writer = cv2.VideoWriter(str(unfinished), cv2.VideoWriter.fourcc(*"MJPG"), FRAMES_PER_SECOND, (WIDTH_PX, HEIGHT_PX))
    if not writer.isOpened():
        raise OSError(f"cannot write the clip {unfinished}: is the folder writable and the disk not full?")
    try:
        for frame in frames():
            writer.write(frame)
    finally:
        writer.release()
    os.replace(unfinished, path)  # noqa: PTH105  (atomic)
