"""All that the open lids show: sclera, iris, caruncle and glints, in the lids' shadow, between wet rims."""

import cv2
import numpy as np

from .face import lit
from .geometry import arch
from .glints import add_glints
from .iris import draw_iris
from .paint import bounds, bump, linear, mix, noise, ramp, soften
from .people import SCLERAS
from .sclera import draw_sclera
from .skin import skin_tone

RIM_WRAP = 0.4  # How far light creeps around the rim.
FLESH, WET_RIM = (206, 126, 114), (226, 164, 150)  # sRGB, with light skin
LASH_ROOTS, CLEFT = (36, 22, 20), (40, 22, 18)  # sRGB
SCLERA, IRIS, PUPIL = 1, 2, 3  # classes of pixels; 0 is all else
HALF_COVERED = 128  # Of 255: a pixel is the eye's whose larger part is.
PUSHED = 0.015  # What the flesh at the nose gains in size with each degree that the eye is turned towards it.
NASAL_POINT = 6  # Of the lid curves, near the canthus, between which the caruncle lies.


def draw_eyeball(canvas, scene, rng):
    """Draws all that the open lids show, and their rims, onto the canvas (HWC float32 linear RGB) in place.

    Returns:
        The classes of the pixels: HW uint8, 1 sclera, 2 iris, 3 pupil, 0 all else.
    """
    frame, lids = scene.frame, scene.lids
    classes = np.zeros(frame.size, np.uint8)
    fissure = np.zeros(frame.size, np.uint8) if lids.closed else frame.coverage(lids.outline())
    _draw_rims(canvas, scene, fissure, rng)
    left, top, width, height = cv2.boundingRect(fissure)
    if width < 2 or height < 2:  # Closed, or outside the frame; noise and blur want more than a line.
        return classes
    view = np.s_[top : top + height, left : left + width]
    covered = fissure[view]
    ball = draw_sclera(scene, view, rng)
    rho, theta = scene.globe.polar(frame.x[view], frame.y[view])
    # The iris, which turns against the caruncle, is in front of it.
    caruncle = _draw_caruncle(ball, scene, view, rng) & (rho >= 1)
    draw_iris(ball, scene, rho, theta)
    corners = caruncle | _draw_outer_corner(ball, scene, view, rng)
    ball *= _lid_shadow(scene, view, covered, rng)[..., None]
    add_glints(ball, scene, view, rng)
    mix(canvas[view], ball, covered.astype(np.float32) / 255)
    if scene.capture.glints != "none":
        _draw_meniscus(canvas, scene, rng)
    shown = (covered >= HALF_COVERED) & ~corners
    classes[view] = shown * np.where(rho >= 1, SCLERA, np.where(rho >= scene.capture.pupil, IRIS, PUPIL))
    return classes


def _draw_rims(canvas, scene, fissure, rng):
    """Draws the lids' rims onto the canvas in place: the wet lower one light, the upper dark with lashes."""
    frame, lids = scene.frame, scene.lids
    rim, roots = np.zeros(frame.size, np.uint8), np.zeros(frame.size, np.uint8)
    # As thick as this along the lids, and nothing at the canthi.
    taper = arch((lids.at + 1) / 2, 0.3, 0.3)[:, None] * (0, 1)
    lower, upper = np.stack([lids.at, lids.lower], 1), np.stack([lids.at, lids.upper], 1)
    if not lids.closed:
        frame.polygon(rim, np.concatenate([lower, (lower + scene.subject.rim * taper)[::-1]]))
    taper = rng.uniform(0.03, 0.08) * taper
    frame.polygon(roots, np.concatenate([upper + 0.3 * taper, (upper - 0.8 * taper)[::-1]]))
    rim, roots = (soften(layer, 0.012 * frame.scale) for layer in (rim, roots))
    # The skin next to the cleft is in the lashes' shade, and in the brow's.
    mix(canvas, linear(CLEFT), (0.3 + 0.3 * scene.capture.socket) * soften(fissure, 0.08 * frame.scale))
    mix(canvas, _rim_color(scene) * np.float32(rng.uniform(0.7, 1.3)), 0.85 * rim)
    mix(canvas, linear(LASH_ROOTS), 0.8 * roots)


def _rim_color(scene):
    """The colour of the lower lid's rim in the capture's light, linear RGB: it faces up and the camera."""
    subject, capture = scene.subject, scene.capture
    rosy = linear(WET_RIM) * (1 - 0.7 * np.float32(subject.skin_tone))
    pale = 0.72 * linear(SCLERAS[subject.sclera][0]) * (1 - 0.3 * np.float32(subject.skin_tone))
    color = rosy + (pale - rosy) * np.float32(0.9 * subject.rim_pallor)
    up = -0.6 * scene.frame.axes[1] / np.linalg.norm(scene.frame.axes[1])
    return color * lit((*up, 0.8), capture, RIM_WRAP, 1) * np.float32(1 - 0.3 * capture.socket)


def _draw_meniscus(canvas, scene, rng):
    """Adds tears along both edges of the lower rim, which mirror the lamp, to the canvas in place."""
    frame, lids = scene.frame, scene.lids
    line = np.zeros(frame.size, np.uint8)
    for _ in range(int(rng.integers(0, 12))):
        start, length = rng.uniform(-0.97, 0.9), 0.01 * 30 ** rng.uniform()
        at = np.linspace(start, min(start + length, 0.98), 8)
        edge = scene.subject.rim * rng.integers(2)
        path = np.stack([at, np.interp(at, lids.at, lids.lower) + edge + rng.uniform(-0.005, 0.03)], 1)
        frame.strokes(line, path[None], rng.uniform(0.01, 0.03), 255 * rng.uniform(0.2, 1))
    shine = soften(line, 0.006 * frame.scale) * np.float32(rng.uniform(0.1, 1.2))
    canvas += shine[..., None]


def _draw_caruncle(ball, scene, view, rng):
    """Lays the flesh at the nose onto `ball` in place; returns where it hides the sclera, HW bool."""
    subject, frame, lids = scene.subject, scene.frame, scene.lids
    x, y = frame.x[view], frame.y[view]
    middle = np.array([-0.99, float((lids.upper[NASAL_POINT] + lids.lower[NASAL_POINT]) / 2)])
    bumps = noise(rng, x.shape, 0.035 * frame.scale)
    # An eye that turns towards the nose pushes the fold beside the caruncle together and out.
    turned = max(0, (scene.capture.head_yaw - scene.capture.yaw) * frame.side)
    size = subject.caruncle * (1 + PUSHED * turned)
    # 1 at the border of a caruncle that reaches 0.22 sideways and 0.2 up and down, times its size.
    radius = np.hypot((x - middle[0]) / (0.22 * size), (y - middle[1]) / (0.2 * size)).astype(np.float32)
    flesh = linear(FLESH) * (1 - 0.5 * np.float32(subject.skin_tone))
    # A rosy fold leads over from the sclera to the knob itself.
    mix(ball, flesh, 0.55 * bump(np.maximum(radius - 0.6, 0), 0.7))
    mix(ball, flesh * (1 + 0.12 * bumps[..., None]), 1 - ramp(radius + 0.06 * bumps, 0.8, 1.1))
    return radius < 1


def _draw_outer_corner(ball, scene, view, rng):
    """Lays the flesh at the temple, folded and moist, onto `ball` in place; returns where it hides sclera."""
    frame, lids, reach = scene.frame, scene.lids, scene.subject.outer_corner
    hidden = np.zeros(ball.shape[:2], bool)
    box = bounds(frame.x[view] > 1 - 3 * reach)
    if box is None:
        return hidden
    x, y = frame.x[view][box], frame.y[view][box]
    upper, lower = (np.interp(x, lids.at, curve).astype(np.float32) for curve in (lids.upper, lids.lower))
    down = np.clip((y - upper) / np.maximum(lower - upper, 1e-3), 0, 1)  # 0 at the upper lid, 1 at the lower
    # 1 at its border, which is round: it follows both lids towards the nose, the upper one further.
    depth = (1 - x) / reach / (0.8 + 1.2 * (1 - down) ** 3 + 0.3 * down**3)
    flesh = linear(FLESH) * (1 - 0.5 * np.float32(scene.subject.skin_tone))
    color = flesh + (skin_tone(scene.subject) - flesh) * np.float32(rng.uniform(0, 0.8))
    # Its folds run along that border, in the shade of the upper lid.
    folds = 1 + 0.12 * np.cos(depth * np.float32(rng.uniform(8, 25)) + np.float32(rng.uniform(0, 6)))
    part = ball[box]
    mix(part, color, 0.45 * bump(np.maximum(depth - 0.9, 0), 0.4))
    mix(part, color * (folds * (0.55 + 0.45 * down))[..., None], 0.92 * (1 - ramp(depth, 0.8, 1.15)))
    hidden[box] = depth < 1
    return hidden


def _lid_shadow(scene, view, covered, rng):
    """How much light the lids leave on the globe over `view`, where `covered` is open: HW float32, 0..1."""
    frame, lids = scene.frame, scene.lids
    # The upper lid's lashes throw a longer shadow: the higher the lamp, the deeper and longer.
    deep, far = rng.uniform(0.3, 0.9), 0.06 * 5 ** rng.uniform()
    opening = (covered >= HALF_COVERED).astype(np.uint8)
    near = cv2.distanceTransform(opening, cv2.DIST_L2, 5) / np.float32(frame.scale)  # to either lid
    upper = np.interp(frame.x[view], lids.at, lids.upper).astype(np.float32)
    below_upper = np.maximum(frame.y[view] - upper, 0)
    socket = 1 - 0.75 * scene.capture.socket  # The brow keeps some light from all of it.
    return socket * (1 - deep * np.exp(-below_upper / np.float32(far))) * (1 - 0.3 * np.exp(-near / 0.035))
