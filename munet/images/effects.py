"""What light and cameras do to a picture, as matrices and kernels."""

import math

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue, ITU-R BT.601


def saturation_matrix(factor):
    """The (3, 3) matrix for `cv2.transform` that scales RGB's distance from its luma by `factor`: 0 is grey,
    1 changes nothing."""
    return factor * np.eye(3) + (1 - factor) * LUMA


def streak(length, angle):
    """A kernel that averages along a line of `length` pixels at `angle` radians."""
    half = math.ceil(length / 2)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    end = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    ends = [tuple(int(v) for v in np.rint((half + sign * end) * 256)) for sign in (-1, 1)]
    cv2.line(kernel, *ends, color=1.0, lineType=cv2.LINE_AA, shift=8)
    return kernel / kernel.sum()
