"""What the pixels of a mask say, a function a coding: each gives a `Mask`, or None where it is not that one.

binary    black and white: 0/1 or 0/255; floating-point pixels are sclera from 0.5 on
colour    sclera red, iris green, pupil blue, or the sclera in a colour that is told
alpha     painted on transparency: whatever is painted, however thinly
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

_COLOURS = {"background": (0, 0, 0), "sclera": (255, 0, 0), "iris": (0, 255, 0), "pupil": (0, 0, 255)}
# A lossy mask keeps this share of its pixels within this distance of a code; other pictures do not.
_NEAR_SHARE = 0.97
_NEAR_LEVELS = 64
# Fewer values than this are the flat areas of another coding, not the ringing of a lossy format.
_FEW_VALUES = 10
_FLAT_SHARE = 0.9  # of the pixels of a drawing in two colours, whose edges are blurred
_PAINT_SHARE = 0.05  # of the painted pixels have a brush's own opacity; at its edge each value has fewer
_COLOUR_SHARE = 0.01  # of the coloured pixels make a colour of the drawing's own
_SAME_COLOUR = 24  # levels between two shades of one colour, as a lossy format leaves them
_COUNTED = 1_000_000  # pixels of which colours are counted; larger pictures are thinned out


@dataclass(frozen=True)
class Mask:
    """A decoded mask.

    Attributes:
        pixels: HW bool, True is sclera.
        coding: what it was read as: "binary", "colour", "alpha" or "class".
        cleaned: how many pixels were moved to the nearest code.
        colours: of a mask in colours without sclera, the (red, green, blue) of its paint, the largest area
            first.
        turned: EXIF orientation of its own file, 1 is upright.
    """

    pixels: np.ndarray
    coding: str
    cleaned: int = 0
    colours: tuple = ()
    turned: int = 1


def from_grey(levels):
    """Black and white of HW uint8 levels."""
    used = np.flatnonzero(np.bincount(levels.ravel(), minlength=256))
    if used[-1] <= 1:
        return Mask(levels == 1, "binary")
    if set(used.tolist()) <= {0, 255}:
        return Mask(levels == 255, "binary")
    near = (levels <= _NEAR_LEVELS) | (levels >= 255 - _NEAR_LEVELS)
    flat = len(used) < _FEW_VALUES and not near.all()
    if used[-1] < 255 - _NEAR_LEVELS or flat or near.mean() < _NEAR_SHARE:
        return None
    return Mask(levels >= 128, "binary", int(np.count_nonzero((levels != 0) & (levels != 255))))


def from_float(levels):
    """Floating-point pixels of 0 to 1: sclera from 0.5 on, the edges may be soft.

    None where they are of another range, or where what is painted never gets to 0.5.
    """
    low, high = levels.min(initial=0), levels.max(initial=0)
    if not (low >= -0.5 and high <= 1.5) or 0.02 <= high < 0.5:  # resampling swings over both ends
        return None
    soft = (np.abs(levels) > 0.01) & (np.abs(levels - 1) > 0.01)
    return Mask(levels >= 0.5, "binary", int(np.count_nonzero(soft)))


def from_colours(picture):
    """Sclera red, iris green and pupil blue on black, of an RGB picture."""
    pixels = np.asarray(picture)
    planes = cv2.split(pixels)
    distances = {name: _distance(planes, code) for name, code in _COLOURS.items()}
    best = np.minimum.reduce(list(distances.values()))
    near, painted = best <= _NEAR_LEVELS, best < distances["background"]
    flat = picture.getcolors(_FEW_VALUES - 1) is not None and not near.all()
    if flat or near.mean() < _NEAR_SHARE or not (near & painted).any():
        return None
    sclera = painted & (best == distances["sclera"])
    return Mask(sclera, "colour", int(np.count_nonzero(best)), () if sclera.any() else paint_colours(pixels))


def from_colour(pixels, colour):
    """The sclera in a colour that is told: HWC uint8 RGB, and (red, green, blue).

    A pixel is of it where it is near and no other colour of the picture is nearer.
    """
    found = paint_colours(pixels)
    others = [(0, 0, 0), *(other for other in found if _apart(other, colour) > _SAME_COLOUR)]
    others = [other for other in others if _apart(other, colour) > 0]
    planes = [plane.astype(np.int16) for plane in cv2.split(pixels)]
    own = _far(planes, colour)
    rival = np.minimum.reduce([_far(planes, other) for other in others] or [np.full_like(own, 255)])
    sclera = (own <= _NEAR_LEVELS) & (own < rival)
    cleaned = int(np.count_nonzero(sclera & (own > 0)))
    return Mask(sclera, "colour", cleaned, () if sclera.any() else found)


def paint_colours(pixels):
    """The colours of the flat areas of an HWC uint8 RGB picture, black left out: a tuple of (red, green,
    blue), the largest area first."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / _COUNTED)))
    thin = pixels[::step, ::step].reshape(-1, 3).astype(np.uint32)
    values, counts = np.unique(thin[:, 0] << 16 | thin[:, 1] << 8 | thin[:, 2], return_counts=True)
    colours = [(int(v) >> 16, int(v) >> 8 & 255, int(v) & 255) for v in values]
    painted = [(n, c) for n, c in zip(counts.tolist(), colours, strict=True) if max(c) > _NEAR_LEVELS // 2]
    least = _COLOUR_SHARE * sum(n for n, _ in painted)
    kept = []
    for count, colour in sorted(painted, key=lambda pair: (-pair[0], pair[1])):
        if count >= least and all(_apart(colour, other) > _SAME_COLOUR for other in kept):
            kept.append(colour)
    return tuple(kept)


def from_alpha(layers, colour=None):
    """What is painted on transparency, of HWC uint8 RGBA.

    Of a picture cut out, that is all of it; of a drawing in black and white, or in the colours above, what is
    white or red. None where all is transparent and hides a picture, or where it is drawn in several other
    colours.

    Args:
        layers: the pixels.
        colour: (red, green, blue) of the sclera, where it is told. Default: None.
    """
    opacity, picture = layers[..., 3], layers[..., :3]
    if opacity.max() == 0:
        hidden = (picture != picture[:1, :1]).any()
        return None if hidden else Mask(np.zeros(opacity.shape, bool), "alpha")
    painted = opacity >= _paint_opacity(opacity)
    laid = np.where(painted[..., None], picture, np.uint8(0))
    if colour is not None:
        return from_colour(laid, colour)
    planes = cv2.split(laid)
    used = [code for name, code in _COLOURS.items() if name != "background"]
    used = [code for code in used if not (_distance(planes, code) > 0).all()]
    # on a background that is transparent, not black
    if len(used) > 1 and (mask := from_colours(Image.fromarray(laid))):
        return mask
    paints, black, flat = _paints(picture[painted])
    if flat and paints > 1:
        return None
    return Mask(painted & (laid.max(axis=-1) >= 128) if flat and paints and black else painted, "alpha")


def _paints(pixels):
    """How many colours besides black N RGB pixels have, whether black is one, and whether these are nearly
    all, as in a drawing, and not in a photo cut out."""
    colours = paint_colours(pixels[:, None])
    pixels = pixels[:: len(pixels) // _COUNTED + 1].astype(np.uint32)
    values, counts = np.unique(pixels @ np.array([65536, 256, 1], np.uint32), return_counts=True)
    black = counts[values == 0].sum()
    known = sum(counts[values == (r << 16 | g << 8 | b)].sum() for r, g, b in colours)
    flat = len(colours) < _FEW_VALUES and black + known >= _FLAT_SHARE * len(pixels)
    return len(colours), bool(black), flat


def _paint_opacity(opacity):
    """The least opacity that is paint: half of the thinnest brush's, so that soft edges end where they would
    in full paint."""
    counts = np.bincount(opacity.ravel(), minlength=256)
    counts[opacity.min()] = 0  # the background
    brushes = np.flatnonzero(counts >= max(1, _PAINT_SHARE * counts.sum()))
    return max(1, int(opacity.min()) + 1, (int(brushes[0] if len(brushes) else opacity.max()) + 1) // 2)


def _distance(planes, code):
    """HW uint8: how far the channels `planes` are from `code`, of which each is 0 or 255; the largest of the
    three."""
    red, green, blue = (plane ^ np.uint8(level) for plane, level in zip(planes, code, strict=True))
    return cv2.max(cv2.max(red, green), blue)


def _far(planes, colour):
    """The same of HW int16 channels and any colour."""
    return np.maximum.reduce([np.abs(p - level) for p, level in zip(planes, colour, strict=True)])


def _apart(colour, other):
    return max(abs(a - b) for a, b in zip(colour, other, strict=True))
