"""How far a predicted boundary lies from the true one: boundary F1 and the 95th-percentile Hausdorff
distance; and which pixels are near it.

All look at the pixels on the edge of a mask: those inside that touch the outside, or the frame's border, by
a side.
"""

import math

import cv2
import numpy as np
from scipy.spatial import KDTree

TOLERANCE = 0.0075  # of the image's diagonal: what boundary F1 takes for a match
BAND = 0.02  # of the image's diagonal: what is near the boundary
_SIDES = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def boundary_scores(found, truth, tolerance=TOLERANCE):
    """Compares the boundaries of two masks.

    Boundary precision is the share of found boundary pixels within `tolerance` of the true boundary, recall
    the other way round, and F1 their harmonic mean (Csurka et al., "What is a good evaluation measure for
    semantic segmentation?", BMVC 2013). The Hausdorff distance is the larger of the two directed 95th
    percentiles, as in Taha and Hanbury, "Metrics for evaluating 3D medical image segmentation", BMC Medical
    Imaging 15, 2015.

    Args:
        found: HW bool, the predicted mask.
        truth: HW bool of the same shape.
        tolerance: as a fraction of the image's diagonal.

    Returns:
        (f1, hausdorff): f1 in 0..1, 1 where both are empty; hausdorff in pixels, 0 where both are empty and
        NaN where one is, since there is no distance to nothing.
    """
    first, second = _boundary(found), _boundary(truth)
    if not len(first) or not len(second):
        return (1.0, 0.0) if len(first) == len(second) else (0.0, math.nan)
    near = tolerance * math.hypot(*truth.shape)
    outward, inward = KDTree(second).query(first)[0], KDTree(first).query(second)[0]
    precision, recall = np.mean(outward <= near), np.mean(inward <= near)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return float(f1), float(max(np.percentile(outward, 95), np.percentile(inward, 95)))


def boundary_band(truth, width=BAND):
    """The pixels near the true boundary, on both sides: HW bool, empty where there is no sclera.

    Far from it nearly all pixels are skin that no network doubts, which makes any mean over all pixels look
    good. The band is as wide as that of boundary IoU (Cheng et al., "Boundary IoU: improving object-centric
    image segmentation evaluation", CVPR 2021), 2 % of the diagonal.

    Args:
        truth: HW bool.
        width: on each side, as a fraction of the image's diagonal.
    """
    band, far = np.zeros(truth.shape, bool), width * math.hypot(*truth.shape)
    edge = _boundary(truth)
    if not len(edge):
        return band
    margin = math.ceil(far) + 1
    top, left = np.maximum(edge.min(axis=0) - margin, 0)
    bottom, right = edge.max(axis=0) + margin + 1
    part = band[top:bottom, left:right]
    away = np.ones(part.shape, np.uint8)
    away[edge[:, 0] - top, edge[:, 1] - left] = 0
    part[:] = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= far
    return band


def sclera_width(truth):
    """The width in pixels of the box around a mask (HW bool): how large the eye is in the photo; 0 for an
    empty one."""
    columns = np.flatnonzero(truth.any(axis=0))
    return int(columns[-1] - columns[0] + 1) if len(columns) else 0


def _boundary(mask):
    """The (row, column) of a mask's boundary pixels: (N, 2)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.empty((0, 2), np.int64)
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # an eye is a part of a photo
    inner = cv2.erode(box.view(np.uint8), _SIDES, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.argwhere(box & (inner == 0)) + np.array([rows[0], columns[0]])
