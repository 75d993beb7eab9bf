"""Ground-truth masks in all the codings that datasets use, read to one: HW bool, True is sclera.

Known codings, told apart by their pixels:

    binary    1-bit, 0/255 or 0/1 (8 or 16 bits, grey or three equal channels); sclera is white
    colour    MOBIUS: sclera red, iris green, pupil blue, the rest black
    alpha     SBVPI: the marked region is opaque, the rest transparent
    class     class indices; which one is sclera is told by `sclera_value` (--sclera-value), never guessed

Masks that went through a lossy format are cleaned to the nearest code and say how many pixels that moved.
"""

import contextlib
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from munet.core.errors import BadInput
from munet.core.messages import warn
from munet.images.reading import open_image

SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".jpg", ".jpeg", ".webp")
_COLOURS = {"background": (0, 0, 0), "sclera": (255, 0, 0), "iris": (0, 255, 0), "pupil": (0, 0, 255)}
# A lossy mask keeps this share of its pixels within this distance of a code; other pictures do not.
_NEAR_SHARE = 0.97
_NEAR_LEVELS = 64
# Fewer values than this are the flat areas of another coding, not the ringing of a lossy format.
_FEW_VALUES = 10
_EXPECTED = "a black and white mask, sclera red (255,0,0), or class indices with --sclera-value"
_REMEDY = "give --sclera-value N for class indices, or repaint it black and white"


@dataclass(frozen=True)
class Mask:
    """A decoded mask: `pixels` HW bool, the `coding` it was read as, and how many pixels were `cleaned`."""

    pixels: np.ndarray
    coding: str
    cleaned: int = 0


def check_class(paths, sclera_value, where):
    """Warns of a class index that none of these masks holds; reads them until one does.

    Args:
        paths: of the masks.
        sclera_value: class index of the sclera. None: they hold none.
        where: whose masks they are, in words.
    """
    readable = False
    for path in paths if sclera_value is not None else ():
        with contextlib.suppress(BadInput):  # it is told where it is used
            if read_mask(path, sclera_value).pixels.any():
                return
            readable = True
    if readable:
        why = "either none shows sclera, or --sclera-value is another"
        warn(f"no mask of {where} holds the class {sclera_value}: {why}")


def read_mask(path, sclera_value=None):
    """Reads a ground-truth mask.

    Args:
        path: an image file in one of the codings above.
        sclera_value: the class index of the sclera, for class-index masks. Default: None, the other codings.

    Returns:
        A `Mask`.

    Raises:
        BadInput: not an image, damaged, or in no known coding.
    """
    with open_image(path, photo=False) as opened:
        opened.load()
        if sclera_value is not None:
            return _from_classes(opened, sclera_value, path)
        if opened.has_transparency_data:
            layers = np.asarray(opened.convert("RGBA"))
            if layers[..., 3].min() < 128:
                return _from_alpha(layers)
        grey = _grey_levels(opened)
        mask = _from_colours(opened.convert("RGB")) if grey is None else _from_grey(grey)
        if mask is None and opened.mode == "P":
            indices = np.asarray(opened)
            mask = Mask(indices == 1, "binary") if indices.max() <= 1 else None
    if mask is None:
        raise BadInput(path, _values_found(grey, opened.mode), _EXPECTED, _REMEDY)
    return mask


def _grey_levels(opened):
    """HW uint8 levels if the picture is grey in any mode, else None."""
    if opened.mode == "1":
        return np.asarray(opened).astype(np.uint8) * 255
    if opened.mode.startswith("I"):
        levels = np.asarray(opened)
        return np.clip(levels if levels.max(initial=0) < 256 else levels >> 8, 0, 255).astype(np.uint8)
    if opened.mode in ("L", "LA"):
        return np.asarray(opened.getchannel(0))
    colours = np.asarray(opened.convert("RGB"))
    same = (colours[..., 0] == colours[..., 1]).all() and (colours[..., 0] == colours[..., 2]).all()
    return colours[..., 0] if same else None


def _from_grey(levels):
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


def _from_colours(picture):
    planes = cv2.split(np.asarray(picture))
    distances = {name: _distance(planes, code) for name, code in _COLOURS.items()}
    best = np.minimum.reduce(list(distances.values()))
    near, painted = best <= _NEAR_LEVELS, best < distances["background"]
    flat = picture.getcolors(_FEW_VALUES - 1) is not None and not near.all()
    if flat or near.mean() < _NEAR_SHARE or not (near & painted).any():
        return None
    return Mask(painted & (best == distances["sclera"]), "colour", int(np.count_nonzero(best)))


def _distance(planes, code):
    """HW uint8: how far the channels `planes` are from `code`, of which each is 0 or 255; the largest of the
    three."""
    red, green, blue = (plane ^ np.uint8(level) for plane, level in zip(planes, code, strict=True))
    return cv2.max(cv2.max(red, green), blue)


def _from_alpha(layers):
    opaque = layers[..., 3] >= 128
    laid = np.where(opaque[..., None], layers[..., :3], np.uint8(0))
    planes = cv2.split(laid)
    painted = [code for name, code in _COLOURS.items() if name != "background"]
    used = [code for code in painted if not _distance(planes, code).all()]
    # on a background that is transparent, not black
    if len(used) > 1 and (mask := _from_colours(Image.fromarray(laid))):
        return mask
    marked = opaque & (layers[..., :3].max(axis=-1) >= 128)
    return Mask(marked if marked.any() else opaque, "alpha")


def _from_classes(opened, sclera_value, path):
    levels = np.asarray(opened) if opened.mode == "P" or opened.mode.startswith("I") else _grey_levels(opened)
    if levels is None:
        found, expected = f"a {opened.mode} picture in colours", "class indices (--sclera-value is given)"
        raise BadInput(path, found, expected, "leave --sclera-value out")
    if opened.format == "JPEG":
        found = "a JPEG, which changes class indices"
        raise BadInput(path, found, "a lossless file", "export it again as PNG")
    if opened.mode == "1":
        levels = levels // 255
    sclera = levels == sclera_value
    if not sclera.any() and levels.max() == 255 and not ((levels > 0) & (levels < 255)).any():
        expected = f"class indices with {sclera_value} for sclera"
        raise BadInput(path, _values_found(levels, opened.mode), expected, "check --sclera-value")
    return Mask(sclera, "class")


def _values_found(levels, mode):
    if levels is None:
        return f"a {mode} picture in other colours"
    used = np.unique(levels)
    listed = ", ".join(str(v) for v in used[:6]) + (", ..." if len(used) > 6 else "")
    return f"grey levels {listed}"
