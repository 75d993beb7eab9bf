"""What is around a face and in front of it: hair, beard, hat, scarf, clothes, mask, dark glasses, fingers."""

import math

import cv2
import numpy as np

from munet.synthesis.hair import BLACK, FAIR
from munet.synthesis.paint import linear, mix, noise
from munet.synthesis.skin import skin_tone

from .brush import box, coverage, ellipse, fill, smooth, streaks, window

GREY = (168, 166, 164)  # sRGB


def hair_color(subject, rng):
    """Of the head's hair, linear RGB: the subject's own, grey, or dyed."""
    own = linear(BLACK) + (linear(FAIR) - linear(BLACK)) * np.float32(subject.hair)
    chance = rng.uniform()
    if chance < 0.2:
        return own + (linear(GREY) - own) * np.float32(rng.uniform(0.2, 1))
    return linear(rng.uniform(20, 220, 3)) if chance < 0.24 else own


def cloth(canvas, corners, color, rng, soft=1.0):
    """A piece of cloth onto the canvas in place: plain, woven, striped or dotted, with folds."""
    view = window(corners, canvas.shape, 4)
    if view is None:
        return
    size = canvas[view].shape[:2]
    reach = max(size)
    shade = 1 + 0.2 * noise(rng, size, 0.12 * reach) + 0.1 * noise(rng, size, 0.04 * reach)
    shade = np.maximum(
        shade + rng.uniform(0, 0.25) * streaks(rng, size, rng.uniform(0, 3), 0.02 * reach), 0.15
    )
    paint = np.empty((*size, 3), np.float32)
    paint[:] = color
    if rng.uniform() < 0.35:  # stripes, checks
        y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
        turn, cell = rng.uniform(0, math.pi), reach * rng.uniform(0.02, 0.15)
        bands = np.sin((x * math.cos(turn) + y * math.sin(turn)) * (6.28 / cell)) > rng.uniform(-0.5, 0.7)
        if rng.uniform() < 0.4:
            bands |= np.sin((y * math.cos(turn) - x * math.sin(turn)) * (6.28 / cell)) > 0.3
        mix(paint, linear(rng.uniform(5, 250, 3)), bands.astype(np.float32))
    mix(canvas[view], paint * shade[..., None], coverage(corners, canvas.shape, soft, view))


def any_cloth_color(rng):
    """White and black shirts are as common as all others, linear RGB."""
    chance = rng.uniform()
    if chance < 0.3:
        return linear(rng.uniform(185, 250) * np.exp(rng.normal(0, 0.03, 3)))
    return linear(rng.uniform(6, 50, 3) if chance < 0.5 else rng.uniform(10, 230, 3))


def draw_body(canvas, head, subject, rng):
    """Neck, shoulders, clothes and collar onto the canvas in place, upright below the head."""
    turn, unit = math.radians(head.roll) * rng.uniform(0, 1), head.unit
    below = head.pixels((0, 0.75 * head.chin, 0.0))
    down = np.array([-math.sin(turn), math.cos(turn)]) * unit
    across = np.array([math.cos(turn), math.sin(turn)]) * unit
    at = lambda x, y: below + x * across + y * down  # noqa: E731
    neck, wide, fall = rng.uniform(1.1, 1.6), rng.uniform(4, 6.2), rng.uniform(1.8, 3)
    skin = skin_tone(subject) * np.float32(rng.uniform(0.4, 0.75))
    soft = 0.05 * unit
    back = [
        at(s * x, y)
        for s, x, y in (
            (-1, 0.6, 1.7),
            (-1, wide, fall + 1),
            (-1, wide + 1, 14),
            (1, wide + 1, 14),
            (1, wide, fall + 1),
            (1, 0.6, 1.7),
        )
    ]
    deep = rng.uniform(1.8, 4.5)
    color = any_cloth_color(rng)
    cloth(canvas, smooth(back), color, rng, soft)
    throat = [
        at(-neck, -2),
        at(-neck, 1.6),
        at(-neck - 0.5, 2.1),
        at(0, deep),
        at(neck + 0.5, 2.1),
        at(neck, 1.6),
        at(neck, -2),
    ]
    fill(canvas, smooth(throat), skin, 1, soft)
    shadow = [at(-neck, -1), at(-neck, 0.6), at(0, 1.3), at(neck, 0.6), at(neck, -1)]
    fill(canvas, smooth(shadow), skin * 0.4, 0.6, 0.25 * unit)
    if rng.uniform() < 0.6:  # a collar, often white
        under = any_cloth_color(rng)
        for s in (-1, 1):
            flap = [
                at(s * (neck - 0.1), 1.2),
                at(s * (neck + 0.7), 2.0),
                at(s * rng.uniform(0.5, 1.5), deep + 0.5),
                at(s * 0.1, deep),
            ]
            cloth(canvas, np.array(flap), under, rng, soft)
        if rng.uniform() < 0.4:
            tie = [at(-0.3, deep), at(0.3, deep), at(0.5, deep + 4), at(-0.5, deep + 4)]
            cloth(canvas, np.array(tie), any_cloth_color(rng), rng, soft)


def draw_back_hair(canvas, head, color, rng):
    """The hair behind face and neck onto the canvas in place."""
    grown, long = rng.uniform(0.1, 1.0), rng.uniform(0, 5) * (rng.uniform() < 0.5)
    shape = head.outline(grown)
    if long:
        side = head.width + rng.uniform(0.1, 0.9)
        fall = [(-side, 0, -0.5), (-side - 0.3, long, -0.4), (side + 0.3, long, -0.4), (side, 0, -0.5)]
        shape = smooth(cv2.convexHull(np.concatenate([shape, head.pixels(fall)]).astype(np.float32))[:, 0])
    _strands(canvas, shape, head, color, rng)


def draw_front_hair(canvas, head, color, rng):
    """The hairline, or bangs, or locks beside the face onto the canvas in place."""
    line = rng.uniform(-2.4, -1.3) if rng.uniform() < 0.75 else rng.uniform(-1.2, -0.6)
    part, side = rng.uniform(-1, 1), head.width
    under = [(-side * 1.03, rng.uniform(-0.6, 1.2), 0.4), (-side * 0.9, line + 0.8, 0.9), (-0.8, line, 1.6)]
    under += [(part, line - rng.uniform(0, 0.6), 1.6), (0.9, line, 1.6), (side * 0.9, line + 0.8, 0.9)]
    under += [(side * 1.03, rng.uniform(-0.6, 1.2), 0.4)]
    over = [
        (side * 1.12, -1.2, -0.2),
        (side * 1.05, -3.2, -0.6),
        (0, -4.2, -0.6),
        (-side * 1.05, -3.2, -0.6),
        (-side * 1.12, -1.2, -0.2),
    ]
    _strands(canvas, smooth(head.pixels(np.array(under + over))), head, color, rng)


def _strands(canvas, shape, head, color, rng):
    view = window(shape, canvas.shape, 6)
    if view is None:
        return
    size = canvas[view].shape[:2]
    curly = rng.uniform() < 0.25
    lit = streaks(
        rng, size, math.radians(head.roll) + rng.normal(0, 0.4), 0.035 * head.unit, 2 if curly else 14
    )
    broad = noise(rng, size, 0.8 * head.unit)
    shade = np.maximum(0.6 + 0.35 * lit + 0.25 * broad, 0.08) * np.float32(rng.uniform(0.6, 1.8))
    edge = coverage(shape, canvas.shape, rng.uniform(0.03, 0.15) * head.unit, view)
    edge *= np.clip(0.75 + edge + 0.5 * lit, 0, 1)
    mix(canvas[view], shade[..., None] * color, edge)


def draw_beard(canvas, head, color, rng):
    """Stubble, a moustache, a beard, onto the canvas in place, below the mouth's lips."""
    kind, strength = rng.integers(3), rng.uniform(0.3, 0.95)
    tip, chin, jaw, side = head.nose, head.chin, head.jaw * head.width, head.width
    mouth = 0.45 * (tip + chin) + 0.22
    shapes = []
    if kind != 1:  # all of the chin
        top = rng.uniform(0.6, 1.6)
        shapes.append(
            [
                (-side, top, 0.5),
                (-jaw, 0.62 * chin, 0.7),
                (-0.5 * jaw, chin, 1.2),
                (0.5 * jaw, chin, 1.2),
                (jaw, 0.62 * chin, 0.7),
                (side, top, 0.5),
                (1, mouth - 0.1, 1.7),
                (0, mouth + 0.35, 2),
                (-1, mouth - 0.1, 1.7),
            ]
        )
    if kind != 0:
        shapes.append(
            [
                (-1, mouth, 1.7),
                (-0.2, tip + 0.3, 2.1),
                (0.2, tip + 0.3, 2.1),
                (1, mouth, 1.7),
                (0, mouth - 0.1, 2),
            ]
        )
    for shape in shapes:
        corners = smooth(head.pixels(np.array(shape)))
        view = window(corners, canvas.shape, 0.4 * head.unit)
        if view is None:
            continue
        grain = streaks(rng, canvas[view].shape[:2], rng.normal(0, 0.5), 0.03 * head.unit, 4)
        alpha = coverage(corners, canvas.shape, 0.12 * head.unit, view) * np.clip(
            strength + 0.4 * grain, 0, 1
        )
        mix(canvas[view], color * 0.8, alpha)


def draw_hat(canvas, head, rng):
    """A cap, a hat, a hood or a scarf around the head onto the canvas in place; returns whether it hides
    ears."""
    color, kind, side = any_cloth_color(rng), rng.integers(4), head.width
    soft, brim = 0.03 * head.unit, rng.uniform(-1.7, -1.0)
    if kind == 3:  # a scarf or hood: all but the face
        opening = smooth(
            head.pixels(
                [
                    (-side * 0.85, -0.6, 0.9),
                    (0, brim - 0.2, 1.6),
                    (side * 0.85, -0.6, 0.9),
                    (side * 0.8, 1.6, 1),
                    (0, head.chin * 0.97, 1.4),
                    (-side * 0.8, 1.6, 1),
                ]
            )
        )
        around = head.outline(rng.uniform(0.2, 0.7))
        neck = head.pixels([(-side, head.chin + 1.5, 0), (side, head.chin + 1.5, 0)])
        around = smooth(cv2.convexHull(np.concatenate([around, neck]).astype(np.float32))[:, 0])
        face = canvas.copy()
        cloth(canvas, around, color, rng, soft)
        view = window(opening, canvas.shape, 4)
        if view is not None:
            mix(canvas[view], face[view], coverage(opening, canvas.shape, soft, view))
        return
    tall = rng.uniform(-5.2, -3.7)
    crown = [
        (-side * 1.08, brim + 0.3, 0.5),
        (-side, tall, 0),
        (side, tall, 0),
        (side * 1.08, brim + 0.3, 0.5),
        (0.6, brim, 1.8),
        (-0.6, brim, 1.8),
    ]
    cloth(canvas, smooth(head.pixels(np.array(crown))), color, rng, soft)
    if kind:
        wide, deep = (rng.uniform(1.4, 2.2), 0.25) if kind == 1 else (0.9, rng.uniform(0.3, 0.6))
        rim = ellipse((0, brim), (side * wide, deep))
        fill(canvas, head.pixels(np.c_[rim, np.full(len(rim), 1.7)]), color * rng.uniform(0.3, 1), 1, soft)


def cover(canvas, head, what, subject, rng):
    """Hides a part of the face, onto the canvas in place: "mask" the mouth; "shades", "hand", "bar" the
    eyes."""
    side, soft = head.width, 0.03 * head.unit
    if what == "mask":
        top = rng.uniform(0.7, 1.1)
        shape = [
            (-side * 0.9, top + 0.3, 0.8),
            (-0.5, top - 0.3, 2.2),
            (0, top - 0.4, 2.6),
            (0.5, top - 0.3, 2.2),
            (side * 0.9, top + 0.3, 0.8),
            (0.8 * side, 2.6, 0.9),
            (0, head.chin + 0.2, 1.5),
            (-0.8 * side, 2.6, 0.9),
        ]
        cloth(canvas, smooth(head.pixels(np.array(shape))), any_cloth_color(rng), rng, soft)
    elif what == "shades":
        color, power = linear(rng.uniform(3, 60, 3)), rng.uniform(0.4, 1)
        high, wide = rng.uniform(0.5, 0.75), rng.uniform(0.75, 0.95)
        for s in (-1, 1):
            lens = box((s * 1.02, 0.1), (wide, high), 0, power if power < 0.95 else 0.8)
            points = head.pixels(np.c_[lens, np.full(len(lens), 1.9)])
            fill(canvas, points, color, 1, soft)
            glare = ellipse(
                (s * 1.02 + rng.normal(0, 0.3), rng.normal(0, 0.2)),
                (rng.uniform(0.05, 0.4), rng.uniform(0.03, 0.2)),
                rng.uniform(-1, 1),
            )
            fill(
                canvas,
                head.pixels(np.c_[glare, np.full(len(glare), 1.9)]),
                linear((220, 230, 240)),
                rng.uniform(0, 0.6),
                3 * soft,
            )
        bridge = box((0, -0.1), (1, 0.06))
        fill(canvas, head.pixels(np.c_[bridge, np.full(4, 2.2)]), linear((20, 18, 18)), 1, soft)
    elif what == "hand":
        draw_fingers(
            canvas,
            head.pixels((0, rng.normal(0, 0.2), 1.9)),
            head.unit,
            math.radians(head.roll + rng.normal(0, 25)),
            subject,
            rng,
        )
    else:  # a bar, as printed over the eyes of patients
        bar = box((0, 0), (side * rng.uniform(0.9, 1.2), rng.uniform(0.45, 0.8)))
        color = linear(rng.choice((3, 250)) * np.ones(3))
        fill(canvas, head.pixels(np.c_[bar, np.full(4, 1.9)]), color, 1, 0.5)


def draw_fingers(canvas, center, unit, turn, subject, rng):
    """Four fingers side by side, or a fist, onto the canvas in place; `unit` is half the pupils' distance."""
    tone, width = skin_tone(subject), rng.uniform(0.27, 0.36)
    for k in range(int(rng.integers(2, 6))):
        y, length = (k - 1.5) * 2 * width, rng.uniform(2.4, 3.6)
        way = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]) * unit
        finger = box((rng.normal(0, 0.3), y), (length, width), rng.normal(0, 0.04), 0.5)
        fill(canvas, finger @ way + center, tone * rng.uniform(0.35, 0.6), 1, 0.04 * unit)
        fill(
            canvas,
            finger * (0.99, 1) * (1, 0.8) @ way + center - (0, 0.2 * width * y),
            tone * rng.uniform(0.7, 0.95),
            0.8,
            0.1 * unit,
        )
        if rng.uniform() < 0.7:
            nail = box((length * 0.86, y), (0.28, 0.19), 0, 0.6)
            color = (
                linear(rng.uniform(120, 240, 3))
                if rng.uniform() < 0.3
                else tone + (linear((250, 220, 210)) - tone) * 0.5
            )
            fill(canvas, nail @ way + center, color, 0.8, 0.03 * unit)
