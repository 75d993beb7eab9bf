"""Draws photos of eyes and the exact mask of their sclera: a procedural renderer in NumPy and OpenCV.

Labelled eyes of real people come under licences; drawn ones are free, never mislabelled and as many
as wanted. A `Subject` is a person, a `Capture` one photo of them; both are drawn from seeded
generators, and the pixels follow from the two alone. To look at one:

    rng = np.random.default_rng(0)
    image, mask, attributes = eyes.draw_eye(eyes.draw_subject(rng), rng)

Geometry is in eye units: the canthi lie at x = -1 (inner, at the nose) and x = +1 (outer), y points
down, so that 1 is about 15 mm. Colours are linear RGB, float32, until `_expose` makes the photo.
"""

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np

VERSION = 1  # Counts up whenever the same seed gives other pixels.
EYEBALL = 0.86  # Radius of the globe in eye units.
SKIN_TONES = ((244, 220, 208), (230, 192, 170), (210, 166, 140), (184, 136, 110), (142, 98, 76), (98, 66, 52), (62, 44, 38))  # sRGB
IRISES = {  # name: (sRGB, how often)
    "dark brown": ((62, 36, 24), 0.3),
    "brown": ((104, 64, 36), 0.22),
    "hazel": ((124, 98, 54), 0.12),
    "amber": ((136, 94, 50), 0.06),
    "green": ((104, 114, 84), 0.08),
    "blue": ((100, 132, 158), 0.14),
    "grey": ((132, 144, 152), 0.08),
}
SCLERAS = {
    "white": (236, 232, 226),
    "bluish": (214, 224, 236),
    "grey": (206, 206, 204),
    "yellowish": (232, 220, 186),
    "red": (236, 214, 206),
}
GAZES = {"s": (0.0, 0.0), "l": (1.0, 0.0), "r": (-1.0, 0.0), "u": (0.0, -1.0)}


@dataclass(frozen=True)
class Subject:
    """One person: what stays the same from photo to photo. Lengths are in eye units."""

    seed: int  # of iris fibres, vessels and skin
    skin_tone: float  # 0 the lightest to 1 the darkest
    iris: str
    sclera: str
    iris_radius: float
    upper_height: float
    lower_height: float
    upper_skew: float  # above 0 the arch peaks nearer the outer canthus
    canthal_tilt: float  # above 0 the outer canthus is the higher one
    crease_gap: float
    crease_depth: float  # 0 is a lid without a fold
    caruncle: float
    vessels: float  # 0..1
    lash_count: int
    lash_length: float
    hair: float  # 0 black to 1 fair
    brow_height: float
    brow_weight: float
    wrinkles: float  # 0..1


@dataclass(frozen=True)
class Capture:
    """One photo: pose, framing, light and camera."""

    seed: int
    eye: str  # L or R, the subject's own
    gaze: str  # l or r towards the subject's own left or right, s straight, u up
    yaw: float  # degrees towards the photo's right
    pitch: float  # degrees downwards
    openness: float  # 0 closed, 1 relaxed
    scale: float  # half the fissure's width as a share of the frame's
    center_x: float  # of the fissure, as a share of the frame's width
    center_y: float
    tilt: float  # degrees, clockwise in the photo
    pupil: float  # as a share of the iris
    red_pupil: bool
    redness: float  # 0..1
    kelvin: float
    light_angle: float  # degrees, where the light comes from
    contrast: float  # 0 even light to 1
    exposure: float  # stops from automatic exposure
    defocus: float  # Gaussian sigma in thousandths of the frame's width
    vignette: float
    noise: float  # standard deviation in 8-bit levels
    resolution: float  # share of the frame's pixels along a side that the lens resolves
    jpeg_quality: int


def draw_subject(rng):
    """Draws a person from a `np.random.Generator`."""
    tone, hooded = rng.uniform(), rng.uniform() < 0.25
    dark_eyed = rng.uniform() < max(0.0, 2 * tone - 0.3)
    names, weights = list(IRISES)[: 2 if dark_eyed else None], np.array([IRISES[n][1] for n in IRISES][: 2 if dark_eyed else None])
    return Subject(
        seed=int(rng.integers(2**31)),
        skin_tone=tone,
        iris=str(rng.choice(names, p=weights / weights.sum())),
        sclera=str(rng.choice(list(SCLERAS), p=(0.4, 0.17, 0.17, 0.14, 0.12))),
        iris_radius=rng.uniform(0.38, 0.44),
        upper_height=rng.uniform(0.34, 0.48) - 0.05 * hooded,
        lower_height=rng.uniform(0.17, 0.27),
        upper_skew=rng.uniform(-0.12, 0.1),
        canthal_tilt=rng.normal(0.06, 0.05),
        crease_gap=rng.uniform(0.1, 0.26),
        crease_depth=rng.uniform(0, 0.2) if hooded else rng.uniform(0.4, 1),
        caruncle=rng.uniform(0.7, 1.2),
        vessels=rng.beta(1.5, 2.5),
        lash_count=int(rng.integers(45, 110)),
        lash_length=rng.uniform(0.16, 0.36),
        hair=rng.uniform(0, 1) ** 2 * (1 - tone),
        brow_height=rng.uniform(0.75, 1.15),
        brow_weight=rng.uniform(0.2, 1),
        wrinkles=rng.beta(1.3, 2.5),
    )


def draw_capture(rng):
    """Draws the conditions of one photo from a `np.random.Generator`."""
    gaze = str(rng.choice(list(GAZES)))
    turn, closed, dark = rng.uniform(24, 42), rng.uniform() < 0.05, rng.uniform() < 0.15
    openness = rng.uniform(0.25, 0.6) if rng.uniform() < 0.2 else np.clip(rng.normal(0.95, 0.12), 0.6, 1.2)
    scale = 0.15 + 0.78 * rng.uniform() ** 1.4
    # Close-ups are framed by hand around the eye; in wide frames it may be anywhere.
    free = min(0.28, 0.05 + 0.5 * max(0, 0.5 - scale))
    return Capture(
        seed=int(rng.integers(2**31)),
        eye=str(rng.choice(["L", "R"])),
        gaze=gaze,
        yaw=GAZES[gaze][0] * turn + rng.normal(0, 3),
        pitch=GAZES[gaze][1] * rng.uniform(14, 26) + rng.normal(0, 3),
        openness=0.0 if closed else float(openness) + 0.12 * (gaze == "u"),
        scale=scale,
        center_x=rng.uniform(0.5 - free, 0.5 + free),
        center_y=rng.uniform(0.5 - free, 0.5 + free),
        tilt=rng.normal(0, 9),
        pupil=rng.uniform(0.22, 0.58),
        red_pupil=bool(rng.uniform() < 0.04),
        redness=rng.beta(1.2, 3.5),
        kelvin=rng.uniform(2700, 9000),
        light_angle=rng.uniform(0, 360),
        contrast=rng.beta(1.5, 2.5),
        exposure=rng.uniform(-3, -1) if dark else rng.normal(0, 0.4),
        defocus=abs(rng.normal(0, 2.2)),
        vignette=rng.uniform(0, 0.5),
        noise=rng.uniform(0.5, 4) + 6 * dark * rng.uniform(),
        resolution=rng.uniform(0.45, 1),
        jpeg_quality=int(rng.integers(35, 96)),
    )


def draw_eye(subject, rng, size=(480, 640)):
    """Draws one photo of a subject: `draw_capture`, then `render`.

    Args:
        subject: a `Subject`.
        rng: `np.random.Generator`; it alone decides the photo.
        size: (height, width) in pixels, at least 16 each.

    Returns:
        image: HWC uint8 RGB, 0-255. mask: HW bool, True is visible sclera, all False when the lids are
        closed. attributes: dict of what a `labels.csv` holds, as `describe` gives it.
    """
    capture = draw_capture(rng)
    image, mask = render(subject, capture, size)
    return image, mask, describe(subject, capture, mask)


def describe(subject, capture, mask):
    """The attributes of a photo, a flat dict; floats are rounded to four digits.

    `sclera_share` is the share of the frame that is sclera, 0..1; the others are fields of the subject and the capture.
    """
    shown = {"skin_tone": subject.skin_tone, "iris": subject.iris, "sclera": subject.sclera, **asdict(capture), "sclera_share": mask.mean()}
    return {name: round(float(value), 4) if isinstance(value, float) else value for name, value in shown.items() if name != "seed"}


def render(subject, capture, size=(480, 640)):
    """Draws the photo that a capture describes: (image HWC uint8 RGB, mask HW bool) of `size` (height, width).

    The mask is inside the palpebral fissure, outside the limbus and the caruncle; lashes and glints
    that cross the sclera stay sclera.

    Raises:
        ValueError: a side of `size` is below 16 pixels.
    """
    if min(size) < 16:
        raise ValueError(f"size {size[0]}x{size[1]} is too small to draw an eye; give at least 16x16")
    rng = np.random.default_rng(capture.seed)
    frame, lids = _Frame(capture, size), _Lids(subject, capture)
    canvas = _skin(subject, capture, frame, lids, rng)
    mask = _eyeball(canvas, subject, capture, frame, lids, rng)
    _hairs(canvas, subject, capture, frame, lids, rng)
    return _expose(_light(canvas, capture, frame), capture, rng), mask


class _Frame:
    """Where eye units fall in the photo: `x`, `y` are HW float32, the eye units of each pixel's centre."""

    def __init__(self, capture, size):
        self.size = height, width = size
        # A frame much wider than it is high still has to hold the lids.
        self.scale = capture.scale * min(width, 1.8 * height)
        self.center = np.array([capture.center_x * width, capture.center_y * height])
        turn = math.radians(capture.tilt)
        # The inner canthus of a left eye is on the left of the photo, of a right eye on the right.
        self.side = 1 if capture.eye == "L" else -1
        self.axes = np.array([[math.cos(turn) * self.side, math.sin(turn) * self.side], [-math.sin(turn), math.cos(turn)]])
        u = (np.arange(width, dtype=np.float32) + 0.5 - np.float32(self.center[0])) / self.scale
        v = ((np.arange(height, dtype=np.float32) + 0.5 - np.float32(self.center[1])) / self.scale)[:, None]
        (a, b), (c, d) = self.axes.astype(np.float32)
        self.x, self.y = a * u + b * v, c * u + d * v

    def pixels(self, points):
        """Eye units (..., 2) to pixel coordinates (x, y) in OpenCV's convention, where 0 is the first pixel's centre."""
        return np.asarray(points) @ self.axes * self.scale + self.center - 0.5

    def polygon(self, layer, points, level=255):
        """Fills a polygon given in eye units, anti-aliased, into an HW uint8 layer."""
        corners = np.clip(np.rint(self.pixels(points) * 16), -(2**24), 2**24).astype(np.int32)
        cv2.fillPoly(layer, [corners], int(level), cv2.LINE_AA, shift=4)

    def coverage(self, points):
        """How much of each pixel a polygon in eye units covers, HW uint8: 16 samples a pixel, since OpenCV's own edges lie too far out."""
        height, width = self.size
        fine = np.zeros((4 * height, 4 * width), np.uint8)
        corners = np.rint(self.pixels(points) * 64 + 24)  # 4 samples a pixel, in sixteenths of their distance
        cv2.fillPoly(fine, [np.clip(corners, -(2**24), 2**24).astype(np.int32)], 255, shift=4)
        return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)

    def strokes(self, layer, paths, width, level=255):
        """Draws tapering hairs: `paths` (N, K, 2) in eye units from the root to the tip, as wide as `width` (N) at the root."""
        along = np.gradient(paths, axis=1)
        normal = along[..., ::-1] * (1, -1) / np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-6)
        pixels = np.broadcast_to(np.asarray(width, float) * self.scale, len(paths))
        # OpenCV's anti-aliasing adds half a pixel on either side; what is thinner than that is drawn fainter instead.
        half = (np.maximum(pixels - 1, 0.02) / 2 / self.scale)[:, None, None] * np.linspace(1, 0.15, paths.shape[1])[:, None]
        outlines = np.concatenate([paths + half * normal, (paths - half * normal)[:, ::-1]], axis=1)
        for outline, wide in zip(outlines, pixels, strict=True):
            self.polygon(layer, outline, level * min(1.0, wide))


class _Lids:
    """The lid curves of a photo: `upper` and `lower` give y at x, `open_upper` is where the upper lid rests when open."""

    def __init__(self, subject, capture):
        t = (1 - np.cos(np.linspace(0, math.pi, 97))) / 2
        self.at = 2 * t - 1
        line = -subject.canthal_tilt * self.at
        rise = _arch(t, 0.78 + subject.upper_skew, 0.78 - subject.upper_skew) * subject.upper_height
        fall = _arch(t, 0.95, 0.75) * subject.lower_height
        self.open_upper = line - rise
        # Squinting raises the lower lid too.
        self.lower = line + fall * (0.5 + 0.5 * min(capture.openness, 1.0))
        self.upper = self.lower - (rise + fall) * capture.openness
        self.closed = capture.openness == 0

    def outline(self):
        """The palpebral fissure as a closed polygon (N, 2)."""
        return np.concatenate([np.stack([self.at, self.upper], 1), np.stack([self.at, self.lower], 1)[::-1]])

    def over_skin(self, curve, x, blur):
        """A lid curve as the skin follows it: smoothed by `blur`, and running on beyond the canthi. Same shape as `x`."""
        table_x = np.linspace(-6, 6, 2401)
        beyond = np.maximum(np.abs(table_x) - 1, 0)
        table = np.interp(table_x, self.at, curve) + 0.35 * beyond / (1 + 0.3 * beyond)
        table = cv2.GaussianBlur(table.astype(np.float32)[None], (0, 0), blur * 200)[0]
        return table[np.clip((x + 6) * 200, 0, 2400).astype(np.int32)]


def _arch(t, rise, fall):
    """A hump on [0, 1] of height 1 that is 0 at both ends."""
    hump = t**rise * (1 - t) ** fall
    return hump / hump.max()


def _linear(srgb):
    """sRGB 0-255 to linear RGB, float32."""
    return (np.asarray(srgb, np.float32) / 255) ** np.float32(2.2)


def _ramp(value, low, high):
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def _bump(value, width):
    """1 at 0 that falls off to both sides over `width`."""
    return 1 / (1 + (value * (1 / width)) ** 2)


def _noise(rng, size, cell):
    """Smooth noise of standard deviation about 1, HW float32, with grains of `cell` pixels."""
    cell = max(cell, 1.0)
    grid = rng.standard_normal((int(size[0] / cell) + 3, int(size[1] / cell) + 3), dtype=np.float32)
    return cv2.resize(grid, (size[1], size[0]), interpolation=cv2.INTER_CUBIC) if cell > 1 else grid[: size[0], : size[1]].copy()


def _mix(canvas, color, alpha):
    """Lays `color` (3, or HWC) over an HWC canvas in place, by an HW alpha in 0..1."""
    rows, columns = np.flatnonzero(alpha.max(axis=1) > 0), np.flatnonzero(alpha.max(axis=0) > 0)
    if not len(rows):
        return
    view = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    part = canvas[view]
    part += ((color[view] if np.ndim(color) == 3 else color) - part) * cv2.merge([alpha[view]] * 3)


def _soften(layer, sigma):
    """Blurs an HW uint8 layer, in a time that does not depend on `sigma` (pixels), to HW float32 in 0..1."""
    if sigma < 2:
        return cv2.GaussianBlur(layer, (0, 0), max(sigma, 0.5)).astype(np.float32) / 255
    side = 2 * round(0.85 * sigma) + 1
    return cv2.blur(cv2.blur(layer, (side, side)), (side, side)).astype(np.float32) / 255


def _skin(subject, capture, frame, lids, rng):
    """Skin with its folds around the lids, over the whole frame: HWC float32."""
    tone = subject.skin_tone * (len(SKIN_TONES) - 1)
    color = np.array([np.interp(tone, range(len(SKIN_TONES)), channel) for channel in zip(*SKIN_TONES, strict=True)])
    # Of the same light skin gives back less than the white of the eye.
    relief = 0.8 * (_folds(subject, frame, lids) + _texture(subject, frame, lids, rng))
    flush = 0.05 * _noise(rng, frame.size, 0.25 * frame.scale) + 0.12 * _bump(frame.y - 0.2, 0.35) * _bump(frame.x, 1.2)
    red, green, blue = _linear(color)
    pale = relief * (1 - flush)
    canvas = np.maximum(cv2.merge([relief * (1 + 0.3 * flush) * red, pale * green, pale * blue]), 0.002)
    # Beyond the temple the head ends, in hair or in whatever is behind it.
    edge = frame.x + 0.25 * frame.y - rng.uniform(1.9, 4) - 0.05 * _noise(rng, frame.size, 0.4 * frame.scale)
    _mix(canvas, _linear(rng.uniform(15, 80) + rng.uniform(-12, 12, 3)), _ramp(edge, 0, rng.uniform(0.1, 0.6)))
    return canvas


def _folds(subject, frame, lids):
    """The shading of lid crease, eye socket, tear trough and bag, around 1: HW float32."""
    # All this is smooth: every other pixel is enough, and takes a quarter of the time.
    x, y = frame.x[::2, ::2], frame.y[::2, ::2]
    across = _bump(x - 0.1, 1.6) ** 2
    above = y - lids.over_skin(np.minimum(lids.open_upper, lids.upper), x, 0.12) + subject.crease_gap
    below = y - lids.over_skin(lids.lower, x, 0.15)
    depth = subject.crease_depth * across
    shade = 1 - depth * (0.45 * _bump(above, 0.02) + 0.3 * _bump(above - 0.02, 0.06))
    shade -= (0.12 + 0.22 * subject.crease_depth) * across * _bump(above + 0.28, 0.22)
    shade += 0.16 * across * (_bump(above - subject.crease_gap * 0.6, 0.06) + _bump(above + 0.75, 0.3))
    shade -= 0.3 * _bump(x + 1.35, 0.3) * _bump(y + 0.15, 0.45)
    shade -= across * (0.1 + 0.2 * subject.wrinkles) * (_bump(below - 0.42 - 0.1 * x, 0.06) + 0.5 * _bump(below - 0.25, 0.18))
    return cv2.resize(shade, frame.size[::-1], interpolation=cv2.INTER_LINEAR)


def _texture(subject, frame, lids, rng):
    """Blotches, pores and the fine wrinkles that run along the lids, around 0: HW float32."""
    blotches = 0.05 * _noise(rng, frame.size, 0.4 * frame.scale) + 0.04 * _noise(rng, frame.size, 0.08 * frame.scale)
    pores = 0.05 * _noise(rng, frame.size, 0.025 * frame.scale) + 0.03 * _noise(rng, frame.size, 0.012 * frame.scale)
    tile = cv2.GaussianBlur(rng.standard_normal((256, 256), dtype=np.float32), (0, 0), sigmaX=5, sigmaY=1.2) * 6
    along = frame.y - lids.over_skin(lids.lower, frame.x, 0.25)
    lines = cv2.remap(tile, 40 * frame.x + 128, 60 * along + 128, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return blotches + pores + (0.02 + 0.09 * subject.wrinkles) * lines * _bump(along + 0.1, 0.7) * _bump(frame.x, 1.4)


def _eyeball(canvas, subject, capture, frame, lids, rng):
    """Draws all that the open lids show, and their wet margins, onto the canvas in place; returns the mask."""
    mask = np.zeros(frame.size, bool)
    fissure = np.zeros(frame.size, np.uint8) if lids.closed else frame.coverage(lids.outline())
    _margins(canvas, subject, frame, lids, fissure)
    left, top, width, height = cv2.boundingRect(fissure)
    if width < 2 or height < 2:
        return mask
    view = np.s_[top : top + height, left : left + width]
    x, y, covered = frame.x[view], frame.y[view], fissure[view]
    globe = _Globe(capture, frame, subject.iris_radius)
    ball = _sclera(subject, capture, frame, globe, view, rng)
    rho, theta = globe.polar(x, y)
    _iris(ball, subject, capture, globe, rho, theta)
    caruncle = _caruncle(ball, subject, frame, lids, view, rng)
    ball *= _lid_shadow(lids, frame, x, y, covered)[..., None]
    _glints(ball, frame, lids, globe, view, rng)
    _mix(canvas[view], ball, covered.astype(np.float32) / 255)
    mask[view] = (covered >= 128) & (rho >= 1) & ~caruncle
    return mask


class _Globe:
    """The turned eyeball: where its surface and the iris fall in the photo, in eye units."""

    def __init__(self, capture, frame, iris_radius):
        yaw, pitch = math.radians(capture.yaw) * frame.side, math.radians(capture.pitch)
        forward = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
        right = np.array([math.cos(yaw), 0, -math.sin(yaw)])
        self.turned = np.stack([right, np.cross(forward, right), forward])
        # The limbus is a circle on the globe: seen from the side it is an ellipse, nearer the middle than the pole is.
        self.height = math.sqrt(1 - (iris_radius / EYEBALL) ** 2)
        self.center, self.radius = forward[:2] * EYEBALL * self.height, iris_radius
        self.inverse = np.linalg.inv(self.turned[:2, :2])

    def polar(self, x, y):
        """Radius (1 at the limbus) and angle (0..2 pi) about the middle of the iris, both like `x`."""
        dx, dy = x - np.float32(self.center[0]), y - np.float32(self.center[1])
        (a, b), (c, d) = (self.inverse / self.radius).astype(np.float32)
        return cv2.cartToPolar(a * dx + c * dy, b * dx + d * dy)

    def project(self, directions):
        """Unit vectors (..., 3), whose third axis is the gaze, to eye units (..., 2) and whether they face the camera."""
        turned = directions @ self.turned
        return turned[..., :2] * EYEBALL, turned[..., 2] > 0


def _sclera(subject, capture, frame, globe, view, rng):
    """The white of the eye with its shading and vessels, over `view` of the frame: HWC float32."""
    x, y = frame.x[view], frame.y[view]
    angle = math.radians(capture.light_angle)
    toward = np.array([math.cos(angle), math.sin(angle)]) @ frame.axes.T * 0.5 * (0.4 + capture.contrast)
    facing = np.sqrt(np.maximum(1 - (x * x + y * y) / (1.12 * 1.12), 0.02))
    shade = 0.52 + (0.55 * facing + 0.35 * (toward[0] * x + toward[1] * y)) * (0.7 + 0.4 * capture.contrast)
    shade += 0.02 * _noise(rng, x.shape, 0.06 * frame.scale)
    shade = np.maximum(shade, 0.08)
    inflamed = np.clip(capture.redness * (0.25 + 0.75 * x * x) * (1 + 0.35 * _noise(rng, x.shape, 0.2 * frame.scale)), 0, 1)
    threads = _vessels(subject, capture, frame, globe)[view].astype(np.float32) / 255
    # Blood takes green and blue away.
    white, pink, red = _linear(SCLERAS[subject.sclera]), (0.08, 0.6, 0.5), (0.2, 0.75, 0.7)
    return cv2.merge([shade * white[i] * (1 - pink[i] * inflamed) * (1 - red[i] * threads) for i in range(3)])


def _vessels(subject, capture, frame, globe):
    """The conjunctival vessels as HW uint8: fixed on the globe, so that they turn with it and belong to the subject."""
    rng = np.random.default_rng([subject.seed, ord(capture.eye)])
    strength = min(1.0, 0.15 + 0.6 * subject.vessels + 0.6 * capture.redness)
    count, steps = 90, 24
    along = np.linspace(0, 1, steps)
    bearing = rng.choice([0, math.pi], count) + rng.normal(0, 0.75, count)
    wander = np.cumsum(rng.normal(0, 0.035, (count, steps)), axis=1) + rng.normal(0, 0.25, (count, 1)) * along
    wander += 0.02 * np.sin(along * rng.uniform(15, 60, (count, 1)) + rng.uniform(0, 6, (count, 1)))
    start, end = rng.uniform(60, 100, (count, 1)), rng.uniform(32, 62, (count, 1))
    polar, bearing = np.radians(start + (np.minimum(end, start - 8) - start) * along), bearing[:, None] + wander
    ways = np.stack([np.sin(polar) * np.cos(bearing), np.sin(polar) * np.sin(bearing), np.cos(polar)], axis=-1)
    points, facing = globe.project(ways)
    width, level = rng.uniform(0.004, 0.017, count), rng.uniform(0.15, 0.8, count)
    layer = np.zeros(frame.size, np.uint8)
    for i in np.flatnonzero(facing.all(axis=1))[: int(count * strength)]:
        frame.strokes(layer, points[i : i + 1], width[i], 255 * level[i] * strength)
    return cv2.GaussianBlur(layer, (0, 0), max(0.5, 0.004 * frame.scale))


def _iris(ball, subject, capture, globe, rho, theta):
    """Lays iris and pupil onto `ball` in place."""
    rng = np.random.default_rng([subject.seed, 7])
    fibres = cv2.resize(rng.standard_normal((5, 180), dtype=np.float32), (720, 64), interpolation=cv2.INTER_CUBIC)
    fibres += 0.6 * cv2.resize(rng.standard_normal((3, 60), dtype=np.float32), (720, 64), interpolation=cv2.INTER_CUBIC)
    grain = cv2.remap(fibres, theta * np.float32(720 / math.tau), np.minimum(rho, 1.2) * 50, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    color = _linear(IRISES[subject.iris][0]) * np.float32(rng.uniform(0.5, 1.0))
    heart = _linear(rng.uniform((90, 55, 20), (170, 110, 60)).astype(np.float32)) * (0.4 + 0.6 * color.max())
    lit = np.maximum(1 + 0.2 * grain, 0.2) * (1 - 0.65 * _ramp(rho, 0.78, 1.0)) * (1.1 - 0.35 * _bump(rho - capture.pupil, 0.08))
    disc = cv2.merge([lit] * 3) * color
    _mix(disc, heart * 0.8, 0.6 * rng.uniform() * _bump(rho - capture.pupil, 0.18) * np.clip(0.8 + 0.3 * grain, 0, 1))
    pupil = np.array([0.35, 0.06, 0.05] if capture.red_pupil else [0.006, 0.006, 0.007], np.float32)
    _mix(disc, pupil, 1 - _ramp(rho + 0.01 * grain, capture.pupil - 0.03, capture.pupil + 0.03))
    # The limbus is a soft edge, not a line; half-way through it lies the border of the mask.
    _mix(ball, disc, 1 - _ramp(rho, 0.93, 1.07))


def _caruncle(ball, subject, frame, lids, view, rng):
    """Lays the fleshy corner at the nose onto `ball` in place; returns where it hides the sclera, HW bool."""
    x, y = frame.x[view], frame.y[view]
    middle = np.array([-0.99, float((lids.upper[6] + lids.lower[6]) / 2)])
    bumps = _noise(rng, x.shape, 0.035 * frame.scale)
    radius = np.hypot((x - middle[0]) / (0.24 * subject.caruncle), (y - middle[1]) / (0.2 * subject.caruncle)).astype(np.float32)
    flesh = _linear((206, 126, 114)) * (1 - 0.5 * np.float32(subject.skin_tone))
    _mix(ball, flesh, 0.55 * _bump(np.maximum(radius - 0.6, 0), 0.7))
    _mix(ball, flesh * (1 + 0.12 * bumps[..., None]), 1 - _ramp(radius + 0.06 * bumps, 0.8, 1.1))
    return radius < 1


def _lid_shadow(lids, frame, x, y, covered):
    """How much light the lids leave on the globe, 0..1: HW float32."""
    near = cv2.distanceTransform((covered >= 128).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(frame.scale)
    below_upper = np.maximum(y - np.interp(x, lids.at, lids.upper).astype(np.float32), 0)
    return 1 - 0.55 * np.exp(-below_upper / 0.09) - 0.25 * np.exp(-near / 0.035)


def _glints(ball, frame, lids, globe, view, rng):
    """Adds the mirror images of lamps and windows on the cornea, and wet spots on the sclera, in place."""
    layer = np.zeros(frame.size, np.uint8)
    corners = np.linspace(0, math.tau, 17)[:-1]
    spot = globe.center * 0.85 + globe.radius * rng.uniform(-0.4, 0.4, 2)
    for _ in range(int(rng.integers(1, 4))):
        reach, square = globe.radius * rng.uniform(0.04, 0.16), rng.uniform() < 0.4
        shape = np.stack([np.cos(corners), np.sin(corners) * rng.uniform(0.6, 1.3)], 1)
        shape = np.clip(shape * 1.6, -1, 1) if square else shape
        frame.polygon(layer, spot + reach * shape, 255 * rng.uniform(0.5, 1))
        spot = spot + globe.radius * rng.uniform(-0.3, 0.3, 2)
    for _ in range(int(rng.integers(0, 5))):
        # Tears gather along the lower lid and in the corners.
        at = rng.uniform(-0.97, 0.97)
        wet = np.array([at, np.interp(at, lids.at, lids.lower) - abs(rng.normal(0.02, 0.04))])
        shape = np.stack([np.cos(corners) * rng.uniform(0.8, 3), np.sin(corners)], 1)
        frame.polygon(layer, wet + rng.uniform(0.004, 0.012) * shape, 255 * rng.uniform(0.3, 0.9))
    ball += rng.uniform(0.8, 3) * _soften(layer[view], 0.008 * frame.scale)[..., None]
    window = np.zeros(frame.size, np.uint8)
    frame.polygon(
        window, globe.center + globe.radius * (rng.uniform(-0.5, 0.5, 2) + rng.uniform(0.2, 0.6, 2) * [[-1, -1], [1, -1], [1, 1], [-1, 1]])
    )
    ball += 0.1 * rng.uniform() ** 2 * _soften(window[view], 0.02 * frame.scale)[..., None]


def _margins(canvas, subject, frame, lids, fissure):
    """Draws the rims of the lids onto the canvas in place: the wet lower one light, the upper one dark with lash roots."""
    rim, roots = np.zeros(frame.size, np.uint8), np.zeros(frame.size, np.uint8)
    edge = np.stack([lids.at, lids.lower], 1)
    taper = 0.05 * _arch((lids.at + 1) / 2, 0.3, 0.3)[:, None] * (0, 1)
    if not lids.closed:
        frame.polygon(rim, np.concatenate([edge, (edge + taper)[::-1]]))
    brow_side = np.stack([lids.at, lids.upper], 1)
    frame.polygon(roots, np.concatenate([brow_side + 0.3 * taper, (brow_side - 0.8 * taper)[::-1]]))
    rim, roots = (_soften(layer, 0.012 * frame.scale) for layer in (rim, roots))
    wet = _linear((226, 164, 150)) * (1 - 0.7 * np.float32(subject.skin_tone))
    _mix(canvas, _linear((40, 22, 18)), 0.4 * _soften(fissure, 0.06 * frame.scale))
    _mix(canvas, wet, 0.75 * rim)
    _mix(canvas, _linear((36, 22, 20)), 0.8 * roots)


def _hairs(canvas, subject, capture, frame, lids, rng):
    """Draws lashes and brow over everything, in place."""
    layer = np.zeros(frame.size, np.uint8)
    frame.strokes(layer, _upper_lashes(subject, capture, lids, rng), rng.uniform(0.009, 0.02, subject.lash_count), 240)
    few = subject.lash_count * 2 // 3
    frame.strokes(layer, _lower_lashes(subject, few, lids, rng), rng.uniform(0.006, 0.013, few), 190)
    brow = np.zeros(frame.size, np.uint8)
    if frame.y.min() < -0.6:
        paths = _brow(subject, rng)
        frame.strokes(brow, paths, 0.014, 170)
    black, fair = _linear((24, 17, 14)), _linear((150, 112, 72))
    color = black + (fair - black) * np.float32(subject.hair)
    _mix(canvas, color, np.maximum(brow.astype(np.float32) / 255, 0.8 * _soften(brow, 0.04 * frame.scale)))
    _mix(canvas, color * 0.6, layer.astype(np.float32) / 255)


def _curves(x, y, bend, tip, length):
    """Quadratic Bezier curves (N, 8, 2) from roots (x, y) by way of root + length * bend to root + length * tip."""
    root, bend, tip = np.stack([x, y], 1), np.stack(bend, 1) * length[:, None], np.stack(tip, 1) * length[:, None]
    t = np.linspace(0, 1, 8)[None, :, None]
    return root[:, None] + 2 * t * (1 - t) * bend[:, None] + t * t * tip[:, None]


def _upper_lashes(subject, capture, lids, rng):
    count = subject.lash_count
    at = rng.uniform(-0.82, 1.0, count)
    fan = 0.65 * at + rng.normal(0, 0.16, count)
    # Seen from the front an upper lash comes forward and down, then curls up; on a closed lid it hangs.
    lift = min(1.0, 2 * capture.openness) * 1.3 - 0.6 + rng.normal(0, 0.12, count)
    forward = rng.uniform(0.1, 0.4, count) if capture.openness > 0.4 else rng.uniform(0, 0.15, count)
    length = subject.lash_length * rng.uniform(0.6, 1.15, count) * (0.75 + 0.25 * at)
    return _curves(at, np.interp(at, lids.at, lids.upper), (0.35 * fan, forward), (fan, -lift), length)


def _lower_lashes(subject, count, lids, rng):
    at = rng.uniform(-0.6, 0.97, count)
    fan = 0.6 * at + rng.normal(0, 0.3, count)
    length = 0.55 * subject.lash_length * rng.uniform(0.5, 1.2, count)
    y = np.interp(at, lids.at, lids.lower) + 0.035
    return _curves(at, y, (0.2 * fan, np.full(count, 0.55)), (fan, rng.uniform(0.5, 0.9, count)), length)


def _brow(subject, rng):
    count = int(150 + 350 * subject.brow_weight)
    along = rng.uniform(0, 1, count)
    thick = (0.07 + 0.09 * subject.brow_weight) * (1 - 0.75 * along**2)
    arc = -subject.brow_height - 0.28 * np.sin(np.clip(along, 0, 1) * 2.3) + rng.uniform(-1, 1, count) * thick
    lean = 1.35 - 1.5 * along + rng.normal(0, 0.2, count)
    tip = (np.cos(lean), -np.sin(lean))
    return _curves(-1.05 + 2.5 * along, arc, (0.5 * tip[0], 0.6 * tip[1]), tip, rng.uniform(0.12, 0.26, count))


def _light(canvas, capture, frame):
    """The canvas under a coloured light that falls off across the face, seen through a vignetting lens."""
    height, width = frame.size
    u = np.linspace(-1, 1, width, dtype=np.float32)
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(height / width)
    angle = math.radians(capture.light_angle)
    fall = 1 + 0.75 * capture.contrast * (math.cos(angle) * u + math.sin(angle) * v)
    fall *= (1 - capture.vignette * 0.5 * (u * u + v * v)) * (1 - 0.3 * capture.contrast * _ramp(np.abs(frame.x), 1.0, 3.5))
    warmth = math.log(6000 / capture.kelvin)
    # Cameras balance most of a light's colour away; this is what they leave.
    tint = np.array([math.exp(0.25 * warmth), 1.0, math.exp(-0.4 * warmth)], np.float32)
    return cv2.multiply(canvas, cv2.merge([np.maximum(fall, 0.1) * gain for gain in tint]))


def _expose(canvas, capture, rng):
    """The camera: focus, exposure, tone curve, resolution, noise and JPEG. Linear HWC float32 to HWC uint8 RGB."""
    height, width = canvas.shape[:2]
    sigma = capture.defocus * width / 1000
    canvas = cv2.GaussianBlur(canvas, (0, 0), sigma) if sigma > 0.3 else canvas
    seen = canvas[::8, ::8].max(axis=2)
    # Automatic exposure aims at a middle grey, and spares the brightest parts.
    gain = min((0.2 / float(seen.mean())) ** 0.75, 1.1 / float(np.percentile(seen, 97))) * 2**capture.exposure
    levels = np.linspace(0, 4, 16384, dtype=np.float32)
    tones = 255 * np.clip(1.04 * (1 - np.exp(-1.35 * levels)), 0, 1) ** np.float32(1 / 2.2)
    photo = tones[np.minimum(canvas * np.float32(gain * 4096), 16383).astype(np.uint16)]
    low = (max(8, round(width * capture.resolution)), max(8, round(height * capture.resolution)))
    photo = cv2.resize(photo, low, interpolation=cv2.INTER_AREA)
    photo += rng.standard_normal(photo.shape, dtype=np.float32) * np.float32(capture.noise)
    photo = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC)
    photo = np.clip(photo + 0.5, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg_quality])
    return np.ascontiguousarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1])
