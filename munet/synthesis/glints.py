"""What a wet eye reflects: lamps and windows on the cornea, and tears that catch the light along the lid."""

import math

import numpy as np

from .paint import linear, soften

CORNERS = np.linspace(0, math.tau, 17)[:-1]  # Angles of the polygon that a round shape is drawn as.


def add_glints(ball, scene, view, rng):
    """Adds glints to `ball` in place: the eyeball over `view` (slices), HWC float32 linear RGB."""
    scale, kind = scene.frame.scale, scene.capture.glints
    if kind == "none":
        return
    layer = np.zeros(scene.frame.size, np.uint8)
    (_draw_ring if kind == "ring" else _draw_lamps)(layer, scene, rng)
    _draw_tears(layer, scene, rng)
    # A lamp's image is brighter than anything lit by it: up to three times what is white.
    ball += rng.uniform(0.3, 3) * soften(layer[view], rng.uniform(0.004, 0.012) * scale)[..., None]
    if kind in ("window", "scene"):
        veil = np.zeros(scene.frame.size, np.uint8)
        (_draw_window if kind == "window" else _draw_scene)(veil, scene, rng)
        color = linear(rng.uniform((150, 170, 190), (255, 255, 255)))
        ball += rng.uniform(0.1, 1) ** 2 * 0.6 * soften(veil[view], 0.012 * scale)[..., None] * color


def _spot(scene, rng, reach):
    """A place (2,) of a mirror image: the cornea bulges, so these follow a turn of the eye only in part."""
    globe = scene.globe
    return globe.middle + 0.85 * (globe.center - globe.middle) + globe.radius * rng.uniform(-reach, reach, 2)


def _draw_lamps(layer, scene, rng):
    """One to three lamps, round or square, near each other on the cornea."""
    frame, globe = scene.frame, scene.globe
    spot = _spot(scene, rng, 0.4)
    for _ in range(int(rng.integers(1, 4))):
        reach, square = globe.radius * rng.uniform(0.03, 0.16), rng.uniform() < 0.4
        shape = np.stack([np.cos(CORNERS), np.sin(CORNERS) * rng.uniform(0.6, 1.3)], 1)
        shape = np.clip(shape * 1.6, -1, 1) if square else shape  # A cut circle is a square with cut corners.
        frame.polygon(layer, spot + reach * shape, 255 * rng.uniform(0.5, 1))
        spot = spot + globe.radius * rng.uniform(-0.3, 0.3, 2)


def _draw_ring(layer, scene, rng):
    """A ring light around the lens."""
    reach = scene.globe.radius * rng.uniform(0.15, 0.45)
    spot, shape = _spot(scene, rng, 0.15), np.stack([np.cos(CORNERS), np.sin(CORNERS)], 1)
    scene.frame.polygon(layer, spot + reach * shape, 255)
    scene.frame.polygon(layer, spot + rng.uniform(0.6, 0.85) * reach * shape, 0)


def _draw_tears(layer, scene, rng):
    """A few wet spots; tears gather along the lower lid and in the corners, above all around the caruncle."""
    lids = scene.lids
    few = rng.uniform(-0.97, 0.97, rng.integers(0, 5))
    for at in (*few, *rng.uniform(-0.99, -0.75, rng.integers(0, 8))):
        wet = np.array([at, np.interp(at, lids.at, lids.lower) - abs(rng.normal(0.02, 0.04))])
        # Mostly drawn out along the lid.
        shape = np.stack([np.cos(CORNERS) * rng.uniform(0.8, 3), np.sin(CORNERS)], 1)
        scene.frame.polygon(layer, wet + rng.uniform(0.004, 0.012) * shape, 255 * rng.uniform(0.3, 0.9))


def _draw_window(layer, scene, rng):
    """One window with its bars, up to as wide as the iris, bent by the cornea."""
    frame, radius = scene.frame, scene.globe.radius
    spot, half = _spot(scene, rng, 0.45), radius * rng.uniform(0.15, 0.55, 2)
    slant = rng.uniform(-0.4, 0.4)
    panes, gap = int(rng.integers(1, 4)), rng.uniform(0.04, 0.2)
    for pane in range(panes):
        left, right = (2 * (pane + end * (1 - gap)) / panes - 1 for end in (0, 1))
        corners = np.array([[left, -1], [right, -1], [right, 1], [left, 1]]) * half
        corners[:, 1] += slant * corners[:, 0]
        frame.polygon(layer, spot + corners, 255)


def _draw_scene(layer, scene, rng):
    """What stands before the eye against the sky: a bright band with an uneven lower edge."""
    radius = scene.globe.radius
    x = np.linspace(-1, 1, 12)
    edge = rng.uniform(-0.4, 0.3) + np.cumsum(rng.normal(0, 0.08, 12))
    upper = np.stack([x, -np.sqrt(np.maximum(0.9 - x * x, 0))], 1)
    lower = np.stack([x, np.maximum(edge, upper[:, 1])], 1)[::-1]
    scene.frame.polygon(layer, _spot(scene, rng, 0.1) + 0.9 * radius * np.concatenate([upper, lower]), 200)
