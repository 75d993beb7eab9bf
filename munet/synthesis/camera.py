"""The camera that makes a photo of the lit face: from linear float32 to 8-bit RGB."""

import math

import cv2
import numpy as np

from munet.images.effects import saturation_matrix, streak

from .paint import GAMMA, noise
from .stamp import stamp

MIDDLE_GREY = 0.2  # What automatic exposure brings the mean of the photo to,
BRIGHTEST = 1.1  # unless its brightest parts would come out above this,
HOTTEST = 1.6  # or the few brightest of all above that.
TONE_STEPS, FULL_SCALE = 16384, 4  # Entries of the tone curve's table, and the exposed light of its last one.
FEWEST = 8  # Pixels along a side that even the worst lens resolves.


def expose(canvas, capture, taken, rng):
    """The camera: focus, motion, exposure, tones, sensor, sharpening, stamp and JPEG.

    Args:
        canvas: HWC float32 linear RGB.
        capture: a `Capture`.
        taken: HW bool, where no text may be burned in.
        rng: a `np.random.Generator`.

    Returns:
        HWC uint8 RGB.
    """
    height, width = canvas.shape[:2]
    seen = _resolve(canvas, capture)
    photo = _develop(seen, _automatic_gain(seen) * 2**capture.exposure, capture)
    photo = cv2.resize(_record(photo, capture, rng), (width, height), interpolation=cv2.INTER_CUBIC)
    if capture.stamped:
        stamp(photo, taken, rng)
    quality = [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg_quality]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), quality)
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB)


def _resolve(canvas, capture):
    """What lens and shutter resolve: HWC float32 linear RGB, in fewer pixels than `canvas`."""
    height, width = (max(FEWEST, round(side * capture.resolution)) for side in canvas.shape[:2])
    seen = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    sigma, length = capture.defocus * width / 1000, capture.motion * width / 1000
    if sigma > 0.3:  # Less is not seen.
        seen = cv2.GaussianBlur(seen, (0, 0), sigma)
    if length > 1:
        seen = cv2.filter2D(seen, -1, streak(length, math.radians(capture.motion_angle)))
    return _spill(seen, capture)


def _spill(canvas, capture):
    """Light that strays in the lens: a glow around what is bright, and a haze over all: like `canvas`."""
    height, width = canvas.shape[:2]
    small = cv2.resize(canvas, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    glow = cv2.GaussianBlur(small, (0, 0), max(0.5, 0.03 * small.shape[1])) * np.float32(0.3 * capture.bloom)
    glow += np.float32(capture.haze) * small.mean(axis=(0, 1)) * 2
    return cv2.add(canvas, cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR))


def _automatic_gain(canvas):
    """The gain that automatic exposure chooses: it aims at a middle grey, and spares the brightest parts."""
    seen = canvas[::8, ::8].max(axis=2)
    bright, hot = np.percentile(seen, (97, 99.5))
    # Only most of the way to the grey, so that dark skin stays darker; a few pixels may be too bright.
    return min((MIDDLE_GREY / float(seen.mean())) ** 0.75, BRIGHTEST / float(bright), HOTTEST / float(hot))


def _develop(canvas, gain, capture):
    """Linear light to tones 0-255, float32: like film, it saturates softly, at what 1.04 brings to 255."""
    levels = np.linspace(0, FULL_SCALE, TONE_STEPS, dtype=np.float32)
    tones = 255 * np.clip(1.04 * (1 - np.exp(-1.35 * levels)), 0, 1) ** np.float32(capture.tone_curve / GAMMA)
    entries = np.minimum(canvas * np.float32(gain * TONE_STEPS / FULL_SCALE), TONE_STEPS - 1)
    return cv2.transform(tones[entries.astype(np.uint16)], saturation_matrix(capture.saturation))


def _record(photo, capture, rng):
    """Black level, noise and sharpening of the sensor on tones 0-255, changed in place: HWC uint8."""
    # Each channel has its own: what is dark has a colour.
    black = capture.black * rng.uniform(0.4, 1, 3).astype(np.float32)
    photo *= 1 - black / 255
    photo += black
    grain = rng.standard_normal(photo.shape, dtype=np.float32)
    grain *= np.float32(capture.noise)
    photo += grain
    cell = capture.blotch_size * photo.shape[1] / 1000
    photo += np.float32(capture.blotches) * cv2.merge([noise(rng, photo.shape[:2], cell) for _ in range(3)])
    if capture.sharpening:
        soft = cv2.GaussianBlur(photo, (0, 0), 1.5)
        photo = cv2.addWeighted(photo, 1 + capture.sharpening, soft, -capture.sharpening, 0)
    return cv2.convertScaleAbs(np.maximum(photo, 0, out=photo))
