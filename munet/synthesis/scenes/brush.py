"""The brush of scenes: soft polygons in pixels, each drawn only where it is."""

import math

import cv2
import numpy as np

from munet.synthesis.geometry import FARTHEST, SUBPIXEL_BITS
from munet.synthesis.paint import mix, noise, soften

TURN = np.linspace(0, math.tau, 41)[:-1]


def fill(canvas, corners, color, alpha=1.0, soft=0.5):
    """Lays a polygon over a canvas in place.

    Args:
        canvas: HWC float32 linear RGB.
        corners: (N, 2), x and y in pixels.
        color: linear RGB (3), or HWC like the canvas.
        alpha: 0..1.
        soft: sigma of its edge in pixels.
    """
    view = window(corners, canvas.shape, 3 * soft + 2)
    if view is not None:
        part = color[view] if np.ndim(color) == 3 else color
        mix(canvas[view], part, np.float32(alpha) * coverage(corners, canvas.shape, soft, view))


def window(corners, shape, margin=0.0):
    """The slices of the part of a frame of `shape` that holds the corners; None if they lie outside."""
    low, high = np.min(corners, axis=0) - margin, np.max(corners, axis=0) + margin
    x0, y0 = np.clip(np.floor(low), 0, (shape[1], shape[0])).astype(int)
    x1, y1 = np.clip(np.ceil(high), 0, (shape[1], shape[0])).astype(int)
    return np.s_[y0:y1, x0:x1] if x1 - x0 > 1 and y1 - y0 > 1 else None


def coverage(corners, shape, soft, view=np.s_[0:, 0:]):
    """How much of each pixel of a view a soft polygon covers, HW float32, 0..1."""
    top, left = view[0].start, view[1].start
    bottom, right = view[0].stop or shape[0], view[1].stop or shape[1]
    layer = np.zeros((bottom - top, right - left), np.uint8)
    points = (np.asarray(corners) - (left + 0.5, top + 0.5)) * 2**SUBPIXEL_BITS
    points = np.clip(np.rint(points), -FARTHEST, FARTHEST).astype(np.int32)
    cv2.fillPoly(layer, [points], 255, cv2.LINE_AA, shift=SUBPIXEL_BITS)
    return soften(layer, soft)


def ellipse(center, radii, turn=0.0):
    """An ellipse as corners (40, 2); `turn` in radians."""
    points = np.stack([np.cos(TURN), np.sin(TURN)], 1) * radii
    return points @ rotation(turn) + center


def box(center, radii, turn=0.0, power=1.0):
    """A rectangle as corners; below a `power` of 1 it is rounded, (40, 2), like a superellipse."""
    if power == 1:
        points = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * radii
    else:
        c, s = np.cos(TURN), np.sin(TURN)
        points = np.stack([np.sign(c) * np.abs(c) ** power, np.sign(s) * np.abs(s) ** power], 1) * radii
    return points @ rotation(turn) + center


def rotation(turn):
    """The matrix that turns row vectors by `turn` radians, clockwise in a photo."""
    sine, cosine = math.sin(turn), math.cos(turn)
    return np.array([[cosine, sine], [-sine, cosine]])


def smooth(corners, count=60):
    """A closed curve (count, 2) through a coarse polygon, its corners rounded."""
    corners = np.asarray(corners, float)
    for _ in range(3):  # Chaikin's corner cutting (Computer Graphics and Image Processing 3, 1974)
        after = np.roll(corners, -1, axis=0)
        corners = np.stack([0.75 * corners + 0.25 * after, 0.25 * corners + 0.75 * after], 1).reshape(-1, 2)
    return corners[:: max(1, len(corners) // count)]


def streaks(rng, size, turn, cell, stretch=10):
    """Noise drawn out along a direction, as hair, fur, cloth and wood are: HW float32, deviation about
    0.5."""
    side = 128
    grains = rng.standard_normal((side, side), dtype=np.float32)
    tile = cv2.GaussianBlur(grains, (0, 0), sigmaX=1, sigmaY=stretch, borderType=cv2.BORDER_REFLECT) * 5
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32) / np.float32(max(cell, 0.3))
    bend = 6 * noise(rng, size, 0.5 * max(size))
    across = x * np.float32(math.cos(turn)) + y * np.float32(math.sin(turn)) + bend
    along = y * np.float32(math.cos(turn)) - x * np.float32(math.sin(turn))
    return cv2.remap(tile, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
