"""Finds the eyes of a photo: one look at all of it, more at its parts if they are small, one at each eye.

    finder = EyeFinder()
    for eye in finder(read_image("photo.jpg")):
        print(eye.bounds(), eye.score)

The network sees 192 pixels. What it takes for an eye in a photo of a face has few of them, so it looks again
at each with a crop of its own: a nostril that passed for an eye from afar does not from near.
"""

import dataclasses
import math

import cv2
import numpy as np

from munet.finder.eyes import decode, distinct
from munet.images.crops import Pyramid, square

SIZE = 192  # of the network's input
LOWEST, ENOUGH = 0.12, 0.4  # scores: of what is looked at again, and of an eye
LEANING = 25  # Degrees from which on an eye is turned upright for the second look.
BACK = 2.0  # A look from further away, in which an eye that fills the photo has room around it.
MOST = 60  # candidates that are looked at again
VIEW = 2.8  # A crop is so many times as wide as the eye.
PARTS = (
    (2, 0.6),
    (3, 0.42),
)  # rows and columns of parts, and a part's side as a share of the photo's longer one
SMALL = 0.11  # Eyes narrower than this share of the photo may have others beside them that one look misses.


class EyeFinder:
    """A loaded finder; any number of threads may use one.

    Args:
        run: a function of (192, 192, 3) uint8 RGB that gives the network's answer (48, 48, 9) float32.
    """

    def __init__(self, run):
        self._run = run

    def __call__(self, image):
        """The eyes of a photo.

        Args:
            image: HWC uint8 RGB of any size, upright, or the `Pyramid` of one.

        Returns:
            list of `Eye` in the photo's pixels, from left to right.
        """
        seen = image if isinstance(image, Pyramid) else Pyramid(image)
        side = max(seen.shape[:2])
        middle = np.array(seen.shape[1::-1]) / 2
        candidates = self._look(seen, middle, side, 0)
        if not any(eye.score >= ENOUGH and eye.width >= SMALL * side for eye in candidates):
            candidates += self._look(seen, middle, BACK * side, 0)
            for count, share in PARTS:
                if share * side >= SIZE / 2:
                    candidates += self._look_at_parts(seen, seen.shape, count, share)
        candidates = distinct(candidates)[:MOST]
        eyes = [again for eye in candidates if (again := self._look_again(seen, eye))]
        return sorted(distinct(eyes), key=lambda eye: eye.x)

    def _look_at_parts(self, seen, shape, count, share):
        height, width = shape[:2]
        side = share * max(height, width)
        for y in _starts(height, side, count):
            for x in _starts(width, side, count):
                yield from self._look(seen, np.array([x, y]) + side / 2, side, 0)

    def _look(self, seen, middle, side, angle):
        """The eyes in a square of the photo, turned by `angle` degrees, in the photo's pixels."""
        matrix = square(middle, side, angle, SIZE)
        back = cv2.invertAffineTransform(matrix)
        return [eye.moved(back) for eye in decode(self._run(seen.warp(matrix, SIZE, extend=True)), LOWEST)]

    def _look_again(self, seen, eye):
        """The eye as a crop of its own shows it; None if it is none."""
        angle = eye.angle if abs(eye.angle) > LEANING else 0
        found = self._look(seen, np.array([eye.x, eye.y]), VIEW * eye.width, angle)
        near = [f for f in found if is_same(f, eye)]
        if not near:
            return None
        best = max(near, key=lambda f: f.score)
        score = math.sqrt(best.score * math.sqrt(eye.score))
        return dataclasses.replace(best, score=score) if score >= ENOUGH else None


def is_same(eye, other):
    """Whether a second look shows the eye that the first one did."""
    near = math.hypot(eye.x - other.x, eye.y - other.y) < 0.5 * other.width
    return near and 0.5 < eye.width / other.width < 2


def _starts(length, side, count):
    return np.linspace(0, length - side, count) if length > side else [(length - side) / 2]
