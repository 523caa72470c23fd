"""A place for people to come through: a corridor drawn from a seed, full of clutter, with no face in it."""

from typing import Final

import cv2
import numpy as np

from shared_schema.face.types import Bgr

MARGIN: Final = 12
"""The picture is larger than the frame by so many pixels on every side: the camera trembles."""

Random = np.random.Generator


def corridor(size: tuple[int, int], random: Random) -> Bgr:
    """A BGR picture (height + 2·MARGIN, width + 2·MARGIN, 3) of walls, floor, doors, posters and things that stand about."""
    wide, high = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN
    picture = np.empty((high, wide, 3), np.uint8)
    picture[:] = _colour(random, 110, 200)
    end = (round(wide * random.uniform(0.42, 0.58)), round(high * random.uniform(0.34, 0.46)))
    _surfaces(picture, end, random)
    for _ in range(int(random.integers(2, 5))):
        _door(picture, end, random)
    for _ in range(int(random.integers(3, 8))):
        _thing(picture, random)
    _grain(picture, random)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.6, 1.6)), np.uint8)


def _surfaces(picture: Bgr, end: tuple[int, int], random: Random) -> None:
    """Floor, ceiling and far wall, with the lines that run to the corridor's end."""
    high, wide = picture.shape[:2]
    half = round(wide * random.uniform(0.08, 0.16))
    tall = round(half * random.uniform(0.8, 1.2))
    left, right, top, foot = end[0] - half, end[0] + half, end[1] - tall, end[1] + tall
    floor = np.array([[0, high], [wide, high], [right, foot], [left, foot]])
    ceiling = np.array([[0, 0], [wide, 0], [right, top], [left, top]])
    cv2.fillPoly(picture, [floor], _colour(random, 60, 150))
    cv2.fillPoly(picture, [ceiling], _colour(random, 150, 230))
    cv2.rectangle(picture, (left, top), (right, foot), _colour(random, 90, 220), -1)
    far = ((left, top), (right, top), (right, foot), (left, foot))
    for corner, near in zip(far, ((0, 0), (wide, 0), (wide, high), (0, high)), strict=True):
        cv2.line(picture, corner, near, _colour(random, 40, 120), 2, cv2.LINE_AA)
    for share in np.linspace(0.1, 0.9, int(random.integers(3, 9))):
        cv2.line(picture, (round(wide * float(share)), high), end, _colour(random, 60, 140), 1, cv2.LINE_AA)


def _door(picture: Bgr, end: tuple[int, int], random: Random) -> None:
    """A door or window in a side wall, in perspective."""
    high, wide = picture.shape[:2]
    side = 0 if random.random() < 0.5 else wide
    far, deep = random.uniform(0.15, 0.6), random.uniform(0.08, 0.22)
    corners = []
    for share, level in ((far, 0.12), (far + deep, 0.12), (far + deep, 0.97), (far, 0.97)):
        x = side + (end[0] - side) * share
        y = high * level + (end[1] - high * level) * share
        corners.append([round(x), round(y)])
    cv2.fillPoly(picture, [np.array(corners)], _colour(random, 40, 245))
    cv2.polylines(picture, [np.array(corners)], isClosed=True, color=_colour(random, 20, 120), thickness=2, lineType=cv2.LINE_AA)


def _thing(picture: Bgr, random: Random) -> None:
    """A poster, a shelf or a plant."""
    high, wide = picture.shape[:2]
    left, top = int(random.integers(0, wide)), int(random.integers(0, high))
    width, tall = (round(wide * random.uniform(0.04, 0.14)) for _ in range(2))
    match int(random.integers(3)):
        case 0:
            _poster(picture[top : top + tall, left : left + width], random)
        case 1:
            cv2.rectangle(picture, (left, top), (left + width, top + tall), _colour(random, 30, 220), -1)
            for row in range(top, top + tall, max(6, tall // 5)):
                cv2.line(picture, (left, row), (left + width, row), _colour(random, 20, 100), 2)
        case _:
            for _leaf in range(14):
                middle = (left + int(random.normal(0, width / 3)), top + int(random.normal(0, tall / 3)))
                axes = (max(2, width // 5), max(1, width // 14))
                cv2.ellipse(picture, middle, axes, random.uniform(0, 180), 0, 360, _colour(random, 20, 140), -1, cv2.LINE_AA)


def _poster(part: Bgr, random: Random) -> None:
    """Stripes or lines of writing, whatever fits."""
    if 0 in part.shape:
        return
    part[:] = _colour(random, 120, 250)
    period = int(random.integers(4, 14))
    for row in range(period, part.shape[0] - 2, period):
        until = int(part.shape[1] * random.uniform(0.4, 0.95))
        part[row : row + max(1, period // 3), 4:until] = _colour(random, 10, 160)


def _grain(picture: Bgr, random: Random) -> None:
    """Stains and shadows: soft noise of several sizes."""
    high, wide = picture.shape[:2]
    stains = np.zeros((high, wide), np.float32)
    for cells in (6, 24, 90):
        small = random.normal(0, 9, (cells, cells)).astype(np.float32)
        stains += cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC)
    np.copyto(picture, np.clip(picture + stains[:, :, np.newaxis], 0, 255).astype(np.uint8))


def _colour(random: Random, low: int, high: int) -> tuple[int, int, int]:
    """Not too gaudy: the channels lie near each other."""
    level = int(random.integers(low, high))
    blue, green, red = (int(np.clip(level + random.normal(0, 11), 0, 255)) for _ in range(3))
    return blue, green, red
