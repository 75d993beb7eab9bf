"""The iris with its fibres, and the pupil."""

import math

import cv2
import numpy as np

from .paint import bump, linear, mix, ramp
from .people import IRISES

PUPIL, RED_PUPIL = (0.002, 0.002, 0.0025), (0.3, 0.04, 0.03)  # Linear; the red one is the retina in a flash.
ARCUS = (196, 200, 204)  # sRGB
BLUISH = np.array([0.7, 0.8, 0.92], np.float32)  # What is left of the light beside the limbus.
STREAM = 7  # Seeds the generator with the subject's seed: an iris is the same in every photo.
AROUND, ACROSS = 720, 64  # Size of the table of fibres, by angle and by radius.
ROWS_PER_RADIUS = 50  # Of the table, from the pupil's middle to the limbus.
BEYOND = 1.2  # Radius where the table ends, further out than the iris is drawn.


def draw_iris(ball, scene, rho, theta):
    """Lays iris and pupil onto `ball` (HWC float32 linear RGB) in place.

    Args:
        ball: the white of the eye.
        scene: a `Scene`.
        rho: HW float32, the radius of each pixel about the iris's middle, 1 at the limbus.
        theta: HW float32, its angle, 0..2 pi.
    """
    subject, pupil = scene.subject, scene.capture.pupil
    rng = np.random.default_rng([subject.seed, ord(scene.capture.eye), STREAM])
    grain = _fibres(rho, theta, rng)
    color = linear(IRISES[subject.iris][0]) * np.float32(rng.uniform(0.5, 1.0))
    heart = linear(rng.uniform((90, 55, 20), (170, 110, 60)).astype(np.float32)) * (0.4 + 0.6 * color.max())
    # Darker towards the limbus, and in a line around the pupil.
    lit = np.maximum(1 + 0.2 * grain, 0.2) * (1 - 0.9 * subject.limbal_ring * ramp(rho, 0.78, 1.0))
    lit = lit * (1.1 - 0.35 * bump(rho - pupil, 0.08))
    disc = cv2.merge([lit] * 3) * color
    # Many irises are browner about the pupil, along their fibres.
    mix(disc, heart * 0.8, 0.6 * rng.uniform() * bump(rho - pupil, 0.18) * np.clip(0.8 + 0.3 * grain, 0, 1))
    # Fats in an old cornea leave a pale ring just inside the limbus.
    mix(disc, linear(ARCUS), 0.6 * subject.arcus * bump(rho - 0.93, 0.06))
    # A flash beside the lens lights up the retina: red, or pinkish grey in a webcam.
    glow = np.array(RED_PUPIL, np.float32) + np.float32(rng.uniform(0, 0.35))
    hole = np.array(PUPIL, np.float32) + np.float32(scene.capture.red_pupil) * glow
    mix(disc, hole, 1 - ramp(rho + 0.01 * grain, pupil - 0.03, pupil + 0.03))
    # The limbus is a soft edge, not a line: the iris shines through where the sclera grows over it.
    # Annotators draw their line where the dark begins to fade, so most of the edge lies beyond it.
    mix(ball, disc, 1 - ramp(rho, 1 - 0.2 * subject.limbus, 1 + 0.8 * subject.limbus))
    mix(ball, ball * BLUISH, 0.8 * bump(np.maximum(rho - 1, 0), subject.limbus) * (rho > 1))
    if scene.capture.contact_lens:  # It ends beyond the limbus, and its edge bends the light.
        mix(ball, ball * np.float32(rng.uniform(0.75, 1.2)), 0.8 * bump(rho - rng.uniform(1.1, 1.3), 0.02))


def _fibres(rho, theta, rng):
    """Noise drawn out along the radii, fine and coarse, around 0: like `rho`."""
    table = _grains(rng, 5, 180) + 0.6 * _grains(rng, 3, 60)
    radius = np.minimum(rho, BEYOND) * ROWS_PER_RADIUS
    angle = theta * np.float32(AROUND / math.tau)
    return cv2.remap(table, angle, radius, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _grains(rng, radii, angles):
    """Noise of so many grains across and around the iris, as a smooth table (ACROSS, AROUND) float32."""
    grains = rng.standard_normal((radii, angles), dtype=np.float32)
    return cv2.resize(grains, (AROUND, ACROSS), interpolation=cv2.INTER_CUBIC)
