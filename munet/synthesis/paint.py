"""The brushes: colours, soft edges, noise, and how one layer is laid over another.

An alpha or a light is HW float32, a canvas HWC float32 linear RGB, a layer of drawn shapes HW uint8.
"""

import math

import cv2
import numpy as np

GAMMA = 2.2  # sRGB's curve, near enough for paint.
COARSE = 4  # Pixels between those that are computed where all is smooth.


def linear(srgb):
    """sRGB 0-255 to linear RGB 0..1, float32."""
    return (np.asarray(srgb, np.float32) / 255) ** np.float32(GAMMA)


def ramp(value, low, high):
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def bump(value, width):
    """1 at 0 that falls off to both sides, to a half at `width`."""
    return 1 / (1 + (value * (1 / width)) ** 2)


def noise(rng, size, cell):
    """Smooth noise, HW float32 of `size` (height, width) and standard deviation 0.85 to 1.

    Grains have `cell` pixels. If the frame holds only a few, they are smaller: three more than fit are used.
    """
    cell = max(cell, 1.0)
    # Cubic interpolation looks beyond the cells that the frame holds.
    grid = rng.standard_normal((int(size[0] / cell) + 3, int(size[1] / cell) + 3), dtype=np.float32)
    if cell == 1:
        return grid[: size[0], : size[1]].copy()
    return cv2.resize(grid, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def bounds(layer):
    """The slices of the rectangle that holds all above 0 in an HW layer or bool; None if nothing is."""
    rows, columns = np.flatnonzero(layer.max(axis=1) > 0), np.flatnonzero(layer.max(axis=0) > 0)
    return np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else None


def mix(canvas, color, alpha):
    """Lays `color` (3, or HWC) over an HWC canvas in place, by an HW alpha in 0..1."""
    # Most alphas are 0 nearly everywhere: only the rectangle that holds the rest is touched.
    view = bounds(alpha)
    if view is None:
        return
    part = canvas[view]
    difference = (color[view] if np.ndim(color) == 3 else color) - part
    difference *= cv2.merge([alpha[view]] * 3)
    part += difference


def soften(layer, sigma):
    """Blurs an HW uint8 layer by `sigma` pixels, in a time that does not depend on it: HW float32, 0..1."""
    if sigma < 2:  # Boxes of whole pixels are too coarse there. No edge is sharper than a lens makes it.
        return _share(cv2.GaussianBlur(layer, (0, 0), max(sigma, 0.5)))
    # Two boxes of this side have a variance of (side ** 2 - 1) / 6 together.
    side = 2 * round((math.sqrt(6 * sigma * sigma + 1) - 1) / 2) + 1
    return _share(cv2.blur(cv2.blur(layer, (side, side)), (side, side)))


def _share(layer):
    """uint8 0-255 to float32 0..1."""
    return np.multiply(layer, np.float32(1 / 255), dtype=np.float32)


def coarse_size(size):
    """The (height, width) of a layer for a frame of `size` that is drawn in every `COARSE`-th pixel."""
    return -(-size[0] // COARSE), -(-size[1] // COARSE)


def enlarge(layer, size):
    """A smooth layer (HW or HWC float32) drawn in fewer pixels, at `size` (height, width)."""
    return cv2.resize(layer, size[::-1], interpolation=cv2.INTER_LINEAR)
