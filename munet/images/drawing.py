"""What is drawn on photos for people to look at: masks and outlines, and sheets of many pictures."""

import cv2
import numpy as np

from munet.images.resizing import resize_image
from munet.images.writing import write_jpeg, write_png

OVERLAY_COLOR, BOX_COLOR = (0, 255, 128), (255, 220, 0)
OVERLAY_MAX_SIDE = 1600  # pixels
_CAPTION_BAR = 22  # pixels
_INK, _TRUTH_COLOR = (40, 40, 40), (255, 255, 255)
_FONT, _LETTER = cv2.FONT_HERSHEY_SIMPLEX, 7  # pixels that a letter of a caption takes


def overlay(image, mask, boxes=()):
    """The photo with the mask tinted and outlined, and boxes about the eyes with their numbers.

    Args:
        image: HWC uint8 RGB, left as it is; of the mask's size, or a smaller one of the photo.
        mask: HW bool.
        boxes: (x0, y0, x1, y1) in pixels of the mask. Default: none.

    Returns:
        HWC uint8 RGB, its longer side at most `OVERLAY_MAX_SIDE`.
    """
    scale = min(1.0, OVERLAY_MAX_SIDE / max(mask.shape))
    drawn, inside = image, mask.view(np.uint8)
    if scale < 1:
        size = tuple(max(1, round(side * scale)) for side in mask.shape)
        drawn = resize_image(image, size)
        inside = cv2.resize(inside, size[::-1], interpolation=cv2.INTER_NEAREST)
    else:
        drawn = image.copy()
    tint = np.rint(np.arange(256)[:, None] * 0.6 + 0.4 * np.array(OVERLAY_COLOR)).astype(np.uint8)
    cv2.copyTo(cv2.LUT(drawn, tint[None]), inside, drawn)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thick = max(1, round(max(drawn.shape) / 500))
    cv2.drawContours(drawn, contours, -1, OVERLAY_COLOR, thick)
    draw_boxes(drawn, [np.array(box) * scale for box in boxes], range(1, len(boxes) + 1))
    return drawn


def draw_boxes(drawn, boxes, numbers):
    """Draws boxes (x0, y0, x1, y1), and a number above each, onto HWC uint8 RGB in place."""
    thick = max(1, round(max(drawn.shape) / 500))
    for number, box in zip(numbers, boxes, strict=True):
        _draw_box(drawn, box, number, thick)


def _draw_box(drawn, box, number, thick):
    """A box a little larger than the eye, and its number above it."""
    x0, y0, x1, y1 = box
    gap = 0.12 * (x1 - x0) + 2 * thick
    corner, end = (int(x0 - gap), int(y0 - gap)), (int(x1 + gap), int(y1 + gap))
    cv2.rectangle(drawn, corner, end, BOX_COLOR, thick, cv2.LINE_AA)
    place = (max(2, corner[0]), corner[1] - 4 if corner[1] > 20 * thick else end[1] + 14 * thick)
    for color, width in ((_INK, 3 * thick), (BOX_COLOR, thick)):
        cv2.putText(drawn, str(number), place, _FONT, 0.45 * thick, color, width, cv2.LINE_AA)


def boxed(image, eyes):
    """A copy of an image with the outline of each eye, anything with `corners()` in pixels: HWC uint8 RGB."""
    drawn = image.copy()
    for eye in eyes:
        cv2.polylines(drawn, [np.rint(eye.corners()).astype(np.int32)], True, BOX_COLOR, 1, cv2.LINE_AA)
    return drawn


def outline(image, mask, truth):
    """The photo with the predicted mask tinted green and the ground truth outlined in white.

    Args:
        image: HWC uint8 RGB.
        mask: HW bool, what was found.
        truth: HW bool.

    Returns:
        HWC uint8 RGB.
    """
    drawn = image.copy()
    drawn[mask] = (0.55 * drawn[mask] + 0.45 * np.array(OVERLAY_COLOR)).astype(np.uint8)
    contours, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(drawn, contours, -1, _TRUTH_COLOR, max(1, round(max(image.shape[:2]) / 300)))


def contact_sheet(rows, path, cell=(240, 240)):
    """Writes a sheet of pictures.

    Args:
        rows: list of rows; a row is a list of (picture, caption), HWC uint8 RGB and text.
        path: the file to write, a JPEG where it ends in .jpg, else a PNG.
        cell: largest (height, width) of a picture on the sheet in pixels; the aspect is kept.
    """
    width = cell[1] * max(len(row) for row in rows)
    sheet = np.concatenate([_strip(row, cell, width) for row in rows])
    if path.suffix.lower() in (".jpg", ".jpeg"):
        write_jpeg(path, sheet, quality=85)
    else:
        write_png(path, sheet)


def _strip(row, cell, width):
    """One row of a sheet, as high as its highest picture and the captions below."""
    small = [_fitted(picture, cell) for picture, _ in row]
    height = max(picture.shape[0] for picture in small)
    strip = np.full((height + _CAPTION_BAR, width, 3), 255, np.uint8)
    for i, (picture, (_, caption)) in enumerate(zip(small, row, strict=True)):
        left = i * cell[1]
        strip[: picture.shape[0], left : left + picture.shape[1]] = picture
        text = caption.encode("ascii", "replace").decode()[: cell[1] // _LETTER]  # what OpenCV's font knows
        cv2.putText(strip, text, (left + 2, height + 15), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
    return strip


def _fitted(picture, cell):
    """The picture as large as a cell holds it beside the next."""
    scale = min(cell[0] / picture.shape[0], (cell[1] - 4) / picture.shape[1])
    return resize_image(picture, tuple(max(1, round(side * scale)) for side in picture.shape[:2]))
