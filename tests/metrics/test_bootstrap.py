import numpy as np
import pytest

from munet.metrics.bootstrap import interval, resample, sum_by


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(5, 2, 400)
    drawn = resample(np.stack([values, np.ones(400)], axis=1), lambda sums: sums[:, 0] / sums[:, 1])
    low, high = interval(drawn)
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)


def test_subjects_are_drawn_whole():
    # Two kinds of subjects: what they differ by shows in the interval however many photos each has.
    for photos in (1, 100):
        sums = np.array([[0.0, photos]] * 5 + [[photos, photos]] * 5)
        low, high = interval(resample(sums, lambda s: s[:, 0] / s[:, 1]))
        assert (low, high) == pytest.approx((0.2, 0.8), abs=0.11)


def test_draws_depend_on_seed_and_blocks_alone():
    first, second = np.arange(6.0)[:, None], 10 * np.arange(6.0)[:, None]
    a, b = (resample(values, lambda sums: sums[:, 0], 3) for values in (first, second))
    assert np.array_equal(10 * a, b)
    assert not np.array_equal(a, resample(first, lambda sums: sums[:, 0], 4))


def test_figures_that_are_not_defined_are_left_out():
    assert interval(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert np.isnan(interval(np.array([np.nan, np.nan]))).all()


def test_rows_of_one_key_are_summed():
    total = sum_by(np.array([0, 2, 0]), np.array([[1, 2], [3, 4], [5, 6]]), 3)
    assert total.tolist() == [[6, 8], [0, 0], [3, 4]]
