"""One mask, painted from the shapes of a label, at the size of its photo."""

import numpy as np
from PIL import ExifTags, Image

from munet.core.errors import BadInput, shown
from munet.data.annotations_shapes import BadShape
from munet.images.reading import open_image, size_mismatch
from munet.images.writing import write_png

_TURNS = {  # EXIF orientations that exchange width and height, and what makes them upright
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def paint_mask(photo, items, label, path):
    """Paints and writes the mask of a photo: HW bool, upright as the photo is read.

    Args:
        photo: its path.
        items: list of `Labelled` that are of it.
        label: of the shapes to paint.
        path: of the mask.

    Returns:
        (whether it was turned, whether any shape was painted), or the BadInput that was met.
    """
    try:
        stored, orientation = _header(photo)
        upright = stored[::-1] if orientation in _TURNS else stored
        mask, turned = np.zeros(upright, bool), False
        for item in items:
            size = tuple(map(int, item.size or upright))
            if size not in (upright, stored):
                raise size_mismatch(item.source, size, photo, upright)
            canvas, turn = _canvas(item, label, size), size != upright
            mask |= (
                np.asarray(Image.fromarray(canvas).transpose(_TURNS[orientation])) > 0 if turn else canvas > 0
            )
            turned |= turn
    except BadInput as problem:
        return problem
    write_png(path, mask)
    return turned, any(shape.label == label for item in items for shape in item.shapes)


def _canvas(item, label, size):
    """HW uint8: 1 where a photo's shapes of a label are."""
    canvas = np.zeros(size, np.uint8)
    for shape in item.shapes:
        if shape.label != label:
            continue
        try:
            shape.paint(canvas)
        except BadShape as bad:
            about = f" (of {shown(item.photo)})" if item.photo else ""
            raise BadInput(item.source, bad.found + about, bad.expected, bad.remedy) from bad
        except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            found = f"a garbled shape ({type(error).__name__}: {error})"
            raise BadInput(item.source, found, "a polygon or a mask", "export it again") from error
    return canvas


def _header(photo):
    """The (height, width) of a photo as it is stored, and its EXIF orientation."""
    with open_image(photo) as opened:
        size = opened.size[::-1]
        try:
            return size, opened.getexif().get(ExifTags.Base.Orientation, 1)
        except Exception:  # a garbled EXIF block does not make the pixels worse
            return size, 1
