"""The scores of many images, added one at a time: of a training run its maps' histograms alone, of an
evaluation saved masks and boundaries too.

    scores = ScoreAccumulator()                 # the level is yet to be chosen
    for probability, truth in images:
        scores.add(ImageScore(histograms(probability, truth)))
    figures = scores.figures(best_level(scores.pooled))
"""

import math
from dataclasses import dataclass

import numpy as np

from munet.metrics.bootstrap import MOST_BLOCKS
from munet.metrics.confusion import f1
from munet.metrics.histograms import LEVELS, confusion
from munet.metrics.table import METRICS, map_figures, mask_figures, summands


@dataclass(frozen=True)
class ImageScore:
    """What scoring one image gives.

    Attributes:
        histograms: (2, 256) int64 of its map, see `histograms.histograms`.
        counts: (4,) int64, the confusion of its saved mask, see `confusion.count_pixels`. Default: None, the
            mask is the map cut at the level.
        boundary_f1, hausdorff: see `boundaries.boundary_scores`. Default: NaN, not compared.
        width: of the true sclera in pixels.
        band: (2, 256) int64, the map's histograms near the true boundary, see `boundaries.boundary_band`.
            Default: None, not counted.
        small: the `ImageScore` at a protocol's size. Default: None.
    """

    histograms: np.ndarray
    counts: np.ndarray | None = None
    boundary_f1: float = math.nan
    hausdorff: float = math.nan
    width: int = 0
    band: np.ndarray | None = None
    small: "ImageScore | None" = None


class ScoreAccumulator:
    """The scores of many images: a row of each in the order they were added, and histograms pooled and by
    block of subjects.

    Of an image it keeps about 500 bytes where the level is known, and 2 kB where it is not: then `at` gives
    the scores at any.

    Args:
        level: cuts the maps, 0..255. Default: None, it is yet to be chosen.

    Attributes:
        names, subjects: lists of text.
        pooled: (2, 256) int64, the histograms summed over all images.
        band: the same of the pixels near the true boundary, where they were counted.
        blocks: list of (2, 256) int64, those summed over each subject; of more than `bootstrap.MOST_BLOCKS`
            subjects several share one.
    """

    def __init__(self, level=None):
        self.level = level
        self.names, self.subjects, self.blocks = [], [], []
        self.pooled, self.band = np.zeros((2, 2, LEVELS), np.int64)
        self._counts, self._boundaries, self._histograms, self._block_of = [], [], [], {}

    def __len__(self):
        return len(self.names)

    def add(self, score, name=None, subject=None):
        """Adds the `ImageScore` of an image.

        Args:
            score: of the image.
            name: of the image. Default: None, its number.
            subject: whose it is. Default: None, an image is its own subject.
        """
        name = str(len(self)) if name is None else name
        subject = name if subject is None else subject
        self.names.append(name)
        self.subjects.append(subject)
        self.pooled += score.histograms
        if score.band is not None:
            self.band += score.band
        block = self._block_of.setdefault(subject, len(self._block_of) % MOST_BLOCKS)
        if block == len(self.blocks):
            self.blocks.append(np.zeros((2, LEVELS), np.int64))
        self.blocks[block] += score.histograms
        if self.level is None:
            self._histograms.append(score.histograms.astype(np.uint32))
            return
        counts = confusion(score.histograms)[:, self.level] if score.counts is None else score.counts
        self._counts.append(counts)
        self._boundaries.append((score.boundary_f1, score.hausdorff, score.width))

    def at(self, level):
        """A `ScoreAccumulator` of the same images at a level, 0..255.

        Raises:
            ValueError: these are the scores at another level.
        """
        if self.level is not None:
            if self.level == level:
                return self
            raise ValueError(f"these are the scores at level {self.level}, not at {level}")
        scores = ScoreAccumulator(level)
        for name, subject, kept in zip(self.names, self.subjects, self._histograms, strict=True):
            scores.add(ImageScore(kept.astype(np.int64)), name, subject)
        return scores

    def counts(self):
        """The confusion of every image's mask at the level, (N, 4) int64."""
        return np.array(self._counts, np.int64).reshape(-1, 4)

    def boundaries(self):
        """Of every image boundary F1, Hausdorff distance and the sclera's width, (3, N) float64."""
        return np.array(self._boundaries, np.float64).reshape(-1, 3).T

    def image_f1(self):
        """F1 of every image's mask, (N,) float64; 1 where there is nothing and nothing is found."""
        return f1(*self.counts().T)

    def is_empty(self):
        """(N,) bool: the images whose truth has no sclera."""
        tp, _, fn, _ = self.counts().T
        return tp + fn == 0

    def block_numbers(self):
        """Which of `blocks` every image is in, (N,) int."""
        return np.array([self._block_of[subject] for subject in self.subjects], int)

    def figures(self, level=None):
        """The documented figures.

        Args:
            level: of the masks. Default: None, the accumulator's own.

        Returns:
            dict: `images`, `empty` (those without sclera), `level`, and the figures of `table.METRICS`.
        """
        if level is not None and level != self.level:
            return self.at(level).figures()
        masks = mask_figures(summands(self.counts()).sum(axis=0))
        pooled = masks | map_figures(self.pooled)
        found = {metric.key: pooled[metric.key] for metric in METRICS} | masks
        return {
            "images": len(self),
            "empty": int(self.is_empty().sum()),
            "level": self.level,
            **{key: float(value) for key, value in found.items()},
        }
