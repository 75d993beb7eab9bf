"""The figures of two competitions' own toolkits, as far as they can be told from their code.

`ssbc2020`, SSBC 2020 and 2023 (github.com/MatejVitek/SSBC). Every picture is brought to 480x360 by Pillow's
`Image.resize`, whose default is bicubic for grey maps and nearest for 1-bit masks. Photos are shuffled (here
by a seed, there without one) and cut into 5 folds; in each fold all pixels are pooled; a figure is the mean
over folds, with the population's standard deviation. Of the map: the precision-recall curve, where of points
with one recall the most precise is kept; F1, precision, recall and sclera's IoU at the curve's best F1, so at
another level in each fold, chosen on the very pixels that are scored; and the area by trapezoids, which is
above the step-wise area wherever the curve falls. Of the mask: F1, precision, recall, and an IoU that is the
mean of sclera's and background's, which is why it is larger than the first row's. The tables by light, phone,
both and gaze fold each group anew; a group of less than 5 photos is left out. A photo without sclera is not
marked out among a fold's pixels.

`ssbc2025`, SSBC 2025 (github.com/dariant/SSBC_2025). Pictures are 400x300; every figure is a mean over
photos. Of the map, the best F1 of each photo at its own best level. Of the mask, sclera's IoU, and an F1 that
is the mean of sclera's and background's. Without any sclera in the truth the map's F1 is 0 and the mask's IoU
0 whatever is found, and the mask's F1 at most 0.5: scikit-learn counts nothing out of nothing as 0.

Both toolkits want the masks of the ground truth in one flat folder, which `export_truth` writes.
"""

import numpy as np

from munet.core.console import BadInput, MunetError, failed, shown
from munet.data.attributes import from_name, group_columns
from munet.data.pairing import find_truths
from munet.images.masks import check_class, read_mask
from munet.images.reading import write_png
from munet.metrics.histograms import LEVELS, confusion

FOLDS = 5
SIZES = {"ssbc2020": (360, 480), "ssbc2025": (300, 400)}  # (height, width)
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
        """Adds the (histograms, counts) of the photo of this index."""
        for group, fold in self._places[index]:
            self._histograms[group, fold] += small[0]
            self._counts[group, fold] += small[1]

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
        self._rows = []

    def add(self, index, small):
        """Adds the (histograms, counts) of a photo."""
        curve, mask = best_of_curve(small[0]), _mask_figures(small[1])
        tp, fp, fn, tn = small[1].tolist()
        background = _ratio(2 * tn, 2 * tn + fp + fn)
        self._rows.append(
            [curve[key] for key in ("f1", "precision", "recall")]
            + [(mask["f1"] + background) / 2, _ratio(tp, tp + fp + fn)]
        )

    def figures(self):
        """Like `Ssbc2020.figures`, with one group; deviations are over photos, which the toolkit does not
        print."""
        f1, precision, recall, mask_f1, iou = (_mean_std(column) for column in zip(*self._rows, strict=True))
        probabilistic = {"f1": f1, "precision": precision, "recall": recall}
        return [
            {
                "group": "Overall",
                "images": len(self._rows),
                "probabilistic": probabilistic,
                "binarised": {"f1": mask_f1, "iou": iou},
            }
        ]


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
    tp, fp, _ = (values.astype(np.float64) for values in confusion(counts))
    sclera = tp[0]
    occurs = np.asarray(counts).sum(axis=0) > 0
    tp, fp = tp[occurs], fp[occurs]
    recall = np.append(tp / sclera if sclera else np.ones_like(tp), 0.0)
    precision = np.append(tp / (tp + fp), 1.0)
    most = {}
    for r, p in zip(recall.tolist(), precision.tolist(), strict=True):
        most[r] = max(p, most.get(r, 0.0))
    recall, precision = (np.array(side) for side in zip(*sorted(most.items()), strict=True))
    f1 = np.divide(
        2 * precision * recall, precision + recall, out=np.zeros_like(recall), where=precision + recall > 0
    )
    # of equals the highest recall, which the toolkits' order meets first
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    share = float(f1[best])
    area = float(np.trapezoid(precision, recall))
    return {
        "f1": share,
        "precision": float(precision[best]),
        "recall": float(recall[best]),
        "iou": share / (2 - share),  # of one confusion matrix, IoU = F1 / (2 - F1)
        "auc": area,
    }


def _mask_figures(counts):
    """Figures of pooled masks; `iou` is the mean of sclera's and background's."""
    tp, fp, fn, tn = counts.tolist()
    iou = (_ratio(tp, tp + fp + fn) + _ratio(tn, tn + fp + fn)) / 2
    return {
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "iou": iou,
    }


def _ratio(part, whole):
    """part / whole, and 0 where whole is 0, as scikit-learn has it."""
    return part / whole if whole else 0.0


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


def export_truth(truth, out, sclera_value=None):
    """Writes the masks of a dataset as 1-bit PNGs of their own size into one flat folder, named as the
    toolkits pair them.

    Args:
        truth: a dataset in any known layout, or a folder of masks.
        out: a folder that is new, empty, or holds an earlier export of the same.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.

    Returns:
        (written, failures): how many, and how many could not be read, each of which is named on stderr.

    Raises:
        MunetError: two masks have one name without their folders, or `out` is in the dataset or holds other
            PNGs.
    """
    if truth.resolve() in (out.resolve(), *out.resolve().parents):
        raise MunetError(
            f"{shown(out)} lies in {shown(truth)}, where its masks would be taken for the dataset's; give "
            "another folder"
        )
    flat = {}
    for name, path in find_truths(truth).items():
        end = name.rsplit("/", 1)[-1]
        if end in flat:
            raise MunetError(
                f"{shown(path)} and {shown(flat[end])} would both be {shown(end)}.png in a flat folder; "
                "rename one"
            )
        flat[end] = path
    if others := [path.name for path in out.glob("[!.]*.png") if path.stem not in flat]:
        raise MunetError(
            f"{shown(out)} holds other PNGs, such as {shown(others[0])}, which would pass for masks; give a "
            "new folder"
        )
    check_class(flat.values(), sclera_value, shown(truth))
    failures = 0
    for end, path in flat.items():
        try:
            write_png(out / f"{end}.png", read_mask(path, sclera_value).pixels)
        except BadInput as problem:
            failed(problem)
            failures += 1
    print(f"{len(flat) - failures} masks in {shown(out)}")
    return len(flat) - failures, failures
