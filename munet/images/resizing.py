"""Resizing of images, masks and probability maps; sizes are (height, width)."""

import cv2
import numpy as np

BAND = 64  # rows


def resize_image(image, size):
    """An HWC uint8 image at another size: by area where it shrinks, bilinearly where it grows."""
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def resize_mask(mask, size):
    """An HW bool mask at another size: a new pixel is sclera where at least half of its area is."""
    return resize_image(mask.astype(np.uint8) * 255, size) >= 128


def resize_probability(probability, size):
    """A network's map at a photo's size, rounded to 0..255 once.

    Args:
        probability: HW float32 in [0, 1].
        size: (height, width) of the photo.

    Returns:
        HW uint8, interpolated bilinearly. It is made band by band, so that of a large photo no more than the
        result is held.
    """
    height, width = size
    last = len(probability) - 1
    at = np.clip((np.arange(height) + 0.5) * len(probability) / height - 0.5, 0, last)
    above = np.minimum(at.astype(int), max(0, last - 1))
    below = np.minimum(above + 1, last)
    share = (at - above).astype(np.float32)[:, None]
    levels = np.empty(size, np.uint8)
    for start in range(0, height, BAND):
        rows = slice(start, start + BAND)
        band = probability[above[rows]] * (1 - share[rows]) + probability[below[rows]] * share[rows]
        band = cv2.resize(band, (width, len(band)), interpolation=cv2.INTER_LINEAR)
        cv2.convertScaleAbs(band, dst=levels[rows], alpha=255.0)
    return levels
