"""The competitions' figures, worked out anew by their definitions with scikit-learn and Pillow on photos
named like MOBIUS'."""

import itertools

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import (
    auc,
    f1_score,
    jaccard_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)

from munet.evaluation import protocols
from munet.evaluation.cases import score_image, shrink


def photos(count=24, size=(90, 120)):
    """(names, probabilities, masks, truths) of photos of three lights and two phones."""
    rng = np.random.default_rng(5)
    names = [
        f"{i % 4 + 1}_{phone}{light}_L{'lrsu'[i % 4]}_{i}"
        for i, (light, phone) in zip(range(count), itertools.cycle(itertools.product("nip", "12")))
    ]
    rows = []
    for _ in names:
        y, x = np.mgrid[: size[0], : size[1]]
        far = np.hypot((y - rng.uniform(30, 60)) / 20, (x - rng.uniform(40, 80)) / 40)
        truth = far < 1
        probability = np.clip(255 * (1.3 - far) + rng.normal(0, 25, size), 0, 255).astype(np.uint8)
        rows.append((probability, probability >= rng.integers(60, 160), truth))
    return names, *zip(*rows, strict=True)


def toolkit_curve(truth, probability):
    """The curve of both toolkits: of points of one recall the most precise stays."""
    precision, recall, thresholds = precision_recall_curve(truth, probability)
    thresholds = np.append(thresholds, 1.0)
    keep = [
        max(np.flatnonzero(recall == value), key=lambda i: precision[i]) for value in np.unique(recall)[::-1]
    ]
    return precision[keep], recall[keep], thresholds[keep]


def run(protocol, photos, size):
    names, *layers = photos
    scorer = protocols.BY_NAME[protocol](names, seed=3)
    for i, (probability, mask, truth) in enumerate(zip(*layers, strict=True)):
        scorer.add(i, score_image(probability, mask, truth, size).small)
    return scorer


def test_ssbc2020_by_its_definitions():
    names, *layers = sample = photos()
    scorer = run("ssbc2020", sample, (36, 48))
    rows = {row["group"]: row for row in scorer.figures()}
    small = [
        [np.asarray(Image.fromarray(layer).resize((48, 36)).convert("L")) for layer in kind]
        for kind in layers
    ]
    order = np.random.default_rng(3).permutation(len(names))
    subsets = {"Overall": list(order), "Light=poor": [i for i in order if "p_" in names[i]]}
    subsets["Light=natural, Phone=iPhone 6s"] = [i for i in order if "_2n_" in names[i]]
    for title, members in subsets.items():
        if len(members) < 5:
            assert title in scorer.left_out
            continue
        found = {"probabilistic": [], "binarised": []}
        for fold in np.array_split(members, 5):
            probability, mask, truth = (np.concatenate([kind[i].ravel() for i in fold]) for kind in small)
            probability, mask, truth = probability / 255, mask > 0, truth > 0
            precision, recall, thresholds = toolkit_curve(truth, probability)
            f1 = 2 * precision * recall / (precision + recall)
            best = f1.argmax()
            iou = jaccard_score(truth, probability >= thresholds[best])
            found["probabilistic"].append(
                (f1[best], precision[best], recall[best], iou, auc(recall, precision))
            )
            scores = (
                f1_score(truth, mask),
                precision_score(truth, mask),
                recall_score(truth, mask),
                jaccard_score(truth, mask, average="macro"),
            )
            found["binarised"].append(scores)
        assert rows[title]["images"] == len(members)
        for part, folds in found.items():
            means, deviations = np.mean(folds, axis=0), np.std(folds, axis=0)
            assert [value[0] for value in rows[title][part].values()] == pytest.approx(means, abs=1e-9)
            assert [value[1] for value in rows[title][part].values()] == pytest.approx(deviations, abs=1e-9)
    assert {title.split("=")[0] for title in rows} == {"Overall", "Light", "Phone", "Gaze"}
    assert len(scorer.left_out) == 6, "of 24 photos 4 have one light and phone"


def pattern(number):
    """(probability, mask, truth) of whole numbers alone; photo 6 has no sclera, photo 7 an empty mask."""
    y, x = np.mgrid[:60, :80]
    far = 9 * (y - 30) ** 2 + 4 * (x - 40) ** 2
    noise = (37 * y + 91 * x + 53 * number) % 97 - 48
    probability = np.clip(230 - far // (14 + 2 * number) + noise, 0, 255).astype(np.uint8)
    mask = (probability >= 90 + 10 * number) & (number != 7)
    return probability, mask, (far < 1500) & (number != 6)


# scikit-learn 1.9.1, called as `evaluate_predictions.py` of dariant/SSBC_2025 calls it in commit
# 7e5a464be099fc1eaa92bd79a80ff77828a8fb9e, on the photos of `pattern` saved as PNG and opened by Pillow:
# f1_score(truth, mask), jaccard_score(truth, mask), and of precision_recall_curve(truth, map / 255), without
# points whose recall a more precise one has, F1, precision and recall where F1 is best; means of 8 photos.
PINNED = {
    "binarised": {"f1": 0.6098352798, "iou": 0.5142332132},
    "probabilistic": {"f1": 0.7383323658, "precision": 0.6974785742, "recall": 0.9113722999},
}


def test_ssbc2025_gives_the_figures_of_the_toolkit_itself():
    names = [str(number) for number in range(8)]
    scorer = protocols.Ssbc2025(names)
    for number in range(8):
        scorer.add(number, score_image(*pattern(number)))
    (row,) = scorer.figures()
    for part, pinned in PINNED.items():
        found = {key: mean for key, (mean, _) in row[part].items()}
        assert found == pytest.approx(pinned, abs=1e-9)
    assert scorer.notes()[0].startswith("the competition's photos are 400x300, and 8 photos, such as 0, not")


def test_ssbc2025_by_its_definitions():
    names, *layers = photos(8, (300, 400))
    scorer = protocols.Ssbc2025(names)
    found = []
    for index, (probability, mask, truth) in enumerate(zip(*layers, strict=True)):
        scorer.add(index, score_image(probability, mask, truth))
        precision, recall, _ = toolkit_curve(truth.ravel(), probability.ravel() / 255)
        f1 = 2 * precision * recall / (precision + recall)
        best = f1.argmax()
        of_mask = f1_score(truth.ravel(), mask.ravel()), jaccard_score(truth.ravel(), mask.ravel())
        found.append((f1[best], precision[best], recall[best], *of_mask))
    (row,) = scorer.figures()
    figures = {
        **{f"p {k}": v for k, v in row["probabilistic"].items()},
        **{f"b {k}": v for k, v in row["binarised"].items()},
    }
    assert list(figures) == ["p f1", "p precision", "p recall", "b f1", "b iou"]
    assert [value[0] for value in figures.values()] == pytest.approx(np.mean(found, axis=0), abs=1e-9)
    assert scorer.notes() == []


def test_photos_without_sclera_score_as_the_toolkit_has_it():
    nothing = np.zeros((30, 40), bool)
    scorer = protocols.Ssbc2025(["a"])
    scorer.add(0, score_image(np.full((30, 40), 9, np.uint8), nothing, nothing))
    (row,) = scorer.figures()
    assert row["probabilistic"]["f1"][0] == 0
    assert row["binarised"] == {"f1": (0.0, 0.0), "iou": (0.0, 0.0)}


def test_folds_depend_on_the_seed():
    names = photos()[0]
    one, same, other = (protocols.Ssbc2020(names, seed) for seed in (1, 1, 2))
    assert one._places == same._places != other._places


def test_masks_shrink_to_masks():
    mask = np.random.default_rng(0).random((50, 60)) < 0.5
    small = shrink(mask, (25, 30))
    assert small.dtype == bool
    assert small.shape == (25, 30)
    assert 0.3 < small.mean() < 0.7
    assert int(np.ascontiguousarray(small).view(np.uint8).max()) == 1
