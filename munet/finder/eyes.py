"""Eyes as the finder gives them, and how its answer becomes them."""

import dataclasses
import math
from dataclasses import dataclass

import cv2
import numpy as np

from munet.images.ovals import Oval

STRIDE = 4  # pixels of the network's input to a cell of its output
SURE_SIDE = 0.7  # The probability from which a side is told.
SAME = 0.45  # Two eyes whose middles lie nearer than this share of the larger one's width are one.


@dataclass(frozen=True)
class Eye(Oval):
    """The visible part of a palpebral fissure. Lengths in pixels of the upright photo, from its corner.

    Attributes:
        x, y: its middle.
        width: from canthus to canthus.
        height: from lid to lid, across.
        angle: degrees from the photo's horizontal to the eye's, clockwise, -180..180; 180 is upside-down.
        score: how sure it is that this is an eye, 0..1.
        open: probability that the lids are open, 0..1.
        left: probability that it is the person's left eye, 0..1.
    """

    x: float
    y: float
    width: float
    height: float
    angle: float
    score: float
    open: float
    left: float

    @property
    def side(self):
        """ "L" or "R", the person's own, or "" where it cannot be told."""
        return "L" if self.left >= SURE_SIDE else "R" if self.left <= 1 - SURE_SIDE else ""

    def moved(self, matrix):
        """The eye where a (2, 3) matrix of turning, scaling and shifting takes it."""
        (x, y), factor = matrix @ (self.x, self.y, 1), math.hypot(*matrix[:, 0])
        angle = self.angle + math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
        return dataclasses.replace(
            self,
            x=float(x),
            y=float(y),
            width=self.width * factor,
            height=self.height * factor,
            angle=(angle + 180) % 360 - 180,
        )


def decode(answer, lowest):
    """The eyes in an answer of the network.

    Args:
        answer: (H, W, 9) float32, channels as in `network`.
        lowest: score, 0..1.

    Returns:
        list of `Eye`, the surest first, in pixels of the network's input.
    """
    heat = np.ascontiguousarray(answer[..., 0])
    peaks = (heat >= lowest) & (heat == cv2.dilate(heat, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(peaks)
    eyes = []
    for row, column in zip(rows, columns, strict=True):
        score, wide, high, dx, dy, sine, cosine, is_open, left = map(float, answer[row, column])
        eyes.append(
            Eye(
                x=(column + 0.5 + dx) * STRIDE,
                y=(row + 0.5 + dy) * STRIDE,
                width=STRIDE * math.exp(min(wide, 6)),
                height=STRIDE * math.exp(min(high, 6)),
                angle=math.degrees(math.atan2(sine, cosine)),
                score=score,
                open=is_open,
                left=left,
            )
        )
    return [eye for eye, _ in distinct([(eye, None) for eye in eyes])]


def _by_score(pair):
    return -pair[0].score


def distinct(found):
    """Of eyes that are one, the surest: non-maximum suppression by the distance of their middles.

    Args:
        found: (`Eye`, anything) pairs.
    """
    kept = []
    for eye, with_it in sorted(found, key=_by_score):
        apart = (
            math.hypot(eye.x - other.x, eye.y - other.y) / max(eye.width, other.width) for other, _ in kept
        )
        if all(distance >= SAME for distance in apart):
            kept.append((eye, with_it))
    return kept
