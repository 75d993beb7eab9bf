"""Finds the eyes of a photo: one look at all of it, more at its parts if they are small, one at each eye.

    finder = EyeFinder(open_finder().run)  # of munet.inference.engines
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
from munet.finder.faces import agreed, are_a_pair, lone
from munet.images.crops import Pyramid, square

SIZE = 192  # of the network's input
# Scores: of what is looked at again; of what may be an eye; of one that needs no second look, seen so LARGE
# (pixels of the network's input), or as wide as in a close-up.
LOWEST, ENOUGH, CERTAIN, CERTAIN_IN_CLOSE = 0.25, 0.42, 0.65, 0.5
LARGE = 24
WIDE, SMALL = 0.2, 0.11  # Shares of the photo's longer side: of a face, and of a person, that fills it.
BACK = 2.0  # A look from further away, in which an eye that fills the photo has room around it.
PARTS = ((2, 0.6), (3, 0.42))  # rows and columns of parts; a part's side as a share of the photo's longer one
VIEW, LEANING = 2.8, 25  # A second look is so many times as wide as the eye; upright from so many degrees on.
BOTH = 6.5  # So many times as wide as an eye is a look at both sides of it.
# Levels between dark and bright that are too few; what they are stretched to; at most so many times as far.
FLAT, DAYLIGHT, MOST_GAIN = 140, 200, 6
MOST = 40  # that are looked at again


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
        candidates = distinct(self._candidates(seen))[:MOST]
        eyes = [sure for eye, side in candidates if (sure := self._sure(seen, eye, side))]
        eyes += [other for eye in lone(eyes) for other in self._partners(seen, eye)]
        eyes = agreed([eye for eye, _ in distinct([(eye, None) for eye in eyes])])
        return sorted((eye for eye in eyes if eye.score >= ENOUGH), key=lambda eye: eye.x)

    def _partners(self, seen, eye):
        """What may be the other eye of a face, in a look at both sides of one that is sure."""
        if eye.width > WIDE * max(seen.shape[:2]):
            return []
        found = self._look(seen, np.array([eye.x, eye.y]), BOTH * eye.width, eye.angle)
        return [
            sure
            for other, side in found
            if are_a_pair(eye, other) and (sure := self._sure(seen, other, side))
        ]

    def _candidates(self, seen):
        """What may be an eye, each with the side of the look that showed it."""
        side, middle = max(seen.shape[:2]), np.array(seen.shape[1::-1]) / 2
        found = self._look(seen, middle, side)
        if _widest(found) >= WIDE * side:
            return found
        found += self._look(seen, middle, BACK * side)
        for count, share in PARTS:
            if _widest(found) >= SMALL * side or share * side < SIZE / 2:
                break
            found += self._look_at_parts(seen, count, share * side)
        return found

    def _look_at_parts(self, seen, count, side):
        height, width = seen.shape[:2]
        for y in _starts(height, side, count):
            for x in _starts(width, side, count):
                yield from self._look(seen, np.array([x, y]) + side / 2, side)

    def _look(self, seen, middle, side, angle=0):
        """(`Eye` in the photo, `side`) of each in a square of it that is turned by `angle` degrees."""
        matrix = square(middle, side, angle, SIZE)
        back = cv2.invertAffineTransform(matrix)
        answer = self._run(stretched(seen.warp(matrix, SIZE, coarse=True)))
        return [(eye.moved(back), side) for eye in decode(answer, LOWEST)]

    def _sure(self, seen, eye, side):
        """The eye, as a crop of its own shows it where that is needed; None if it is none."""
        is_wide = eye.width >= WIDE * max(seen.shape[:2])
        if eye.score >= (CERTAIN_IN_CLOSE if is_wide else CERTAIN) and eye.width * SIZE >= LARGE * side:
            return eye
        angle = eye.angle if abs(eye.angle) > LEANING else 0
        found = self._look(seen, np.array([eye.x, eye.y]), VIEW * eye.width, angle)
        best = max((f for f, _ in found if is_same(f, eye)), key=lambda f: f.score, default=None)
        if best is None:
            return None
        score = math.sqrt(best.score * math.sqrt(eye.score))
        return dataclasses.replace(best, score=score)


def stretched(crop):
    """A dark or hazy crop with the contrast of one in daylight, HWC uint8; one that has it stays as it is."""
    low, high = np.percentile(crop[::4, ::4], (1, 99))
    if high - low >= FLAT:
        return crop
    gain = min(MOST_GAIN, DAYLIGHT / max(high - low, 1))
    return cv2.convertScaleAbs(np.maximum(crop, np.uint8(low)), alpha=gain, beta=-gain * int(low))


def _widest(found):
    return max((eye.width for eye, _ in found if eye.score >= ENOUGH), default=0)


def is_same(eye, other):
    """Whether a second look shows the eye that the first one did."""
    near = math.hypot(eye.x - other.x, eye.y - other.y) < 0.5 * other.width
    return near and 0.5 < eye.width / other.width < 2


def _starts(length, side, count):
    return np.linspace(0, length - side, count) if length > side else [(length - side) / 2]
