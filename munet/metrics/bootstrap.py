"""95 % intervals by bootstrapping subjects: the photos of one person are not independent, the people are.

Whole subjects are drawn with replacement and every figure is computed anew from their summed counts (Efron
and Tibshirani, "An Introduction to the Bootstrap", 1993, the percentile interval). Where there are more
subjects than `MOST_BLOCKS`, several share a block, which keeps the memory constant.
"""

import numpy as np

MOST_BLOCKS = 2000
RESAMPLES = 2000
CONFIDENCE = 0.95
_AT_ONCE = 100  # resamples computed together


def resample(values, figure, seed=0, resamples=RESAMPLES):
    """Draws the blocks anew again and again.

    Args:
        values: (blocks, ...) numbers that add over blocks.
        figure: function of (n, ...) sums to (n,) or (n, k) figures.
        seed: of the draws; the same seed and number of blocks draw the same blocks, whatever the values.
        resamples: how many times.

    Returns:
        (resamples,) or (resamples, k) float64.
    """
    rng = np.random.default_rng(seed)
    blocks = len(values)
    flat = np.asarray(values, np.float64).reshape(blocks, -1)
    drawn = []
    for start in range(0, resamples, _AT_ONCE):
        weights = rng.multinomial(blocks, np.full(blocks, 1 / blocks), min(_AT_ONCE, resamples - start))
        drawn.append(figure((weights @ flat).reshape(len(weights), *np.shape(values)[1:])))
    return np.concatenate(drawn)


def interval(drawn, confidence=CONFIDENCE):
    """The percentile interval of resampled figures, (low, high) floats; NaN values are left out, and all of
    them give NaN."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)


def sum_by(keys, values, count):
    """Sums rows of `values` (N, ...) that share a key (N,) in 0..count-1: (count, ...)."""
    total = np.zeros((count, *np.shape(values)[1:]), np.asarray(values).dtype)
    np.add.at(total, keys, values)
    return total
