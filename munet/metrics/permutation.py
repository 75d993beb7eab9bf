"""Whether two models differ by more than chance: a paired permutation test by subject.

If two models are equally good, it is chance which of the two gave which of a subject's masks. So the masks of
whole subjects are exchanged between the models in all ways, or in many drawn ones, and the p-value is the
share of ways in which the models differ at least as much as they do (M. Ernst, "Permutation methods: a basis
for exact inference", Statistical Science 19, 2004).
"""

import numpy as np

DRAWS = 10_000
_EXACT = 13  # so many subjects can be exchanged in fewer ways than `DRAWS`
_AT_ONCE = 500


def exchange_test(blocks, difference, seed=0):
    """The two-sided p-value of a difference between two models.

    Args:
        blocks: (subjects, 2, ...) numbers that add over subjects, of the first model and the second.
        difference: function of (n, 2, ...) sums to (n,) differences.
        seed: of the draws, where there are more than 13 subjects.

    Returns:
        float in 0..1; NaN of one subject, which tells nothing of others.
    """
    blocks = np.asarray(blocks, np.float64)
    if len(blocks) < 2:
        return float("nan")
    exact = len(blocks) <= _EXACT
    total, exchanged = blocks.sum(axis=0), blocks[:, ::-1] - blocks
    change = exchanged.reshape(len(blocks), -1)
    observed = abs(float(difference(total[None])[0]))
    as_large = 0
    for ways in _all_ways(len(blocks)) if exact else _drawn_ways(len(blocks), seed):
        sums = total + (ways @ change).reshape(len(ways), *total.shape)
        as_large += int(np.count_nonzero(np.abs(difference(sums)) >= observed - 1e-12))
    # One is what was observed; of all ways it is among them.
    return as_large / 2 ** len(blocks) if exact else (as_large + 1) / (DRAWS + 1)


def _all_ways(subjects):
    """Yields (n, subjects) of 0 and 1, each way to exchange them once."""
    for start in range(0, 2**subjects, _AT_ONCE):
        numbers = np.arange(start, min(start + _AT_ONCE, 2**subjects))
        yield (numbers[:, None] >> np.arange(subjects) & 1).astype(np.float64)


def _drawn_ways(subjects, seed):
    rng = np.random.default_rng(seed)
    for start in range(0, DRAWS, _AT_ONCE):
        yield rng.integers(0, 2, (min(_AT_ONCE, DRAWS - start), subjects)).astype(np.float64)


def holm(p_values):
    """p-values of several comparisons, raised so that all together err in 5 % (S. Holm, "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979).

    Args:
        p_values: list of floats; NaN is not counted and stays.
    """
    known = [i for i in np.argsort(p_values, kind="stable").tolist() if np.isfinite(p_values[i])]
    raised, highest = list(p_values), 0.0
    for rank, i in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p_values[i]))
        raised[i] = highest
    return raised
