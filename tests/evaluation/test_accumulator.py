"""What a training run has and what an evaluation has are scored by one accumulator."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.evaluation.cases import score_image
from munet.metrics.bootstrap import MOST_BLOCKS
from munet.metrics.histograms import histograms


def random_maps(seed, count=5):
    rng = np.random.default_rng(seed)
    masks = rng.random((count, 40, 50)) < 0.3
    maps = np.clip(rng.normal(90, 50, masks.shape) + masks * 70, 0, 255).astype(np.uint8)
    return list(zip(maps, masks, strict=True))


def test_histograms_add_over_images():
    cases, scores = random_maps(0), ScoreAccumulator()
    for case in cases:
        scores.add(ImageScore(histograms(*case)))
    together = [np.concatenate([case[i].ravel() for case in cases])[None] for i in (0, 1)]
    np.testing.assert_array_equal(scores.pooled, histograms(*together))
    figures = scores.figures(90)
    assert (figures["images"], figures["level"]) == (5, 90)
    assert figures["f1"] == pytest.approx(f1_score(together[1][0], together[0][0] >= 90))
    means = [f1_score(mask.ravel(), (probability >= 90).ravel()) for probability, mask in cases]
    assert figures["f1_mean"] == pytest.approx(np.mean(means))


def test_maps_cut_later_score_as_masks_that_were_cut_before():
    later, before = ScoreAccumulator(), ScoreAccumulator(120)
    for number, (probability, truth) in enumerate(random_maps(1)):
        words = f"p{number}", f"s{number % 2}"
        later.add(ImageScore(histograms(probability, truth)), *words)
        before.add(score_image(probability, probability >= 120, truth), *words)
    assert later.figures(120) == before.figures() == before.figures(120)
    at = later.at(120)
    assert (at.names, at.subjects) == (before.names, before.subjects)
    np.testing.assert_array_equal(at.counts(), before.counts())
    np.testing.assert_array_equal(at.blocks, before.blocks)
    assert np.isnan(at.boundaries()[0]).all()
    with pytest.raises(ValueError, match="scores at level 120, not at 121"):
        before.at(121)


def test_a_saved_mask_counts_and_not_its_map():
    scores, truth = ScoreAccumulator(128), np.eye(4, dtype=bool)
    scores.add(score_image(np.zeros((4, 4), np.uint8), truth, truth))
    assert (scores.figures()["f1"], scores.pooled[1, 0]) == (1.0, 4)


def test_an_image_without_sclera_scores_one_when_predicted_empty_and_is_counted():
    scores, none = ScoreAccumulator(), np.zeros((3, 3), bool)
    for level in (10, 200):
        scores.add(ImageScore(histograms(np.full((3, 3), level, np.uint8), none)))
    assert scores.at(100).image_f1().tolist() == [1.0, 0.0]
    assert scores.figures(100)["empty"] == 2
    assert np.isnan(scores.figures(100)["auc_pr"])


def test_no_image_has_no_figures():
    figures = ScoreAccumulator().figures(128)
    assert (figures["images"], figures["empty"]) == (0, 0)
    assert np.isnan([figures["f1"], figures["f1_mean"], figures["auc_pr"]]).all()


def test_many_subjects_share_blocks():
    scores, counts = ScoreAccumulator(128), np.zeros((2, 256), np.int64)
    counts[1, 200] = 1
    for number in range(MOST_BLOCKS + 3):
        scores.add(ImageScore(counts), subject=str(number))
    assert len(scores.blocks) == MOST_BLOCKS
    assert [block[1, 200] for block in scores.blocks[:4]] == [2, 2, 2, 1]
    assert scores.block_numbers()[-1] == 2
