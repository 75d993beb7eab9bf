"""Binarisation of probability maps, exactly: two 256-bin histograms an image hold all its scores at every
level.

A probability map is 8-bit, so a mask `probability >= level` has only 256 possible thresholds, and two
256-bin histograms of an image (its sclera pixels, its other pixels) hold all that precision, recall, F1,
IoU and the precision-recall curve need. Histograms add: over images, processes and machines.
"""

import cv2
import numpy as np

LEVELS = 256
# calcHist counts in float32, which is exact up to 2**24.
_STRIP_PIXELS = 1 << 24


def histograms(probability, mask):
    """Histograms of a map's levels over the sclera and over the rest.

    Args:
        probability: HW uint8, 0-255 stands for 0..1.
        mask: HW bool, the ground truth, of the same shape.

    Returns:
        (2, 256) int64: row 0 counts the pixels outside the mask, row 1 those inside.

    Raises:
        ValueError: another dtype or shape.
    """
    if probability.dtype != np.uint8 or mask.dtype != bool or probability.shape != mask.shape:
        raise ValueError(
            f"found probability {probability.dtype}{probability.shape} and mask {mask.dtype}{mask.shape}, "
            "expected uint8 and bool of one shape"
        )
    levels = np.ascontiguousarray(probability).reshape(1, -1)
    inside = np.ascontiguousarray(mask).view(np.uint8).reshape(1, -1)
    total = np.zeros((LEVELS, 2), np.int64)
    for start in range(0, levels.size, _STRIP_PIXELS):
        strip = slice(start, start + _STRIP_PIXELS)
        planes = [levels[:, strip], inside[:, strip]]
        total += cv2.calcHist(planes, [0, 1], None, [LEVELS, 2], [0, LEVELS, 0, 2]).astype(np.int64)
    return total.T


def confusion(counts):
    """Confusion counts at every level.

    Args:
        counts: (..., 2, 256) histograms.

    Returns:
        tp, fp, fn: (..., 256) int64 each; entry L is for `mask = probability >= L`.
    """
    at_least = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
    fp, tp = at_least[..., 0, :], at_least[..., 1, :]
    return tp, fp, tp[..., :1] - tp


def f1_scores(counts):
    """F1 = 2 TP / (2 TP + FP + FN) at every level, (..., 256) float64; 1 where there is nothing and nothing
    is found."""
    tp, fp, fn = confusion(counts)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def best_level(counts):
    """The lowest level that reaches the best F1 of pooled histograms.

    F1 is compared as an exact fraction, so that rounding decides no tie.

    Args:
        counts: (2, 256) integers, histograms summed over the images.

    Returns:
        The level, an int in 0..255. With no sclera at all it is the lowest level that finds none, or 0.
    """
    tp, fp, fn = (values.tolist() for values in confusion(np.asarray(counts)))
    best, best_level_ = (0, 1), 0
    for level, (t, p, n) in enumerate(zip(tp, fp, fn, strict=True)):
        score = (2 * t, 2 * t + p + n) if t + p + n else (1, 1)
        if score[0] * best[1] > best[0] * score[1]:  # exact: Python integers do not overflow
            best, best_level_ = score, level
    return best_level_


def steady_level(people, start):
    """The level nearest to `start` that these people's photos cannot tell from the best: few do not move it
    for little.

    The rule of one standard error (L. Breiman et al., "Classification and Regression Trees", 1984): of the
    difference between the best pooled F1 and a level's, by the jackknife over people. No level with a lower
    F1 than `start`'s is taken.

    Args:
        people: (N, 2, 256) integers, the histograms of each person's photos.
        start: the level in use so far, 0..255.

    Returns:
        The level, an int in 0..255; `start` where there is one person, whose photos are alike in light and
        camera.
    """
    people = np.asarray(people, np.int64)
    if len(people) < 2:
        return start
    pooled = people.sum(axis=0)
    f1, without = f1_scores(pooled), f1_scores(pooled - people)
    best = best_level(pooled)
    error = np.sqrt((len(people) - 1) * np.var(without[:, best, None] - without, axis=0))
    steady = np.flatnonzero((f1[best] - f1 <= error) & (f1 >= f1[start]))
    return int(min(steady, key=lambda level: abs(level - start)))


def scores(counts, level):
    """Precision, recall, F1 and IoU at one level, and the area under the precision-recall curve.

    Args:
        counts: (2, 256) integers, the histograms of one image or summed over images.
        level: 0..255.

    Returns:
        dict of floats `f1`, `iou`, `precision`, `recall`, `auc_pr`. A ratio of nothing to nothing is 1.
    """
    tp, fp, fn = (int(values[level]) for values in confusion(counts))
    return {
        "f1": float(_ratio(2 * tp, 2 * tp + fp + fn)),
        "iou": float(_ratio(tp, tp + fp + fn)),
        "precision": float(_ratio(tp, tp + fp)),
        "recall": float(_ratio(tp, tp + fn)),
        "auc_pr": average_precision(counts),
    }


def precision_recall(counts):
    """The precision-recall curve: precision and recall at every level, (256,) float64 each."""
    tp, fp, fn = confusion(counts)
    return _ratio(tp, tp + fp), _ratio(tp, tp + fn)


def average_precision(counts):
    """Area under the precision-recall curve: sum of (R_n - R_n-1) P_n from the highest level down, without
    interpolation.

    The definition of `sklearn.metrics.average_precision_score`. NaN where there is no sclera.
    """
    if not counts[1].sum():
        return float("nan")
    precision, recall = precision_recall(counts)
    return float(np.sum(-np.diff(recall, append=0.0) * precision))


def _ratio(part, whole):
    """part / whole, and 1 where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.ones_like(whole), where=whole != 0)
