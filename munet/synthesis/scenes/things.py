"""What is behind people, and where no one is: textures, text, windows, plates, wheels, fruit, fur, hands.

Each thing is drawn onto a canvas (HWC float32 linear RGB) in place, at a place and a size in pixels.
"""

import math
from functools import cache

import cv2
import numpy as np

from munet.synthesis.paint import linear, mix, noise
from munet.synthesis.people import draw_subject

from .brush import box, coverage, ellipse, fill, smooth, streaks, window
from .worn import any_cloth_color, cloth, draw_fingers

WORDS = [
    "eye",
    "sclera",
    "clinic",
    "2024",
    "No.",
    "Rx",
    "left",
    "right",
    "sample",
    "photo",
    "patient",
    "A4",
    "open",
    "Sun",
    "fish",
    "17:45",
    "http",
    "www",
    "lorem",
    "ipsum",
]
# Public-domain pictures without people that come with scikit-image and scikit-learn.
PICTURES = (
    "chelsea",
    "coffee",
    "page",
    "text",
    "clock",
    "rocket",
    "moon",
    "brick",
    "grass",
    "gravel",
    "coins",
    "hubble_deep_field",
    "colorwheel",
    "immunohistochemistry",
    "retina",
    "horse",
)


def draw_background(rng, size):
    """A picture, a texture or a room full of things: HWC float32 linear RGB of `size` (height, width)."""
    chance = rng.uniform()
    if chance < 0.2:
        return picture(rng, size)
    if chance < 0.4:
        canvas = texture(rng, size)
    else:
        canvas = np.empty((*size, 3), np.float32)
        canvas[:] = any_color(rng)
        canvas *= np.exp(0.35 * noise(rng, size, 0.5 * max(size)))[..., None]
    for _ in range(int(rng.integers(0, 14))):
        draw_thing(canvas, rng)
    if rng.uniform() < 0.5:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.3, 6) * max(size) / 256)
    return canvas


def any_color(rng):
    """Mostly nearly grey, at times of any hue, linear RGB."""
    return linear(np.clip(rng.uniform(10, 245) * np.exp(rng.normal(0, rng.choice([0.05, 0.4]), 3)), 2, 252))


def picture(rng, size):
    """A window of a public-domain picture, turned and tinted, linear RGB."""
    source = _picture(PICTURES[rng.integers(len(PICTURES))])
    height, width = source.shape[:2]
    zoom = max(size[0] / height, size[1] / width) * rng.uniform(0.9, 2.5)
    turn = rng.choice([0, rng.uniform(-180, 180)])
    middle = rng.uniform(0.3, 0.7, 2) * (width, height)
    turned = cv2.getRotationMatrix2D(tuple(middle), turn, zoom)
    turned[:, 2] += np.array(size[::-1]) / 2 - middle
    seen = cv2.warpAffine(source, turned, size[::-1], flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    return linear(seen) * np.exp(rng.normal(0, 0.15, 3)).astype(np.float32)


@cache
def _picture(name):
    from skimage import data  # only where scenes are drawn

    pixels = getattr(data, name)()
    pixels = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels
    pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels[..., :3]
    factor = min(1, 900 / max(pixels.shape))
    return cv2.resize(np.ascontiguousarray(pixels), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def texture(rng, size):
    """Wood, cloth, plaster, grass, water or fur over the whole frame, linear RGB."""
    canvas = np.empty((*size, 3), np.float32)
    canvas[:] = any_color(rng)
    cell = max(size) * 0.004 * 8 ** rng.uniform()
    grain = streaks(rng, size, rng.uniform(0, math.pi), cell, rng.choice([1, 4, 16]))
    mix(canvas, any_color(rng), np.clip(0.4 + rng.uniform(0.2, 0.9) * grain, 0, 1))
    return canvas


def draw_thing(canvas, rng, large=False):
    """One thing at any place, of any size."""
    height, width = canvas.shape[:2]
    center = rng.uniform(0, 1, 2) * (width, height)
    reach = max(height, width) * (rng.uniform(0.2, 0.6) if large else 0.02 * 18 ** rng.uniform())
    THINGS[rng.integers(len(THINGS))](canvas, center, reach, rng)


def disc(canvas, center, reach, rng):
    """Rings within rings: plates, wheels, lamps, buttons, targets, cups, lenses, balls."""
    flat, turn, soft = rng.choice([1, rng.uniform(0.2, 1)]), rng.uniform(0, math.pi), 0.02 * reach
    radius = 1.0
    for _ in range(int(rng.integers(1, 6))):
        fill(
            canvas,
            ellipse(center, (reach * radius, reach * radius * flat), turn),
            any_color(rng),
            rng.uniform(0.6, 1),
            soft,
        )
        radius *= rng.uniform(0.4, 0.95)
    if rng.uniform() < 0.4:  # a highlight
        spot = center + reach * rng.uniform(-0.5, 0.5, 2)
        fill(
            canvas,
            ellipse(spot, reach * rng.uniform(0.05, 0.2, 2)),
            linear((250, 250, 250)),
            0.9,
            0.03 * reach,
        )
    if rng.uniform() < 0.2:  # spokes
        for angle in np.linspace(0, math.tau, int(rng.integers(5, 14)))[:-1]:
            fill(canvas, box(center, (reach * 0.95, 0.03 * reach), angle), any_color(rng), 0.8, soft)


def fundus(canvas, center, reach, rng):
    """The back of an eye as ophthalmologists photograph it: an orange disc with vessels, on black."""
    fill(canvas, box(center, (1.3 * reach, 1.3 * reach)), linear((3, 3, 3)), 1, 1)
    orange = linear((rng.uniform(140, 240), rng.uniform(50, 120), rng.uniform(10, 60)))
    fill(canvas, ellipse(center, (reach, reach)), orange, 1, 0.02 * reach)
    spot = center + reach * rng.uniform(-0.5, 0.5, 2)
    for _ in range(14):
        angle, bend = rng.uniform(0, math.tau), rng.normal(0, 0.6)
        t = np.linspace(0, 1, 12)[:, None]
        way = np.concatenate([np.cos(angle + bend * t), np.sin(angle + bend * t)], 1) * t * 0.9 * reach
        inside = np.linalg.norm(spot + way - center, axis=1) < 0.97 * reach
        path = (spot + way)[inside]
        if len(path) > 2:
            thick = (0.02 * reach * np.linspace(1, 0.3, len(path)))[:, None]
            fill(canvas, np.concatenate([path + thick, (path - thick)[::-1]]), orange * 0.35, 0.8, 0.5)
    fill(canvas, ellipse(spot, (0.13 * reach, 0.15 * reach)), linear((250, 220, 150)), 0.9, 0.03 * reach)


def almond(canvas, center, reach, rng):
    """Leaves, fish, nuts, petals: pointed at both ends, with a vein or a dot."""
    for _ in range(int(rng.integers(1, 5))):
        turn, t = rng.uniform(0, math.pi), np.linspace(-1, 1, 20)
        bulge = rng.uniform(0.2, 0.6) * (1 - np.abs(t) ** rng.uniform(1.5, 3))
        leaf = (
            np.concatenate([np.stack([t, bulge], 1), np.stack([t, -bulge * rng.uniform(0.3, 1)], 1)[::-1]])
            * reach
        )
        spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        at = center + rng.normal(0, 0.8, 2) * reach
        fill(canvas, leaf @ spin + at, any_color(rng), 1, 0.03 * reach)
        fill(
            canvas,
            box(at, (0.8 * reach, 0.02 * reach), turn),
            any_color(rng),
            rng.uniform(0, 1),
            0.02 * reach,
        )


def grid(canvas, center, reach, rng):
    """Windows, shelves, tiles, keyboards, bars."""
    turn, rows, columns = rng.normal(0, 0.2), int(rng.integers(1, 6)), int(rng.integers(1, 8))
    half = reach * np.array([1, rng.uniform(0.4, 1.5)])
    frame, pane = any_color(rng), any_color(rng)
    fill(canvas, box(center, half * 1.05, turn), frame, 1, 0.5)
    spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    for row in range(rows):
        for column in range(columns):
            place = (np.array([(column + 0.5) / columns, (row + 0.5) / rows]) * 2 - 1) * half
            color = pane * np.float32(rng.uniform(0.7, 1.3))
            fill(canvas, box(place @ spin + center, 0.85 * half / (columns, rows), turn), color, 1, 0.5)


def text(canvas, center, reach, rng):
    """Lines of text on paper, a screen or a sign."""
    layer = np.zeros(canvas.shape[:2], np.uint8)
    paper, ink = (any_color(rng) for _ in range(2))
    if rng.uniform() < 0.7:
        fill(canvas, box(center, (reach, reach * rng.uniform(0.5, 1.4)), rng.normal(0, 0.1)), paper, 1, 0.5)
    scale, font = reach / 256 * 3 ** rng.uniform(), int(rng.integers(0, 8))
    for line in np.arange(-0.8, 0.9, max(0.08, 36 * scale / reach)):
        words = " ".join(rng.choice(WORDS, int(rng.integers(1, 7))))
        start = (center + reach * np.array([-0.9, line])).astype(int)
        cv2.putText(
            layer, words, tuple(start.tolist()), font, scale, 255, max(1, int(2 * scale)), cv2.LINE_AA
        )
    mix(canvas, ink, layer.astype(np.float32) / 255)


def draped(canvas, center, reach, rng):
    """Folded cloth, a collar, a towel, paper."""
    shape = smooth(center + reach * rng.uniform(-1, 1, (7, 2)))
    cloth(canvas, shape, any_cloth_color(rng), rng, 0.02 * reach)


def hand(canvas, center, reach, rng):
    """Fingers of anyone."""
    draw_fingers(canvas, center, reach / 3, rng.uniform(0, math.tau), draw_subject(rng), rng)


def animal(canvas, center, reach, rng):
    """A furry face with two round eyes without whites, and a dark nose."""
    fur, turn = any_color(rng), rng.normal(0, 0.3)
    spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]) * reach
    at = lambda points: np.asarray(points) @ spin + center  # noqa: E731
    shape = ellipse((0, 0), (1, rng.uniform(0.8, 1.3)))
    for s in (-1, 1):
        fill(
            canvas,
            at([(s * 0.3, -0.7), (s * rng.uniform(0.6, 1), -1.6), (s * 0.95, -0.4)]),
            fur * 0.7,
            1,
            0.05 * reach,
        )
    view = window(at(shape), canvas.shape, 4)
    if view is None:
        return
    grain = streaks(rng, canvas[view].shape[:2], rng.uniform(0, 3), 0.012 * reach, 6)
    mix(
        canvas[view],
        np.maximum(0.8 + 0.5 * grain, 0.1)[..., None] * fur,
        coverage(at(shape), canvas.shape, 0.04 * reach, view),
    )
    iris, apart, big = (
        linear(rng.uniform((30, 20, 5), (230, 210, 120))),
        rng.uniform(0.35, 0.5),
        rng.uniform(0.1, 0.22),
    )
    for s in (-1, 1):
        eye = (s * apart, -0.2)
        fill(canvas, at(ellipse(eye, (1.25 * big, 1.15 * big), s * 0.3)), linear((8, 6, 5)), 1, 0.01 * reach)
        fill(canvas, at(ellipse(eye, (big, big))), iris, 1, 0.01 * reach)
        slit = rng.choice([0.15, 0.5, 0.9])
        fill(canvas, at(ellipse(eye, (big * slit, 0.9 * big))), linear((4, 4, 4)), 1, 0.01 * reach)
        fill(
            canvas,
            at(ellipse((s * apart + 0.3 * big, -0.2 - 0.3 * big), (0.2 * big, 0.2 * big))),
            linear((250, 250, 250)),
            0.9,
            0.005 * reach,
        )
    fill(canvas, at(smooth([(-0.2, 0.3), (0.2, 0.3), (0, 0.5)])), linear((20, 14, 14)), 1, 0.02 * reach)


def drawn_face(canvas, center, reach, rng):
    """A face of lines, as on signs and in comics: two dots or ovals, a mouth."""
    fill(
        canvas,
        ellipse(center, (reach, reach * rng.uniform(0.9, 1.3))),
        any_color(rng),
        rng.choice([0, 1]),
        0.5,
    )
    ink = any_color(rng)
    for s in (-1, 1):
        eye, big = center + reach * np.array([s * 0.35, -0.2]), reach * rng.uniform(0.06, 0.2)
        if rng.uniform() < 0.6:
            fill(
                canvas,
                ellipse(eye, (1.2 * big, big * rng.uniform(0.8, 1.6))),
                linear((250, 250, 250)),
                1,
                0.5,
            )
        fill(canvas, ellipse(eye, (0.5 * big, 0.5 * big)), ink, 1, 0.5)
    t = np.linspace(-1, 1, 12)
    curve = np.stack([0.5 * t, 0.5 - 0.25 * t * t], 1) * reach + center
    fill(canvas, np.concatenate([curve, curve[::-1] + np.array([0, 0.06 * reach])]), ink, 1, 0.5)


def blobs(canvas, center, reach, rng):
    """Food, stones, crowds of round things."""
    color = any_color(rng)
    for _ in range(int(rng.integers(5, 30))):
        at, size = center + rng.normal(0, 0.5, 2) * reach, reach * rng.uniform(0.05, 0.3)
        shade = color * np.exp(rng.normal(0, 0.3, 3)).astype(np.float32)
        fill(canvas, ellipse(at, size * rng.uniform(0.5, 1, 2), rng.uniform(0, 3)), shade, 1, 0.1 * size)
        fill(
            canvas,
            ellipse(at - 0.3 * size, size * rng.uniform(0.1, 0.4, 2)),
            np.minimum(shade * 2.5, 1),
            rng.uniform(0, 0.8),
            0.15 * size,
        )


def glow(canvas, center, reach, rng):
    """A lamp, the sky through leaves, a reflection: light without an edge."""
    view = window(box(center, (2 * reach, 2 * reach)), canvas.shape)
    if view is not None:
        layer = coverage(ellipse(center, (0.5 * reach, 0.5 * reach)), canvas.shape, 0.3 * reach, view)
        canvas[view] += (rng.uniform(0.2, 2) * layer)[..., None] * any_color(rng)


THINGS = (
    disc,
    disc,
    fundus,
    almond,
    almond,
    grid,
    grid,
    text,
    text,
    draped,
    draped,
    hand,
    animal,
    drawn_face,
    blobs,
    blobs,
    glow,
)
