import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, jaccard_score, precision_score, recall_score

from munet.evaluation import summaries
from munet.evaluation.accumulator import ScoreAccumulator
from munet.evaluation.cases import score_image


def random_photo(rng, size=(40, 50)):
    """(probability, mask at 128, truth), of any quality, at times without sclera."""
    truth = rng.random(size) < rng.choice([0, rng.uniform(0.02, 0.6)], p=(0.1, 0.9))
    probability = np.clip(
        rng.normal(rng.uniform(20, 120), rng.uniform(5, 80), size) + truth * rng.uniform(0, 150), 0, 255
    ).astype(np.uint8)
    return probability, probability >= 128, truth


def scores_of(photos, subjects=None):
    scores = ScoreAccumulator(128)
    for i, photo in enumerate(photos):
        subject = subjects[i] if subjects else f"s{i % 3}"
        scores.add(score_image(*photo), f"{subject}/p{i}", subject)
    return scores


@pytest.mark.parametrize("seed", range(25))
def test_pooled_figures_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    photos = [random_photo(rng) for _ in range(4)]
    figures = summaries.headline(scores_of(photos))
    probability, mask, truth = (np.concatenate([photo[i].ravel() for photo in photos]) for i in range(3))
    expected = {
        "f1": f1_score(truth, mask),
        "iou": jaccard_score(truth, mask),
        "precision": precision_score(truth, mask),
        "recall": recall_score(truth, mask),
        "auc_pr": average_precision_score(truth, probability),
    }
    assert {key: figures[key] for key in expected} == pytest.approx(expected, abs=1e-9)
    means = [f1_score(t.ravel(), m.ravel(), zero_division=1) for _, m, t in photos]
    assert figures["f1_mean"] == pytest.approx(np.mean(means), abs=1e-9)
    assert figures["f1_std"] == pytest.approx(np.std(means), abs=1e-9)
    assert figures["intervals"]["f1"][0] <= figures["f1"] <= figures["intervals"]["f1"][1] + 1e-12
    assert figures["best_f1"] >= figures["f1"] - 1e-12


def test_empty_photos_are_counted_apart():
    nothing, full = np.zeros((20, 20), bool), np.ones((20, 20), bool)
    grey = np.full((20, 20), 9, np.uint8)
    figures = summaries.headline(
        scores_of([(grey, nothing, nothing), (grey, full, nothing), (grey, full, full)])
    )
    assert (figures["empty"], figures["empty_clean"]) == (2, 1)
    assert figures["f1_mean"] == pytest.approx(2 / 3)
    assert figures["f1_sclera"] == 1


def test_one_subject_has_no_interval():
    rng = np.random.default_rng(0)
    assert summaries.headline(scores_of([random_photo(rng) for _ in range(3)], ["a"] * 3))["intervals"] == {}


def test_groups_rank_from_best_to_worst_with_their_gap():
    rng = np.random.default_rng(1)
    photos, group, subjects = [], [], []
    for i in range(40):
        truth = np.zeros((30, 30), bool)
        truth[5:25, 5:25] = True
        wrong = rng.random(truth.shape) < (0.3 if i % 2 else 0.02)
        photos.append(((truth ^ wrong) * np.uint8(255), truth ^ wrong, truth))
        group.append("dark" if i % 2 else "light")
        subjects.append(f"s{i // 4}")
    table = summaries.by_group(
        scores_of(photos, subjects), {"light": group, "same": ["x"] * 40, "own": [str(i) for i in range(40)]}
    )
    assert list(table) == ["light", "own"] or list(table) == ["own", "light"]
    found = table["light"]
    assert [row["group"] for row in found["groups"]] == ["light", "dark"]
    assert [row["images"] for row in found["groups"]] == [20, 20]
    assert found["gap"] == pytest.approx(found["groups"][0]["f1"] - found["groups"][1]["f1"])
    assert 0 < found["gap_interval"][0] < found["gap"] < found["gap_interval"][1]
    assert all(np.isnan(row["f1_interval"]).all() for row in table["own"]["groups"])  # one subject each


def test_groups_without_sclera_are_left_out():
    full, nothing = np.ones((9, 9), bool), np.zeros((9, 9), bool)
    photos = [(full * np.uint8(255), full, truth) for truth in (full, full, nothing)]
    assert summaries.by_group(scores_of(photos), {"view": ["eye", "eye", "wall"]}) == {}
    (table,) = summaries.by_group(scores_of(photos), {"view": ["eye", "lid", "wall"]}).values()
    assert {row["group"] for row in table["groups"]} == {"eye", "lid"}


def test_pairing_makes_a_small_difference_sure():
    rng = np.random.default_rng(2)
    good, worse = [], []
    for _ in range(30):
        truth = np.zeros((40, 40), bool)
        truth[5:35, 5:35] = True
        wrong = rng.random(truth.shape) < rng.uniform(0, 0.5)  # photos differ far more than the models do
        more = wrong | (rng.random(truth.shape) < 0.02)
        good.append(((truth ^ wrong) * np.uint8(255), truth ^ wrong, truth))
        worse.append(((truth ^ more) * np.uint8(255), truth ^ more, truth))
    subjects = [f"s{i}" for i in range(30)]
    first, second = scores_of(good, subjects), scores_of(worse, subjects)
    found = summaries.difference(first, second)
    assert found["difference"] > 0
    assert found["interval"][0] > 0
    alone = summaries.headline(first)["intervals"]["f1"]
    assert found["interval"][1] - found["interval"][0] < 0.3 * (alone[1] - alone[0])
    assert found["images"] == 30


def test_one_subject_in_common_gives_no_interval_in_either_order():
    rng = np.random.default_rng(3)
    photos = [random_photo(rng) for _ in range(12)]
    many, one = scores_of(photos), scores_of(photos[:1])
    for pair in ((many, one), (one, many)):
        found = summaries.difference(*pair)
        assert (found["images"], found["difference"]) == (1, 0)
        assert np.isnan(found["interval"]).all()


def test_subjects_are_scored_apart():
    nothing, full = np.zeros((20, 20), bool), np.ones((20, 20), bool)
    grey = np.full((20, 20), 9, np.uint8)
    found = summaries.by_subject(scores_of([(grey, full, full), (grey, nothing, full)], ["a", "b"]))
    assert found == {"f1_mean": 0.5, "f1_std": 0.5, "worst": "b", "worst_f1": 0.0}


def test_calibration_near_the_boundary_is_not_flattered_by_the_background():
    def errors(size):
        truth = np.zeros((size, size), bool)
        truth[:40, :40] = True
        probability = truth * np.uint8(255)
        probability[:40, 36:44] = 255  # sure, and wrong in half of it
        figures = summaries.headline(scores_of([(probability, probability >= 128, truth)]))
        return figures["calibration_error"], figures["calibration_error_boundary"]

    (small, near_small), (large, near_large) = errors(100), errors(400)
    assert small == pytest.approx(160 / 100**2)
    assert large == pytest.approx(160 / 400**2)
    assert near_small > 5 * small
    assert near_large > 5 * large


def test_masks_alone_have_no_figures_of_maps():
    rng = np.random.default_rng(0)
    scores = scores_of([random_photo(rng) for _ in range(3)])
    figures, whole = summaries.headline(scores, maps=False), summaries.headline(scores)
    assert (figures["level"], figures["best_level"]) == (None, None)
    of_maps = ("auc_pr", "best_f1", "calibration_error", "calibration_error_boundary")
    assert np.isnan([figures[key] for key in of_maps]).all()
    assert np.isfinite([whole[key] for key in of_maps]).all()
    assert figures["f1"] == whole["f1"]
    assert "auc_pr" not in figures["intervals"]
