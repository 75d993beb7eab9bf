"""Lashes, brow and loose strands, each hair a curve from root to tip; and the mass of the head's hair."""

import math

import cv2
import numpy as np

from .paint import bounds, bump, enlarge, linear, mix, ramp, soften

BLACK, FAIR = (24, 17, 14), (150, 112, 72)  # sRGB
# Where lashes cover more than this share, annotators see no sclera, if the photo's blur in eye units is below
# CRISP. In softer photos they draw through the lashes, from lid to lid.
HIDING, CRISP = 0.6, 0.005
BROW_BELOW = -0.6  # y that hardly a hair of a brow reaches down to: closer photos hold none.
POINTS = 8  # Of a hair's curve.


def draw_hair(canvas, classes, scene, rng):
    """Draws lashes, brow and loose strands over everything on the canvas (HWC float32 linear RGB), in place.

    What of the `classes` (HW uint8) lies behind lashes that cover most of it is set to 0, too.
    """
    subject, frame, mascara = scene.subject, scene.frame, scene.capture.mascara
    lashes, brow = np.zeros(frame.size, np.uint8), np.zeros(frame.size, np.uint8)
    _draw_band(lashes, scene, rng)
    upper = _upper_lashes(scene, rng)
    frame.strokes(lashes, upper, rng.uniform(0.01, 0.028, len(upper)) * (1 + mascara), 240)
    few = subject.lash_count // 2  # The lower lid has fewer, thinner and fainter ones.
    lower = _lower_lashes(scene, few, rng)
    frame.strokes(lashes, lower, rng.uniform(0.006, 0.013, few) * (1 + 0.7 * mascara), 190)
    if frame.y.min() < BROW_BELOW:
        frame.strokes(brow, _brow(subject, rng), 0.014, 170)
    color, black = _color(subject), linear(BLACK)
    # Between the brow's hairs are finer ones, too many to draw: a soft shade.
    mix(canvas, color, np.maximum(brow.astype(np.float32) / 255, 0.8 * soften(brow, 0.04 * frame.scale)))
    # Lashes are seen against the light.
    dark = color * 0.6 * (1 - mascara) + black * 0.5 * mascara
    # Many more are too fine to draw, or out of focus: a shade about the roots.
    mix(canvas, dark, 0.5 * soften(lashes, 0.03 * frame.scale))
    mix(canvas, dark, lashes.astype(np.float32) / 255)
    if _blur(scene.capture) < CRISP:
        _hide(classes, lashes, 0.06 * frame.scale)
    if scene.capture.strands:
        layer, count = np.zeros(frame.size, np.uint8), scene.capture.strands
        frame.strokes(layer, _strands(count, rng), rng.uniform(0.01, 0.03, count), 235)
        # Strands are nearer to the light than the face: now darker, now brighter than other hair.
        shine = color * np.float32(rng.uniform(0.6, 2.5))
        mix(canvas, shine, soften(layer, rng.uniform(0, 0.02) * frame.scale))


def _blur(capture):
    """How far a photo's focus, motion and pixels blur the eye, in eye units."""
    streak = capture.motion / math.sqrt(12)  # its standard deviation
    blur = math.hypot(capture.defocus, streak, 1 / capture.resolution)
    return blur / 1000 / capture.scale


def _hide(classes, lashes, sigma):
    """Sets the classes to 0 in place where `lashes` cover more than `HIDING` within some `sigma` pixels."""
    view = bounds(classes)
    if view is not None:
        part, cover = classes[view], lashes[view]
        eye = np.where(part > 0, np.uint8(255), np.uint8(0))
        part[soften(np.minimum(cover, eye), sigma) > HIDING * soften(eye, sigma)] = 0


def head_hair(scene, rng):
    """The hair of the head as a mass of strands over the whole frame: HWC float32 linear RGB."""
    frame, angle = scene.frame, rng.uniform(-0.6, 0.6)
    # A tile of noise drawn out along the strands, with a gloss across them.
    grains = rng.standard_normal((256, 256), dtype=np.float32)
    tile = cv2.GaussianBlur(grains, (0, 0), sigmaX=1, sigmaY=12) * 5
    x, y = frame.coarse(2)
    across, along = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    places = (60 * across + 128, 25 * along + 128)
    streaks = cv2.remap(tile, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    gloss = 1.2 * rng.uniform() * bump(along - rng.uniform(-1, 2), 0.3)
    lit = enlarge(np.maximum(0.5 + 0.3 * streaks + gloss * np.maximum(0.5 + streaks, 0), 0.1), frame.size)
    return cv2.merge([lit * part for part in _color(scene.subject)])


def _color(subject):
    """The colour of the subject's hair, linear RGB."""
    black, fair = linear(BLACK), linear(FAIR)
    return black + (fair - black) * np.float32(subject.hair)


def _strands(count, rng):
    """Paths (N, POINTS, 2) of loose hairs of the head, in one lock or two, that hang from above."""
    locks = np.array([rng.uniform(-2.5, 3.0, 2), rng.uniform(-0.8, 0.8, 2)])
    of = rng.integers(0, 2, count)
    x, lean = locks[0][of] + rng.normal(0, 0.35, count), locks[1][of] + rng.normal(0, 0.12, count)
    bend, tip = (0.3 * lean + rng.normal(0, 0.06, count), np.full(count, 0.5)), (lean, np.ones(count))
    return _curves(x, np.full(count, -3.0), bend, tip, rng.uniform(2, 7, count))


def _draw_band(layer, scene, rng):
    """Draws the dark mass of the upper lashes' roots onto an HW uint8 layer in place: above the sclera."""
    frame, lids = scene.frame, scene.lids
    at, thick = _band(scene)
    y = np.interp(at, lids.at, lids.upper) + _sink(at)
    ragged = thick * rng.uniform(0.6, 1.1, len(at))
    outline = np.concatenate([np.stack([at, y], 1), np.stack([at, y - ragged], 1)[::-1]])
    mass = np.zeros(frame.size, np.uint8)
    frame.polygon(mass, outline)
    # From dense to a shade on the lid, which is seen through the gaps between the hairs.
    np.maximum(layer, (rng.uniform(110, 235) * soften(mass, 0.02 * frame.scale)).astype(np.uint8), out=layer)


def _band(scene):
    """The band of lash roots: x (N,) along the lid and beyond the outer canthus, and its thickness (N,)."""
    at = np.linspace(-0.8, 1.25, 60)
    swell = ramp(at, -0.8, 0.9) * (1 - ramp(at, 0.95, 1.25))
    return at, scene.subject.lash_band * swell


def _sink(at):
    """How far below the canthi's height the lid's line runs on beyond them: like `at`."""
    return 0.35 * np.maximum(at - 1, 0)


def _upper_lashes(scene, rng):
    """Paths (N, POINTS, 2) of the upper lashes."""
    subject, openness, lids = scene.subject, scene.capture.openness, scene.lids
    count = subject.lash_count
    count += int(4 * count * subject.lash_band)  # A broad band has more rows of them.
    low, high = -0.82, 1.0 + 0.8 * subject.lash_band  # None at the caruncle.
    at, drift = _roots(low, high, count, scene.capture.mascara, rng)
    # Where the lid turns back around the globe, towards the temple, they are seen one behind the other.
    at = high - (high - low) * ((high - at) / (high - low)) ** (1 + 0.8 * subject.lash_crowding)
    rows = np.interp(at, *_band(scene)) * rng.uniform(0, 0.9, count)
    fan = 0.9 * at + drift + rng.normal(0, 0.15, count)  # They point away from the middle.
    # Seen from the front an upper lash comes forward and down, then curls up, or not; on a closed lid it
    # hangs, and it turns with the head.
    is_open = openness > 0.3
    lift = (subject.lash_lift if is_open else -0.5) - 0.02 * scene.capture.head_pitch * is_open
    lift = lift + rng.normal(0, 0.1) + rng.normal(0, 0.12, count)
    forward = rng.uniform(0.1, 0.4, count) if is_open else rng.uniform(0, 0.15, count)
    # Longer towards the temple, and with mascara.
    length = subject.lash_length * rng.uniform(0.5, 1.15, count) * (0.75 + 0.25 * at)
    length = length * (1 + 0.3 * scene.capture.mascara)
    root = np.interp(at, lids.at, lids.upper) + _sink(at) - rows
    return _curves(at, root, (0.35 * fan, forward), (fan, -lift), length)


def _lower_lashes(scene, count, rng):
    """Paths (N, POINTS, 2) of the lower lashes: shorter, and straight down but for their fan."""
    lids = scene.lids
    at, drift = _roots(-0.6, 0.97, count, scene.capture.mascara, rng)
    fan = 0.6 * at + drift + rng.normal(0, 0.25, count)
    length = 0.55 * scene.subject.lash_length * rng.uniform(0.5, 1.2, count)
    # They grow from the rim's outer edge.
    y = np.interp(at, lids.at, lids.lower) + max(0.035, scene.subject.rim)
    return _curves(at, y, (0.2 * fan, np.full(count, 0.55)), (fan, rng.uniform(0.5, 0.9, count)), length)


def _roots(low, high, count, mascara, rng):
    """Roots (N,) along a lid, and how far each lash leans (N,) to its clump: tears and mascara glue them."""
    at = rng.uniform(low, high, count)
    clumps = np.sort(rng.uniform(low, high, max(2, count // 5)))
    nearest = clumps[np.abs(at[:, None] - clumps).argmin(axis=1)]
    # A lash is some 0.25 long: leaning by 4 times the distance, it would meet its neighbours at the tip.
    return at, (1.0 + 3.0 * mascara) * (nearest - at)


def _brow(subject, rng):
    """Paths (N, POINTS, 2) of the brow's hairs: upright at the nose, lying down towards the temple."""
    count = int(150 + 350 * subject.brow_weight) if subject.brow_weight else 0
    along = rng.uniform(0, 1, count)
    thick = (0.07 + 0.09 * subject.brow_weight) * (1 - 0.75 * along**2)
    # 2.3 radians of a sine: the brow rises over two thirds of its way, then falls.
    arc = -subject.brow_height - 0.28 * np.sin(along * 2.3) + rng.uniform(-1, 1, count) * thick
    lean = 1.35 - 1.5 * along + rng.normal(0, 0.2, count)  # Radians upwards from the temple's side.
    tip = (np.cos(lean), -np.sin(lean))
    bend, length = (0.5 * tip[0], 0.6 * tip[1]), rng.uniform(0.12, 0.26, count)
    return _curves(-1.05 + 2.5 * along, arc, bend, tip, length)


def _curves(x, y, bend, tip, length):
    """Quadratic Bezier curves (N, POINTS, 2) from the roots (x, y).

    The control points are root + length * bend and root + length * tip.
    """
    root = np.stack([x, y], 1)
    bend, tip = (np.stack(way, 1) * length[:, None] for way in (bend, tip))
    t = np.linspace(0, 1, POINTS)[None, :, None]
    return root[:, None] + 2 * t * (1 - t) * bend[:, None] + t * t * tip[:, None]
