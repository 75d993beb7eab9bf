"""F1, IoU, precision and recall from the counts of a confusion: true positive, false positive, false
negative and true negative pixels, always in this order.

The counts are numbers or arrays of one shape. `nothing` is the score of nothing out of nothing, as where
there is no sclera and none is found: 1 here, 0 in scikit-learn.
"""

import numpy as np


def count_pixels(found, truth):
    """The confusion of two masks, HW bool of one shape: (4,) int64."""
    tp, positive, sclera = (np.count_nonzero(mask) for mask in (found & truth, found, truth))
    return np.array([tp, positive - tp, sclera - tp, truth.size - positive - sclera + tp], np.int64)


def f1(tp, fp, fn, tn=0, nothing=1.0):
    """F1 = 2 TP / (2 TP + FP + FN), float64."""
    return ratio(2 * tp, 2 * tp + fp + fn, nothing)


def iou(tp, fp, fn, tn=0, nothing=1.0):
    """Intersection over union = TP / (TP + FP + FN), float64."""
    return ratio(tp, tp + fp + fn, nothing)


def precision(tp, fp, fn=0, tn=0, nothing=1.0):
    """Precision = TP / (TP + FP), the share of what is found that is sclera, float64."""
    return ratio(tp, tp + fp, nothing)


def recall(tp, fp, fn, tn=0, nothing=1.0):
    """Recall = TP / (TP + FN), the share of the sclera that is found, float64."""
    return ratio(tp, tp + fn, nothing)


def ratio(part, whole, nothing=1.0):
    """part / whole, and `nothing` where whole is 0: float64."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full_like(whole, nothing), where=whole != 0)
