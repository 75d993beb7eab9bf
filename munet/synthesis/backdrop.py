"""What is behind the head, and all of a photo of nothing: walls, lamps, clutter, in focus or not."""

import math

import cv2
import numpy as np

from .paint import coarse_size, enlarge, linear, noise

CORNERS = np.linspace(0, math.tau, 25)[:-1]  # Angles of the polygon that a shape is drawn as.
BRIGHTNESS = {"dark": (8, 70), "wall": (70, 190), "bright": (190, 250), "clutter": (20, 230)}  # sRGB
SHAPES = {"dark": 3, "wall": 3, "bright": 4, "clutter": 25}


def draw_backdrop(scene, rng):
    """A background over the whole frame: HWC float32 linear RGB."""
    kind, size = scene.capture.backdrop, coarse_size(scene.frame.size)
    canvas = np.empty((*size, 3), np.float32)
    canvas[:] = linear(_color(kind, rng))
    for _ in range(int(rng.integers(0, SHAPES[kind] + 1))):
        _draw_shape(canvas, _color(kind, rng), rng)
    focus = rng.uniform(0.3, 12) * max(size) / 160
    canvas = cv2.GaussianBlur(canvas, (0, 0), focus)
    clouds = 0.3 * noise(rng, size, 0.4 * max(size)) + 0.05 * noise(rng, size, rng.uniform(1, 8))
    canvas *= np.exp(clouds)[..., None]
    return enlarge(canvas, scene.frame.size)


def _color(kind, rng):
    """Mostly nearly grey, at times of any hue, sRGB."""
    grey = rng.uniform(*BRIGHTNESS[kind])
    return np.clip(grey * np.exp(rng.normal(0, rng.choice([0.04, 0.35]), 3)), 2, 252)


def _draw_shape(canvas, color, rng):
    """A box, a disc or a stripe in linear RGB, at any place, size and angle, in place."""
    height, width = canvas.shape[:2]
    reach = max(height, width) * rng.uniform(0.03, 0.4)
    flat, turn, round_one = rng.choice([1, 0.5, 0.05]), rng.uniform(0, math.pi), rng.uniform() < 0.5
    points = np.stack([np.cos(CORNERS), np.sin(CORNERS)], 1)
    points = (points if round_one else np.clip(1.6 * points, -1, 1)) * (reach, reach * flat)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    points = points @ rotation + rng.uniform(0, 1, 2) * (width, height)
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], [float(v) for v in linear(color)])
