"""Scores saved predictions photo by photo, in worker processes.

    cases, problems = find_cases("results/NAME", "GT")
    scores = ScoreAccumulator(level=128)
    with score_cases(cases, level=128) as rows:
        for case, row in zip(cases, rows):
            scores.add(row, case.name, case.subject)

Memory does not grow with the photos' size.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from munet.core.errors import BadInput
from munet.core.parallel import process_map
from munet.data.names import from_name
from munet.data.pairing import pair_truth
from munet.evaluation.accumulator import ImageScore
from munet.evaluation.predictions import PLAIN_MODES, folder_of, read_prediction
from munet.evaluation.scoring import read_map
from munet.images.reading import open_image, size_mismatch
from munet.metrics.boundaries import boundary_band, boundary_scores, sclera_width
from munet.metrics.confusion import count_pixels
from munet.metrics.histograms import histograms


@dataclass(frozen=True)
class Case:
    """One photo to score.

    Attributes:
        name: its path below the maps, without suffix, with `/`.
        subject: whose it is.
        map: its saved probability map, or mask where `is_mask`.
        binary: its saved mask; None: the map is cut at the level.
        truth: its ground truth.
        is_mask: whether `map` holds a mask, see `predictions.read_prediction`.
    """

    name: str
    subject: str
    map: Path
    binary: Path | None
    truth: Path
    is_mask: bool = False

    def cut(self):
        """The same without its saved mask, so that the map is cut at a level."""
        return replace(self, binary=None)


def find_cases(results, truth, part=None):
    """Pairs a results folder (or a folder of maps or masks) with ground truth, without decoding much.

    Args:
        results: a results folder, or a folder of pictures.
        truth: a dataset in any known layout, or a folder of masks.
        part: a `splits.Part`; what is not of its photos is passed over. Default: None, all.

    Returns:
        (cases, problems): list of `Case` in order of name; BadInput for what has no partner, or another size.

    Raises:
        MunetError: a folder is missing or empty.
    """
    results = Path(results)
    root, binarised = folder_of(results), results / "Binarised"
    pairs, problems = pair_truth(root, truth)
    if part:
        pairs, problems = part.of_pairs(pairs, problems, root)
    has_masks = root.name == "Predictions" and root != results and binarised.is_dir()
    cases = []
    for map_path, truth_path in pairs:
        relative = map_path.relative_to(root)
        name = relative.with_suffix("").as_posix()
        binary = binarised / relative if has_masks else None
        case = Case(name, from_name(name)["subject"], map_path, binary, truth_path)
        try:
            _check(case)
            cases.append(case)
        except BadInput as problem:
            problems.append(problem)
    return cases, problems


def _check(case):
    """Raises BadInput where the files of a case cannot be scored; mostly the header alone is read."""
    size, _ = _header(case.truth)
    for path in filter(None, (case.map, case.binary)):
        found, mode = _header(path)
        if found != size:
            raise size_mismatch(path, found, case.truth, size)
        if path == case.binary and mode != "1":
            _read_binary(path)
        if path == case.map and mode not in PLAIN_MODES:
            read_prediction(path)


def _header(path):
    """The (height, width) and the mode of an image, without decoding it."""
    with open_image(path, photo=False) as opened:
        return opened.size[::-1], opened.mode


def _read_binary(path):
    """A saved mask as HW bool; one that holds more than two values is refused."""
    with open_image(path, photo=False) as opened:
        levels = np.asarray(opened.convert("L"))
        if opened.mode == "1":
            return levels > 0
    values = np.unique(levels)
    if len(values) > 2 or not set(values.tolist()) <= {0, 1, 255}:
        found, expected = f"{len(values)} grey levels", "a mask of black and white alone"
        raise BadInput(path, found, expected, "predict it again, or threshold it first")
    return levels > 0


def score_cases(cases, level, sclera_value=None, size=None, workers=2):
    """Scores cases in worker processes, as a context manager of (`ImageScore` or BadInput) in the order of
    `cases`.

    Args:
        cases: list of `Case`.
        level: cuts the maps of cases without a saved mask.
        sclera_value: class index of the sclera in the masks, if they hold class indices.
        size: (height, width) of a protocol, for `ImageScore.small`. Default: None.
        workers: processes.
    """
    return process_map(partial(_score, level=level, sclera_value=sclera_value, size=size), cases, workers)


def _score(case, level, sclera_value, size):
    try:
        probability, truth = read_map(case.map, case.truth, sclera_value, case.is_mask)
        found = _read_binary(case.binary) if case.binary else probability >= level
        if found.shape != truth.shape:
            raise size_mismatch(case.binary, found.shape, case.truth, truth.shape)
        return score_image(probability, found, truth, size)
    except BadInput as problem:
        return problem


def score_image(probability, found, truth, size=None):
    """The `ImageScore` of one photo.

    Args:
        probability: HW uint8.
        found: HW bool, the mask to score.
        truth: HW bool.
        size: (height, width) at which `ImageScore.small` is counted. Default: None, not at all.
    """
    boundary_f1, hausdorff = boundary_scores(found, truth)
    small = None
    if size:
        grey, found_, truth_ = (shrink(layer, size) for layer in (probability, found, truth))
        small = ImageScore(histograms(grey, truth_), count_pixels(found_, truth_))
    near = boundary_band(truth)
    band = histograms(probability[near][None], truth[near][None])
    counted = histograms(probability, truth), count_pixels(found, truth)
    return ImageScore(*counted, boundary_f1, hausdorff, sclera_width(truth), band, small)


def shrink(layer, size):
    """A map (HW uint8) or mask (HW bool) at `size` as Pillow's `Image.resize` gives it: bicubic for grey,
    nearest for 1-bit."""
    resized = Image.fromarray(layer).resize(size[::-1])
    # NumPy takes the bytes of Pillow's 1-bit pictures, 0 and 255, for bools as they are.
    return np.asarray(resized.convert("L")) > 0 if layer.dtype == bool else np.asarray(resized)
