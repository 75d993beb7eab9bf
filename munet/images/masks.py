"""Ground-truth masks in all the codings that datasets use, read to one: HW bool, True is sclera.

Known codings, told apart by their pixels:

    binary    1-bit, 0/255 or 0/1 (8 or 16 bits, grey or three equal channels), or floating point from 0 to 1;
              sclera is white, from 0.5 on
    colour    MOBIUS: sclera red, iris green, pupil blue, the rest black; or the sclera in another colour,
              told by `sclera_color` (--sclera-color)
    alpha     SBVPI: the marked region is painted, or cut out of the photo, the rest transparent
    class     class indices; which one is sclera is told by `sclera_value` (--sclera-value), never guessed

Masks that went through a lossy format are cleaned to the nearest code and say how many pixels that moved.
"""

import contextlib
import dataclasses

import numpy as np

from munet.core.errors import BadInput
from munet.core.messages import warn
from munet.images.codings import (
    Mask,
    from_alpha,
    from_colour,
    from_colours,
    from_float,
    from_grey,
    paint_colours,
)
from munet.images.reading import open_image, orientation, turn, unturn

SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".jpg", ".jpeg", ".webp")
_EXPECTED = "a black and white mask, sclera red (255,0,0), or class indices with --sclera-value"
_REMEDY = (
    "give --sclera-value N for class indices, --sclera-color R,G,B for a colour, or repaint it black and "
    "white"
)


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


def read_mask(path, sclera_value=None, sclera_color=None, exif=True):
    """Reads a ground-truth mask.

    Args:
        path: an image file in one of the codings above.
        sclera_value: the class index of the sclera, for class-index masks. Default: None, the other codings.
        sclera_color: (red, green, blue) of the sclera, 0..255 each, for masks in other colours than those
            above. Default: None.
        exif: whether the file's own EXIF turn is applied. Default: True.

    Returns:
        A `Mask`, upright; with `exif=False` as it is stored.

    Raises:
        BadInput: not an image, damaged, or in no known coding.
    """
    with open_image(path, photo=False) as opened:
        own = orientation(opened) or 1
        opened.load()
        mask = _decode(opened, path, sclera_value, sclera_color)
        if own == 1:
            return mask
        # Pillow has turned a TIFF by now, and nothing else.
        pixels = unturn(mask.pixels, own) if opened.format == "TIFF" else mask.pixels
        pixels = np.ascontiguousarray(turn(pixels, own) if exif else pixels)
        return dataclasses.replace(mask, pixels=pixels, turned=own)


def read_classes(path):
    """The class indices of a mask, HW of any whole numbers, for a look at which there are; as stored.

    Raises:
        BadInput: not an image, damaged, or in colours.
    """
    with open_image(path, photo=False) as opened:
        opened.load()
        if (levels := _classes(opened, None)) is None:
            raise BadInput(path, f"a {opened.mode} picture in colours", "class indices", _REMEDY)
        return levels


def needs_value(problem):
    """Whether a BadInput is that of a mask which may hold class indices."""
    return problem.remedy == _REMEDY


def _decode(opened, path, sclera_value, sclera_color):
    if sclera_value is not None:
        return _from_classes(opened, sclera_value, path)
    if opened.mode == "F":
        return _from_float(np.asarray(opened), path)
    if opened.has_transparency_data:
        layers = np.asarray(opened.convert("RGBA"))
        opacity = layers[..., 3]
        if opacity.min() < 128 and (opacity.max() > opacity.min() or opacity.max() == 0):
            if (mask := from_alpha(layers, sclera_color)) is None:
                raise _unclear_paint(layers, path)
            return mask
    grey, picture = _grey_levels(opened), opened.convert("RGB")
    if sclera_color is not None:
        return from_colour(np.asarray(picture), sclera_color)
    mask = from_colours(picture) if grey is None else from_grey(grey)
    if mask is None and opened.mode == "P":
        indices = np.asarray(opened)
        mask = Mask(indices == 1, "binary") if indices.max() <= 1 else None
    if mask is None:
        found = _colours_found(np.asarray(picture)) if grey is None else _values_found(grey)
        raise BadInput(path, found, _EXPECTED, _REMEDY)
    return mask


def _unclear_paint(layers, path):
    if layers[..., 3].max() > 0:
        visible = np.where(layers[..., 3:] > 0, layers[..., :3], np.uint8(0))
        return BadInput(path, f"{_colours_found(visible)} on transparency", "paint of one colour", _REMEDY)
    found = "a picture that is transparent all over"
    return BadInput(path, found, "paint that can be seen", "export it again without transparency")


def _from_float(levels, path):
    if (mask := from_float(levels)) is not None:
        return mask
    whole = np.isfinite(levels).all() and levels.min() >= 0 and levels.max() <= 255
    if whole and (levels == np.rint(levels)).all() and (mask := from_grey(levels.astype(np.uint8))):
        return mask
    found = f"floating-point pixels of {levels.min():.3g} to {levels.max():.3g}"
    raise BadInput(
        path, found, "0 to 1, sclera from 0.5 on", "scale them to 0 to 1, or export it as 8-bit PNG"
    )


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


def _from_classes(opened, sclera_value, path):
    levels = _classes(opened, sclera_value)
    if levels is None:
        found, expected = f"a {opened.mode} picture in colours", "class indices (--sclera-value is given)"
        raise BadInput(
            path, found, expected, "leave --sclera-value out, or give --sclera-color R,G,B instead"
        )
    if opened.format == "JPEG":
        found = "a JPEG, which changes class indices"
        raise BadInput(path, found, "a lossless file", "export it again as PNG")
    sclera = levels == sclera_value
    black_and_white = levels.max() == 255 and not ((levels > 0) & (levels < 255)).any()
    if not sclera.any() and black_and_white and sclera_value != 0:
        expected = f"class indices with {sclera_value} for sclera"
        raise BadInput(path, _values_found(levels), expected, "check --sclera-value")
    return Mask(sclera, "class")


def _classes(opened, sclera_value):
    """HW class indices; None of a picture in colours."""
    if opened.mode == "1":
        return _grey_levels(opened) // 255
    if opened.mode == "F":
        levels = np.asarray(opened)
        return levels if (levels == np.rint(levels)).all() else None
    if opened.mode == "P":
        indices = np.asarray(opened)
        greys = _grey_palette(opened, indices.max())
        return greys[indices] if greys is not None and sclera_value in greys else indices
    return np.asarray(opened) if opened.mode.startswith("I") else _grey_levels(opened)


def _grey_palette(opened, last):
    """The grey levels of a palette up to an index, whose own numbers then mean nothing; None of colours."""
    colours = np.array(opened.convert("P").getpalette("RGB"), np.uint8).reshape(-1, 3)[: int(last) + 1]
    grey = len(colours) > last and (colours == colours[:, :1]).all()
    return colours[:, 0] if grey else None


def _values_found(levels):
    used = np.unique(levels)
    listed = ", ".join(f"{v:g}" for v in used[:6]) + (", ..." if len(used) > 6 else "")
    return f"grey levels {listed}"


def _colours_found(pixels):
    found = paint_colours(pixels)
    if not found:
        return "a picture in colours, none of them flat"
    return f"the colours {listed_colours(found)}"


def listed_colours(colours):
    """Colours in words: the first six."""
    texts = [f"({','.join(map(str, colour))})" for colour in colours]
    return ", ".join(texts[:6]) + (", ..." if len(texts) > 6 else "")
