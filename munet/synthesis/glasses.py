"""Glasses: rim, bridge and arm, and what the lens mirrors."""

import math

import numpy as np

from .paint import linear, mix, soften

ANGLES = np.linspace(0, math.tau, 97)[:-1]
RIMS = ((20, 18, 18), (70, 44, 30), (150, 140, 120), (190, 190, 195), (110, 24, 30), (40, 60, 110))  # sRGB


def draw_glasses(canvas, scene, rng):
    """Draws glasses in front of everything on the canvas (HWC float32 linear RGB), in place."""
    frame = scene.frame
    middle, half = np.array([0.1, 0.2]) + rng.normal(0, 0.12, 2), rng.uniform((1.45, 0.85), (2.0, 1.35))
    lens = middle + half * _rounded(rng.uniform(2, 5))
    thick = rng.choice([0.03, 0.07, 0.14]) * rng.uniform(0.7, 1.3)
    rim, inside, shadow = (np.zeros(frame.size, np.uint8) for _ in range(3))
    frame.polygon(rim, middle + (half + thick) * (lens - middle) / half)
    for end, reach in ((-1, 1.3), (1, 3)):  # the bridge towards the other lens, the arm towards the ear
        corner = middle + half * (end, -0.35)
        width = 0.8 * thick + 0.02
        bar = np.array([[0, -width], [end * reach, -width], [end * reach, width], [0, width]])
        frame.polygon(rim, corner + bar)
    frame.polygon(rim, lens, 0)
    frame.polygon(inside, lens)
    frame.polygon(shadow, middle + (0, half[1] + 0.1) + (half[0], 0.08) * _rounded(2))
    mix(canvas, linear((10, 8, 8)), 0.3 * soften(shadow, 0.05 * frame.scale))
    _draw_reflections(canvas, scene, inside, middle, half, rng)
    mix(canvas, linear(RIMS[rng.integers(len(RIMS))]), soften(rim, 0.008 * frame.scale))


def _draw_reflections(canvas, scene, inside, middle, half, rng):
    """Veils of light over the lens: up to three lamps, windows or streaks, often coloured by its coating."""
    frame = scene.frame
    for _ in range(int(rng.integers(0, 4))):
        veil = np.zeros(frame.size, np.uint8)
        slant, size = rng.uniform(-0.5, 0.5), half * rng.uniform(0.05, 0.6, 2)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size
        corners[:, 0] += slant * corners[:, 1]
        frame.polygon(veil, middle + half * rng.uniform(-0.8, 0.8, 2) + corners)
        color = linear(rng.uniform((150, 180, 180), (255, 255, 255)))
        glow = soften(np.minimum(veil, inside), rng.uniform(0.005, 0.05) * frame.scale)
        # Light is added: it hides nothing, though it may outshine it.
        canvas += (rng.uniform(0.03, 0.7) ** 1.5 * glow)[..., None] * color


def _rounded(power):
    """A superellipse (96, 2) within the square from -1 to 1: 2 is a circle, more is nearer to the square."""
    c, s = np.cos(ANGLES), np.sin(ANGLES)
    return np.stack([np.sign(c) * np.abs(c) ** (2 / power), np.sign(s) * np.abs(s) ** (2 / power)], 1)
