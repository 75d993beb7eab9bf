"""The light over the whole photo: its colour, its falloff, shadows across the face, spots of sun."""

import math

import cv2
import numpy as np

from .paint import coarse_size, enlarge, noise, ramp, soften

NEUTRAL = 6000  # Kelvin of a light that leaves white white.
DIMMEST = 0.08  # Some light comes from all around.


def light(canvas, scene, rng):
    """`canvas` (HWC float32 linear RGB) in the capture's light, through a vignetting lens; a new array."""
    capture, frame = scene.capture, scene.frame
    height, width = frame.size
    size = coarse_size(frame.size)
    # From -1 to 1 along the longer side.
    u = np.linspace(-1, 1, size[1], dtype=np.float32) * np.float32(width / max(height, width))
    v = np.linspace(-1, 1, size[0], dtype=np.float32)[:, None] * np.float32(height / max(height, width))
    angle = math.radians(capture.light_angle)
    fall = 1 + 0.5 * capture.contrast * (math.cos(angle) * u + math.sin(angle) * v)
    # A lamp close to the face lights a pool of it: the inverse square of the distance.
    distance, near = rng.uniform(0, 0.9), 2.2 - 1.7 * capture.falloff
    pool = (u - distance * math.cos(angle)) ** 2 + (v - distance * math.sin(angle)) ** 2
    fall *= 1 / (1 + capture.falloff * pool / (near * near))
    fall *= 1 - capture.vignette * 0.5 * (u * u + v * v)
    if capture.cast_shadow:
        fall *= _cast_shadow(u, v, scene, rng)
    if capture.light_patch:
        fall *= 1 + 2.5 * capture.light_patch * _patch(size, rng)
    fall = enlarge(np.maximum(fall, DIMMEST), frame.size)
    return cv2.multiply(canvas, cv2.merge([fall * gain for gain in _tint(capture)]))


def _tint(capture):
    """What a camera's white balance leaves of a light's colour: gains (3) of red, green and blue."""
    warmth = math.log(NEUTRAL / capture.kelvin)
    magenta = 0.25 * capture.tint
    stops = (0.25 * warmth + 0.5 * magenta, -0.5 * magenta, -0.4 * warmth + 0.5 * magenta)
    return np.array([math.exp(stop) for stop in stops], np.float32)


def _cast_shadow(u, v, scene, rng):
    """The shadow of nose, hand, phone or hair, beyond an uneven edge at any angle: like `u` + `v`."""
    angle, soft = rng.uniform(0, math.tau), rng.uniform(0.03, 0.5)
    side = math.cos(angle) * u + math.sin(angle) * v + rng.uniform(-0.5, 0.7)
    side = side + 0.08 * noise(rng, side.shape, 0.15 * side.shape[1])
    return 1 - scene.capture.cast_shadow * 0.9 * ramp(side, 0, soft)


def _patch(size, rng):
    """A spot of light of four corners, such as the sun through a window makes: HW float32, 0..1."""
    layer = np.zeros(size, np.uint8)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    corners = rng.uniform(0, 1, 2) + rng.uniform(0.03, 0.4) * square * rng.uniform(0.3, 1, (4, 2))
    cv2.fillPoly(layer, [np.rint(corners * size[::-1]).astype(np.int32)], 255)
    return soften(layer, rng.uniform(0, 0.06) * size[1])
