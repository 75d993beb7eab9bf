"""Scores saved predictions photo by photo, in worker processes; all tables, intervals and figures follow from
the `Scores`.

    cases, problems = find_cases("results/NAME", "GT")
    scores = Scores(level=128)
    with score_cases(cases, level=128) as rows:
        for case, row in zip(cases, rows):
            scores.add(case.name, case.subject, row)

Memory does not grow with the photos' size, and by about 500 bytes a photo.
"""

import math
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from munet.core.console import BadInput
from munet.core.parallel import process_map
from munet.data.attributes import from_name
from munet.data.pairing import pair_truth
from munet.images.masks import read_mask
from munet.images.reading import open_image, read_probability, size_mismatch
from munet.metrics.bootstrap import MOST_BLOCKS
from munet.metrics.boundaries import boundary_scores, sclera_width
from munet.metrics.histograms import LEVELS, confusion, histograms


@dataclass(frozen=True)
class Case:
    """One photo to score: its name, its subject, its probability map, its mask (None: cut the map at the
    level), the truth."""

    name: str
    subject: str
    map: Path
    binary: Path | None
    truth: Path

    def cut(self):
        """The same without its saved mask, so that the map is cut at a level."""
        return replace(self, binary=None)


@dataclass(frozen=True)
class Row:
    """What scoring one photo gives.

    Attributes:
        counts: (4,) int64, the mask's true positive, false positive, false negative and true negative pixels.
        histograms: (2, 256) int64, see `histograms.histograms`.
        boundary_f1, hausdorff: see `boundaries.boundary_scores`.
        width: of the true sclera in pixels.
        small: (histograms, counts) at a protocol's size; None without one.
    """

    counts: np.ndarray
    histograms: np.ndarray
    boundary_f1: float
    hausdorff: float
    width: int
    small: tuple | None = None


@dataclass
class Scores:
    """The scores of many photos: rows in the order they were added, and histograms pooled and by block of
    subjects."""

    level: int
    names: list = field(default_factory=list)
    subjects: list = field(default_factory=list)
    counts: list = field(default_factory=list)
    boundaries: list = field(default_factory=list)  # (boundary F1, Hausdorff distance, width)
    pooled: np.ndarray = field(default_factory=lambda: np.zeros((2, LEVELS), np.int64))
    blocks: list = field(default_factory=list)  # (2, 256) of every block of subjects
    _block_of: dict = field(default_factory=dict)

    def add(self, name, subject, row):
        """Adds a photo's `Row`."""
        self.names.append(name)
        self.subjects.append(subject)
        self.counts.append(row.counts)
        self.boundaries.append((row.boundary_f1, row.hausdorff, row.width))
        self.pooled += row.histograms
        block = self._block_of.setdefault(subject, len(self._block_of) % MOST_BLOCKS)
        if block == len(self.blocks):
            self.blocks.append(np.zeros((2, LEVELS), np.int64))
        self.blocks[block] += row.histograms

    def block_numbers(self):
        """The block of every photo's subject, (N,) int."""
        return np.array([self._block_of[subject] for subject in self.subjects])


def find_cases(results, truth):
    """Pairs a results folder (or a folder of grey maps) with ground truth, without decoding anything.

    Returns:
        (cases, problems): list of `Case` in order of name; BadInput for what has no partner, or another size.

    Raises:
        MunetError: a folder is missing or empty.
    """
    results = Path(results)
    pairs, problems = pair_truth(results, truth)
    nested = (results / "Predictions").is_dir()
    root, binarised = (results / "Predictions" if nested else results), results / "Binarised"
    cases = []
    for map_path, mask_path in pairs:
        relative = map_path.relative_to(root)
        name = relative.with_suffix("").as_posix()
        case = Case(
            name,
            from_name(name)["subject"],
            map_path,
            binarised / relative if nested and binarised.is_dir() else None,
            mask_path,
        )
        try:
            _check(case)
            cases.append(case)
        except BadInput as problem:
            problems.append(problem)
    return cases, problems


def _check(case):
    """Raises BadInput where the files of a case cannot be scored; of all but grey masks, the header alone is
    read."""
    size = _header(case.truth)[0]
    for path in filter(None, (case.map, case.binary)):
        found, mode = _header(path)
        if found != size:
            raise size_mismatch(path, found, case.truth, size)
        if path == case.binary and mode != "1":
            _read_binary(path)


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
        raise BadInput(
            path,
            f"{len(values)} grey levels",
            "a mask of black and white alone",
            "predict it again, or threshold it first",
        )
    return levels > 0


def score_cases(cases, level, sclera_value=None, size=None, workers=2):
    """Scores cases in worker processes, as a context manager of (`Row` or BadInput) in the order of `cases`.

    Args:
        cases: list of `Case`.
        level: cuts the maps of cases without a saved mask.
        sclera_value: class index of the sclera in the masks, if they hold class indices.
        size: (height, width) of a protocol, for `Row.small`. Default: None.
        workers: processes.
    """
    return process_map(partial(_score, level=level, sclera_value=sclera_value, size=size), cases, workers)


def _score(case, level, sclera_value, size):
    try:
        probability, truth = read_probability(case.map), read_mask(case.truth, sclera_value).pixels
        found = _read_binary(case.binary) if case.binary else probability >= level
        for path, shape in ((case.map, probability.shape), (case.binary, found.shape)):
            if shape != truth.shape:
                raise size_mismatch(path, shape, case.truth, truth.shape)
        return score_image(probability, found, truth, size)
    except BadInput as problem:
        return problem


def score_image(probability, found, truth, size=None):
    """The `Row` of one photo.

    Args:
        probability: HW uint8.
        found: HW bool, the mask to score.
        truth: HW bool.
        size: (height, width) at which `Row.small` is counted. Default: None, not at all.
    """
    small = None
    if size:
        grey, found_, truth_ = (shrink(layer, size) for layer in (probability, found, truth))
        small = histograms(grey, truth_), count(found_, truth_)
    return Row(
        count(found, truth),
        histograms(probability, truth),
        *boundary_scores(found, truth),
        sclera_width(truth),
        small,
    )


def row_of_histograms(counts, level):
    """The `Row` of a photo of which there is no more than its (2, 256) int64 histograms, at a level:
    boundaries are NaN."""
    tp, fp, fn = (int(part[level]) for part in confusion(counts))
    return Row(np.array([tp, fp, fn, int(counts.sum()) - tp - fp - fn]), counts, math.nan, math.nan, 0)


def shrink(layer, size):
    """A map (HW uint8) or mask (HW bool) at `size` as Pillow's `Image.resize` gives it: bicubic for grey,
    nearest for 1-bit."""
    resized = Image.fromarray(layer).resize(size[::-1])
    # NumPy takes the bytes of Pillow's 1-bit pictures, 0 and 255, for bools as they are.
    return np.asarray(resized.convert("L")) > 0 if layer.dtype == bool else np.asarray(resized)


def count(found, truth):
    """Confusion counts (4,) int64 of two HW bool masks: true positive, false positive, false negative, true
    negative."""
    both, found, truth, whole = (
        int(np.count_nonzero(layer)) for layer in (found & truth, found, truth, np.ones_like(truth))
    )
    return np.array([both, found - both, truth - both, whole - found - truth + both])
