"""Scores a model on labelled photos, or saved probability maps against ground truth, and chooses levels."""

import concurrent.futures
import os
from pathlib import Path

from munet.core.command_line import progress
from munet.core.errors import BadInput, MunetError, shown
from munet.core.messages import failed
from munet.core.parallel import pool_map
from munet.data.pairing import pair_truth, read_pair
from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.evaluation.predictions import folder_of, read_prediction
from munet.images.masks import check_class, read_mask
from munet.images.reading import size_mismatch
from munet.metrics.histograms import best_level, f1_scores, histograms, one_standard_error_level


def score_samples(segmenter, samples, sclera_value=None):
    """Scores a model on labelled photos at their own size, in a thread a core.

    Args:
        segmenter: a `segmenter.Segmenter`.
        samples: list of `pairing.Sample`.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.

    Returns:
        (scores, scored): a `ScoreAccumulator` without a level, and the samples in it; one that cannot be read
        is named on stderr and left out.
    """
    scores, scored = ScoreAccumulator(), []
    threads = segmenter.threads(os.cpu_count() or 1)

    def score(sample):
        try:
            image, mask = read_pair(sample, sclera_value)
        except BadInput as problem:
            return problem
        return histograms(segmenter(image), mask.pixels)

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = pool_map(pool, score, samples, ahead=2 * threads)
        for sample, counts in zip(samples, progress(results, len(samples), "score"), strict=True):
            if isinstance(counts, BadInput):
                failed(counts)
            else:
                scores.add(ImageScore(counts), sample.name, sample.subject)
                scored.append(sample)
    return scores, scored


def require_sclera_in(scores, where):
    """Refuses to choose a level on photos that have no sclera: the best would be to find nothing, anywhere.

    Args:
        scores: a `ScoreAccumulator`.
        where: whose photos they are, in words.

    Raises:
        MunetError: no photo could be scored, or none has any sclera.
    """
    if not len(scores):
        raise MunetError(
            f"no photo of {where} could be read with its mask, so no level can be chosen; fix what is listed "
            "above"
        )
    if not scores.pooled[1].any():
        raise MunetError(
            f"no mask of {where} has any sclera, so no level can be chosen; check --sclera-value, or the "
            "masks"
        )


def choose_best(segmenters, samples, sclera_value=None, start=None):
    """Scores models as `score_samples` does, and chooses the best with its level.

    Args:
        segmenters: the models.
        samples: list of `pairing.Sample`.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.
        start: the level that the models were used at so far, kept unless another is clearly better
            (`histograms.one_standard_error_level`). Default: None, each gets its best.

    Returns:
        (number, level, scores, scored): the first model with the best pooled F1 at its level.
    """
    chosen = []
    for number, segmenter in enumerate(segmenters):
        scores, scored = score_samples(segmenter, samples, sclera_value)
        level = best_level(scores.pooled) if start is None else one_standard_error_level(scores.blocks, start)
        chosen.append((number, level, scores, scored))
    return max(chosen, key=lambda row: f1_scores(row[2].pooled)[row[1]])


def read_map(map_path, truth_path, sclera_value=None, is_mask=False):
    """Reads a saved probability map, or mask, and its ground truth: HW uint8 and HW bool.

    Args:
        map_path, is_mask: see `predictions.read_prediction`.
        truth_path, sclera_value: see `masks.read_mask`.

    Raises:
        BadInput: either is unreadable, or their sizes differ.
    """
    probability, truth = read_prediction(map_path, is_mask), read_mask(truth_path, sclera_value).pixels
    if probability.shape != truth.shape:
        raise size_mismatch(map_path, probability.shape, truth_path, truth.shape)
    return probability, truth


def pair_histograms(map_path, truth_path, sclera_value=None):
    """The (2, 256) histograms of a saved map and its ground truth; raises as `read_map`."""
    return histograms(*read_map(map_path, truth_path, sclera_value))


def score_pairs(pairs, sclera_value=None):
    """Yields what `pair_histograms` gives of each (map path, mask path), or the BadInput that it raises."""
    for map_path, truth_path in pairs:
        try:
            yield pair_histograms(map_path, truth_path, sclera_value)
        except BadInput as problem:
            yield problem


def score_folder(predictions, truth, sclera_value=None, score=score_pairs, part=None):
    """Scores saved probability maps against a folder of ground truth.

    Args:
        predictions: a results folder, or a folder of 8-bit grey PNGs as `predict_test_images.py` writes them.
        truth: a dataset in any known layout, or a folder of masks; paired by relative path without suffix.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.
        score: what goes through the pairs. Default: `score_pairs`, in this process.
        part: a `splits.Part`, whose photos alone are scored. Default: None, all.

    Returns:
        (scores, problems): a `ScoreAccumulator` without a level, and a list of `BadInput` for what could not
        be paired or read.

    Raises:
        MunetError: a folder is missing or empty.
    """
    scores, root = ScoreAccumulator(), folder_of(Path(predictions))
    pairs, problems = pair_truth(root, truth)
    if part:
        pairs, problems = part.of_pairs(pairs, problems, root)
    check_class((mask for _, mask in pairs), sclera_value, shown(truth))
    scored = progress(score(pairs, sclera_value), len(pairs), "score")
    for (map_path, _), counts in zip(pairs, scored, strict=True):
        if isinstance(counts, BadInput):
            problems.append(counts)
        else:
            scores.add(ImageScore(counts), map_path.relative_to(root).with_suffix("").as_posix())
    return scores, problems
