"""Scores over many images: from a model on labelled photos, or from saved probability maps."""

import concurrent.futures
import os

import numpy as np

from munet.core.console import BadInput, MunetError, failed, progress, shown
from munet.core.parallel import pool_map
from munet.data.pairing import pair_truth, read_pair
from munet.images.masks import check_class, read_mask
from munet.images.reading import read_probability, size_mismatch
from munet.metrics.histograms import LEVELS, best_level, f1_scores, histograms, scores, steady_level

FIGURES = ("f1", "f1_mean", "iou", "precision", "recall", "auc_pr")


class Tally:
    """Scores over a stream of images: pooled histograms, and one (2, 256) table an image.

    Memory is 2 kB an image and does not depend on its size.
    """

    def __init__(self):
        self.pooled = np.zeros((2, LEVELS), np.int64)
        self.images = []

    def add(self, probability, mask):
        """Adds one image; arguments as for `histograms`."""
        self.add_counts(histograms(probability, mask))

    def add_counts(self, counts):
        """Adds one image by its (2, 256) histograms."""
        self.pooled += counts
        self.images.append(counts.astype(np.uint32))

    def image_f1(self, level):
        """F1 of each image at `level`, (N,) float64, in the order they were added."""
        return np.array([f1_scores(counts.astype(np.int64))[level] for counts in self.images])

    def figures(self, level):
        """The documented figures at `level`: pooled scores, `f1_mean` over images, `empty` images counted."""
        per_image = self.image_f1(level)
        empty = sum(not counts[1].any() for counts in self.images)
        mean = float(per_image.mean()) if len(per_image) else float("nan")
        return {
            "images": len(self.images),
            "empty": empty,
            "level": level,
            **scores(self.pooled, level),
            "f1_mean": mean,
        }


def tally_samples(segmenter, samples, sclera_value=None):
    """Scores a model on labelled photos at their own size, in a thread a core.

    Args:
        segmenter: a `runtime.Segmenter`.
        samples: list of `datasets.Sample`.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.

    Returns:
        (tally, scored): a `Tally`, and the samples in it; one that cannot be read is named on stderr and left
            out.
    """
    tally, scored = Tally(), []
    threads = segmenter.threads(os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = pool_map(
            pool,
            lambda sample: _sample_histograms(segmenter, sample, sclera_value),
            samples,
            ahead=2 * threads,
        )
        for sample, counts in zip(samples, progress(results, len(samples), "score"), strict=True):
            if isinstance(counts, BadInput):
                failed(counts)
            else:
                tally.add_counts(counts)
                scored.append(sample)
    return tally, scored


def require_sclera_in(tally, where):
    """Refuses to choose a level on photos that have no sclera: the best would be to find nothing, anywhere.

    Raises:
        MunetError: no photo of `where` could be scored, or none has any sclera.
    """
    if not tally.images:
        raise MunetError(
            f"no photo of {where} could be read with its mask, so no level can be chosen; mend what is "
            "listed above"
        )
    if not tally.pooled[1].any():
        raise MunetError(
            f"no mask of {where} has any sclera, so no level can be chosen; check --sclera-value, or the "
            "masks"
        )


def tally_best(segmenters, samples, sclera_value=None, begun=None):
    """Scores models as `tally_samples` does, and chooses the best with its level.

    Args:
        segmenters: the models.
        samples: list of `datasets.Sample`.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.
        begun: the level that the models were used at so far, kept unless another is clearly better
            (`histograms.steady_level`). Default: each gets its best.

    Returns:
        (number, level, tally, scored): the first model with the best pooled F1 at its level.
    """
    chosen = []
    for number, segmenter in enumerate(segmenters):
        tally, scored = tally_samples(segmenter, samples, sclera_value)
        level = best_level(tally.pooled) if begun is None else steady_level(_by_subject(tally, scored), begun)
        chosen.append((number, level, tally, scored))
    return max(chosen, key=lambda row: f1_scores(row[2].pooled)[row[1]])


def _by_subject(tally, samples):
    """The histograms of each subject's photos, (N, 2, 256) int64."""
    sums = {}
    for sample, counts in zip(samples, tally.images, strict=True):
        sums[sample.subject] = sums.get(sample.subject, 0) + counts.astype(np.int64)
    return np.array(list(sums.values()))


def _sample_histograms(segmenter, sample, sclera_value):
    try:
        image, mask = read_pair(sample, sclera_value)
    except BadInput as problem:
        return problem
    return histograms(segmenter(image), mask.pixels)


def pair_histograms(map_path, mask_path, sclera_value=None):
    """The (2, 256) histograms of a saved map and its ground truth.

    Raises:
        BadInput: either is unreadable, or their sizes differ.
    """
    probability, mask = read_probability(map_path), read_mask(mask_path, sclera_value).pixels
    if probability.shape != mask.shape:
        raise size_mismatch(map_path, probability.shape, mask_path, mask.shape)
    return histograms(probability, mask)


def score_pairs(pairs, sclera_value=None):
    """Yields what `pair_histograms` gives of each (map path, mask path), or the BadInput that it raises."""
    for map_path, mask_path in pairs:
        try:
            yield pair_histograms(map_path, mask_path, sclera_value)
        except BadInput as problem:
            yield problem


def score_folder(predictions, truth, sclera_value=None, score=score_pairs):
    """Scores saved probability maps against a folder of ground truth.

    Args:
        predictions: a results folder, or a folder of 8-bit grey PNGs as `predict_test_images.py` writes them.
        truth: a dataset in any known layout, or a folder of masks; paired by relative path without suffix.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.
        score: what goes through the pairs. Default: `score_pairs`, in this process.

    Returns:
        (tally, problems): a `Tally`, and a list of `BadInput` for what could not be paired or read.

    Raises:
        MunetError: a folder is missing or empty.
    """
    tally = Tally()
    pairs, problems = pair_truth(predictions, truth)
    check_class((mask for _, mask in pairs), sclera_value, shown(truth))
    for counts in progress(score(pairs, sclera_value), len(pairs), "score"):
        if isinstance(counts, BadInput):
            problems.append(counts)
        else:
            tally.add_counts(counts)
    return tally, problems
