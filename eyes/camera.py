"""The light that falls on the face, and the camera that makes a photo of it: from linear float32 to 8-bit RGB."""

import math

import cv2
import numpy as np

from .paint import GAMMA, ramp

NEUTRAL = 6000  # Kelvin of a light that leaves white white.
MIDDLE_GREY = 0.2  # What automatic exposure brings the mean of the photo to,
BRIGHTEST = 1.1  # unless its brightest parts would come out above this.
TONE_STEPS, FULL_SCALE = 16384, 4  # Entries of the tone curve's table, and the exposed light of its last one.
FEWEST = 8  # Pixels along a side that even the worst lens resolves.


def light(canvas, scene):
    """The canvas under a coloured light that falls off across the face, seen through a vignetting lens: like `canvas`."""
    capture = scene.capture
    height, width = scene.frame.size
    u = np.linspace(-1, 1, width, dtype=np.float32)
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(height / width)
    angle = math.radians(capture.light_angle)
    fall = 1 + 0.95 * capture.contrast * (math.cos(angle) * u + math.sin(angle) * v)
    # The lens darkens the frame's corners; the face turns away from the light at temple and nose.
    fall *= (1 - capture.vignette * 0.5 * (u * u + v * v)) * (1 - 0.3 * capture.contrast * ramp(np.abs(scene.frame.x), 1.0, 3.5))
    # Some light comes from all around.
    return cv2.multiply(canvas, cv2.merge([np.maximum(fall, 0.1) * gain for gain in _tint(capture.kelvin)]))


def _tint(kelvin):
    """What a camera's white balance leaves of a light's colour: gains (3) of red, green and blue."""
    warmth = math.log(NEUTRAL / kelvin)
    return np.array([math.exp(0.25 * warmth), 1.0, math.exp(-0.4 * warmth)], np.float32)


def expose(canvas, capture, rng):
    """The camera: focus, exposure, tone curve, resolution, noise and JPEG. Linear HWC float32 to HWC uint8 RGB."""
    sigma = capture.defocus * canvas.shape[1] / 1000
    canvas = cv2.GaussianBlur(canvas, (0, 0), sigma) if sigma > 0.3 else canvas  # Less is not seen.
    photo = _develop(canvas, _automatic_gain(canvas) * 2**capture.exposure)
    photo = _record(photo, capture, rng)
    _, jpeg = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg_quality])
    return np.ascontiguousarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1])


def _automatic_gain(canvas):
    """The gain that automatic exposure chooses: it aims at a middle grey, and spares the brightest parts."""
    seen = canvas[::8, ::8].max(axis=2)
    # It goes only most of the way to the grey, so that dark skin stays darker; three in a hundred pixels may be too bright.
    return min((MIDDLE_GREY / float(seen.mean())) ** 0.75, BRIGHTEST / float(np.percentile(seen, 97)))


def _develop(canvas, gain):
    """Linear light to tones 0-255, float32: like film, it saturates softly, at what 1.04 brings to 255."""
    levels = np.linspace(0, FULL_SCALE, TONE_STEPS, dtype=np.float32)
    tones = 255 * np.clip(1.04 * (1 - np.exp(-1.35 * levels)), 0, 1) ** np.float32(1 / GAMMA)
    return tones[np.minimum(canvas * np.float32(gain * TONE_STEPS / FULL_SCALE), TONE_STEPS - 1).astype(np.uint16)]


def _record(photo, capture, rng):
    """Tones as a sensor of the capture's resolution and noise gives them, as large as before: HWC uint8."""
    height, width = photo.shape[:2]
    low = (max(FEWEST, round(width * capture.resolution)), max(FEWEST, round(height * capture.resolution)))
    photo = cv2.resize(photo, low, interpolation=cv2.INTER_AREA)
    photo += rng.standard_normal(photo.shape, dtype=np.float32) * np.float32(capture.noise)
    photo = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(photo + 0.5, 0, 255).astype(np.uint8)
