"""The white of the eye: its shading as a globe, its redness, and the vessels of the conjunctiva."""

import math

import cv2
import numpy as np

from .face import lit
from .paint import linear, mix, noise, ramp
from .people import SCLERAS

# What blood takes away of red, green and blue where it is thickest: spread out thinly, and in a vessel.
PINK, RED = (0.08, 0.6, 0.5), (0.2, 0.75, 0.7)
FOLD = np.array([0.6, 0.42, 0.34], np.float32)  # What the fold near the outer canthus leaves of the light.
YELLOW = np.array([0.95, 0.8, 0.42], np.float32)  # What fat leaves of the light,
BROWN = np.array([0.35, 0.22, 0.15], np.float32)  # and what pigment does.
ROUND, WRAP = 1.12, 0.5  # The radius of the globe that light falls on; how far light creeps around it.
STREAM = 13  # Seeds the generator with the subject's seed and eye.
VESSELS, STEPS = 90, 24  # Most that one eye shows, and the points along each.


def draw_sclera(scene, view, rng):
    """The white of the eye, its shading and vessels, over `view` (slices): HWC float32 linear RGB."""
    capture, scale = scene.capture, scene.frame.scale
    x, y = scene.frame.x[view], scene.frame.y[view]
    shade = _shade(scene, x, y) + 0.02 * noise(rng, x.shape, 0.06 * scale)
    shade = np.maximum(shade, 0.08)  # Light from all around leaves no side of it black.
    # Redness gathers in the corners, and in patches.
    uneven = 1 + 0.35 * noise(rng, x.shape, 0.2 * scale)
    inflamed = np.clip(capture.redness * (0.25 + 0.75 * x * x) * uneven, 0, 1)
    threads = _vessels(scene)[view].astype(np.float32) / 255
    white = linear(SCLERAS[scene.subject.sclera][0])
    ball = cv2.merge([shade * white[i] * (1 - PINK[i] * inflamed) * (1 - RED[i] * threads) for i in range(3)])
    # Towards the temple, where the conjunctiva folds into the lid, it is darker and tinted.
    patches = noise(rng, x.shape, 0.12 * scale)
    folds = 1 - 0.1 * np.cos(x * np.float32(rng.uniform(20, 60)) + patches)
    tinted = ramp(x + 0.1 * patches, rng.uniform(0.2, 0.7), 1.0)
    mix(ball, ball * FOLD * folds[..., None], scene.subject.outer_tint * tinted)
    # Fat under the conjunctiva shows as yellowish clouds.
    clouds = np.clip(0.25 * noise(rng, x.shape, 0.18 * scale), 0, 0.6)
    mix(ball, ball * YELLOW, clouds)
    _draw_spots(ball, scene, x, y)
    return ball


def _draw_spots(ball, scene, x, y):
    """Lays pingueculae and pigment spots, which belong to the subject's eye, onto `ball` in place."""
    subject = scene.subject
    rng = np.random.default_rng([subject.seed, ord(scene.capture.eye), STREAM])
    bearing, degrees = rng.choice([0, math.pi]) + rng.normal(0, 0.15), 38 + rng.normal(0, 2)
    places = [(bearing, degrees, 0.16, 0.09, YELLOW, 0.7 * subject.pinguecula)]
    for _ in range(subject.pigment_spots):
        radius = rng.uniform(0.015, 0.05)
        bearing, degrees, strength = (
            rng.uniform(*range_) for range_ in ((0, math.tau), (33, 65), (0.3, 0.8))
        )
        places.append((bearing, degrees, radius, radius, BROWN, strength))
    for bearing, degrees, width, height, color, strength in places:
        direction = _direction(math.radians(degrees), bearing)
        (middle_x, middle_y), facing = scene.globe.project(direction)
        if strength and facing:
            far = ((x - np.float32(middle_x)) / width) ** 2 + ((y - np.float32(middle_y)) / height) ** 2
            mix(ball, ball * color, np.float32(strength) * np.exp(-far))


def _shade(scene, x, y):
    """How bright a matt globe is at (x, y), in the lamp's light and in what comes from ahead, like `x`."""
    dx, dy = x - np.float32(scene.globe.middle[0]), y - np.float32(scene.globe.middle[1])
    # A globe larger than the true one, or the corners would be too dark.
    dx, dy = dx / np.float32(ROUND), dy / np.float32(ROUND)
    facing = np.sqrt(np.maximum(1 - dx * dx - dy * dy, 0.02))
    (a, b), (c, d) = scene.frame.axes.astype(np.float32)
    return lit((a * dx + c * dy, b * dx + d * dy, facing), scene.capture, WRAP, 0.55 + 0.45 * facing)


def _vessels(scene):
    """The conjunctival vessels, HW uint8: they belong to the subject, and turn with the globe."""
    subject, capture, frame = scene.subject, scene.capture, scene.frame
    rng = np.random.default_rng([subject.seed, ord(capture.eye)])
    # Redness lets more of the same vessels show, and each more of its blood.
    strength = min(1.0, 0.75 * subject.vessels**0.7 + 0.6 * capture.redness)
    points, facing = scene.globe.project(_vessel_ways(rng))
    width, level = rng.uniform(0.004, 0.017, VESSELS), rng.uniform(0.15, 0.8, VESSELS)
    layer = np.zeros(frame.size, np.uint8)
    # One that bends around the globe's edge would be drawn across it.
    for i in np.flatnonzero(facing.all(axis=1))[: int(VESSELS * strength)]:
        frame.strokes(layer, points[i : i + 1], width[i], 255 * level[i] * strength)
    return cv2.GaussianBlur(layer, (0, 0), max(0.5, 0.004 * frame.scale))


def _vessel_ways(rng):
    """The vessels' ways from the corners to the limbus: unit vectors (VESSELS, STEPS, 3), the gaze last."""
    along = np.linspace(0, 1, STEPS)
    # Around the gaze, in radians: they come from the temple and the nose, wander, drift to a side, and wind.
    bearing = rng.choice([0, math.pi], VESSELS) + rng.normal(0, 0.75, VESSELS)
    wander = np.cumsum(rng.normal(0, 0.035, (VESSELS, STEPS)), axis=1)
    wander += rng.normal(0, 0.25, (VESSELS, 1)) * along
    wander += 0.02 * np.sin(along * rng.uniform(15, 60, (VESSELS, 1)) + rng.uniform(0, 6, (VESSELS, 1)))
    bearing = bearing[:, None] + wander
    # Away from the gaze, in degrees: the limbus is at about 29, and the end at least 8 nearer than the start.
    start, end = rng.uniform(60, 100, (VESSELS, 1)), rng.uniform(32, 62, (VESSELS, 1))
    polar = np.radians(start + (np.minimum(end, start - 8) - start) * along)
    return _direction(polar, bearing)


def _direction(polar, bearing):
    """Unit vectors (..., 3) at an angle `polar` from the gaze, which is the last axis, towards `bearing`."""
    across = np.sin(polar)
    return np.stack([across * np.cos(bearing), across * np.sin(bearing), np.cos(polar)], axis=-1)
