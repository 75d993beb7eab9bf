"""The figures of two competitions' own toolkits, as far as they can be told from their code.

`ssbc2020`, SSBC 2020 and 2023 (github.com/MatejVitek/SSBC). Every picture is brought to 480x360 by Pillow's
`Image.resize`, whose default is bicubic for grey maps and nearest for 1-bit masks. Photos are shuffled (here
by a seed, there without one) and cut into 5 folds; in each fold all pixels are pooled; a figure is the mean
over folds, with the population's standard deviation. Of the map: the precision-recall curve, where of points
with one recall the most precise is kept; F1, precision, recall and sclera's IoU at the curve's best F1, so at
another level in each fold, chosen on the very pixels that are scored; and the area by trapezoids, which is
above the step-wise area wherever the curve falls. Of the mask: F1, precision, recall, and an IoU that is the
mean of sclera's and background's, which is why it is larger than the first row's. The tables by light, phone,
both and gaze fold each group anew; a group of fewer than 5 photos is left out. A photo without sclera is not
marked out among a fold's pixels.

`ssbc2025`, SSBC 2025 (github.com/dariant/SSBC_2025, `evaluate_predictions.py` of commit
7e5a464be099fc1eaa92bd79a80ff77828a8fb9e). Every figure is a mean over photos, and pictures are scored as they
are: the competition's were 400x300. Of the map, the best F1 of each photo at its own best level, with the
precision and recall of that level. Of the mask, F1 and IoU of the sclera alone. Until 18 March 2025 (commit
0fdcd2816c37a0d40b551859cf13bf919ef97e38) the mask's F1 was the mean of sclera's and background's, which is
far larger: figures of then and now cannot be compared. Without any sclera in the truth all F1 and IoU are 0
whatever is found: scikit-learn counts nothing out of nothing as 0.

Both toolkits want the masks of the ground truth in one flat folder, which `truth_export` writes.
"""

import numpy as np

from munet.core.errors import shown
from munet.core.messages import counted
from munet.data.attributes import group_columns
from munet.data.names import from_name
from munet.metrics import confusion
from munet.metrics.histograms import LEVELS
from munet.metrics.histograms import confusion as confusion_at_levels

FOLDS = 5
SIZES = {
    "ssbc2020": (360, 480)
}  # (height, width) that pictures are brought to; else they are left as they are
PIXELS = 300 * 400  # of a picture of 2025
TABLES = (("light",), ("phone",), ("light", "phone"), ("gaze",))


class Ssbc2020:
    """Pools histograms and counts by table, group and fold.

    Args:
        names: the photos in the order in which they will be added.
        seed: of the shuffle before the cut into folds.
    """

    def __init__(self, names, seed=0):
        self._places = [[] for _ in names]  # of every photo: (group, fold)
        self._groups, self.left_out = [], []
        order = np.random.default_rng(seed).permutation(len(names))
        told = {key for name in names for key in from_name(name)}
        columns = group_columns(names, by=[key for key in ("light", "phone", "gaze") if key in told])
        for title, members in _subsets(columns, order):
            if len(members) < FOLDS:
                self.left_out.append(title)
                continue
            for fold, part in enumerate(np.array_split(members, FOLDS)):
                for i in part:
                    self._places[i].append((len(self._groups), fold))
            self._groups.append((title, len(members)))
        self._histograms = np.zeros((len(self._groups), FOLDS, 2, LEVELS), np.int64)
        self._counts = np.zeros((len(self._groups), FOLDS, 4), np.int64)

    def add(self, index, small):
        """Adds the photo of this index by its `ImageScore` at the protocol's size."""
        for group, fold in self._places[index]:
            self._histograms[group, fold] += small.histograms
            self._counts[group, fold] += small.counts

    def notes(self):
        """Sentences on what is special about these photos."""
        return [f"{title} has fewer than {FOLDS} photos and is left out" for title in self.left_out]

    def figures(self):
        """A list of dicts: `group` ("Overall", "Light=poor", ...), `images`, and `probabilistic` and
        `binarised`, dicts from figure to (mean, standard deviation) over the folds."""
        rows = []
        for (title, images), maps, masks in zip(self._groups, self._histograms, self._counts, strict=True):
            parts = {
                "probabilistic": [best_of_curve(fold) for fold in maps],
                "binarised": [_mask_figures(fold) for fold in masks],
            }
            spread = {
                part: {key: _mean_std([fold[key] for fold in folds]) for key in folds[0]}
                for part, folds in parts.items()
            }
            rows.append({"group": title, "images": images, **spread})
        return rows


class Ssbc2025:
    """Means over photos."""

    left_out = ()

    def __init__(self, names, seed=0):
        self._names, self._other_size = names, []
        self._maps, self._masks = [], []

    def add(self, index, small):
        """Adds a photo by its `ImageScore`."""
        if small.counts.sum() != PIXELS:
            self._other_size.append(self._names[index])
        self._maps.append(best_of_curve(small.histograms))
        figures = (("f1", confusion.f1), ("iou", confusion.iou))
        self._masks.append({name: _scored(metric, small.counts) for name, metric in figures})

    def notes(self):
        """Sentences on what is special about these photos."""
        if not self._other_size:
            return []
        some = f"{counted(len(self._other_size), 'photo')}, such as {shown(self._other_size[0])}"
        remedy = "they are scored at their own size; for its figures predict its 400x300 photos"
        return [f"the competition's photos are 400x300, and {some}, not: {remedy}"]

    def figures(self):
        """Like `Ssbc2020.figures`, with one group; deviations are over photos, which the toolkit does not
        print."""
        parts = (
            ("probabilistic", self._maps, ("f1", "precision", "recall")),
            ("binarised", self._masks, ("f1", "iou")),
        )
        spread = {
            part: {key: _mean_std([row[key] for row in rows]) for key in keys} for part, rows, keys in parts
        }
        return [{"group": "Overall", "images": len(self._maps), **spread}]


BY_NAME = {"ssbc2020": Ssbc2020, "ssbc2025": Ssbc2025}


def best_of_curve(counts):
    """F1, precision, recall and IoU at the best F1 of a precision-recall curve, and its area by trapezoids.

    The curve is scikit-learn's, from the lowest level that occurs up, ended by (recall 0, precision 1),
    without the points that share their recall with a more precise one.

    Args:
        counts: (2, 256) histograms.

    Returns:
        dict of floats `f1`, `precision`, `recall`, `iou`, `auc`.
    """
    precision, recall = _curve(np.asarray(counts))
    f1 = confusion.ratio(2 * precision * recall, precision + recall, nothing=0.0)
    # of equals the highest recall, which the toolkits' order meets first
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    share = float(f1[best])
    return {
        "f1": share,
        "precision": float(precision[best]),
        "recall": float(recall[best]),
        "iou": share / (2 - share),  # of one confusion, IoU = F1 / (2 - F1)
        "auc": float(np.trapezoid(precision, recall)),
    }


def _curve(counts):
    """Precision and recall, (n,) float64 each, in order of recall."""
    confused = confusion_at_levels(counts)[:, counts.sum(axis=0) > 0]
    recall = np.append(confusion.recall(*confused), 0.0)
    precision = np.append(confusion.precision(*confused), 1.0)
    most = {}
    for r, p in zip(recall.tolist(), precision.tolist(), strict=True):
        most[r] = max(p, most.get(r, 0.0))
    recall, precision = (np.array(side) for side in zip(*sorted(most.items()), strict=True))
    return precision, recall


def _mask_figures(counts):
    """Figures of pooled masks; `iou` is the mean of sclera's and background's."""
    both = [_scored(confusion.iou, side) for side in (counts, _background(counts))]
    named = (("f1", confusion.f1), ("precision", confusion.precision), ("recall", confusion.recall))
    return {name: _scored(metric, counts) for name, metric in named} | {"iou": sum(both) / 2}


def _scored(metric, counts):
    """A metric of (4,) counts; of nothing out of nothing it is 0, as in scikit-learn."""
    return float(metric(*counts, nothing=0.0))


def _background(counts):
    """The (4,) counts as they are where background is what is looked for."""
    return counts[[3, 2, 1, 0]]


def _mean_std(values):
    return float(np.mean(values)), float(np.std(values))


def _subsets(columns, order):
    """(title, indices in shuffled order) of all photos, and of each group of `TABLES`."""
    yield "Overall", order
    for keys in TABLES:
        if all(key in columns for key in keys):
            told = [i for i in order if all(columns[key][i] for key in keys)]
            for values in sorted({tuple(columns[key][i] for key in keys) for i in told}):
                title = ", ".join(f"{key.title()}={value}" for key, value in zip(keys, values, strict=True))
                yield title, [i for i in told if tuple(columns[key][i] for key in keys) == values]
