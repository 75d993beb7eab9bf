"""Paired transforms of eye images and their masks: what moves a pixel moves its label with it.

    augment(image, mask, Ranges(), rng)

All geometry (rotation, scale, aspect, shift, perspective, about the eye) is one homography, so that pixels
are interpolated once; the image and the mask go through the same one. Tones (brightness, contrast, gamma,
colour temperature) are one look-up table. Lengths are fractions of the image's longer side, so that the same
ranges serve a 224-pixel training image and a 12-megapixel photo.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np

from munet.images.effects import saturation_matrix, streak

# 256 equally likely values of a standard normal distribution: a byte chooses one at a tenth of a draw's cost.
_NORMAL = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])


@dataclass(frozen=True)
class Ranges:
    """The range (low, high) that each transform draws its strength from, uniformly.

    A range of one neutral value turns its transform off. The geometric transforms and tones apply to every
    copy, each of the degradations (blur, motion blur, noise, JPEG) to `degraded` of the copies.

    Attributes:
        flip: probability of a left-right flip.
        rotation: degrees, anticlockwise.
        scale: magnification about the eye; drawn on a logarithmic scale.
        aspect: horizontal magnification over vertical; drawn on a logarithmic scale.
        shift: in x and in y, as a fraction of the width and of the height.
        perspective: how far each corner moves, as a fraction of the sides.
        brightness: added, where 1 is white.
        contrast: factor about mid-grey.
        gamma: exponent on values in 0..1; below 1 is brighter.
        temperature: red gains and blue loses this fraction; positive is warmer.
        saturation: factor on the distance from grey.
        blur: standard deviation of a Gaussian, as a fraction of the longer side.
        motion_blur: length of the streak, as a fraction of the longer side.
        noise: standard deviation of Gaussian noise, where 1 is white.
        jpeg: quality, 1..100.
        degraded: probability of each degradation.
    """

    flip: float = 0.5
    rotation: tuple = (-20.0, 20.0)
    scale: tuple = (0.7, 1.6)
    aspect: tuple = (0.75, 1.33)
    shift: tuple = (-0.15, 0.15)
    perspective: tuple = (-0.06, 0.06)
    brightness: tuple = (-0.15, 0.15)
    contrast: tuple = (0.7, 1.3)
    gamma: tuple = (0.6, 1.6)
    temperature: tuple = (-0.15, 0.15)
    saturation: tuple = (0.5, 1.5)
    blur: tuple = (0.0, 0.006)
    motion_blur: tuple = (0.0, 0.02)
    noise: tuple = (0.0, 0.04)
    jpeg: tuple = (30.0, 95.0)
    degraded: float = 0.25


# What a range may hold: beyond it a transform hangs (blur), folds the image (perspective) or means nothing.
LIMITS = {
    "flip": (0, 1),
    "rotation": (-180, 180),
    "scale": (0.05, 20),
    "aspect": (0.05, 20),
    "shift": (-1, 1),
    "perspective": (-0.4, 0.4),
    "brightness": (-1, 1),
    "contrast": (0, 10),
    "gamma": (0.05, 20),
    "temperature": (-1, 1),
    "saturation": (0, 10),
    "blur": (0, 0.1),
    "motion_blur": (0, 0.25),
    "noise": (0, 1),
    "jpeg": (1, 100),
    "degraded": (0, 1),
}


def augment(image, mask, ranges, rng):
    """Draws one random variant of an image and its mask.

    Args:
        image: HWC uint8 RGB.
        mask: HW bool.
        ranges: a `Ranges`.
        rng: a `numpy.random.Generator`; the result depends on nothing else.

    Returns:
        (image, mask) of the same shapes and dtypes, aligned to the pixel.
    """
    image, mask = warp(image, mask, draw_homography(mask, ranges, rng))
    if rng.random() < ranges.flip:
        image, mask = flip(image, mask)
    image = _shift_saturation(_shift_tones(image, ranges, rng), rng.uniform(*ranges.saturation))
    return _degrade(image, ranges, rng), mask


def flip(image, mask):
    """The left-right mirror images of an HWC image and its HW mask."""
    return cv2.flip(image, 1), cv2.flip(mask.view(np.uint8), 1).view(bool)


def warp(image, mask, homography):
    """Warps an image and its mask by one homography; what comes from outside the frame is mirrored at its
    border, in both.

    Args:
        image: HWC uint8 RGB.
        mask: HW bool.
        homography: (3, 3) float64, from source to result, in (x, y, 1) pixel coordinates.

    Returns:
        (image, mask) of the same shapes and dtypes. A result pixel is sclera where its interpolated label is
        at least half.
    """
    # four channels at once take less time than three alone
    both = cv2.merge([image, mask.astype(np.uint8) * 255])
    both = cv2.warpPerspective(
        both, homography, mask.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return cv2.cvtColor(both, cv2.COLOR_RGBA2RGB), cv2.extractChannel(both, 3) >= 128


def draw_homography(mask, ranges, rng):
    """A random (3, 3) float64 homography about the middle of the sclera, or of the frame where there is
    none."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    middle = (
        ((columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2)
        if len(rows)
        else ((width - 1) / 2, (height - 1) / 2)
    )
    angle = math.radians(rng.uniform(*ranges.rotation))
    scale, aspect = _log_uniform(ranges.scale, rng), math.sqrt(_log_uniform(ranges.aspect, rng))
    shift = rng.uniform(*ranges.shift, size=2) * (width, height)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    affine = np.eye(3)
    affine[:2, :2] = np.diag([scale * aspect, scale / aspect]) @ turn
    affine[:2, 2] = middle + shift - affine[:2, :2] @ middle
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + rng.uniform(*ranges.perspective, size=(4, 2)) * (width, height)
    return cv2.getPerspectiveTransform(corners, moved.astype(np.float32)) @ affine


def _log_uniform(bounds, rng):
    return math.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1])))


def _shift_tones(image, ranges, rng):
    """Gamma, contrast, brightness and colour temperature as one table a channel."""
    values = np.linspace(0, 1, 256) ** rng.uniform(*ranges.gamma)
    values = (values - 0.5) * rng.uniform(*ranges.contrast) + 0.5 + rng.uniform(*ranges.brightness)
    warmth = rng.uniform(*ranges.temperature)
    table = np.stack([values * (1 + warmth), values, values * (1 - warmth)], axis=-1)
    return cv2.LUT(image, np.clip(np.rint(table * 255), 0, 255).astype(np.uint8)[None])


def _shift_saturation(image, factor):
    """Moves colours away from (factor > 1) or towards (factor < 1) their luma."""
    return cv2.transform(image, saturation_matrix(factor))


def _degrade(image, ranges, rng):
    """What optics, motion, sensor and compression do, in that order, each by chance."""
    chances = rng.random(4) < ranges.degraded
    side = max(image.shape[:2])
    blur, length = rng.uniform(*ranges.blur) * side, rng.uniform(*ranges.motion_blur) * side
    angle, noise, quality = rng.uniform(0, math.pi), rng.uniform(*ranges.noise), rng.uniform(*ranges.jpeg)
    if chances[0] and blur > 0.1:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    if chances[1] and length > 1:
        image = cv2.filter2D(image, -1, streak(length, angle))
    if chances[2] and noise > 0:
        grain = cv2.LUT(
            rng.integers(0, 256, image.shape, np.uint8), np.rint(_NORMAL * noise * 255).astype(np.int16)
        )
        image = cv2.add(image, grain, dtype=cv2.CV_8U)
    if chances[3] and quality < 100:
        # OpenCV takes channels as BGR; in another order the codec would weigh them wrongly.
        encoded = cv2.imencode(
            ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
        )[1]
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
    return image
