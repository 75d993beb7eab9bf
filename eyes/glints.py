"""What a wet eye mirrors: lamps and windows on the cornea, and tears that catch the light along the lid."""

import math

import numpy as np

from .paint import soften

CORNERS = np.linspace(0, math.tau, 17)[:-1]  # Angles of the polygon that a round shape is drawn as.
SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


def add_glints(ball, scene, view, rng):
    """Adds glints to `ball`, the eyeball over `view` (slices) of the frame, HWC float32 linear RGB, in place."""
    scale = scene.frame.scale
    layer = np.zeros(scene.frame.size, np.uint8)
    _draw_lamps(layer, scene, rng)
    _draw_tears(layer, scene, rng)
    # A lamp's image is brighter than anything lit by it: up to three times what is white.
    ball += rng.uniform(0.8, 3) * soften(layer[view], 0.008 * scale)[..., None]
    window = np.zeros(scene.frame.size, np.uint8)
    _draw_window(window, scene, rng)
    # A window's image is a veil, often hardly seen.
    ball += 0.1 * rng.uniform() ** 2 * soften(window[view], 0.02 * scale)[..., None]


def _draw_lamps(layer, scene, rng):
    """One to three lamps, round or square, near each other on the cornea."""
    frame, globe = scene.frame, scene.globe
    # The cornea bulges, so its mirror images follow a turn of the eye only in part.
    spot = globe.center * 0.85 + globe.radius * rng.uniform(-0.4, 0.4, 2)
    for _ in range(int(rng.integers(1, 4))):
        reach, square = globe.radius * rng.uniform(0.04, 0.16), rng.uniform() < 0.4
        shape = np.stack([np.cos(CORNERS), np.sin(CORNERS) * rng.uniform(0.6, 1.3)], 1)
        shape = np.clip(shape * 1.6, -1, 1) if square else shape  # A cut circle is a square with cut corners.
        frame.polygon(layer, spot + reach * shape, 255 * rng.uniform(0.5, 1))
        spot = spot + globe.radius * rng.uniform(-0.3, 0.3, 2)


def _draw_tears(layer, scene, rng):
    """Up to four wet spots; tears gather along the lower lid and in the corners."""
    lids = scene.lids
    for _ in range(int(rng.integers(0, 5))):
        at = rng.uniform(-0.97, 0.97)
        wet = np.array([at, np.interp(at, lids.at, lids.lower) - abs(rng.normal(0.02, 0.04))])
        shape = np.stack([np.cos(CORNERS) * rng.uniform(0.8, 3), np.sin(CORNERS)], 1)  # Mostly drawn out along the lid.
        scene.frame.polygon(layer, wet + rng.uniform(0.004, 0.012) * shape, 255 * rng.uniform(0.3, 0.9))


def _draw_window(layer, scene, rng):
    """One upright rectangle, up to as wide as the iris."""
    globe = scene.globe
    middle, half = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.2, 0.6, 2)
    scene.frame.polygon(layer, globe.center + globe.radius * (middle + half * SQUARE))
