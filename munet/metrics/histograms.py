"""Two 256-bin histograms an image hold all its scores at every level, exactly.

A probability map is 8-bit, so a mask `probability >= level` has only 256 possible thresholds, and two
histograms of an image (its sclera pixels, its other pixels) hold all that precision, recall, F1, IoU, the
precision-recall curve and calibration need. Histograms add: over images, processes and machines.
"""

import cv2
import numpy as np

from munet.metrics.confusion import f1, precision, ratio, recall

LEVELS = 256
BINS = 15  # of the reliability curve
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
    """The confusion at every level.

    Args:
        counts: (..., 2, 256) histograms.

    Returns:
        (4, ..., 256): true positives, false positives, false negatives and true negatives; entry L is for
        `mask = probability >= L`.
    """
    at_least = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
    fp, tp = at_least[..., 0, :], at_least[..., 1, :]
    return np.stack([tp, fp, tp[..., :1] - tp, fp[..., :1] - fp])


def f1_scores(counts):
    """F1 at every level: (..., 2, 256) histograms to (..., 256) float64; 1 where there is nothing and nothing
    is found."""
    return f1(*confusion(counts))


def best_level(counts):
    """The lowest level that reaches the best F1 of pooled histograms.

    F1 is compared as an exact fraction, so that rounding decides no tie.

    Args:
        counts: (2, 256) integers, histograms summed over the images.

    Returns:
        The level, an int in 0..255. With no sclera at all it is the lowest level that finds none, or 0.
    """
    best, chosen = (0, 1), 0
    for level, (tp, fp, fn, _) in enumerate(confusion(np.asarray(counts)).T.tolist()):
        score = (2 * tp, 2 * tp + fp + fn) if tp + fp + fn else (1, 1)
        if score[0] * best[1] > best[0] * score[1]:  # exact: Python integers do not overflow
            best, chosen = score, level
    return chosen


def one_standard_error_level(subjects, start):
    """The level nearest to `start` that these subjects cannot tell from the best: few do not move it for
    little.

    The rule of one standard error (L. Breiman et al., "Classification and Regression Trees", 1984): of the
    difference between the best pooled F1 and a level's, by the jackknife over subjects. No level with a lower
    F1 than `start`'s is taken.

    Args:
        subjects: (N, 2, 256) integers, the histograms of each subject's images.
        start: the level in use so far, 0..255.

    Returns:
        The level, an int in 0..255; `start` where there is one subject, whose images are alike in light and
        camera.
    """
    subjects = np.asarray(subjects, np.int64)
    if len(subjects) < 2:
        return start
    pooled = subjects.sum(axis=0)
    scores, without = f1_scores(pooled), f1_scores(pooled - subjects)
    best = best_level(pooled)
    error = np.sqrt((len(subjects) - 1) * np.var(without[:, best, None] - without, axis=0))
    as_good = np.flatnonzero((scores[best] - scores <= error) & (scores >= scores[start]))
    return int(min(as_good, key=lambda level: abs(level - start)))


def precision_recall(counts):
    """The precision-recall curve of (..., 2, 256) histograms: precision and recall at every level, (..., 256)
    float64 each."""
    confused = confusion(counts)
    return precision(*confused), recall(*confused)


def average_precision(counts):
    """Area under the precision-recall curve: sum of (R_n - R_n-1) P_n from the highest level down, without
    interpolation, as `sklearn.metrics.average_precision_score` defines it.

    Args:
        counts: (..., 2, 256) histograms.

    Returns:
        (...) float64; NaN where there is no sclera.
    """
    counts = np.asarray(counts)
    along, across = precision_recall(counts)
    area = np.sum(-np.diff(across, append=0.0) * along, axis=-1)
    return np.where(counts[..., 1, :].any(axis=-1), area, np.nan)


def reliability(counts, bins=BINS):
    """How often pixels of a probability are sclera (Guo et al., "On calibration of modern neural networks",
    ICML 2017).

    Args:
        counts: (2, 256) histograms.
        bins: of equal width over the levels.

    Returns:
        (rows, error): rows of (mean probability, share of sclera, pixels) of each bin that holds pixels, (n,
        3) float64; the expected calibration error, the mean over pixels of the difference between the first
        two.
    """
    pixels = np.asarray(counts).sum(axis=0)
    levels = np.arange(LEVELS)
    total, sclera, level = (
        np.bincount(levels * bins // LEVELS, values, bins)
        for values in (pixels, counts[1], pixels * levels / (LEVELS - 1))
    )
    used = total > 0
    rows = np.stack([level[used] / total[used], sclera[used] / total[used], total[used]], axis=1)
    return rows, float(ratio(np.sum(np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]), total.sum(), np.nan))
