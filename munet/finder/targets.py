"""What the finder is to answer for a scene, and how far an answer is from it."""

import math

import numpy as np

from .network import COSINE, HEAT, HEIGHT, LEFT, OFFSET_X, OFFSET_Y, OPEN, SINE, STRIDE, WIDTH

CHANNELS = 11  # of a target: those of the output, then how much the first and the others count
COUNTED, NEAR = 9, 10
SPREAD = 0.09  # of the bump at a middle: its sigma as a share of the eye's width,
NARROWEST = 0.7  # but at least so many cells.
# Where a large eye's middle is, is not known to a cell: all in which the bump is above this are right.
MIDDLE = 0.8


def target(eyes, size):
    """The target of a scene.

    Args:
        eyes: list of `SceneEye`, in pixels of the network's input.
        size: of the input.

    Returns:
        (size / 4, size / 4, 11) float32: the nine channels of the network's output, then how much the first
        counts at each place (0 about eyes that are not asked for, in all at the middle of an eye 1), and the
        others (above 0 about middles).
    """
    side = size // STRIDE
    out = np.zeros((side, side, CHANNELS), np.float32)
    out[..., COUNTED] = 1
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) + 0.5
    for eye in sorted(eyes, key=lambda eye: -eye.width):  # of two near middles the smaller eye's counts
        dx, dy = eye.x / STRIDE - x, eye.y / STRIDE - y
        if not eye.asked:
            reach = 0.8 * max(eye.width, 2.0) / STRIDE
            out[..., COUNTED] *= dx * dx + dy * dy > reach * reach
            continue
        sigma = max(NARROWEST, SPREAD * max(eye.width, eye.height) / STRIDE)
        heat = np.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
        if not (0 <= eye.x < size and 0 <= eye.y < size):
            continue
        heat[int(eye.y / STRIDE), int(eye.x / STRIDE)] = 1
        near, middle = heat > 0.6, heat > MIDDLE
        heat[middle] = 1
        out[middle, COUNTED] = 1 / middle.sum()
        np.maximum(out[..., HEAT], heat, out=out[..., HEAT])
        turn = math.radians(eye.angle)
        own = {WIDTH: math.log(max(eye.width, 1) / STRIDE), HEIGHT: math.log(max(eye.height, 1) / STRIDE)}
        own |= {SINE: math.sin(turn), COSINE: math.cos(turn), OPEN: eye.open, LEFT: eye.side == "L"}
        for channel, value in own.items():
            out[near, channel] = value
        out[near, OFFSET_X], out[near, OFFSET_Y] = dx[near], dy[near]
        out[near, NEAR] = heat[near]
    return out


def loss(truth, found):
    """The mean loss of a batch of targets (N, H, W, 11) and answers (N, H, W, 9).

    Middles by the focal loss of CornerNet (Law and Deng 2018, https://arxiv.org/abs/1808.01244, equation 1),
    sizes, offsets and angles by the distance, open and left by the cross-entropy, about the middles alone.
    """
    from keras import ops

    heat = ops.clip(found[..., HEAT], 1e-5, 1 - 1e-5)
    wanted, counted = truth[..., HEAT], truth[..., COUNTED]
    is_middle = ops.cast(wanted > 0.999, "float32")
    hit = is_middle * ops.square(1 - heat) * ops.log(heat)
    miss = (1 - is_middle) * (1 - wanted) ** 4 * ops.square(heat) * ops.log(1 - heat)
    focal = -ops.sum((hit + miss) * counted) / (ops.sum(is_middle * counted) + 1.0)
    near = truth[..., NEAR : NEAR + 1]
    total = ops.sum(near) + 1.0
    away = ops.abs(found[..., WIDTH : COSINE + 1] - truth[..., WIDTH : COSINE + 1])
    weights = ops.convert_to_tensor([1.0, 0.5, 0.5, 0.5, 0.6, 0.6])
    shape = ops.sum(away * weights * near) / total
    state = ops.clip(found[..., OPEN:], 1e-5, 1 - 1e-5)
    is_so = truth[..., OPEN : LEFT + 1]
    cross = -(is_so * ops.log(state) + (1 - is_so) * ops.log(1 - state))
    return focal + shape + 0.3 * ops.sum(cross * near) / total
