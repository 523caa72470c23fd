"""The pixels of a clip: people before a corridor, as a camera at a door would see them."""

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.evaluate.doorwalk.clip import Clip, Cover, Light, Moment
from shared_schema.evaluate.doorwalk.scene import MARGIN, corridor
from shared_schema.evaluate.doorwalk.sprite import Sprite
from shared_schema.face.images import encode_jpeg
from shared_schema.face.types import Bgr

_TREMBLE_PX: Final = 0.35
_NOISE_TILE: Final = 160

Layer = NDArray[np.float32]
"""Colours times opacity, and opacity: (rows, columns, 4)."""


class Film:
    """Makes the frames of a clip, one at a time; `sprites[walker][portrait]`.

    `spoiled` false leaves out the lens's softness, motion blur, covered faces, exposure, noise, compression and movement of the background.
    """

    def __init__(self, clip: Clip, sprites: Sequence[Sequence[Sprite]], *, spoiled: bool) -> None:
        self._clip = clip
        self._sprites = sprites
        self._spoiled = spoiled
        random = np.random.default_rng(clip.seed)
        self._background = corridor(clip.size, random)
        self._patch = _swaying(clip.size, random)
        self._noise = random.normal(0, clip.noise, (clip.size[1] + _NOISE_TILE, clip.size[0] + _NOISE_TILE, 3)).astype(np.int16)
        self._shifts = random.normal(0, _TREMBLE_PX, (clip.frames, 2))
        self._starts = random.integers(0, _NOISE_TILE, (clip.frames, 2))

    def frame(self, number: int) -> Bgr:
        """Frame `number` of the clip, BGR."""
        picture = self._stage(number)
        present = [(walk[number], at) for at, walk in enumerate(self._clip.walks)]
        for moment, walker in sorted(((moment, at) for moment, at in present if moment), key=lambda one: one[0].face_px):
            self._draw(picture, self._sprites[walker][moment.portrait], moment)
        return self._spoil(picture, number) if self._spoiled else picture

    def _stage(self, number: int) -> Bgr:
        """The empty corridor; a plant sways and the camera trembles."""
        wide, high = self._clip.size
        across, down = np.clip(np.round(self._shifts[number]), -4, 4).astype(int) if self._spoiled else (0, 0)
        picture = self._background[MARGIN + down : MARGIN + down + high, MARGIN + across : MARGIN + across + wide].copy()
        if self._spoiled:
            left, top, patch = self._patch
            sway = round(3 * math.sin(number * 1.3))
            part = picture[top : top + patch.shape[0], left + sway : left + sway + patch.shape[1]]
            part[:] = patch[: part.shape[0], : part.shape[1]]
        return picture

    def _draw(self, picture: Bgr, sprite: Sprite, moment: Moment) -> None:
        layer, left, top = _placed(sprite, moment, self._clip.size)
        if 0 in layer.shape:
            return
        if self._spoiled:
            if moment.cover is not None:
                _cover(layer, moment, moment.cover, (left, top))
            layer = _smeared(np.asarray(cv2.GaussianBlur(layer, (0, 0), self._clip.softness), np.float32), moment.blur)
        part = picture[top : top + layer.shape[0], left : left + layer.shape[1]]
        mixed = part * (1 - layer[:, :, 3:]) + layer[:, :, :3]
        part[:] = np.clip(mixed, 0, 255).astype(np.uint8)

    def _spoil(self, picture: Bgr, number: int) -> Bgr:
        high, wide = picture.shape[:2]
        exposed = _exposed(picture, self._clip.lights[number])
        down, across = self._starts[number]
        noisy = cv2.add(exposed, self._noise[down : down + high, across : across + wide], dtype=cv2.CV_8U)
        coded = np.frombuffer(encode_jpeg(np.asarray(noisy, np.uint8), self._clip.jpeg), np.uint8)
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _placed(sprite: Sprite, moment: Moment, size: tuple[int, int]) -> tuple[Layer, int, int]:
    """The sprite at its size and place, cut to the frame: the layer and where it lies."""
    scale = moment.face_px / sprite.face_px
    colours, alpha, shrunk = sprite.colours, sprite.alpha, 1.0
    if scale < 0.8:
        shrunk = scale
        colours = np.asarray(cv2.resize(colours, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        alpha = np.asarray(cv2.resize(alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    reach = 1.9 * moment.face_px
    left, right = (int(np.clip(moment.x + side * reach, 0, size[0])) for side in (-1, 1))
    top = int(np.clip(moment.y - 1.6 * moment.face_px, 0, size[1]))
    foot = int(np.clip(moment.y + 9 * moment.face_px, 0, size[1]))
    if left >= right or top >= foot:
        return np.empty((0, 0, 4), np.float32), 0, 0
    turn = cv2.getRotationMatrix2D((sprite.x * shrunk, sprite.y * shrunk), moment.tilt, scale / shrunk)
    onto = np.asarray(turn, np.float64)
    onto[:, 2] += (moment.x - left - sprite.x * shrunk, moment.y - top - sprite.y * shrunk)
    extent = (right - left, foot - top)
    opacity = cv2.warpAffine(alpha, onto, extent, flags=cv2.INTER_LINEAR)[:, :, np.newaxis]
    shown = cv2.warpAffine(colours, onto, extent, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.concatenate([shown * (opacity * np.float32(moment.gain)), opacity], axis=2, dtype=np.float32), left, top


def _cover(layer: Layer, moment: Moment, cover: Cover, corner: tuple[int, int]) -> None:
    """Paint something over a share of the face: from the left, from the right, or from below."""
    half = moment.face_px / 2
    x, y = moment.x - corner[0], moment.y - corner[1]
    reach = cover.share * moment.face_px
    left, top, right, foot = x - 1.2 * half, y - 1.6 * half, x + 1.2 * half, y + 1.6 * half
    match cover.side:
        case 0:
            right = x - half + reach
        case 1:
            left = x + half - reach
        case _:
            top = y + half - reach
    rows = slice(max(0, round(top)), max(0, round(foot)))
    columns = slice(max(0, round(left)), max(0, round(right)))
    grey = float(cover.grey)
    layer[rows, columns] = (0.8 * grey, 0.9 * grey, grey, 1.0)


def _smeared(layer: Layer, blur: tuple[float, float]) -> Layer:
    """Smear along a line of that many pixels across and down."""
    length = math.hypot(*blur)
    if length < 1:
        return layer
    reach = math.ceil(length / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * reach + 1):
        kernel[round(reach + blur[1] * float(share)), round(reach + blur[0] * float(share))] += 1
    return np.asarray(cv2.filter2D(layer, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.float32)


def _exposed(picture: Bgr, light: Light) -> Bgr:
    levels = 255 * (np.arange(256) / 255) ** light.gamma
    table = np.clip(levels[:, np.newaxis] * np.array(light.gains), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[np.newaxis]), np.uint8)


def _swaying(size: tuple[int, int], random: np.random.Generator) -> tuple[int, int, Bgr]:
    """Left, top and pixels of something that moves a little."""
    wide, high = round(size[0] * random.uniform(0.04, 0.09)), round(size[1] * random.uniform(0.1, 0.25))
    small = random.integers(20, 160, (7, 4, 3), dtype=np.uint8)
    patch = np.asarray(cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC), np.uint8)
    left = int(random.integers(4, size[0] - wide - 4))
    return left, int(random.integers(0, size[1] - high)), patch
