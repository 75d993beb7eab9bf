"""Text that a camera or an app burns into its photos: dates, names, focus frames."""

import cv2
import numpy as np

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
WORDS = ("IMG", "CAM", "REC", "EYE", "OD", "OS", "ID", "ISO", "f/1.8", "HD", "LIVE", "frame")
TRIES = 4  # Places tried that are not on the eye.


def stamp(photo, taken, rng):
    """Writes a line of text, and at times a frame, onto a photo (HWC uint8 RGB) in place.

    Args:
        photo: drawn on in place.
        taken: HW bool; where it is True nothing is written: nobody stamps the eye itself.
        rng: a `np.random.Generator`.
    """
    height, width = photo.shape[:2]
    font, text = FONTS[rng.integers(len(FONTS))], _text(rng)
    thick = int(rng.integers(1, 3))
    scale = width * rng.uniform(0.15, 0.55) / cv2.getTextSize(text, font, 1, thick)[0][0]
    (wide, high), base = cv2.getTextSize(text, font, scale, thick)
    for _ in range(TRIES):  # If the eye is everywhere, nothing is written.
        left = int(rng.choice([0.02, rng.uniform(0, 1), 0.98]) * (width - wide))
        bottom = int(rng.choice([0.02, rng.uniform(0, 0.9), 0.98]) * (height - high)) + high
        # A little more than the text's box: strokes have a width.
        top, bound = max(0, bottom - high - base - 3), bottom + base + 3
        if not taken[top:bound, max(0, left - 3) : left + wide + 3].any():
            _write(photo, text, (left, bottom), font, scale, thick, rng)
            break
    if rng.uniform() < 0.15:
        corner = rng.uniform(0, 0.6, 2) * (width, height)
        end = corner + rng.uniform(0.1, 0.5, 2) * (width, height)
        box = np.zeros((height, width), np.uint8)
        cv2.rectangle(box, corner.astype(int).tolist(), end.astype(int).tolist(), 255, thick)
        photo[(box > 0) & ~taken] = _color(rng)


def _write(photo, text, place, font, scale, thick, rng):
    color, (x, y) = _color(rng), place
    strokes = [(x, y, color)]
    if rng.uniform() < 0.3:  # an outline, to be legible on anything
        strokes = [(x + i, y + j, 255 - color) for i, j in ((-1, 0), (1, 0), (0, -1), (0, 1))] + strokes
    for left, bottom, shade in strokes:
        cv2.putText(photo, text, (left, bottom), font, scale, shade.tolist(), thick, cv2.LINE_AA)


def _color(rng):
    """Mostly white, else anything."""
    return np.array((255, 255, 255)) if rng.uniform() < 0.6 else rng.integers(0, 256, 3)


def _text(rng):
    """A date and time, or a word and a number."""
    year, month, day, hour, minute, second = rng.integers((2005, 1, 1, 0, 0, 0), (2027, 13, 29, 24, 60, 60))
    kind = rng.integers(4)
    if kind == 0:
        return f"{WORDS[rng.integers(len(WORDS))]}_{rng.integers(10000):04d}"
    if kind == 1:
        return f"{day:02d}/{month:02d}/{year}"
    if kind == 2:
        return f"{hour:02d}:{minute:02d}:{second:02d}"
    return f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
