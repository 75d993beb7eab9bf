"""What the tables say of the eyes of a photo, and of how far its map is to be trusted."""

import cv2
import numpy as np

DOUBTFUL = 0.5  # The doubt from which on a map is named.
BESIDE = 0.25  # A box is widened by this share of its width to all sides, to hold what belongs to its eye.


# What one minus the F1 of a mask was on average, over the doubt that its map has of itself: of both bundled
# networks on 223 synthetic eyes (0.09 below 0.05, 0.13 below 0.1, 0.33 below 0.2, 0.9 above).
_OWN, _TRUE = (0, 0.025, 0.075, 0.15, 0.27, 1), (0, 0.09, 0.13, 0.33, 0.9, 1)


def doubt(probability, level):
    """How unsure a map is, 0..1: about one minus the F1 that its mask can be expected to have.

    Args:
        probability: HW uint8, 0-255 stands for 0..1.
        level: binarisation level, 0..255.

    Returns:
        `own_doubt`, made true on synthetic eyes.
    """
    return float(np.interp(own_doubt(probability, level), _OWN, _TRUE))


def own_doubt(probability, level):
    """One minus the Dice coefficient that a map expects of its own mask, 0..1.

    If each pixel is sclera with the probability that the map says, the mask of those at or above the level
    overlaps with the truth by twice their sum over the sum of both areas.

    Args:
        probability: HW uint8, 0-255 stands for 0..1.
        level: binarisation level, 0..255.

    Returns:
        0 of a map without anything; 1 of one that hints at sclera, of which nothing reaches the level.
    """
    counts = cv2.calcHist([probability], [0], None, [256], [0, 256]).ravel().astype(float)
    mass = counts * np.arange(256) / 255
    found, inside, expected = counts[level:].sum(), mass[level:].sum(), mass.sum()
    return float(1 - 2 * inside / (found + expected)) if found + expected > 0 else 0.0


def eye_rows(name, found, mask):
    """The rows of a photo's eyes in eyes.csv.

    Args:
        name: of the photo.
        found: a `Segmentation`.
        mask: HW bool.

    Returns:
        list of dicts from `EYE_COLUMNS` to text. Sclera that lies in or near two boxes is counted for both;
        `sclera_share` is of the eye's box.
    """
    return [_row(name, number, eye, found.probability, mask) for number, eye in enumerate(found.eyes, 1)]


def _row(name, number, eye, probability, mask):
    x0, y0, x1, y1 = eye.bounds()
    gap = BESIDE * (x1 - x0)
    near = _view((x0 - gap, y0 - gap, x1 + gap, y1 + gap), mask.shape)
    area = max(1.0, (x1 - x0) * (y1 - y0))
    sclera, highest = int(np.count_nonzero(mask[near])), int(probability[near].max(initial=0))
    row = {"image": name, "eye": str(number)}
    row |= {
        key: f"{value:.1f}" for key, value in zip(("x0", "y0", "x1", "y1"), (x0, y0, x1, y1), strict=True)
    }
    row |= {
        "angle": f"{eye.angle:.1f}",
        "score": f"{eye.score:.3f}",
        "open": f"{eye.open:.2f}",
        "side": eye.side,
    }
    return row | {
        "sclera_pixels": str(sclera),
        "sclera_share": f"{sclera / area:.4f}",
        "max_level": str(highest),
    }


def _view(box, shape):
    x0, x1 = (int(np.clip(round(x), 0, shape[1])) for x in (box[0], box[2]))
    y0, y1 = (int(np.clip(round(y), 0, shape[0])) for y in (box[1], box[3]))
    return np.s_[y0:y1, x0:x1]
