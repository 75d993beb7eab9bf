import itertools
import json
import shutil
from fractions import Fraction

import keras
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
from support import last_json, run_script

import threshold
from munet.core.console import MunetError
from munet.evaluation import accumulator
from munet.images import reading
from munet.network import model_files


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


@pytest.mark.parametrize("seed", range(40))
def test_level_and_scores_equal_brute_force_and_scikit_learn(seed):
    probability, mask = random_case(seed)
    counts = threshold.histograms(probability, mask)
    level = threshold.best_level(counts)
    assert level == brute_force_level(probability, mask)
    precision, recall, _ = precision_recall_curve(mask.ravel(), probability.ravel())
    with np.errstate(invalid="ignore"):
        curve = np.nan_to_num(2 * precision * recall / (precision + recall))
    found, truth = (probability >= level).ravel(), mask.ravel()
    scores = threshold.scores(counts, level)
    assert scores["f1"] == pytest.approx(curve.max(), abs=1e-12)
    expected = {
        "f1": f1_score(truth, found),
        "iou": jaccard_score(truth, found),
        "precision": precision_score(truth, found),
        "recall": recall_score(truth, found),
        "auc_pr": average_precision_score(truth, probability.ravel()),
    }
    assert scores == pytest.approx(expected, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 2, 127, 128, 254, 255])),
    hnp.arrays(bool, (5, 7)),
)
def test_level_equals_brute_force_with_many_ties(probability, mask):
    assert threshold.best_level(threshold.histograms(probability, mask)) == brute_force_level(
        probability, mask
    )


def drawn_counts(rng, best):
    """Histograms of a photo whose level is best at about `best`: sclera lies above it, the rest below, each
    with some noise."""
    mask = rng.random((40, 50)) < 0.3
    probability = np.clip(
        rng.normal(best + rng.normal(0, 15) + np.where(mask, 40, -40), 25, mask.shape), 0, 255
    )
    return threshold.histograms(probability.astype(np.uint8), mask)


def test_many_people_move_a_steady_level_to_the_best_and_few_hardly_move_it():
    levels = {count: [] for count in (1, 2, 300)}
    for count, seed in itertools.product(levels, range(10)):
        rng = np.random.default_rng([seed, count])
        images = np.stack([drawn_counts(rng, 120) for _ in range(count)])
        level, best = threshold.steady_level(images, 140), threshold.best_level(reading.sum(axis=0))
        scores = threshold.f1_scores(reading.sum(axis=0))
        assert scores[140] <= scores[level] <= scores[best]
        assert min(140, best) <= level <= max(140, best)
        assert count < 300 or scores[best] - scores[level] < 0.003
        levels[count].append(level)
    assert levels[1] == [140] * 10
    assert levels[2].count(140) >= 4
    assert 140 not in levels[300]


def test_the_error_of_a_steady_level_is_the_jackknifes():
    images = np.stack([drawn_counts(np.random.default_rng(seed), 120) for seed in range(5)])
    f1 = threshold.f1_scores(reading.sum(axis=0))
    best = threshold.best_level(reading.sum(axis=0))

    def within(level):
        left_out = [threshold.f1_scores(reading.sum(axis=0) - images[i]) for i in range(5)]
        differences = [row[best] - row[level] for row in left_out]
        error = (4 / 5 * sum((d - sum(differences) / 5) ** 2 for d in differences)) ** 0.5
        return f1[best] - f1[level] <= error

    for start in range(0, 256, 5):
        level = threshold.steady_level(images, start)
        step = 1 if level < start else -1
        assert within(level) and f1[level] >= f1[start]
        assert not any(within(other) and f1[other] >= f1[start] for other in range(start, level, -step))


@pytest.mark.parametrize("value", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("truth", ["none", "all", "half"])
def test_constant_maps_and_one_sided_truth(value, truth):
    probability = np.full((4, 6), value, np.uint8)
    mask = np.zeros((4, 6), bool)
    mask[: {"none": 0, "half": 2, "all": 4}[truth]] = True
    counts = threshold.histograms(probability, mask)
    level = threshold.best_level(counts)
    assert level == brute_force_level(probability, mask)
    if truth == "none":
        assert level == (value + 1 if value < 255 else 0)
        assert threshold.scores(counts, level)["f1"] == (1.0 if value < 255 else 0.0)
    else:
        assert level == 0


def test_a_tie_takes_the_lowest_level():
    probability, mask = np.array([[10, 200]], np.uint8), np.array([[False, True]])
    assert threshold.best_level(threshold.histograms(probability, mask)) == 11


def test_ties_are_decided_exactly_where_floats_cannot():
    counts = np.zeros((2, 256), np.int64)
    counts[1, 255], counts[0, 255] = 10**15, 1
    counts[1, 100] = 1
    counts[0, 100] = 2  # worse by 1 part in 10**15
    assert threshold.best_level(counts) == 101


def test_histograms_count_beyond_what_float32_can(monkeypatch):
    monkeypatch.setattr(threshold, "_STRIP_PIXELS", 1 << 10)
    probability, mask = random_case(7)
    counts = threshold.histograms(probability, mask)
    np.testing.assert_array_equal(counts[0], np.bincount(probability[~mask], minlength=256))
    np.testing.assert_array_equal(counts[1], np.bincount(probability[mask], minlength=256))


def test_a_big_constant_image_is_counted_exactly():
    probability = np.zeros((4200, 4200), np.uint8)  # more than 2**24 pixels in one bin
    assert threshold.histograms(probability, np.zeros(probability.shape, bool))[0, 0] == 4200**2


def test_histograms_of_a_slice_and_of_a_flip():
    probability, mask = random_case(3)
    np.testing.assert_array_equal(
        threshold.histograms(probability[:, ::-1], mask[:, ::-1]), threshold.histograms(probability, mask)
    )


@pytest.mark.parametrize("probability", [np.zeros((2, 2), np.float32), np.zeros((2, 3), np.uint8)])
def test_another_dtype_or_shape_is_refused(probability):
    with pytest.raises(ValueError, match="expected uint8 and bool of one shape"):
        threshold.histograms(probability, np.zeros((2, 2), bool))


def test_histograms_add_over_images():
    cases = [random_case(seed) for seed in range(5)]
    tally = accumulator.Tally()
    for case in cases:
        tally.add(*case)
    together = [np.concatenate([case[i].ravel() for case in cases])[None] for i in (0, 1)]
    np.testing.assert_array_equal(tally.pooled, threshold.histograms(*together))
    figures = tally.figures(90)
    assert figures["f1"] == pytest.approx(float(exact_f1(*together, 90)))
    assert figures["f1_mean"] == pytest.approx(np.mean([float(exact_f1(*case, 90)) for case in cases]))


def test_an_image_without_sclera_scores_one_when_predicted_empty_and_is_counted():
    tally, none = accumulator.Tally(), np.zeros((3, 3), bool)
    tally.add(np.full((3, 3), 10, np.uint8), none)
    tally.add(np.full((3, 3), 200, np.uint8), none)
    assert tally.image_f1(100).tolist() == [1.0, 0.0]
    assert tally.figures(100)["empty"] == 2
    assert np.isnan(tally.figures(100)["auc_pr"])


def run(capsys, *args):
    """(exit code, figures of the last line, stderr) of the script, run in this process."""
    code = threshold.main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return code, last_json(out), err


@pytest.fixture
def results(tmp_path):
    """A results folder of three maps in two subfolders, a folder of masks, and the cases."""
    cases = {name: random_case(i) for i, name in enumerate(["a/x", "a/y 1", "b/é"])}
    for name, (probability, mask) in cases.items():
        reading.write_png(tmp_path / "results/Predictions" / f"{name}.png", probability)
        reading.write_png(tmp_path / "truth" / f"{name}.png", mask)
    (tmp_path / "results/settings.json").write_text('{"level": 100}')
    return tmp_path, cases


@pytest.fixture
def trained(results, weights):
    """A run folder of level 128 that may be written to."""
    return shutil.copytree(weights, results[0] / "run")


def test_script_scores_saved_maps_at_both_levels(results):
    folder, cases = results
    done = run_script("threshold.py", folder / "results", folder / "truth")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("level")
    last = last_json(done.stdout)
    together = [np.concatenate([case[i].ravel() for case in cases.values()])[None] for i in (0, 1)]
    assert last["best_level"] == brute_force_level(*together)
    assert last["best_f1"] == pytest.approx(float(exact_f1(*together, last["best_level"])), abs=1e-6)
    assert (last["images"], last["failed"], last["level"]) == (3, 0, 100)
    assert last["f1"] == pytest.approx(float(exact_f1(*together, 100)), abs=1e-6)


def test_script_writes_the_level_into_a_model(results, trained, capsys):
    folder, _ = results
    code, last, errors = run(capsys, folder / "results", folder / "truth", "--weights", trained)
    assert code == 0, errors
    assert last["best_level"] != 128
    assert model_files.read_settings(trained)["level"] == last["best_level"]
    assert keras.__version__ == model_files.read_settings(trained)["versions"]["keras"]


def test_script_writes_no_level_into_a_model_that_the_maps_are_not_of(results, trained, capsys):
    folder, _ = results
    own, other = model_files.weights_digest(trained), "0123456789abcdef"
    cases = [
        (f"run ({own})", None, True),
        ("a.tflite (0)", None, True),
        ("a.tflite (0)", own, True),
        ("a.tflite (0)", other, False),
        ("a.tflite (0)", f"{own} in 8 bits", False),
        (f"other ({other})", None, False),
    ]
    for maker, made_of, written in reversed(cases):
        (folder / "results/settings.json").write_text(
            json.dumps({"level": 100, "model": maker, "made_of": made_of, "tta": True})
        )
        if written:
            code, _, errors = run(capsys, folder / "results", folder / "truth", "--weights", trained)
            assert code == 0
            assert "with --tta" in errors
            continue
        with pytest.raises(MunetError) as caught:
            run(capsys, folder / "results", folder / "truth", "--weights", trained)
        assert f"are of {maker}" in str(caught.value)
        assert ("level of its own" in str(caught.value)) == ("8 bits" in str(made_of))
        assert model_files.read_settings(trained)["level"] == 128
    with pytest.raises(MunetError):
        run(capsys, folder / "results", folder / "truth", "--weights", folder / "nowhere")
    assert capsys.readouterr().out == ""  # told before anything is scored


def test_script_names_what_has_no_partner_and_scores_the_rest(results, capsys):
    folder, _ = results
    (folder / "truth/a/x.png").unlink()
    reading.write_png(folder / "truth/b/é.png", np.zeros((3, 3), bool))
    code, last, errors = run(capsys, folder / "results", folder / "truth")
    assert code == 1
    assert (last["images"], last["failed"]) == (1, 2)
    assert errors.count("failed: ") == 2
    assert "x.png" in errors
    assert "found 50x40 pixels, expected 3x3 pixels" in errors


def test_script_with_nothing_to_score_is_one_line(tmp_path):
    done = run_script("threshold.py", tmp_path, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
