"""Make-up on the lids: eyeshadow on the upper one, and eyeliner along the rims. Mascara is in hair.py."""

import numpy as np

from .geometry import arch
from .paint import linear, mix, soften

LINER = (14, 11, 12)  # sRGB


def draw_makeup(canvas, scene, rng):
    """Draws eyeshadow and eyeliner onto the canvas (HWC float32 linear RGB) in place, before the lashes."""
    capture, frame, lids = scene.capture, scene.frame, scene.lids
    color, wing = rng.uniform(20, 250, 3), rng.uniform(0, 0.18)
    taper = arch(np.clip((lids.at + 1) / 2, 0, 1), 0.5, 0.2)  # thin at the nose, thick to near the temple
    if capture.eyeshadow:
        reach = scene.subject.crease_gap + rng.uniform(0.05, 0.35)
        layer = np.zeros(frame.size, np.uint8)
        frame.polygon(layer, _band(lids.at, lids.upper, -reach * taper))
        mix(canvas, linear(color), 0.75 * capture.eyeshadow * soften(layer, 0.07 * frame.scale))
    if capture.eyeliner:
        layer = np.zeros(frame.size, np.uint8)
        # The wing continues beyond the outer canthus, upwards.
        at = lids.at * (1 + 0.5 * wing * (lids.at > 0))
        risen = wing * np.clip((lids.at - 0.6) / 0.4, 0, 1) ** 2
        frame.polygon(layer, _band(at, lids.upper - risen, -0.09 * capture.eyeliner * taper))
        if rng.uniform() < 0.6:
            frame.polygon(layer, _band(lids.at, lids.lower + 0.03, 0.05 * capture.eyeliner * taper))
        mix(canvas, linear(LINER), 0.95 * soften(layer, 0.01 * frame.scale))


def _band(at, curve, thickness):
    """The polygon (N, 2) between a curve and itself moved by `thickness`."""
    return np.concatenate([np.stack([at, curve], 1), np.stack([at, curve + thickness], 1)[::-1]])
