"""The shape of the face around the eye, and the light on it: what a lamp makes of brow, lids, nose and cheek.

The face is a relief, a height over the photo's plane. All of it is smooth, so every fourth pixel is enough.
"""

import math

import numpy as np

from .paint import COARSE, enlarge, ramp

WRAP = 0.25  # Light creeps this far around skin, which it enters.


def shade_face(scene):
    """How the light falls on the face: (diffuse, gloss), each HW float32.

    1 is what a surface that faces the light gives back. Lambert's law, and a Blinn-Phong gloss (Blinn,
    SIGGRAPH 1977).
    """
    capture, size = scene.capture, scene.frame.size
    normal = _normals(scene)
    toward = lamp_direction(capture)
    sky = 1 - 0.25 * normal[1]  # What comes from everywhere comes more from above.
    middle = np.array([toward[0], toward[1], toward[2] + 1])
    middle /= np.linalg.norm(middle)
    gloss = np.maximum(sum(n * np.float32(m) for n, m in zip(normal, middle, strict=True)), 0) ** 22
    diffuse = np.maximum(lit(normal, capture, WRAP, sky), 0.04)
    return enlarge(diffuse, size), enlarge(lamp_share(capture) * gloss, size)


def lamp_direction(capture):
    """The unit vector (x, y, z) from the face to the lamp, in the photo's axes, z towards the camera."""
    angle, tilt = math.radians(capture.light_angle), math.radians(capture.light_tilt)
    return math.cos(angle) * math.sin(tilt), math.sin(angle) * math.sin(tilt), math.cos(tilt)


def lamp_share(capture):
    """How much of the light comes from the lamp, 0..1; the rest comes from all around."""
    return 0.25 + 0.7 * capture.contrast


def lit(normal, capture, wrap, around):
    """What a matt surface gives back, by Lambert's law, of the lamp's light and of the light all around.

    Args:
        normal: (x, y, z) in the photo's axes, each HW float32 or a number, of length 1.
        capture: a `Capture`.
        wrap: 0 none; light enters skin and sclera, and comes out this far beyond the terminator.
        around: how bright the light from all around leaves it, HW float32 or a number.

    Returns:
        Like `around`, scaled so that what faces the camera is as bright under any lamp.
    """
    toward, key = lamp_direction(capture), lamp_share(capture)
    facing = sum(n * np.float32(t) for n, t in zip(normal, toward, strict=True))
    lamp = np.maximum(facing + np.float32(wrap), 0) / np.float32(toward[2] + wrap)
    return key * lamp + (1 - key) * around


def _normals(scene):
    """The face's unit normals in the photo's axes: (x, y, z), each float32 at every fourth pixel."""
    frame = scene.frame
    slope_y, slope_x = np.gradient(_relief(scene, *frame.coarse(COARSE)), np.float32(COARSE / frame.scale))
    # A turned face leans as a whole; `turn` is along the eye's axes.
    lean = np.array(frame.turn) @ (frame.axes / np.linalg.norm(frame.axes, axis=1, keepdims=True))
    slope_x, slope_y = slope_x - np.float32(lean[0]), slope_y - np.float32(lean[1])
    length = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    return -slope_x * length, -slope_y * length, length


def _relief(scene, x, y):
    """How far the face stands out at (x, y), in eye units, like `x`."""
    subject, lids = scene.subject, scene.lids
    above = y - lids.over_skin(np.minimum(lids.open_upper, lids.upper), x, 0.12) + subject.crease_gap
    height = 0.4 * _hill(x, y - 0.03, 1.1, 0.7)  # the globe under the lids
    # The roll of the upper lid, and the fold that hangs over it.
    height += 0.06 * _hill(x, above - 0.5 * subject.crease_gap, 1.1, 0.12)
    height += (0.03 + 0.1 * subject.crease_depth) * _hill(x - 0.1, above + 0.2, 1.3, 0.16)
    brow = _hill(x - 0.1, y + subject.brow_height + 0.1 + 0.1 * x, 1.7, 0.36)
    cheek = _hill(x - 0.5, y - 2.1, 1.3, 0.9)
    height += subject.relief * (0.36 * brow + 0.5 * cheek)
    # The bag under the lower lid, and the trough below it.
    below = y - lids.over_skin(lids.lower, x, 0.2)
    bag, trough = _hill(x, below - 0.3, 0.9, 0.14), _hill(x + 0.2, below - 0.55, 1.0, 0.1)
    height += 0.08 * subject.wrinkles * bag - 0.06 * trough
    # The nose rises from between the brows downwards; the side of the head falls back.
    height += (0.35 + 0.75 * ramp(y, -1.2, 2.5)) * _hill(np.minimum(x + 2.3, 0.3 * x + 0.7), 0 * y, 0.75, 1)
    return height - 0.14 * np.maximum(x - 1.0, 0) ** 2 - 0.12 * np.maximum(-y - 1.6, 0) ** 2


def _hill(x, y, width, height):
    """A Gaussian hill of height 1 about (0, 0)."""
    return np.exp(-((x * (1 / width)) ** 2) - (y * (1 / height)) ** 2)
