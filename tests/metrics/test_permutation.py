import itertools

import numpy as np
import pytest

from munet.metrics.permutation import exchange_test, holm


def mean_difference(sums):
    return sums[..., 0, 0] / sums[..., 0, 1] - sums[..., 1, 0] / sums[..., 1, 1]


def blocks_of(seed, subjects, better=0.0):
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 9, subjects)
    values = rng.random((subjects, 2)) + np.array([better, 0])
    return np.stack([values * weight[:, None], np.repeat(weight[:, None], 2, axis=1)], axis=2)


@pytest.mark.parametrize("seed", range(5))
def test_few_subjects_are_exchanged_in_every_way(seed):
    blocks = blocks_of(seed, 5, 0.2)
    found = []
    for ways in itertools.product((False, True), repeat=5):
        exchanged = np.where(np.array(ways)[:, None, None], blocks[:, ::-1], blocks)
        found.append(abs(mean_difference(exchanged.sum(axis=0))))
    expected = np.mean(np.array(found) >= found[0] - 1e-12)
    assert exchange_test(blocks, mean_difference) == pytest.approx(expected)


def test_what_always_differs_is_sure_and_what_is_alike_is_not():
    assert exchange_test(blocks_of(0, 7, 2), mean_difference) == 2 / 2**7
    assert exchange_test(blocks_of(0, 40, 2), mean_difference) == 1 / 10_001
    alike = blocks_of(0, 40)
    alike[:, 1] = alike[:, 0]
    assert exchange_test(alike, mean_difference) == 1
    assert np.isnan(exchange_test(alike[:1], mean_difference))


def test_drawn_ways_err_as_often_as_they_say():
    p_values = np.array([exchange_test(blocks_of(seed, 14), mean_difference) for seed in range(60)])
    assert 0.3 < p_values.mean() < 0.7
    assert (p_values < 0.05).mean() < 0.15
    assert exchange_test(blocks_of(1, 14), mean_difference) == p_values[1]


def test_several_comparisons_raise_p():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1])
    raised = holm([float("nan"), 0.02])
    assert np.isnan(raised[0])
    assert raised[1] == 0.02
    assert holm([]) == []
