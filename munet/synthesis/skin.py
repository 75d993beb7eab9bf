"""Skin: its tone, the folds around the lids, pores, wrinkles, veins and marks, and the light on it."""

import math

import cv2
import numpy as np

from .backdrop import draw_backdrop
from .face import shade_face
from .hair import head_hair
from .paint import COARSE, bump, enlarge, linear, mix, noise, ramp, soften

LIGHT_TONES = ((244, 220, 208), (230, 192, 170), (210, 166, 140), (184, 136, 110))  # sRGB
TONES = (*LIGHT_TONES, (142, 98, 76), (98, 66, 52), (62, 44, 38))
REFLECTANCE = 0.9  # Skin gives back less of the light than the white of the eye.
DARKEST = 0.002  # Linear; nothing in a photo is blacker.
MOLE, FRECKLE = (58, 36, 28), (150, 96, 66)  # sRGB
MARK = np.stack([(np.cos(a), 0.8 * np.sin(a)) for a in np.linspace(0, math.tau, 13)[:-1]])  # its polygon
STREAM = 11  # Seeds the generator with the subject's seed: marks stay where they are.


def draw_skin(scene, rng):
    """The face without the eye, and what is behind it, over the whole frame: HWC float32 linear RGB."""
    diffuse, gloss = shade_face(scene)
    grain = _pores(scene, rng)
    relief = shade_folds(scene, rng)
    relief += 0.12 * scene.subject.pores * grain
    relief *= REFLECTANCE * diffuse
    canvas = cv2.multiply(cv2.merge([relief] * 3), _colors(scene, rng))
    _draw_marks(canvas, scene)
    # Wet or oily skin mirrors the lamp in grains, as large as its pores.
    shine = (0.8 * scene.subject.sheen**1.5) * gloss * np.maximum(0.7 + 0.9 * scene.subject.pores * grain, 0)
    canvas += cv2.merge([shine] * 3)
    np.maximum(canvas, DARKEST, out=canvas)
    _draw_surroundings(canvas, scene, rng)
    return canvas


def _draw_surroundings(canvas, scene, rng):
    """Draws what is beyond the face onto the canvas in place: hair of the head at times, and the backdrop."""
    size, hair = scene.frame.size, scene.capture.head_hair
    beyond, soft = _edge(scene, rng), rng.uniform(0.05, 0.5)
    if hair and beyond.max() > 0:
        mix(canvas, head_hair(scene, rng), enlarge(ramp(beyond, 0, soft), size))
    if beyond.max() > hair:
        mix(canvas, draw_backdrop(scene, rng), enlarge(ramp(beyond - hair, 0, soft), size))


def _edge(scene, rng):
    """How far beyond the face each fourth pixel is, in eye units: at the temple, the brow or the nose."""
    frame, near = scene.frame, scene.capture.face_edge
    x, y = frame.coarse(COARSE)
    wobble = 0.12 * noise(rng, x.shape, 0.25 * frame.scale)
    temple = x + 0.25 * y + 0.12 * y * y - near
    top = -y + 0.12 * x * x - near * rng.uniform(1, 1.4)
    nose = -x - 0.15 * y - near * rng.uniform(1.2, 2) + 2 * max(0.0, -frame.turn[0])
    return np.maximum(np.maximum(temple, top), nose) - wobble


def skin_tone(subject):
    """The colour of the skin between two of `TONES`, linear RGB."""
    at = subject.skin_tone * (len(TONES) - 1)
    channels = zip(*TONES, strict=True)
    return linear(np.array([np.interp(at, range(len(TONES)), channel) for channel in channels]))


def _colors(scene, rng):
    """Skin's own colour, with blood and veins that show through: HWC float32 linear RGB."""
    frame = scene.frame
    x, y = frame.coarse(COARSE)
    # Blood shows in patches, most of all below the eye; it leaves the red and takes the rest away.
    flush = 0.05 * noise(rng, x.shape, 0.06 * frame.scale) + 0.05 * noise(rng, x.shape, 0.02 * frame.scale)
    flush += 0.12 * bump(y - 0.2, 0.35) * bump(x, 1.2)
    # Veins are where a smooth noise crosses 0: bluish lines.
    veins = 0.12 * (1 - scene.subject.skin_tone) * bump(noise(rng, x.shape, 0.12 * frame.scale), 0.06)
    red, green, blue = skin_tone(scene.subject)
    red, green = (1 + 0.3 * flush - veins) * red, (1 - flush - 0.5 * veins) * green
    return enlarge(cv2.merge([red, green, (1 - flush) * blue]), frame.size)


def shade_folds(scene, rng):
    """The shading of lid crease, eye socket, bag and fine wrinkles, and blotches, around 1: HW float32."""
    subject, frame, lids = scene.subject, scene.frame, scene.lids
    # All this is smooth: every other pixel is enough, and takes a quarter of the time.
    x, y = frame.coarse(2)
    across = bump(x - 0.1, 1.6) ** 2  # Folds fade out towards nose and temple.
    # Distances downwards from the lid crease, which rises with the lid, and from the lower lid.
    above = y - lids.over_skin(np.minimum(lids.open_upper, lids.upper), x, 0.12) + subject.crease_gap
    lower = lids.over_skin(lids.lower, x, 0.2)
    below = y - lower
    # The crease: a thin dark line with a soft shadow under it.
    depth = subject.crease_depth * across
    shade = 1 - depth * (0.45 * bump(above, 0.02) + 0.3 * bump(above - 0.02, 0.06))
    # The socket between crease and brow, darker where a deep crease tells of a deep eye.
    shade -= (0.05 + 0.14 * subject.crease_depth) * across * bump(above + 0.28, 0.22)
    # The trough below the bag of the lower lid deepens with age; its colour is darker than the cheek's.
    trough = bump(below - 0.42 - 0.1 * x, 0.06) + 0.5 * bump(below - 0.25, 0.18)
    shade -= across * (0.05 + 0.15 * subject.wrinkles) * trough
    # Blotches, fewer on smooth skin.
    broad, fine = (noise(rng, x.shape, cell * frame.scale) for cell in (0.2, 0.04))
    shade += 0.04 * broad + (0.01 + 0.05 * subject.pores) * fine
    # Wrinkles lie below the eye; on smooth skin they hardly show.
    shade += (0.02 + 0.1 * subject.wrinkles) * _lines(x, below, rng) * bump(below + 0.1, 0.7) * bump(x, 1.4)
    return enlarge(shade, frame.size)


def _pores(scene, rng):
    """The grain of skin in a light from the side: HW float32 around 0, standard deviation about 1."""
    frame = scene.frame
    bumps = noise(rng, frame.size, 0.024 * frame.scale) + noise(rng, frame.size, 0.011 * frame.scale)
    angle = math.radians(scene.capture.light_angle)
    # The slope of the bumps along the light, on top of their own darkness.
    reach = 0.008 * frame.scale
    shift = np.float32([[1, 0, reach * math.cos(angle)], [0, 1, reach * math.sin(angle)]])
    how = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REFLECT_101}
    lit = cv2.warpAffine(bumps, shift, frame.size[::-1], **how)
    return 0.8 * bumps - 0.6 * lit


def _lines(x, along, rng):
    """Fine lines that follow a lid, around 0, like `x`: a tile of noise drawn out sideways, repeated."""
    side = 256
    grains = rng.standard_normal((side, side), dtype=np.float32)
    # The factor brings the blurred noise back to a standard deviation of about 0.7.
    tile = cv2.GaussianBlur(grains, (0, 0), sigmaX=5, sigmaY=1.2) * 6
    # 40 tile pixels to an eye unit sideways and 60 downwards: lines some 0.25 long and 0.04 wide.
    places = (40 * x + side // 2, 60 * along + side // 2)
    return cv2.remap(tile, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _draw_marks(canvas, scene):
    """Draws freckles and moles, which belong to the subject, onto the canvas in place."""
    subject, frame = scene.subject, scene.frame
    rng = np.random.default_rng([subject.seed, ord(scene.capture.eye), STREAM])
    dark = 1 - 0.6 * np.float32(subject.skin_tone)
    freckles = (subject.freckles, (0.012, 0.035), FRECKLE, 0.5)
    for count, size, color, strength in (freckles, (subject.moles, (0.02, 0.06), MOLE, 0.8)):
        layer = np.zeros(frame.size, np.uint8)
        middles, radii = rng.normal((0.3, 0.8), (1.8, 1.1), (count, 2)), rng.uniform(*size, count)
        for middle, radius, level in zip(middles, radii, rng.uniform(80, 255, count), strict=True):
            frame.polygon(layer, middle + radius * MARK, level)
        if count:
            mix(canvas, linear(color) * dark, strength * soften(layer, 0.006 * frame.scale))
