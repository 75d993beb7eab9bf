"""Turned squares of a photo, and how what was computed on them is laid back."""

import math

import cv2
import numpy as np


class Pyramid:
    """A photo at all halves of its size, so that a crop of any size is taken without aliasing, and fast.

    Args:
        image: HWC uint8 RGB, of the photo, or at half of its size.
        full: where it is half: a function that gives the photo, for what has too few pixels in the half.
        size: where it is half: (height, width) of the photo.

    Attributes:
        shape: (height, width) of the photo.
        base: the image.
    """

    def __init__(self, image, full=None, size=None):
        self.shape, self.base, self._full = size or image.shape[:2], image, full
        self._levels = {1 if full else 0: image}

    def full(self):
        """The photo at its own size."""
        if 0 not in self._levels:
            self._levels[0] = self._full()
        return self._levels[0]

    def _level(self, factor, coarse):
        """The smallest that has no fewer pixels than the photo scaled by `factor`."""
        halvings = max(0, math.floor(-math.log2(factor) + 1e-6))
        if not halvings:
            return self.base if coarse else self.full()
        for k in range(max(self._levels) + 1, halvings + 1):
            last = self._levels[k - 1]
            size = max(1, last.shape[1] // 2), max(1, last.shape[0] // 2)
            self._levels[k] = cv2.resize(last, size, interpolation=cv2.INTER_AREA)
        return self._levels[halvings]

    def warp(self, matrix, size, coarse=False):
        """What a matrix of `square` shows: (size, size, 3) uint8 RGB; beyond the photo as at its border.

        With `coarse` a half will do where there is no more.
        """
        image = self._level(math.hypot(*matrix[:, 0]), coarse)
        shrunk = np.array([image.shape[1] / self.shape[1], image.shape[0] / self.shape[0]])
        own = matrix.copy()
        own[:, :2] = matrix[:, :2] / shrunk
        return cv2.warpAffine(
            image, _of_centres(own), (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )


def square(middle, side, angle, size):
    """The (2, 3) matrix from a photo to a square of it that leans by `angle` degrees, `size` pixels wide.

    Whole numbers are the corners of pixels, in the photo and in the square.

    Args:
        middle: (x, y) of the square in the photo.
        side: of the square in the photo's pixels.
        angle: degrees, clockwise; what leans so in the photo is upright in the square.
        size: pixels.
    """
    factor, turn = size / side, math.radians(angle)
    along, across = factor * math.cos(turn), factor * math.sin(turn)
    matrix = np.array([[along, across, 0], [-across, along, 0]])
    matrix[:, 2] = size / 2 - matrix[:, :2] @ middle
    return matrix


def lay_crop(levels, probability, matrix):
    """Lays the map of a square into a photo's, in place; where both tell something, the higher stands.

    Args:
        levels: HW uint8, 0-255 stands for 0..1, of the photo.
        probability: (size, size) float32 in [0, 1].
        matrix: of `square`.
    """
    size = len(probability)
    corners = np.array([(0, 0), (size, 0), (size, size), (0, size)], float)
    back = cv2.invertAffineTransform(matrix)
    corners = corners @ back[:, :2].T + back[:, 2]
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    x0, x1 = (int(np.clip(x, 0, levels.shape[1])) for x in (x0, x1))
    y0, y1 = (int(np.clip(y, 0, levels.shape[0])) for y in (y0, y1))
    if x1 <= x0 or y1 <= y0:
        return
    own = matrix.copy()
    own[:, 2] += matrix[:, :2] @ (x0, y0)
    seen = cv2.warpAffine(
        probability, _of_centres(cv2.invertAffineTransform(own)), (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR
    )
    part = levels[y0:y1, x0:x1]
    np.maximum(part, cv2.convertScaleAbs(seen, alpha=255.0), out=part)


def _of_centres(matrix):
    """The same for OpenCV, to which whole numbers are the centres of pixels."""
    own = matrix.copy()
    own[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return own
