"""A head: its pose, its outline, its skin in the light, and nose, mouth and ears.

Lengths are in head units: half the distance between the pupils, some 31 mm. The eyes lie at x = -1 (the
person's right) and +1, y = 0; y points down and z towards the camera, from the axis that the head turns
about. Proportions follow Farkas, Anthropometry of the Head and Face (1994), loosely: the ranges are wider.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from munet.synthesis.face import WRAP, lamp_direction, lamp_share, lit
from munet.synthesis.paint import linear, mix, noise
from munet.synthesis.skin import skin_tone

from .brush import coverage, ellipse, fill, smooth, window

EYE_UNIT = 0.48  # Head units to an eye unit.
EYES_Z = 1.65  # How far the eyes lie before the axis.
OUTWARD = 12  # Degrees that each eye's own plane is turned from the face's.
HIDDEN = 62  # Degrees: an eye turned further away is behind the nose.
TEETH, TONGUE, MOUTH = (232, 222, 200), (170, 84, 80), (46, 16, 16)  # sRGB
LIPS = (190, 98, 92)


@dataclass(frozen=True)
class Head:
    """Where a head is in the photo, and its shape; lengths in head units but for `center` and `unit`."""

    center: tuple  # of the line between the eyes, x and y in pixels
    unit: float  # pixels
    roll: float  # degrees, clockwise in the photo
    yaw: float  # degrees towards the photo's right
    pitch: float  # degrees downwards
    width: float  # half, at the cheeks
    chin: float  # y
    jaw: float  # half its width as a share of the cheeks'
    nose: float  # its length
    smile: float  # 0 closed lips to 1, all teeth seen
    gape: float  # how far the mouth is open

    def pixels(self, points):
        """Head units (..., 3) to pixels (..., 2)."""
        return self.flat(points) * self.unit @ self._roll() + self.center

    def flat(self, points):
        """Head units (..., 3), turned and nodded, as seen from the front with the roll undone (..., 2)."""
        x, y, z = np.moveaxis(np.asarray(points, float), -1, 0)
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        x, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
        y = y * math.cos(pitch) + z * math.sin(pitch)
        return np.stack([x, y], -1) - self._origin()

    def _origin(self):
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        return EYES_Z * np.array([math.sin(yaw), math.cos(yaw) * math.sin(pitch)])

    def _roll(self):
        roll = math.radians(self.roll)
        return np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])

    def coordinates(self, view):
        """What `flat` is at each pixel of a view (slices): x and y, HW float32."""
        y, x = np.mgrid[view].astype(np.float32)
        places = np.stack([x + 0.5 - self.center[0], y + 0.5 - self.center[1]], -1) / self.unit
        places = places @ self._roll().T.astype(np.float32)
        return places[..., 0], places[..., 1]

    def outline(self, grown=0.0):
        """The head as seen, without ears: corners (N, 2) in pixels; `grown` by so much hair."""
        angle, height = np.meshgrid(np.linspace(0, math.tau, 24), np.linspace(-1.4, 1.4, 9))
        skull = np.stack([np.sin(angle) * np.cos(height), np.sin(height), np.cos(angle) * np.cos(height)], -1)
        skull = skull.reshape(-1, 3) * (np.array([self.width, 2.75, 2.6]) + grown) + (0, -0.75, -0.8)
        if grown:
            return smooth(cv2.convexHull(self.pixels(skull).astype(np.float32))[:, 0])
        side, jaw = self.width, self.jaw * self.width
        face = [(s * side * 0.98, y, 0.5) for s in (-1, 1) for y in (-0.8, 0.2, 0.9)]
        face += [(s * jaw, 0.62 * self.chin, 0.6) for s in (-1, 1)]
        face += [(s * 0.55 * jaw, 0.93 * self.chin, 1.25) for s in (-1, 1)] + [(0, self.chin, 1.35)]
        return smooth(cv2.convexHull(self.pixels(np.concatenate([skull, face])).astype(np.float32))[:, 0])


def draw_head(rng, center, unit, roll, far=28.0):
    """Draws shape and pose; `far` is how far heads turn away, as a standard deviation in degrees."""
    laughing = rng.uniform() < 0.45
    return Head(
        center=tuple(center),
        unit=float(unit),
        roll=float(roll),
        yaw=float(np.clip(rng.normal(0, far), -88, 88)),
        pitch=float(np.clip(rng.normal(0, 12), -35, 35)),
        width=rng.uniform(1.95, 2.5),
        chin=rng.uniform(3.2, 4.0),
        jaw=rng.uniform(0.68, 0.95),
        nose=rng.uniform(1.3, 1.75),
        smile=rng.uniform(0.2, 1) if laughing else 0.0,
        gape=rng.uniform(0.03, 0.6) * (rng.uniform() < 0.5) if laughing else 0.0,
    )


def draw_skin(canvas, head, subject, capture, rng):
    """Draws skin with its relief in the light onto the canvas (HWC float32 linear RGB) in place."""
    outline = head.outline()
    view = window(outline, canvas.shape, 4)
    if view is None:
        return
    alpha = coverage(outline, canvas.shape, max(0.6, 0.02 * head.unit), view)
    x, y = head.coordinates(view)
    diffuse, gloss = _shade(head, subject, capture, outline, view, x, y)
    broad, fine = (noise(rng, x.shape, cell * head.unit) for cell in (0.6, 0.08))
    flush = 0.06 * broad + 0.25 * rng.uniform() * _cheeks(head, x, y)
    tone = skin_tone(subject)
    shade = 0.9 * diffuse * (1 + 0.03 * broad + (0.01 + 0.04 * subject.pores) * fine)
    color = cv2.merge(
        [shade * tone[0] * (1 + 0.3 * flush), shade * tone[1] * (1 - flush), shade * tone[2] * (1 - flush)]
    )
    color += (0.7 * subject.sheen**1.5 * gloss)[..., None]
    mix(canvas[view], np.maximum(color, 0.002), alpha)


def _shade(head, subject, capture, outline, view, x, y):
    """How the light falls on the head: diffuse and gloss, HW float32, as `face.shade_face` has it."""
    solid = (coverage(outline, (10**6, 10**6), 0.5, view) > 0.5).astype(np.uint8)
    inside = cv2.distanceTransform(solid, cv2.DIST_L2, 3) / np.float32(head.unit)
    rim = np.minimum(inside / 1.8, 1)
    height = 1.8 * np.sqrt(np.maximum(1 - (1 - rim) ** 2, 0))
    for place, reach, amount in _hills(head, subject):
        middle = head.flat(place)
        height += np.float32(amount) * np.exp(
            -(((x - middle[0]) / reach[0]) ** 2) - ((y - middle[1]) / reach[1]) ** 2
        )
    height = cv2.GaussianBlur(height, (0, 0), max(0.5, 0.07 * head.unit))
    slope_y, slope_x = np.gradient(height * np.float32(head.unit))
    length = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    normal = (-slope_x * length, -slope_y * length, length)
    toward = lamp_direction(capture)
    middle = np.array([toward[0], toward[1], toward[2] + 1])
    middle /= np.linalg.norm(middle)
    gloss = np.maximum(sum(n * np.float32(m) for n, m in zip(normal, middle, strict=True)), 0) ** 22
    diffuse = np.maximum(lit(normal, capture, WRAP, 1 - 0.25 * normal[1]), 0.05)
    return diffuse, np.float32(lamp_share(capture)) * gloss


def _hills(head, subject):
    """What stands out of the head or lies in it: (place, reach sideways and down, height) each."""
    relief, tip = subject.relief, head.nose
    for side in (-1, 1):
        yield (side * 1.0, 0.05, EYES_Z), (0.62, 0.42), -0.28 * relief  # the socket,
        yield (side * 1.0, 0.0, EYES_Z), (0.42, 0.3), 0.2  # and the globe in it
        yield (side * 1.05, -0.75, 1.8), (0.8, 0.24), 0.16 * relief
        yield (side * 1.35, 1.0, 1.5), (0.6, 0.55), 0.2 * relief
        yield (side * 0.36, tip - 0.05, 2.1), (0.17, 0.17), 0.14
    yield (0, 0.55 * tip, 2.1), (0.26, 0.62 * tip), 0.42
    yield (0, tip - 0.1, 2.55), (0.3, 0.28), 0.3
    yield (0, 0.45 * (tip + head.chin) + 0.28, 2.0), (0.75, 0.3), 0.12
    yield (0, head.chin - 0.35, 1.7), (0.45, 0.35), 0.16


def _cheeks(head, x, y):
    """Where blood shows: cheeks and nose, HW float32."""
    places = [head.flat((s * 1.2, 1.2, 1.5)) for s in (-1, 1)] + [head.flat((0, head.nose, 2.5))]
    return sum(np.exp(-((x - p[0]) ** 2 + (y - p[1]) ** 2) / 0.35) for p in places)


def draw_nose(canvas, head, subject, rng):
    """Draws nostrils, the wings' creases and the folds to the mouth onto the canvas in place."""
    tip, unit, dark = head.nose, head.unit, skin_tone(subject) * 0.22
    across = rng.uniform(0.26, 0.36)
    for side in (-1, 1):
        hole = ellipse(
            (0, 0), (rng.uniform(0.1, 0.17), rng.uniform(0.04, 0.1) * max(0.25, 1 - head.pitch / 25))
        )
        turned = np.c_[hole, np.zeros(len(hole))] + (side * across * 0.62, tip + 0.13, 2.3)
        fill(canvas, head.pixels(turned), dark * rng.uniform(0.2, 0.9), rng.uniform(0.6, 1), 0.03 * unit)
        wing = [(side * (across + 0.18 + 0.03 * k), tip - 0.2 + 0.12 * k, 1.95) for k in range(4)]
        _line(canvas, head, wing, 0.03, dark, 0.5)
        start, end = (side * 0.62, tip - 0.05, 1.9), (side * rng.uniform(0.9, 1.15), tip + 0.9, 1.55)
        fold = [
            np.array(start) + t * (np.array(end) - start) + (side * 0.12 * math.sin(math.pi * t), 0, 0)
            for t in (0, 0.3, 0.6, 1)
        ]
        _line(canvas, head, fold, 0.035, dark, 0.15 + 0.5 * subject.wrinkles * (0.5 + head.smile))
    for k in range(int(4 * subject.wrinkles)):  # across the forehead
        y, bend = -1.35 - 0.3 * k, rng.normal(0, 0.05)
        _line(
            canvas,
            head,
            [(x, y + bend * x * x, 1.75 - 0.2 * x * x) for x in (-1.2, -0.6, 0, 0.6, 1.2)],
            0.02,
            dark,
            0.35,
        )


def draw_brows(canvas, head, subject, color, rng):
    """The dark mass of the brows, whose hairs are drawn with each eye, onto the canvas in place."""
    thick, high, strength = (
        0.06 + 0.14 * subject.brow_weight,
        0.45 * subject.brow_height + 0.1,
        rng.uniform(0.1, 0.8),
    )
    for side in (-1, 1):
        x = np.linspace(0.45, 1.75, 9)
        arc = -high - 0.16 * np.sin((x - 0.45) / 1.3 * 2.3)
        body = thick * np.array([0.7, 1, 1, 1, 0.9, 0.8, 0.65, 0.45, 0.1])
        upper, lower = (np.stack([side * x, arc + s * body, 1.85 - 0.15 * x * x], 1) for s in (-0.5, 0.5))
        corners = head.pixels(np.concatenate([upper, lower[::-1]]))
        fill(canvas, corners, color * 0.7, strength, 0.05 * head.unit)


def draw_mouth(canvas, head, subject, rng):
    """Draws lips, and what they show, onto the canvas in place."""
    y, wide = 0.45 * (head.nose + head.chin) + 0.22, rng.uniform(0.62, 0.85) + 0.25 * head.smile
    corner, gape = (
        -0.22 * head.smile + rng.normal(0, 0.05),
        max(head.gape, 0.22 * head.smile * (head.smile > 0.4)),
    )
    t = np.linspace(-1, 1, 21)
    hump = 1 - t * t
    line = y + corner * t * t + 0.1 * head.smile * hump
    full = rng.uniform(0.12, 0.28)
    bow = full * hump**0.6 * (1 - 0.25 * np.exp(-((t / 0.18) ** 2)))
    below = line + gape * hump**0.8
    lips = linear(LIPS) * (1 - 0.75 * np.float32(subject.skin_tone))
    lips = lips + (skin_tone(subject) - lips) * np.float32(rng.uniform(0, 0.8))
    if rng.uniform() < 0.2:
        lips = linear((rng.uniform(110, 230), rng.uniform(10, 90), rng.uniform(30, 110)))
    shape = lambda upper, lower: head.pixels(_mouth_points(wide, t, upper, lower))  # noqa: E731
    soft = 0.025 * head.unit
    fill(
        canvas,
        shape(line - bow, below + 1.1 * full * hump**0.7),
        lips * rng.uniform(0.6, 1),
        rng.uniform(0.5, 0.95),
        soft,
    )
    if not gape:
        _line(canvas, head, _mouth_points(wide, t, line, line)[:21], 0.035, linear(MOUTH), 0.8)
        return
    fill(canvas, shape(line, below), linear(MOUTH) * rng.uniform(0.3, 1.5), 1, soft)
    if rng.uniform() < 0.5:
        fill(canvas, shape(line + 0.65 * gape * hump, below), linear(TONGUE) * 0.6, 0.9, 2 * soft)
    if rng.uniform() < 0.9:
        _draw_teeth(canvas, head, wide, t, line, hump * min(gape, rng.uniform(0.18, 0.3)), shape, rng)


def _mouth_points(wide, t, upper, lower):
    """The region between two curves over the mouth's width, as points (42, 3)."""
    x = np.concatenate([wide * t, wide * t[::-1]])
    y = np.concatenate([upper, lower[::-1]])
    return np.stack([x, y, 2.0 - 0.45 * x * x], 1)


def _draw_teeth(canvas, head, wide, t, line, high, shape, rng):
    """The upper row, from dazzling to yellow, with its gaps."""
    color = (
        linear(TEETH)
        * np.float32(rng.uniform(0.5, 1.15))
        * np.array([1, 1, rng.uniform(0.6, 1.1)], np.float32)
    )
    fill(canvas, shape(line, line + 0.95 * high), color, 0.95, 0.015 * head.unit)
    count = int(rng.integers(6, 11))
    for x in np.linspace(-0.8, 0.8, count):
        top, tall = np.interp(x, t, line), np.interp(x, t, high)
        gap = [(wide * x, top + k * tall, 2.0 - 0.45 * (wide * x) ** 2) for k in (0, 0.5, 1)]
        _line(canvas, head, gap, 0.012, linear(MOUTH), 0.5)


def draw_ears(canvas, head, subject, capture, rng):
    """Draws both ears, behind the face, onto the canvas in place."""
    tone = skin_tone(subject) * 0.8
    out = rng.uniform(0.1, 0.5)
    for side in (-1, 1):
        toward = lamp_direction(capture)[0] * side
        shade = np.float32(0.55 + 0.3 * toward)
        for size, color in ((1, tone * shade), (0.62, tone * shade * 0.5), (0.35, tone * shade * 0.8)):
            ear = ellipse((0, 0), (0.45 * size, 0.95 * size))
            depth = -0.4 - 0.5 * ear[:, 0]
            points = np.stack([side * (head.width + out + ear[:, 0] * 0.6), 0.55 + ear[:, 1], depth], 1)
            fill(canvas, head.pixels(points), color, 0.95, 0.03 * head.unit)
        ring = rng.uniform(0.03, 0.22)
        if rng.uniform() < 0.25:  # of metal, pearl or stone
            lobe = head.pixels((side * (head.width + 0.5 * out), 1.5 + ring, -0.3))
            fill(
                canvas,
                ellipse(lobe, (ring * head.unit, ring * head.unit)),
                linear(rng.uniform(60, 255, 3)),
                1,
                0.5,
            )
            fill(
                canvas, ellipse(lobe, (0.4 * ring * head.unit,) * 2), linear(rng.uniform(5, 255, 3)), 0.9, 0.5
            )


def _line(canvas, head, points, thick, color, alpha):
    """A line through points in head units, `thick` in them."""
    if alpha <= 0:
        return
    path = head.pixels(np.asarray(points))
    along = np.gradient(path, axis=0)
    normal = along[:, ::-1] * (1, -1) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    half = max(thick * head.unit, 0.6) * np.sin(np.linspace(0.25, math.pi - 0.25, len(path)))[:, None]
    alpha = alpha * min(1, thick * head.unit / 0.6)
    fill(
        canvas,
        np.concatenate([path + half * normal, (path - half * normal)[::-1]]),
        color,
        alpha,
        0.5 * thick * head.unit,
    )
