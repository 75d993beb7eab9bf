"""Scenes as the finder may meet them: at any place, size and turn, in other colours, coarse or compressed."""

import dataclasses
import math

import cv2
import numpy as np

from munet.images.effects import saturation_matrix

TURNED, FLIPPED, GREY, COARSE, PACKED, CUT = 0.25, 0.5, 0.12, 0.4, 0.35, 0.35  # how often


def augmented(image, eyes, size, rng):
    """A scene for the network's input.

    Args:
        image: HWC uint8 RGB.
        eyes: list of `SceneEye`, in its pixels.
        size: of the input.
        rng: `np.random.Generator`.

    Returns:
        image: (size, size, 3) uint8 RGB.
        eyes: the eyes in its pixels; those whose middle has left it are not asked for.
    """
    height, width = image.shape[:2]
    fit = size / max(height, width)
    factor = fit * 0.5 * 3.2 ** rng.uniform()
    turn = rng.uniform(-180, 180) if rng.uniform() < TURNED else rng.normal(0, 6)
    moved = rng.uniform(-0.5, 0.5, 2) * max(0.15, factor / fit - 0.9) * size
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -turn, factor)  # OpenCV turns the other way
    matrix[:, 2] += size / 2 - np.array([width, height]) / 2 + moved
    flipped = rng.uniform() < FLIPPED
    if flipped:
        matrix = np.array([[-1, 0, size], [0, 1, 0]]) @ np.vstack([matrix, (0, 0, 1)])
    # Pixel centres lie at halves.
    shift = matrix.copy()
    shift[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    border = cv2.BORDER_CONSTANT if rng.uniform() < 0.5 else cv2.BORDER_REPLICATE
    seen = cv2.warpAffine(image, shift, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    eyes = [_moved(eye, matrix, factor, turn, flipped, size) for eye in eyes]
    return _cut(_recolored(seen, rng), rng, size), eyes


def _moved(eye, matrix, factor, turn, flipped, size):
    x, y = matrix @ (eye.x, eye.y, 1)
    angle = eye.angle + turn
    angle, side = (-angle, {"L": "R", "R": "L"}[eye.side]) if flipped else (angle, eye.side)
    inside = 0 <= x < size and 0 <= y < size
    width, height = eye.width * factor, eye.height * factor
    return dataclasses.replace(
        eye, x=float(x), y=float(y), width=width, height=height, angle=(angle + 180) % 360 - 180, side=side,
        asked=eye.asked and inside and width > 4,
    )  # fmt: skip


def _recolored(image, rng):
    if rng.uniform() < COARSE:
        side = max(12, int(image.shape[0] * rng.uniform(0.25, 0.9)))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    gamma, gain = math.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.06, 3))
    tones = np.linspace(0, 1, 256)[:, None] ** gamma * gain
    image = cv2.merge(
        [
            cv2.LUT(np.ascontiguousarray(image[..., c]), np.uint8(np.clip(255 * tones[:, c], 0, 255)))
            for c in range(3)
        ]
    )
    factor = 0.0 if rng.uniform() < GREY else rng.uniform(0.5, 1.5)
    image = cv2.transform(image, saturation_matrix(factor))
    if rng.uniform() < PACKED:
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return image


def _cut(image, rng, size):
    """Black bars, as about photos that are not square."""
    if rng.uniform() < CUT:
        bar, axis = int(size * rng.uniform(0, 0.25)), rng.integers(2)
        image = image.copy()
        part = image if axis else image.transpose(1, 0, 2)
        part[:bar], part[size - bar :] = 0, 0
    return image
