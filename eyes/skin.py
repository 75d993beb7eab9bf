"""Skin: its tone, the folds around the lids, pores and wrinkles, and where the face ends."""

import cv2
import numpy as np

from .paint import bump, linear, mix, noise, ramp

TONES = ((244, 220, 208), (230, 192, 170), (210, 166, 140), (184, 136, 110), (142, 98, 76), (98, 66, 52), (62, 44, 38))  # sRGB
REFLECTANCE = 0.8  # Of the same light skin gives back less than the white of the eye.
DARKEST = 0.002  # Linear; nothing in a photo is blacker.


def draw_skin(scene, rng):
    """Skin with its folds around the lids, over the whole frame: HWC float32 linear RGB."""
    frame = scene.frame
    relief = REFLECTANCE * (_folds(scene) + _texture(scene, rng))
    # Blood shows in patches, and around the eye below all; it leaves the red and takes the rest away.
    flush = 0.05 * noise(rng, frame.size, 0.25 * frame.scale) + 0.12 * bump(frame.y - 0.2, 0.35) * bump(frame.x, 1.2)
    red, green, blue = _tone(scene.subject)
    pale = relief * (1 - flush)
    canvas = np.maximum(cv2.merge([relief * (1 + 0.3 * flush) * red, pale * green, pale * blue]), DARKEST)
    # Beyond the temple the head ends, in hair or in whatever is behind it.
    edge = frame.x + 0.25 * frame.y - rng.uniform(1.9, 4) - 0.05 * noise(rng, frame.size, 0.4 * frame.scale)
    behind = linear(rng.uniform(15, 80) + rng.uniform(-12, 12, 3))  # Dark, and nearly grey.
    mix(canvas, behind, ramp(edge, 0, rng.uniform(0.1, 0.6)))
    return canvas


def _tone(subject):
    """The colour of the skin between two of `TONES`, linear RGB."""
    at = subject.skin_tone * (len(TONES) - 1)
    return linear(np.array([np.interp(at, range(len(TONES)), channel) for channel in zip(*TONES, strict=True)]))


def _folds(scene):
    """The shading of lid crease, eye socket, tear trough and bag, around 1: HW float32."""
    subject, frame, lids = scene.subject, scene.frame, scene.lids
    # All this is smooth: every other pixel is enough, and takes a quarter of the time.
    x, y = frame.x[::2, ::2], frame.y[::2, ::2]
    across = bump(x - 0.1, 1.6) ** 2  # Folds fade out towards nose and temple.
    # Distances downwards from the lid crease, which rises with the lid, and from the lower lid.
    above = y - lids.over_skin(np.minimum(lids.open_upper, lids.upper), x, 0.12) + subject.crease_gap
    below = y - lids.over_skin(lids.lower, x, 0.15)
    # The crease: a thin dark line with a soft shadow under it.
    depth = subject.crease_depth * across
    shade = 1 - depth * (0.45 * bump(above, 0.02) + 0.3 * bump(above - 0.02, 0.06))
    # The socket between crease and brow, darker where a deep crease tells of a deep eye.
    shade -= (0.12 + 0.22 * subject.crease_depth) * across * bump(above + 0.28, 0.22)
    # What stands out catches light: the lid under the crease, the bone under the brow.
    shade += 0.16 * across * (bump(above - subject.crease_gap * 0.6, 0.06) + bump(above + 0.75, 0.3))
    # The hollow beside the nose.
    shade -= 0.3 * bump(x + 1.35, 0.3) * bump(y + 0.15, 0.45)
    # The trough below the bag of the lower lid, and the bag's own shadow: both deepen with age.
    shade -= across * (0.1 + 0.2 * subject.wrinkles) * (bump(below - 0.42 - 0.1 * x, 0.06) + 0.5 * bump(below - 0.25, 0.18))
    return cv2.resize(shade, frame.size[::-1], interpolation=cv2.INTER_LINEAR)


def _texture(scene, rng):
    """Blotches, pores and the fine wrinkles that run along the lids, around 0: HW float32."""
    frame = scene.frame
    blotches = 0.05 * noise(rng, frame.size, 0.4 * frame.scale) + 0.04 * noise(rng, frame.size, 0.08 * frame.scale)
    pores = 0.05 * noise(rng, frame.size, 0.025 * frame.scale) + 0.03 * noise(rng, frame.size, 0.012 * frame.scale)
    along = frame.y - scene.lids.over_skin(scene.lids.lower, frame.x, 0.25)
    # Wrinkles lie below the eye, and are seen on smooth skin too, if hardly.
    wrinkles = (0.02 + 0.09 * scene.subject.wrinkles) * _lines(frame.x, along, rng) * bump(along + 0.1, 0.7) * bump(frame.x, 1.4)
    return blotches + pores + wrinkles


def _lines(x, along, rng):
    """Fine lines that follow a lid, around 0 and like `x`: a tile of noise drawn out sideways, repeated over the skin."""
    side = 256
    # The factor brings the blurred noise back to a standard deviation of about 0.7.
    tile = cv2.GaussianBlur(rng.standard_normal((side, side), dtype=np.float32), (0, 0), sigmaX=5, sigmaY=1.2) * 6
    # 40 tile pixels to an eye unit sideways and 60 downwards: lines some 0.25 long and 0.04 wide.
    return cv2.remap(tile, 40 * x + side // 2, 60 * along + side // 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
