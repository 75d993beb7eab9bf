"""What labelling tools draw, painted into masks: polygons, ellipses, bitmaps and run lengths.

Points are (x, y) in pixels of the photo. A whole number is the centre of a pixel, and the outline belongs to
the shape: so LabelMe exports, and so OpenCV and Ultralytics fill. A mask whose outline `cv2.findContours`
gave comes back pixel for pixel. Tools that count from the corners of pixels lie half a pixel beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from munet.core.errors import MunetError

_BITS = 8  # of fractions of a pixel, for OpenCV
_OUTSIDE = 0.05  # of the photo's size: a point that lies further outside is of another photo, or size
_FIX = "fix it in the labelling tool, and export it again"
_MAX_COUNT = 1 << 28  # more pixels than any photo has
NO_LABEL = "unnamed"


@dataclass(frozen=True)
class Shape:
    """One shape: its label, and `paint`, which takes an HW uint8 and may raise a BadShape."""

    label: str
    paint: Callable


@dataclass(frozen=True)
class Labelled:
    """What a file says of one photo.

    Attributes:
        source: the file.
        photo: the photo as the file names it; None: the one that is named like the file.
        size: (height, width) of the photo that was labelled; None where the file does not tell.
        shapes: list of `Shape`.
        single: whether the file is of this photo alone.
    """

    source: Path
    photo: str | None
    size: tuple | None
    shapes: list
    single: bool = False


def label_text(value):
    """A label as text, whatever a file holds in its place."""
    return NO_LABEL if value in (None, "") else str(value).strip()


class BadShape(MunetError):
    """What a shape is found to be, what was expected, and the remedy; its file is not known here."""

    def __init__(self, found, expected, remedy=_FIX):
        super().__init__(found, expected, remedy)
        self.found, self.expected, self.remedy = self.args


def numbers(values, what):
    """Values as a float64 array, all finite; a BadShape that names `what` otherwise."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise BadShape(f"{what} that is no list of numbers", "numbers alone") from error
    if not np.isfinite(array).all():
        raise BadShape(f"{what} with numbers that are not finite", "pixels")
    return array


def refuse(canvas, kind):
    """Refuses a shape that outlines nothing, such as a line or a box."""
    remedy = "outline it as a polygon, or remove the shape"
    raise BadShape(kind, "polygons, masks, circles or ellipses", remedy)


def fill_polygon(canvas, points):
    """Paints one polygon.

    Args:
        canvas: HW uint8, gets 1 inside and on the outline.
        points: (x, y) pairs, or one flat list of them.

    Raises:
        BadShape: fewer than three points, no numbers, or points outside of the photo.
    """
    array = numbers(points, "a polygon")
    if array.size % 2 or array.size < 6:
        raise BadShape(f"a polygon of {array.size / 2:g} points", "three or more, an x and a y each")
    array = array.reshape(-1, 2)
    size = np.array(canvas.shape[::-1])
    far = ((array < -1 - _OUTSIDE * size) | (array > size + _OUTSIDE * size)).any(axis=1)
    if far.any():
        x, y = array[far][0]
        found = f"a point at ({x:g}, {y:g})"
        remedy = "put the photo that was labelled there, at its size"
        raise BadShape(found, f"points within {size[0]}x{size[1]} pixels, the photo's size", remedy)
    cv2.fillPoly(canvas, [np.rint(array * (1 << _BITS)).astype(np.int32)], 1, shift=_BITS)


def fill_relative_polygon(canvas, points):
    """As `fill_polygon`, with points in shares of the photo's width and height.

    Raises:
        BadShape: as `fill_polygon`, or points that are no shares.
    """
    array = numbers(points, "a polygon")
    if array.size and (array.max() > 1 + _OUTSIDE or array.min() < -_OUTSIDE):
        found = f"a coordinate of {max(array.max(), -array.min()):g}"
        raise BadShape(found, "0..1, shares of width and height", "divide by the photo's size")
    fill_polygon(canvas, array.reshape(-1, 2) * canvas.shape[::-1])


def fill_ellipse(canvas, centre, radii, radians=0.0):
    """Paints an ellipse of a centre (x, y), two radii in pixels, and a turn; raises as `fill_polygon`."""
    (x, y), (width, height) = numbers(centre, "an ellipse"), numbers(radii, "an ellipse")
    around = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    along, across = width * np.cos(around), height * np.sin(around)
    cosine, sine = np.cos(radians), np.sin(radians)
    fill_polygon(
        canvas, np.stack([x + along * cosine - across * sine, y + along * sine + across * cosine], 1)
    )


def fill_bitmap(canvas, bitmap, left, top):
    """Paints a bitmap, HW bool, whose first pixel lies at (left, top); BadShape where it does not fit."""
    height, width = bitmap.shape
    inside = left >= 0 and top >= 0 and top + height <= canvas.shape[0] and left + width <= canvas.shape[1]
    if not inside:
        found = f"a mask of {width}x{height} pixels at ({left}, {top})"
        raise BadShape(found, f"one within {canvas.shape[1]}x{canvas.shape[0]} pixels, the photo's size")
    canvas[top : top + height, left : left + width][bitmap] = 1


def from_runs(counts, size, order="F"):
    """The bitmap of run lengths.

    Args:
        counts: whole numbers: how many pixels are outside, then inside, then outside, ...
        size: (height, width).
        order: "F", down the columns as in COCO, or "C", along the rows as in CVAT.

    Returns:
        HW bool.

    Raises:
        BadShape: the lengths do not add up to the size.
    """
    lengths = numbers(counts, "run lengths")
    height, width = (int(side) for side in numbers(size, "a size"))
    total = lengths.sum()
    if height * width > _MAX_COUNT:
        raise BadShape(f"a mask of {width}x{height} pixels", "one of the photo's size")
    if lengths.ndim != 1 or (lengths < 0).any() or (lengths % 1).any() or total != height * width:
        raise BadShape(f"run lengths of {total:g} pixels in all", f"{height * width}, {width}x{height}")
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths.astype(np.int64)).reshape((height, width), order=order)


def to_runs(mask):
    """The run lengths of a mask, HW bool, down its columns, as `from_runs` takes them: a list of int."""
    flat = np.concatenate([[False], mask.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(np.concatenate([[0], changes, [mask.size]])).tolist()


def unpack_counts(text):
    """The run lengths in COCO's compressed text: five bits a character, differences from the third on.

    Raises:
        BadShape: not such a text.
    """
    counts, value, shift = [], 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise BadShape("run lengths in garbled text", "COCO's compressed RLE")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift or max(map(abs, counts), default=0) > _MAX_COUNT:
        raise BadShape("run lengths that are cut short", "COCO's compressed RLE")
    return counts


def pack_counts(counts):
    """Run lengths as COCO's compressed text, see `unpack_counts`."""
    characters = []
    for number, count in enumerate(counts):
        value = count - counts[number - 2] if number > 2 else count
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            characters.append(chr(48 + (bits | 32 if more else bits)))
    return "".join(characters)
