"""Where things fall in the photo: the `Frame` around the eye, the curves of the `Lids`, the turned `Globe`.

All of it is exact and without chance, since the mask follows from it alone. Lengths are in eye units
where nothing else is said: the inner canthus at x = -1, the outer at x = +1, y downwards.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .captures import Capture
from .people import Subject

EYEBALL = 0.86  # Radius of the globe: a little more than the true 0.8, since the fissure is as wide as any.
CANTHI = 0.36  # How far before its middle the canthi lie.
SUBPIXEL_BITS = 4  # OpenCV takes corners as integers; these are the bits of them behind the point.
FARTHEST = 2**24  # No corner is further out, in sixteenths of a pixel, lest OpenCV's integers overflow.
SAMPLES = 4  # Along each side of a pixel, where the share of it that a polygon covers is counted.


class Frame:
    """Where eye units fall in the photo: `x`, `y` are HW float32, the eye units of each pixel's centre.

    Attributes:
        size: (height, width) in pixels.
        scale: pixels to an eye unit.
        center: (x, y) of the fissure's middle, in pixels from the photo's corner.
        side: 1 for a left eye, -1 for a right one, whose inner canthus is on the right of the photo.
        axes: 2x2; the rows are the eye's x and y axes in the photo, shorter than 1 if the face is turned.
        turn: (x, y) tangents of the angles by which the face is turned, along these axes.
    """

    def __init__(self, capture, size):
        self.size = height, width = size
        # A frame much wider than it is high still has to hold the lids.
        self.scale = capture.scale * min(width, 1.8 * height)
        self.center = np.array([capture.center_x * width, capture.center_y * height])
        turn = math.radians(capture.tilt)
        self.side = 1 if capture.eye == "L" else -1
        yaw, pitch = math.radians(capture.head_yaw) * self.side, math.radians(capture.head_pitch)
        self.turn = (math.tan(yaw), math.tan(pitch))
        sine, cosine = math.sin(turn), math.cos(turn)
        upright = np.array([[cosine * self.side, sine * self.side], [-sine, cosine]])
        self.axes = np.array([[math.cos(yaw)], [math.cos(pitch)]]) * upright
        u = (np.arange(width, dtype=np.float32) + 0.5 - np.float32(self.center[0])) / self.scale
        v = ((np.arange(height, dtype=np.float32) + 0.5 - np.float32(self.center[1])) / self.scale)[:, None]
        (a, c), (b, d) = np.linalg.inv(self.axes).astype(np.float32)
        self.x, self.y = a * u + b * v, c * u + d * v

    def coarse(self, step):
        """`x` and `y` of the cells of layers that are drawn in every `step`-th pixel and then enlarged."""
        return _shrink(self.x, step), _shrink(self.y, step)

    def pixels(self, points):
        """Eye units (..., 2) to pixels (x, y) as OpenCV counts: 0 is the centre of the first one."""
        return np.asarray(points) @ self.axes * self.scale + self.center - 0.5

    def polygon(self, layer, points, level=255):
        """Fills a polygon given in eye units, anti-aliased, into an HW uint8 layer."""
        cv2.fillPoly(layer, [_fixed_point(self.pixels(points))], int(level), cv2.LINE_AA, shift=SUBPIXEL_BITS)

    def coverage(self, points):
        """How much of each pixel a polygon in eye units covers, to an eighth of a pixel, HW uint8 0-255.

        Counted in samples, since the edges that OpenCV draws anti-aliased lie too far out.
        """
        height, width = self.size
        fine = np.zeros((SAMPLES * height, SAMPLES * width), np.uint8)
        # A pixel's centre is in the middle of its samples.
        corners = self.pixels(points) * SAMPLES + (SAMPLES - 1) / 2
        cv2.fillPoly(fine, [_fixed_point(corners)], 255, shift=SUBPIXEL_BITS)
        return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)

    def strokes(self, layer, paths, width, level=255):
        """Draws tapering hairs into an HW uint8 layer.

        Args:
            layer: HW uint8, drawn on in place.
            paths: (N, K, 2) in eye units, from the roots to the tips.
            width: at the roots, in eye units; a number, or N of them.
            level: 0-255, of what covers whole pixels.
        """
        along = np.gradient(paths, axis=1)
        normal = along[..., ::-1] * (1, -1) / np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-6)
        pixels = np.broadcast_to(np.asarray(width, float) * self.scale, len(paths))
        # OpenCV's anti-aliasing adds half a pixel on either side; thinner hairs are drawn fainter instead.
        # They keep 0.02 pixels, so that the outline stays a polygon.
        half = (np.maximum(pixels - 1, 0.02) / 2 / self.scale)[:, None, None]
        half = half * np.linspace(1, 0.15, paths.shape[1])[:, None]  # Hairs end in a point, nearly.
        outlines = np.concatenate([paths + half * normal, (paths - half * normal)[:, ::-1]], axis=1)
        levels = np.minimum(pixels, 1) * level
        corners, shades = _fixed_point(self.pixels(outlines)), levels.astype(int).tolist()
        for outline, shade in zip(corners, shades, strict=True):
            cv2.fillPoly(layer, [outline], shade, cv2.LINE_AA, shift=SUBPIXEL_BITS)


def _shrink(layer, step):
    height, width = layer.shape
    return cv2.resize(layer, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)


def _fixed_point(corners):
    """Pixel coordinates (..., 2) as the int32 that OpenCV's `shift` asks for."""
    return np.clip(np.rint(corners * 2**SUBPIXEL_BITS), -FARTHEST, FARTHEST).astype(np.int32)


class Lids:
    """The lid curves of a photo.

    Attributes:
        at: (97,) x of the curves' points from -1 to 1, denser at the canthi, where lids are steep.
        upper, lower: y of the lids at these.
        open_upper: y of where the upper lid rests when open.
        closed: whether there is nothing between the lids.
    """

    def __init__(self, subject, capture, turn=(0.0, 0.0)):
        t = (1 - np.cos(np.linspace(0, math.pi, 97))) / 2
        self.at = 2 * t - 1
        line = -subject.canthal_tilt * self.at
        # Both arches start as steeply as real lids do; the lower one hangs a little towards the temple.
        rise = arch(t, 0.78 + subject.upper_skew, 0.78 - subject.upper_skew) * subject.upper_height
        fall = arch(t, 0.95, 0.75) * subject.lower_height
        self.open_upper = line - rise
        # Squinting raises the lower lid too, and a look down lowers it.
        down = max(capture.pitch - capture.head_pitch, 0)
        self.lower = line + fall * (0.5 + 0.5 * min(capture.openness, 1.0)) * (1 + 0.028 * down)
        self.upper = self.lower - (rise + fall) * capture.openness
        self.closed = capture.openness == 0
        # Their middle lies nearer to the camera than the canthi: if the face turns, it moves further.
        before = (EYEBALL - CANTHI) * (1 - self.at**2)
        self.at = self.at + turn[0] * before
        curves = (self.upper, self.lower, self.open_upper)
        self.upper, self.lower, self.open_upper = (y + turn[1] * before for y in curves)

    def outline(self):
        """The palpebral fissure as a closed polygon (N, 2)."""
        return np.concatenate([np.stack([self.at, self.upper], 1), np.stack([self.at, self.lower], 1)[::-1]])

    def over_skin(self, curve, x, blur):
        """A lid curve as the skin follows it, like `x`: smoothed by `blur`, continued beyond the canthi."""
        # A table is faster than interpolating at every pixel; nothing shows its steps.
        reach, per_unit = 6, 200
        table_x = np.linspace(-reach, reach, 2 * reach * per_unit + 1)
        beyond = np.maximum(np.abs(table_x) - 1, 0)
        # Folds sink beyond the canthi, and then level out.
        table = np.interp(table_x, self.at, curve) + 0.35 * beyond / (1 + 0.3 * beyond)
        table = cv2.GaussianBlur(table.astype(np.float32)[None], (0, 0), blur * per_unit)[0]
        return table[np.clip((x + reach) * per_unit, 0, len(table) - 1).astype(np.int32)]


class Globe:
    """The turned eyeball: where its surface and the iris fall in the photo, in eye units.

    Attributes:
        middle: (x, y) of the globe's own middle.
        center: (x, y) of the limbus's middle.
        radius: of the iris.
    """

    def __init__(self, capture, frame, iris_radius):
        yaw, pitch = math.radians(capture.yaw) * frame.side, math.radians(capture.pitch)
        level = math.cos(pitch)
        forward = np.array([math.sin(yaw) * level, math.sin(pitch), math.cos(yaw) * level])
        right = np.array([math.cos(yaw), 0, -math.sin(yaw)])
        self._turned = np.stack([right, np.cross(forward, right), forward])
        # The limbus is a circle on the globe: from the side an ellipse, nearer to the middle than the pole.
        height = math.sqrt(1 - (iris_radius / EYEBALL) ** 2)
        # A turned face foreshortens the fissure's axes, but not the globe, which is round. It lies behind the
        # canthi, and so moves to the side that the face turns away from.
        self._turned[:, :2] *= [math.hypot(1, turn) for turn in frame.turn]
        self._inverse = np.linalg.inv(self._turned[:2, :2])
        self.middle = -CANTHI * np.array(frame.turn)
        self.center, self.radius = self.middle + self._turned[2, :2] * EYEBALL * height, iris_radius

    def polar(self, x, y):
        """Radius (1 at the limbus) and angle (0..2 pi) about the middle of the iris, both like `x`."""
        dx, dy = x - np.float32(self.center[0]), y - np.float32(self.center[1])
        (a, b), (c, d) = (self._inverse / self.radius).astype(np.float32)
        return cv2.cartToPolar(a * dx + c * dy, b * dx + d * dy)

    def project(self, directions):
        """Unit vectors (..., 3), the gaze last, to eye units (..., 2) and whether they face the camera."""
        turned = directions @ self._turned
        return self.middle + turned[..., :2] * EYEBALL, turned[..., 2] > 0


@dataclass(frozen=True)
class Scene:
    """What is drawn: who, in which photo, and where it falls there."""

    subject: Subject
    capture: Capture
    frame: Frame
    lids: Lids
    globe: Globe


def arch(t, rise, fall):
    """A hump on [0, 1] of height 1, 0 at both ends: the higher the exponents, the gentler the slopes."""
    hump = t**rise * (1 - t) ** fall
    return hump / hump.max()
