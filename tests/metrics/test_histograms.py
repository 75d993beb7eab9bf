"""Levels and scores from histograms are those of brute force and of scikit-learn."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    jaccard_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)

from munet.metrics import histograms
from munet.metrics.table import map_figures, mask_figures, summands


def exact_f1(probability, mask, level):
    found = probability >= level
    tp, fp, fn = (int(np.sum(x)) for x in (found & mask, found & ~mask, ~found & mask))
    return Fraction(2 * tp, 2 * tp + fp + fn) if tp + fp + fn else Fraction(1)


def brute_force_level(probability, mask):
    """The lowest of all 256 levels that reaches the best F1, by trying each."""
    scores = [exact_f1(probability, mask, level) for level in range(256)]
    return scores.index(max(scores))


def random_case(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((40, 50)) < rng.uniform(0.02, 0.6)
    probability = np.clip(
        rng.normal(rng.uniform(20, 120), rng.uniform(5, 80), mask.shape) + mask * rng.uniform(0, 150), 0, 255
    )
    return probability.astype(np.uint8), mask


@pytest.mark.parametrize("seed", range(100))
def test_level_and_scores_equal_brute_force_and_scikit_learn(seed):
    probability, mask = random_case(seed)
    counts = histograms.histograms(probability, mask)
    level = histograms.best_level(counts)
    assert level == brute_force_level(probability, mask)
    precision, recall, _ = precision_recall_curve(mask.ravel(), probability.ravel())
    with np.errstate(invalid="ignore"):
        curve = np.nan_to_num(2 * precision * recall / (precision + recall))
    found, truth = (probability >= level).ravel(), mask.ravel()
    pooled = mask_figures(summands(histograms.confusion(counts)[:, level])[0]) | map_figures(counts)
    assert pooled["f1"] == pytest.approx(curve.max(), abs=1e-12)
    expected = {
        "f1": f1_score(truth, found),
        "iou": jaccard_score(truth, found),
        "precision": precision_score(truth, found),
        "recall": recall_score(truth, found),
        "auc_pr": average_precision_score(truth, probability.ravel()),
    }
    assert {key: float(pooled[key]) for key in expected} == pytest.approx(expected, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 2, 127, 128, 254, 255])),
    hnp.arrays(bool, (5, 7)),
)
def test_level_equals_brute_force_with_many_ties(probability, mask):
    assert histograms.best_level(histograms.histograms(probability, mask)) == brute_force_level(
        probability, mask
    )


def drawn_counts(rng, best):
    """Histograms of a photo whose level is best at about `best`: sclera lies above it, the rest below, each
    with some noise."""
    mask = rng.random((40, 50)) < 0.3
    probability = np.clip(
        rng.normal(best + rng.normal(0, 15) + np.where(mask, 40, -40), 25, mask.shape), 0, 255
    )
    return histograms.histograms(probability.astype(np.uint8), mask)


def test_many_subjects_move_a_level_to_the_best_and_few_hardly_move_it():
    levels = {count: [] for count in (1, 2, 300)}
    for count, seed in itertools.product(levels, range(10)):
        rng = np.random.default_rng([seed, count])
        images = np.stack([drawn_counts(rng, 120) for _ in range(count)])
        level, best = (
            histograms.one_standard_error_level(images, 140),
            histograms.best_level(images.sum(axis=0)),
        )
        scores = histograms.f1_scores(images.sum(axis=0))
        assert scores[140] <= scores[level] <= scores[best]
        assert min(140, best) <= level <= max(140, best)
        assert count < 300 or scores[best] - scores[level] < 0.003
        levels[count].append(level)
    assert levels[1] == [140] * 10
    assert levels[2].count(140) >= 4
    assert 140 not in levels[300]


def test_the_standard_error_is_the_jackknifes():
    images = np.stack([drawn_counts(np.random.default_rng(seed), 120) for seed in range(5)])
    f1 = histograms.f1_scores(images.sum(axis=0))
    best = histograms.best_level(images.sum(axis=0))

    def within(level):
        left_out = [histograms.f1_scores(images.sum(axis=0) - images[i]) for i in range(5)]
        differences = [row[best] - row[level] for row in left_out]
        error = (4 / 5 * sum((d - sum(differences) / 5) ** 2 for d in differences)) ** 0.5
        return f1[best] - f1[level] <= error

    for start in range(0, 256, 5):
        level = histograms.one_standard_error_level(images, start)
        step = 1 if level < start else -1
        assert within(level) and f1[level] >= f1[start]
        assert not any(within(other) and f1[other] >= f1[start] for other in range(start, level, -step))


@pytest.mark.parametrize("value", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("truth", ["none", "all", "half"])
def test_constant_maps_and_one_sided_truth(value, truth):
    probability = np.full((4, 6), value, np.uint8)
    mask = np.zeros((4, 6), bool)
    mask[: {"none": 0, "half": 2, "all": 4}[truth]] = True
    counts = histograms.histograms(probability, mask)
    level = histograms.best_level(counts)
    assert level == brute_force_level(probability, mask)
    if truth == "none":
        assert level == (value + 1 if value < 255 else 0)
        assert histograms.f1_scores(counts)[level] == (1.0 if value < 255 else 0.0)
    else:
        assert level == 0


def test_a_tie_takes_the_lowest_level():
    probability, mask = np.array([[10, 200]], np.uint8), np.array([[False, True]])
    assert histograms.best_level(histograms.histograms(probability, mask)) == 11


def test_ties_are_decided_exactly_where_floats_cannot():
    counts = np.zeros((2, 256), np.int64)
    counts[1, 255], counts[0, 255] = 10**15, 1
    counts[1, 100] = 1
    counts[0, 100] = 2  # worse by 1 part in 10**15
    assert histograms.best_level(counts) == 101


def test_histograms_count_beyond_what_float32_can(monkeypatch):
    monkeypatch.setattr(histograms, "_STRIP_PIXELS", 1 << 10)
    probability, mask = random_case(7)
    counts = histograms.histograms(probability, mask)
    np.testing.assert_array_equal(counts[0], np.bincount(probability[~mask], minlength=256))
    np.testing.assert_array_equal(counts[1], np.bincount(probability[mask], minlength=256))


def test_a_big_constant_image_is_counted_exactly():
    probability = np.zeros((4200, 4200), np.uint8)  # more than 2**24 pixels in one bin
    assert histograms.histograms(probability, np.zeros(probability.shape, bool))[0, 0] == 4200**2


def test_histograms_of_a_slice_and_of_a_flip():
    probability, mask = random_case(3)
    np.testing.assert_array_equal(
        histograms.histograms(probability[:, ::-1], mask[:, ::-1]), histograms.histograms(probability, mask)
    )


@pytest.mark.parametrize("probability", [np.zeros((2, 2), np.float32), np.zeros((2, 3), np.uint8)])
def test_another_dtype_or_shape_is_refused(probability):
    with pytest.raises(ValueError, match="expected uint8 and bool of one shape"):
        histograms.histograms(probability, np.zeros((2, 2), bool))


def test_curves_and_areas_of_many_histograms_are_those_of_each():
    many = np.stack([histograms.histograms(*random_case(seed)) for seed in range(4)])
    many[2, 1] = 0  # without sclera
    areas, (precision, recall) = histograms.average_precision(many), histograms.precision_recall(many)
    assert areas.shape == (4,)
    assert precision.shape == recall.shape == (4, 256)
    np.testing.assert_array_equal(areas, [histograms.average_precision(counts) for counts in many])
    assert np.isnan(areas).tolist() == [False, False, True, False]


def test_calibrated_maps_have_no_calibration_error():
    pixels = np.random.default_rng(0).integers(1, 10**6, 256)
    sclera = np.arange(256) * pixels
    counts = np.stack([255 * pixels - sclera, sclera])
    rows, error = histograms.reliability(counts)
    assert error == pytest.approx(0, abs=1e-12)
    assert rows[:, 0] == pytest.approx(rows[:, 1])
    assert rows[:, 2].sum() == counts.sum()
    sure = np.zeros((2, 256), np.int64)
    sure[0, 255] = 100
    assert histograms.reliability(sure)[1] == 1
