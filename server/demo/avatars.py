"""Pictures of nobody: coloured shapes with a number and the word SYNTHETIC. They show no face, and no camera takes them for one."""

from colorsys import hls_to_rgb
from random import Random

import cv2
import numpy as np

SIDE_PX = 160
BANNER_PX = 22
WHITE = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def avatar(label: str, *, seed: str) -> bytes:
    """A JPEG of SIDE_PX × SIDE_PX (BGR inside); the same label and seed give the same bytes."""
    draw = Random(seed)  # noqa: S311 (a picture, no secret)
    image = np.full((SIDE_PX, SIDE_PX, 3), _colour(draw, 0.35), np.uint8)
    for _ in range(4):
        centre, size = (draw.randrange(SIDE_PX), draw.randrange(SIDE_PX - BANNER_PX)), draw.randrange(15, 45)
        if draw.random() < 0.5:
            cv2.circle(image, centre, size, _colour(draw, 0.6), -1)
        else:
            cv2.rectangle(image, centre, (centre[0] + size, centre[1] + size), _colour(draw, 0.5), -1)
    cv2.putText(image, label, (12, 95), FONT, 1.6, WHITE, 4, cv2.LINE_AA)
    image[-BANNER_PX:] = 0
    cv2.putText(image, "SYNTHETIC", (30, SIDE_PX - 6), FONT, 0.55, WHITE, 1, cv2.LINE_AA)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _colour(draw: Random, lightness: float) -> tuple[int, int, int]:
    red, green, blue = hls_to_rgb(draw.random(), lightness, 0.6)
    return round(255 * blue), round(255 * green), round(255 * red)
